#include "lab/loop_thread.h"

#include <pthread.h>

#include <csignal>

namespace cutover::lab {

void LoopThread::start() {
  stopping_ = false;
  thread_ = std::thread([this] {
    // Signals are for the command's thread; and a peer that hangs up in the middle of TLS must not end the process.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
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
