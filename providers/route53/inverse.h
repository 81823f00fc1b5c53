#pragma once
#include <string>
#include <vector>

#include "providers/provider.h"
#include "providers/route53/aws_credentials.h"

namespace cutover::providers::route53 {

/// Where the script finds keys; never the keys themselves.
struct ScriptKeys {
  std::string profile;  ///< empty: the environment
  std::vector<AwsRole> roles;
  std::string sts_url;
  std::string region;
};

struct Door {
  std::string url;
  std::string zone_id;  ///< empty: the script looks the zone up
  ScriptKeys keys;
  std::string ca_file{};  ///< trusted and nothing else, an absolute path; empty: the system's store
};

/// A script for Python 3 and its standard library that makes `batches` of `inverse`, a request each. It is as guarded
/// as the program: every deletion repeats what the change left behind, and Route 53 refuses the whole request where
/// that is there no longer.
InverseScript inverse_script(const ChangeSet& inverse, const std::vector<ChangeSet>& batches, const Door& door);

}  // namespace cutover::providers::route53
