#pragma once
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <thread>
#include <utility>

#include "net/loop.h"
#include "tests/servers/process.h"
#include "tests/support/socket_address.h"

namespace cutover::test {

/// A TCP server of one connection on an address of its own that does what its script says, on its own thread. The
/// script gets the connected socket; it is closed when the script returns.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::function<void(int)> script)
      : address_(*IpAddress::from_text(servers::own_address())),
        port_(servers::free_port(address_.text())),
        listener_(listening({address_, port_}, 1)) {
    thread_ = std::thread([this, script = std::move(script)] {
      const net::Descriptor peer(accept(listener_.get(), nullptr, nullptr));
      if (peer) script(peer.get());
    });
  }
  ~ScriptedServer() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  Endpoint endpoint() const { return {address_, port_}; }

 private:
  IpAddress address_;
  std::uint16_t port_;
  net::Descriptor listener_;
  std::thread thread_;
};

/// Sends everything, or gives up when the other side has gone.
inline void say(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto sent = send(fd, text.data() + at, text.size() - at, MSG_NOSIGNAL);
    if (sent <= 0) return;
    at += static_cast<std::size_t>(sent);
  }
}
/// What comes, up to a line end; empty at the end of the connection.
inline std::string hear_line(int fd) {
  std::string line;
  char c = 0;
  while (recv(fd, &c, 1, 0) == 1) {
    line += c;
    if (c == '\n') break;
  }
  return line;
}
/// What comes at once.
inline std::string hear_some(int fd) {
  std::string some(4096, '\0');
  const auto got = recv(fd, some.data(), some.size(), 0);
  some.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return some;
}
inline void wait_for_end(int fd) {
  while (!hear_some(fd).empty()) continue;
}

}  // namespace cutover::test
