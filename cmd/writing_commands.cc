#include "cmd/command.h"
#include "cmd/phases/preflight.h"

namespace cutover {
namespace {

using WritingPhase = Result<PhaseResult> (*)(Cutover&, const PhaseOptions&);
enum class LastLook { kNone, kNewTargets, kOldSide };

ExitCode run_writing(const GlobalOptions& global, const WriteFlags& flags, Phase name, WritingPhase phase,
                     LastLook look) {
  return with_cutover(global, [&](Cutover& cutover) {
    auto options = phase_options(flags, cutover.plan);
    if (!options) return tell(options.error());
    PreflightOptions checks;
    checks.ca_file = flags.ca_file;
    if (look == LastLook::kNewTargets)
      options->last_look = [&](const std::vector<ChangeSet>& changes) {
        return check_named_targets(cutover, checks, changes);
      };
    if (look == LastLook::kOldSide)
      options->last_look = [&](const std::vector<ChangeSet>&) { return check_old_side(cutover, checks); };
    const auto result = phase(cutover, *options);
    if (result)
      notify_end(cutover, to_text(name), result->exit, result->headline, result->next);
    else
      notify_end(cutover, to_text(name), result.error());
    return show(global, result, cutover.clock);
  });
}

}  // namespace

ExitCode run_lower_ttl(const GlobalOptions& global, const WriteFlags& flags) {
  return run_writing(global, flags, Phase::kLowerTtl, lower_ttl, LastLook::kNone);
}
ExitCode run_swap(const GlobalOptions& global, const WriteFlags& flags) {
  return run_writing(global, flags, Phase::kSwap, swap, LastLook::kNewTargets);
}
ExitCode run_rollback(const GlobalOptions& global, const WriteFlags& flags) {
  return run_writing(global, flags, Phase::kRollback, rollback, LastLook::kOldSide);
}
ExitCode run_restore_ttl(const GlobalOptions& global, const WriteFlags& flags) {
  return run_writing(global, flags, Phase::kRestoreTtl, restore_ttl, LastLook::kNone);
}

}  // namespace cutover
