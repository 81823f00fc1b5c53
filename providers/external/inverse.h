#pragma once
#include "providers/external/setting.h"
#include "providers/provider.h"

namespace cutover::providers::external {

/// Who compares before the way back is gone.
enum class Comparison { kByProgram, kByScript };

/// A script that feeds the program `requests`, the calls of `inverse` one after the other, and stops at the first that
/// is not applied. Where the program compares, and all of it is one call, it is a script for sh; else one for python3,
/// which reads the zone through the program, compares values, and leaves out what is as it was already.
InverseScript inverse_script(const ChangeSet& inverse, const std::vector<std::string>& requests, const Setting& setting,
                             Comparison comparison);

}  // namespace cutover::providers::external
