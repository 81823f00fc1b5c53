#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/observation.h"

// Caches that exist in the responder only: thousands of addresses of 127/8, each with its own habits, all of which
// follow from the address. With every answer comes, as its NSID, what the simulation knows about it.

namespace cutover::bench {

enum class Habit {
  kHonest,        ///< one cache, filled before the change
  kSeveral,       ///< two to four honest caches, one of which answers
  kLongMinimum,   ///< holds everything three times as long as the TTL says
  kShortMaximum,  ///< holds everything for half as long
  kBehind,        ///< fetches from a name server that serves the old answer for some time after the change
  kStale,         ///< serves the expired answer for some time, and says so (RFC 8914 code 3)
  kFails,         ///< SERVFAIL
  kRefuses,
  kSilent,
};

/// What is simulated. The same on both sides.
struct Simulation {
  Instant change{};  ///< from here on the authorities (but for one) serve the new answer
  Seconds ttl{10};
  std::uint64_t seed = 1;
};

/// 127.1.0.1 and so on: not the addresses that servers of other tests use.
constexpr std::uint32_t address_of(std::size_t resolver) {
  return 0x7f400000U + static_cast<std::uint32_t>(resolver / 250 * 256 + resolver % 250 + 1);
}
constexpr std::size_t resolver_of(std::uint32_t address) {
  const std::uint32_t offset = address - 0x7f400000U;
  return offset / 256 * 250 + offset % 256 - 1;
}

Habit habit_of(const Simulation& simulation, std::size_t resolver);
/// What goes out as NSID where nobody could tell from outside which of two verdicts is right: an old answer that is
/// kept too long and happens to have just the TTL of a fresh one when it is first seen, or the other way round.
inline constexpr std::string_view kUnsure = "unsure";
/// The verdict that is right for an answer with this NSID.
std::optional<dnsprobe::Verdict> truth_of(std::string_view site);

/// The caches of all resolvers.
class SimulatedCaches {
 public:
  SimulatedCaches(const Simulation& simulation, std::size_t resolvers);

  struct Answer {
    enum class Kind { kAddress, kServfail, kRefused, kNone };
    Kind kind = Kind::kAddress;
    bool is_old = false;
    bool says_stale = false;
    Seconds ttl{};
    std::string_view truth;  ///< goes out as NSID
  };
  /// `dice` picks the cache where there are several.
  Answer answer(std::size_t resolver, std::uint32_t dice, Instant now);

 private:
  struct Entry {
    Instant expires{};
    bool is_old = true;
    bool after_change = false;  ///< fetched since
    bool was_shown = false;
    bool is_unsure = false;
  };
  void fill(std::size_t resolver, Habit habit);
  Entry fetched(Habit habit, Instant now) const;
  bool looks_like_another(const Entry& entry, Instant now) const;

  Simulation simulation_;
  std::vector<std::array<Entry, 4>> entries_;
};

}  // namespace cutover::bench
