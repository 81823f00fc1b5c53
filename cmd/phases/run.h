#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/phase.h"
#include "cmd/phases/preflight.h"
#include "cmd/phases/watch.h"
#include "cmd/plan/run_stage.h"

namespace cutover {

/// Something that an unattended cutover has to say: for the log, the live page and whoever is notified.
struct RunMoment {
  enum class Kind {
    kStage,    ///< it goes on with another stage
    kWaiting,  ///< what for, and until when where that is known
    kOpened,   ///< a gate that was closed is open
    kTrouble,  ///< something that a person should look at
    kDone,
  };
  Kind kind = Kind::kStage;
  Instant at{};
  RunStage stage = RunStage::kLowerTtl;
  std::string text;                ///< one sentence
  std::string next{};              ///< what a person can do; empty: nothing
  std::vector<Gate> gates{};       ///< as last seen, while the swap is waited for
  std::optional<Instant> until{};  ///< kWaiting
};

struct RunSink {
  std::function<void(const RunMoment&)> told;
  WatchSink watch;
};

struct RunOptions {
  PhaseOptions writing;  ///< consent is taken as given: the plan's hash, its window and `approve` are what guards
  PreflightOptions checks;
  WatchPhaseOptions watch;
  Seconds look_again{30};  ///< between two looks at what others have to open or mend
  /// Looks after the sites until then, and gives the criteria that broke; none: time was up, or stop() said so.
  /// Empty: nobody looks.
  std::function<Result<std::vector<std::string>>(Cutover&, Instant until)> look_after;
};

struct RunResult {
  ExitCode exit = ExitCode::kDone;
  RunStage stage = RunStage::kFinished;  ///< where it ended, or stands
  std::string headline;
  std::vector<std::string> notes;
  std::string next;
};

/// All phases without a person: lowers the TTLs, waits for the gates, checks the new side, waits for the approval where
/// the plan wants one, swaps, watches, looks after the sites through the standby, restores the TTLs. It rolls back by
/// itself only when one of the plan's `abort` criteria breaks. Whatever happens to the process, started again it goes
/// on from the journal. Transient trouble of the network is waited out; what only a person can open or mend ends it
/// (kClosed, kFailed, kPartial), and so does stop() (kGaveUp).
Result<RunResult> run(Cutover& cutover, const RunOptions& options, const RunSink& sink);

}  // namespace cutover
