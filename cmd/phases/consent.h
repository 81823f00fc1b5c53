#pragma once
#include <optional>
#include <vector>

#include "cmd/phases/phase.h"

namespace cutover {

/// The steps that all writing commands share.

/// Marks gates that the person overrode by name and journals each with its reason.
/// kUsage: a name that is no gate of this command, or an empty reason.
Result<void> apply_overrides(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<Gate>& gates);
/// kConflict when the plan is not the one that was reviewed (`--plan-hash`).
Result<void> check_plan_hash(const Cutover& cutover, const PhaseOptions& options);
/// Shows the diff through the log and asks, unless consent was given (the result shows the diff too). False: no.
bool agreed(Cutover& cutover, Phase phase, const std::vector<ChangeSet>& changes, const PhaseOptions& options);
/// Settles what a killed process left, and goes on with it when it is of `phase`. The result is what the
/// continued write did; nullopt: nothing was left to go on with. kPartial: an unfinished write of another
/// phase, or a partial one without --resume.
struct Continued {
  std::vector<ChangeSet> changes;
  std::vector<std::filesystem::path> way_back;
  WriteState state = WriteState::kDone;
  std::vector<Error> errors;
};
Result<std::optional<Continued>> settle_and_continue(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<std::string>& notes);

bool nothing_in(const std::vector<ChangeSet>& changes);
std::size_t count_changes(const std::vector<ChangeSet>& changes);
/// Exit code and headline for a write that did not end as kDone.
void tell_trouble(PhaseResult& result, WriteState state, const std::vector<Error>& errors);

}  // namespace cutover
