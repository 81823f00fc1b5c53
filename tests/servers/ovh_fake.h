#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/record_set.h"
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// OVH's API 1.0, as far as the records of a zone go: calls signed for the service's own time, lists of ids, and edits
/// that nobody is served before the zone is refreshed. SOA and NS are in no list.
class OvhFake final : public ApiFake {
 public:
  OvhFake();
  ~OvhFake() override;

  static constexpr const char* kApplicationKey = "an-application-key";
  static constexpr const char* kApplicationSecret = "not-a-real-secret-but-a-secret";
  static constexpr const char* kConsumerKey = "not-a-real-consumer-key-but-a-secret";

  void add_zone(const std::string& zone);
  /// Somebody else's edit of a whole set, refreshed.
  void put(const std::string& zone, const RecordSet& set);
  /// One more record, as OVH shows it: TTL 0, relative targets, types of its own; refreshed.
  void add(const std::string& zone, const std::string& label, const std::string& type, int ttl,
           const std::string& target);
  /// From now on the consumer key may not make calls of this method whose path has this in it.
  void deny(const std::string& method, const std::string& part_of_path);
  /// How far the service's time is ahead of this machine's.
  void set_time_ahead(std::chrono::seconds ahead);

  /// A line for each record that name servers give, sorted: `www 300 A 192.0.2.1`; and for each that was edited.
  std::vector<std::string> served(const std::string& zone) const;
  std::vector<std::string> edited(const std::string& zone) const;

 private:
  struct Record {
    std::int64_t id = 0;
    std::string label{}, type{}, target{};
    std::int64_t ttl = 0;
  };
  struct Zone {
    std::vector<Record> edited{}, served{};
  };
  ApiReply trouble(int status, const std::string& why) const override;
  std::optional<ApiReply> refusal(const ApiRequest& request) const override;
  void add_routes();
  ApiReply ids(const ApiRequest& request, const Zone& zone);
  ApiReply create(const ApiRequest& request, Zone& zone);
  ApiReply update(const ApiRequest& request, Record& record);
  std::int64_t now() const;

  std::map<std::string, Zone> zones_;
  std::vector<std::pair<std::string, std::string>> denied_;
  std::chrono::seconds ahead_{0};
  std::int64_t made_ = 5000000000;  ///< ids are longer than 32 bits
};

}  // namespace cutover::servers
