#include "lab/sockets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace cutover::lab {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Address to_address(const Endpoint& endpoint) {
  Address address;
  const std::string bytes = endpoint.address.bytes();
  if (endpoint.address.family() == Family::kV4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  } else {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  }
  return address;
}

Endpoint to_endpoint(const Address& address) {
  Endpoint endpoint;
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    endpoint.port = ntohs(in.sin6_port);
    if (auto ip = IpAddress::from_bytes({reinterpret_cast<const char*>(&in.sin6_addr), 16})) endpoint.address = *ip;
  } else {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    endpoint.port = ntohs(in.sin_port);
    if (auto ip = IpAddress::from_bytes({reinterpret_cast<const char*>(&in.sin_addr), 4})) endpoint.address = *ip;
  }
  return endpoint;
}

bool is_loopback(const IpAddress& address) {
  const std::string bytes = address.bytes();
  return address.family() == Family::kV4 ? bytes[0] == 127 : address.text() == "::1";
}

Error failed(std::string_view doing, const Endpoint& where) {
  return fail(ErrorCode::kIo, fmt::format("the lab cannot {} {}: {}", doing, where.text(), std::strerror(errno)));
}

Result<net::Descriptor> open_socket(const Endpoint& endpoint, int kind) {
  if (!is_loopback(endpoint.address))
    return fail(ErrorCode::kUsage, fmt::format("the lab stays on loopback, and {} is not", endpoint.address.text()));
  const int family = endpoint.address.family() == Family::kV4 ? AF_INET : AF_INET6;
  net::Descriptor fd(::socket(family, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return failed("open a socket for", endpoint);
  return fd;
}

void set_option(int fd, int level, int option, int value) {
  // Both options the lab sets only make it quicker: going on without one is right.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

Result<net::Descriptor> connect_to(const Endpoint& peer, int kind) {
  auto fd = open_socket(peer, kind);
  if (!fd) return fd;
  const Address address = to_address(peer);
  if (::connect(fd->get(), address.get(), address.size) != 0 && errno != EINPROGRESS) return failed("connect to", peer);
  return fd;
}

}  // namespace

Result<net::Descriptor> listen_tcp(const Endpoint& where) {
  auto fd = open_socket(where, SOCK_STREAM);
  if (!fd) return fd;
  set_option(fd->get(), SOL_SOCKET, SO_REUSEADDR, 1);
  const Address address = to_address(where);
  if (::bind(fd->get(), address.get(), address.size) != 0) return failed("bind TCP", where);
  if (::listen(fd->get(), 256) != 0) return failed("listen on TCP", where);
  return fd;
}

Result<net::Descriptor> bind_udp(const Endpoint& where) {
  auto fd = open_socket(where, SOCK_DGRAM);
  if (!fd) return fd;
  const Address address = to_address(where);
  if (::bind(fd->get(), address.get(), address.size) != 0) return failed("bind UDP", where);
  set_option(fd->get(), SOL_SOCKET, SO_RCVBUF, 1 << 20);
  return fd;
}

Result<net::Descriptor> connect_udp(const Endpoint& peer) { return connect_to(peer, SOCK_DGRAM); }

Result<net::Descriptor> connect_tcp(const Endpoint& peer) {
  auto fd = connect_to(peer, SOCK_STREAM);
  if (fd) set_option(fd->get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

bool connect_failed(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0;
}

net::Descriptor accept_connection(int listener) {
  net::Descriptor fd(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (fd) set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  return fd;
}

Endpoint local_endpoint(int fd) {
  Address address;
  address.size = sizeof address.storage;
  if (::getsockname(fd, address.get(), &address.size) != 0) return {};
  return to_endpoint(address);
}

Received receive(int fd, Datagram& datagram) {
  Address from;
  from.size = sizeof from.storage;
  datagram.bytes.resize(65535);
  const ssize_t n = ::recvfrom(fd, datagram.bytes.data(), datagram.bytes.size(), 0, from.get(), &from.size);
  if (n < 0) return errno == ECONNREFUSED ? Received::kRefused : Received::kNothing;
  datagram.bytes.resize(static_cast<std::size_t>(n));
  datagram.from = to_endpoint(from);
  return Received::kDatagram;
}

void send_to(int fd, const Endpoint& to, std::string_view bytes) {
  const Address address = to_address(to);
  // UDP may lose a datagram anywhere; losing it here is the same.
  (void)::sendto(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL, address.get(), address.size);
}

Progress read_some(int fd, std::string& buffer) {
  char chunk[16384];
  const ssize_t n = ::recv(fd, chunk, sizeof chunk, 0);
  if (n > 0) {
    buffer.append(chunk, static_cast<std::size_t>(n));
    return Progress::kSome;
  }
  return n < 0 && (errno == EAGAIN || errno == EINTR) ? Progress::kLater : Progress::kEnd;
}

Progress write_some(int fd, std::string& pending) {
  const ssize_t n = ::send(fd, pending.data(), pending.size(), MSG_NOSIGNAL);
  if (n >= 0) {
    pending.erase(0, static_cast<std::size_t>(n));
    return Progress::kSome;
  }
  return errno == EAGAIN || errno == EINTR ? Progress::kLater : Progress::kEnd;
}

}  // namespace cutover::lab
