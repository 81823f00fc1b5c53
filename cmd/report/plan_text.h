#pragma once
#include <string>

#include "cmd/phases/plan_view.h"

namespace cutover {

/// What `plan` and `status` print for people.
std::string plan_as_text(const PlanView& view, Instant now);
std::string status_as_text(const Status& status, const Plan& plan, Instant now);
/// The same for machines, with a `schema` number.
std::string plan_as_json(const PlanView& view);
std::string status_as_json(const Status& status, const Plan& plan);

}  // namespace cutover
