#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"
#include "cmd/phases/preflight.h"
#include "cmd/plan/monitoring.h"

namespace cutover {

struct MonitorOptions {
  PreflightOptions probing;        ///< root store, timeout and route of each probe
  std::optional<Seconds> at_most;  ///< ends after this long at the latest, counted from its start
  /// How often certificates and the old side are looked at.
  Seconds look_every{600};
};

/// How things stand after one round.
struct MonitorReport {
  Instant at{};
  Instant until{};  ///< when the time is over
  std::size_t rounds = 0;
  std::vector<Check> checks;  ///< every criterion, the ones that passed too
  std::vector<Watchdog::Standing> standings;
  std::vector<Gate> retire;  ///< see retire_gates()
  std::string summary;       ///< one line
};

/// How a monitor is told while it runs. Each may be empty.
struct MonitorSink {
  std::function<void(const MonitorReport&)> round;   ///< after every round
  std::function<void(const MonitorReport&)> minute;  ///< once a minute at most: what the journal gets, too
};

struct MonitorResult {
  ExitCode exit = ExitCode::kDone;
  std::string headline;
  std::vector<std::string> notes;
  std::vector<Check> broken;  ///< the criteria that broke, by id: `availability`, `latency`, `http-errors`,
                              ///< `body-changed`, `tls-...`, `old-side`
  MonitorReport last;
  std::string next;  ///< the rollback command where a criterion of the new side broke
};

/// Watches over the new side after a swap, by address, until the plan's `monitor: for` has passed since the swap was
/// served (kDone), or a criterion breaks (kFailed, and a failure notice). kGaveUp: stopped, or nothing could be asked
/// from here. One round at least is made. kNotFound: nothing is swapped.
///
/// Beside Watchdog's criteria, every ten minutes: certificates of the new side, as preflight judges them, and the old
/// side's health and certificate as long as it is the way back (standby); what fails there is looked at again in the
/// next round, and breaks the second time. Gates of the plan with `before: retire` are asked once a minute and shown
/// (`gate-NAME`); they break nothing, but those that the plan's `abort` names, when they are closed twice in a row.
/// TTLs that are still low after standby are told once an hour (`overdue`).
Result<MonitorResult> monitor(Cutover& cutover, const MonitorOptions& options, const MonitorSink& sink);

/// `cutover rollback PLAN --yes --plan-hash HASH`, quoted for a shell.
std::string rollback_command(const Plan& plan);

/// The notice that low TTLs are overdue, where they are and nobody was told within the hour.
void tell_if_overdue(Cutover& cutover);

}  // namespace cutover
