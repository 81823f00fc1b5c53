#include "cmd/plan/targets.h"

#include <fmt/format.h>

#include <algorithm>

namespace cutover {
namespace {

std::vector<EndpointPlan> endpoints_of(const Plan& plan) {
  if (!plan.endpoints.empty()) return plan.endpoints;
  std::vector<EndpointPlan> endpoints;
  for (const ZonePlan& zone : plan.zones) {
    for (const PlannedChange& change : zone.changes) {
      if (change.type != RecordType::kA && change.type != RecordType::kAaaa && change.type != RecordType::kCname)
        continue;
      const bool known = std::any_of(endpoints.begin(), endpoints.end(),
                                     [&](const EndpointPlan& e) { return e.names.front() == change.name; });
      if (known) continue;
      EndpointPlan endpoint;
      endpoint.names = {change.name};
      endpoint.at = change.at;
      endpoints.push_back(std::move(endpoint));
    }
  }
  return endpoints;
}

class Builder {
 public:
  explicit Builder(const Plan& plan) : plan_(plan) {}

  Targets build() {
    for (const EndpointPlan& endpoint : endpoints_of(plan_)) {
      for (const DomainName& name : endpoint.names) {
        const std::size_t before = out_.addresses.size() + out_.named.size();
        add_side(endpoint, name, TargetSide::kNew, endpoint.new_addresses);
        if (out_.addresses.size() + out_.named.size() == before)
          out_.without.push_back(fmt::format(
              "{}:{}:{}: {} port {} has no new address: no change names one; give the endpoint `new: [ADDRESS]`",
              plan_.file.string(), endpoint.at.line, endpoint.at.column, name.host(), endpoint.port));
        add_side(endpoint, name, TargetSide::kOld, endpoint.old_addresses);
      }
    }
    return std::move(out_);
  }

 private:
  void add_side(const EndpointPlan& endpoint, const DomainName& name, TargetSide side,
                const std::vector<IpAddress>& given) {
    if (!given.empty()) {
      for (const IpAddress& address : given) add(endpoint, name, side, address);
      return;
    }
    for (const ZonePlan& zone : plan_.zones) {
      for (const PlannedChange& change : zone.changes) {
        if (change.name != name) continue;
        for (const std::string& value : side == TargetSide::kNew ? change.to : change.from)
          add_value(endpoint, name, side, change.type, value);
      }
    }
  }

  void add_value(const EndpointPlan& endpoint, const DomainName& name, TargetSide side, RecordType type,
                 const std::string& value) {
    if (type == RecordType::kA || type == RecordType::kAaaa) {
      if (auto address = IpAddress::from_text(value)) add(endpoint, name, side, *address);
    } else if (type == RecordType::kCname) {
      if (auto target = DomainName::from_text(value)) out_.named.push_back({name, *target, side, endpoint});
    }
  }

  void add(const EndpointPlan& endpoint, const DomainName& name, TargetSide side, const IpAddress& address) {
    EndpointTarget target{name, address, endpoint.port, side, endpoint.starttls, endpoint.http, endpoint.at};
    out_.addresses.push_back(std::move(target));
  }

  const Plan& plan_;
  Targets out_;
};

}  // namespace

Targets targets_of(const Plan& plan) { return Builder(plan).build(); }

}  // namespace cutover
