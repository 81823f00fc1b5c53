#include "cmd/plan/zone_index.h"

namespace cutover {
namespace {

constexpr int kMaxLinks = 16;

/// Always fits: it is asked for enclosers of names that are at least as long.
DomainName wildcard_below(const DomainName& encloser) { return *DomainName::from_text("*", encloser); }

}  // namespace

std::optional<DomainName> alias_target(const RecordSet& cname) {
  if (cname.rdata.size() != 1) return std::nullopt;
  auto target = DomainName::from_text(cname.rdata[0]);
  if (!target) return std::nullopt;
  return *target;
}

ZoneIndex::ZoneIndex(const Zone& zone) : zone_(zone) {
  for (const auto& [key, set] : zone.sets) {
    for (DomainName name = key.name; name.is_within(zone.origin) && nodes_.insert(name).second; name = name.parent())
      if (name == zone.origin) break;
    if (key.type != RecordType::kNs) continue;
    if (key.name != zone.origin) cuts_.insert(key.name);
    for (const std::string& rdata : set.rdata)
      if (auto server = DomainName::from_text(rdata)) name_servers_.insert(*server);
  }
}

std::optional<DomainName> ZoneIndex::wildcard_over(const DomainName& name) const {
  if (!name.is_within(zone_.origin) || name == zone_.origin) return std::nullopt;
  DomainName encloser = name.parent();
  while (encloser != zone_.origin && nodes_.count(encloser) == 0) encloser = encloser.parent();
  const DomainName wildcard = wildcard_below(encloser);
  if (wildcard == name || nodes_.count(wildcard) == 0) return std::nullopt;
  return wildcard;
}

std::optional<DomainName> ZoneIndex::source_of(const DomainName& name) const {
  if (!name.is_within(zone_.origin)) return std::nullopt;
  if (nodes_.count(name) > 0) return name;
  return wildcard_over(name);
}

std::optional<DomainName> ZoneIndex::cut_above(const DomainName& name) const {
  std::optional<DomainName> highest;
  for (DomainName at = name; at.is_within(zone_.origin) && at != zone_.origin; at = at.parent())
    if (cuts_.count(at) > 0) highest = at;
  return highest;
}

DomainName ZoneIndex::end_of_chain(const DomainName& name) const {
  DomainName at = name;
  for (int link = 0; link < kMaxLinks; ++link) {
    const auto source = source_of(at);
    const RecordSet* cname = source ? zone_.find({*source, RecordType::kCname}) : nullptr;
    const auto target = cname ? alias_target(*cname) : std::nullopt;
    if (!target) break;
    at = *target;
  }
  return at;
}

}  // namespace cutover
