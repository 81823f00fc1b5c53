#include "net/socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/text.h"

namespace cutover::net {
namespace {

socklen_t fill(sockaddr_storage& storage, const Endpoint& peer) {
  const std::string bytes = peer.address.bytes();
  if (peer.address.family() == Family::kV4) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(peer.port);
    std::memcpy(&v4.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(peer.port);
  std::memcpy(&v6.sin6_addr, bytes.data(), bytes.size());
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

}  // namespace

std::string errno_clause(int error) { return to_lower(std::generic_category().message(error)); }

Result<Descriptor> connect_socket(SocketKind kind, const Endpoint& peer) {
  sockaddr_storage storage{};
  const socklen_t size = fill(storage, peer);
  const int type = kind == SocketKind::kUdp ? SOCK_DGRAM : SOCK_STREAM;
  Descriptor descriptor(socket(storage.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!descriptor) return fail(ErrorCode::kIo, "no socket could be opened: " + errno_clause(errno));
  if (kind == SocketKind::kTcp) {
    const int on = 1;
    setsockopt(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (connect(descriptor.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 && errno != EINPROGRESS)
    return fail(ErrorCode::kNetwork, errno_clause(errno));
  return descriptor;
}

std::string connect_error(const Descriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error == 0 ? std::string() : errno_clause(error);
}

}  // namespace cutover::net
