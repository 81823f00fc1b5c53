#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/watch.h"

namespace cutover::bench {

/// Thousands of simulated resolvers, watched through a change of one record set by this one process.
struct StoryResult {
  dnsprobe::WatchEnd end = dnsprobe::WatchEnd::kStopped;
  std::string why;  ///< the last forecast's own words
  std::uint64_t questions = 0;
  std::array<std::uint64_t, dnsprobe::kVerdictCount> verdicts{};  ///< of all answers
  std::uint64_t wrong = 0;                                        ///< verdicts that the simulation knows better
  std::vector<std::string> wrong_ones;                            ///< the first few
  std::uint64_t unsure = 0;                                       ///< see kUnsure
  std::uint64_t lost = 0;                                         ///< no answer from a resolver that is not silent
  std::uint64_t old_after = 0;  ///< answers of a last sweep, after the end, that were not new
  Instant change{}, converged_at{}, last_old_expiry{};
  double wall_s = 0, cpu_s = 0;
  double bytes_per_resolver = 0;  ///< what a resolver at rest costs, its own description included
  double peak_mb = 0;             ///< of the whole process
};

StoryResult watch_a_swap(std::size_t resolvers, Seconds ttl);

}  // namespace cutover::bench
