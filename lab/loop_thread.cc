#include "lab/loop_thread.h"

namespace cutover::lab {

void LoopThread::start() {
  stopping_ = false;
  thread_ = std::thread([this] {
    // The loop needs something pending to wait for; the beat also bounds how late a stop is noticed.
    net::Loop::Handle beat;
    std::function<void()> again = [&] { beat = loop_.after(std::chrono::milliseconds(200), again); };
    again();
    loop_.run_until([this] { return stopping_; });
  });
}

void LoopThread::stop() {
  if (!thread_.joinable()) return;
  post([this] { stopping_ = true; });
  thread_.join();
}

}  // namespace cutover::lab
