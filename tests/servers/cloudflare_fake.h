#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Cloudflare's API v4, as far as zones and their DNS records go: zones and dns_records with ids, pages and filters,
/// and the batch that is one transaction. SOA and the apex's NS are Cloudflare's own and no records here, as there.
class CloudflareFake final : public ApiFake {
 public:
  enum class Plan { kFree, kPaid, kEnterprise };  ///< records per batch: 200, 3500, 3500; least TTL: 60, 60, 30
  explicit CloudflareFake(Plan plan = Plan::kFree);
  ~CloudflareFake() override;

  static constexpr const char* kToken = "not-a-real-token-but-a-secret";  ///< until set_secret("Bearer ...")

  /// The published contract, for prism_before(), and what is wrong in it: DELETE is said to want a body, which
  /// Cloudflare's own clients do not send (2026-11-22).
  static constexpr const char* kContract = "cloudflare/dns_records.with-batch.openapi.json";
  static std::string repaired_contract(const std::string& spec);

  /// Gives its id. `example.com`, without a final dot here and below.
  std::string add_zone(const std::string& name);
  /// The token may neither see nor change it.
  void hide_zone(const std::string& name);
  /// What POST takes; gives the record's id. Throws where the API would refuse it.
  std::string add(const std::string& zone, const std::string& record);
  /// Somebody else's edit of a whole set: its records go and new ones come, with new ids. Values in zone-file form.
  void put(const std::string& zone, const RecordSet& set);
  /// Somebody else's removal.
  void remove(const std::string& zone, const RecordKey& key);

  /// A line for each record, sorted: `www.example.com 300 A 192.0.2.1`, then what else was set: ` proxied`,
  /// ` comment="..."`, ` tags=[...]`, ` settings={...}`.
  std::vector<std::string> records(const std::string& zone) const;
  /// The ids of the records of that name and type.
  std::vector<std::string> ids(const std::string& zone, const std::string& name, const std::string& type) const;

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  void add_routes();
  ApiReply batch(const ApiRequest& request);

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
