#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::net {

/// A name server that does what a test tells it to, byte by byte: plain sockets on 127.0.0.1, a thread of its own.
class ScriptedServer {
 public:
  /// What to send back over TCP, as it stands: the script writes the length octets itself.
  struct Stream {
    std::vector<std::string> pieces;  ///< sent one by one, a moment apart
    bool close = true;                ///< or left open, silent
  };
  struct Script {
    std::function<std::vector<std::string>(const std::string& question)> udp;  ///< one datagram each
    std::function<Stream(const std::string& question)> tcp;                    ///< length octets taken off
    bool from_another_port = false;                                            ///< UDP replies come from elsewhere
  };

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    // The kernel picks a port for UDP; TCP gets the same one. Taken by somebody else: try again.
    for (int attempt = 0; attempt < 50; ++attempt) {
      udp_ = bound(SOCK_DGRAM, 0);
      port_ = port_of(udp_.get());
      tcp_ = bound(SOCK_STREAM, port_);
      if (tcp_ && listen(tcp_.get(), 16) == 0) break;
    }
    if (!udp_ || !tcp_) throw std::runtime_error("no port for the scripted server");
    other_ = bound(SOCK_DGRAM, 0);
    stop_ = Descriptor(eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { run(); });
  }
  ~ScriptedServer() {
    const std::uint64_t one = 1;
    if (write(stop_.get(), &one, sizeof one) != sizeof one) std::abort();
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  Endpoint endpoint() const { return *Endpoint::from_text("127.0.0.1", port_); }
  int udp_questions() const { return udp_questions_; }
  int tcp_questions() const { return tcp_questions_; }

 private:
  static Descriptor bound(int type, std::uint16_t port) {
    Descriptor socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
    return socket;
  }
  static std::uint16_t port_of(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  void run() {
    while (true) {
      pollfd fds[3] = {{stop_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      if (poll(fds, 3, -1) < 0) continue;
      if (fds[0].revents != 0) return;
      if (fds[1].revents != 0) serve_udp();
      if (fds[2].revents != 0) serve_tcp();
    }
  }

  void serve_udp() {
    std::string question(65536, '\0');
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t n =
        recvfrom(udp_.get(), question.data(), question.size(), 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (n < 0) return;
    question.resize(static_cast<std::size_t>(n));
    ++udp_questions_;
    if (!script_.udp) return;
    for (const std::string& reply : script_.udp(question))
      sendto(script_.from_another_port ? other_.get() : udp_.get(), reply.data(), reply.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&peer), size);
  }

  void serve_tcp() {
    Descriptor peer(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const timeval limit{2, 0};
    setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    std::string length(2, '\0');
    if (recv(peer.get(), length.data(), 2, MSG_WAITALL) != 2) return;
    std::string question(
        static_cast<std::size_t>(static_cast<unsigned char>(length[0]) << 8 | static_cast<unsigned char>(length[1])),
        '\0');
    if (recv(peer.get(), question.data(), question.size(), MSG_WAITALL) != static_cast<ssize_t>(question.size()))
      return;
    ++tcp_questions_;
    const Stream stream = script_.tcp ? script_.tcp(question) : Stream{};
    for (const std::string& piece : stream.pieces) {
      send(peer.get(), piece.data(), piece.size(), MSG_NOSIGNAL);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));  // so that it arrives as a piece
    }
    if (!stream.close) open_.push_back(std::move(peer));
  }

  Script script_;
  Descriptor udp_, tcp_, other_, stop_;
  std::uint16_t port_ = 0;
  std::vector<Descriptor> open_;
  std::atomic<int> udp_questions_ = 0;
  std::atomic<int> tcp_questions_ = 0;
  std::thread thread_;
};

/// A message with its two length octets.
inline std::string framed(const std::string& wire) {
  return std::string{static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size() & 0xff)} + wire;
}

}  // namespace cutover::net
