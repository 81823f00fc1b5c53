#pragma once
#include <string_view>

#include "cmd/plan/gate.h"
#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"

namespace cutover {

/// Where an unattended cutover stands, in the order it goes through; the last two only after a rollback.
enum class RunStage {
  kLowerTtl,
  kToSwap,   ///< waiting for the gates, preflight, approval, and the swap itself
  kWatch,    ///< until converged
  kStandby,  ///< looking after the sites until the standby is over
  kRestoreTtl,
  kWatchRollback,
  kRestoreAfterRollback,
  kFinished,
};
std::string_view to_text(RunStage stage);

/// Where to go on, from what is on disk: a run that was killed is started again and finds its place. Pure.
RunStage run_stage(const Plan& plan, const History& history);

/// What `cutover run` does about a gate that is closed.
enum class AtGate {
  kWaitUntil,     ///< time alone opens it
  kLookAgain,     ///< others open it: ask again after a while
  kPreflight,     ///< a fresh preflight may open it
  kNeedsAPerson,  ///< nothing that waits opens it
};
AtGate at_gate(const Gate& gate, const Plan& plan);

}  // namespace cutover
