#pragma once
#include <chrono>
#include <optional>

#include "cmd/page/live_page.h"
#include "cmd/report/story.h"

namespace cutover {

/// Puts a cutover on the live page while it goes on. It may be told as often as things happen: the page hears of it
/// every now and then. Without a page it does nothing.
class PageFollower {
 public:
  /// `page` may be nullptr, and outlives it. `every`: how often the page is told, in real time.
  PageFollower(LivePage* page, std::chrono::milliseconds every) : page_(page), every_(every) {}

  bool has_page() const { return page_ != nullptr; }
  /// The whole account, out of the journal: at the beginning, and whenever something was written there. Shown at once.
  void tell(Story story);
  /// A watch of what the last story says begins; it goes on until the next tell().
  void begin(const WatchQuestions& questions);
  void take(const dnsprobe::WatchEvent& event);
  /// Time passes: for clocks that the browsers do not have, in a rehearsal.
  void pass(Instant now);

 private:
  void show(Instant now);

  LivePage* page_;
  std::chrono::milliseconds every_;
  std::optional<Story> story_;
  std::optional<SpreadingStory> spreading_;
  std::chrono::steady_clock::time_point shown_{};
};

}  // namespace cutover
