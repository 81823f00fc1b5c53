#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

struct WriteRequest {
  Phase phase = Phase::kSwap;
  std::vector<ChangeSet> changes;  ///< one per zone of the plan, in plan order; empty ones are left alone
  enum class TtlGuard { kGuarded, kValuesOnly } ttl_guard = TtlGuard::kGuarded;
};

struct WriteResult {
  std::int64_t write = 0;
  WriteState state = WriteState::kNotApplied;
  std::vector<std::filesystem::path> way_back;  ///< snapshot and inverse scripts
  std::vector<Error> errors;                    ///< why zones were not written
};

/// The one place where DNS is written. In this order, each on disk before the next begins:
/// before-images, the way back (snapshot and runnable inverse), then per call its intent, the call,
/// its outcome. A compare-and-swap that failed because only the serial moved is read again and retried;
/// a record set that somebody else changed ends the zone with kConflict, untouched.
/// An Error means that nothing was written anywhere; trouble after the first call is in the result.
Result<WriteResult> write(Cutover& cutover, const WriteRequest& request);

/// What became of writes that a killed process left open, read from the live zone and journalled.
struct Settled {
  std::vector<std::string> lines;         ///< what happened, a sentence each
  std::optional<WriteRecord> unfinished;  ///< a write with changes still to make (open or partial)
};
/// A zone that cannot be read is an error; for a rollback it leaves its write open, and the other zones go on.
enum class UnreadableZone { kError, kLeavesOpen };
Result<Settled> settle(Cutover& cutover, UnreadableZone unreadable = UnreadableZone::kError);

/// Goes on with an unfinished write under its own journal entry; changes already in force are left alone.
Result<WriteResult> finish(Cutover& cutover, const WriteRecord& unfinished);

}  // namespace cutover
