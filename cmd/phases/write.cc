#include "cmd/phases/write.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/way_back.h"
#include "core/boundary.h"
#include "core/text.h"

namespace cutover {
namespace {

// A busy zone (ACME, DHCP) moves its serial every few seconds: each round trip is another chance.
constexpr int kTries = 12;
// Some servers check prerequisites against an unsigned zone whose serial is not the one they serve
// (inline signing, SOA-EDIT). After this many refusals with nothing else moved, the serial is no guard there.
constexpr int kSerialGuardTries = 3;
constexpr int kSettleReads = 4;
constexpr std::chrono::milliseconds kSettlePause{500};

std::vector<RecordKey> keys_of(const ChangeSet& set) {
  std::vector<RecordKey> keys;
  for (const Change& change : set.changes) keys.push_back(change.key);
  return keys;
}

struct Standings {
  ChangeSet remaining;               ///< changes that are still to be made
  std::vector<std::string> foreign;  ///< sentences about sets that somebody else changed
  std::size_t after = 0;
  Soa soa;
  std::optional<RecordSet> soa_set;
};

std::string shown(const std::optional<RecordSet>& set) {
  if (!set) return "nothing";
  return fmt::format("{} ttl={}", printable(join(set->rdata, ", ")), set->ttl.count());
}

Result<Standings> standings(ZoneAtWork& zone, const ChangeSet& set) {
  std::vector<RecordKey> keys = keys_of(set);
  const RecordKey soa_key{set.zone, RecordType::kSoa};
  keys.push_back(soa_key);
  auto live = zone.provider->read_sets(set.zone, keys);
  if (!live) return within("reading " + set.zone.text() + " at its provider", live.error());
  Standings out;
  out.soa = live->soa;
  out.remaining.zone = set.zone;
  if (const auto soa = live->sets.find(soa_key); soa != live->sets.end()) out.soa_set = soa->second;
  for (const Change& change : set.changes) {
    const auto at = live->sets.find(change.key);
    const std::optional<RecordSet> found = at == live->sets.end() ? std::nullopt : std::optional(at->second);
    const Standing standing = standing_of(change, found);
    // A TTL that rose since it was read means caches may hold the old answer longer than the drain gate promised.
    const bool ttl_rose = standing == Standing::kBefore && change.before && found && found->ttl > change.before->ttl;
    if (standing == Standing::kAfter) {
      ++out.after;
    } else if (standing == Standing::kForeign || ttl_rose) {
      out.foreign.push_back(fmt::format("{} is {} and not {}", change.key.text(), shown(found), shown(change.before)));
    } else {
      out.remaining.changes.push_back(change);
    }
  }
  return out;
}

/// After a call whose fate is unknown: a server may still be working on it, so look more than once.
Result<StepOutcome> fate_of(Cutover& cutover, ZoneAtWork& zone, const ChangeSet& attempted) {
  for (int read = 1;; ++read) {
    auto now = standings(zone, attempted);
    if (!now && read >= kSettleReads) return now.error();
    if (now) {
      if (now->remaining.empty() && now->foreign.empty()) return StepOutcome::kApplied;
      if (read >= kSettleReads)
        return now->foreign.empty() && now->after == 0 ? StepOutcome::kNotApplied : StepOutcome::kForeign;
    }
    pause(cutover.loop, kSettlePause);
  }
}

/// The part of a change set that one step touches.
ChangeSet touched_by(const providers::Step& step, const ChangeSet& set) {
  ChangeSet part;
  part.zone = set.zone;
  for (const Change& change : set.changes)
    if (step.touches.empty() || std::find(step.touches.begin(), step.touches.end(), change.key) != step.touches.end())
      part.changes.push_back(change);
  return part;
}

/// One step: intent, call, outcome.
Result<StepOutcome> make_call(Cutover& cutover, ZoneAtWork& zone, std::int64_t write, const providers::Step& step,
                              const ChangeSet& set, Error* refusal) {
  auto intent = cutover.journal.record_intent(write, step);
  if (!intent) return intent.error();
  // The intent is on disk: from here on a crash can be settled.
  boundary("write-before-call");
  auto receipt = zone.provider->apply(step);
  boundary("write-after-call");
  StepOutcome outcome = StepOutcome::kApplied;
  std::string reply;
  if (receipt) {
    reply = receipt->reply;
  } else {
    *refusal = receipt.error();
    reply = receipt.error().message;
    outcome = StepOutcome::kNotApplied;
    if (refusal->code == ErrorCode::kUnknown || refusal->code == ErrorCode::kPartial) {
      cutover.log(fmt::format("{}; looking at the live zone to see what happened", refusal->message));
      auto fate = fate_of(cutover, zone, touched_by(step, set));
      outcome = fate ? *fate : StepOutcome::kUnknown;
    }
  }
  if (auto kept = cutover.journal.record_outcome(*intent, outcome, reply); !kept) return kept.error();
  return outcome;
}

/// Whether a zone that cannot be read may hold a part of the write.
enum class Reached { kNo, kMaybe };

/// Makes the changes of one zone, or says why not. kConflict: somebody else changed a record set. `reached` turns to
/// kMaybe with the first call that may have had an effect.
Result<void> write_zone(Cutover& cutover, ZoneAtWork& zone, std::int64_t write, const ChangeSet& wanted,
                        WriteRequest::TtlGuard guard, Reached& reached) {
  const bool needs_serial = guard == WriteRequest::TtlGuard::kGuarded &&
                            zone.provider->capabilities().compare_and_swap.value == providers::CompareAndSwap::kValues;
  int refused_with_serial = 0;
  for (int attempt = 1; attempt <= kTries; ++attempt) {
    auto now = standings(zone, wanted);
    if (!now) return now.error();
    if (!now->foreign.empty())
      return fail(ErrorCode::kConflict, fmt::format("{} has changed since it was read: {}; nothing was written to it",
                                                    wanted.zone.text(), join(now->foreign, "; ")));
    if (now->remaining.empty()) return {};
    if (needs_serial && refused_with_serial < kSerialGuardTries) {
      now->remaining.guard_serial = now->soa.serial;
      now->remaining.guard_soa = now->soa_set;
    }
    auto steps = zone.provider->steps(now->remaining);
    if (!steps) return steps.error();
    bool again = false;
    for (const providers::Step& step : *steps) {
      Error refusal;
      auto outcome = make_call(cutover, zone, write, step, now->remaining, &refusal);
      if (!outcome || *outcome != StepOutcome::kNotApplied) reached = Reached::kMaybe;
      if (!outcome) return outcome.error();
      if (*outcome == StepOutcome::kApplied) continue;
      if (*outcome == StepOutcome::kUnknown || *outcome == StepOutcome::kForeign) return refusal;
      if (refusal.code != ErrorCode::kConflict) return refusal;
      if (now->remaining.guard_serial && ++refused_with_serial == kSerialGuardTries)
        cutover.log(
            fmt::format("{}: the serial is no usable guard here (it moves too fast, or the served serial is not the "
                        "stored one); values alone guard this write",
                        wanted.zone.text()));
      again = true;
      break;
    }
    if (!again) return {};
  }
  return fail(
      ErrorCode::kConflict,
      fmt::format("{} refused the change {} times although its record sets are as expected; nothing was written to it",
                  wanted.zone.text(), kTries));
}

WriteState state_of(const std::vector<ChangeSet>& changes, std::vector<ZoneAtWork>& zones,
                    const std::vector<Reached>& reached, const std::vector<Error>& errors) {
  if (errors.empty()) return WriteState::kDone;
  bool any_after = false;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    for (const ChangeSet& set : changes) {
      if (set.zone != zones[i].plan->zone || set.empty()) continue;
      const auto now = standings(zones[i], set);
      if (now ? now->after > 0 : reached[i] == Reached::kMaybe) any_after = true;
    }
  }
  return any_after ? WriteState::kPartial : WriteState::kNotApplied;
}

/// `before`: whether an earlier attempt may have reached the zones.
Result<WriteResult> carry_out(Cutover& cutover, std::int64_t id, Phase phase, const std::vector<ChangeSet>& changes,
                              WriteRequest::TtlGuard guard, Reached before) {
  WriteResult result;
  result.write = id;
  auto saved = save_way_back(cutover, phase, id, changes);
  if (!saved) return saved.error();
  result.way_back = std::move(*saved);
  boundary("write-way-back-saved");
  // The way back is on disk.
  std::vector<Reached> reached(cutover.zones.size(), before);
  for (std::size_t i = 0; i < cutover.zones.size(); ++i) {
    for (const ChangeSet& set : changes) {
      if (set.zone != cutover.zones[i].plan->zone || set.empty()) continue;
      auto written = write_zone(cutover, cutover.zones[i], id, set, guard, reached[i]);
      if (!written) result.errors.push_back(within("zone " + set.zone.text(), written.error()));
    }
    // A second zone is not begun once a first has failed: less to put back. A rollback puts back what it can reach.
    if (!result.errors.empty() && phase != Phase::kRollback) break;
  }
  result.state = state_of(changes, cutover.zones, reached, result.errors);
  if (auto ended = cutover.journal.end_write(id, result.state); !ended) return ended.error();
  return result;
}

}  // namespace

Result<WriteResult> write(Cutover& cutover, const WriteRequest& request) {
  std::vector<ChangeSet> changes;
  for (const ChangeSet& set : request.changes)
    if (!set.empty()) changes.push_back(set);
  auto id = cutover.journal.begin_write(request.phase, cutover.plan.hash, changes);
  if (!id) return id.error();
  return carry_out(cutover, *id, request.phase, changes, request.ttl_guard, Reached::kNo);
}

Result<WriteResult> finish(Cutover& cutover, const WriteRecord& unfinished) {
  const auto guard =
      unfinished.phase == Phase::kRollback ? WriteRequest::TtlGuard::kValuesOnly : WriteRequest::TtlGuard::kGuarded;
  return carry_out(cutover, unfinished.id, unfinished.phase, unfinished.changes, guard, Reached::kMaybe);
}

namespace {

std::string_view happened(StepOutcome outcome) {
  switch (outcome) {
    case StepOutcome::kApplied:
      return "it had been applied";
    case StepOutcome::kNotApplied:
      return "it had not been applied";
    case StepOutcome::kUnknown:
      return "what became of it cannot be told yet";
    case StepOutcome::kForeign:
      return "somebody else has changed these record sets since";
  }
  return "";
}

ZoneAtWork* find_zone(Cutover& cutover, const DomainName& name) {
  for (ZoneAtWork& zone : cutover.zones)
    if (zone.plan->zone == name) return &zone;
  return nullptr;
}

/// Settles the calls of one write whose outcome nobody recorded.
Result<void> settle_calls(Cutover& cutover, const WriteRecord& record, std::vector<std::string>& lines) {
  for (const IntentRecord& intent : record.intents) {
    if (intent.outcome && *intent.outcome != StepOutcome::kUnknown) continue;
    ZoneAtWork* zone = find_zone(cutover, intent.step.zone);
    const auto set = std::find_if(record.changes.begin(), record.changes.end(),
                                  [&](const ChangeSet& s) { return s.zone == intent.step.zone; });
    if (zone == nullptr || set == record.changes.end()) continue;
    auto now = standings(*zone, touched_by(intent.step, *set));
    if (!now) return now.error();
    const bool all_after = now->remaining.empty() && now->foreign.empty();
    const StepOutcome outcome = all_after                                 ? StepOutcome::kApplied
                                : now->after == 0 && now->foreign.empty() ? StepOutcome::kNotApplied
                                                                          : StepOutcome::kForeign;
    if (auto kept = cutover.journal.record_outcome(intent.id, outcome, "settled from the live zone"); !kept)
      return kept.error();
    lines.push_back(fmt::format("the call \"{}\" of {} on {} was cut off; {}", printable(intent.step.summary),
                                to_text(record.phase), format_instant(intent.at), happened(outcome)));
  }
  return {};
}

}  // namespace

Result<Settled> settle(Cutover& cutover, UnreadableZone unreadable) {
  Settled settled;
  auto history = cutover.journal.history();
  if (!history) return history.error();
  // What a later finished write followed is history: a rollback has the last word on a partial swap.
  auto begin = history->writes.begin();
  for (auto at = history->writes.begin(); at != history->writes.end(); ++at)
    if (at->state == WriteState::kDone) begin = at + 1;
  for (auto at = begin; at != history->writes.end(); ++at) {
    const WriteRecord& record = *at;
    const bool open = record.state == WriteState::kOpen;
    if (!open && record.state != WriteState::kPartial) continue;
    const auto leave_open = [&](const Error& error) {
      settled.unfinished = record;
      settled.lines.push_back(fmt::format("what became of the {} begun {} is not known everywhere: {}",
                                          to_text(record.phase), format_instant(record.started), error.message));
    };
    if (auto calls = settle_calls(cutover, record, settled.lines); !calls) {
      if (unreadable == UnreadableZone::kError) return calls.error();
      leave_open(calls.error());
      continue;
    }
    std::optional<Error> trouble;
    std::size_t after = 0;
    std::size_t remaining = 0;
    std::size_t foreign = 0;
    for (const ChangeSet& set : record.changes) {
      ZoneAtWork* zone = find_zone(cutover, set.zone);
      if (zone == nullptr) {
        remaining += set.changes.size();
        continue;
      }
      auto now = standings(*zone, set);
      if (!now && unreadable == UnreadableZone::kError) return now.error();
      if (!now) {
        trouble = now.error();
        continue;
      }
      after += now->after;
      remaining += now->remaining.changes.size();
      foreign += now->foreign.size();
    }
    if (trouble) {
      leave_open(*trouble);
    } else if (remaining == 0 && foreign == 0) {
      if (auto ended = cutover.journal.end_write(record.id, WriteState::kDone); !ended) return ended.error();
      settled.lines.push_back(fmt::format("the {} begun {} is complete in the live zone", to_text(record.phase),
                                          format_instant(record.started)));
    } else if (after == 0 && open) {
      // Nothing of it is in the zone. It stays open for its own command to go on with.
      settled.unfinished = record;
      settled.lines.push_back(fmt::format("the {} begun {} was cut off before it changed anything",
                                          to_text(record.phase), format_instant(record.started)));
    } else if (after > 0) {
      settled.unfinished = record;
      settled.lines.push_back(fmt::format("the {} begun {} is partial: {} of {} in force", to_text(record.phase),
                                          format_instant(record.started), after,
                                          counted(after + remaining + foreign, "record set")));
    } else if (auto ended = cutover.journal.end_write(record.id, WriteState::kNotApplied); !ended) {
      return ended.error();
    }
  }
  return settled;
}

}  // namespace cutover
