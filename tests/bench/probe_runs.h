#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "dnsprobe/resolver.h"

namespace cutover::bench {

/// What some work cost the thread that did it; whoever answers is another process.
struct Cost {
  double cpu_us = 0;  ///< user and system, per probe
  double per_second = 0;
  std::uint64_t probes = 0;
  std::uint64_t lost = 0;  ///< not answered, or not as they should be
};

/// The least that so many questions and answers can cost: sendmmsg and recvmmsg in batches, nothing looked at but the
/// length. One question and its answer at a time per place in the window.
Cost bare_loop(std::uint16_t port, std::size_t resolvers, std::uint64_t probes, std::size_t window);
/// The engine: asked, checked, parsed, judged, remembered.
Cost engine(const std::vector<dnsprobe::Resolver>& resolvers, std::uint64_t probes, std::size_t window);
/// A whole watch's worth of rounds (schedule, verdicts, forecast), real questions, with a clock that jumps over the
/// waits.
Cost watch_rounds(const std::vector<dnsprobe::Resolver>& resolvers, std::size_t window);
/// Runs `work`, which says how many probes it made and how many were lost.
struct Work {
  std::uint64_t probes = 0, lost = 0;
};
Cost cost_of(const std::function<Work()>& work);

}  // namespace cutover::bench
