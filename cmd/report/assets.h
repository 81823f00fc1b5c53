#pragma once
#include <string_view>

namespace cutover {

/// The files of cmd/report/assets, as built into the program.
extern const std::string_view kReportJs;
extern const std::string_view kReportCss;
extern const std::string_view kStorySchema;  ///< JSON Schema of story_as_json()

}  // namespace cutover
