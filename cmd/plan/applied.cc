#include "cmd/plan/applied.h"

#include <algorithm>
#include <map>
#include <set>

namespace cutover {
namespace {

bool may_have_changed_something(const WriteRecord& write) { return write.state != WriteState::kNotApplied; }

ChangeSet& zone_of(std::vector<ChangeSet>& sets, const DomainName& zone) {
  const auto at = std::find_if(sets.begin(), sets.end(), [&](const ChangeSet& set) { return set.zone == zone; });
  if (at != sets.end()) return *at;
  sets.push_back(ChangeSet{});
  sets.back().zone = zone;
  return sets.back();
}

}  // namespace

std::vector<const WriteRecord*> swap_writes_since_rollback(const History& history) {
  std::vector<const WriteRecord*> writes;
  for (const WriteRecord& write : history.writes) {
    if (write.phase == Phase::kRollback && write.state == WriteState::kDone) writes.clear();
    if (write.phase == Phase::kSwap && may_have_changed_something(write)) writes.push_back(&write);
  }
  return writes;
}

std::vector<ChangeSet> swapped_since_rollback(const History& history) {
  std::vector<ChangeSet> merged;
  for (const WriteRecord* write : swap_writes_since_rollback(history)) {
    for (const ChangeSet& set : write->changes) {
      ChangeSet& zone = zone_of(merged, set.zone);
      for (const Change& change : set.changes) {
        const auto known = std::find_if(zone.changes.begin(), zone.changes.end(),
                                        [&](const Change& c) { return c.key == change.key; });
        if (known == zone.changes.end()) {
          zone.changes.push_back(change);
        } else {
          known->after = change.after;
        }
      }
    }
  }
  return merged;
}

std::optional<Seconds> original_ttl(const History& history, const RecordKey& key) {
  std::optional<Seconds> same_name;
  std::optional<Seconds> own;
  for (const WriteRecord& write : history.writes) {
    if (write.phase == Phase::kRestoreTtl && write.state == WriteState::kDone) {
      own.reset();
      same_name.reset();
    }
    if (write.phase != Phase::kLowerTtl && write.phase != Phase::kSwap) continue;
    for (const ChangeSet& set : write.changes) {
      for (const Change& change : set.changes) {
        if (!change.before || change.key.name != key.name) continue;
        // The oldest before-image is the one nobody had touched yet.
        if (change.key == key && !own) own = change.before->ttl;
        same_name = std::max(same_name.value_or(Seconds{}), change.before->ttl);
      }
    }
  }
  return own ? own : same_name;
}

bool ttls_are_low(const History& history) {
  std::map<RecordKey, Seconds> served;
  for (const WriteRecord& write : history.writes) {
    if (!may_have_changed_something(write)) continue;
    for (const ChangeSet& set : write.changes)
      for (const Change& change : set.changes)
        if (change.after)
          served[change.key] = change.after->ttl;
        else
          served.erase(change.key);
  }
  return std::any_of(served.begin(), served.end(), [&](const auto& each) {
    const auto original = original_ttl(history, each.first);
    return original && each.second < *original;
  });
}

std::optional<Instant> converged_since(const History& history, Instant since) {
  for (const EventRecord& event : history.events)
    if (event.phase == Phase::kWatch && event.kind == "converged" && event.at >= since) return event.at;
  return std::nullopt;
}

const WriteRecord* standing_rollback(const History& history) {
  const WriteRecord* rollback = nullptr;
  for (const WriteRecord& write : history.writes) {
    if (write.phase == Phase::kRollback && may_have_changed_something(write)) rollback = &write;
    if (write.phase == Phase::kSwap && may_have_changed_something(write)) rollback = nullptr;
  }
  return rollback;
}

std::vector<RecordKey> not_swapped_yet(const Plan& plan, const History& history) {
  std::set<RecordKey> swapped;
  for (const ChangeSet& set : swapped_since_rollback(history))
    for (const Change& change : set.changes) swapped.insert(change.key);
  std::vector<RecordKey> left;
  if (swapped.empty()) return left;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& change : zone.changes)
      if (swapped.count(change.key()) == 0) left.push_back(change.key());
  return left;
}

}  // namespace cutover
