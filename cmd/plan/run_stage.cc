#include "cmd/plan/run_stage.h"

#include <algorithm>

#include "cmd/plan/applied.h"

namespace cutover {
namespace {

bool is_done(const WriteRecord* write) { return write != nullptr && write->state == WriteState::kDone; }

Instant end_of(const WriteRecord& write) { return write.ended.value_or(write.started); }

}  // namespace

std::string_view to_text(RunStage stage) {
  switch (stage) {
    case RunStage::kLowerTtl:
      return "lower-ttl";
    case RunStage::kToSwap:
      return "swap";
    case RunStage::kWatch:
      return "watch";
    case RunStage::kStandby:
      return "standby";
    case RunStage::kRestoreTtl:
      return "restore-ttl";
    case RunStage::kWatchRollback:
      return "watch-rollback";
    case RunStage::kRestoreAfterRollback:
      return "restore-ttl-after-rollback";
    case RunStage::kFinished:
      return "finished";
  }
  return "?";
}

RunStage run_stage(const Plan& plan, const History& history) {
  const WriteRecord* restored = history.last_write(Phase::kRestoreTtl);
  if (const WriteRecord* rollback = standing_rollback(history)) {
    if (rollback->state != WriteState::kDone) return RunStage::kWatchRollback;
    if (is_done(restored) && restored->started >= end_of(*rollback)) return RunStage::kFinished;
    return converged_since(history, end_of(*rollback)) ? RunStage::kRestoreAfterRollback : RunStage::kWatchRollback;
  }
  const auto swaps = swap_writes_since_rollback(history);
  if (swaps.empty()) return is_done(history.last_write(Phase::kLowerTtl)) ? RunStage::kToSwap : RunStage::kLowerTtl;
  const WriteRecord& swap = *swaps.back();
  if (swap.state != WriteState::kDone || !not_swapped_yet(plan, history).empty()) return RunStage::kToSwap;
  if (restored != nullptr && restored->started >= end_of(swap))
    return is_done(restored) ? RunStage::kFinished : RunStage::kRestoreTtl;
  return converged_since(history, end_of(swap)) ? RunStage::kStandby : RunStage::kWatch;
}

AtGate at_gate(const Gate& gate, const Plan& plan) {
  if (gate.name == "preflight-passed") return AtGate::kPreflight;
  if (gate.opens_at) return AtGate::kWaitUntil;
  const bool others = gate.name == "authoritative-in-sync" || gate.name == "clock-agrees" ||
                      gate.name == "ttl-drained" ||
                      std::any_of(plan.gates.begin(), plan.gates.end(),
                                  [&](const ExternalGate& external) { return external.name == gate.name; });
  return others ? AtGate::kLookAgain : AtGate::kNeedsAPerson;
}

}  // namespace cutover
