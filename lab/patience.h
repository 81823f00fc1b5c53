#pragma once
#include <chrono>
#include <functional>

#include "net/loop.h"

namespace cutover::lab {

/// A timeout among the lab's own inhabitants, in real time. Both ends of their conversations live on one
/// thread, so on a busy machine a plain timer could fire before the loop got to look at an answer that was
/// long there. This one counts small turns of the loop: a thread that got no processor is no silent server.
/// Lives on the loop's thread; destroying it cancels it.
class Patience {
 public:
  explicit Patience(net::Loop& loop) : loop_(loop) {}
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  /// Calls `then` once, not before `time` has passed. Replaces what it was set for.
  void start(std::chrono::milliseconds time, std::function<void()> then);
  void cancel() { turn_.cancel(); }

 private:
  void take_turn();

  net::Loop& loop_;
  std::chrono::milliseconds left_{};
  std::function<void()> then_;
  net::Loop::Handle turn_;
};

}  // namespace cutover::lab
