#pragma once
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

/// An address and port in the form the kernel takes and gives, so that where a datagram came from is compared byte by
/// byte with where the question went.
class PeerAddress {
 public:
  PeerAddress() = default;
  explicit PeerAddress(const Endpoint& endpoint);
  Endpoint endpoint() const;
  Family family() const { return size_ == 28 ? Family::kV6 : Family::kV4; }

  friend bool operator==(const PeerAddress& a, const PeerAddress& b) {
    return a.size_ == b.size_ && std::memcmp(a.bytes_.data(), b.bytes_.data(), a.size_) == 0;
  }
  struct Hash {
    std::size_t operator()(const PeerAddress& peer) const noexcept {
      return std::hash<std::string_view>{}({reinterpret_cast<const char*>(peer.bytes_.data()), peer.size_});
    }
  };

 private:
  friend class DatagramSocket;
  /// Zeroes what the kernel fills in and nobody asked for: flow label, scope, padding.
  void normalize();

  alignas(4) std::array<unsigned char, 28> bytes_{};
  std::uint8_t size_ = 0;
};

/// One unconnected, non-blocking UDP socket on a random port. Sends and receives in batches: one system call for up
/// to kBatch datagrams. Since it is not connected the kernel lets everybody's datagrams through: compare the sender.
class DatagramSocket {
 public:
  static constexpr std::size_t kBatch = 64;
  /// A longer datagram is cut off: three times what EDNS 1232 invites.
  static constexpr std::size_t kLongest = 4096;

  struct Outgoing {
    const PeerAddress* to = nullptr;
    std::string_view bytes;
  };
  struct Incoming {
    PeerAddress from;
    std::string_view bytes;
    bool cut_off = false;
  };
  /// What ICMP said about a datagram of ours (RFC 1122 section 4.1.3.3).
  struct Bounce {
    PeerAddress to;
    std::string start;      ///< of the datagram that bounced, as far as it was quoted back
    std::string reason;     ///< one clause: "connection refused"
    bool is_final = false;  ///< nobody listens there; other reasons may pass
  };
  struct SendResult {
    enum class Then {
      kDone,    ///< the whole batch left
      kFull,    ///< the buffer is full: wait until the socket is writable
      kBusy,    ///< the device has no room: try again a little later
      kBroken,  ///< the first one that did not leave never will: see reason
    };
    std::size_t sent = 0;
    Then then = Then::kDone;
    std::string reason;
  };
  /// Room for one batch of replies; shared by all sockets of one thread.
  class Inbox {
   public:
    Inbox();
    ~Inbox();
    struct Buffers;

   private:
    friend class DatagramSocket;
    std::unique_ptr<Buffers> buffers_;
  };

  /// kIo, kNetwork: why there is none (no IPv6 on this machine, too many open files).
  static Result<DatagramSocket> open(Family family);
  /// At most kBatch datagrams, in order.
  SendResult send(const std::vector<Outgoing>& batch) const;
  /// Replaces `out` by the next datagrams, at most kBatch; none: nothing is there now. They point into `inbox` until
  /// its next use.
  void receive(Inbox& inbox, std::vector<Incoming>& out) const;
  /// The bounces that have come in, taken.
  std::vector<Bounce> bounces() const;
  int get() const { return descriptor_.get(); }

 private:
  explicit DatagramSocket(net::Descriptor descriptor) : descriptor_(std::move(descriptor)) {}
  net::Descriptor descriptor_;
};

}  // namespace cutover::dnsprobe
