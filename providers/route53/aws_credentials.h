#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "providers/environment.h"
#include "providers/route53/sigv4.h"

namespace cutover::providers::route53 {

// Where AWS's own tools keep keys: the environment, ~/.aws/credentials, ~/.aws/config. What is read here stays here:
// no error quotes a value.

/// What is to be exchanged for keys that are good for some hours (STS AssumeRole).
struct AwsRole {
  std::string arn;
  std::string external_id{};  ///< empty: none
  std::string session_name = "cutover";
  std::chrono::seconds duration{3600};
};

/// Keys, and the roles to assume with them, one after the other; most people have none.
struct AwsIdentity {
  AwsKeys keys;
  std::vector<AwsRole> roles;
  std::string from;       ///< for sentences: `the environment`, `the profile 'prod'`
  std::string profile{};  ///< where the keys stand; empty: in the environment
};

/// As AWS's tools choose: a profile that is named here; else AWS_ACCESS_KEY_ID and its secret; else AWS_PROFILE, or
/// `default`. AWS_ASSUME_ROLE_ARN (with AWS_EXTERNAL_ID) is assumed on top. kNotFound: no keys, or no such profile or
/// file; kAuth: a file with secrets that others can read; kInvalid: half a pair, a file that does not parse;
/// kUnsupported: single sign-on, credential_process, web identity, MFA, instance metadata, with what to do instead.
/// A variable that is empty counts as not set.
Result<AwsIdentity> find_identity(const std::string& profile, const Variables& environment);

/// Sections of an INI file as AWS's tools write it, by name: keys in lower case, nested lines left out.
using Sections = std::map<std::string, std::map<std::string, std::string>>;
/// kInvalid names `file` and the line, and quotes nothing.
Result<Sections> parse_sections(std::string_view text, const std::string& file);

}  // namespace cutover::providers::route53
