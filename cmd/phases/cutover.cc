#include "cmd/phases/cutover.h"

#include <fmt/format.h>

#include "providers/catalog.h"

namespace cutover {
namespace {

std::optional<RecordSet> planned_set(const PlannedChange& change, const std::vector<std::string>& rdata, Seconds ttl) {
  if (rdata.empty()) return std::nullopt;
  RecordSet set{change.name, change.type, ttl, rdata};
  normalize(set);
  return set;
}

}  // namespace

net::LookupOptions lookup_of(const Plan& plan) {
  net::LookupOptions lookup;
  lookup.servers = plan.lookup;
  return lookup;
}

Result<std::vector<ZoneAtWork>> open_zones(const Plan& plan, net::Loop& loop, const Clock& clock,
                                           const std::function<void(const std::string&)>& tell) {
  std::vector<ZoneAtWork> zones;
  for (const ZonePlan& zone : plan.zones) {
    ZoneAtWork at_work;
    at_work.plan = &zone;
    const net::LookupOptions lookup = lookup_of(plan);
    auto provider = providers::make_provider(zone.provider, {loop, clock, lookup, tell});
    if (!provider)
      return within(
          fmt::format("{}:{}:{}: zone {}", plan.file.string(), zone.at.line, zone.at.column, zone.zone.text()),
          provider.error());
    at_work.provider = std::move(*provider);
    at_work.low_ttl = providers::settable_ttl(at_work.provider->capabilities(), plan.ttl.during);
    auto found = net::find_delegation(loop, clock, zone.zone, zone.authoritative, lookup);
    if (!found) return within("looking for the name servers of " + zone.zone.text(), found.error());
    at_work.delegation = std::move(*found);
    zones.push_back(std::move(at_work));
  }
  return zones;
}

std::vector<DrainFacts> drain_facts(const std::vector<ZoneAtWork>& zones) {
  std::vector<DrainFacts> facts;
  for (const ZoneAtWork& zone : zones) {
    const providers::Capabilities& can = zone.provider->capabilities();
    facts.push_back({can.signal.value, can.settle_time.value, zone.low_ttl});
  }
  return facts;
}

std::vector<DrainFacts> careful_drain_facts(const Plan& plan, const Clock& clock) {
  net::Loop loop;
  std::vector<DrainFacts> facts;
  for (const ZonePlan& zone : plan.zones) {
    auto provider = providers::make_provider(zone.provider, {loop, clock});
    DrainFacts fact;
    fact.signal = providers::ChangeSignal::kNone;
    if (provider) {
      const providers::Capabilities& can = (*provider)->capabilities();
      fact = {can.signal.value, can.settle_time.value, providers::settable_ttl(can, plan.ttl.during)};
    }
    facts.push_back(fact);
  }
  return facts;
}

void pause(net::Loop& loop, std::chrono::milliseconds real) {
  bool over = false;
  const auto timer = loop.after(real, [&over] { over = true; });
  loop.run_until([&over] { return over; });
}

std::vector<RecordKey> planned_keys(const ZonePlan& zone) {
  std::vector<RecordKey> keys;
  keys.reserve(zone.changes.size());
  for (const PlannedChange& change : zone.changes) keys.push_back(change.key());
  return keys;
}

std::optional<RecordSet> planned_from(const PlannedChange& change, Seconds ttl) {
  return planned_set(change, change.from, ttl);
}

std::optional<RecordSet> planned_to(const PlannedChange& change, Seconds ttl) {
  return planned_set(change, change.to, ttl);
}

}  // namespace cutover
