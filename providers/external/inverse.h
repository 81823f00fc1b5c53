#pragma once
#include "providers/external/setting.h"
#include "providers/provider.h"

namespace cutover::providers::external {

/// A shell script that feeds the program the requests that make `inverse`, one after the other, and stops at the first
/// that is not applied.
InverseScript inverse_script(const ChangeSet& inverse, const std::vector<std::string>& requests,
                             const Setting& setting);

}  // namespace cutover::providers::external
