#pragma once
#include "tests/servers/record_fake.h"

namespace cutover::servers {

/// Linode's API v4, as far as domains and their records go: TTLs in steps, none kept from a creation, lists in pages of
/// 25 to 500, X-Filter. The SOA and the apex's NS are no records there.
class LinodeFake final : public RecordFake {
 public:
  LinodeFake();
  ~LinodeFake() override;
  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

  /// What records without a TTL of their own have; 0 is a day.
  void set_domain_ttl(int ttl);
  /// It is now a copy of a zone that is kept elsewhere.
  void make_slave();

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  Json checked(const Json& fields, const Zone& zone) const override;
  Json fields_of(const std::string& type, const std::string& value, const Zone& zone) const override;
  void spell_owner(Json& record) const override;
  Json shown(const Zone& zone) const;
  Json page_of(const ApiRequest& request, const std::vector<Json>& all) const;

  int domain_ttl_ = 0;
  bool is_slave_ = false;
};

}  // namespace cutover::servers
