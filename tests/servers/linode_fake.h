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

  /// The published contract, for prism_before(), and what is wrong in it (2026-11-22): record names are said to have at
  /// least one character, and the same file's own words have the empty name stand for the domain itself; the pattern of
  /// a domain's name is between \A and \Z, which in JSON Schema's regular expressions (ECMA-262) are letters, so that
  /// no name fits it.
  static constexpr const char* kContract = "linode/domains.openapi.json";
  static std::string repaired_contract(const std::string& spec);

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
