#pragma once
#include <cstdint>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/datagram_socket.h"
#include "dnsprobe/udp_ports.h"

namespace cutover::dnsprobe {

/// One question on its way over UDP.
struct InFlight {
  /// One datagram of it.
  struct Try {
    UdpPorts::Place place;
    Instant asked{};
    UdpPorts::Time sent{};
  };
  enum class State : std::uint8_t {
    kFree,
    kQueued,   ///< to be sent, or sent again
    kWaiting,  ///< for a reply
  };

  std::uint64_t ticket = 0;
  std::uint64_t letter_case = 0;  ///< see QueryTemplate::write(); the same for all tries
  PeerAddress peer;
  Try latest;
  Try before;  ///< the reply to the try before counts too, however late
  std::uint32_t query = 0;
  std::uint32_t previous = 0, next = 0;  ///< in the list of those that wait
  int tries = 0;
  State state = State::kFree;
  bool plain = false;  ///< without EDNS
};

/// All questions on their way, by number. Those that wait for a reply stand in the order in which they were sent; since
/// all wait equally long that is the order in which their time is up, and one list does what timers or a wheel would.
class InFlightTable {
 public:
  static constexpr std::uint32_t kNobody = UdpPorts::kNobody;

  InFlight& operator[](std::uint32_t number) { return slots_[number]; }

  /// A fresh one. Invalidates references.
  std::uint32_t add() {
    if (free_.empty()) {
      slots_.emplace_back();
      return static_cast<std::uint32_t>(slots_.size() - 1);
    }
    const std::uint32_t number = free_.back();
    free_.pop_back();
    slots_[number] = InFlight();
    return number;
  }
  void remove(std::uint32_t number) {
    slots_[number].state = InFlight::State::kFree;
    free_.push_back(number);
  }

  /// At the end of those that wait.
  void start_waiting(std::uint32_t number) {
    InFlight& slot = slots_[number];
    slot.state = InFlight::State::kWaiting;
    slot.previous = last_;
    slot.next = kNobody;
    (last_ == kNobody ? first_ : slots_[last_].next) = number;
    last_ = number;
  }
  void stop_waiting(std::uint32_t number) {
    InFlight& slot = slots_[number];
    slot.state = InFlight::State::kQueued;
    (slot.previous == kNobody ? first_ : slots_[slot.previous].next) = slot.next;
    (slot.next == kNobody ? last_ : slots_[slot.next].previous) = slot.previous;
  }
  /// Who has waited longest, or kNobody; walk on with InFlight::next.
  std::uint32_t first_waiting() const { return first_; }

 private:
  std::vector<InFlight> slots_;
  std::vector<std::uint32_t> free_;
  std::uint32_t first_ = kNobody, last_ = kNobody;
};

}  // namespace cutover::dnsprobe
