#pragma once
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>

#include "tests/support/socket_address.h"

namespace cutover::tests {

/// A visitor of the page that sends and reads exactly what it is told to, as no browser would.
class RawVisitor {
 public:
  /// `receive_buffer`: the kernel's, so that a visitor that does not read is noticed soon; 0: as usual.
  explicit RawVisitor(const Endpoint& where, int receive_buffer = 0)
      : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0) setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    const sockaddr_in address = test::socket_address(where);
    if (connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("nobody listens at " + where.text());
  }

  void say(const std::string& text) { (void)!::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
  /// Reads until `words` have come, the server closes, or the time is over; all that came so far.
  const std::string& read_until(const std::string& words, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while ((words.empty() || text_.find(words) == std::string::npos) && std::chrono::steady_clock::now() < deadline) {
      pollfd ready{socket_.get(), POLLIN, 0};
      if (poll(&ready, 1, 50) <= 0) continue;
      char piece[65536];
      const auto size = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (size <= 0) {
        closed_ = true;
        break;
      }
      text_.append(piece, static_cast<std::size_t>(size));
    }
    return text_;
  }
  bool is_closed() const { return closed_; }

 private:
  net::Descriptor socket_;
  std::string text_;
  bool closed_ = false;
};

/// One request and its whole answer. `head` is without the last empty line.
inline std::string answer_to(const Endpoint& where, const std::string& head) {
  RawVisitor visitor(where);
  visitor.say(head + "\r\n\r\n");
  return visitor.read_until("");
}

}  // namespace cutover::tests
