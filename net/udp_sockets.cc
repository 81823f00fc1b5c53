#include "net/udp_sockets.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <array>
#include <cerrno>
#include <set>

#include "net/socket.h"

namespace cutover::net {
namespace {

constexpr std::size_t kWaitersPerSocket = 32;

std::uint16_t id_of(std::string_view wire) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(wire[0]) << 8 | static_cast<unsigned char>(wire[1]));
}

}  // namespace

class UdpSockets::Socket {
 public:
  Socket(Loop& loop, Descriptor descriptor) : loop_(loop), descriptor_(std::move(descriptor)) {}

  bool has_room_for(std::uint16_t id) const {
    return waiters_.size() < kWaitersPerSocket && waiters_.count(id) == 0 && left_.count(id) == 0;
  }

  void join(std::uint16_t id, Waiter& waiter) {
    waiters_.emplace(id, &waiter);
    if (!wait_.pending()) listen();
  }

  void leave(std::uint16_t id) {
    if (waiters_.erase(id) > 0) left_.insert(id);
    if (waiters_.empty()) wait_.cancel();
  }

  void send(const Bytes& wire) {
    if (::send(descriptor_.get(), wire.data(), wire.size(), MSG_NOSIGNAL) >= 0) return;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;  // lost on the way, as far as anybody can tell
    give_up(errno_clause(errno));
  }

 private:
  void listen() {
    wait_ = loop_.on_readable(descriptor_.get(), [this] { read(); });
  }

  void read() {
    std::array<char, 65536> buffer;
    while (!waiters_.empty()) {
      const ssize_t n = recv(descriptor_.get(), buffer.data(), buffer.size(), 0);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0) return give_up(errno_clause(errno));
      hand_out(std::string_view(buffer.data(), static_cast<std::size_t>(n)));
    }
    if (!waiters_.empty() && !wait_.pending()) listen();
  }

  void hand_out(std::string_view wire) {
    if (wire.size() < 2) return tell_noise(decode(wire).error().message);
    const std::uint16_t id = id_of(wire);
    if (const auto at = waiters_.find(id); at != waiters_.end()) return at->second->on_datagram(wire);
    // Twice the same reply, or a late one: whoever asked has left.
    if (left_.count(id) == 0) tell_noise("the reply has another id");
  }

  void tell_noise(const std::string& what) {
    const auto all = waiters_;
    for (const auto& [id, waiter] : all) waiter->on_noise(what);
  }

  /// An error of a connected socket says that the server's host refused some datagram, not which one.
  void give_up(const std::string& why) {
    const auto all = std::exchange(waiters_, {});
    wait_.cancel();
    for (const auto& [id, waiter] : all) {
      left_.insert(id);
      waiter->on_trouble(why);
    }
  }

  Loop& loop_;
  Descriptor descriptor_;
  std::map<std::uint16_t, Waiter*> waiters_;
  std::set<std::uint16_t> left_;
  Loop::Handle wait_;
};

UdpSockets::UdpSockets(Loop& loop) : loop_(loop) {}
UdpSockets::~UdpSockets() = default;

UdpSockets::Seat::Seat(Seat&& other) noexcept : socket_(std::exchange(other.socket_, nullptr)), id_(other.id_) {}

UdpSockets::Seat& UdpSockets::Seat::operator=(Seat&& other) noexcept {
  if (this == &other) return *this;
  leave();
  socket_ = std::exchange(other.socket_, nullptr);
  id_ = other.id_;
  return *this;
}

void UdpSockets::Seat::leave() {
  if (socket_ != nullptr) std::exchange(socket_, nullptr)->leave(id_);
}

void UdpSockets::Seat::send(const Bytes& wire) {
  if (socket_ != nullptr) socket_->send(wire);
}

Result<UdpSockets::Seat> UdpSockets::join(const Endpoint& server, std::uint16_t id, Waiter& waiter) {
  auto& sockets = sockets_[server];
  for (const auto& socket : sockets) {
    if (!socket->has_room_for(id)) continue;
    socket->join(id, waiter);
    return Seat(socket.get(), id);
  }
  auto descriptor = connect_socket(SocketKind::kUdp, server);
  if (!descriptor) return descriptor.error();
  sockets.push_back(std::make_unique<Socket>(loop_, std::move(*descriptor)));
  sockets.back()->join(id, waiter);
  return Seat(sockets.back().get(), id);
}

}  // namespace cutover::net
