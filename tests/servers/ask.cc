#include "tests/servers/ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace cutover::servers {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

Address socket_address(const Endpoint& endpoint) {
  Address out;
  const std::string bytes = endpoint.address.bytes();
  if (endpoint.address.family() == Family::kV4) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(endpoint.port);
    std::memcpy(&at.sin_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &at, sizeof at);
    out.length = sizeof at;
  } else {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(endpoint.port);
    std::memcpy(&at.sin6_addr, bytes.data(), bytes.size());
    std::memcpy(&out.storage, &at, sizeof at);
    out.length = sizeof at;
  }
  return out;
}

int connected(const Endpoint& endpoint, int type) {
  const Address to = socket_address(endpoint);
  const int fd = ::socket(to.storage.ss_family, type | SOCK_CLOEXEC, 0);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.length) == 0) return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

std::string two_bytes(unsigned value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}

unsigned number(const std::string& wire, std::size_t at, int bytes) {
  unsigned value = 0;
  for (int i = 0; i < bytes; ++i)
    value = value << 8 | static_cast<unsigned char>(wire.at(at + static_cast<std::size_t>(i)));
  return value;
}

std::size_t past_name(const std::string& wire, std::size_t at) {
  while (true) {
    const unsigned length = number(wire, at, 1);
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
    if (length == 0) return at;
  }
}

}  // namespace

std::optional<RawReply> ask(const Endpoint& server, const DomainName& name, std::uint16_t type,
                            bool recursion_desired) {
  const int fd = connected(server, SOCK_DGRAM);
  if (fd < 0) return std::nullopt;
  const std::string query = "\x13\x57" + two_bytes(recursion_desired ? 0x0100 : 0) + two_bytes(1) + two_bytes(0) +
                            two_bytes(0) + two_bytes(0) + name.wire() + two_bytes(type) + two_bytes(1);
  std::array<char, 4096> buffer{};
  ssize_t got = -1;
  pollfd readable{fd, POLLIN, 0};
  if (::send(fd, query.data(), query.size(), MSG_NOSIGNAL) > 0 && ::poll(&readable, 1, 250) == 1)
    got = ::recv(fd, buffer.data(), buffer.size(), 0);
  ::close(fd);
  if (got < 12) return std::nullopt;
  RawReply reply;
  reply.wire.assign(buffer.data(), static_cast<std::size_t>(got));
  reply.rcode = static_cast<int>(number(reply.wire, 3, 1) & 0x0f);
  reply.authoritative = (number(reply.wire, 2, 1) & 0x04) != 0;
  reply.answers = static_cast<int>(number(reply.wire, 6, 2));
  return reply;
}

std::optional<std::uint32_t> served_serial(const Endpoint& server, const std::string& zone) {
  const auto name = DomainName::from_text(zone);
  if (!name) return std::nullopt;
  const auto reply = ask(server, *name, 6, false);
  if (!reply || reply->rcode != 0 || !reply->authoritative || reply->answers < 1) return std::nullopt;
  try {
    const std::size_t record = past_name(reply->wire, past_name(reply->wire, 12) + 4);
    const std::size_t rdata = record + 10;
    return number(reply->wire, past_name(reply->wire, past_name(reply->wire, rdata)), 4);
  } catch (const std::out_of_range&) {
    return std::nullopt;
  }
}

bool accepts_tcp(const Endpoint& server) {
  const int fd = connected(server, SOCK_STREAM);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

}  // namespace cutover::servers
