#include "tests/scenarios/lossy_relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <random>
#include <stdexcept>
#include <string>

#include "tests/support/socket_address.h"

// Every client (address and port) of a line has a socket of its own towards the server, so that replies find back.

namespace cutover::stage {
namespace {

using Steady = std::chrono::steady_clock;

int udp_socket() { return ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

/// A datagram that is on its way.
struct Late {
  std::uint64_t number = 0;
  int socket = -1;
  sockaddr_in to{};
  std::string bytes;
};

}  // namespace

class LossyRelay::Line {
 public:
  Line(const Endpoint& here, const Endpoint& there) : there_(test::socket_address(there)), listening_(udp_socket()) {
    const sockaddr_in at = test::socket_address(here);
    if (::bind(listening_, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
      ::close(listening_);
      throw std::runtime_error("the relay cannot listen on " + here.text() + ": " + std::strerror(errno));
    }
  }
  ~Line() {
    ::close(listening_);
    for (const auto& [client, socket] : towards_) ::close(socket);
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void add_sockets(std::vector<pollfd>& out) const {
    out.push_back({listening_, POLLIN, 0});
    for (const auto& [client, socket] : towards_) out.push_back({socket, POLLIN, 0});
  }
  /// Every datagram that has come, as it has to go on.
  template <class Take>
  void read(const Take& take) {
    std::array<char, 65536> buffer{};
    sockaddr_in from{};
    for (;;) {
      socklen_t length = sizeof from;
      const ssize_t got =
          ::recvfrom(listening_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 0) break;
      take(Late{0, towards(from), there_, std::string(buffer.data(), static_cast<std::size_t>(got))});
    }
    for (const auto& [client, socket] : towards_)
      for (ssize_t got = 0; (got = ::recv(socket, buffer.data(), buffer.size(), 0)) >= 0;)
        take(Late{0, listening_, address_of_client(client), std::string(buffer.data(), static_cast<std::size_t>(got))});
  }

 private:
  using Client = std::pair<std::uint32_t, std::uint16_t>;  ///< in network order

  static sockaddr_in address_of_client(const Client& client) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = client.first;
    out.sin_port = client.second;
    return out;
  }
  int towards(const sockaddr_in& from) {
    const auto [at, fresh] = towards_.try_emplace({from.sin_addr.s_addr, from.sin_port}, -1);
    if (fresh) at->second = udp_socket();
    return at->second;
  }

  sockaddr_in there_;
  int listening_;
  std::map<Client, int> towards_;
};

LossyRelay::LossyRelay(const Lines& lines, const LossyRelayOptions& options) {
  for (const auto& [here, there] : lines) lines_.push_back(std::make_unique<Line>(here, there));
  thread_ = std::thread([this, options] { work(options); });
}

LossyRelay::~LossyRelay() {
  over_ = true;
  thread_.join();
}

void LossyRelay::work(const LossyRelayOptions& options) {
  std::mt19937 random(options.seed);
  std::uniform_int_distribution<int> percent(0, 99);
  std::uniform_int_distribution<std::int64_t> wobble(-options.jitter.count(), options.jitter.count());
  std::multimap<Steady::time_point, Late> late;
  std::uint64_t number = 0, last_sent = 0;
  while (!over_) {
    std::vector<pollfd> sockets;
    for (const auto& line : lines_) line->add_sockets(sockets);
    ::poll(sockets.data(), sockets.size(), 2);
    for (const auto& line : lines_)
      line->read([&](Late datagram) {
        if (percent(random) < options.loss_percent) {
          ++lost_;
          return;
        }
        datagram.number = ++number;
        late.emplace(Steady::now() + options.delay + std::chrono::milliseconds(wobble(random)), std::move(datagram));
      });
    for (; !late.empty() && late.begin()->first <= Steady::now(); late.erase(late.begin())) {
      const Late& datagram = late.begin()->second;
      ::sendto(datagram.socket, datagram.bytes.data(), datagram.bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&datagram.to), sizeof datagram.to);
      ++passed_;
      if (datagram.number < last_sent) ++overtaken_;
      last_sent = std::max(last_sent, datagram.number);
    }
  }
}

}  // namespace cutover::stage
