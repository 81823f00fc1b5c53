#include "providers/route53/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "providers/provider.h"

namespace cutover::providers::route53 {
namespace {

struct Size {
  std::size_t records = 0;
  std::size_t characters = 0;
  bool fits() const { return records <= kMaxRecords && characters <= kMaxCharacters; }
};

Size operator+(Size a, Size b) { return {a.records + b.records, a.characters + b.characters}; }

Size size_of(const Change& change) {
  Size size;
  for (const auto* side : {&change.before, &change.after})
    if (*side)
      for (const std::string& rdata : (*side)->rdata) size = size + Size{1, aws_value(rdata).size()};
  return size;
}

std::vector<std::string> aws_values(const RecordSet& set) {
  std::vector<std::string> values;
  for (const std::string& rdata : set.rdata) values.push_back(aws_value(rdata));
  return values;
}

}  // namespace

void add(ListedSet listed, Listing& listing) {
  const RecordKey key = listed.set.key();
  if (!listed.special.empty()) listing.special.emplace(key, listed.special);
  if (!listed.set.rdata.empty()) {
    const auto [at, is_new] = listing.zone.sets.try_emplace(key, listed.set);
    if (!is_new) {
      RecordSet& all = at->second;
      all.rdata.insert(all.rdata.end(), listed.set.rdata.begin(), listed.set.rdata.end());
      all.ttl = std::max(all.ttl, listed.set.ttl);
      normalize(all);
    }
  }
  if (listed.special.empty()) listing.plain.insert_or_assign(key, std::move(listed));
}

Result<void> check(const ChangeSet& changes) {
  for (const Change& change : changes.changes) {
    if (auto ours = check_within(change, changes.zone); !ours) return ours;
    const auto& types = aws_types();
    if (std::find(types.begin(), types.end(), change.key.type) == types.end()) {
      std::vector<std::string> names;
      for (const RecordType type : types) names.push_back(to_text(type));
      return fail(ErrorCode::kUnsupported, fmt::format("{}: Route 53 holds no records of this type, only {}",
                                                       change.key.text(), join(names, ", ")));
    }
  }
  return {};
}

Result<std::vector<ChangeSet>> batches(const ChangeSet& changes) {
  // Groups of one name, in the order in which the names come first.
  std::vector<std::vector<const Change*>> groups;
  std::map<DomainName, std::size_t> places;
  for (const Change& change : changes.changes) {
    if (change.kind() == Change::Kind::kNone) continue;
    const auto [at, is_new] = places.try_emplace(change.key.name, groups.size());
    if (is_new) groups.emplace_back();
    groups[at->second].push_back(&change);
  }
  std::vector<ChangeSet> all;
  Size filled;
  for (const auto& group : groups) {
    Size size;
    for (const Change* change : group) size = size + size_of(*change);
    if (!size.fits())
      return fail(ErrorCode::kUnsupported,
                  fmt::format("what changes at {} is {} with {} characters, old and new, and Route 53 takes {} with {} "
                              "in one request: change its sets one after the other",
                              group.front()->key.name.text(), counted(size.records, "record"), size.characters,
                              kMaxRecords, kMaxCharacters));
    if (all.empty() || !(filled + size).fits()) {
      all.push_back({changes.zone, {}, changes.guard_serial, changes.guard_soa});
      filled = {};
    }
    filled = filled + size;
    for (const Change* change : group) all.back().changes.push_back(*change);
  }
  return all;
}

std::vector<Edit> edits_of(const ChangeSet& batch, const Listing* live) {
  std::vector<Edit> edits;
  for (const Change& change : batch.changes) {
    if (!change.before) continue;
    const RecordSet& before = *change.before;
    const auto at = live == nullptr ? decltype(live->plain.end()){} : live->plain.find(change.key);
    if (live != nullptr && at != live->plain.end())
      edits.push_back({Edit::Action::kDelete, at->second.name, before.type, at->second.set.ttl, at->second.values});
    else
      edits.push_back({Edit::Action::kDelete, aws_name(before.name), before.type, before.ttl, aws_values(before)});
  }
  for (const Change& change : batch.changes)
    if (change.after)
      edits.push_back({Edit::Action::kCreate, aws_name(change.after->name), change.after->type, change.after->ttl,
                       aws_values(*change.after)});
  return edits;
}

}  // namespace cutover::providers::route53
