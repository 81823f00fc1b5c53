#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>

namespace cutover::dnsprobe {

/// So many events a second in the long run, and a burst of so many at once (the generic cell rate algorithm, ITU-T
/// I.371). One instant, when the next event would come if they came evenly, is the whole state: it is kept by the
/// caller, who may have many.
class RateLimit {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  /// `per_second` 0: no limit. `burst` is at least 1.
  RateLimit(double per_second, int burst)
      : interval_(per_second > 0 ? std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / per_second))
                                 : Duration::zero()),
        tolerance_(interval_ * (burst - 1)) {}

  bool is_limited() const { return interval_ > Duration::zero(); }
  /// When the next event may take place.
  Time earliest(Time state) const { return state - tolerance_; }
  /// How many may take place at `now`, at most `most`.
  std::size_t room(Time state, Time now, std::size_t most) const {
    if (!is_limited()) return most;
    if (earliest(state) > now) return 0;
    return std::min(most, 1 + static_cast<std::size_t>((now - earliest(state)) / interval_));
  }
  /// The state after `count` events at `now`.
  Time took(Time state, Time now, std::size_t count) const {
    return std::max(state, now) + interval_ * static_cast<Duration::rep>(count);
  }

 private:
  Duration interval_;
  Duration tolerance_;
};

}  // namespace cutover::dnsprobe
