#pragma once
#include <string>

#include "cmd/output_form.h"
#include "cmd/report/story.h"

namespace cutover {

/// The story as text, Markdown, JSON, HTML or metrics.
std::string story_in_form(const Story& story, OutputForm form);
/// By the file's extension: .html, .md, .json, .txt. kUsage for another one.
Result<OutputForm> report_form(const std::string& file);

}  // namespace cutover
