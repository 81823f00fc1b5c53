#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "cmd/plan/journal.h"
#include "providers/provider.h"

namespace cutover {

/// The way back of one write, as it lies on disk.
struct WayBack {
  std::vector<std::filesystem::path> paths;  ///< the snapshot, then the scripts; the copies after them
  std::vector<std::string> notes;            ///< why there is no copy, when there is none
};

/// Puts on disk what undoes a write, before the write begins: `snapshot-<phase>-<id>.json` (the change sets, before-
/// images included), `undo-<phase>-<id>/` with the scripts and a README.txt in plain words, both in the plan's state
/// folder, and the same under the user's state directory ($XDG_STATE_HOME or ~/.local/state)
/// `cutover/<plan name>-<hash prefix>/`. Files 0600, scripts 0700, each synced with its folder, renamed into place.
/// Writing the same again replaces it. kIo when the state folder cannot take it; a copy that fails is a note.
Result<WayBack> write_way_back(const Plan& plan, Phase phase, std::int64_t write, Instant now,
                               const std::vector<ChangeSet>& changes,
                               const std::vector<providers::InverseScript>& scripts);

/// A snapshot file, read again: what `rollback --from-snapshot` works from when the journal is lost.
struct Snapshot {
  std::string plan_name;
  std::string plan_hash;
  Phase phase = Phase::kSwap;
  std::int64_t write = 0;
  Instant at{};
  std::vector<ChangeSet> changes;  ///< as they were to be applied: rollback_of() turns them round
};

/// kNotFound, kIo, or kCorrupt for a file that is no snapshot or of another version.
Result<Snapshot> read_snapshot(const std::filesystem::path& file);

}  // namespace cutover
