#include "cmd/phases/writing.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover {

Result<void> note_gates(Cutover& cutover, Phase phase, const std::vector<Gate>& gates) {
  const bool is_open = all_open(gates);
  std::vector<std::string> told;
  for (const Gate& gate : gates)
    if (is_open || !(gate.open || gate.overridden))
      told.push_back(fmt::format("{} {}: {}", gate.name,
                                 gate.open         ? "open"
                                 : gate.overridden ? "overridden"
                                                   : "closed",
                                 gate.why));
  return cutover.journal.record_events(phase, "gate", told);
}

Result<void> apply_overrides(Cutover& cutover, Phase phase, const PhaseOptions& options, std::vector<Gate>& gates) {
  std::vector<std::pair<std::string, std::string>> needed;
  for (const auto& given : options.overrides) {
    const std::string& name = given.first;
    const std::string& reason = given.second;
    const auto gate = std::find_if(gates.begin(), gates.end(), [&](const Gate& g) { return g.name == name; });
    if (gate == gates.end()) {
      std::vector<std::string> known;
      for (const Gate& g : gates) known.push_back(g.name);
      return fail(ErrorCode::kUsage, fmt::format("--override names '{}', which is no gate of {}; its gates are {}",
                                                 printable(name), to_text(phase), join(known, ", ")));
    }
    if (trim(reason).empty())
      return fail(ErrorCode::kUsage,
                  fmt::format("--override {} needs a reason: --override {}=\"why this is safe\"", name, name));
    if (!gate->open) needed.push_back(given);
  }
  if (auto kept = cutover.journal.record_overrides(phase, needed); !kept) return kept.error();
  // The reasons are on record.
  for (const auto& [name, reason] : needed) {
    for (Gate& gate : gates)
      if (gate.name == name) gate.overridden = true;
    cutover.log(fmt::format("gate {} overridden: {}", name, printable(reason)));
  }
  return {};
}

Result<void> check_plan_hash(const Plan& plan, const PhaseOptions& options) {
  if (!options.plan_hash || plan.hash == *options.plan_hash) return {};
  // A prefix of eight or more digits is as good as people copy it.
  if (options.plan_hash->size() >= 8 && plan.hash.starts_with(*options.plan_hash)) return {};
  return fail(
      ErrorCode::kConflict,
      fmt::format(
          "{} is not the plan that was reviewed: its hash is {}, not {}; run `cutover plan` and review it again",
          plan.file.string(), plan.hash.substr(0, 12), printable(*options.plan_hash)));
}

bool nothing_in(const std::vector<ChangeSet>& changes) {
  return std::all_of(changes.begin(), changes.end(), [](const ChangeSet& set) { return set.empty(); });
}

std::size_t count_changes(const std::vector<ChangeSet>& changes) {
  std::size_t count = 0;
  for (const ChangeSet& set : changes) count += set.changes.size();
  return count;
}

namespace {

/// Shows the diff and asks, unless consent was given (the result shows the diff too).
bool agreed(Cutover& cutover, Phase phase, const std::vector<ChangeSet>& changes, const PhaseOptions& options) {
  if (options.consent == PhaseOptions::Consent::kGiven) return true;
  for (const ChangeSet& set : changes) {
    if (set.empty()) continue;
    cutover.log(fmt::format("zone {}", set.zone.text()));
    for (const std::string& line : diff_lines(set)) cutover.log("  " + line);
  }
  return cutover.telling.confirm && cutover.telling.confirm(fmt::format("{}: write {} now?", to_text(phase),
                                                                        counted(count_changes(changes), "change")));
}

}  // namespace

Result<bool> agree_and_write(Cutover& cutover, const WriteRequest& request, const PhaseOptions& options,
                             PhaseResult& result) {
  if (!nothing_in(request.changes) && !agreed(cutover, request.phase, request.changes, options)) {
    result.exit = ExitCode::kClosed;
    result.headline = "not agreed to; nothing was written (--yes says yes where nobody can be asked)";
    return false;
  }
  auto written = write(cutover, request);
  if (!written) return written.error();
  result.way_back = written->way_back;
  if (written->state == WriteState::kDone) return true;
  tell_trouble(result, written->state, written->errors);
  return false;
}

Result<bool> read_back(Cutover& cutover, const std::vector<std::vector<Wanted>>& wanted, const PhaseOptions& options,
                       int clean_sweeps, PhaseResult& result) {
  auto served = wait_until_served(cutover, result.phase, wanted, options.sync_timeout, clean_sweeps);
  if (!served) return served.error();
  if (!served->served_at) {
    result.exit = ExitCode::kGaveUp;
    result.notes.insert(result.notes.end(), served->not_serving.begin(), served->not_serving.end());
    return false;
  }
  result.served_at = served->served_at;
  auto last = cutover.journal.unconfirmed_write(result.phase);
  if (!last) return last.error();
  if (*last)
    if (auto kept = cutover.journal.record_authoritative(**last, *served->served_at); !kept) return kept.error();
  return true;
}

std::vector<std::vector<Wanted>> after_images(const Cutover& cutover, const std::vector<ChangeSet>& changes,
                                              Wanted::Match match) {
  std::vector<std::vector<Wanted>> wanted(cutover.zones.size());
  for (std::size_t i = 0; i < cutover.zones.size(); ++i)
    for (const ChangeSet& set : changes)
      if (set.zone == cutover.zones[i].plan->zone)
        for (const Change& change : set.changes)
          if (!is_proxied(*cutover.zones[i].plan, change.key)) wanted[i].push_back({change.key, change.after, match});
  return wanted;
}

namespace {

const ZonePlan* plan_of(const Cutover& cutover, const DomainName& zone) {
  for (const ZonePlan& planned : cutover.plan.zones)
    if (planned.zone == zone) return &planned;
  return nullptr;
}

/// Without the sets behind a proxy, which no cache holds.
ChangeSet seen(const ZonePlan& zone, ChangeSet set) {
  std::erase_if(set.changes, [&](const Change& change) { return is_proxied(zone, change.key); });
  return set;
}

}  // namespace

void tell_of_proxied(const Plan& plan, std::vector<std::string>& notes) {
  std::vector<std::string> keys;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& change : zone.changes)
      if (change.proxied) keys.push_back(change.key().text());
  if (keys.empty()) return;
  notes.push_back(fmt::format(
      "behind the provider's proxy: {}. Its origin is swapped: there is no TTL to lower and no resolver to watch, "
      "visitors follow as soon as the provider's servers take the change over",
      join(keys, ", ")));
}

bool seen_by_resolvers(const Cutover& cutover, const std::vector<ChangeSet>& changes) {
  return std::any_of(changes.begin(), changes.end(), [&](const ChangeSet& set) {
    const ZonePlan* zone = plan_of(cutover, set.zone);
    return zone == nullptr ? !set.empty() : !seen(*zone, set).changes.empty();
  });
}

Seconds longest_before(const std::vector<ChangeSet>& changes, Seconds least) {
  for (const ChangeSet& set : changes)
    for (const Change& change : set.changes)
      if (change.before) least = std::max(least, change.before->ttl);
  return least;
}

Instant bound_after(Cutover& cutover, const std::vector<ChangeSet>& changes, Instant served_at, Seconds least) {
  const auto facts = drain_facts(cutover.zones);
  Instant bound = served_at + least;
  for (std::size_t i = 0; i < cutover.zones.size(); ++i) {
    ZoneAtWork& zone = cutover.zones[i];
    for (const ChangeSet& change_set : changes) {
      if (change_set.zone != zone.plan->zone) continue;
      const ChangeSet set = seen(*zone.plan, change_set);
      if (set.changes.empty()) continue;
      Seconds held = longest_before({set}, least);
      const bool creates = std::any_of(set.changes.begin(), set.changes.end(),
                                       [](const Change& change) { return !change.before && change.after; });
      if (creates)
        if (const auto live = zone.provider->read_sets(zone.plan->zone, {}))
          held = std::max(held, live->soa.negative_ttl());
      bound = std::max(bound, served_at + settle_time(*zone.plan, facts[i]) + held);
    }
  }
  return bound;
}

Result<std::optional<Continued>> settle_and_continue(Cutover& cutover, Phase phase, const PhaseOptions& options,
                                                     std::vector<std::string>& notes) {
  auto settled = settle(cutover, phase == Phase::kRollback ? UnreadableZone::kLeavesOpen : UnreadableZone::kError);
  if (!settled) return settled.error();
  for (const std::string& line : settled->lines) {
    notes.push_back(line);
    cutover.log(line);
  }
  if (!settled->unfinished) return std::optional<Continued>();
  const WriteRecord& open = *settled->unfinished;
  if (phase == Phase::kRollback && open.phase != Phase::kRollback) return std::optional<Continued>();
  if (open.phase != phase)
    return fail(ErrorCode::kPartial,
                fmt::format("a {} begun {} is unfinished; finish it with `cutover {} --resume`{} first",
                            to_text(open.phase), format_instant(open.started), to_text(open.phase),
                            open.phase == Phase::kSwap ? " or undo it with `cutover rollback`" : ""));
  if (open.state == WriteState::kPartial && options.unfinished == PhaseOptions::Unfinished::kRefuse)
    return fail(ErrorCode::kPartial,
                fmt::format("the {} begun {} is partial; finish it with --resume{}", to_text(open.phase),
                            format_instant(open.started),
                            open.phase == Phase::kSwap ? ", or undo it with `cutover rollback`" : ""));
  cutover.log(fmt::format("going on with the {} begun {}", to_text(open.phase), format_instant(open.started)));
  auto finished = finish(cutover, open);
  if (!finished) return finished.error();
  return std::optional(Continued{open.changes, finished->way_back, finished->state, finished->errors});
}

void tell_trouble(PhaseResult& result, WriteState state, const std::vector<Error>& errors) {
  for (const Error& error : errors) result.notes.push_back(error.message);
  const std::string_view phase = to_text(result.phase);
  if (state == WriteState::kPartial) {
    result.exit = ExitCode::kPartial;
    const bool unknown =
        std::any_of(errors.begin(), errors.end(), [](const Error& e) { return e.code == ErrorCode::kUnknown; });
    result.headline =
        unknown ? fmt::format("whether the {} was made everywhere is not known, so it counts as partial", phase)
                : fmt::format("{} is partial: some record sets are written and some are not", phase);
    result.next = result.phase == Phase::kSwap
                      ? "finish it with `cutover swap --resume`, or undo it with `cutover rollback`"
                      : fmt::format("finish it with `cutover {} --resume`", phase);
    return;
  }
  const bool drift =
      std::any_of(errors.begin(), errors.end(), [](const Error& e) { return e.code == ErrorCode::kConflict; });
  result.exit = drift ? ExitCode::kClosed : ExitCode::kError;
  result.headline = fmt::format("{}: nothing was written", phase);
  result.next = drift
                    ? "somebody else is changing these record sets: look at the notes, mend plan or zone, run it again"
                    : "mend what the notes say and run it again";
}

std::string sentence_of(const Check& check) {
  const std::string name = check.name ? check.name->host() : "";
  const std::string where = check.endpoint ? check.endpoint->text() : "";
  return printable(name + (name.empty() || where.empty() ? "" : " at ") + where +
                   (name.empty() && where.empty() ? "" : ": ") + check.summary);
}

}  // namespace cutover
