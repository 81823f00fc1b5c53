#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/change_set.h"
#include "core/zone.h"
#include "providers/route53/zone_xml.h"

namespace cutover::providers::route53 {

/// A zone, or a part of it, as it was listed.
struct Listing {
  Zone zone{};                                 ///< sets of a routing policy as one, with the values of all; no aliases
  std::map<RecordKey, ListedSet> plain{};      ///< what may be changed, as it was written
  std::map<RecordKey, std::string> special{};  ///< what may not, and why
};
void add(ListedSet set, Listing& listing);

/// What one request may hold (Developer Guide, "Quotas"; UPSERT would count twice and is not used).
inline constexpr std::size_t kMaxRecords = 1000;
inline constexpr std::size_t kMaxCharacters = 32000;

/// kUnsupported for what Route 53 does not hold or this program does not change, with the reason; kInvalid for names
/// outside the zone.
Result<void> check(const ChangeSet& changes);
/// One change set for each request. What changes at one name stays together, since a CNAME and what it takes the place
/// of have to. kUnsupported: a name has more than one request takes.
Result<std::vector<ChangeSet>> batches(const ChangeSet& changes);

/// The elements of one request: every deletion, then every creation. A deletion repeats what is there, so that the
/// whole request fails where it is there no longer: `live`, as it was listed; without it, as this program writes it.
std::vector<Edit> edits_of(const ChangeSet& batch, const Listing* live);

}  // namespace cutover::providers::route53
