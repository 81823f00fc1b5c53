#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "core/clock.h"

namespace cutover::net {

/// How far a fan-out of conversations has come, or one long conversation.
struct Advance {
  enum class Of { kQuestions, kHandshakes, kRequests, kRecords };  ///< DNS, TLS, HTTP; records of a zone transfer
  Of of = Of::kQuestions;
  std::size_t done = 0;
  std::optional<std::size_t> total{};  ///< empty: not known
};

/// The one event loop of the program (Asio underneath; no Asio type leaves net/).
/// Single-threaded: every callback runs inside run_until() on the thread that called it.
/// A callback runs at most once per arming; destroying the handle cancels it.
class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// A pending timer or descriptor wait. Owning: destroying it cancels. Must not outlive the loop.
  class Handle {
   public:
    Handle();
    ~Handle();
    Handle(Handle&&) noexcept;
    Handle& operator=(Handle&&) noexcept;
    void cancel();
    bool pending() const;
    struct State;

   private:
    friend class Loop;
    std::shared_ptr<State> state_;
  };

  /// Calls `then` once after `delay` of real time.
  Handle after(std::chrono::nanoseconds delay, std::function<void()> then);
  /// Calls `then` once when `fd` is readable / writable (or has an error). The loop borrows the descriptor: destroy
  /// the handle before closing it. Several waits on one descriptor are fine.
  Handle on_readable(int fd, std::function<void()> then);
  Handle on_writable(int fd, std::function<void()> then);
  /// Runs `task` soon, from the loop.
  void post(std::function<void()> task);
  /// As post, but may be called from another thread.
  void post_from_any_thread(std::function<void()> task);

  /// Who wants to know how far the fan-outs over this loop have come: told when one begins and whenever a conversation
  /// ends. Empty: nobody.
  void on_advance(std::function<void(const Advance&)> listener) { listener_ = std::move(listener); }
  void advance(const Advance& how_far) const {
    if (listener_) listener_(how_far);
  }

  /// Runs callbacks until `done()` is true (asked before the first and after every callback).
  /// Returns at once where it is true already. While nothing is pending it waits: give it a timer.
  void run_until(const std::function<bool()>& done);
  /// Waits until `clock` says `instant`, running callbacks meanwhile, in slices so that a changed
  /// speed is noticed; ends early when `stop()` (asked every slice) is true.
  void wait_until(const Clock& clock, Instant instant, const std::function<bool()>& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
  std::function<void(const Advance&)> listener_;
};

/// An owned file descriptor, closed when destroyed.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

}  // namespace cutover::net
