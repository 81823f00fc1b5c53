#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// JUnit XML as CI systems read it: one test case per name and address. A check that failed as an error makes a
/// `failure`, one that could not be decided an `error`, warnings stand in `system-out`.
std::string checks_as_junit(const CheckReport& report);

}  // namespace cutover
