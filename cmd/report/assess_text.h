#pragma once
#include <string>

#include "cmd/phases/assess.h"

namespace cutover {

/// What `assess` found, for people: per zone the changes, what is mentioned and left, the audits; then where
/// the plan is and what to do next. Text from the zone is escaped.
std::string render_assess_text(const AssessResult& result);

}  // namespace cutover
