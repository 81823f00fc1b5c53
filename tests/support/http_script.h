#pragma once
#include <sys/socket.h>

#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/text.h"
#include "net/loop.h"
#include "tests/support/scripted_server.h"
#include "tests/support/socket_address.h"

namespace cutover::test {

/// An HTTP/1.1 server that answers what its script says: the whole reply as text, or nothing, which closes the
/// connection, as does a reply with `Connection: close`. One connection at a time; the script runs on the server's
/// thread and gets the whole request.
class HttpScript {
 public:
  explicit HttpScript(std::function<std::string(const std::string&)> script)
      : address_(*IpAddress::from_text(servers::own_address())),
        port_(servers::free_port(address_.text())),
        listener_(listening({address_, port_}, 16)) {
    thread_ = std::thread([this, script = std::move(script)] {
      while (true) {
        const net::Descriptor peer(accept(listener_.get(), nullptr, nullptr));
        if (!peer) return;
        converse(peer.get(), script);
      }
    });
  }
  ~HttpScript() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  HttpScript(const HttpScript&) = delete;
  HttpScript& operator=(const HttpScript&) = delete;

  std::string url() const { return "http://" + Endpoint{address_, port_}.text(); }
  /// How many requests began with this text, such as `PATCH `.
  int count(const std::string& beginning) const {
    const std::lock_guard hold(lock_);
    int n = 0;
    for (const std::string& request : requests_)
      if (request.starts_with(beginning)) ++n;
    return n;
  }

 private:
  void converse(int fd, const std::function<std::string(const std::string&)>& script) {
    while (true) {
      const std::string request = hear_request(fd);
      if (request.empty()) return;
      {
        const std::lock_guard hold(lock_);
        requests_.push_back(request);
      }
      const std::string reply = script(request);
      say(fd, reply);
      if (reply.empty() || reply.find("Connection: close") != std::string::npos) return;
    }
  }
  static std::string hear_request(int fd) {
    std::string text;
    while (true) {
      const auto end = text.find("\r\n\r\n");
      if (end != std::string::npos) {
        const auto at = to_lower(text.substr(0, end)).find("content-length:");
        const std::size_t body = at == std::string::npos ? 0 : std::strtoul(text.c_str() + at + 15, nullptr, 10);
        if (text.size() >= end + 4 + body) return text;
      }
      const std::string more = hear_some(fd);
      if (more.empty()) return text;
      text += more;
    }
  }

  IpAddress address_;
  std::uint16_t port_;
  net::Descriptor listener_;
  mutable std::mutex lock_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

/// A whole reply: status line, headers, body.
inline std::string http_reply(const std::string& status, const std::string& body, const std::string& headers = {}) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" + body;
}

/// Hands a request on to a server of one request per connection, and gives its whole reply.
inline std::string forwarded(const Endpoint& to, const std::string& request) {
  const net::Descriptor out(socket(AF_INET, SOCK_STREAM, 0));
  const sockaddr_in address = socket_address(to);
  if (connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  const auto line_end = request.find("\r\n");
  say(out.get(), request.substr(0, line_end) + "\r\nConnection: close" + request.substr(line_end));
  std::string reply;
  for (std::string some = hear_some(out.get()); !some.empty(); some = hear_some(out.get())) reply += some;
  return reply;
}

}  // namespace cutover::test
