#pragma once
#include <string>

#include "cmd/report/check_report.h"

namespace cutover {

/// One JSON document, `schema` 1, a record per check with stable ids; valid whatever the checks hold.
std::string checks_as_json(const CheckReport& report);

}  // namespace cutover
