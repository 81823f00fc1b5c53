#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/applied.h"
#include "cmd/plan/gate.h"
#include "core/text.h"

namespace cutover {
namespace {

Gate shut(std::string name, std::string why) { return Gate{std::move(name), false, std::nullopt, std::move(why)}; }

Gate by_time(std::string name, Instant opens, Instant now, std::string why) {
  Gate gate{std::move(name), now >= opens, std::nullopt, std::move(why)};
  if (!gate.open) gate.opens_at = opens;
  return gate;
}

/// The longest that "does not exist" of this set may be cached, as any sweep saw it.
Seconds negative_ttl_of(const History& history, const RecordKey& key) {
  Seconds longest{};
  for (const SweepRecord& record : history.sweeps)
    for (const net::AuthorityReading& reading : record.sweep.readings)
      if (reading.key == key) longest = std::max(longest, reading.negative_ttl.value_or(Seconds(0)));
  return longest;
}

/// From when on no cache that honours TTLs holds what was before the swaps.
Instant bound_of(const Plan& plan, const History& history, Instant served_at) {
  Seconds longest = plan.ttl.during;
  for (const ChangeSet& set : swapped_since_rollback(history)) {
    Seconds settle{};
    for (const ZonePlan& zone : plan.zones)
      if (zone.zone == set.zone) settle = zone.settle;
    for (const Change& change : set.changes)
      longest = std::max(longest, settle + (change.before ? change.before->ttl : negative_ttl_of(history, change.key)));
  }
  return served_at + longest;
}

/// What the last watch over the swap saw: an entry that is kept past its TTL may outlive the bound.
std::optional<Instant> seen_by_watch(const History& history, Instant served_at) {
  std::optional<Instant> found;
  for (const EventRecord& event : history.events)
    if (event.phase == Phase::kWatch && event.kind == kRetireFrom && event.at >= served_at)
      if (const auto at = parse_instant(event.text)) found = *at;
  return found;
}

Gate ttl_restored(const History& history, const WriteRecord& swap) {
  for (auto write = history.writes.rbegin(); write != history.writes.rend(); ++write)
    if (write->phase == Phase::kRestoreTtl && write->state == WriteState::kDone && write->id > swap.id)
      return Gate{"ttl-restored", true, std::nullopt,
                  "the original TTLs are back since " + format_instant(write->ended.value_or(write->started))};
  if (!ttls_are_low(history))
    return Gate{"ttl-restored", true, std::nullopt, "no TTL was lowered, so none is to be restored"};
  return shut("ttl-restored", "the TTLs are still low; `cutover restore-ttl` ends the cutover when standby is over");
}

}  // namespace

std::optional<Instant> standby_end(const Plan& plan, const History& history) {
  const auto swaps = swap_writes_since_rollback(history);
  if (standing_rollback(history) != nullptr || swaps.empty() || !swaps.back()->authoritative_at) return std::nullopt;
  return *swaps.back()->authoritative_at + plan.standby;
}

std::vector<Gate> retire_gates(const Plan& plan, const History& history, Instant now) {
  const auto swaps = swap_writes_since_rollback(history);
  const auto over = standby_end(plan, history);
  if (!over) {
    const std::string why = standing_rollback(history) != nullptr ? "rolled back: users are on the old side"
                            : swaps.empty()                       ? "nothing is swapped: users are on the old side"
                                            : "the swap was never seen at every authoritative address";
    return {shut("bound-passed", why), shut("standby-over", why), shut("ttl-restored", why)};
  }
  const Instant served = *swaps.back()->authoritative_at;
  Instant bound = bound_of(plan, history, served);
  std::string by = "by TTL";
  if (const auto seen = seen_by_watch(history, served); seen && *seen > bound) {
    bound = *seen;
    by = "by what the resolvers showed";
  }
  std::vector<Gate> gates;
  gates.push_back(by_time("bound-passed", bound, now,
                          fmt::format("the last old answer in a cache {} {} ({})", now >= bound ? "ended" : "ends",
                                      format_opening(bound), by)));
  gates.push_back(by_time("standby-over", *over, now,
                          fmt::format("standby of {} {} {}", format_duration(plan.standby),
                                      now >= *over ? "ended" : "ends", format_opening(*over))));
  if (!not_swapped_yet(plan, history).empty()) {
    gates.front().open = false;
    gates.front().opens_at.reset();
    gates.front().why = "not everything in the plan is swapped yet";
  }
  gates.push_back(ttl_restored(history, *swaps.back()));
  return gates;
}

}  // namespace cutover
