#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cmd/plan/plan.h"

namespace cutover {

/// One side of the cutover, as an address that users of a name reach.
enum class TargetSide { kOld, kNew };

/// One thing to connect to: a name at an address and a port.
struct EndpointTarget {
  DomainName name;  ///< what users ask for: SNI and Host; may be a wildcard
  IpAddress address;
  std::uint16_t port = 443;
  TargetSide side = TargetSide::kNew;
  std::string starttls;
  std::optional<HttpExpectation> http;
  Position at;  ///< where the plan says so
};

/// A name whose addresses have to be looked up before its targets are known: the target of a CNAME.
struct NamedTarget {
  DomainName name;    ///< what users ask for
  DomainName target;  ///< what it will be (or was) an alias of
  TargetSide side = TargetSide::kNew;
  EndpointPlan endpoint;
};

struct Targets {
  std::vector<EndpointTarget> addresses;
  std::vector<NamedTarget> named;
  std::vector<std::string>
      without;  ///< endpoints for which neither `changes` nor the plan tell an address: a sentence each
};

/// Names × addresses × families × ports, both sides, from the plan alone. Where the plan has no endpoints,
/// every name whose A, AAAA or CNAME changes is taken at port 443.
Targets targets_of(const Plan& plan);

}  // namespace cutover
