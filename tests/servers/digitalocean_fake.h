#pragma once
#include "tests/servers/record_fake.h"

namespace cutover::servers {

/// DigitalOcean's API v2, as far as domains and their records go. The SOA record is shown with its TTL as data and the
/// apex's NS as records, as there; null stands for what a type does not have.
class DigitalOceanFake final : public RecordFake {
 public:
  DigitalOceanFake();
  ~DigitalOceanFake() override;
  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply throttled(std::chrono::seconds retry_after) const override;
  Json checked(const Json& fields, const Zone& zone) const override;
  Json fields_of(const std::string& type, const std::string& value, const Zone& zone) const override;
  ApiReply list(const ApiRequest& request);
};

}  // namespace cutover::servers
