#include "lab/dns_listener.h"

#include <fmt/format.h>

#include <set>

#include "lab/sockets.h"

namespace cutover::lab {
namespace {

constexpr std::chrono::seconds kIdleTcp{10};
constexpr int kPortTries = 64;

}  // namespace

/// Shared by the listener and the replies still to come; replies hold it weakly.
struct DnsListener::State : std::enable_shared_from_this<State> {
  net::Loop& loop;
  Handler handler;
  Admission admission;
  net::Descriptor udp, tcp;
  net::Loop::Handle udp_wait, tcp_wait;

  /// One TCP connection: length-prefixed messages in, replies out in the order they are given.
  struct Connection : std::enable_shared_from_this<Connection> {
    State& owner;
    net::Descriptor fd;
    std::string in, out;
    net::Loop::Handle read_wait, write_wait, idle;

    Connection(State& state, net::Descriptor descriptor) : owner(state), fd(std::move(descriptor)) {}

    void start() {
      touch();
      wait_to_read();
    }
    void touch() {
      idle = owner.loop.after(kIdleTcp, [self = weak_from_this()] {
        if (auto it = self.lock()) it->close();
      });
    }
    void wait_to_read() {
      read_wait = owner.loop.on_readable(fd.get(), [self = weak_from_this()] {
        if (auto it = self.lock()) it->read();
      });
    }
    void read() {
      const Progress progress = read_some(fd.get(), in);
      if (progress == Progress::kEnd) return close();
      touch();
      take_messages();
      if (fd) wait_to_read();
    }
    void take_messages() {
      while (in.size() >= 2) {
        const std::size_t length = static_cast<std::uint8_t>(in[0]) * 256U + static_cast<std::uint8_t>(in[1]);
        if (in.size() < 2 + length) return;
        const net::Bytes message = in.substr(2, length);
        in.erase(0, 2 + length);
        owner.handler(message, Transport::kTcp, [self = weak_from_this()](const std::vector<net::Bytes>& replies) {
          if (auto it = self.lock()) it->send(replies);
        });
      }
    }
    void send(const std::vector<net::Bytes>& replies) {
      for (const net::Bytes& reply : replies) {
        out.push_back(static_cast<char>(reply.size() >> 8));
        out.push_back(static_cast<char>(reply.size() & 0xff));
        out += reply;
      }
      write();
    }
    void write() {
      if (out.empty() || !fd) return;
      const Progress progress = write_some(fd.get(), out);
      if (progress == Progress::kEnd) return close();
      if (out.empty()) return;
      write_wait = owner.loop.on_writable(fd.get(), [self = weak_from_this()] {
        if (auto it = self.lock()) it->write();
      });
    }
    void close() {
      read_wait.cancel();
      write_wait.cancel();
      idle.cancel();
      fd = net::Descriptor();
      const auto keep = shared_from_this();
      owner.connections.erase(keep);
    }
  };
  std::set<std::shared_ptr<Connection>> connections;

  State(net::Loop& the_loop, Handler the_handler, Admission the_admission)
      : loop(the_loop), handler(std::move(the_handler)), admission(std::move(the_admission)) {}

  void wait_for_datagrams() {
    udp_wait = loop.on_readable(udp.get(), [this] {
      Datagram datagram;
      while (receive(udp.get(), datagram) == Received::kDatagram) {
        handler(datagram.bytes, Transport::kUdp, [self = weak_from_this(), to = datagram.from](const auto& replies) {
          const auto it = self.lock();
          if (!it) return;
          for (const net::Bytes& reply : replies) send_to(it->udp.get(), to, reply);
        });
      }
      wait_for_datagrams();
    });
  }

  void wait_for_connections() {
    tcp_wait = loop.on_readable(tcp.get(), [this] {
      while (net::Descriptor fd = accept_connection(tcp.get())) {
        if (!admission()) continue;
        const auto connection = std::make_shared<Connection>(*this, std::move(fd));
        connections.insert(connection);
        connection->start();
      }
      wait_for_connections();
    });
  }
};

DnsListener::DnsListener(std::shared_ptr<State> state, Endpoint endpoint)
    : state_(std::move(state)), endpoint_(endpoint) {}

DnsListener::~DnsListener() {
  state_->udp_wait.cancel();
  state_->tcp_wait.cancel();
  state_->connections.clear();
}

Result<std::unique_ptr<DnsListener>> DnsListener::open(net::Loop& loop, const Endpoint& where, Handler handler,
                                                       Admission admission) {
  auto state = std::make_shared<State>(loop, std::move(handler), std::move(admission));
  // TCP chooses; UDP must get the same port, which somebody else may hold: then another choice.
  for (int attempt = 0;; ++attempt) {
    auto tcp = listen_tcp(where);
    if (!tcp) return std::move(tcp).error();
    const Endpoint bound = local_endpoint(tcp->get());
    auto udp = bind_udp(bound);
    if (!udp && (where.port != 0 || attempt == kPortTries)) return std::move(udp).error();
    if (!udp) continue;
    state->tcp = std::move(*tcp);
    state->udp = std::move(*udp);
    state->wait_for_datagrams();
    state->wait_for_connections();
    return std::unique_ptr<DnsListener>(new DnsListener(std::move(state), bound));
  }
}

}  // namespace cutover::lab
