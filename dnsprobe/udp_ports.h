#pragma once
#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "dnsprobe/datagram_socket.h"
#include "dnsprobe/query_template.h"
#include "dnsprobe/rate_limit.h"
#include "net/loop.h"
#include "net/random_numbers.h"

namespace cutover::dnsprobe {

/// Our sockets: four per family, opened with the first question that needs them. Sends what is queued in batches, each
/// datagram with an id that no other question on the same socket has; waits out full buffers and the rate limit.
class UdpPorts {
 public:
  using Time = RateLimit::Time;
  static constexpr std::uint32_t kNobody = 0xffffffff;
  static constexpr std::uint8_t kNoPort = 255;

  /// Which datagram a question went out in: one of our sockets and the id there.
  struct Place {
    std::uint8_t port = kNoPort;
    std::uint16_t id = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  /// Whose questions these are; numbers are its own. Called from the loop only.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// The datagram of question `number` with this id; both stay until the batch has left.
    virtual DatagramSocket::Outgoing write(std::uint32_t number, std::uint16_t id, QueryTemplate::Buffer& buffer) = 0;
    /// It has left; `at` and `now` are right before that.
    virtual void left(std::uint32_t number, Place place, Instant at, Time now) = 0;
    /// It never will, and why.
    virtual void stuck(std::uint32_t number, std::string why) = 0;
    /// Something came to a socket of ours, from whomever. `at` and `now` are right after that.
    virtual void came(std::uint8_t port, const DatagramSocket::Incoming& datagram, Instant at, Time now) = 0;
    virtual void bounced(std::uint8_t port, const DatagramSocket::Bounce& bounce) = 0;
    /// Sockets have been read, or may send again: flush() is due.
    virtual void turn_is_over() = 0;
  };

  /// All must outlive it.
  UdpPorts(net::Loop& loop, const Clock& clock, const RateLimit& limit, Owner& owner)
      : loop_(loop), clock_(clock), limit_(limit), owner_(owner) {}

  /// Queues a question, for another socket than `not_this` (which may be kNoPort). An error: there is no socket.
  Result<void> enqueue(std::uint32_t number, Family family, std::uint8_t not_this);
  /// Sends what may be sent.
  void flush();
  /// Reads what has come already, instead of waiting to be woken for it.
  void receive();
  /// When flush() has something to do that time alone brings; the end of time: never.
  Time wants_flush_at() const;
  /// How long the limit makes the last one of the queues wait from now on.
  std::chrono::nanoseconds backlog() const;

  /// The question that holds this place, or kNobody.
  std::uint32_t holder(Place place) const { return ports_[place.port]->by_id[place.id]; }
  /// Frees the place and forgets it; one without a port is nothing.
  void free(Place& place);
  net::RandomNumbers& random() { return random_; }

 private:
  struct Port {
    explicit Port(DatagramSocket from) : socket(std::move(from)) {}

    DatagramSocket socket;
    std::vector<std::uint32_t> by_id = std::vector<std::uint32_t>(65536, kNobody);
    std::size_t ids_in_use = 0;
    std::deque<std::uint32_t> outgoing;
    bool full = false;                     ///< until it is writable again
    net::Loop::Handle readable, writable;  ///< after socket: go before it closes
  };

  Result<void> open(std::size_t first, Family family);
  void send_from(std::uint8_t index);
  void compose(Port& port, std::size_t count);
  void settle_rest(std::uint8_t index, DatagramSocket::SendResult& result);
  void await_replies(std::uint8_t index);
  void receive_on(std::uint8_t index);
  std::size_t read(std::uint8_t index);
  static bool can_send(const Port& port);

  net::Loop& loop_;
  const Clock& clock_;
  const RateLimit& limit_;
  Owner& owner_;
  static constexpr std::size_t kPerFamily = 4;
  std::array<std::unique_ptr<Port>, 2 * kPerFamily> ports_;
  net::RandomNumbers random_;
  std::size_t picks_ = 0, picked_ = 0;
  Time limit_state_{}, busy_until_{};
  std::array<QueryTemplate::Buffer, DatagramSocket::kBatch> letters_;
  std::array<std::uint16_t, DatagramSocket::kBatch> ids_{};
  std::vector<DatagramSocket::Outgoing> batch_;
  DatagramSocket::Inbox inbox_;
  std::vector<DatagramSocket::Incoming> incoming_;
};

}  // namespace cutover::dnsprobe
