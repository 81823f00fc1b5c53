#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// SARIF 2.1.0 (OASIS) for code scanning: a result per check that failed or could not be decided, at the line of the
/// plan that speaks of it; `results` is empty when there is none. Rule ids are the checks' ids. A finding keeps its
/// fingerprint (`partialFingerprints`, from rule, name and address) when lines of the plan move, so that it is not told
/// as a new one.
std::string checks_as_sarif(const CheckReport& report);

}  // namespace cutover
