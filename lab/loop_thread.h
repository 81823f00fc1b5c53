#pragma once
#include <thread>

#include "net/loop.h"

namespace cutover::lab {

/// A loop that runs on a thread of its own, so that the lab lives while the command's thread thinks.
/// Whatever waits on the loop is made before start() and destroyed after stop() (or on the loop's own
/// thread): only post() may be called from elsewhere in between.
class LoopThread {
 public:
  LoopThread() = default;
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  net::Loop& loop() { return loop_; }
  void start();
  /// Ends the thread and waits for it. Calling it twice is fine.
  void stop();
  /// Runs `task` on the loop's thread, soon.
  void post(std::function<void()> task) { loop_.post_from_any_thread(std::move(task)); }

 private:
  net::Loop loop_;
  std::thread thread_;
  bool stopping_ = false;  ///< touched only on the loop's thread while that runs
};

}  // namespace cutover::lab
