#pragma once
#include <string>

#include "cmd/report/story.h"

namespace cutover {

/// The story in Prometheus' text format, for a textfile collector and for the live page's /metrics. What
/// blackbox_exporter measures has its name; all else is `cutover_*`, gauges every one. docs/metrics.md lists them.
/// Every series has the label `plan`.
std::string story_as_metrics(const Story& story);

/// A label and its value as the text format wants them: printable(), backslash and quote escaped.
std::string metric_label(std::string_view name, std::string_view value);

}  // namespace cutover
