#pragma once
#include <string>
#include <vector>

#include "cmd/phases/baseline.h"
#include "cmd/phases/monitor.h"

namespace cutover {

/// A line for the log: what every minute brings.
std::string monitor_line(const MonitorReport& report);
/// How it ended: what broke, what each endpoint was like, what speaks against retiring the old side, what to do.
std::string monitor_as_text(const MonitorResult& result);
/// The last round for people who look at a screen: the summary and until when, findings, what each endpoint is like
/// beside its baseline, what speaks against retiring the old side. The summary is broken at `width` columns; other
/// lines may be wider.
std::vector<std::string> monitor_screen(const MonitorReport& report, Instant now, std::size_t width);
std::string baseline_as_text(const BaselineResult& result);

}  // namespace cutover
