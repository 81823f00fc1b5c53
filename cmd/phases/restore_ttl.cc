#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/live.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/external_gate.h"
#include "core/text.h"

namespace cutover {
namespace {

Seconds longest_settle(const Plan& plan) {
  Seconds longest{};
  for (const ZonePlan& zone : plan.zones) longest = std::max(longest, zone.settle);
  return longest;
}

/// Closed while a mistake could still have to be undone in minutes: during standby, and until a rollback's
/// own bound has passed.
Gate standby_over(const Plan& plan, const History& history, Instant now) {
  Gate gate{"standby-over", true, std::nullopt, "nothing is swapped, so no standby runs", false};
  if (const WriteRecord* rollback = standing_rollback(history)) {
    const Instant bound = rollback->authoritative_at.value_or(rollback->ended.value_or(rollback->started)) +
                          longest_before(rollback->changes, Seconds{}) + longest_settle(plan);
    gate.open = now >= bound;
    if (!gate.open) gate.opens_at = bound;
    gate.why = fmt::format("the rollback's bound {} {}", gate.open ? "passed" : "passes", format_instant(bound));
    return gate;
  }
  const auto swaps = swap_writes_since_rollback(history);
  if (swaps.empty()) return gate;
  const WriteRecord& last = *swaps.back();
  if (!last.authoritative_at) {
    gate.open = false;
    gate.why = "the swap was never seen at every authoritative address; `cutover watch` or `cutover swap` looks again";
    return gate;
  }
  const Instant over = *last.authoritative_at + plan.standby;
  gate.open = now >= over;
  if (!gate.open) gate.opens_at = over;
  gate.why = fmt::format("standby of {} {} {}", format_duration(plan.standby), gate.open ? "ended" : "ends",
                         format_instant(over));
  return gate;
}

/// Every set this cutover lowered or created, with the TTL it should have again.
Result<std::vector<ChangeSet>> raised(Cutover& cutover, const History& history) {
  std::vector<ChangeSet> changes;
  for (ZoneAtWork& zone : cutover.zones) {
    std::vector<RecordKey> keys;
    const auto add = [&](const RecordKey& key) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    };
    for (const WriteRecord& write : history.writes)
      if (write.phase == Phase::kLowerTtl || write.phase == Phase::kSwap)
        for (const ChangeSet& set : write.changes)
          if (set.zone == zone.plan->zone)
            for (const Change& change : set.changes) add(change.key);
    ChangeSet set;
    set.zone = zone.plan->zone;
    if (!keys.empty()) {
      auto live = look(cutover, zone, Phase::kRestoreTtl, keys);
      if (!live) return live.error();
      for (const RecordKey& key : keys) {
        const auto found = live->at_provider(key);
        const auto original = original_ttl(history, key);
        if (!found || !original || found->ttl >= *original) continue;
        RecordSet up = *found;
        up.ttl = *original;
        set.changes.push_back(Change{key, *found, std::move(up)});
      }
    }
    changes.push_back(std::move(set));
  }
  return changes;
}

}  // namespace

Result<PhaseResult> restore_ttl(Cutover& cutover, const PhaseOptions& options) {
  PhaseResult result;
  result.phase = Phase::kRestoreTtl;
  if (auto reviewed = check_plan_hash(cutover.plan, options); !reviewed) return reviewed.error();
  auto continued = settle_and_continue(cutover, Phase::kRestoreTtl, options, result.notes);
  if (!continued) return continued.error();
  if (*continued && (*continued)->state != WriteState::kDone) {
    tell_trouble(result, (*continued)->state, (*continued)->errors);
    return result;
  }
  auto history = cutover.journal.history();
  if (!history) return history.error();
  result.gates.push_back(standby_over(cutover.plan, *history, cutover.clock.now()));
  for (const ExternalGate& external : cutover.plan.gates)
    if (external.before == GateBefore::kRestoreTtl)
      result.gates.push_back(evaluate(external, cutover.plan, cutover.loop, cutover.clock));
  if (auto done = apply_overrides(cutover, Phase::kRestoreTtl, options, result.gates); !done) return done.error();
  while (!all_open(result.gates)) {
    result.opens_at = opening(result.gates);
    if (!result.opens_at || options.at_closed_gate == PhaseOptions::AtClosedGate::kStop ||
        (cutover.stop && cutover.stop())) {
      if (auto noted = note_gates(cutover, Phase::kRestoreTtl, result.gates); !noted) return noted.error();
      result.exit = ExitCode::kClosed;
      result.headline = result.opens_at ? fmt::format("restore-ttl opens at {}", format_opening(*result.opens_at))
                                        : "restore-ttl is closed; nothing was written";
      result.next = result.opens_at ? "run it again then, or with --wait" : "each closed gate says what it wants";
      return result;
    }
    cutover.log(fmt::format("waiting until {}", format_opening(*result.opens_at)));
    cutover.loop.wait_until(cutover.clock, *result.opens_at, cutover.stop);
    result.gates.front() = standby_over(cutover.plan, *history, cutover.clock.now());
    if (all_open(result.gates))
      cutover.notify(NoticeEvent::kGate, "restore-ttl: the gate is open", result.gates.front().why, "");
  }
  result.opens_at.reset();
  if (auto noted = note_gates(cutover, Phase::kRestoreTtl, result.gates); !noted) return noted.error();
  if (const auto left = not_swapped_yet(cutover.plan, *history); !left.empty()) {
    result.notes.push_back(
        fmt::format("{} of this plan {} not swapped by this program; with the TTLs up again, swapping begins anew with "
                    "`cutover lower-ttl`",
                    counted(left.size(), "record set"), left.size() == 1 ? "is" : "are"));
    cutover.log("note: " + result.notes.back());
  }
  // Low TTLs have done their work.

  auto changes = raised(cutover, *history);
  if (!changes) return changes.error();
  result.changes = *changes;
  if (nothing_in(result.changes)) {
    result.headline = "every TTL is what it was before";
    return result;
  }
  auto written =
      agree_and_write(cutover, {Phase::kRestoreTtl, result.changes, WriteRequest::TtlGuard::kGuarded}, options, result);
  if (!written) return written.error();
  if (!*written) return result;
  auto served =
      read_back(cutover, after_images(cutover, result.changes, Wanted::Match::kValuesAndTtl), options, 1, result);
  if (!served) return served.error();
  if (!*served) {
    result.headline = "the TTLs are back at the provider, but not every authoritative address serves them yet";
    return result;
  }
  result.headline = fmt::format("{} restored and served so by every authoritative address",
                                counted(count_changes(result.changes), "TTL"));
  result.next = "this cutover is finished";
  return result;
}

}  // namespace cutover
