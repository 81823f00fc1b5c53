#include "cmd/plan/lab_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cmd/plan/targets.h"

namespace cutover {
namespace {

constexpr Seconds kUsualOldTtl{86400};
constexpr std::uint32_t kFirstSerial = 2026010101;

class Needs {
 public:
  explicit Needs(const Plan& plan) : plan_(plan) { out_.old_ttl = plan.ttl.before.value_or(kUsualOldTtl); }

  LabNeeds build() {
    for (const ZonePlan& zone : plan_.zones) out_.zones.push_back(zone_before(zone));
    const Targets targets = targets_of(plan_);
    for (const EndpointTarget& target : targets.addresses) add_endpoint(target);
    for (const NamedTarget& target : targets.named) add_named(target);
    for (const std::string& sentence : targets.without) out_.notes.push_back(sentence);
    for (const ZonePlan& zone : plan_.zones)
      for (const PlannedChange& change : zone.changes)
        if (change.proxied)
          out_.notes.push_back(fmt::format("{} is rehearsed as if no proxy stood before it", change.key().text()));
    for (const ExternalGate& gate : plan_.gates)
      out_.notes.push_back(fmt::format("gate {} is yours and is not asked in a rehearsal", gate.name));
    if (plan_.window) out_.notes.push_back("the window is not waited for");
    return std::move(out_);
  }

 private:
  static void put(Zone& zone, RecordSet set) {
    normalize(set);
    zone.sets[set.key()] = std::move(set);
  }

  Zone empty_zone(const DomainName& origin) const {
    Zone zone;
    zone.origin = origin;
    const std::string ns = "ns1.lab.invalid.";
    put(zone, {origin,
               RecordType::kSoa,
               Seconds(3600),
               {fmt::format("{} hostmaster.lab.invalid. {} 7200 900 1209600 300", ns, kFirstSerial)}});
    put(zone, {origin, RecordType::kNs, Seconds(86400), {ns}});
    if (auto soa =
            parse_soa(zone.sets.begin()->second.type == RecordType::kSoa ? zone.sets.begin()->second
                                                                         : zone.sets.at({origin, RecordType::kSoa})))
      zone.soa = *soa;
    return zone;
  }

  Zone zone_before(const ZonePlan& plan) const {
    Zone zone = empty_zone(plan.zone);
    for (const PlannedChange& change : plan.changes)
      if (!change.from.empty()) put(zone, {change.name, change.type, out_.old_ttl, change.from});
    return zone;
  }

  void add_endpoint(const EndpointTarget& target) {
    const std::string side = target.side == TargetSide::kNew ? "new" : "old";
    const Endpoint logical{target.address, target.port};
    auto known = std::find_if(out_.endpoints.begin(), out_.endpoints.end(),
                              [&](const LabEndpoint& e) { return e.logical == logical; });
    if (known == out_.endpoints.end()) {
      out_.endpoints.push_back({side, logical, {}, {}, target.starttls});
      known = out_.endpoints.end() - 1;
    }
    if (std::find(known->names.begin(), known->names.end(), target.name) == known->names.end())
      known->names.push_back(target.name);
    if (target.http) known->statuses[target.http->path] = target.http->status;
    if (target.side == TargetSide::kOld && target.port == 443 && target.starttls.empty() &&
        !target.name.is_wildcard() && std::find(out_.sites.begin(), out_.sites.end(), target.name) == out_.sites.end())
      out_.sites.push_back(target.name);
  }

  /// The target of a CNAME that moves itself is wherever the plan says; any other gets an address of the benchmarking
  /// range (RFC 2544), in a zone of its own where none of the plan's zones holds it.
  void add_named(const NamedTarget& named) {
    if (add_planned(named)) return;
    auto [at, is_new] = addresses_.try_emplace(named.target);
    if (is_new) {
      at->second =
          *IpAddress::from_text(fmt::format("198.18.{}.{}", addresses_.size() / 250, addresses_.size() % 250 + 1));
      put(zone_holding(named.target), {named.target, RecordType::kA, Seconds(60), {at->second.text()}});
    }
    add_endpoint(at_address(named, at->second, named.side));
  }

  bool add_planned(const NamedTarget& named) {
    bool found = false;
    for (const ZonePlan& zone : plan_.zones)
      for (const PlannedChange& change : zone.changes) {
        if (change.name != named.target || (change.type != RecordType::kA && change.type != RecordType::kAaaa))
          continue;
        found = true;
        for (const std::string& value : change.from)
          if (auto address = IpAddress::from_text(value)) add_endpoint(at_address(named, *address, TargetSide::kOld));
        for (const std::string& value : change.to)
          if (auto address = IpAddress::from_text(value)) add_endpoint(at_address(named, *address, TargetSide::kNew));
      }
    return found;
  }

  static EndpointTarget at_address(const NamedTarget& named, const IpAddress& address, TargetSide side) {
    return {named.name,          address,          named.endpoint.port, side, named.endpoint.starttls,
            named.endpoint.http, named.endpoint.at};
  }

  Zone& zone_holding(const DomainName& name) {
    for (Zone& zone : out_.zones)
      if (name.is_within(zone.origin)) return zone;
    out_.zones.push_back(empty_zone(name.label_count() > 1 ? name.parent() : name));
    return out_.zones.back();
  }

  const Plan& plan_;
  LabNeeds out_;
  std::map<DomainName, IpAddress> addresses_;
};

}  // namespace

LabNeeds lab_needs(const Plan& plan) { return Needs(plan).build(); }

}  // namespace cutover
