#pragma once
#include "tests/servers/record_fake.h"

namespace cutover::servers {

/// Vultr's API v2, as far as a domain's records go: lists by cursor, text in quotes, MX and SRV with their priority
/// apart, an answer without a body to changes. Vultr publishes no contract that this could be held against; its shapes
/// are those that clients of it read and write.
class VultrFake final : public RecordFake {
 public:
  VultrFake();
  ~VultrFake() override;
  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  Json checked(const Json& fields, const Zone& zone) const override;
  Json fields_of(const std::string& type, const std::string& value, const Zone& zone) const override;
  ApiReply list(const ApiRequest& request);
};

}  // namespace cutover::servers
