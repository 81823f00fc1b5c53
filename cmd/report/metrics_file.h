#pragma once
#include <string>

#include "core/result.h"

namespace cutover {

/// A file for node_exporter's textfile collector (--metrics FILE). kUsage: a name that the collector does not read, or
/// a folder that is not there.
Result<void> check_metrics_file(const std::string& file);
/// Replaces the file in one step, so that nobody ever reads half of it; readable by everybody, since the collector is
/// another user. kIo.
Result<void> write_metrics_file(const std::string& file, const std::string& text);

}  // namespace cutover
