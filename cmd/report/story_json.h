#pragma once
#include <string>

#include "cmd/report/story.h"

namespace cutover {

/// The whole story as one JSON value in one line, `{"schema":1,"kind":"story",...}`: what `report -o json` gives, and
/// what the live page and the HTML report draw. `cutover schema story` describes it. Instants in RFC 3339 UTC or
/// null, durations as integers with their unit in the key. Every text is printable(): no control character, no bidi
/// mark reaches whoever shows it. Whoever puts it into HTML has to escape `<` (see for_script()).
std::string story_as_json(const Story& story);

/// JSON that may stand in a <script> element: `<`, `>`, `&`, U+2028 and U+2029 are written \uNNNN.
std::string for_script(std::string_view json);

}  // namespace cutover
