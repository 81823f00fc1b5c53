#pragma once
#include <string>

#include "providers/provider.h"
#include "providers/zonefile/zone_text.h"

namespace cutover::providers::zonefile {

struct Places {
  std::string file;
  std::string folder;       ///< of the file
  std::string publish;      ///< may be empty
  std::string base_folder;  ///< where `publish` runs
};

/// A shell script that puts `inverse` into force with nothing but sh, awk and patch: a unified diff that is tried
/// before it is made, with the serial raised and the file published. `now` is the file before the change that is to be
/// undone.
Result<InverseScript> inverse_script(const ZoneText& now, const ChangeSet& inverse, const Places& places);

}  // namespace cutover::providers::zonefile
