#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Hetzner Cloud's API, as far as zones and their RRSets go. A change is accepted, runs as an Action, and is seen once
/// that is done: with a later request, the first unless it is set otherwise. An RRSet in work is locked.
class HetznerFake final : public ApiFake {
 public:
  HetznerFake();
  ~HetznerFake() override;
  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

  /// With the default TTL 3600, an SOA and an NS set.
  void add_zone(const std::string& name);
  /// Somebody else's edit of a whole set; it is seen at once.
  void put(const std::string& zone, const RecordSet& set);
  /// No TTL of its own any more: the zone's counts.
  void inherit_ttl(const std::string& zone, const RecordKey& key);
  /// The value as it stands, such as a relative name.
  void write_value(const std::string& zone, const RecordKey& key, const std::string& value);
  /// There, but lists are from a moment before it was.
  void hide_from_lists(const std::string& zone, const RecordKey& key);
  void protect(const std::string& zone, const RecordKey& key);
  void make_secondary(const std::string& zone);
  /// The Action of the next change ends with an error, and nothing is changed.
  void fail_next_action();
  void set_action_requests(int count);
  /// Pages hold no more than this, whatever is asked for.
  void set_page_limit(std::size_t limit);
  /// A line for each set, sorted: `www A 300 192.0.2.1 192.0.2.2`; `-` where the zone's TTL counts.
  std::vector<std::string> sets(const std::string& zone) const;

 private:
  struct State;
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  void add_routes();

  std::unique_ptr<State> state_;
};

}  // namespace cutover::servers
