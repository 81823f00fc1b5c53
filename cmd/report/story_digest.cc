#include "cmd/report/story_digest.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"

namespace cutover {
namespace {

template <class F>
std::vector<GroupCounts> grouped(const Propagation& spreading, F&& name_of) {
  const auto turned = turned_at(spreading);
  std::map<std::string, GroupCounts> groups;
  for (std::size_t i = 0; i < spreading.resolvers.size(); ++i) {
    GroupCounts& group = groups[name_of(spreading.resolvers[i])];
    group.now.add(spreading.resolvers[i].side);
    if (turned[i] && (!group.last_turned || *group.last_turned < *turned[i])) group.last_turned = turned[i];
  }
  std::vector<GroupCounts> out;
  for (auto& [name, group] : groups) {
    group.name = name;
    out.push_back(std::move(group));
  }
  std::stable_sort(out.begin(), out.end(), [](const GroupCounts& a, const GroupCounts& b) {
    if (a.now.old != b.now.old) return a.now.old > b.now.old;
    return a.last_turned.value_or(Instant{}) > b.last_turned.value_or(Instant{});
  });
  return out;
}

const WriteRecord* last_value_write(const Story& story) {
  for (auto write = story.writes.rbegin(); write != story.writes.rend(); ++write)
    if ((write->phase == Phase::kSwap || write->phase == Phase::kRollback) && write->state != WriteState::kNotApplied)
      return &*write;
  return nullptr;
}

/// `shop.example`, `shop.example and 2 more zones`.
std::string zones_text(const Story& story) {
  std::set<std::string> zones;
  for (const StorySet& set : story.sets) zones.insert(set.zone.host());
  if (zones.empty()) return "no zone";
  return *zones.begin() + (zones.size() == 1 ? "" : " and " + counted(zones.size() - 1, "more zone"));
}

/// One of thousands.
bool is_minute_of_monitoring(const EventRecord& event) {
  return event.phase == Phase::kMonitor && event.kind == "summary";
}

std::string moment_text(const WriteRecord& write) {
  return format_instant(write.authoritative_at.value_or(write.ended.value_or(write.started)));
}

void tell_what_moved(const Story& story, std::vector<std::string>& out) {
  const WriteRecord* last = last_value_write(story);
  const std::string what = fmt::format("{} of {}", counted(story.sets.size(), "record set"), zones_text(story));
  if (last == nullptr) {
    out.push_back(fmt::format("Nothing has been moved yet: {} {} to move from the old side to the new side.", what,
                              story.sets.size() == 1 ? "is" : "are"));
    return;
  }
  const WriteRecord* swapped = nullptr;
  for (const WriteRecord& write : story.writes)
    if (write.phase == Phase::kSwap && write.state != WriteState::kNotApplied) swapped = &write;
  if (swapped != nullptr)
    out.push_back(fmt::format("{} moved from the old side to the new side; {} since {}.", what,
                              swapped->authoritative_at ? "every name server served the new values"
                                                        : "the new values were not yet seen at every name server,",
                              moment_text(*swapped)));
  if (last->phase == Phase::kRollback)
    out.push_back(fmt::format("They were put back: every name server {} the old values since {}.",
                              last->authoritative_at ? "served" : "should serve", moment_text(*last)));
  if (last->state == WriteState::kPartial)
    out.push_back(fmt::format("The last write, the {}, is partial: a part of it is in force and a part is not.",
                              to_text(last->phase)));
}

void tell_how_it_spread(const Story& story, std::vector<std::string>& out) {
  for (const Propagation& each : story.propagation) {
    const SideCounts now = counts_of(each);
    const std::string who = fmt::format(
        "Of {} asked about the {}, {} gave the {} values at the end, {} the others, {} "
        "something else, and {} no usable answer",
        counted(each.resolvers.size(), "resolver"), to_text(each.of), now.fresh,
        each.of == Phase::kSwap ? "new" : "old", now.old, now.other, now.silent);
    out.push_back(each.converged_at ? fmt::format("{}; it had converged {} after every name server served it, at {}.",
                                                  who, format_duration(*each.converged_at - each.served_at),
                                                  format_instant(*each.converged_at))
                                    : fmt::format("{}; it has not converged: {}.", who, each.why));
  }
}

void tell_of_harm(const Story& story, std::vector<std::string>& out) {
  if (story.availability) {
    const Availability& seen = *story.availability;
    out.push_back(
        seen.failed == 0
            ? fmt::format("Nobody was sent to a dead place: of {} in the rehearsal, {} reached the old side, {} the "
                          "new side, none failed.",
                          counted(seen.visits, "visit"), seen.reached_old, seen.reached_new)
            : fmt::format("{} of {} in the rehearsal FAILED; the first: {}.", seen.failed,
                          counted(seen.visits, "visit"), seen.first_failure));
  }
  std::size_t failed = 0, ran = 0;
  if (!story.checks.empty())
    for (const Check& check : story.checks.back().checks) {
      ++ran;
      if (check.verdict == Verdict::kFail && check.severity == Severity::kError) ++failed;
    }
  if (story.checks.empty())
    out.push_back("No preflight is on record: whether the new side's certificates are good is not known.");
  else if (story.checks.back().passed)
    out.push_back(fmt::format("The last preflight of the new side, at {}, passed ({}).",
                              format_instant(story.checks.back().at), counted(ran, "check")));
  else
    out.push_back(fmt::format("The last preflight of the new side, at {}, FAILED: {} of {}.",
                              format_instant(story.checks.back().at), failed, counted(ran, "check")));
  const auto monitored = std::find_if(story.events.rbegin(), story.events.rend(), [](const EventRecord& event) {
    return event.phase == Phase::kMonitor && event.kind != "begun";
  });
  if (monitored != story.events.rend())
    out.push_back(
        fmt::format("Monitoring of the new side, at {}: {}.", format_instant(monitored->at), monitored->text));
  else if (!story.availability && last_value_write(story) != nullptr)
    out.push_back("What visitors met is not known to this program; your own monitoring tells that.");
}

void tell_of_overrides(const Story& story, std::vector<std::string>& out) {
  if (last_value_write(story) == nullptr && story.overrides.empty()) return;
  if (story.overrides.empty()) {
    out.push_back("No gate was overridden.");
    return;
  }
  std::vector<std::string> each;
  for (const OverrideRecord& record : story.overrides)
    each.push_back(fmt::format("{} ({})", record.gate, record.reason));
  out.push_back(
      fmt::format("{} overridden by hand: {}.",
                  story.overrides.size() == 1 ? "A gate was" : counted(story.overrides.size(), "gate") + " were",
                  join(each, "; ")));
}

void tell_the_way_back(const Story& story, std::vector<std::string>& out) {
  const WriteRecord* last = last_value_write(story);
  if (last == nullptr) return;
  if (last->phase == Phase::kRollback) {
    out.push_back("It is undone already; the swap may be made again later.");
    return;
  }
  Seconds longest{};
  for (const StorySet& set : story.sets)
    if (set.after) longest = std::max(longest, set.after->ttl);
  const bool is_restored = std::any_of(story.writes.begin(), story.writes.end(), [&](const WriteRecord& w) {
    return w.phase == Phase::kRestoreTtl && w.id > last->id;
  });
  if (is_restored)
    out.push_back(
        "It can be undone with `cutover rollback`, but slowly: the long TTLs are back, and caches hold the "
        "new values that long.");
  else
    out.push_back(fmt::format(
        "It can be undone: `cutover rollback` puts the old values back, and caches follow within "
        "about {}{}.",
        format_duration(longest),
        story.standby_until
            ? fmt::format("; the old side is to stay up until {} at least", format_instant(*story.standby_until))
            : ""));
}

class Moments {
 public:
  void add(Instant at, std::string_view phase, std::string text) {
    all_.push_back({at, std::string(phase), std::move(text)});
  }
  std::vector<StoryMoment> sorted() && {
    std::stable_sort(all_.begin(), all_.end(), [](const StoryMoment& a, const StoryMoment& b) { return a.at < b.at; });
    return std::move(all_);
  }

 private:
  std::vector<StoryMoment> all_;
};

void add_write(const WriteRecord& write, Moments& out) {
  std::size_t changes = 0;
  for (const ChangeSet& set : write.changes) changes += set.changes.size();
  out.add(write.started, to_text(write.phase),
          fmt::format("write {} begins: {}", write.id, counted(changes, "change")));
  for (const IntentRecord& call : write.intents)
    out.add(call.outcome ? call.outcome_at : call.at, to_text(write.phase),
            fmt::format("{}: {}", call.step.summary, call.outcome ? to_text(*call.outcome) : "no outcome on record"));
  if (write.ended)
    out.add(*write.ended, to_text(write.phase), fmt::format("write {} ends: {}", write.id, to_text(write.state)));
  if (write.authoritative_at)
    out.add(*write.authoritative_at, to_text(write.phase),
            fmt::format("write {}: every authoritative address serves it", write.id));
}

void add_event(const EventRecord& event, Moments& out) {
  // Open gates have a table of their own; that one was closed is news.
  const bool is_gate = event.kind == "gate";
  if (is_gate && event.text.find(" closed: ") == std::string::npos) return;
  if (is_minute_of_monitoring(event)) return;
  const bool says_it_itself = event.text.rfind(event.kind, 0) == 0;
  out.add(event.at, to_text(event.phase),
          says_it_itself ? event.text : fmt::format("{}{} {}", event.kind, is_gate ? "" : ":", event.text));
}

}  // namespace

void SideCounts::add(Side side) {
  switch (side) {
    case Side::kNew:
      ++fresh;
      return;
    case Side::kOld:
      ++old;
      return;
    case Side::kOther:
      ++other;
      return;
    case Side::kSilent:
      ++silent;
      return;
  }
}

SideCounts counts_of(const Propagation& spreading) {
  SideCounts out;
  for (const StoryResolver& each : spreading.resolvers) out.add(each.side);
  return out;
}

std::vector<std::optional<Instant>> turned_at(const Propagation& spreading) {
  std::vector<std::optional<Instant>> out(spreading.resolvers.size());
  for (const Turn& turn : spreading.turns)
    out[turn.resolver] = turn.side == Side::kNew ? std::optional(turn.at) : std::nullopt;
  return out;
}

std::vector<GroupCounts> by_operator(const Propagation& spreading) {
  return grouped(spreading, [](const StoryResolver& each) { return each.operator_name; });
}

std::vector<GroupCounts> by_continent(const Propagation& spreading) {
  return grouped(spreading, [](const StoryResolver& each) {
    return each.continent.empty() ? std::string("everywhere, or not known") : each.continent;
  });
}

std::vector<StoryMoment> moments_of(const Story& story) {
  Moments out;
  for (const WriteRecord& write : story.writes) add_write(write, out);
  for (const CheckRecord& record : story.checks)
    out.add(record.at, to_text(record.phase),
            fmt::format("{}: {}", counted(record.checks.size(), "check"), record.passed ? "passed" : "FAILED"));
  for (const OverrideRecord& each : story.overrides)
    out.add(each.at, to_text(each.phase), fmt::format("gate {} overridden: {}", each.gate, each.reason));
  for (const EventRecord& each : story.events) add_event(each, out);
  for (const Propagation& each : story.propagation)
    if (each.bound <= story.now)
      out.add(each.bound, "watch",
              fmt::format("bound of the {}: no cache that honours TTLs holds the earlier answer any more",
                          to_text(each.of)));
  return std::move(out).sorted();
}

std::vector<std::string> summary_of(const Story& story) {
  std::vector<std::string> out;
  tell_what_moved(story, out);
  tell_how_it_spread(story, out);
  tell_of_harm(story, out);
  tell_of_overrides(story, out);
  tell_the_way_back(story, out);
  return out;
}

}  // namespace cutover
