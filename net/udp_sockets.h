#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/endpoint.h"
#include "core/result.h"
#include "net/loop.h"
#include "net/message.h"

namespace cutover::net {

/// The UDP sockets of one fan-out. Questions to one server share a socket, a few dozen each, instead of opening one
/// for every question. That gives nothing away to who forges replies blindly (RFC 5452 section 4): the port of each
/// socket is the kernel's random choice and lives no longer than the fan-out, each question has a random id of its
/// own, and a forged reply must still hit the port, that id and its question together.
class UdpSockets {
 public:
  /// Who waits for a reply. Any of these may leave, or join another socket, from inside a call.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    /// A datagram from the server with the waiter's id.
    virtual void on_datagram(std::string_view wire) = 0;
    /// Something else came to the socket; `what` is a clause.
    virtual void on_noise(const std::string& what) = 0;
    /// The socket is of no use any more: "connection refused". The waiter has left by then.
    virtual void on_trouble(const std::string& why) = 0;
  };

  explicit UdpSockets(Loop& loop);
  ~UdpSockets();
  UdpSockets(const UdpSockets&) = delete;
  UdpSockets& operator=(const UdpSockets&) = delete;

  class Socket;
  /// A place at a socket; destroying it leaves. Must not outlive the sockets.
  class Seat {
   public:
    Seat() = default;
    Seat(Socket* socket, std::uint16_t id) : socket_(socket), id_(id) {}
    ~Seat() { leave(); }
    Seat(Seat&& other) noexcept;
    Seat& operator=(Seat&& other) noexcept;
    void leave();
    /// Sends one datagram. When that cannot be done, everyone at the socket hears on_trouble(), this waiter too.
    void send(const Bytes& wire);

   private:
    Socket* socket_ = nullptr;
    std::uint16_t id_ = 0;
  };

  /// A place for `waiter` at a socket to `server` where nobody has or had this id. kNetwork, kIo: no socket.
  Result<Seat> join(const Endpoint& server, std::uint16_t id, Waiter& waiter);

 private:
  Loop& loop_;
  std::map<Endpoint, std::vector<std::unique_ptr<Socket>>> sockets_;
};

}  // namespace cutover::net
