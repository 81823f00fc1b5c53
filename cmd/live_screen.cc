#include "cmd/live_screen.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <string_view>

#include "cmd/terminal.h"

namespace cutover {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l", kLeave = "\x1b[?25h\x1b[?1049l";
// A terminal that knows these shows what stands between them at once; others pass them over.
constexpr std::string_view kBegin = "\x1b[?2026h", kEnd = "\x1b[?2026l";
/// Weeks of a `run`; the journal knows the rest.
constexpr std::size_t kMostLogged = 20000;

volatile sig_atomic_t is_open = 0;

ScreenSize size_now() {
  const TerminalSize size = terminal_size();
  // The last column is left free: what is erased after it would take its last sign away.
  return {size.columns >= 20 ? size.columns - 1 : 79, size.rows >= 5 ? size.rows : 24};
}

TextStyle style_now() { return terminal_may_colour() ? TextStyle::kColour : TextStyle::kPlain; }

/// As a signal handler may.
void write_raw(std::string_view text) { static_cast<void>(::write(STDERR_FILENO, text.data(), text.size()) < 0); }

void on_suspend(int number) {
  const int error = errno;
  LiveScreen::give_terminal_back();
  // Stops here, as without a handler; it goes on when the person says `fg`.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  struct sigaction own {};
  sigaction(number, &standard, &own);
  raise(number);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, number);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  sigaction(number, &own, nullptr);
  write_raw(kEnter);
  is_open = 1;
  errno = error;
}

void on_suspend_do(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTSTP, &action, nullptr);
}

}  // namespace

void LiveScreen::give_terminal_back() {
  if (is_open == 0) return;
  is_open = 0;
  write_raw(kLeave);
}

void LiveScreen::draw(const Story& story) {
  if (closed_) return;
  size_ = size_now();
  shown_ = story_screen(story, watch_ ? &*watch_ : nullptr, story.now, size_, style_now(), next_);
  std::string out;
  if (is_open == 0) {
    is_open = 1;
    on_suspend_do(on_suspend);
    out += kEnter;
  }
  std::cerr << out + frame() << std::flush;
}

void LiveScreen::log(const std::string& line) {
  if (is_open == 0) {
    std::cerr << line + "\n" << std::flush;
    return;
  }
  logged_.push_back(line);
  if (logged_.size() > kMostLogged) logged_.pop_front();
  std::cerr << frame() << std::flush;
}

void LiveScreen::close() {
  closed_ = true;
  if (is_open == 0) return;
  on_suspend_do(SIG_DFL);
  give_terminal_back();
  std::string out;
  for (const std::string& line : logged_) out += line + "\n";
  for (const std::string& line : shown_) out += line + "\n";
  std::cerr << out << std::flush;
}

std::string LiveScreen::frame() const {
  std::vector<std::string> lines = shown_;
  for (std::string& line : log_lines(logged_, size_.width, size_.height - lines.size()))
    lines.push_back(std::move(line));
  // Each line is written over what stood there: nothing is cleared first, so nothing flickers.
  std::string out = std::string(kBegin) + "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) out += (i == 0 ? "" : "\r\n") + lines[i] + "\x1b[K";
  return out + "\x1b[J" + std::string(kEnd);
}

}  // namespace cutover
