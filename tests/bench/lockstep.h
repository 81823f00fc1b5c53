#pragma once
#include <cstdint>

namespace cutover::bench {

/// Asks and answers in turns within one thread: a batch of questions leaves, a responder in the same thread answers all
/// of it, the replies are read and judged. No timing decides how large a batch is, so that the same program takes the
/// same number of instructions. Everything of the engine happens inside counted_turn(). How many were answered `new`.
std::uint64_t lockstep(std::uint64_t probes);

}  // namespace cutover::bench
