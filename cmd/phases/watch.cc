#include "cmd/phases/watch.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/live.h"
#include "cmd/phases/signing.h"
#include "cmd/phases/watched_resolvers.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "core/text.h"

namespace cutover {
namespace {

/// Observations reach the journal in batches: one durable commit for many answers.
constexpr std::size_t kBatch = 256;
constexpr std::chrono::seconds kBatchAge{1};

struct Watched {
  Phase of = Phase::kSwap;
  std::vector<ChangeSet> changes;
  std::int64_t id = 0;                ///< the last write of it
  std::optional<std::int64_t> write;  ///< whose authoritative_at is still to be recorded
  std::optional<Instant> authoritative_at;
};

Result<Watched> what_to_watch(const History& history) {
  Watched watched;
  if (const WriteRecord* rollback = standing_rollback(history)) {
    watched.of = Phase::kRollback;
    watched.id = rollback->id;
    watched.changes = rollback->changes;
    watched.authoritative_at = rollback->authoritative_at;
    if (!rollback->authoritative_at) watched.write = rollback->id;
    return watched;
  }
  const auto swaps = swap_writes_since_rollback(history);
  if (swaps.empty())
    return fail(ErrorCode::kNotFound,
                "nothing has been swapped yet, so there is nothing to watch; `cutover swap` comes first");
  watched.id = swaps.back()->id;
  watched.changes = swapped_since_rollback(history);
  watched.authoritative_at = swaps.back()->authoritative_at;
  if (!swaps.back()->authoritative_at) watched.write = swaps.back()->id;
  return watched;
}

const ChangeSet* changes_of(const Watched& watched, const ZoneAtWork& zone) {
  for (const ChangeSet& set : watched.changes)
    if (set.zone == zone.plan->zone) return &set;
  return nullptr;
}

/// One expectation per changed record set. The old answer may live as long as the TTL it was served with
/// right before the change; a set that did not exist, as long as the zone's negative answers.
Result<std::vector<dnsprobe::Expectation>> expectations(Cutover& cutover, const Watched& watched, Instant new_since) {
  std::vector<dnsprobe::Expectation> out;
  const auto facts = drain_facts(cutover.zones);
  for (std::size_t i = 0; i < cutover.zones.size(); ++i) {
    ZoneAtWork& zone = cutover.zones[i];
    const ChangeSet* set = changes_of(watched, zone);
    if (set == nullptr) continue;
    auto live = zone.provider->read_sets(zone.plan->zone, {});
    if (!live) return live.error();
    const Seconds settle = settle_time(*zone.plan, facts[i]);
    for (const Change& change : set->changes) {
      if (change.kind() == Change::Kind::kNone || change.kind() == Change::Kind::kTtl) continue;
      if (is_proxied(*zone.plan, change.key)) continue;
      dnsprobe::Expectation expectation;
      expectation.key = change.key;
      expectation.old_set = change.before;
      expectation.new_set = change.after;
      expectation.low_ttl = change.before ? change.before->ttl : cutover.plan.ttl.during;
      expectation.new_since = new_since + settle;
      expectation.negative_ttl = live->soa.negative_ttl();
      out.push_back(std::move(expectation));
    }
  }
  return out;
}

/// Writes observations to the journal in batches.
class Recorder {
 public:
  Recorder(Cutover& cutover, const WatchQuestions& questions) : cutover_(cutover), questions_(questions) {}

  void add(const dnsprobe::WatchEvent& event) {
    if (event.kind != dnsprobe::WatchEvent::Kind::kSample) return;
    const dnsprobe::Observation& seen = event.observation;
    const dnsprobe::Resolver& resolver = questions_.resolvers[event.resolver];
    batch_.push_back(ResolverRecord{seen.at, Phase::kWatch, resolver.id, resolver.operator_name,
                                    questions_.expectations[event.key].key,
                                    std::string(dnsprobe::to_text(seen.verdict)), seen.ttl, seen.rdata, seen.detail});
    if (batch_.size() >= kBatch || std::chrono::steady_clock::now() - flushed_ > kBatchAge) flush();
  }
  void flush() {
    flushed_ = std::chrono::steady_clock::now();
    if (batch_.empty() || failed_) return;
    if (auto kept = cutover_.journal.record_resolvers(batch_); !kept) {
      failed_ = true;  // the watch itself is worth more than its record: say so once and go on
      cutover_.log("observations are no longer journalled: " + kept.error().message);
    }
    batch_.clear();
  }

 private:
  Cutover& cutover_;
  const WatchQuestions& questions_;
  std::vector<ResolverRecord> batch_;
  std::chrono::steady_clock::time_point flushed_ = std::chrono::steady_clock::now();
  bool failed_ = false;
};

/// What a picture of this watch needs beside the answers: whom it asks, and how far it has come.
WatchRecord frame_of(const WatchQuestions& questions, std::int64_t write) {
  WatchRecord frame;
  frame.write = write;
  for (const dnsprobe::Expectation& each : questions.expectations) {
    frame.keys.push_back(each.key);
    frame.served_at = std::max(frame.served_at, each.new_since);
    frame.bound = std::max(frame.bound, dnsprobe::bound_of(each));
  }
  for (const dnsprobe::Resolver& each : questions.resolvers)
    frame.resolvers.push_back({each.id, each.operator_name, each.country, each.place, each.location});
  return frame;
}

WatchMark mark_of(const dnsprobe::Forecast& forecast) {
  WatchMark mark;
  mark.at = forecast.at;
  mark.level = std::string(dnsprobe::to_text(forecast.level));
  mark.bound = forecast.bound;
  mark.observed = forecast.observed;
  mark.why = forecast.why;
  return mark;
}

/// Notes each level that is reached or lost, and the end.
class Milestones {
 public:
  Milestones(Cutover& cutover, std::int64_t watch) : cutover_(cutover), watch_(watch) {}

  void see(const dnsprobe::Forecast& forecast) {
    if (level_ == forecast.level) return;
    level_ = forecast.level;
    keep(mark_of(forecast));
  }
  void end(const dnsprobe::WatchResult& seen) {
    WatchMark mark = mark_of(seen.forecast);
    mark.at = seen.ended;
    // At the end nothing old is alive; what was estimated once everybody had been asked is what can be held to account.
    mark.observed = seen.observed_after_first_round ? seen.observed_after_first_round : mark.observed;
    mark.converged_at = seen.converged_at;
    mark.is_last = true;
    keep(mark);
  }

 private:
  void keep(const WatchMark& mark) {
    if (auto kept = cutover_.journal.record_watch_mark(watch_, mark); !kept)
      cutover_.log("how far this watch came is not journalled: " + kept.error().message);
  }
  Cutover& cutover_;
  const std::int64_t watch_;
  std::optional<dnsprobe::Level> level_;
};

/// Looks for the server that is behind, and tells.
void look_for_lag(Cutover& cutover, LagSearch& search, const WatchQuestions& questions, const WatchSink& sink) {
  auto look = search.look_when_due();
  if (!look) {  // the watch itself is worth more than this
    cutover.log("which name server is behind could not be found out: " + look.error().message);
    return;
  }
  if (*look && sink.authority) sink.authority(questions, **look);
}

/// Resolvers that keep answers longer or shorter than they are told, with the TTL they use.
void note_ttl_habits(WatchPhaseResult& result) {
  for (const dnsprobe::TrackResult& track : result.seen.tracks) {
    const std::string who = fmt::format("{} ({})", printable(result.questions.resolvers[track.resolver].id),
                                        result.questions.expectations[track.key].key.text());
    const std::string longest = format_duration(track.ttl.ttl);
    switch (track.ttl.habit) {
      case dnsprobe::TtlHabit::kNone:
        break;
      case dnsprobe::TtlHabit::kHoldsLonger:
        result.notes.push_back(fmt::format("{} holds answers longer than they were served: up to {}", who, longest));
        break;
      case dnsprobe::TtlHabit::kKeepsPast:
        result.notes.push_back(fmt::format("{} keeps answers past the expiry that it shows, {} at most", who, longest));
        break;
      case dnsprobe::TtlHabit::kServesExpired:
        result.notes.push_back(
            fmt::format("{} serves answers that have expired, and says so; its longest TTL was {}", who, longest));
        break;
    }
  }
}

constexpr const char* kStopped = "stopped; nothing is lost, `cutover watch` goes on";

/// What comes after everybody has turned. `low`: there are TTLs to restore.
std::string next_of(Phase of, bool low, Instant retire_from) {
  if (of == Phase::kSwap)
    return fmt::format("keep the old side on standby, until {} at the very least{}", format_instant(retire_from),
                       low ? "; `cutover restore-ttl` when standby is over" : "");
  return low ? "users are back; `cutover restore-ttl` puts the TTLs back" : "nothing: users are back";
}

void conclude(WatchPhaseResult& result, bool low) {
  note_ttl_habits(result);
  const dnsprobe::Forecast& forecast = result.seen.forecast;
  switch (result.seen.end) {
    case dnsprobe::WatchEnd::kConverged:
      result.exit = ExitCode::kDone;
      result.headline = fmt::format("converged at {}: the bound has passed, and {} of {} gave only the new answer",
                                    format_instant(*result.seen.converged_at), forecast.settled,
                                    counted(forecast.resolvers, "resolver"));
      result.next = next_of(result.questions.of, low, forecast.retire_from);
      return;
    case dnsprobe::WatchEnd::kGaveUp:
      result.headline = "gave up waiting: " + forecast.why;
      result.next = forecast.holding.empty()
                        ? "run `cutover watch` again: no resolver that was asked gives the other answer any more"
                        : "run `cutover watch` again; the resolvers named above still send users to the other side";
      if (forecast.counts[static_cast<std::size_t>(dnsprobe::Verdict::kBehind)] > 0)
        result.next = "mend the name servers that are behind, or wait for them; then run `cutover watch` again";
      break;
    case dnsprobe::WatchEnd::kUndecided:
      result.headline = "too few answers to tell: " + forecast.why;
      result.next = "check that this machine reaches the resolvers (UDP and TCP port 53), or name others in the plan";
      break;
    case dnsprobe::WatchEnd::kStopped:
      result.headline = kStopped;
      break;
  }
  result.exit = ExitCode::kGaveUp;
}

WatchPhaseResult intercepted(WatchPhaseResult result, const std::string& why) {
  result.exit = ExitCode::kGaveUp;
  result.headline = fmt::format(
      "something on the way answers in the place of every resolver on port 53 ({}), so no resolver was asked", why);
  result.next = "`cutover watch --encrypted` asks those that speak TLS or HTTPS; or watch from another network";
  return result;
}

dnsprobe::WatchOptions terms_of(const Plan& plan, const WatchQuestions& questions) {
  dnsprobe::WatchOptions terms;
  terms.samples = plan.watch.samples;
  terms.quorum_resolvers = plan.watch.quorum_resolvers;
  terms.quorum_operators = plan.watch.quorum_operators;
  terms.must = plan.watch.must;
  terms.give_up_at = questions.give_up_at;
  return terms;
}

void ask_resolvers(Cutover& cutover, std::int64_t watch, const WatchSink& sink, WatchPhaseResult& result) {
  Recorder recorder(cutover, result.questions);
  Milestones milestones(cutover, watch);
  LagSearch search(cutover, result.questions.expectations);
  result.seen = dnsprobe::watch(
      cutover.loop, cutover.clock, result.questions.expectations, result.questions.resolvers,
      terms_of(cutover.plan, result.questions),
      [&](const dnsprobe::WatchEvent& event) {
        recorder.add(event);
        if (sink.event) sink.event(result.questions, event);
        if (event.kind == dnsprobe::WatchEvent::Kind::kSample) {
          search.note(event.key, event.observation);
        } else {
          milestones.see(event.forecast);
          look_for_lag(cutover, search, result.questions, sink);
        }
      },
      cutover.stop);
  recorder.flush();
  milestones.end(result.seen);
  for (std::string& each : search.story()) result.notes.push_back(std::move(each));
}

}  // namespace

Result<WatchPhaseResult> watch(Cutover& cutover, const WatchPhaseOptions& options, const WatchSink& sink) {
  WatchPhaseResult result;
  auto settled = settle(cutover);
  if (!settled) return settled.error();
  for (const std::string& line : settled->lines) result.notes.push_back(line);
  auto history = cutover.journal.history();
  if (!history) return history.error();
  auto watched = what_to_watch(*history);
  if (!watched) return watched.error();
  result.questions.of = watched->of;
  tell_of_proxied(cutover.plan, result.notes);
  if (!seen_by_resolvers(cutover, watched->changes)) {
    result.headline = "nothing to watch: all that was changed stands behind the provider's proxy";
    return result;
  }
  auto resolvers = watched_resolvers(cutover, options.over);
  if (!resolvers) return resolvers.error();
  result.notes.insert(result.notes.end(), resolvers->notes.begin(), resolvers->notes.end());
  if (!resolvers->interception.empty()) return intercepted(std::move(result), resolvers->interception);
  result.questions.resolvers = std::move(resolvers->resolvers);
  if (options.introduce) options.introduce(result.questions.resolvers);
  // It is known what to ask, whom, and for which answer.

  const Instant started = cutover.clock.now();
  const Seconds patience = std::min(options.sync_timeout, options.give_up.value_or(cutover.plan.watch.give_up));
  auto served = wait_until_served(cutover, Phase::kWatch,
                                  after_images(cutover, watched->changes, Wanted::Match::kValues), patience, 1);
  if (!served) return served.error();
  if (!served->served_at) {
    result.exit = ExitCode::kGaveUp;
    if (cutover.stop && cutover.stop()) {
      result.headline = kStopped;
      return result;
    }
    result.headline = "not every authoritative address serves the new values, so no resolver was asked";
    result.notes.insert(result.notes.end(), served->not_serving.begin(), served->not_serving.end());
    result.next = "mend those servers and run `cutover watch` again";
    return result;
  }
  if (watched->write)
    if (auto kept = cutover.journal.record_authoritative(*watched->write, *served->served_at); !kept)
      return kept.error();
  // Every authoritative address serves the new values: a question now plants only those.
  for (std::string& sentence : signing_risks(cutover)) result.notes.push_back(std::move(sentence));

  auto asked = expectations(cutover, *watched, watched->authoritative_at.value_or(*served->served_at));
  if (!asked) return asked.error();
  result.questions.expectations = std::move(*asked);
  result.questions.give_up_at = started + options.give_up.value_or(cutover.plan.watch.give_up);
  if (auto kept = cutover.journal.record_event(Phase::kWatch, "begun",
                                               fmt::format("watching the {} at {}", to_text(watched->of),
                                                           counted(result.questions.resolvers.size(), "resolver")));
      !kept)
    return kept.error();
  auto noted = cutover.journal.begin_watch(frame_of(result.questions, watched->id));
  if (!noted) return noted.error();
  if (sink.begun) sink.begun(result.questions);

  ask_resolvers(cutover, *noted, sink, result);
  conclude(result, ttls_are_low(*history));
  if (auto kept =
          cutover.journal.record_event(Phase::kWatch, std::string(dnsprobe::to_text(result.seen.end)), result.headline);
      !kept)
    return kept.error();
  if (watched->of == Phase::kSwap && result.seen.end == dnsprobe::WatchEnd::kConverged)
    if (auto kept = cutover.journal.record_event(Phase::kWatch, std::string(kRetireFrom),
                                                 format_opening(result.seen.forecast.retire_from));
        !kept)
      return kept.error();
  return result;
}

}  // namespace cutover
