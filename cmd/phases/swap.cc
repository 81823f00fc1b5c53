#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/cache_look.h"
#include "cmd/phases/live.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/signing.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/external_gate.h"
#include "core/text.h"

namespace cutover {
namespace {

/// octoDNS stops at 30 % of a zone from ten record sets up; a cutover of a whole small zone is normal.
constexpr double kBlastRadiusShare = 0.3;
constexpr std::size_t kBlastRadiusFloor = 10;

bool wanted_in_wave(const PhaseOptions& options, const DomainName& name) {
  return options.only.empty() || std::find(options.only.begin(), options.only.end(), name) != options.only.end();
}

/// The plan as far as this wave goes: what somebody does to a name of a later one does not concern it.
Plan plan_of_wave(const Plan& plan, const PhaseOptions& options) {
  Plan wave = plan;
  for (ZonePlan& zone : wave.zones)
    std::erase_if(zone.changes, [&](const PlannedChange& change) { return !wanted_in_wave(options, change.name); });
  return wave;
}

bool is_overridden(const PhaseOptions& options, std::string_view gate) {
  return std::any_of(options.overrides.begin(), options.overrides.end(),
                     [&](const auto& entry) { return entry.first == gate; });
}

bool is_same(const std::optional<RecordSet>& a, const std::optional<RecordSet>& b) {
  return a.has_value() == b.has_value() && (!a || same_values(*a, *b));
}

/// `in_zone`: the size of the zone, where it was read as a whole already.
Gate blast_radius(ZoneAtWork& zone, const ChangeSet& changes, std::optional<std::size_t> in_zone) {
  Gate gate{"blast-radius", true, std::nullopt, "", false};
  if (!in_zone)
    if (const auto whole = zone.provider->read(zone.plan->zone)) in_zone = providers::count_sets(*whole);
  if (!in_zone) {
    gate.why = fmt::format("{}: the whole zone cannot be read here, so its size is not known", zone.plan->zone.text());
    return gate;
  }
  const std::size_t total = *in_zone;
  const double share = total == 0 ? 1.0 : static_cast<double>(changes.changes.size()) / static_cast<double>(total);
  gate.open = changes.changes.size() < kBlastRadiusFloor || share <= kBlastRadiusShare;
  gate.why = fmt::format(
      "{}: {} of {} change value ({:.0f} %){}", zone.plan->zone.text(), changes.changes.size(),
      counted(total, "record set"), share * 100,
      gate.open ? "" : "; more than 30 % of a zone is changed only on purpose: --override blast-radius=\"reason\"");
  return gate;
}

std::optional<Span> largest_skew(const std::vector<ZoneAtWork>& zones) {
  std::optional<Span> largest;
  for (const ZoneAtWork& zone : zones)
    if (const auto skew = zone.provider->clock_skew();
        skew && (!largest || std::chrono::abs(*skew) > std::chrono::abs(*largest)))
      largest = skew;
  return largest;
}

struct Compared {
  std::vector<ChangeSet> changes;
  std::vector<std::optional<std::size_t>> in_zone;  ///< per zone: how many record sets it has, where that was seen
  std::vector<Drift> drift;
  std::vector<std::string> not_carried;
  std::size_t already_in_place = 0;
  std::size_t for_later = 0;  ///< outside this wave, and not yet what the plan wants
};

/// The live zone against the plan: what is still to do, what is done, what is neither.
Result<Compared> compare(Cutover& cutover, const PhaseOptions& options) {
  Compared out;
  for (ZoneAtWork& zone : cutover.zones) {
    auto live = look(cutover, zone, Phase::kSwap, planned_keys(*zone.plan));
    if (!live) return live.error();
    const Seconds low = zone.low_ttl;
    ChangeSet set;
    set.zone = zone.plan->zone;
    for (const PlannedChange& change : zone.plan->changes) {
      const auto found = live->at_provider(change.key());
      const auto to = planned_to(change, low);
      if (!wanted_in_wave(options, change.name)) {
        if (!is_same(found, to)) ++out.for_later;
      } else if (is_same(found, planned_from(change, low))) {
        set.changes.push_back(Change{change.key(), found, to});
        if (change.proxied && found && to) set.changes.back().after->ttl = found->ttl;  // it is the proxy's
      } else if (is_same(found, to)) {
        ++out.already_in_place;
      } else {
        out.drift.push_back({change.key(), change.from.empty() ? "nothing" : join(change.from, ", "),
                             found ? join(found->rdata, ", ") : "nothing"});
      }
    }
    for (std::string& why : live->not_carried(zone, set)) out.not_carried.push_back(std::move(why));
    out.changes.push_back(std::move(set));
    out.in_zone.push_back(live->provider.in_zone);
  }
  return out;
}

/// What is in force when the plan finds nothing left to do: from the journal, or, where somebody swapped
/// without it, from the plan.
Result<std::vector<ChangeSet>> swapped_already(const Cutover& cutover) {
  auto history = cutover.journal.history();
  if (!history) return history.error();
  auto changes = swapped_since_rollback(*history);
  if (!changes.empty()) return changes;
  const Seconds low = cutover.plan.ttl.during;
  for (const ZonePlan& zone : cutover.plan.zones) {
    ChangeSet set;
    set.zone = zone.zone;
    for (const PlannedChange& change : zone.changes)
      set.changes.push_back(Change{change.key(), planned_from(change, low), planned_to(change, low)});
    changes.push_back(std::move(set));
  }
  return changes;
}

/// A wave is not the whole: nobody may take its end for the end of the swap.
void tell_of_later_waves(std::size_t for_later, PhaseResult& result) {
  if (for_later == 0) return;
  result.next +=
      fmt::format("{}{} of this plan {} still to be swapped, by another `cutover swap`",
                  result.next.empty() ? "" : "; ", counted(for_later, "record set"), for_later == 1 ? "is" : "are");
}

/// Reads back what a finished swap left, and says where things stand.
Result<void> look_back(Cutover& cutover, const PhaseOptions& options, PhaseResult& result) {
  auto served = read_back(cutover, after_images(cutover, result.changes, Wanted::Match::kValues), options, 1, result);
  if (!served) return served.error();
  if (!*served) {
    result.headline = "the swap is applied at the provider, but not every authoritative address serves it yet";
    result.next = "`cutover watch` goes on looking; `cutover rollback` puts everything back";
    return {};
  }
  // Served is not yet believed: a signer that lags, or signs wrongly, is told at once.
  for (std::string& sentence : signing_risks(cutover)) result.notes.push_back(std::move(sentence));
  tell_of_proxied(cutover.plan, result.notes);
  if (!seen_by_resolvers(cutover, result.changes)) {
    result.headline = fmt::format("{} swapped at the provider", counted(count_changes(result.changes), "record set"));
    result.next = "nothing is left to wait for in DNS: watch the sites themselves; `cutover rollback` puts all back";
    return {};
  }
  result.bound = bound_after(cutover, result.changes, *result.served_at, cutover.plan.ttl.during);
  result.headline =
      fmt::format("{} swapped; every authoritative address serves the new values since {}",
                  counted(count_changes(result.changes), "record set"), format_instant(*result.served_at));
  result.next =
      fmt::format("`cutover watch`: caches that honour TTLs have turned by {}", format_opening(*result.bound));
  return {};
}

Result<void> wait_for_gates(Cutover& cutover, const PhaseOptions& options, SwapView& view) {
  while (!all_open(view.gates)) {
    const auto opens = opening(view.gates);
    if (!opens || options.at_closed_gate == PhaseOptions::AtClosedGate::kStop) return {};
    cutover.log(fmt::format("waiting until {} for the gates", format_opening(*opens)));
    cutover.loop.wait_until(cutover.clock, *opens, cutover.stop);
    if (cutover.stop && cutover.stop()) return {};
    auto again = view_swap(cutover, options);
    if (!again) return again.error();
    view = std::move(*again);
    for (Gate& gate : view.gates)
      for (const auto& [name, reason] : options.overrides)
        if (gate.name == name && !gate.open) gate.overridden = true;
    if (all_open(view.gates))
      cutover.notify(NoticeEvent::kGate, "swap: the gates are open", "every gate that was waited for is open", "");
  }
  return {};
}

}  // namespace

std::optional<Instant> opening(const std::vector<Gate>& gates) {
  std::optional<Instant> latest;
  for (const Gate& gate : gates) {
    if (gate.open || gate.overridden) continue;
    if (!gate.opens_at) return std::nullopt;
    latest = std::max(latest.value_or(*gate.opens_at), *gate.opens_at);
  }
  return latest;
}

bool all_open(const std::vector<Gate>& gates) {
  return std::all_of(gates.begin(), gates.end(), [](const Gate& gate) { return gate.open || gate.overridden; });
}

Result<SwapView> view_swap(Cutover& cutover, const PhaseOptions& options) {
  SwapView view;
  auto compared = compare(cutover, options);
  if (!compared) return compared.error();
  view.changes = compared->changes;
  view.already_in_place = compared->already_in_place;
  view.for_later = compared->for_later;
  auto history = cutover.journal.history();
  if (!history) return history.error();
  const auto facts = drain_facts(cutover.zones);
  Gate drain = ttl_drained(cutover.plan, *history, facts, cutover.clock.now());
  // One clean sweep proves little; the second in a row is made right away, where its answer is going to count.
  if (!drain.wants_authority_sweep.empty() && !is_overridden(options, drain.name)) {
    for (ZoneAtWork& zone : cutover.zones)
      if (std::find(drain.wants_authority_sweep.begin(), drain.wants_authority_sweep.end(), zone.plan->zone) !=
          drain.wants_authority_sweep.end())
        if (auto kept = keep(cutover, zone, Phase::kSwap, sweep(cutover, zone, planned_keys(*zone.plan))); !kept)
          return kept.error();
    history = cutover.journal.history();
    if (!history) return history.error();
    drain = ttl_drained(cutover.plan, *history, facts, cutover.clock.now());
  }
  // What moved unseen, and what nobody could see move (a secondary that served something else for a while): only the
  // caches can tell whether a higher TTL got out.
  std::vector<DomainName> unsure = drain.wants_resolver_sweep;
  if (drain.open)
    for (const ZonePlan& zone : cutover.plan.zones) unsure.push_back(zone.zone);
  if (!unsure.empty() && !is_overridden(options, drain.name)) {
    auto looked = look_at_caches(cutover, Phase::kSwap, unsure);
    if (!looked) return looked.error();
    view.notes.insert(view.notes.end(), looked->begin(), looked->end());
    history = cutover.journal.history();
    if (!history) return history.error();
  }
  const Instant now = cutover.clock.now();
  view.gates.push_back(no_drift(compared->drift));
  view.gates.push_back(provider_carries(compared->not_carried));
  view.gates.push_back(mentions_acknowledged(cutover.plan));
  view.gates.push_back(ech_key_held(cutover.plan));
  view.gates.push_back(authoritative_in_sync(plan_of_wave(cutover.plan, options), *history));
  view.gates.push_back(ttl_drained(cutover.plan, *history, facts, now));
  view.gates.push_back(preflight_passed(cutover.plan, *history, kPreflightMaxAge, now));
  if (auto baseline = baseline_recorded(cutover.plan, *history)) view.gates.push_back(*std::move(baseline));
  view.gates.push_back(clock_agrees(largest_skew(cutover.zones)));
  view.gates.push_back(within_window(cutover.plan, now));
  for (std::size_t i = 0; i < cutover.zones.size(); ++i) {
    Gate gate = blast_radius(cutover.zones[i], view.changes[i], compared->in_zone[i]);
    const auto same =
        std::find_if(view.gates.begin(), view.gates.end(), [](const Gate& g) { return g.name == "blast-radius"; });
    if (same == view.gates.end())
      view.gates.push_back(std::move(gate));
    else if (!gate.open && same->open)
      *same = std::move(gate);
  }
  for (const ExternalGate& external : cutover.plan.gates)
    if (external.before == GateBefore::kSwap)
      view.gates.push_back(evaluate(external, cutover.plan, cutover.loop, cutover.clock));
  close_time_gates(view.gates);
  return view;
}

Result<PhaseResult> swap(Cutover& cutover, const PhaseOptions& options) {
  PhaseResult result;
  result.phase = Phase::kSwap;
  if (auto reviewed = check_plan_hash(cutover.plan, options); !reviewed) return reviewed.error();
  auto continued = settle_and_continue(cutover, Phase::kSwap, options, result.notes);
  if (!continued) return continued.error();
  if (*continued) {
    result.changes = (*continued)->changes;
    result.way_back = (*continued)->way_back;
    if ((*continued)->state != WriteState::kDone) {
      tell_trouble(result, (*continued)->state, (*continued)->errors);
      return result;
    }
    if (auto looked = look_back(cutover, options, result); !looked) return looked.error();
    return result;
  }
  // Nothing unfinished is left behind.

  auto view = view_swap(cutover, options);
  if (!view) return view.error();
  result.notes.insert(result.notes.end(), view->notes.begin(), view->notes.end());
  result.changes = view->changes;
  result.gates = view->gates;
  if (nothing_in(view->changes) && view->gates.front().open) {
    result.gates.clear();
    auto swapped = swapped_already(cutover);
    if (!swapped) return swapped.error();
    result.changes = std::move(*swapped);
    if (auto looked = look_back(cutover, options, result); !looked) return looked.error();
    if (result.exit == ExitCode::kDone)
      result.headline =
          (options.only.empty() ? "everything is swapped already; " : "these names are swapped already; ") +
          result.headline;
    tell_of_later_waves(view->for_later, result);
    return result;
  }
  if (auto done = apply_overrides(cutover, Phase::kSwap, options, view->gates); !done) return done.error();
  if (auto waited = wait_for_gates(cutover, options, *view); !waited) return waited.error();
  result.gates = view->gates;
  result.changes = view->changes;
  if (auto noted = note_gates(cutover, Phase::kSwap, result.gates); !noted) return noted.error();
  if (!all_open(result.gates)) {
    result.exit = ExitCode::kClosed;
    result.opens_at = opening(result.gates);
    result.headline = result.opens_at ? fmt::format("the swap opens at {}", format_opening(*result.opens_at))
                                      : "the swap is closed; nothing was written";
    result.next = result.opens_at ? "run it again then, or with --wait" : "each closed gate says what it wants";
    return result;
  }
  // Every gate is open, or overridden by name with a reason on record.

  if (options.last_look) {
    result.checks = options.last_look(view->changes);
    if (any_failed(result.checks, Severity::kError) && !is_overridden(options, "preflight-passed")) {
      result.exit = ExitCode::kFailed;
      result.headline = "a target of this swap does not pass preflight right now; nothing was written";
      result.next = "mend the new side and run it again";
      return result;
    }
  }
  auto written =
      agree_and_write(cutover, {Phase::kSwap, view->changes, WriteRequest::TtlGuard::kGuarded}, options, result);
  if (!written) return written.error();
  if (!*written) return result;
  // Accepted by the provider. Now look at what is really served.

  if (auto looked = look_back(cutover, options, result); !looked) return looked.error();
  tell_of_later_waves(view->for_later, result);
  return result;
}

}  // namespace cutover
