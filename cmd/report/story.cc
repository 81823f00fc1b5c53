#include "cmd/report/story.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/applied.h"
#include "core/text.h"

namespace cutover {
namespace {

bool changes_values(Phase phase) { return phase == Phase::kSwap || phase == Phase::kRollback; }

/// Every watch of a write in one; a write that nobody watched has none.
std::vector<Propagation> propagation_of(const History& history, const std::vector<WatchRecord>& watches,
                                        const std::vector<ResolverRecord>& answers) {
  std::vector<Propagation> out;
  for (std::size_t first = 0; first < watches.size();) {
    std::size_t next = first;
    std::vector<const WatchRecord*> of_one;
    while (next < watches.size() && watches[next].write == watches[first].write) of_one.push_back(&watches[next++]);
    const Instant until = next < watches.size() ? watches[next].begun : Instant::max();
    std::vector<ResolverRecord> own;
    for (const ResolverRecord& each : answers)
      if (each.at >= watches[first].begun && each.at < until) own.push_back(each);
    const auto write = std::find_if(history.writes.begin(), history.writes.end(),
                                    [&](const WriteRecord& w) { return w.id == watches[first].write; });
    const Phase of = write == history.writes.end() ? Phase::kSwap : write->phase;
    out.push_back(SpreadingStory(of, of_one, own).now());
    first = next;
  }
  return out;
}

/// What `status` says of this phase, without the phase's name; the latest line counts.
std::string told(const Status& status, std::string_view phase) {
  const std::string head = std::string(phase) + ": ";
  std::string out;
  for (const TimelineEntry& entry : status.timeline)
    if (entry.what.rfind(head, 0) == 0) out = entry.what.substr(head.size());
  return out;
}

StoryPhase::State state_of(const WriteRecord& write) {
  switch (write.state) {
    case WriteState::kOpen:
      return StoryPhase::State::kNow;
    case WriteState::kDone:
      return StoryPhase::State::kDone;
    case WriteState::kPartial:
      return StoryPhase::State::kPartial;
    case WriteState::kNotApplied:
      break;
  }
  return StoryPhase::State::kAhead;
}

/// What the last write of a phase has come to.
std::string told_of(const std::vector<WriteRecord>& writes, Phase phase) {
  std::string out;
  for (const WriteRecord& write : writes)
    if (write.phase == phase && write.state != WriteState::kNotApplied)
      out = fmt::format("{}{}", to_text(write.state),
                        write.authoritative_at ? ", served by every authoritative address"
                                               : ", not yet seen at every authoritative address");
  return out;
}

/// Several writes of one phase (waves, resumed ones) are one phase of the story.
StoryPhase writing_phase(Phase phase, const std::vector<WriteRecord>& writes, const Status& status) {
  StoryPhase out;
  out.phase = phase;
  for (const WriteRecord& write : writes) {
    if (write.phase != phase || write.state == WriteState::kNotApplied) continue;
    if (!out.started) out.started = write.started;
    out.ended = write.ended;
    out.state = state_of(write);
  }
  // A phase that is over speaks for itself; what `status` says of it may be about what comes next.
  out.text = out.started && phase == Phase::kSwap ? told_of(writes, phase) : told(status, to_text(phase));
  return out;
}

StoryPhase preflight_phase(const std::vector<CheckRecord>& checks, const Status& status) {
  StoryPhase out;
  out.phase = Phase::kPreflight;
  for (const CheckRecord& record : checks) {
    if (!out.started) out.started = record.at;
    out.ended = record.at;
    out.state = record.passed ? StoryPhase::State::kDone : StoryPhase::State::kPartial;
  }
  out.text = told(status, "preflight");
  return out;
}

void fill_watch_phase(StoryPhase& phase, const Propagation& spreading) {
  phase.started = phase.started ? phase.started : std::optional(spreading.served_at);
  phase.ended = spreading.converged_at ? spreading.converged_at : spreading.ended_at;
  phase.state = spreading.converged_at ? StoryPhase::State::kDone
                : spreading.ended_at   ? StoryPhase::State::kPartial
                                       : StoryPhase::State::kNow;
  phase.text = spreading.why;
}

StoryPhase watch_phase(Phase of, const std::vector<Propagation>& propagation, const Status& status) {
  StoryPhase out;
  out.phase = Phase::kWatch;
  out.of = of;
  out.text = of == Phase::kSwap ? told(status, "watch") : "until users are back";
  for (const Propagation& each : propagation)
    if (each.of == of) fill_watch_phase(out, each);
  return out;
}

/// Part of the story only once somebody monitors.
std::optional<StoryPhase> monitor_phase(const Story& story) {
  std::optional<StoryPhase> out;
  for (const EventRecord& event : story.events) {
    if (event.phase != Phase::kMonitor) continue;
    if (!out) {
      out.emplace();
      out->phase = Phase::kMonitor;
      out->started = event.at;
    }
    const bool goes_on = event.kind == "begun" || event.kind == "summary";
    out->state = goes_on                ? StoryPhase::State::kNow
                 : event.kind == "over" ? StoryPhase::State::kDone
                                        : StoryPhase::State::kPartial;
    out->ended = goes_on ? std::nullopt : std::optional(event.at);
    out->text = event.text;
  }
  return out;
}

std::vector<StoryPhase> phases_of(const Story& story, const Status& status) {
  std::vector<StoryPhase> out{writing_phase(Phase::kLowerTtl, story.writes, status),
                              preflight_phase(story.checks, status), writing_phase(Phase::kSwap, story.writes, status),
                              watch_phase(Phase::kSwap, story.propagation, status)};
  if (auto monitoring = monitor_phase(story)) out.push_back(*std::move(monitoring));
  if (StoryPhase back = writing_phase(Phase::kRollback, story.writes, status); back.started) {
    out.push_back(std::move(back));
    out.push_back(watch_phase(Phase::kRollback, story.propagation, status));
  }
  out.push_back(writing_phase(Phase::kRestoreTtl, story.writes, status));
  // TTLs that were low already need no phase of ours.
  const bool is_past_lowering =
      std::any_of(out.begin() + 2, out.end(), [](const StoryPhase& p) { return !!p.started; });
  const auto is_not_needed = [](const StoryPhase& phase) { return phase.text.starts_with("not needed"); };
  if (out.front().state == StoryPhase::State::kAhead && (is_past_lowering || is_not_needed(out.front())))
    out.front().state = StoryPhase::State::kDone;
  if (is_not_needed(out.back()) && status.standby_until && *status.standby_until <= story.now)
    out.back().state = StoryPhase::State::kDone;
  return out;
}

/// The last write that changed the values of this record set, with what it did.
std::pair<const WriteRecord*, const Change*> last_change(const std::vector<WriteRecord>& writes, const RecordKey& key) {
  for (auto write = writes.rbegin(); write != writes.rend(); ++write) {
    if (!changes_values(write->phase) || write->state == WriteState::kNotApplied) continue;
    for (const ChangeSet& set : write->changes)
      for (const Change& change : set.changes)
        if (change.key == key) return {&*write, &change};
  }
  return {nullptr, nullptr};
}

std::optional<Instant> accepted_at(const WriteRecord& write, const RecordKey& key) {
  std::optional<Instant> at;
  for (const IntentRecord& intent : write.intents) {
    const auto& touches = intent.step.touches;
    if (intent.outcome == StepOutcome::kApplied && std::find(touches.begin(), touches.end(), key) != touches.end())
      at = intent.outcome_at;
  }
  return at;
}

const Propagation* spreading_of(const Story& story, Phase phase) {
  for (auto each = story.propagation.rbegin(); each != story.propagation.rend(); ++each)
    if (each->of == phase) return &*each;
  return nullptr;
}

void fill_levels(StorySet& set, const Propagation& spreading, Instant now) {
  set.sampled = spreading.sampled_at;
  set.bounded = now >= spreading.bound ? std::optional(spreading.bound) : std::nullopt;
}

std::vector<StorySet> sets_of(const Plan& plan, const History& history, const Story& story) {
  std::vector<StorySet> out;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& planned : zone.changes) {
      StorySet set;
      set.zone = zone.zone;
      set.key = planned.key();
      const auto [write, change] = last_change(story.writes, set.key);
      if (change != nullptr) {
        set.before = change->before;
        set.after = change->after;
        set.accepted = accepted_at(*write, set.key);
        set.authoritative = write->authoritative_at;
        if (const Propagation* spreading = spreading_of(story, write->phase)) fill_levels(set, *spreading, story.now);
      } else {
        const auto ttl = original_ttl(history, set.key);
        set.before = planned_from(planned, ttl.value_or(plan.ttl.before.value_or(plan.ttl.during)));
        set.after = planned_to(planned, plan.ttl.during);
      }
      out.push_back(std::move(set));
    }
  return out;
}

/// While a write is spreading, that is what everybody asks about.
void answer_while_spreading(StoryAnswer& answer, const Propagation& spreading, Instant now) {
  answer.go = false;
  answer.headline = fmt::format("the {} is spreading: {}", to_text(spreading.of), spreading.why);
  answer.next = spreading.of == Phase::kSwap ? "wait; `cutover rollback` puts everything back, at any time"
                                             : "wait until users are back";
  answer.opens_at = spreading.bound > now ? std::optional(spreading.bound) : std::nullopt;
}

void answer_when_converged(Story& story, const Propagation& spreading) {
  story.answer.headline =
      fmt::format("the {} has converged at {}", to_text(spreading.of), format_instant(*spreading.converged_at));
  story.answer.opens_at = story.standby_until;
  story.answer.go = !story.standby_until || *story.standby_until <= story.now;
  story.answer.next = spreading.of == Phase::kSwap
                          ? "keep the old side on standby; `cutover restore-ttl` when standby is over"
                          : "users are back; `cutover restore-ttl` puts the TTLs back";
}

bool is_spreading(const Propagation& spreading) { return !spreading.converged_at && !spreading.ended_at; }

}  // namespace

std::string_view to_text(StoryPhase::State state) {
  switch (state) {
    case StoryPhase::State::kAhead:
      return "ahead";
    case StoryPhase::State::kNow:
      return "now";
    case StoryPhase::State::kDone:
      return "done";
    case StoryPhase::State::kPartial:
      return "partial";
  }
  return "?";
}

Result<Story> story_of(const Plan& plan, const Journal& journal, const std::vector<DrainFacts>& facts,
                       std::vector<Gate> gates, Instant now) {
  auto history = journal.history();
  if (!history) return history.error();
  auto watches = journal.watches();
  if (!watches) return watches.error();
  auto answers = journal.resolver_records(Phase::kWatch);
  if (!answers) return answers.error();
  const Status status = status_of(plan, *history, facts, now);

  Story story;
  story.plan_name = plan.name;
  story.plan_file = plan.file.filename().string();
  story.plan_hash = plan.hash;
  story.now = now;
  story.answer = {status.go, status.headline, status.next, status.opens_at};
  if (gates.empty()) gates = status.gates;
  story.gates = std::move(gates);
  story.propagation = propagation_of(*history, *watches, *answers);
  for (const CheckRecord& record : history->checks) {
    if (record.phase == Phase::kPreflight) story.checks.push_back(record);
    if (record.phase == Phase::kMonitor) story.monitoring.push_back(record);
  }
  story.writes = history->writes;
  story.overrides = history->overrides;
  story.events = history->events;
  story.standby_until = status.standby_until;
  story.restore_overdue = status.restore_overdue;
  story.phases = phases_of(story, status);
  story.sets = sets_of(plan, *history, story);
  if (!story.propagation.empty() && is_spreading(story.propagation.back()) && !story.writes.empty() &&
      changes_values(story.writes.back().phase))
    answer_while_spreading(story.answer, story.propagation.back(), now);
  return story;
}

Result<Story> story_of(const RehearsalMoment& moment, const Plan& plan) {
  auto story = story_of(moment.plan, moment.journal, moment.facts, moment.gates, moment.clock.now());
  if (!story) return story;
  story->rehearsal = true;
  story->plan_file = plan.file.filename().string();
  story->estimates = moment.so_far.estimates;
  if (moment.so_far.availability.visits > 0) story->availability = moment.so_far.availability;
  return story;
}

void update(Story& story, const Propagation& spreading, Instant now) {
  story.now = now;
  const bool is_known = !story.propagation.empty() && story.propagation.back().of == spreading.of &&
                        story.propagation.back().served_at == spreading.served_at;
  if (!is_known)
    story.propagation.push_back(spreading);
  else
    story.propagation.back() = spreading;
  for (auto phase = story.phases.rbegin(); phase != story.phases.rend(); ++phase)
    if (phase->phase == Phase::kWatch) {
      fill_watch_phase(*phase, spreading);
      break;
    }
  for (StorySet& set : story.sets)
    if (set.accepted) fill_levels(set, spreading, now);
  if (is_spreading(spreading))
    answer_while_spreading(story.answer, spreading, now);
  else if (spreading.converged_at)
    answer_when_converged(story, spreading);
}

}  // namespace cutover
