#pragma once
#include <string>

#include "providers/provider.h"

namespace cutover::providers::powerdns {

/// Where the zone is and where its key is, never the key itself.
struct Door {
  std::string zone_url;   ///< http://127.0.0.1:8081/api/v1/servers/localhost/zones/example.com.
  std::string key;        ///< `env/NAME` or `file/PATH` with an absolute path
  std::string ca_file{};  ///< trusted and nothing else, an absolute path; empty: the system's store
};

/// A script for sh, curl, grep, awk and sort: reads the zone, compares the values of every record set with what the
/// change left behind, and makes `inverse` with one PATCH.
InverseScript inverse_script(const ChangeSet& inverse, const Door& door);

}  // namespace cutover::providers::powerdns
