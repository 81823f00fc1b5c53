#include "lab/clock_timer.h"

#include <algorithm>

namespace cutover::lab {
namespace {

constexpr std::chrono::milliseconds kLongestSlice{25};
/// A clock that stands still says that every wait takes no time; it must not spin the loop.
constexpr std::chrono::microseconds kShortestSlice{200};

}  // namespace

void ClockTimer::set(Instant at, std::function<void()> then) {
  at_ = at;
  then_ = std::move(then);
  wait();
}

void ClockTimer::wait() {
  const Instant now = clock_.now();
  const std::chrono::nanoseconds slice =
      now >= at_ ? std::chrono::nanoseconds(0)
                 : std::clamp<std::chrono::nanoseconds>(clock_.real(at_ - now), kShortestSlice, kLongestSlice);
  slice_ = loop_.after(slice, [this] {
    if (clock_.now() < at_) return wait();
    // Last, and from a local: it may set this timer again, or destroy it.
    const auto then = std::move(then_);
    then();
  });
}

}  // namespace cutover::lab
