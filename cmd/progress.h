#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cmd/command.h"
#include "cmd/report/progress_line.h"
#include "net/loop.h"

namespace cutover {

/// Says on stderr how far long work has come. On a terminal that is one line, drawn over itself a few times a second
/// and erased in the end; elsewhere, with --ci and on a dumb terminal a plain line every ten seconds. Work that is over
/// within a second shows nothing.
class Progress {
 public:
  /// Tells what the conversations over `loop` tell of themselves; the loop has to outlive it.
  Progress(const GlobalOptions& global, net::Loop& loop, std::string_view subject);
  /// Work without a loop: what is told is what take() gets.
  Progress(const GlobalOptions& global, std::string_view subject);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// As of ProgressLine.
  void take(std::string_view unit, std::size_t done, std::optional<std::size_t> total);
  /// A line for the log: it stays whole, above what is drawn.
  void log(const std::string& line);
  /// The work is over: what is drawn is erased, and nothing comes any more.
  void finish();

 private:
  void tick();
  void draw();
  void erase();

  enum class Form { kDrawn, kPlainLines } form_;
  net::Loop* loop_ = nullptr;
  ProgressLine line_;
  ProgressLine::Time due_;  ///< when something is shown next
  bool is_drawn_ = false;
  bool is_over_ = false;
  net::Loop::Handle timer_;
};

}  // namespace cutover
