#include "cmd/plan/plan_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cmd/plan/plan_keys.h"
#include "core/text.h"

namespace cutover {
namespace {

void add(std::vector<PlanError>& errors, Position at, std::string message) {
  errors.push_back({at, std::move(message)});
}

void check_change(const ZonePlan& zone, const PlannedChange& change, std::vector<PlanError>& errors) {
  const std::string key = change.key().text();
  if (!change.name.is_within(zone.zone))
    add(errors, change.at,
        fmt::format("{} lies outside the zone {}; move the change to its own zone, or drop the final dot if it is "
                    "meant relative",
                    change.name.text(), zone.zone.text()));
  if (change.from.empty() && change.to.empty()) {
    add(errors, change.at, fmt::format("{} has neither `from` nor `to`; give at least one of them a value", key));
  } else if (change.from == change.to) {
    add(errors, change.at,
        fmt::format("`from` and `to` of {} are the same, so nothing would change; correct one or remove the change",
                    key));
  }
  if (change.type != RecordType::kCname) return;
  for (const auto* side : {&change.from, &change.to})
    if (side->size() > 1)
      add(errors, change.at,
          fmt::format("{} has {} values in `{}`; a name has at most one CNAME (RFC 2181 section 10.1): keep one", key,
                      side->size(), side == &change.from ? "from" : "to"));
  if (change.name == zone.zone && !change.to.empty())
    add(errors, change.at,
        fmt::format("{} would stand at the apex beside SOA and NS (RFC 1912 section 2.4); use A and AAAA there", key));
}

/// A proxy stands before what is there already; what it answers when that comes or goes is the provider's affair.
void check_proxied(const PlannedChange& change, std::vector<PlanError>& errors) {
  if (!change.proxied) return;
  if (!may_be_proxied(change.type))
    add(errors, change.at,
        fmt::format("{} cannot be proxied: A, AAAA and CNAME records can; remove `proxied`", change.key().text()));
  else if (change.from.empty() || change.to.empty())
    add(errors, change.at,
        fmt::format("{} is proxied and {}; of a proxied set only the values are changed: make or remove the set at its "
                    "provider, or switch the proxy off first and remove `proxied`",
                    change.key().text(), change.from.empty() ? "would be created" : "would be removed"));
}

void check_neighbours(const ZonePlan& zone, std::vector<PlanError>& errors) {
  std::map<RecordKey, const PlannedChange*> seen;
  for (const PlannedChange& change : zone.changes) {
    const auto [at, fresh] = seen.emplace(change.key(), &change);
    if (!fresh)
      add(errors, change.at,
          fmt::format("{} is changed twice (first on line {}); write one change with all its values",
                      change.key().text(), at->second->at.line));
  }
  // RFC 1034 section 3.6.2: no other data beside a CNAME.
  for (const PlannedChange& cname : zone.changes) {
    if (cname.type != RecordType::kCname) continue;
    for (const PlannedChange& other : zone.changes) {
      if (other.name != cname.name || other.type == RecordType::kCname) continue;
      if (!cname.to.empty() && !other.to.empty())
        add(errors, cname.at,
            fmt::format("after the swap {} would stand beside {}, and a CNAME allows no other data at its name; empty "
                        "`to` of one of them",
                        cname.key().text(), other.key().text()));
      if (!cname.from.empty() && !other.from.empty())
        add(errors, cname.at,
            fmt::format("`from` says that {} stands beside {} now, which no name server serves; look at the live zone "
                        "and correct one",
                        cname.key().text(), other.key().text()));
    }
  }
}

/// The listed zone that a name belongs to: the longest one above it.
const ZonePlan* closest_zone(const Plan& plan, const DomainName& name) {
  const ZonePlan* closest = nullptr;
  for (const ZonePlan& zone : plan.zones)
    if (name.is_within(zone.zone) && (closest == nullptr || zone.zone.label_count() > closest->zone.label_count()))
      closest = &zone;
  return closest;
}

void check_zones(const Plan& plan, std::vector<PlanError>& errors) {
  std::map<DomainName, Position> seen;
  for (const ZonePlan& zone : plan.zones) {
    if (const auto [at, fresh] = seen.emplace(zone.zone, zone.at); !fresh)
      add(errors, zone.at,
          fmt::format("the zone {} is listed twice (first on line {}); put all its changes under one entry",
                      zone.zone.text(), at->second.line));
    for (const PlannedChange& change : zone.changes) {
      check_change(zone, change, errors);
      check_proxied(change, errors);
      const ZonePlan* closest = closest_zone(plan, change.name);
      if (change.name.is_within(zone.zone) && closest != nullptr && closest->zone != zone.zone)
        add(errors, change.at,
            fmt::format("{} belongs to the zone {}, which is listed too; move the change there", change.key().text(),
                        closest->zone.text()));
    }
    check_neighbours(zone, errors);
  }
}

void check_gates(const Plan& plan, std::vector<PlanError>& errors) {
  std::map<std::string, Position> seen;
  for (const ExternalGate& gate : plan.gates) {
    if (const auto [at, fresh] = seen.emplace(gate.name, gate.at); !fresh)
      add(errors, gate.at,
          fmt::format("a second gate '{}' (first on line {}); give it a name of its own, since --override names gates",
                      gate.name, at->second.line));
    const auto built_in = plan_keys::built_in_gates();
    if (std::find(built_in.begin(), built_in.end(), gate.name) != built_in.end())
      add(errors, gate.at, fmt::format("'{}' is the name of a built-in gate; choose another", gate.name));
  }
}

}  // namespace

void check_plan(const Plan& plan, std::vector<PlanError>& errors) {
  check_zones(plan, errors);
  check_gates(plan, errors);
}

}  // namespace cutover
