#pragma once
#include <cstdint>
#include <optional>

#include "core/clock.h"
#include "dnsprobe/observation.h"

namespace cutover::dnsprobe {

/// How often questions may be asked. Spans are of clock time.
struct Pace {
  int samples = 2;         ///< K: questions per round, and consecutive new answers that settle a resolver
  std::uint32_t seed = 1;  ///< of the jitter
  Instant bound{};         ///< settled resolvers are asked once more right after it, and kBoundMargin
};

/// TTLs are whole seconds and caches round them differently: an entry may live one second longer than it says.
inline constexpr Span kTtlRounding = std::chrono::seconds(1);
/// An old answer that left a name server just before it turned reaches its cache after that, and counts from there.
inline constexpr Span kInTransit = std::chrono::milliseconds(500);
/// So long after the bound no cache that honours TTLs can give the old answer.
inline constexpr Span kBoundMargin = kTtlRounding + kInTransit;

/// One resolver × record set, as the schedule sees it.
enum class Stage {
  kSampling,   ///< in a round of at most K questions
  kWaiting,    ///< until the cached answer must have expired, or a back-off ends
  kSettled,    ///< K consecutive new answers; to be asked once more after the bound
  kConfirmed,  ///< settled, and asked after the bound: left alone
  kRetired,    ///< refused or silent too often: left alone
};

struct Turn {
  Stage stage = Stage::kSampling;
  std::optional<Instant> next;  ///< when to ask; empty: not again
  int asked_in_round = 0;
  int consecutive_new = 0;
  int consecutive_silent = 0;  ///< unreachable
  int consecutive_refused = 0;
  int consecutive_overdue = 0;  ///< rounds that found the old answer where none should be left, or a failure
  std::uint32_t asked = 0;
};

/// The first question: spread over a fraction of a second by jitter.
Turn first_turn(const Pace& pace, std::uint64_t track, Instant now);

/// What follows from one observation. `old_until` is dnsprobe::old_until() after it. Pure; `track` only feeds the
/// jitter.
/// - new: the rest of the round; with K in a row it is settled.
/// - old, mixed, negative, other: the rest of the round, then when the longest-lived entry must have expired (its
///   TTL, 1 s for rounding, jitter), at the earliest after a doubling back-off from 1 s to 60 s where the answer
///   is overdue (old-past-ttl, stale, and entries that show TTL 0).
/// - servfail: 5 s, doubling to 60 s (RFC 9520: failures are cached for up to 5 min).
/// - filtered: not again before 60 s, doubling to 10 min.
/// - unreachable: 5 s, doubling to 5 min; retired after 8 in a row. refused: 5 min, doubling; retired after 3.
/// - a round that would begin in the last 3 s before the bound is over begins right after it.
/// - nobody is asked again before the longest-lived old entry that was seen there must have expired.
Turn next_turn(const Turn& turn, const Observation& observation, const std::optional<Instant>& old_until,
               const Pace& pace, std::uint64_t track);

/// A confirmed one, after the bound has moved: settled, to be asked once more after it.
Turn asked_again(const Turn& turn, const Pace& pace, std::uint64_t track);

/// A number in [0, 1) that depends on nothing but its arguments.
double jitter(std::uint32_t seed, std::uint64_t track, std::uint32_t nth);

}  // namespace cutover::dnsprobe
