#include "cmd/phases/consent.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/write.h"
#include "core/text.h"

namespace cutover {

Result<void> apply_overrides(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<Gate>& gates) {
  for (const auto& [name, reason] : options.overrides) {
    const auto gate = std::find_if(gates.begin(), gates.end(), [&](const Gate& g) { return g.name == name; });
    if (gate == gates.end()) {
      std::vector<std::string> known;
      for (const Gate& g : gates) known.push_back(g.name);
      return fail(ErrorCode::kUsage, fmt::format("--override names '{}', which is no gate of {}; its gates are {}", printable(name), to_text(phase), join(known, ", ")));
    }
    if (trim(reason).empty())
      return fail(ErrorCode::kUsage, fmt::format("--override {} needs a reason: --override {}=\"why this is safe\"", name, name));
    if (gate->open) continue;
    if (auto kept = cutover.journal.record_override(phase, name, reason); !kept) return kept.error();
    gate->overridden = true;
    cutover.log(fmt::format("gate {} overridden: {}", name, printable(reason)));
  }
  return {};
}

Result<void> check_plan_hash(const Cutover& cutover, const PhaseOptions& options) {
  if (!options.plan_hash || cutover.plan.hash == *options.plan_hash) return {};
  // A prefix of eight or more digits is as good as people copy it.
  if (options.plan_hash->size() >= 8 && cutover.plan.hash.starts_with(*options.plan_hash)) return {};
  return fail(ErrorCode::kConflict, fmt::format("{} is not the plan that was reviewed: its hash is {}, not {}; run `cutover plan` and review it again",
                                                cutover.plan.file.string(), cutover.plan.hash.substr(0, 12), printable(*options.plan_hash)));
}

bool nothing_in(const std::vector<ChangeSet>& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const ChangeSet& set) { return set.empty(); });
}

std::size_t count_changes(const std::vector<ChangeSet>& changes) {
  std::size_t count = 0;
  for (const ChangeSet& set : changes) count += set.changes.size();
  return count;
}

bool agreed(Cutover& cutover, Phase phase, const std::vector<ChangeSet>& changes, const PhaseOptions& options) {
  if (options.consent == PhaseOptions::Consent::kGiven) return true;
  for (const ChangeSet& set : changes) {
    if (set.empty()) continue;
    cutover.log(fmt::format("zone {}", set.zone.text()));
    for (const std::string& line : diff_lines(set)) cutover.log("  " + line);
  }
  return cutover.telling.confirm && cutover.telling.confirm(fmt::format("{}: write {} now?", to_text(phase), counted(count_changes(changes), "change")));
}

Result<std::optional<Continued>> settle_and_continue(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<std::string>& notes) {
  auto settled = settle(cutover);
  if (!settled) return settled.error();
  for (const std::string& line : settled->lines) {
    notes.push_back(line);
    cutover.log(line);
  }
  if (!settled->unfinished) return std::optional<Continued>();
  const WriteRecord& open = *settled->unfinished;
  if (phase == Phase::kRollback && open.phase != Phase::kRollback) return std::optional<Continued>();
  if (open.phase != phase)
    return fail(ErrorCode::kPartial, fmt::format("a {} begun {} is unfinished; finish it with `cutover {} --resume`{} first", to_text(open.phase),
                                                 format_instant(open.started), to_text(open.phase), open.phase == Phase::kSwap ? " or undo it with `cutover rollback`" : ""));
  if (open.state == WriteState::kPartial && options.unfinished == PhaseOptions::Unfinished::kRefuse)
    return fail(ErrorCode::kPartial, fmt::format("the {} begun {} is partial; finish it with --resume{}", to_text(open.phase), format_instant(open.started),
                                                 open.phase == Phase::kSwap ? ", or undo it with `cutover rollback`" : ""));
  cutover.log(fmt::format("going on with the {} begun {}", to_text(open.phase), format_instant(open.started)));
  auto finished = finish(cutover, open);
  if (!finished) return finished.error();
  return std::optional(Continued{open.changes, finished->way_back, finished->state, finished->errors});
}

void tell_trouble(PhaseResult& result, WriteState state, const std::vector<Error>& errors) {
  for (const Error& error : errors) result.notes.push_back(error.message);
  const std::string_view phase = to_text(result.phase);
  if (state == WriteState::kPartial) {
    result.exit = ExitCode::kPartial;
    result.headline = fmt::format("{} is partial: some record sets are written and some are not", phase);
    result.next = result.phase == Phase::kSwap ? "finish it with `cutover swap --resume`, or undo it with `cutover rollback`"
                                               : fmt::format("finish it with `cutover {} --resume`", phase);
    return;
  }
  const bool drift = std::any_of(errors.begin(), errors.end(), [](const Error& e) { return e.code == ErrorCode::kConflict; });
  result.exit = drift ? ExitCode::kClosed : ExitCode::kError;
  result.headline = fmt::format("{}: nothing was written", phase);
  result.next = drift ? "somebody else is changing these record sets: look at the notes, mend plan or zone, run it again"
                      : "mend what the notes say and run it again";
}

}  // namespace cutover
