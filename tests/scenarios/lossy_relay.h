#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "core/endpoint.h"

namespace cutover::stage {

struct LossyRelayOptions {
  int loss_percent = 30;                 ///< of the datagrams of each direction
  std::chrono::milliseconds delay{200};  ///< of those that get through, each way
  std::chrono::milliseconds jitter{80};  ///< more or less than that: they overtake one another
  std::uint32_t seed = 1;
};

/// Stands between a client and UDP servers (IPv4) as a bad line would: loses, delays and reorders datagrams, and
/// changes none. Works on a thread of its own until it is destroyed.
class LossyRelay {
 public:
  /// What is sent to `first` goes on to `second`, and back.
  using Lines = std::vector<std::pair<Endpoint, Endpoint>>;

  /// Throws std::runtime_error when it cannot listen.
  LossyRelay(const Lines& lines, const LossyRelayOptions& options);
  ~LossyRelay();
  LossyRelay(const LossyRelay&) = delete;
  LossyRelay& operator=(const LossyRelay&) = delete;

  std::size_t lost() const { return lost_; }
  std::size_t passed() const { return passed_; }
  /// Datagrams that left after one that had come in later.
  std::size_t overtaken() const { return overtaken_; }

 private:
  class Line;
  void work(const LossyRelayOptions& options);

  std::vector<std::unique_ptr<Line>> lines_;
  std::atomic<bool> over_{false};
  std::atomic<std::size_t> lost_{0}, passed_{0}, overtaken_{0};
  std::thread thread_;
};

}  // namespace cutover::stage
