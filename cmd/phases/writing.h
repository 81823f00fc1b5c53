#pragma once
#include <optional>
#include <vector>

#include "cmd/phases/live.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/write.h"

namespace cutover {

/// The steps that all writing commands share.

/// Journals what each gate said when a write was decided on; where some were closed, only those. Reports tell them.
Result<void> note_gates(Cutover& cutover, Phase phase, const std::vector<Gate>& gates);
/// Marks gates that the person overrode by name and journals each with its reason.
/// kUsage: a name that is no gate of this command, or an empty reason.
Result<void> apply_overrides(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<Gate>& gates);
/// kConflict when the plan is not the one that was reviewed (`--plan-hash`).
Result<void> check_plan_hash(const Plan& plan, const PhaseOptions& options);
/// Agreement, then the write. True: it is done, and the way back is in the result. False: the result says why not.
Result<bool> agree_and_write(Cutover& cutover, const WriteRequest& request, const PhaseOptions& options,
                             PhaseResult& result);
/// Reads back until every authoritative address serves what is wanted, and journals since when for the last write of
/// the phase. True: `served_at` is in the result. False: time was up; exit code and notes are in the result.
Result<bool> read_back(Cutover& cutover, const std::vector<std::vector<Wanted>>& wanted, const PhaseOptions& options,
                       int clean_sweeps, PhaseResult& result);
/// The after-images of changes, per zone of the plan.
std::vector<std::vector<Wanted>> after_images(const Cutover& cutover, const std::vector<ChangeSet>& changes,
                                              Wanted::Match match);
/// The largest TTL that the record sets had right before the changes, and at least `least`: how long caches may hold
/// the old answers.
Seconds longest_before(const std::vector<ChangeSet>& changes, Seconds least);
/// From when on no cache that honours TTLs holds what was before `changes`, if every authoritative address serves them
/// since `served_at`: the settle time, then the TTL served before, or of "does not exist" (RFC 2308) for what was
/// created. `least` as above.
Instant bound_after(Cutover& cutover, const std::vector<ChangeSet>& changes, Instant served_at, Seconds least);

/// Settles what a killed process left, and goes on with it when it is of `phase`. The result is what the
/// continued write did; nullopt: nothing was left to go on with. kPartial: an unfinished write of another
/// phase, or a partial one without --resume.
struct Continued {
  std::vector<ChangeSet> changes;
  std::vector<std::filesystem::path> way_back;
  WriteState state = WriteState::kDone;
  std::vector<Error> errors;
};
Result<std::optional<Continued>> settle_and_continue(Cutover& cutover, Phase phase, const PhaseOptions& options,
                                                     std::vector<std::string>& notes);

/// Adds a note about the sets that the plan changes behind a proxy, where there are such.
void tell_of_proxied(const Plan& plan, std::vector<std::string>& notes);
/// Whether resolvers see any of these changes.
bool seen_by_resolvers(const Cutover& cutover, const std::vector<ChangeSet>& changes);

bool nothing_in(const std::vector<ChangeSet>& changes);
std::size_t count_changes(const std::vector<ChangeSet>& changes);
/// Exit code and headline for a write that did not end as kDone.
void tell_trouble(PhaseResult& result, WriteState state, const std::vector<Error>& errors);

/// `www.example.com at 203.0.113.20:443: the certificate has expired`: a check where no table says what it is about.
std::string sentence_of(const Check& check);

}  // namespace cutover
