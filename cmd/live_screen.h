#pragma once
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cmd/report/story_screen.h"

namespace cutover {

/// Draws a story over itself on the terminal that stderr is. It stands on the terminal's alternate screen, as a pager
/// does: a window may change its size as it likes, and no redrawing ever gets into the scrollback. Lines that are
/// logged meanwhile belong through log(): the last ones are shown below the story, and when it closes all of them stand
/// on the normal screen.
/// Ctrl-Z gives the terminal back for as long as the program is stopped.
class LiveScreen {
 public:
  LiveScreen() = default;
  ~LiveScreen() { close(); }
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  /// For a handler of signals that ends the program at once.
  static void give_terminal_back();

  /// What to do next, instead of the story's own word: a program that goes on by itself asks for nothing. Empty: the
  /// story's.
  void say_next(std::string next) { next_ = std::move(next); }
  /// A watch begins, goes on, is over: while it goes on the screen tells more of each resolver.
  void begin(const WatchQuestions& questions) { watch_.emplace(questions); }
  void take(const dnsprobe::WatchEvent& event) {
    if (watch_) watch_->take(event);
  }
  void take(const AuthorityLook& look) {
    if (watch_) watch_->take(look);
  }
  void end() { watch_.reset(); }

  void draw(const Story& story);
  void log(const std::string& line);
  /// Gives the terminal back and leaves the last picture there. From now on nothing is drawn, and lines are only
  /// logged.
  void close();

 private:
  /// The picture, and below it the last lines that were logged.
  std::string frame() const;

  std::optional<WatchView> watch_;
  std::string next_;
  std::vector<std::string> shown_;
  std::deque<std::string> logged_;
  ScreenSize size_{0, 0};
  bool closed_ = false;
};

}  // namespace cutover
