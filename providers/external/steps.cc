#include "providers/external/steps.h"

#include <algorithm>

namespace cutover::providers::external {
namespace {

std::vector<Change> in_order(const ChangeSet& changes) {
  std::vector<Change> ordered, deletions;
  for (const Change& change : changes.changes)
    if (change.kind() == Change::Kind::kDelete) deletions.push_back(change);
  for (const Change& change : changes.changes) {
    if (change.kind() == Change::Kind::kDelete || change.kind() == Change::Kind::kNone) continue;
    if (change.kind() == Change::Kind::kCreate) {
      const auto here = std::stable_partition(deletions.begin(), deletions.end(), [&](const Change& deletion) {
        return deletion.key.name != change.key.name;
      });
      ordered.insert(ordered.end(), here, deletions.end());
      deletions.erase(here, deletions.end());
    }
    ordered.push_back(change);
  }
  ordered.insert(ordered.end(), deletions.begin(), deletions.end());
  return ordered;
}

}  // namespace

std::vector<ChangeSet> pieces_of(const ChangeSet& changes, const Capabilities& can) {
  const bool together = can.atomic.value == AtomicScope::kZone || can.atomic.value == AtomicScope::kMessage;
  const std::size_t most = together ? can.atomic_limit.value : 1;
  std::vector<ChangeSet> pieces;
  for (const Change& change : in_order(changes)) {
    if (pieces.empty()) {
      pieces.push_back({changes.zone, {}, changes.guard_serial, changes.guard_soa});
    } else if (pieces.back().changes.size() == most) {
      pieces.push_back({changes.zone, {}, std::nullopt, std::nullopt});
    }
    pieces.back().changes.push_back(change);
  }
  return pieces;
}

}  // namespace cutover::providers::external
