#pragma once
#include <chrono>
#include <memory>
#include <mutex>

namespace cutover {

/// A moment of UTC, to the microsecond. Every moment in plans, journals and gates has this type.
using Instant = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;
/// TTLs and other DNS times.
using Seconds = std::chrono::seconds;
/// A span of the clock's own time (a scaled day is still 86,400 s of it).
using Span = std::chrono::microseconds;

/// Where every part of the program asks what time it is and how long a wait really takes.
/// Thread-safe: the lab's thread and the command's thread share one clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  /// How long to really sleep for `span` of this clock's time to pass. Zero for negative spans.
  /// May be stale when the speed changes meanwhile: sleep in slices and ask again.
  virtual std::chrono::nanoseconds real(Span span) const = 0;
};

/// The machine's own clock.
class SystemClock final : public Clock {
 public:
  Instant now() const override;
  std::chrono::nanoseconds real(Span span) const override;
};

/// The machine's clock run `speed` times faster from the moment it was made: rehearsals use it,
/// with real sockets. The speed may change while others read it; time never jumps or runs back.
class ScaledClock final : public Clock {
 public:
  /// `start` is what now() says first; `speed` > 0.
  ScaledClock(Instant start, double speed);
  Instant now() const override;
  std::chrono::nanoseconds real(Span span) const override;
  void set_speed(double speed);
  double speed() const;

 private:
  Instant now_locked() const;
  mutable std::mutex mutex_;
  Instant origin_;
  std::chrono::steady_clock::time_point real_origin_;
  double speed_;
};

/// A clock that stands still until it is told to move: pure tests.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Instant start) : now_(start) {}
  Instant now() const override;
  std::chrono::nanoseconds real(Span span) const override;
  void advance(Span span);

 private:
  mutable std::mutex mutex_;
  Instant now_;
};

}  // namespace cutover
