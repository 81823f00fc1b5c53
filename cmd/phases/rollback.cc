#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/live.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/snapshot.h"
#include "core/text.h"

namespace cutover {
namespace {

struct Undoing {
  std::vector<ChangeSet> changes;
  std::vector<Drift> drift;
  std::size_t already_back = 0;
  std::vector<std::string> notes;
};

/// From the journal; where that is lost, from the snapshot that lay beside it.
Result<std::vector<ChangeSet>> what_was_swapped(const History& history, const PhaseOptions& options) {
  if (options.from_snapshot.empty()) return swapped_since_rollback(history);
  auto snapshot = read_snapshot(options.from_snapshot);
  if (!snapshot) return snapshot.error();
  if (snapshot->phase != Phase::kSwap)
    return fail(ErrorCode::kUsage,
                fmt::format("{} was made before a {}, not before a swap; give the one named snapshot-swap-N.json",
                            options.from_snapshot.string(), to_text(snapshot->phase)));
  return std::move(snapshot->changes);
}

/// The inverse of what was swapped, against what is live: only what is still swapped is put back.
Result<Undoing> undoing(Cutover& cutover, const std::vector<ChangeSet>& swapped) {
  Undoing out;
  std::optional<Error> unreadable;
  std::size_t read = 0;
  for (ZoneAtWork& zone : cutover.zones) {
    ChangeSet todo;
    todo.zone = zone.plan->zone;
    const auto mine =
        std::find_if(swapped.begin(), swapped.end(), [&](const ChangeSet& set) { return set.zone == zone.plan->zone; });
    if (mine != swapped.end()) {
      std::vector<RecordKey> keys;
      for (const Change& change : mine->changes) keys.push_back(change.key);
      auto live = look(cutover, zone, Phase::kRollback, keys);
      if (!live) {
        // One dead server does not keep the other zones on the new side: this one is tried, told, and resumed later.
        unreadable = live.error();
        out.notes.push_back(live.error().message);
        out.changes.push_back(rollback_of(*mine));
        continue;
      }
      ++read;
      for (Change change : rollback_of(*mine).changes) {
        const auto found = live->at_provider(change.key);
        switch (standing_of(change, found)) {
          case Standing::kBefore:
            change.before = found;
            // What comes back keeps the TTL that is served now, so that a mistaken rollback is undone in minutes.
            if (change.before && change.after) change.after->ttl = std::min(change.after->ttl, change.before->ttl);
            todo.changes.push_back(std::move(change));
            break;
          case Standing::kAfter:
            ++out.already_back;
            break;
          case Standing::kForeign:
            if (stopped_halfway(*zone.provider, change, found)) {
              change.before = found;
              todo.changes.push_back(std::move(change));
              break;
            }
            out.drift.push_back({change.key, change.before ? join(change.before->rdata, ", ") : "nothing",
                                 found ? join(found->rdata, ", ") : "nothing"});
            break;
        }
      }
    }
    out.changes.push_back(std::move(todo));
  }
  if (unreadable && read == 0) return *unreadable;
  return out;
}

Result<void> look_back(Cutover& cutover, const PhaseOptions& options, PhaseResult& result) {
  auto served = read_back(cutover, after_images(cutover, result.changes, Wanted::Match::kValues), options, 1, result);
  if (!served) return served.error();
  if (!*served) {
    result.headline = "the old values are back at the provider, but not every authoritative address serves them yet";
    result.next = "look at those servers; `cutover status` tells more";
    return {};
  }
  tell_of_proxied(cutover.plan, result.notes);
  if (!seen_by_resolvers(cutover, result.changes)) {
    result.headline = fmt::format("{} put back at the provider", counted(count_changes(result.changes), "record set"));
    result.next = "users are back as soon as the provider's proxy has taken it over";
    return {};
  }
  result.bound = bound_after(cutover, result.changes, *result.served_at, Seconds{});
  result.headline =
      fmt::format("{} put back; every authoritative address serves the old values since {}",
                  counted(count_changes(result.changes), "record set"), format_instant(*result.served_at));
  result.next = fmt::format("users are back by {} (caches that honour TTLs); then `cutover restore-ttl`",
                            format_opening(*result.bound));
  return {};
}

}  // namespace

Result<PhaseResult> rollback(Cutover& cutover, const PhaseOptions& options) {
  PhaseResult result;
  result.phase = Phase::kRollback;
  if (auto reviewed = check_plan_hash(cutover.plan, options); !reviewed) return reviewed.error();
  auto continued = settle_and_continue(cutover, Phase::kRollback, options, result.notes);
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
  auto history = cutover.journal.history();
  if (!history) return history.error();
  auto found = what_was_swapped(*history, options);
  if (!found) return found.error();
  const std::vector<ChangeSet>& swapped = *found;
  if (nothing_in(swapped)) {
    const WriteRecord* last = standing_rollback(*history);
    if (last == nullptr) {
      result.headline = "nothing was swapped, so there is nothing to put back";
      return result;
    }
    result.changes = last->changes;
    if (auto looked = look_back(cutover, options, result); !looked) return looked.error();
    if (result.exit == ExitCode::kDone) result.headline = "everything is put back already; " + result.headline;
    return result;
  }
  // The journal says what to undo; the live zone says how much of it is in force.

  auto todo = undoing(cutover, swapped);
  if (!todo) return todo.error();
  result.changes = todo->changes;
  for (const std::string& note : todo->notes) cutover.log(note);
  result.gates.push_back(no_drift(todo->drift));
  if (options.drifted == PhaseOptions::Drifted::kSkip && !todo->drift.empty()) {
    result.gates.back().overridden = true;
    result.notes.push_back(fmt::format("{} left alone because somebody else changed it (--skip-drifted)",
                                       counted(todo->drift.size(), "record set")));
  }
  if (auto noted = note_gates(cutover, Phase::kRollback, result.gates); !noted) return noted.error();
  if (!all_open(result.gates)) {
    result.exit = ExitCode::kClosed;
    result.headline = "somebody changed record sets that the rollback would touch; nothing was written";
    result.next = "look at them; --skip-drifted puts back the others";
    return result;
  }
  if (options.last_look) {
    result.checks = options.last_look(result.changes);
    for (const Check& check : result.checks)
      if (check.verdict == Verdict::kFail) cutover.log("the old side: " + sentence_of(check));
  }
  // The old side's health is known and shown; it does not stop anybody at 3 a.m.

  auto written = agree_and_write(cutover, {Phase::kRollback, result.changes, WriteRequest::TtlGuard::kValuesOnly},
                                 options, result);
  if (!written) return written.error();
  if (!*written) return result;
  if (auto looked = look_back(cutover, options, result); !looked) return looked.error();
  return result;
}

}  // namespace cutover
