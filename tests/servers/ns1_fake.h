#pragma once
#include <string>

#include "tests/servers/record_set_fake.h"

namespace cutover::servers {

/// NS1's API v1, as far as a zone and its records go: the zone with the short form of its records, in pages, and each
/// record alone with all that NS1 makes its answers up from.
class Ns1Fake final : public RecordSetFake {
 public:
  Ns1Fake();
  ~Ns1Fake() override;

  static constexpr const char* kKey = "not-a-real-key-but-a-secret";

  /// Fields that a record has beside its answers: `{"filters":[{"filter":"up"}]}`. JSON.
  void dress(const std::string& zone, const RecordKey& key, const std::string& fields);

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  ApiReply show_zone(const ApiRequest& request);
  ApiReply show(const ApiRequest& request);
  ApiReply create(const ApiRequest& request);
  ApiReply update(const ApiRequest& request);
  ApiReply remove(const ApiRequest& request);
  ApiReply store(const ApiRequest& request, Sets& sets, Set set);
};

}  // namespace cutover::servers
