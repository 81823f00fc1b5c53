#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/watch.h"

namespace cutover {

/// What a person sees of a watch while it runs: the last word of every resolver and the last summary. Pure: events
/// go in, lines come out; who draws them, and whether anything is redrawn, is the caller's business.
class WatchView {
 public:
  /// Keeps a copy: it is still drawn when the watch is over and its questions are gone.
  explicit WatchView(WatchQuestions questions);

  void take(const dnsprobe::WatchEvent& event);
  void take(const AuthorityLook& look);

  /// The live picture at `now`: at most `height` lines of at most `width` columns, without line breaks.
  std::vector<std::string> lines(Instant now, std::size_t width, std::size_t height) const;

  /// The same without what is watched: the two estimates, who answers what, who is slow. kBrief: without what a bar
  /// beside it shows, so that the slow ones are seen on a small screen too. kLeast: estimates and slow ones only.
  enum class Detail { kLeast, kBrief, kAll };
  std::vector<std::string> spreading_lines(Instant now, std::size_t width, std::size_t height, Detail detail) const;

  /// For logs and CI: what is watched, one line per record set.
  std::vector<std::string> opening() const;
  /// One line where an event is worth one: a resolver's verdict changed, or the level or its reason did. Ask after
  /// take(), once per event.
  std::optional<std::string> change_line(const dnsprobe::WatchEvent& event);
  /// The lines of a look at the name servers that says something new; else none.
  static std::vector<std::string> change_lines(const AuthorityLook& look);

 private:
  struct Row {
    std::size_t resolver = 0;
    std::size_t key = 0;
    std::optional<dnsprobe::Observation> last;
    std::optional<dnsprobe::Verdict> before;
  };
  std::vector<std::string> holding_lines(Instant now, std::size_t width, std::size_t most) const;
  std::vector<std::string> lag_lines(std::size_t width) const;
  std::string voices_text() const;

  const WatchQuestions questions_;
  std::vector<Row> rows_;
  dnsprobe::Forecast forecast_;
  bool has_forecast_ = false;
  std::optional<AuthorityLook> look_;
  std::string voices_;  ///< how operators are divided; counted at most once a second of the clock
  Instant voices_at_{};
  std::string told_level_;
};

}  // namespace cutover
