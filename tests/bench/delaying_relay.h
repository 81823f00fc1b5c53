#pragma once
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "core/endpoint.h"

namespace cutover::bench {

/// Stands between clients and TCP servers as a long line would: every byte and every end takes `each_way` longer. The
/// kernel answers a client's SYN at once, which the relay cannot hold up; so what the client says arrives no sooner
/// than if it had waited for that round trip before it spoke. Works on a thread of its own until it is destroyed.
class DelayingRelay {
 public:
  struct Route {
    Endpoint from{};
    Endpoint to{};
  };
  /// Throws std::runtime_error when it cannot listen.
  DelayingRelay(const std::vector<Route>& routes, std::chrono::milliseconds each_way);
  ~DelayingRelay();
  DelayingRelay(const DelayingRelay&) = delete;
  DelayingRelay& operator=(const DelayingRelay&) = delete;

 private:
  class Line;
  std::atomic<bool> stopping_{false};
  std::unique_ptr<Line> line_;
  std::thread thread_;
};

}  // namespace cutover::bench
