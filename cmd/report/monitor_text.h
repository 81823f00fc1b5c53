#pragma once
#include <string>

#include "cmd/phases/baseline.h"
#include "cmd/phases/monitor.h"

namespace cutover {

/// A line for the log: what every minute brings.
std::string monitor_line(const MonitorReport& report);
/// How it ended: what broke, what each endpoint was like, what speaks against retiring the old side, what to do.
std::string monitor_as_text(const MonitorResult& result);
std::string baseline_as_text(const BaselineResult& result);

}  // namespace cutover
