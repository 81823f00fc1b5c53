#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "net/credential.h"

namespace cutover::providers::route53 {

// AWS's Signature Version 4 (IAM User Guide, "Create a signed AWS API request"). libcurl can make it too, and signs
// several legal URLs wrongly in the version that Debian 12 has. Pure: time goes in.

/// What AWS calls credentials. The id is no secret: it stands in every request and in AWS's own logs.
struct AwsKeys {
  std::string access_key_id;
  net::Secret secret_access_key;
  std::optional<net::Secret> session_token;  ///< with keys that are valid for some hours
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct SigningRequest {
  std::string method = "GET";
  std::string target = "/";  ///< as in the request line: path, and a query where there is one
  Headers headers{};         ///< all of them are signed; Host must be among them
  std::string body{};
};

struct SigningScope {
  std::string region = "us-east-1";  ///< Route 53 is signed for this one wherever the caller is
  std::string service = "route53";
};

/// Whether `.`, `..` and `//` in the path are resolved before it is signed: every service but S3 does so.
enum class PathForm { kNormalized, kAsSent };

struct SigV4 {
  std::string canonical_request;
  std::string string_to_sign;
  std::string signature;
  /// What is to be put beside the request's own headers: X-Amz-Date, X-Amz-Security-Token where the keys have a token,
  /// Authorization.
  Headers headers;
};

SigV4 sign(const SigningRequest& request, const AwsKeys& keys, const SigningScope& scope, Instant now,
           PathForm form = PathForm::kNormalized);

/// SHA-256 in lower-case hexadecimal.
std::string sha256_hex(std::string_view bytes);

}  // namespace cutover::providers::route53
