#pragma once
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// What validating resolvers would stumble over, in what every authoritative address answers right now for the record
/// sets that the plan changes, and signatures that end before the standby is over: one sentence each, none where all
/// is well or the zone is not signed. No gate hangs on it: an answer that is bogus before the swap is bogus after it.
std::vector<std::string> signing_risks(Cutover& cutover);

}  // namespace cutover
