#include "providers/provider.h"

namespace cutover::providers {

Result<Provider::Sets> Provider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  auto whole = read(zone);
  if (!whole) return whole.error();
  Sets found{whole->soa, {}};
  for (const RecordKey& key : keys)
    if (const RecordSet* set = whole->find(key)) found.sets.emplace(key, *set);
  if (const RecordSet* soa = whole->find({zone, RecordType::kSoa})) found.sets.emplace(soa->key(), *soa);
  return found;
}

bool before_holds(const Change& change, const RecordSet* live) {
  if (!change.before || live == nullptr) return !change.before && live == nullptr;
  if (!same_values(*change.before, *live)) return false;
  return change.kind() == Change::Kind::kTtl ? live->ttl == change.before->ttl : live->ttl <= change.before->ttl;
}

bool after_holds(const Change& change, const RecordSet* live) {
  if (!change.after || live == nullptr) return !change.after && live == nullptr;
  return *change.after == *live;
}

}  // namespace cutover::providers
