#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "cmd/report/story.h"

namespace cutover {

/// How the resolvers of a group are divided.
struct SideCounts {
  std::size_t fresh = 0, old = 0, other = 0, silent = 0;
  std::size_t all() const { return fresh + old + other + silent; }
  void add(Side side);
};

struct GroupCounts {
  std::string name;  ///< an operator or a continent
  SideCounts now;
  std::optional<Instant> last_turned;  ///< the last of them to turn to the new side, where all that answer have
};

SideCounts counts_of(const Propagation& spreading);
/// The slowest first: those with most old answers, then the one that turned last.
std::vector<GroupCounts> by_operator(const Propagation& spreading);
/// Resolvers without a place are `everywhere, or not known`.
std::vector<GroupCounts> by_continent(const Propagation& spreading);
/// When each resolver turned to the new side for good; empty where it has not. In the order of the resolvers.
std::vector<std::optional<Instant>> turned_at(const Propagation& spreading);

/// One line of the timeline, whatever told of it.
struct StoryMoment {
  Instant at{};
  std::string phase;
  std::string text;
};
/// Everything that happened, oldest first: writes and their calls, checks, overrides, spreading, events.
std::vector<StoryMoment> moments_of(const Story& story);

/// A minute's reading for somebody who was not there: what moved and when, how it spread, whether anybody was sent to a
/// place that does not serve them, what was overridden, whether it can be undone, what comes next. Sentences.
std::vector<std::string> summary_of(const Story& story);

}  // namespace cutover
