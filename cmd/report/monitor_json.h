#pragma once
#include <string>

#include "cmd/phases/baseline.h"
#include "cmd/phases/monitor.h"

namespace cutover {

/// One line per minute: {"schema":1,"command":"monitor","kind":"minute",...}
std::string monitor_minute_ndjson(const MonitorReport& report);
/// The end, {"schema":1,"command":"monitor","kind":"end","exit":0,...}, on one line.
std::string monitor_end_ndjson(const MonitorResult& result);
/// The same over many lines.
std::string monitor_as_json(const MonitorResult& result);
std::string baseline_as_json(const BaselineResult& result);

}  // namespace cutover
