#pragma once
#include <map>
#include <string>

#include "tests/servers/record_set_fake.h"

namespace cutover::servers {

/// deSEC's API v1, as far as a domain and its record sets go: the list with its cursor and Link header, and the bulk
/// PATCH that is made as a whole. SOA is deSEC's own and in no answer, as there.
class DesecFake final : public RecordSetFake {
 public:
  DesecFake();
  ~DesecFake() override;

  static constexpr const char* kToken = "not-a-real-token-but-a-secret";

  /// As deSEC's support grants it; 3600 until then.
  void grant(const std::string& zone, unsigned minimum_ttl);

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply list(const ApiRequest& request);
  ApiReply patch(const ApiRequest& request);
  unsigned minimum_ttl(const std::string& zone) const;

  std::map<std::string, unsigned> granted_;
};

}  // namespace cutover::servers
