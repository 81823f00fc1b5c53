#include <algorithm>
#include <map>

#include "cmd/report/story.h"
#include "dnsprobe/continent.h"

namespace cutover {
namespace {

StoryResolver resolver_of(const std::string& id, const std::string& operator_name, const std::string& country,
                          const std::string& place, const std::optional<dnsprobe::Location>& location) {
  StoryResolver out;
  out.id = id;
  out.operator_name = operator_name;
  out.country = country;
  if (const auto continent = dnsprobe::continent_of(country))
    out.continent = std::string(dnsprobe::to_text(*continent));
  out.place = place;
  out.location = location;
  return out;
}

/// Which record set decides for a resolver: one that users are misled by before one that says nothing, that before one
/// that is done.
int weight(Side side) {
  switch (side) {
    case Side::kOld:
      return 3;
    case Side::kOther:
      return 2;
    case Side::kSilent:
      return 1;
    case Side::kNew:
      break;
  }
  return 0;
}

}  // namespace

std::string_view to_text(Side side) {
  switch (side) {
    case Side::kSilent:
      return "silent";
    case Side::kNew:
      return "new";
    case Side::kOld:
      return "old";
    case Side::kOther:
      return "other";
  }
  return "?";
}

Side side_of(dnsprobe::Verdict verdict) {
  if (verdict == dnsprobe::Verdict::kNew) return Side::kNew;
  if (dnsprobe::is_old(verdict)) return Side::kOld;
  return dnsprobe::is_data(verdict) ? Side::kOther : Side::kSilent;
}

SpreadingStory::SpreadingStory(const WatchQuestions& questions) {
  propagation_.of = questions.of;
  for (const dnsprobe::Expectation& each : questions.expectations) {
    propagation_.served_at = std::max(propagation_.served_at, each.new_since);
    propagation_.bound = std::max(propagation_.bound, dnsprobe::bound_of(each));
  }
  for (const dnsprobe::Resolver& each : questions.resolvers)
    propagation_.resolvers.push_back(resolver_of(each.id, each.operator_name, each.country, each.place, each.location));
  propagation_.level = std::string(dnsprobe::to_text(dnsprobe::Level::kAuthoritative));
  propagation_.why = "the resolvers are being asked";
  make_room(questions.expectations.size());
}

SpreadingStory::SpreadingStory(Phase of, const std::vector<const WatchRecord*>& watches,
                               const std::vector<ResolverRecord>& answers) {
  propagation_.of = of;
  propagation_.level = std::string(dnsprobe::to_text(dnsprobe::Level::kAuthoritative));
  propagation_.why = "no watch has come to an end yet";
  std::map<std::string, std::size_t> by_id;
  std::map<RecordKey, std::size_t> by_key;
  for (const WatchRecord* watch : watches) {
    propagation_.served_at = std::max(propagation_.served_at, watch->served_at);
    propagation_.bound = std::max(propagation_.bound, watch->bound);
    for (const RecordKey& key : watch->keys) by_key.emplace(key, by_key.size());
    for (const WatchedResolver& each : watch->resolvers)
      if (by_id.emplace(each.id, propagation_.resolvers.size()).second)
        propagation_.resolvers.push_back(
            resolver_of(each.id, each.operator_name, each.country, each.place, each.location));
  }
  make_room(by_key.size());
  for (const ResolverRecord& each : answers) {
    const auto resolver = by_id.find(each.resolver);
    const auto key = by_key.find(each.key);
    const auto verdict = dnsprobe::verdict_from_text(each.verdict);
    if (resolver == by_id.end() || key == by_key.end() || !verdict) continue;
    const auto expires = each.ttl ? std::optional(each.at + *each.ttl) : std::nullopt;
    take(Answer{resolver->second, key->second, *verdict, each.at, expires});
  }
  for (const WatchRecord* watch : watches) {
    propagation_.ended_at.reset();
    for (const WatchMark& mark : watch->marks) take(mark);
  }
}

void SpreadingStory::make_room(std::size_t keys) {
  keys_ = keys;
  held_.resize(propagation_.resolvers.size() * keys);
}

void SpreadingStory::take(const Answer& answer) {
  Held& held = held_[answer.resolver * keys_ + answer.key];
  held.verdict = answer.verdict;
  if (!dnsprobe::is_old(answer.verdict))
    held.old_until.reset();
  else if (answer.expires && (!held.old_until || *held.old_until < *answer.expires))
    held.old_until = answer.expires;

  StoryResolver& resolver = propagation_.resolvers[answer.resolver];
  const Side before = resolver.side;
  resolver.side = Side::kNew;
  resolver.verdict.clear();
  resolver.expires_at.reset();
  for (std::size_t key = 0; key < keys_; ++key) {
    const Held& each = held_[answer.resolver * keys_ + key];
    const Side side = each.verdict ? side_of(*each.verdict) : Side::kSilent;
    if (resolver.verdict.empty() || weight(side) > weight(resolver.side)) {
      resolver.side = side;
      resolver.verdict = each.verdict ? std::string(dnsprobe::to_text(*each.verdict)) : "not asked yet";
    }
    if (each.old_until && (!resolver.expires_at || *resolver.expires_at < *each.old_until))
      resolver.expires_at = each.old_until;
  }
  if (resolver.side != before) propagation_.turns.push_back({answer.at, answer.resolver, resolver.side});
}

void SpreadingStory::take(const WatchMark& mark) {
  propagation_.level = mark.level;
  propagation_.bound = std::max(propagation_.bound, mark.bound);
  propagation_.observed = mark.observed;
  propagation_.why = mark.why;
  if (mark.converged_at) propagation_.converged_at = mark.converged_at;
  const bool is_sampled = mark.level == dnsprobe::to_text(dnsprobe::Level::kSampled) ||
                          mark.level == dnsprobe::to_text(dnsprobe::Level::kBounded);
  if (!is_sampled)
    propagation_.sampled_at.reset();
  else if (!propagation_.sampled_at)
    propagation_.sampled_at = mark.at;
  if (mark.is_last) propagation_.ended_at = mark.at;
}

void SpreadingStory::take(const dnsprobe::WatchEvent& event) {
  switch (event.kind) {
    case dnsprobe::WatchEvent::Kind::kSample:
      take(Answer{event.resolver, event.key, event.observation.verdict, event.at, event.observation.expires});
      return;
    case dnsprobe::WatchEvent::Kind::kSummary:
      break;
  }
  const dnsprobe::Forecast& forecast = event.forecast;
  WatchMark mark;
  mark.at = forecast.at;
  mark.level = std::string(dnsprobe::to_text(forecast.level));
  mark.bound = forecast.bound;
  // Once nothing old is known to be alive, the last estimate stays: the picture keeps its mark.
  mark.observed = forecast.observed ? forecast.observed : propagation_.observed;
  if (forecast.converged) mark.converged_at = forecast.at;
  mark.why = forecast.why;
  take(mark);
}

}  // namespace cutover
