#pragma once
#include "tests/servers/api_fake.h"

namespace cutover::servers {

/// Stands before a real HTTP API and hands every request on, unless a fault strikes it: what goes wrong on the way to
/// a real server. Speaks of trouble as PowerDNS does.
class ApiRelay final : public ApiFake {
 public:
  /// `to`: `http://127.1.2.3:8081`. A request without the right value of the secret header is refused here already.
  ApiRelay(std::string to, std::string secret_header, std::string secret);
  ~ApiRelay() override;

 private:
  ApiReply trouble(int status, const std::string& why) const override;
  ApiReply hand_on(const ApiRequest& request) const;

  std::string to_;
};

}  // namespace cutover::servers
