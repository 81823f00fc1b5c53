#include "net/loop.h"

#include <unistd.h>

#include <algorithm>
#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

// How it hangs together. A State is one armed wait. It is `armed` until it fires or is cancelled, whichever comes
// first, and that flag alone decides whether its callback runs: Asio's own cancellation is only housekeeping, since
// a handler that is already queued can no longer be taken back.
//
// All timers share one Asio timer, set to the earliest deadline: arming and cancelling one is a map operation.
//
// Waits on one descriptor share one registration, because epoll takes a descriptor only once. The registration goes
// away together with the last wait and *before* a callback runs: the callback may close the descriptor, and the
// next one opened gets the same number.

namespace cutover::net {
namespace {

using Steady = std::chrono::steady_clock;
/// Ordered by deadline; the number keeps timers of one deadline in the order of arming.
using TimerKey = std::pair<Steady::time_point, std::uint64_t>;

constexpr std::chrono::milliseconds kSlice{100};
/// clock.real() rounds down; without a floor the end of a wait would spin.
constexpr std::chrono::microseconds kShortestSlice{50};

}  // namespace

struct Loop::Handle::State {
  enum class Kind { kTimer, kReadable, kWritable };
  Kind kind = Kind::kTimer;
  bool armed = true;
  Loop::Impl* loop = nullptr;  // valid while armed: a loop disarms all its states when it goes
  std::function<void()> then;
  TimerKey timer_key{};
  int fd = -1;
};

struct Loop::Impl {
  using State = Handle::State;
  using StatePtr = std::shared_ptr<State>;

  struct Watched {
    asio::posix::stream_descriptor descriptor;
    std::vector<StatePtr> waits;
  };

  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::steady_timer timer{io};
  Steady::time_point timer_set_for = Steady::time_point::max();
  std::map<TimerKey, StatePtr> timers;
  std::uint64_t next_number = 0;
  std::map<int, std::unique_ptr<Watched>> watched;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() {
    for (auto& [key, state] : timers) disarm(*state);
    for (auto& [fd, entry] : watched) {
      for (const StatePtr& state : entry->waits) disarm(*state);
      entry->descriptor.release();
    }
  }

  static std::function<void()> disarm(State& state) {
    state.armed = false;
    state.loop = nullptr;
    return std::exchange(state.then, nullptr);
  }

  /// The wait is over; runs its callback unless it was cancelled while the event was on its way.
  void fire(const StatePtr& state) {
    if (!state->armed) return;
    forget(state);
    const std::function<void()> then = disarm(*state);
    then();
  }

  void cancel(const StatePtr& state) {
    if (!state->armed) return;
    forget(state);
    // Destroying the callback may destroy the owner of other handles: last, and from a local.
    const std::function<void()> dropped = disarm(*state);
  }

  void forget(const StatePtr& state) {
    if (state->kind == State::Kind::kTimer) {
      timers.erase(state->timer_key);  // already gone when it is the one that fires
      return;
    }
    const auto at = watched.find(state->fd);
    if (at == watched.end()) return;
    std::vector<StatePtr>& waits = at->second->waits;
    waits.erase(std::remove(waits.begin(), waits.end(), state), waits.end());
    if (!waits.empty()) return;
    at->second->descriptor.release();  // the descriptor is borrowed: never let Asio close it
    watched.erase(at);
  }

  StatePtr arm_timer(std::chrono::nanoseconds delay, std::function<void()> then) {
    auto state = std::make_shared<State>();
    state->loop = this;
    state->then = std::move(then);
    // A very long delay must not overflow the clock.
    constexpr std::chrono::hours kLongest{24 * 365};
    state->timer_key = {Steady::now() + std::clamp<std::chrono::nanoseconds>(delay, {}, kLongest), next_number++};
    timers.emplace(state->timer_key, state);
    set_timer();
    return state;
  }

  void set_timer() {
    if (timers.empty() || timers.begin()->first.first >= timer_set_for) return;
    timer_set_for = timers.begin()->first.first;
    timer.expires_at(timer_set_for);
    timer.async_wait([this](const asio::error_code& error) {
      if (!error) on_timer();
    });
  }

  void on_timer() {
    timer_set_for = Steady::time_point::max();
    const auto now = Steady::now();
    while (!timers.empty() && timers.begin()->first.first <= now) {
      // One handler each, so that run_until() can ask its question between any two callbacks.
      asio::post(io, [this, state = timers.begin()->second] { fire(state); });
      timers.erase(timers.begin());
    }
    set_timer();
  }

  StatePtr arm_descriptor(int fd, State::Kind kind, std::function<void()> then) {
    auto state = std::make_shared<State>();
    state->kind = kind;
    state->loop = this;
    state->then = std::move(then);
    state->fd = fd;
    auto at = watched.find(fd);
    if (at == watched.end()) {
      auto entry = std::make_unique<Watched>(Watched{asio::posix::stream_descriptor(io), {}});
      asio::error_code error;
      entry->descriptor.assign(fd, error);
      if (error) {
        // Nothing can be waited for (a closed descriptor): say "ready", and the caller's own read reports why.
        asio::post(io, [this, state] { fire(state); });
        return state;
      }
      at = watched.emplace(fd, std::move(entry)).first;
    }
    at->second->waits.push_back(state);
    const auto direction = kind == State::Kind::kReadable ? asio::posix::stream_descriptor::wait_read
                                                          : asio::posix::stream_descriptor::wait_write;
    at->second->descriptor.async_wait(direction, [this, state](const asio::error_code& error) {
      if (error != asio::error::operation_aborted) fire(state);
    });
    return state;
  }
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

Loop::Handle::Handle() = default;
Loop::Handle::~Handle() { cancel(); }
Loop::Handle::Handle(Handle&&) noexcept = default;

Loop::Handle& Loop::Handle::operator=(Handle&& other) noexcept {
  if (this == &other) return *this;
  // The old wait is cancelled last: its callback may own what is being assigned to.
  Handle old;
  old.state_ = std::exchange(state_, std::move(other.state_));
  return *this;
}

void Loop::Handle::cancel() {
  const std::shared_ptr<State> state = std::exchange(state_, nullptr);
  if (state != nullptr && state->loop != nullptr) state->loop->cancel(state);
}

bool Loop::Handle::pending() const { return state_ != nullptr && state_->armed; }

Loop::Handle Loop::after(std::chrono::nanoseconds delay, std::function<void()> then) {
  Handle handle;
  handle.state_ = impl_->arm_timer(delay, std::move(then));
  return handle;
}

Loop::Handle Loop::on_readable(int fd, std::function<void()> then) {
  Handle handle;
  handle.state_ = impl_->arm_descriptor(fd, Handle::State::Kind::kReadable, std::move(then));
  return handle;
}

Loop::Handle Loop::on_writable(int fd, std::function<void()> then) {
  Handle handle;
  handle.state_ = impl_->arm_descriptor(fd, Handle::State::Kind::kWritable, std::move(then));
  return handle;
}

void Loop::post(std::function<void()> task) { asio::post(impl_->io, std::move(task)); }
void Loop::post_from_any_thread(std::function<void()> task) { asio::post(impl_->io, std::move(task)); }

void Loop::run_until(const std::function<bool()>& done) {
  while (!done()) impl_->io.run_one();
}

void Loop::wait_until(const Clock& clock, Instant instant, const std::function<bool()>& stop) {
  while (!(stop && stop())) {
    const Instant now = clock.now();
    if (now >= instant) return;
    const auto slice = std::clamp<std::chrono::nanoseconds>(clock.real(instant - now), kShortestSlice, kSlice);
    bool over = false;
    const Handle timer = after(slice, [&over] { over = true; });
    run_until([&over] { return over; });
  }
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = std::exchange(other.fd_, -1);
  return *this;
}

}  // namespace cutover::net
