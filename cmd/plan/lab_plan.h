#pragma once
#include <map>
#include <string>
#include <vector>

#include "cmd/plan/plan.h"
#include "core/endpoint.h"
#include "core/zone.h"

namespace cutover {

/// One web server that a rehearsal needs: where the plan says it is, for which names.
struct LabEndpoint {
  std::string side;  ///< `old`, `new`
  Endpoint logical;
  std::vector<DomainName> names;
  std::map<std::string, int> statuses;
  std::string starttls;
};

/// What a lab has to hold so that a plan can be rehearsed in it.
struct LabNeeds {
  std::vector<Zone> zones;  ///< the plan's zones as they are before, and the zones of CNAME targets
  std::vector<LabEndpoint> endpoints;
  std::vector<DomainName> sites;   ///< names that visitors go to
  std::vector<std::string> notes;  ///< what cannot be rehearsed, and why
  Seconds old_ttl{};
};

/// Pure: the plan alone says what the lab holds. Record sets get the TTL that the plan declares as `before`, or a day.
LabNeeds lab_needs(const Plan& plan);

}  // namespace cutover
