#include "core/change_set.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover {

Change::Kind Change::kind() const {
  if (!before && !after) return Kind::kNone;
  if (!before) return Kind::kCreate;
  if (!after) return Kind::kDelete;
  if (!same_values(*before, *after)) return Kind::kValue;
  return before->ttl == after->ttl ? Kind::kNone : Kind::kTtl;
}

ChangeSet inverse_of(const ChangeSet& applied) {
  ChangeSet inverse;
  inverse.zone = applied.zone;
  // Last applied, first undone: where order matters (a CNAME that gave way to an A), it must turn round.
  for (auto change = applied.changes.rbegin(); change != applied.changes.rend(); ++change)
    inverse.changes.push_back(Change{change->key, change->after, change->before});
  return inverse;
}

ChangeSet rollback_of(const ChangeSet& applied) {
  ChangeSet inverse = inverse_of(applied);
  for (Change& change : inverse.changes)
    if (change.before && change.after && change.before->ttl < change.after->ttl) change.after->ttl = change.before->ttl;
  return inverse;
}

bool is_halfway(const Change& change, const std::optional<RecordSet>& live, Seconds at_first) {
  if (!live || standing_of(change, live) != Standing::kForeign) return false;
  const auto has = [](const std::optional<RecordSet>& side, const std::string& value) {
    return side && std::binary_search(side->rdata.begin(), side->rdata.end(), value);
  };
  const Seconds longest = std::max(
      {change.before ? change.before->ttl : Seconds(0), change.after ? change.after->ttl : Seconds(0), at_first});
  return live->ttl <= longest && std::all_of(live->rdata.begin(), live->rdata.end(), [&](const std::string& value) {
           return has(change.before, value) || has(change.after, value);
         });
}

Standing standing_of(const Change& change, const std::optional<RecordSet>& live) {
  const bool ttl_counts = change.kind() == Change::Kind::kTtl;
  const auto matches = [&](const std::optional<RecordSet>& side) {
    if (!side || !live) return !side && !live;
    return same_values(*side, *live) && (!ttl_counts || side->ttl == live->ttl);
  };
  // Before is tried first: a change from X to X is not "done".
  if (matches(change.before)) return Standing::kBefore;
  if (matches(change.after)) return Standing::kAfter;
  return Standing::kForeign;
}

std::vector<std::string> diff_lines(const ChangeSet& set) {
  std::vector<std::string> lines;
  const auto values = [](const RecordSet& s) { return printable(join(s.rdata, ", ")); };
  for (const Change& change : set.changes) {
    const std::string key = printable(change.key.text());
    switch (change.kind()) {
      case Change::Kind::kNone:
        break;
      case Change::Kind::kCreate:
        lines.push_back(
            fmt::format("+ CREATE     {} {} ttl={}", key, values(*change.after), change.after->ttl.count()));
        break;
      case Change::Kind::kDelete:
        lines.push_back(
            fmt::format("- DELETE     {} {} ttl={}", key, values(*change.before), change.before->ttl.count()));
        break;
      case Change::Kind::kValue: {
        const std::string ttl = change.before->ttl == change.after->ttl
                                    ? fmt::format("{}", change.after->ttl.count())
                                    : fmt::format("({}->{})", change.before->ttl.count(), change.after->ttl.count());
        lines.push_back(
            fmt::format("± MODIFY     {} {} -> {} ttl={}", key, values(*change.before), values(*change.after), ttl));
        break;
      }
      case Change::Kind::kTtl:
        lines.push_back(fmt::format("± MODIFY-TTL {} {} ttl=({}->{})", key, values(*change.after),
                                    change.before->ttl.count(), change.after->ttl.count()));
        break;
    }
  }
  return lines;
}

}  // namespace cutover
