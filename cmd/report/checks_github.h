#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// Workflow commands of GitHub Actions (`::error file=cutover.yaml,line=12,title=tls-name::...`): one annotation per
/// check that failed or could not be decided, at the line of the plan that speaks of it; then the headline.
/// https://docs.github.com/actions/reference/workflow-commands-for-github-actions
std::string checks_as_github(const CheckReport& report);

}  // namespace cutover
