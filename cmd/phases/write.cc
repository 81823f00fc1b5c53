#include "cmd/phases/write.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/live.h"
#include "cmd/phases/way_back.h"
#include "core/boundary.h"
#include "core/codec.h"
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
// Route 53 says "usually within 60 seconds"; others take less.
constexpr std::chrono::milliseconds kFirstSyncPause{250};
constexpr std::chrono::milliseconds kSyncPause{4000};
constexpr std::chrono::milliseconds kSyncPatience{180000};

std::vector<RecordKey> keys_of(const ChangeSet& set) {
  std::vector<RecordKey> keys;
  for (const Change& change : set.changes) keys.push_back(change.key);
  return keys;
}

struct Standings {
  ChangeSet remaining;               ///< changes that are still to be made
  std::vector<std::string> foreign;  ///< sentences about sets that somebody else changed
  std::vector<std::string> refused;  ///< sentences about sets that the provider would spoil
  std::size_t after = 0;
  std::size_t halfway = 0;  ///< of those in `remaining`
  Soa soa;
  std::optional<RecordSet> soa_set;
};

std::string shown(const std::optional<RecordSet>& set) {
  if (!set) return "nothing";
  return fmt::format("{} ttl={}", printable(join(set->rdata, ", ")), set->ttl.count());
}

/// What a set is that is half-way between before and after, at a provider that edits record by record.
enum class Halfway { kForeign, kOurs };

Result<Standings> standings(ZoneAtWork& zone, const ChangeSet& set, Halfway halfway = Halfway::kForeign) {
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
    if (const auto why = live->refused.find(change.key); why != live->refused.end())
      out.refused.push_back(fmt::format("{} {}", change.key.text(), why->second));
    if (std::string wrong = proxy_mismatch(*zone.plan, *live, change.key); !wrong.empty())
      out.refused.push_back(std::move(wrong));
    if (halfway == Halfway::kOurs && stopped_halfway(*zone.provider, change, found)) {
      ++out.halfway;
      out.remaining.changes.push_back({change.key, found, change.after});
    } else if (standing == Standing::kAfter) {
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
  if (attempted.empty()) return StepOutcome::kUnknown;  // a commit, which no record set tells of
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

/// The part of a change set that one step makes: what it says itself, or else all of the sets that it touches.
ChangeSet made_by(const providers::Step& step, const ChangeSet& set) {
  if (step.ordinal == 0) return {set.zone, {}, std::nullopt, std::nullopt};
  if (auto said = change_set_from_json(step.request); said && said->zone == set.zone) return *std::move(said);
  ChangeSet part;
  part.zone = set.zone;
  for (const Change& change : set.changes)
    if (step.touches.empty() || std::find(step.touches.begin(), step.touches.end(), change.key) != step.touches.end())
      part.changes.push_back(change);
  return part;
}

/// Asks the provider, where it can be asked, whether the change is in force. That it takes long is told and no error:
/// the authoritative servers are asked next in any case. An error: the provider says that the change failed.
Result<void> wait_in_sync(Cutover& cutover, ZoneAtWork& zone, const providers::Receipt& receipt) {
  std::chrono::milliseconds span = kFirstSyncPause;
  for (std::chrono::milliseconds waited{0}; waited < kSyncPatience;
       waited += span, span = std::min(2 * span, kSyncPause)) {
    auto in_sync = zone.provider->in_sync(receipt);
    if (!in_sync) return within("asking whether the change is in force", in_sync.error());
    if (*in_sync) return {};
    if (waited == std::chrono::milliseconds(0))
      cutover.log(
          fmt::format("{} is accepted; waiting until its provider says that it is in force", receipt.zone.text()));
    pause(cutover.loop, span);
  }
  cutover.log(fmt::format("{}: its provider has not said within {} that the change is in force everywhere",
                          receipt.zone.text(), format_duration(kSyncPatience)));
  return {};
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
  const auto settled = receipt ? wait_in_sync(cutover, zone, *receipt) : Result<void>(receipt.error());
  if (settled) {
    reply = receipt->reply;
  } else {
    *refusal = settled.error();
    reply = refusal->message;
    outcome = StepOutcome::kNotApplied;
    // What was taken is not undone by trouble with asking about it.
    if (receipt || refusal->code == ErrorCode::kUnknown || refusal->code == ErrorCode::kPartial) {
      cutover.log(fmt::format("{}; looking at the live zone to see what happened", refusal->message));
      auto fate = fate_of(cutover, zone, made_by(step, set));
      outcome = fate ? *fate : StepOutcome::kUnknown;
    }
  }
  if (auto kept = cutover.journal.record_outcome(*intent, outcome, reply); !kept) return kept.error();
  return outcome;
}

/// Whether a zone may hold a part of the write.
enum class Reached { kNo, kMaybe };

struct WriteTerms {
  Phase phase;
  WriteRequest::TtlGuard guard;
};

/// Whether all steps were made; if not, and there is no error, somebody was quicker and the zone is read again.
enum class Made { kAll, kReadAgain };

Result<Made> make_steps(Cutover& cutover, ZoneAtWork& zone, std::int64_t write,
                        const std::vector<providers::Step>& steps, const ChangeSet& set, Reached& reached) {
  for (const providers::Step& step : steps) {
    Error refusal;
    auto outcome = make_call(cutover, zone, write, step, set, &refusal);
    if (!outcome || *outcome != StepOutcome::kNotApplied) reached = Reached::kMaybe;
    if (!outcome) return outcome.error();
    if (*outcome == StepOutcome::kApplied) continue;
    if (*outcome != StepOutcome::kNotApplied || refusal.code != ErrorCode::kConflict) return refusal;
    return Made::kReadAgain;
  }
  return Made::kAll;
}

/// What the steps have laid out comes into force, where that takes a call of its own.
Result<void> commit(Cutover& cutover, ZoneAtWork& zone, std::int64_t write, Reached& reached) {
  const auto step = zone.provider->commit(zone.plan->zone);
  if (!step) return {};
  ChangeSet nothing;
  nothing.zone = zone.plan->zone;
  auto made = make_steps(cutover, zone, write, {*step}, nothing, reached);
  if (!made) return made.error();
  return *made == Made::kAll
             ? Result<void>()
             : fail(ErrorCode::kPartial,
                    fmt::format("what was changed in {} was not brought into force", zone.plan->zone.text()));
}

/// Makes the changes of one zone, or says why not. kConflict: somebody else changed a record set. `reached` turns to
/// kMaybe with the first call that may have had an effect.
Result<void> write_zone(Cutover& cutover, ZoneAtWork& zone, std::int64_t write, const ChangeSet& wanted,
                        const WriteTerms& terms, Reached& reached) {
  const auto untouched = [&] {
    return reached == Reached::kNo ? "nothing was written to it" : "it is written in part";
  };
  const bool needs_serial = terms.guard == WriteRequest::TtlGuard::kGuarded &&
                            zone.provider->capabilities().compare_and_swap.value == providers::CompareAndSwap::kValues;
  int refused_with_serial = 0;
  for (int attempt = 1; attempt <= kTries; ++attempt) {
    const bool ours = reached == Reached::kMaybe || terms.phase == Phase::kRollback;
    auto now = standings(zone, wanted, ours ? Halfway::kOurs : Halfway::kForeign);
    if (!now) return now.error();
    if (!now->foreign.empty())
      return fail(ErrorCode::kConflict, fmt::format("{} has changed since it was read: {}; {}", wanted.zone.text(),
                                                    join(now->foreign, "; "), untouched()));
    if (now->remaining.empty())
      return reached == Reached::kMaybe ? commit(cutover, zone, write, reached) : Result<void>();
    if (!now->refused.empty())
      return fail(ErrorCode::kUnsupported, fmt::format("{}; {}", join(now->refused, "; "), untouched()));
    if (needs_serial && refused_with_serial < kSerialGuardTries) {
      now->remaining.guard_serial = now->soa.serial;
      now->remaining.guard_soa = now->soa_set;
    }
    auto steps = zone.provider->steps(now->remaining);
    if (!steps) return steps.error();
    auto made = make_steps(cutover, zone, write, *steps, now->remaining, reached);
    if (!made) return made.error();
    // One call made all of it. Of several each was taken at its word; they are looked at together.
    if (*made == Made::kAll && steps->size() == 1) return commit(cutover, zone, write, reached);
    if (*made == Made::kReadAgain && now->remaining.guard_serial && ++refused_with_serial == kSerialGuardTries)
      cutover.log(
          fmt::format("{}: the serial is no usable guard here (it moves too fast, or the served serial is not the "
                      "stored one); values alone guard this write",
                      wanted.zone.text()));
  }
  return fail(ErrorCode::kConflict,
              fmt::format("{} refused the change {} times although its record sets are as expected; {}",
                          wanted.zone.text(), kTries, untouched()));
}

/// Of a zone that may be written and cannot be read nobody knows how far: that is one more error.
WriteState state_of(const std::vector<ChangeSet>& changes, std::vector<ZoneAtWork>& zones,
                    const std::vector<Reached>& reached, std::vector<Error>& errors) {
  if (errors.empty()) return WriteState::kDone;
  bool any_after = false;
  for (std::size_t i = 0; i < zones.size(); ++i) {
    for (const ChangeSet& set : changes) {
      if (set.zone != zones[i].plan->zone || set.empty()) continue;
      const bool maybe = reached[i] == Reached::kMaybe;
      const auto now = standings(zones[i], set, maybe ? Halfway::kOurs : Halfway::kForeign);
      if (now ? now->after + now->halfway > 0 : maybe) any_after = true;
      if (!now && maybe)
        errors.push_back(fail(ErrorCode::kUnknown, fmt::format("zone {}: it cannot be read, so how far it is written "
                                                               "is not known",
                                                               set.zone.text())));
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
      auto written = write_zone(cutover, cutover.zones[i], id, set, {phase, guard}, reached[i]);
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

/// Whether the zone's provider wants a commit and none is known to have been made after the last step.
bool lacks_commit(const ZoneAtWork& zone, const WriteRecord& record) {
  const auto commit = zone.provider->commit(zone.plan->zone);
  if (!commit) return false;
  bool lacks = true;
  for (const IntentRecord& intent : record.intents)
    if (intent.step.zone == zone.plan->zone)
      lacks = intent.step.request != commit->request || intent.outcome != StepOutcome::kApplied;
  return lacks;
}

/// Settles the calls of one write whose outcome nobody recorded.
Result<void> settle_calls(Cutover& cutover, const WriteRecord& record, std::vector<std::string>& lines) {
  for (const IntentRecord& intent : record.intents) {
    if (intent.outcome && *intent.outcome != StepOutcome::kUnknown) continue;
    ZoneAtWork* zone = find_zone(cutover, intent.step.zone);
    const auto set = std::find_if(record.changes.begin(), record.changes.end(),
                                  [&](const ChangeSet& s) { return s.zone == intent.step.zone; });
    if (zone == nullptr || set == record.changes.end()) continue;
    const ChangeSet attempted = made_by(intent.step, *set);
    auto now = standings(*zone, attempted);
    if (!now) return now.error();
    // No record set tells of a commit: it is made again.
    const bool all_after = !attempted.empty() && now->remaining.empty() && now->foreign.empty();
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
    std::size_t halfway = 0;
    std::size_t foreign = 0;
    bool uncommitted = false;
    for (const ChangeSet& set : record.changes) {
      ZoneAtWork* zone = find_zone(cutover, set.zone);
      if (zone == nullptr) {
        remaining += set.changes.size();
        continue;
      }
      auto now = standings(*zone, set, Halfway::kOurs);
      if (!now && unreadable == UnreadableZone::kError) return now.error();
      if (!now) {
        trouble = now.error();
        continue;
      }
      // A half-way set is in force in part and still to be made.
      after += now->after + now->halfway;
      remaining += now->remaining.changes.size() - now->halfway;
      halfway += now->halfway;
      if (now->after > 0 && lacks_commit(*zone, record)) uncommitted = true;
      foreign += now->foreign.size();
    }
    if (trouble) {
      leave_open(*trouble);
    } else if (remaining + halfway + foreign == 0 && uncommitted) {
      settled.unfinished = record;
      settled.lines.push_back(fmt::format("the {} begun {} is laid out at the provider and not known to be in force",
                                          to_text(record.phase), format_instant(record.started)));
    } else if (remaining + halfway + foreign == 0) {
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
      settled.lines.push_back(fmt::format("the {} begun {} is partial: {} of {} in force{}", to_text(record.phase),
                                          format_instant(record.started), after,
                                          counted(after + remaining + foreign, "record set"),
                                          halfway > 0 ? fmt::format(", {} of them half-way", halfway) : ""));
    } else if (auto ended = cutover.journal.end_write(record.id, WriteState::kNotApplied); !ended) {
      return ended.error();
    }
  }
  return settled;
}

}  // namespace cutover
