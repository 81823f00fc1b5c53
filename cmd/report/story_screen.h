#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "cmd/report/checks_text.h"
#include "cmd/report/story.h"
#include "cmd/report/watch_text.h"

namespace cutover {

/// The story as one screen of a terminal, for somebody who asks: can I go on, and if not, when? What is said first is
/// what survives on a small screen. Pure: at most `height` lines of at most `width` columns, without line breaks.
/// Colour only ever repeats what words and signs say.
struct ScreenSize {
  std::size_t width = 80;
  std::size_t height = 24;
};
/// `watch`: the watch that goes on, which knows more of each resolver; nullptr: none does. `next`: instead of the
/// story's own word of what to do; empty: that one.
std::vector<std::string> story_screen(const Story& story, const WatchView* watch, Instant now, ScreenSize size,
                                      TextStyle style, const std::string& next = {});

/// The last of `logged`, in at most `height` lines, the first of them empty; none where that leaves no room for one.
std::vector<std::string> log_lines(const std::deque<std::string>& logged, std::size_t width, std::size_t height);

}  // namespace cutover
