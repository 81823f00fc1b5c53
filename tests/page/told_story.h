#pragma once
#include <cstdint>
#include <string>

#include "cmd/report/story.h"

namespace cutover::tests {

/// How somebody who wants to do harm names things: markup, terminal escapes, right-to-left marks, and no end to it.
extern const std::string kHostile;

struct ToldOptions {
  std::size_t resolvers = 200;
  Seconds bound{60};     ///< how long caches may hold the old values
  bool hostile = false;  ///< every text that strangers can choose is kHostile
  bool monitor = false;  ///< a monitor runs, with a round for every look
};

/// A made-up cutover in the middle of its swap: caches turn one by one over the time to the bound, and stragglers stay.
/// The same options tell the same story.
class ToldStory {
 public:
  ToldStory(const ToldOptions& options, Instant served_at);

  /// Before the swap: gates, one of which opens at `served_at`.
  Story before() const;
  /// What is to be seen at `now`; never earlier than at the call before.
  const Story& at(Instant now);

 private:
  void turn(std::size_t resolver, Side side, Instant at);
  void round(Instant now);

  ToldOptions options_;
  Instant served_at_;
  Story story_;
  std::vector<Instant> asked_at_;  ///< by resolver
  std::vector<Instant> turns_at_;
};

}  // namespace cutover::tests
