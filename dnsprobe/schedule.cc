#include "dnsprobe/schedule.h"

#include <algorithm>

namespace cutover::dnsprobe {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Span kSampleGap = milliseconds(150);     ///< between the questions of one round
constexpr Span kStartSpread = milliseconds(500);   ///< first questions are spread over this
constexpr Span kExpirySpread = milliseconds(400);  ///< questions after an expiry or the bound are spread over this
constexpr int kRetireSilent = 8;
constexpr int kRetireRefused = 3;

/// base, 2·base, 4·base ... for the first, second, third time in a row.
Span doubling(Span base, int times, Span most) {
  Span out = base;
  for (int i = 1; i < times && out < most; ++i) out *= 2;
  return std::min(out, most);
}

Span scaled(Span span, double share) {
  return std::chrono::duration_cast<Span>(std::chrono::duration<double>(span) * share);
}

/// A round that would begin so shortly before the bound is over begins after it: it had to be asked again there anyhow.
constexpr Span kNearBound = seconds(3);

/// The moment at which what expires at `instant` has expired in every cache, and a little later.
Instant surely_after(Instant instant, double share) { return instant + kTtlRounding + scaled(kExpirySpread, share); }

Turn wait(Turn turn, Stage stage, Instant next) {
  turn.stage = stage;
  turn.next = next;
  turn.asked_in_round = 0;
  return turn;
}

Turn leave_alone(Turn turn, Stage stage) {
  turn.stage = stage;
  turn.next = std::nullopt;
  turn.asked_in_round = 0;
  return turn;
}

/// No data came. A settled resolver is not asked a third time: its earlier answers stand.
Turn after_no_data(Turn turn, const Observation& seen, const std::optional<Instant>& old_until, bool was_settled,
                   double share) {
  if (was_settled) return leave_alone(turn, Stage::kConfirmed);
  const auto later = [&](Span span) {
    const Instant next = seen.at + span + scaled(span / 8, share);
    return old_until ? std::max(next, surely_after(*old_until, share)) : next;
  };
  if (seen.verdict == Verdict::kUnreachable) {
    ++turn.consecutive_silent;
    if (turn.consecutive_silent >= kRetireSilent) return leave_alone(turn, Stage::kRetired);
    return wait(turn, Stage::kWaiting, later(doubling(seconds(5), turn.consecutive_silent, minutes(5))));
  }
  ++turn.consecutive_refused;
  if (turn.consecutive_refused >= kRetireRefused) return leave_alone(turn, Stage::kRetired);
  const Span base = seen.verdict == Verdict::kRefused ? Span(minutes(5)) : Span(minutes(1));
  return wait(turn, Stage::kWaiting, later(doubling(base, turn.consecutive_refused, minutes(60))));
}

/// The round is over and it was not K times new: when the next one starts.
Instant next_round(Turn& turn, const Observation& seen, const std::optional<Instant>& old_until, double share) {
  const Instant remaining = seen.expires.value_or(seen.at);
  Instant next = seen.at + seconds(1);
  switch (seen.verdict) {
    case Verdict::kOld:
    case Verdict::kMixed:
    case Verdict::kBehind:
      if (remaining > seen.at) {
        turn.consecutive_overdue = 0;
        next = surely_after(remaining, share);
        break;
      }
      [[fallthrough]];
    case Verdict::kOldPastTtl:
    case Verdict::kStale:
      ++turn.consecutive_overdue;
      next = seen.at + doubling(seconds(1), turn.consecutive_overdue, minutes(1)) + scaled(kExpirySpread, share);
      break;
    case Verdict::kServfail:
      ++turn.consecutive_overdue;
      next = seen.at + doubling(seconds(5), turn.consecutive_overdue, minutes(1)) + scaled(seconds(1), share);
      break;
    case Verdict::kOther:
    case Verdict::kNegative:
      next = std::clamp(surely_after(remaining, share), seen.at + seconds(5), seen.at + minutes(5));
      break;
    case Verdict::kNew:
    case Verdict::kRefused:
    case Verdict::kFiltered:
    case Verdict::kUnreachable:
      break;
  }
  // Another entry behind the same address may live longer than the last one seen.
  if (old_until) next = std::max(next, surely_after(*old_until, share));
  return next;
}

}  // namespace

double jitter(std::uint32_t seed, std::uint64_t track, std::uint32_t nth) {
  // splitmix64 (Steele, Lea, Flood 2014): a good mix of its input, and no state to keep per resolver.
  std::uint64_t z = (std::uint64_t{seed} << 32 | nth) + 0x9e3779b97f4a7c15U * (track + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1.0p-53;
}

Turn first_turn(const Pace& pace, std::uint64_t track, Instant now) {
  Turn out;
  out.next = now + scaled(kStartSpread, jitter(pace.seed, track, 0));
  return out;
}

Turn asked_again(const Turn& turn, const Pace& pace, std::uint64_t track) {
  const double share = jitter(pace.seed, track, turn.asked);
  return wait(turn, Stage::kSettled, pace.bound + kBoundMargin + scaled(kExpirySpread, share));
}

Turn next_turn(const Turn& before, const Observation& seen, const std::optional<Instant>& old_until, const Pace& pace,
               std::uint64_t track) {
  Turn turn = before;
  ++turn.asked;
  ++turn.asked_in_round;
  const bool was_settled = before.stage == Stage::kSettled;
  const double share = jitter(pace.seed, track, turn.asked);
  if (!is_data(seen.verdict)) return after_no_data(turn, seen, old_until, was_settled, share);
  turn.consecutive_silent = 0;
  turn.consecutive_refused = 0;
  if (seen.verdict == Verdict::kNew) {
    ++turn.consecutive_new;
    turn.consecutive_overdue = 0;
    const bool after_bound = seen.at - seen.slack >= pace.bound + kBoundMargin;
    if (turn.consecutive_new >= pace.samples && after_bound) return leave_alone(turn, Stage::kConfirmed);
    // An answer that was long on its way comes after the bound and says nothing about it.
    const Instant again = std::max(pace.bound + kBoundMargin, seen.at + seconds(1)) + scaled(kExpirySpread, share);
    if (turn.consecutive_new >= pace.samples) return wait(turn, Stage::kSettled, again);
  } else {
    turn.consecutive_new = 0;
  }
  if (turn.asked_in_round < pace.samples) {
    turn.stage = Stage::kSampling;
    turn.next = seen.at + kSampleGap + scaled(kSampleGap, share);
    return turn;
  }
  Instant next = next_round(turn, seen, old_until, share);
  const Instant over = pace.bound + kBoundMargin;
  if (next < over && next > over - kNearBound) next = over + scaled(kExpirySpread, share);
  return wait(turn, Stage::kWaiting, next);
}

}  // namespace cutover::dnsprobe
