#include "cmd/plan/horizon.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/zone_index.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string values_of(const RecordSet* set) { return set ? printable(join(set->rdata, ", ")) : "nothing"; }

bool is_made_by_signer(RecordType type) { return type == RecordType::kDnskey; }

/// A proxy answers for both address families and with a HTTPS record of its own, whichever the zone holds.
bool answered_by_proxy(const Zone& zone, const RecordKey& key) {
  return zone.proxied.count(key.name) != 0 && (may_be_proxied(key.type) || key.type == RecordType::kHttps);
}

}  // namespace

std::string HorizonDifference::sentence(const net::Delegation& delegation) const {
  return fmt::format("{} serves {} {}, and the provider holds {}", delegation.servers[server].label(), key.text(),
                     served, held);
}

std::vector<RecordKey> keys_of_interest(const Zone& zone, const Findings& findings) {
  const ZoneIndex index(zone);
  std::set<RecordKey> keys{{zone.origin, RecordType::kNs}, {zone.origin, RecordType::kDnskey}};
  const auto add = [&](const RecordKey& key) {
    if (!index.cut_above(key.name)) keys.insert(key);
  };
  for (const FoundMention& mention : findings.mentions) add(mention.key);
  for (const FoundChange& found : findings.changes) {
    add(found.change.key());
    const DomainName& name = found.change.name;
    // A name with a CNAME has nothing else: asking for more would only find the CNAME again.
    if (zone.find({name, RecordType::kCname})) continue;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kHttps}) add({name, type});
  }
  for (const Follower& follower : findings.followers) add({follower.name, RecordType::kCname});
  return {keys.begin(), keys.end()};
}

std::vector<HorizonDifference> compare_views(const Zone& zone, const net::AuthoritySweep& sweep) {
  std::vector<HorizonDifference> differences;
  for (const net::AuthorityReading& reading : sweep.readings) {
    if (reading.outcome != net::Outcome::kAnswered || !reading.authoritative || reading.delegated ||
        is_made_by_signer(reading.key.type))
      continue;
    if (answered_by_proxy(zone, reading.key)) continue;
    // Many services keep a zone's own NS set to themselves and list none.
    if (reading.key == RecordKey{zone.origin, RecordType::kNs} && zone.find(reading.key) == nullptr) continue;
    if (reading.rcode != net::Rcode::kNoError && reading.rcode != net::Rcode::kNxDomain) continue;
    const RecordSet* held = zone.find(reading.key);
    const RecordSet* served = reading.set ? &*reading.set : nullptr;
    if (held && served ? same_values(*held, *served) : !held && !served && !reading.alias) continue;
    HorizonDifference difference{reading.server, reading.key, values_of(held), values_of(served)};
    if (!served && reading.alias) difference.served = "CNAME " + values_of(&*reading.alias);
    differences.push_back(std::move(difference));
  }
  return differences;
}

std::set<std::size_t> lagging_servers(const net::AuthoritySweep& sweep,
                                      const std::vector<HorizonDifference>& differences) {
  std::set<std::size_t> differing;
  for (const HorizonDifference& difference : differences) differing.insert(difference.server);
  std::set<std::size_t> lagging;
  for (const std::size_t server : differing) {
    for (std::size_t other = 0; other < sweep.serials.size(); ++other) {
      if (differing.count(other) > 0 || server >= sweep.serials.size() || !sweep.serials[server] ||
          !sweep.serials[other])
        continue;
      if (serial_is_after(*sweep.serials[other], *sweep.serials[server])) lagging.insert(server);
    }
  }
  return lagging;
}

}  // namespace cutover
