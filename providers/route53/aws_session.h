#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "net/http.h"
#include "net/loop.h"
#include "providers/api.h"
#include "providers/route53/aws_credentials.h"

namespace cutover::providers::route53 {

/// The form that AssumeRole is called with (STS API of 2011-06-15).
std::string assume_role_form(const AwsRole& role);
struct AssumedRole {
  AwsKeys keys;
  Instant until;
};
/// AssumeRoleResponse. kInvalid: it is none. The error quotes nothing of it.
Result<AssumedRole> read_assumed_role(std::string_view xml);

/// Signs requests with an identity's keys, and assumes its roles (STS) when a request first needs it and again before
/// what they gave runs out. Not thread-safe. Borrows loop and clock.
class AwsSession {
 public:
  struct Settings {
    std::string sts_url = "https://sts.amazonaws.com";
    std::string region = "us-east-1";  ///< of AWS's signatures, for both services
    std::string ca_file{};
  };
  AwsSession(net::Loop& loop, const Clock& clock, AwsIdentity identity, Settings settings);

  /// Puts date, token and signature into a request that is otherwise complete. An error of STS: as Api::read.
  Result<void> sign(net::HttpRequest& request, const std::string& service);
  /// What must be seen nowhere: the identity's secrets, and all that roles have given since.
  const std::vector<net::Secret>& secrets() const { return secrets_; }
  const AwsIdentity& identity() const { return identity_; }

 private:
  Result<AwsKeys> keys();
  void hide(const AwsKeys& keys);
  Result<AssumedRole> assume(const AwsRole& role, const AwsKeys& with) const;

  net::Loop& loop_;
  const Clock& clock_;
  AwsIdentity identity_;
  Settings settings_;
  std::optional<AssumedRole> assumed_;  ///< of the last role
  std::vector<net::Secret> secrets_;
};

/// Host header that goes with a URL: without the port that its scheme has anyway.
std::string host_of(const std::string& url);

}  // namespace cutover::providers::route53
