#include "cmd/progress.h"

#include <unistd.h>

#include <iostream>

#include "cmd/terminal.h"

namespace cutover {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds kFirstDrawn{1};
constexpr std::chrono::milliseconds kBetweenDrawn{250};
constexpr std::chrono::seconds kBetweenPlain{10};
constexpr std::size_t kLongestPlain = 300;

bool can_draw(const GlobalOptions& global) { return !global.ci && isatty(STDERR_FILENO) != 0 && terminal_can_redraw(); }

std::size_t width_now() {
  // The last column is left free: a terminal may wrap there.
  const std::size_t columns = terminal_size().columns;
  return columns >= 2 ? columns - 1 : 79;
}

std::string_view unit_of(net::Advance::Of of) {
  switch (of) {
    case net::Advance::Of::kQuestions:
      return "DNS questions";
    case net::Advance::Of::kHandshakes:
      return "TLS handshakes";
    case net::Advance::Of::kRequests:
      return "HTTP requests";
    case net::Advance::Of::kRecords:
      return "records";
  }
  return "";
}

}  // namespace

Progress::Progress(const GlobalOptions& global, std::string_view subject)
    : form_(can_draw(global) ? Form::kDrawn : Form::kPlainLines), line_(subject) {
  due_ = Steady::now() + (form_ == Form::kDrawn ? kFirstDrawn : kBetweenPlain);
}

Progress::Progress(const GlobalOptions& global, net::Loop& loop, std::string_view subject) : Progress(global, subject) {
  loop_ = &loop;
  loop.on_advance([this](const net::Advance& how_far) { take(unit_of(how_far.of), how_far.done, how_far.total); });
  tick();
}

Progress::~Progress() { finish(); }

void Progress::take(std::string_view unit, std::size_t done, std::optional<std::size_t> total) {
  if (is_over_) return;
  line_.take(unit, done, total, Steady::now());
  draw();
}

void Progress::log(const std::string& line) {
  erase();
  log_line(line);
}

void Progress::finish() {
  if (is_over_) return;
  is_over_ = true;
  timer_.cancel();
  if (loop_ != nullptr) loop_->on_advance({});
  erase();
}

/// While everybody is silent nothing is told, and yet time passes.
void Progress::tick() {
  timer_ = loop_->after(kBetweenDrawn, [this] { tick(); });
  draw();
}

void Progress::draw() {
  const auto now = Steady::now();
  if (now < due_) return;
  const std::string text = line_.text(now, form_ == Form::kDrawn ? width_now() : kLongestPlain);
  if (text.empty()) return;
  due_ = now + (form_ == Form::kDrawn ? kBetweenDrawn : kBetweenPlain);
  if (form_ == Form::kPlainLines) return log_line(text);
  std::cerr << "\r" << text << "\x1b[K" << std::flush;
  is_drawn_ = true;
}

void Progress::erase() {
  if (is_drawn_) std::cerr << "\r\x1b[K" << std::flush;
  is_drawn_ = false;
}

}  // namespace cutover
