#include "tests/bench/delaying_relay.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <list>
#include <stdexcept>
#include <string>

#include "net/loop.h"
#include "tests/support/socket_address.h"

namespace cutover::bench {
namespace {

using Steady = std::chrono::steady_clock;

net::Descriptor new_socket() {
  net::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return socket;
}

net::Descriptor listen_at(const Endpoint& at) {
  net::Descriptor socket = new_socket();
  const auto address = test::socket_address(at);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(socket.get(), 4096) != 0)
    throw std::runtime_error(fmt::format("a relay cannot listen at {}: {}", at.text(), std::strerror(errno)));
  return socket;
}

net::Descriptor connect_to(const Endpoint& to) {
  net::Descriptor socket = new_socket();
  const auto address = test::socket_address(to);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  return socket;
}

/// One direction of a connection.
class Stream {
 public:
  /// Nothing arrives before `earliest`. `ended` is called once, after the end arrived.
  Stream(net::Loop& loop, int in, int out, Steady::duration delay, Steady::time_point earliest,
         std::function<void()> ended)
      : loop_(loop), in_(in), out_(out), delay_(delay), earliest_(earliest), ended_(std::move(ended)) {
    wait();
  }

 private:
  struct Chunk {
    Steady::time_point due;
    std::string bytes;  ///< empty: the end
  };

  void wait() {
    reading_ = loop_.on_readable(in_, [this] { take(); });
  }
  void take() {
    std::array<char, 16384> block{};
    const auto got = recv(in_, block.data(), block.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return wait();
    const auto size = got > 0 ? static_cast<std::size_t>(got) : 0;
    chunks_.push_back({std::max(Steady::now() + delay_, earliest_), std::string(block.data(), size)});
    if (chunks_.size() == 1) arm();
    if (size > 0) wait();
  }
  void arm() {
    timer_ = loop_.after(chunks_.front().due - Steady::now(), [this] { deliver(); });
  }
  void deliver() {
    const Chunk chunk = std::move(chunks_.front());
    chunks_.pop_front();
    if (!chunks_.empty()) arm();
    if (!chunk.bytes.empty()) {
      send(out_, chunk.bytes.data(), chunk.bytes.size(), MSG_NOSIGNAL);  // who has gone away does not listen
      return;
    }
    shutdown(out_, SHUT_WR);
    ended_();
  }

  net::Loop& loop_;
  int in_, out_;
  Steady::duration delay_;
  Steady::time_point earliest_;
  std::function<void()> ended_;
  std::deque<Chunk> chunks_;
  net::Loop::Handle reading_, timer_;
};

struct Connection {
  net::Descriptor client, server;
  std::unique_ptr<Stream> there, back;
  int ended = 0;
};

}  // namespace

class DelayingRelay::Line {
 public:
  Line(const std::vector<Route>& routes, std::chrono::milliseconds each_way) : delay_(each_way) {
    for (const Route& route : routes) doors_.push_back({listen_at(route.from), route.to, {}});
    for (Door& door : doors_) open(door);
  }
  void run(const std::atomic<bool>& stopping) {
    beat();
    loop_.run_until([&] { return stopping.load(); });
  }

 private:
  struct Door {
    net::Descriptor socket;
    Endpoint to;
    net::Loop::Handle waiting;
  };

  /// So that the loop looks whether it is to stop.
  void beat() {
    beat_ = loop_.after(std::chrono::milliseconds(20), [this] { beat(); });
  }
  void open(Door& door) {
    door.waiting = loop_.on_readable(door.socket.get(), [this, &door] {
      accept_one(door);
      open(door);
    });
  }
  void accept_one(const Door& door) {
    net::Descriptor client(::accept4(door.socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
    net::Descriptor server = client ? connect_to(door.to) : net::Descriptor();
    if (!server) return;
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto at = connections_.emplace(connections_.end());
    at->client = std::move(client);
    at->server = std::move(server);
    const auto ended = [this, at] {
      if (++at->ended == 2) loop_.post([this, at] { connections_.erase(at); });
    };
    const auto now = Steady::now();
    // The client would have spoken after a round trip of SYN and its answer.
    at->there = std::make_unique<Stream>(loop_, at->client.get(), at->server.get(), delay_, now + 3 * delay_, ended);
    at->back = std::make_unique<Stream>(loop_, at->server.get(), at->client.get(), delay_, now + 3 * delay_, ended);
  }

  net::Loop loop_;
  Steady::duration delay_;
  std::list<Door> doors_;
  std::list<Connection> connections_;
  net::Loop::Handle beat_;
};

DelayingRelay::DelayingRelay(const std::vector<Route>& routes, std::chrono::milliseconds each_way)
    : line_(std::make_unique<Line>(routes, each_way)), thread_([this] { line_->run(stopping_); }) {}

DelayingRelay::~DelayingRelay() {
  stopping_ = true;
  thread_.join();
}

}  // namespace cutover::bench
