#include "providers/external/compare.h"

#include <fmt/format.h>

namespace cutover::providers::external {
namespace {

/// A CNAME stands alone at its name (RFC 1034 section 3.6.2), or the word of a conflict.
Result<void> check_aliases(const Zone& live, const ChangeSet& changes) {
  std::map<RecordKey, RecordSet> after = live.sets;
  for (const Change& change : changes.changes) {
    after.erase(change.key);
    if (change.after) after.emplace(change.key, *change.after);
  }
  for (const Change& change : changes.changes) {
    if (after.count({change.key.name, RecordType::kCname}) == 0) continue;
    for (auto at = after.lower_bound({change.key.name, RecordType(0)});
         at != after.end() && at->first.name == change.key.name; ++at)
      if (at->first.type != RecordType::kCname && !decides_who_answers(at->first.type))
        return fail(ErrorCode::kConflict, fmt::format("{} would stand beside a CNAME", at->first.text()));
  }
  return {};
}

}  // namespace

Result<void> compare(const ZoneRead& live, const ChangeSet& changes) {
  if (changes.guard_serial && *changes.guard_serial != live.zone.soa.serial)
    return fail(ErrorCode::kConflict, fmt::format("the serial of {} is {} and not {}", live.zone.origin.text(),
                                                  live.zone.soa.serial, *changes.guard_serial));
  for (const Change& change : changes.changes) {
    if (const auto why = live.refused.find(change.key); why != live.refused.end())
      return fail(ErrorCode::kUnsupported, fmt::format("{} {}", change.key.text(), why->second));
    if (!before_holds(change, live.zone.find(change.key)))
      return fail(ErrorCode::kConflict, fmt::format("{} is not what it was when it was read", change.key.text()));
  }
  return check_aliases(live.zone, changes);
}

}  // namespace cutover::providers::external
