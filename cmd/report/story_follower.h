#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "cmd/report/story.h"

namespace cutover {

/// Follows a cutover while it goes on and shows it to whoever wants to see: a live page, a metrics file. It may be told
/// as often as things happen; it shows every now and then. With nobody to show it to, it does nothing.
class StoryFollower {
 public:
  /// `every`: how often something is shown, in real time.
  explicit StoryFollower(std::chrono::milliseconds every) : every_(every) {}
  /// `show` is called with every story that is shown, from the thread that tells.
  void add(std::function<void(const Story&)> show) { shows_.push_back(std::move(show)); }

  bool is_wanted() const { return !shows_.empty(); }
  /// The whole account, out of the journal: at the beginning, and whenever something was written there. Shown at once.
  void tell(Story story);
  /// A watch of what the last story says begins; it goes on until the next tell().
  void begin(const WatchQuestions& questions);
  void take(const dnsprobe::WatchEvent& event);
  /// Time passes: for clocks that those who look do not have, in a rehearsal.
  void pass(Instant now);

 private:
  void show(Instant now);

  std::chrono::milliseconds every_;
  std::vector<std::function<void(const Story&)>> shows_;
  std::optional<Story> story_;
  std::optional<SpreadingStory> spreading_;
  std::chrono::steady_clock::time_point shown_{};
};

/// Shows to a metrics file what a follower is told. Where it cannot be written, that is said once through `log`, and
/// the work goes on.
std::function<void(const Story&)> into_metrics_file(std::string file, std::function<void(const std::string&)> log);

}  // namespace cutover
