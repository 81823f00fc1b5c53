#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "cmd/report/story_screen.h"

namespace cutover {

/// Draws a story over itself on the terminal that stderr is, at most a few times a second; survives a window that
/// changes its size. Lines that are logged meanwhile belong through log(): they stay above it.
class LiveScreen {
 public:
  /// A watch begins, goes on, is over: while it goes on the screen tells more of each resolver.
  void begin(const WatchQuestions& questions) { watch_.emplace(questions); }
  void take(const dnsprobe::WatchEvent& event) {
    if (watch_) watch_->take(event);
  }
  void take(const AuthorityLook& look) {
    if (watch_) watch_->take(look);
  }
  void end() { watch_.reset(); }

  /// Shows it unless something was drawn a moment ago.
  void draw(const Story& story);
  void log(const std::string& line);

 private:
  void put(const std::vector<std::string>& lines, ScreenSize size);

  std::optional<WatchView> watch_;
  std::vector<std::string> shown_;
  ScreenSize size_{0, 0};
  std::chrono::steady_clock::time_point drawn_at_{};
};

}  // namespace cutover
