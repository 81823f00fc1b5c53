#pragma once
#include <filesystem>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// Puts the way back on disk: the snapshot of the record sets and, per zone, a script that undoes
/// `changes` without this program. Returns the paths. Writing the same way back twice is harmless.
Result<std::vector<std::filesystem::path>> save_way_back(Cutover& cutover, Phase phase, std::int64_t write,
                                                         const std::vector<ChangeSet>& changes);

}  // namespace cutover
