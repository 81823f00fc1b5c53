#include "cmd/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string_view>

namespace cutover {
namespace {

std::string_view setting(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

bool terminal_can_redraw() { return !setting("TERM").empty() && setting("TERM") != "dumb"; }

bool terminal_may_colour() { return setting("TERM") != "dumb" && setting("NO_COLOR").empty(); }

TerminalSize terminal_size() {
  winsize size{};
  ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
  return {size.ws_col, size.ws_row};
}

}  // namespace cutover
