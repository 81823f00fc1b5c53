#pragma once
#include <string>

#include "cmd/report/story.h"

namespace cutover {

/// The whole story as one HTML file that asks nobody for anything: works offline, in light and dark, and printed. The
/// sentences and tables stand in it as HTML; the pictures are drawn over them from the same JSON that the live page
/// gets. A content security policy allows exactly the script and the style that are in the file.
std::string story_as_html(const Story& story);

}  // namespace cutover
