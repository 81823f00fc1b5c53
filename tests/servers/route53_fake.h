#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/zone.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Amazon Route 53's API of 2013-04-01 as far as record sets go, and STS's AssumeRole, with signatures checked. Changes
/// are made whole or not at all, deletions have to repeat what is there, a change is PENDING for some polls, and SOA
/// serials stand still, as there.
class Route53Fake final : public ApiFake {
 public:
  Route53Fake();
  ~Route53Fake() override;

  static constexpr const char* kKeyId = "AKIDNOTREAL0EXAMPLE0";
  static constexpr const char* kSecret = "not/a/real/secret/key/but/a/secret/one00";
  /// Whoever has kKeyId may assume it, with the external id `42`.
  static constexpr const char* kRole = "arn:aws:iam::123456789012:role/dns";

  enum class View { kPublic, kPrivate };
  /// Gives its id.
  std::string add_zone(const Zone& zone, View view = View::kPublic);
  /// Somebody else's edit: name, type and TTL become those of `set`.
  void put(const std::string& zone_id, const RecordSet& set);
  /// A set of a routing policy (`<Weight>10</Weight>` and an identifier), or an alias (an AliasTarget element, no
  /// values).
  void put_special(const std::string& zone_id, const std::string& name, const std::string& type,
                   const std::string& identifier, const std::string& policy, const std::string& alias,
                   const std::vector<std::string>& values);

  void set_page_size(std::size_t size);  ///< 300 when not set
  void set_pending_polls(int polls);     ///< how often GetChange says PENDING; 1 when not set
  void say_not_complete(int times);      ///< to the next changes: PriorRequestNotComplete
  enum class BatchError { kErrorResponse, kMessages };
  void set_batch_error(BatchError form);              ///< both are seen of AWS
  void set_role_lifetime(std::chrono::seconds span);  ///< of the keys that AssumeRole gives; an hour when not set
  /// The keys that are in force now hold no longer.
  void expire_tokens();
  int assumed() const;  ///< how often a role was

  /// Called on the fake's thread with the plain sets of a zone as soon as a change has been made there: what its name
  /// servers answer from then on.
  void on_change(std::function<void(const std::string& zone, const std::vector<RecordSet>& sets)> serve);

  /// A line for each set, in the order of lists: `www.example.com. 300 A 192.0.2.1 | 192.0.2.2`.
  std::vector<std::string> sets(const std::string& zone_id) const;

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  void add_routes();
  ApiReply zones_by_name(const ApiRequest& request) const;
  ApiReply list_sets(const ApiRequest& request) const;
  ApiReply change_sets(const ApiRequest& request);
  ApiReply assume_role(const ApiRequest& request);

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
