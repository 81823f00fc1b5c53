#include "cmd/live_screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

namespace cutover {
namespace {

constexpr std::chrono::milliseconds kLeastBetween{200};

ScreenSize size_now() {
  winsize size{};
  ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
  // The last column is left free: a terminal may wrap there. So is the last line, where the cursor stands.
  return {size.ws_col >= 20 ? size.ws_col - 1U : 79U, size.ws_row >= 5 ? size.ws_row - 1U : 23U};
}

TextStyle style_now() { return std::getenv("NO_COLOR") == nullptr ? TextStyle::kColour : TextStyle::kPlain; }

std::string up(std::size_t lines) { return lines == 0 ? std::string() : "\x1b[" + std::to_string(lines) + "A\r"; }

}  // namespace

void LiveScreen::draw(const Story& story) {
  const auto real = std::chrono::steady_clock::now();
  if (real - drawn_at_ < kLeastBetween) return;
  drawn_at_ = real;
  const ScreenSize size = size_now();
  put(story_screen(story, watch_ ? &*watch_ : nullptr, story.now, size, style_now()), size);
}

void LiveScreen::log(const std::string& line) {
  std::cerr << up(shown_.size()) << "\x1b[J" << line << "\n";
  const std::vector<std::string> again = std::move(shown_);
  shown_.clear();
  put(again, size_);
}

void LiveScreen::put(const std::vector<std::string>& lines, ScreenSize size) {
  // Another size has broken the lines that stand there anew: nobody knows where they begin.
  const bool resized = size_.width != 0 && (size.width != size_.width || size.height != size_.height);
  std::string out = resized ? "\x1b[2J\x1b[H" : up(shown_.size());
  for (const std::string& line : lines) out += line + "\x1b[K\n";
  out += "\x1b[J";
  std::cerr << out << std::flush;
  shown_ = lines;
  size_ = size;
}

}  // namespace cutover
