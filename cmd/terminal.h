#pragma once
#include <cstddef>

namespace cutover {

/// Whether one picture may be drawn over the other, by the terminal's own word (TERM).
bool terminal_can_redraw();
/// Unless the terminal is dumb (TERM), or NO_COLOR has a value (https://no-color.org).
bool terminal_may_colour();

/// Of the terminal that stderr is; 0 where it does not say.
struct TerminalSize {
  std::size_t columns = 0;
  std::size_t rows = 0;
};
TerminalSize terminal_size();

}  // namespace cutover
