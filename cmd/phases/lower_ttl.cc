#include <fmt/format.h>

#include "cmd/phases/live.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/writing.h"
#include "core/text.h"

namespace cutover {
namespace {

struct Wish {
  std::vector<ChangeSet> changes;
  std::vector<std::vector<Wanted>> wanted;  ///< what every server has to show in the end
  std::vector<Drift> drift;
  std::vector<std::string> not_carried;
  std::vector<std::string> notes;
};

Result<Wish> wish(Cutover& cutover) {
  Wish out;
  for (ZoneAtWork& zone : cutover.zones) {
    auto live = look(cutover, zone, Phase::kLowerTtl, planned_keys(*zone.plan));
    if (!live) return live.error();
    const providers::Capabilities& can = zone.provider->capabilities();
    const Seconds low = zone.low_ttl;
    if (low > cutover.plan.ttl.during)
      out.notes.push_back(fmt::format("{}: the provider cannot set a TTL of {} s ({}), so {} s is used",
                                      zone.plan->zone.text(), cutover.plan.ttl.during.count(),
                                      can.ttl_steps.value.empty() ? can.ttl_floor.why : can.ttl_steps.why,
                                      low.count()));
    ChangeSet set;
    set.zone = zone.plan->zone;
    std::vector<Wanted> wanted;
    for (const PlannedChange& change : zone.plan->changes) {
      const auto found = live->at_provider(change.key());
      const auto from = planned_from(change, low);
      const auto to = planned_to(change, low);
      const bool is_from = from.has_value() == found.has_value() && (!found || same_values(*from, *found));
      const bool is_to = to.has_value() == found.has_value() && (!found || same_values(*to, *found));
      if (!is_from && !is_to)
        out.drift.push_back(
            {change.key(), from ? join(from->rdata, ", ") : "nothing", found ? join(found->rdata, ", ") : "nothing"});
      if (!found || change.proxied) continue;
      RecordSet lowered = *found;
      lowered.ttl = std::min(found->ttl, low);
      if (lowered.ttl < found->ttl) set.changes.push_back(Change{change.key(), *found, lowered});
      wanted.push_back({change.key(), lowered, Wanted::Match::kTtlAtMost});
    }
    for (std::string& why : live->not_carried(zone, set)) out.not_carried.push_back(std::move(why));
    out.changes.push_back(std::move(set));
    out.wanted.push_back(std::move(wanted));
  }
  tell_of_proxied(cutover.plan, out.notes);
  return out;
}

}  // namespace

Result<PhaseResult> lower_ttl(Cutover& cutover, const PhaseOptions& options) {
  PhaseResult result;
  result.phase = Phase::kLowerTtl;
  if (auto reviewed = check_plan_hash(cutover.plan, options); !reviewed) return reviewed.error();
  auto continued = settle_and_continue(cutover, Phase::kLowerTtl, options, result.notes);
  if (!continued) return continued.error();
  if (*continued) {
    result.way_back = (*continued)->way_back;
    if ((*continued)->state != WriteState::kDone) {
      tell_trouble(result, (*continued)->state, (*continued)->errors);
      return result;
    }
  }
  // Nothing unfinished is left behind.

  auto wished = wish(cutover);
  if (!wished) return wished.error();
  result.changes = wished->changes;
  result.notes.insert(result.notes.end(), wished->notes.begin(), wished->notes.end());
  result.gates.push_back(no_drift(wished->drift));
  result.gates.push_back(provider_carries(wished->not_carried));
  if (auto done = apply_overrides(cutover, Phase::kLowerTtl, options, result.gates); !done) return done.error();
  if (auto noted = note_gates(cutover, Phase::kLowerTtl, result.gates); !noted) return noted.error();
  if (!all_open(result.gates)) {
    result.exit = ExitCode::kClosed;
    result.headline = wished->drift.empty() ? "the provider cannot make this change; nothing was written"
                                            : "the live zone is not what the plan says; nothing was written";
    result.next = "run `cutover plan`, mend plan or zone, run it again";
    return result;
  }
  // Every record set holds what the plan expects.

  if (!nothing_in(wished->changes)) {
    auto written = agree_and_write(cutover, {Phase::kLowerTtl, wished->changes, WriteRequest::TtlGuard::kGuarded},
                                   options, result);
    if (!written) return written.error();
    if (!*written) return result;
  }
  // The provider holds the low TTL everywhere.

  auto served = read_back(cutover, wished->wanted, options, 2, result);
  if (!served) return served.error();
  auto history = cutover.journal.history();
  if (!history) return history.error();
  result.gates.push_back(ttl_drained(cutover.plan, *history, drain_facts(cutover.zones), cutover.clock.now()));
  if (!*served) {
    result.headline =
        "the TTLs are low at the provider, but not every authoritative address serves them so yet; the wait has not "
        "begun";
    result.next = "mend those servers and run `cutover lower-ttl` again";
    return result;
  }
  const std::size_t count = count_changes(wished->changes);
  result.headline = count == 0 ? "every TTL is low already, at the provider and at every authoritative address"
                               : fmt::format("{} lowered to {} s and served so by every authoritative address since {}",
                                             counted(count, "TTL"), cutover.plan.ttl.during.count(),
                                             format_instant(*result.served_at));
  result.opens_at = result.gates.back().opens_at;
  result.next = result.gates.back().open ? "the old TTL has drained: `cutover preflight`, then `cutover swap`"
                : result.opens_at        ? fmt::format("swap opens at {}; meanwhile run `cutover preflight`",
                                                       format_opening(*result.opens_at))
                                         : "run `cutover status` to see what the drain gate waits for";
  return result;
}

}  // namespace cutover
