#pragma once
#include <string>

#include "cmd/report/check_report.h"
#include "cmd/report/checks_text.h"

namespace cutover {

/// One line per check, under each that did not pass what to do about it, and the headline last.
std::string doctor_as_text(const CheckReport& report, TextStyle style);

}  // namespace cutover
