#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cmd/phases/preflight.h"
#include "cmd/plan/monitoring.h"

namespace cutover {

struct BaselineOptions {
  PreflightOptions probing;  ///< root store, timeout and route of each probe; the rest is not used
  int rounds = 20;
  Seconds every{1};
};

struct BaselineResult {
  ExitCode exit = ExitCode::kDone;
  std::string headline;
  std::vector<std::string> notes;
  std::vector<BaselineEntry> entries;
  std::string next;
};

/// Asks every endpoint of the plan's old side, round after round, and journals what it was like: what `monitor` holds
/// the new side against. Needs no provider. kFailed: an endpoint gave no answer at all, or not the expected status;
/// kGaveUp: stopped, or none could be asked from here. It is recorded as far as there is anything to record.
/// `told` hears of each round; may be empty.
Result<BaselineResult> record_baseline(const Plan& plan, Journal& journal, net::Loop& loop, const Clock& clock,
                                       const BaselineOptions& options, const std::function<bool()>& stop,
                                       const std::function<void(const std::string&)>& told);

}  // namespace cutover
