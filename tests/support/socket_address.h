#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::test {

/// An IPv4 endpoint in the kernel's form.
inline sockaddr_in socket_address(const Endpoint& endpoint) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(endpoint.port);
  const std::string bytes = endpoint.address.bytes();
  std::memcpy(&out.sin_addr, bytes.data(), sizeof out.sin_addr);
  return out;
}

/// A TCP socket that listens there.
inline net::Descriptor listening(const Endpoint& at, int backlog) {
  net::Descriptor out(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = socket_address(at);
  if (bind(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(out.get(), backlog) != 0)
    throw std::runtime_error("a test server cannot listen at " + at.text() + ": " + std::strerror(errno));
  return out;
}

}  // namespace cutover::test
