#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <unordered_map>

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
  /// How long so many events take, one after the other.
  Duration length(std::size_t count) const { return interval_ * static_cast<Duration::rep>(count); }
  /// When the next event may take place.
  Time earliest(Time state) const { return state - tolerance_; }
  /// How many may take place at `now`, at most `most`.
  std::size_t room(Time state, Time now, std::size_t most) const {
    if (!is_limited()) return most;
    const Time expected = std::max(state, now);
    if (expected - tolerance_ > now) return 0;
    return std::min(most, 1 + static_cast<std::size_t>((now + tolerance_ - expected) / interval_));
  }
  /// The state after `count` events at `now`.
  Time took(Time state, Time now, std::size_t count) const {
    return std::max(state, now) + interval_ * static_cast<Duration::rep>(count);
  }

 private:
  Duration interval_;
  Duration tolerance_;
};

/// One limit for each of many.
template <class Who, class Hash>
class RateLimits {
 public:
  using Time = RateLimit::Time;
  explicit RateLimits(const RateLimit& limit) : limit_(limit) {}

  /// When the next event of `who` may take place, which is then taken; the zero of time: now.
  Time take(const Who& who) {
    if (!limit_.is_limited()) return {};
    const Time now = std::chrono::steady_clock::now();
    if (states_.size() >= forget_at_) forget_idle(now);
    Time& state = states_[who];
    const Time earliest = limit_.earliest(state);
    state = limit_.took(state, now, 1);
    return earliest <= now ? Time() : earliest;
  }

 private:
  /// Whoever has not used its rate up is as good as new.
  void forget_idle(Time now) {
    std::erase_if(states_, [now](const auto& entry) { return entry.second <= now; });
    forget_at_ = std::max<std::size_t>(1024, 2 * states_.size());
  }

  const RateLimit limit_;
  std::unordered_map<Who, Time, Hash> states_;
  std::size_t forget_at_ = 1024;
};

}  // namespace cutover::dnsprobe
