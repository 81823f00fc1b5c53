#pragma once
#include <vector>

#include "cmd/plan/plan_file.h"

namespace cutover {

/// What a plan that reads well may still get wrong by itself, without a look at any zone: names outside their zone,
/// record sets changed twice, a CNAME beside other data, changes that change nothing, and so on.
void check_plan(const Plan& plan, std::vector<PlanError>& errors);

/// SHA-256 in lower-case hex over what the plan means. The order of zones and changes, layout, comments and the
/// file's place do not count.
std::string hash_of(const Plan& plan);

}  // namespace cutover
