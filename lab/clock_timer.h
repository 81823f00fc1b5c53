#pragma once
#include <functional>
#include <memory>

#include "core/clock.h"
#include "net/loop.h"

namespace cutover::lab {

/// Fires once when `clock` says so. Waits in slices, so that a clock that changes its speed is noticed.
/// Lives on the loop's thread; destroying it cancels it.
class ClockTimer {
 public:
  /// `loop` and `clock` must outlive the timer.
  ClockTimer(net::Loop& loop, const Clock& clock) : loop_(loop), clock_(clock) {}
  ClockTimer(const ClockTimer&) = delete;
  ClockTimer& operator=(const ClockTimer&) = delete;

  /// Replaces whatever it was set for. `then` runs from the loop, also when `at` has passed.
  void set(Instant at, std::function<void()> then);
  void cancel() { slice_.cancel(); }

 private:
  void wait();

  net::Loop& loop_;
  const Clock& clock_;
  Instant at_{};
  std::function<void()> then_;
  net::Loop::Handle slice_;
};

}  // namespace cutover::lab
