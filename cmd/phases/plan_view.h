#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/phase.h"

namespace cutover {

/// One line of the timeline: when something may happen, or happened.
struct TimelineEntry {
  std::optional<Instant> at;  ///< empty: not known yet
  bool done = false;
  std::string what;
};

/// What `plan` shows: the live zone against the plan.
struct PlanView {
  std::string name;
  std::string hash;
  std::vector<ChangeSet> changes;  ///< still to be made; values, at the TTL that is served then
  std::size_t ttl_changes = 0;     ///< record sets whose TTL is still above the low one
  std::size_t already_in_place = 0;
  std::vector<TimelineEntry> timeline;
  std::vector<Gate> gates;
  std::vector<std::string> risks;
  std::vector<std::string> notes;
  /// kClosed while changes are pending, kDone when the live zone is what the plan wants.
  ExitCode exit = ExitCode::kDone;
};
Result<PlanView> view_plan(Cutover& cutover);

/// What `status` shows: pure, from plan and journal, without the network.
struct Status {
  std::string headline;
  std::vector<TimelineEntry> timeline;
  std::vector<Gate> gates;
  std::string next;
  bool go = false;                       ///< `next` may be done now
  std::optional<Instant> opens_at;       ///< when time alone makes `go` true
  std::optional<Instant> standby_until;  ///< the old side is the way back until then; empty: nothing stands swapped
  bool restore_overdue = false;
  std::vector<Gate> retire;  ///< after a swap: when the old side may go; external gates are asked by `monitor`
};
Status status_of(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts, Instant now);

}  // namespace cutover
