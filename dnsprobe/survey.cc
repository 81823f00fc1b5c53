#include "dnsprobe/survey.h"

#include <algorithm>
#include <utility>

namespace cutover::dnsprobe {

namespace {

Terms with_a_sample(Terms terms) {
  terms.samples = std::max(1, terms.samples);
  return terms;
}

}  // namespace

Survey::Survey(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers, Terms terms,
               std::uint32_t seed, Instant now)
    : expectations_(expectations),
      resolvers_(resolvers),
      samples_(std::max(1, terms.samples)),
      tally_(expectations, resolvers, with_a_sample(std::move(terms))) {
  pace_.samples = samples_;
  pace_.seed = seed;
  for (const Expectation& expectation : expectations_) pace_.bound = std::max(pace_.bound, bound_of(expectation));
  tracks_.resize(resolvers_.size() * expectations_.size());
  unasked_ = tracks_.size();
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    track.standing.resolver = i / expectations_.size();
    track.standing.key = i % expectations_.size();
    track.history.filters = resolvers_[track.standing.resolver].filtering;
    track.turn = first_turn(pace_, i, std::max(now, ask_from(expectations_[track.standing.key])));
    queue_.push({*track.turn.next, i});
    tally_.update(track.standing);
  }
}

std::optional<Survey::Question> Survey::take(Instant now) {
  if (queue_.empty() || queue_.top().at > now) return std::nullopt;
  const std::size_t index = queue_.top().track;
  queue_.pop();
  ++under_way_;
  return Question{index, index / expectations_.size(), index % expectations_.size()};
}

std::optional<Instant> Survey::next_due() const {
  return queue_.empty() ? std::nullopt : std::optional(queue_.top().at);
}

WatchEvent Survey::answered(std::uint64_t ticket, const Sample& sample) {
  Track& track = tracks_[ticket];
  Standing& standing = track.standing;
  --under_way_;
  if (std::exchange(track.is_slow, false)) --slow_;
  WatchEvent event;
  event.kind = WatchEvent::Kind::kSample;
  event.at = sample.received;
  event.resolver = standing.resolver;
  event.key = standing.key;
  event.observation = judge(expectations_[standing.key], sample, track.history);
  const Observation& seen = event.observation;
  event.verdict_changed = standing.asked == 0 || standing.current != seen.verdict;

  remember(track.history, seen);
  standing.old_until = old_until(track.history, seen.at);
  standing.old_ending = old_ending(track.history, seen.at);
  track.turn = next_turn(track.turn, seen, standing.old_until, pace_, ticket);
  if (track.turn.next) queue_.push({*track.turn.next, ticket});

  if (standing.asked++ == 0) --unasked_;
  standing.current = seen.verdict;
  standing.stage = track.turn.stage;
  if (is_data(seen.verdict)) {
    standing.consecutive_no_data = 0;
    standing.recent.push_back(seen.verdict);
    if (standing.recent.size() > static_cast<std::size_t>(samples_)) standing.recent.erase(standing.recent.begin());
  } else {
    ++standing.consecutive_no_data;
  }
  tally_.update(standing);
  if (seen.verdict == Verdict::kNew && !track.first_new_at) track.first_new_at = seen.at;
  if (is_old(seen.verdict)) last_old_seen_at_ = track.last_old_at = seen.at;
  track.ttl = ttl_finding(expectations_[standing.key], track.ttl, seen);
  track.last = seen;
  note_late_authority(ticket);
  return event;
}

/// An authority was seen to serve the old answer after all were thought to serve the new one, so any cache may have
/// fetched it: until the new answer is seen where the old one was, and from then on every such entry has its full time.
void Survey::note_late_authority(std::uint64_t ticket) {
  Track& track = tracks_[ticket];
  const Observation& seen = track.last;
  const Seconds held = held_ttl(expectations_[track.standing.key]);
  if (seen.verdict == Verdict::kBehind) {
    track.was_behind = true;
    raise_bound(seen.expires.value_or(seen.at) + held, seen.at);
  } else if (seen.verdict == Verdict::kNew && track.was_behind) {
    track.was_behind = false;
    raise_bound(seen.at + held, seen.at);
  }
}

/// In whole seconds, so that many such answers cost one look at everybody a second.
void Survey::raise_bound(Instant bound, Instant now) {
  bound = std::chrono::ceil<Seconds>(bound);
  if (bound <= pace_.bound) return;
  const bool may_be_confirmed = now >= pace_.bound;
  pace_.bound = bound;
  tally_.raise_bound(bound);
  if (!may_be_confirmed) return;
  for (std::size_t i = 0; i < tracks_.size(); ++i) {
    Track& track = tracks_[i];
    if (track.turn.stage != Stage::kConfirmed) continue;
    track.turn = asked_again(track.turn, pace_, i);
    track.standing.stage = track.turn.stage;
    queue_.push({*track.turn.next, i});
    tally_.update(track.standing);
  }
}

void Survey::mark_slow(std::uint64_t ticket) {
  if (!std::exchange(tracks_[ticket].is_slow, true)) ++slow_;
  Stage& stage = tracks_[ticket].standing.stage;
  if (stage == Stage::kSampling) stage = Stage::kWaiting;
  if (stage == Stage::kSettled) stage = Stage::kConfirmed;
  tally_.update(tracks_[ticket].standing);
}

std::vector<TrackResult> Survey::results() const {
  std::vector<TrackResult> out;
  out.reserve(tracks_.size());
  for (const Track& track : tracks_) {
    TrackResult result;
    result.resolver = track.standing.resolver;
    result.key = track.standing.key;
    result.last = track.last;
    result.asked = track.standing.asked;
    result.caches_seen = track.history.entries_seen;
    result.settled = track.turn.consecutive_new >= samples_;
    result.first_new_at = track.first_new_at;
    result.last_old_at = track.last_old_at;
    result.ttl = track.ttl;
    out.push_back(std::move(result));
  }
  return out;
}

}  // namespace cutover::dnsprobe
