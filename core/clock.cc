#include "core/clock.h"

#include <algorithm>

namespace cutover {

using std::chrono::duration;
using std::chrono::duration_cast;
using std::chrono::nanoseconds;

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

nanoseconds SystemClock::real(Span span) const { return std::max<nanoseconds>(span, nanoseconds::zero()); }

ScaledClock::ScaledClock(Instant start, double speed)
    : origin_(start), real_origin_(std::chrono::steady_clock::now()), speed_(speed) {}

Instant ScaledClock::now_locked() const {
  const duration<double> passed = std::chrono::steady_clock::now() - real_origin_;
  return origin_ + duration_cast<Span>(passed * speed_);
}

Instant ScaledClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_locked();
}

nanoseconds ScaledClock::real(Span span) const {
  const std::lock_guard lock(mutex_);
  return std::max(nanoseconds::zero(), duration_cast<nanoseconds>(duration<double>(span) / speed_));
}

void ScaledClock::set_speed(double speed) {
  const std::lock_guard lock(mutex_);
  origin_ = now_locked();
  real_origin_ = std::chrono::steady_clock::now();
  speed_ = speed;
}

double ScaledClock::speed() const {
  const std::lock_guard lock(mutex_);
  return speed_;
}

Instant VirtualClock::now() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

nanoseconds VirtualClock::real(Span) const { return nanoseconds::zero(); }

void VirtualClock::advance(Span span) {
  const std::lock_guard lock(mutex_);
  now_ += span;
}

}  // namespace cutover
