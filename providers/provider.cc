#include "providers/provider.h"

#include <fmt/format.h>

#include <algorithm>

namespace cutover::providers {

Result<Provider::Sets> Provider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  const auto whole = read(zone);
  if (!whole) return whole.error();
  return sets_of(*whole, keys);
}

Provider::Sets sets_of(const Zone& zone, const std::vector<RecordKey>& keys) {
  Provider::Sets found{zone.soa, {}, count_sets(zone)};
  for (const RecordKey& key : keys)
    if (const RecordSet* set = zone.find(key)) found.sets.emplace(key, *set);
  if (const RecordSet* soa = zone.find({zone.origin, RecordType::kSoa})) found.sets.emplace(soa->key(), *soa);
  found.proxied = zone.proxied;
  return found;
}

bool edits_records(const Provider& provider) { return provider.capabilities().atomic.value == AtomicScope::kNone; }

bool stopped_halfway(const Provider& provider, const Change& change, const std::optional<RecordSet>& live) {
  if (!edits_records(provider)) return false;
  const bool lacks_ttl = standing_of(change, live) == Standing::kAfter && live && live->ttl != change.after->ttl;
  return lacks_ttl || is_halfway(change, live, provider.capabilities().ttl_at_first);
}

std::size_t count_sets(const Zone& zone) {
  return static_cast<std::size_t>(std::count_if(zone.sets.begin(), zone.sets.end(), [](const auto& entry) {
    const RecordType type = entry.first.type;
    return type != RecordType::kRrsig && type != RecordType::kNsec && type != RecordType::kNsec3;
  }));
}

bool decides_who_answers(RecordType type) {
  switch (type) {
    case RecordType::kNs:
    case RecordType::kSoa:
    case RecordType::kRrsig:
    case RecordType::kNsec:
    case RecordType::kNsec3:
    case RecordType::kNsec3param:
    case RecordType::kDnskey:
      return true;
    default:
      return false;
  }
}

Result<void> check_within(const Change& change, const DomainName& zone) {
  if (decides_who_answers(change.key.type))
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} is not changed here: NS, SOA and DNSSEC records decide who answers for the zone; move "
                            "them by hand, with the parent's records",
                            change.key.text()));
  if (!change.key.name.is_within(zone))
    return fail(ErrorCode::kInvalid, fmt::format("{} lies outside the zone {}", change.key.text(), zone.text()));
  return {};
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
