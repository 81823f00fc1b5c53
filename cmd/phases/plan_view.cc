#include "cmd/phases/plan_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/signing.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/plan_checks.h"
#include "core/text.h"

namespace cutover {
namespace {

const WriteRecord* last_done(const History& history, Phase phase) {
  const WriteRecord* found = nullptr;
  for (const WriteRecord& write : history.writes)
    if (write.phase == phase && write.state == WriteState::kDone) found = &write;
  return found;
}

const Gate* gate_named(const std::vector<Gate>& gates, std::string_view name) {
  const auto at = std::find_if(gates.begin(), gates.end(), [&](const Gate& gate) { return gate.name == name; });
  return at == gates.end() ? nullptr : &*at;
}

/// When a watch of this write saw everybody turn; nullopt: none has.
std::optional<Instant> converged_at(const History& history, const WriteRecord& write) {
  return converged_since(history, write.ended.value_or(write.started));
}

const CheckRecord* last_preflight(const Plan& plan, const History& history) {
  for (auto record = history.checks.rbegin(); record != history.checks.rend(); ++record)
    if (record->phase == Phase::kPreflight && record->plan_hash == plan.hash) return &*record;
  return nullptr;
}

/// `www.example.com. A, api.example.com. A and 7 more`
std::string listed(const std::vector<RecordKey>& keys) {
  constexpr std::size_t kShown = 4;
  std::vector<std::string> texts;
  for (const RecordKey& key : keys)
    if (texts.size() < kShown) texts.push_back(key.text());
  return join(texts, ", ") + (keys.size() > kShown ? fmt::format(" and {} more", keys.size() - kShown) : "");
}

/// The longest that "does not exist" of this set may be cached, as any sweep saw it.
Seconds negative_ttl_of(const History& history, const RecordKey& key) {
  Seconds longest{};
  for (const SweepRecord& record : history.sweeps)
    for (const net::AuthorityReading& reading : record.sweep.readings)
      if (reading.key == key) longest = std::max(longest, reading.negative_ttl.value_or(Seconds(0)));
  return longest;
}

/// How long after all addresses serve the new values no cache that honours TTLs holds the old ones.
Seconds turning_time(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts) {
  Seconds longest = plan.ttl.during;
  for (std::size_t i = 0; i < plan.zones.size(); ++i) {
    const Seconds settle = settle_time(plan.zones[i], i < facts.size() ? facts[i] : DrainFacts{});
    for (const PlannedChange& change : plan.zones[i].changes) {
      if (change.proxied) continue;
      const Seconds negative = change.from.empty() ? negative_ttl_of(history, change.key()) : Seconds(0);
      longest = std::max(longest, settle + std::max(plan.ttl.during, negative));
    }
  }
  return longest;
}

/// Whether the TTLs are still to be lowered. They may be low without this program's doing: then the drain is all there
/// is to wait for.
enum class Lowering { kToDo, kDone, kNotNeeded };
Lowering lowering_of(const History& history, const Gate& drain) {
  if (last_done(history, Phase::kLowerTtl) != nullptr) return Lowering::kDone;
  return drain.open || drain.opens_at ? Lowering::kNotNeeded : Lowering::kToDo;
}

TimelineEntry lowering_entry(const Plan& plan, const History& history, const Gate& drain) {
  const auto ttl = plan.ttl.during.count();
  switch (lowering_of(history, drain)) {
    case Lowering::kToDo:
      break;
    case Lowering::kDone: {
      const WriteRecord& lowered = *last_done(history, Phase::kLowerTtl);
      return {
          lowered.authoritative_at ? lowered.authoritative_at : lowered.ended, true,
          fmt::format("lower-ttl: TTLs at {} s{}", ttl,
                      lowered.authoritative_at ? ", served so by every authoritative address" : " at the provider")};
    }
    case Lowering::kNotNeeded:
      return {std::nullopt, true,
              fmt::format("lower-ttl: not needed, every authoritative address serves {} s or less", ttl)};
  }
  return {std::nullopt, false, fmt::format("lower-ttl: TTLs down to {} s", ttl)};
}

std::vector<TimelineEntry> timeline_of(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts,
                                       const Gate& drain, Instant now) {
  std::vector<TimelineEntry> line;
  const auto swaps = swap_writes_since_rollback(history);
  const WriteRecord* rollback = standing_rollback(history);
  const Seconds turning = turning_time(plan, history, facts);
  line.push_back(lowering_entry(plan, history, drain));
  if (const CheckRecord* checked = last_preflight(plan, history))
    line.push_back({checked->at, true, fmt::format("preflight: {}", checked->passed ? "passed" : "FAILED")});
  else
    line.push_back({std::nullopt, false, "preflight: certificates and endpoints of the new side"});
  if (swaps.empty()) {
    line.push_back({drain.open ? std::optional(now) : drain.opens_at, false,
                    drain.open ? "swap: the old TTL has drained" : "swap: when the old TTL has drained"});
    line.push_back({std::nullopt, false,
                    fmt::format("watch: caches that honour TTLs have turned {} after the swap is served",
                                format_duration(turning))});
    line.push_back(
        {std::nullopt, false, fmt::format("restore-ttl: after {} of standby", format_duration(plan.standby))});
  } else {
    for (const WriteRecord* wave : swaps)
      line.push_back({wave->authoritative_at ? wave->authoritative_at : wave->ended, wave->state == WriteState::kDone,
                      fmt::format("swap: {}{}", to_text(wave->state),
                                  wave->authoritative_at ? ", served by every authoritative address"
                                                         : ", not yet seen at every authoritative address")});
    if (const auto left = not_swapped_yet(plan, history); !left.empty())
      line.push_back({std::nullopt, false, "swap: not yet swapped by this program: " + listed(left)});
    const WriteRecord& swap = *swaps.back();
    if (swap.authoritative_at) {
      line.push_back({*swap.authoritative_at + turning, now >= *swap.authoritative_at + turning,
                      "bound: no cache that honours TTLs holds the old answer"});
      if (const auto converged = converged_at(history, swap))
        line.push_back({converged, true, "watch: converged"});
      else
        line.push_back({std::nullopt, false, "watch: until the resolvers agree"});
      const Instant over = *swap.authoritative_at + plan.standby;
      if (ttls_are_low(history) || last_done(history, Phase::kRestoreTtl) != nullptr)
        line.push_back({over, false, "restore-ttl: when standby is over"});
      else
        line.push_back({over, now >= over, "restore-ttl: not needed, no TTL was lowered; the end of standby"});
    }
  }
  if (rollback != nullptr)
    line.push_back({rollback->authoritative_at ? rollback->authoritative_at : rollback->ended,
                    rollback->state == WriteState::kDone, "rollback: the old values are back"});
  if (const WriteRecord* restored = last_done(history, Phase::kRestoreTtl))
    line.push_back({restored->ended, true, "restore-ttl: the original TTLs are back"});
  return line;
}

/// What a cache that has turned only in part may give, by an example out of this change.
std::string mixture_of(const ChangeSet& set) {
  const Change& first = set.changes.front();
  for (const Change& one : set.changes)
    for (const Change& other : set.changes)
      if (one.key < other.key && one.key.name == other.key.name)
        return fmt::format("the new {} and the old {} of {}, or the reverse", to_text(one.key.type),
                           to_text(other.key.type), one.key.name.host());
  return fmt::format("the new {} and the old {}, or the reverse", first.key.name.host(),
                     set.changes.back().key.name.host());
}

std::vector<std::string> risks_of(const Cutover& cutover, const SwapView& view) {
  std::vector<std::string> risks;
  const auto facts = drain_facts(cutover.zones);
  std::size_t zones = 0;
  for (std::size_t i = 0; i < view.changes.size(); ++i) {
    const ChangeSet& set = view.changes[i];
    if (set.empty()) continue;
    ++zones;
    const providers::Capabilities& can = cutover.zones[i].provider->capabilities();
    if (set.changes.size() > 1)
      risks.push_back(fmt::format(
          "{}: the change is {} at the provider ({}), but caches turn record by record: for up to {} a "
          "visitor may get {}",
          set.zone.text(),
          can.atomic.value == providers::AtomicScope::kNone || can.atomic.value == providers::AtomicScope::kRecordSet
              ? "not atomic"
              : "one step",
          can.atomic.why, format_duration(cutover.plan.ttl.during), mixture_of(set)));
    for (const Change& change : set.changes) {
      if (change.kind() == Change::Kind::kCreate)
        risks.push_back(fmt::format(
            "{} does not exist yet: resolvers that were asked for it lately answer so until their negative entry "
            "ends{}",
            change.key.text(),
            settle_time(*cutover.zones[i].plan, facts[i]) > Seconds(0)
                ? ""
                : "; where a name server is anycast, `settle:` of the zone keeps `watch` from asking before all of its "
                  "sites have it"));
      if (change.key.type == RecordType::kCname && change.after)
        risks.push_back(fmt::format(
            "{} becomes an alias of {}: its addresses are somebody else's to change, and its TTL adds to yours",
            change.key.name.text(), join(change.after->rdata, ", ")));
    }
    const auto steps = cutover.zones[i].provider->steps(set);
    const std::size_t calls = steps ? steps->size() : 0;
    if (calls > 1)
      risks.push_back(fmt::format(
          "{}: {} one after the other, each after a look at what is there{}; if one fails the swap is partial "
          "(exit 5), and `swap --resume` or `rollback` goes on from there",
          set.zone.text(), counted(calls, "call"),
          can.budget.value.calls == 0
              ? ""
              : fmt::format(", of a budget of {} in {}", counted(can.budget.value.calls, "call"),
                            format_duration(can.budget.value.per))));
    if (!can.commit_step.value.empty())
      risks.push_back(fmt::format("{}: nothing is served before a last call, {} ({})", set.zone.text(),
                                  can.commit_step.value, can.commit_step.why));
    if (calls > 1 && can.atomic.value != providers::AtomicScope::kZone)
      for (const Change& change : set.changes)
        if (change.key.type == RecordType::kCname && change.before.has_value() != change.after.has_value())
          risks.push_back(
              fmt::format("{}: between two calls the name has no records: who asks in that moment is told "
                          "so, and resolvers keep that for the zone's negative TTL",
                          change.key.name.text()));
    if (can.compare_and_swap.value == providers::CompareAndSwap::kNone)
      risks.push_back(fmt::format(
          "{}: the provider has no compare-and-swap ({}): an edit by somebody else in the same second is overwritten",
          set.zone.text(), can.compare_and_swap.why));
  }
  if (zones > 1)
    risks.push_back(fmt::format(
        "{} zones are {} separate writes: one may succeed while another is refused (exit 5, `rollback` undoes it)",
        zones, zones));
  return risks;
}

std::string next_after_rollback(const History& history, const WriteRecord& rollback) {
  const bool low = ttls_are_low(history);
  if (!converged_at(history, rollback))
    return low ? "`cutover watch` until users are back, then `cutover restore-ttl`"
               : "`cutover watch` until users are back";
  return low ? "`cutover restore-ttl`: users are back" : "nothing: users are back, and no TTL was lowered";
}

/// `over`: the end of standby.
std::string next_after_swap(const History& history, const WriteRecord& swap, Instant over, Instant now) {
  const bool low = ttls_are_low(history);
  if (low && now > over) return fmt::format("`cutover restore-ttl`: overdue by {}", format_duration(now - over));
  if (!converged_at(history, swap)) return "`cutover watch`; `cutover rollback` puts everything back";
  if (now > over) return "nothing here: no TTL was lowered; retire the old side when its gates are open";
  return fmt::format("keep the old side on standby until {}{}; `cutover rollback` puts everything back",
                     format_opening(over), low ? ", then `cutover restore-ttl`" : "");
}

}  // namespace

Result<PlanView> view_plan(Cutover& cutover) {
  auto swap = view_swap(cutover, {});
  if (!swap) return swap.error();
  auto history = cutover.journal.history();
  if (!history) return history.error();
  PlanView view;
  view.name = cutover.plan.name;
  view.hash = cutover.plan.hash;
  view.changes = swap->changes;
  view.already_in_place = swap->already_in_place;
  view.notes = swap->notes;
  tell_of_proxied(cutover.plan, view.notes);
  view.gates = swap->gates;
  std::size_t pending = 0;
  for (std::size_t i = 0; i < swap->changes.size(); ++i) {
    const ChangeSet& set = swap->changes[i];
    pending += set.changes.size();
    for (const Change& change : set.changes)
      if (change.before && change.before->ttl > cutover.plan.ttl.during &&
          !is_proxied(*cutover.zones[i].plan, change.key))
        ++view.ttl_changes;
  }
  const auto facts = drain_facts(cutover.zones);
  const Gate drain = ttl_drained(cutover.plan, *history, facts, cutover.clock.now());
  view.timeline = timeline_of(cutover.plan, *history, facts, drain, cutover.clock.now());
  view.risks = risks_of(cutover, *swap);
  for (std::string& sentence : signing_risks(cutover)) view.risks.push_back(std::move(sentence));
  const Gate* drift = gate_named(view.gates, "no-drift");
  view.exit = pending > 0 || (drift != nullptr && !drift->open) ? ExitCode::kClosed : ExitCode::kDone;
  return view;
}

Status status_of(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts, Instant now) {
  Status status;
  const Gate drain = ttl_drained(plan, history, facts, now);
  status.timeline = timeline_of(plan, history, facts, drain, now);
  const auto swaps = swap_writes_since_rollback(history);
  const WriteRecord* rollback = standing_rollback(history);
  const WriteRecord* restored = last_done(history, Phase::kRestoreTtl);
  const WriteRecord* newest = history.writes.empty() ? nullptr : &history.writes.back();
  if (newest != nullptr && (newest->state == WriteState::kOpen || newest->state == WriteState::kPartial)) {
    status.headline = fmt::format("the {} begun {} is {}", to_text(newest->phase), format_instant(newest->started),
                                  newest->state == WriteState::kOpen ? "under way, or was cut off" : "partial");
    status.next = fmt::format("if nothing is running: `cutover {} --resume`{}", to_text(newest->phase),
                              newest->phase == Phase::kSwap ? ", or `cutover rollback`" : "");
  } else if (restored != nullptr && newest == restored) {
    status.headline = "finished: the original TTLs are back";
    if (!swaps.empty()) status.retire = retire_gates(plan, history, now);
    status.next = "nothing";
    status.go = true;
  } else if (rollback != nullptr) {
    status.headline = fmt::format("rolled back {}", format_instant(rollback->ended.value_or(rollback->started)));
    status.next = next_after_rollback(history, *rollback);
    if (rollback->authoritative_at) {
      status.opens_at = *rollback->authoritative_at + turning_time(plan, history, facts);
      status.go = now >= *status.opens_at;
    }
  } else if (!swaps.empty()) {
    const WriteRecord& swap = *swaps.back();
    const Instant since = swap.authoritative_at.value_or(swap.ended.value_or(swap.started));
    const Instant over = since + plan.standby;
    status.restore_overdue = now > over && ttls_are_low(history);
    status.go = now > over;
    status.opens_at = over;
    status.standby_until = over;
    status.headline = fmt::format("swapped {}; standby {} {}", format_instant(since),
                                  now > over ? "ended" : "runs until", format_instant(over));
    status.next = next_after_swap(history, swap, over, now);
    status.retire = retire_gates(plan, history, now);
    for (const ExternalGate& gate : plan.gates)
      if (gate.before == GateBefore::kRetire)
        status.retire.push_back(Gate{gate.name, false, std::nullopt, "asked while `cutover monitor` runs"});
    if (!not_swapped_yet(plan, history).empty())
      status.next = "`cutover swap` for what is not yet swapped; " + status.next;
  } else {
    status.gates = {drain, preflight_passed(plan, history, kPreflightMaxAge, now), mentions_acknowledged(plan),
                    ech_key_held(plan), within_window(plan, now)};
    const Lowering lowering = lowering_of(history, drain);
    status.headline = lowering == Lowering::kDone        ? "TTLs are lowered; the swap is still to come"
                      : lowering == Lowering::kNotNeeded ? "nothing has been written yet; the TTLs are low already"
                                                         : "nothing has been written yet";
    status.next = lowering == Lowering::kToDo ? "`cutover lower-ttl`"
                  : all_open(status.gates)    ? "`cutover swap`"
                  : opening(status.gates)
                      ? fmt::format("`cutover swap` from {}", format_opening(*opening(status.gates)))
                      : "what the closed gates ask for";
    status.go = lowering == Lowering::kToDo || all_open(status.gates);
    status.opens_at = opening(status.gates);
  }
  return status;
}

}  // namespace cutover
