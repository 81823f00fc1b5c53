#include "tests/bench/lockstep.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dnsprobe/transport.h"

/// What callgrind is told to count (--toggle-collect): a plain symbol.
extern "C" __attribute__((noinline)) void counted_turn(const std::function<void()>& turn) { turn(); }

namespace cutover::bench {

namespace {

constexpr std::size_t kBatch = 64;
constexpr std::size_t kResolvers = 50;

/// One address of ours that answers everything with 203.0.113.1.
class InThread {
 public:
  InThread() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int room = 1 << 20;
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    socklen_t size = sizeof at;
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0 ||
        ::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("no UDP port on 127.0.0.1");
    port_ = ntohs(at.sin_port);
  }
  Endpoint endpoint() const { return {*IpAddress::from_text("127.0.0.1"), port_}; }

  void answer_all() const {
    for (;;) {
      char bytes[512];
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(socket_.get(), bytes, sizeof bytes, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (got < 0) return;
      std::size_t end = 12;
      while (bytes[end] != 0) end += 1U + static_cast<unsigned char>(bytes[end]);
      std::string reply(bytes, end + 5);
      reply[2] = static_cast<char>(0x81), reply[3] = static_cast<char>(0x80), reply[7] = 1;
      reply += std::string("\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xcb\0\x71\1\0\0\x29\x04\xd0\0\0\0\0\0\0", 27);
      ::sendto(socket_.get(), reply.data(), reply.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

 private:
  net::Descriptor socket_;
  std::uint16_t port_ = 0;
};

}  // namespace

std::uint64_t lockstep(std::uint64_t probes) {
  const InThread responder;
  net::Loop loop;
  const SystemClock clock;
  dnsprobe::Resolver resolver;
  resolver.endpoint = responder.endpoint();
  dnsprobe::Expectation expectation;
  expectation.key = {*DomainName::from_text("www.example.com."), RecordType::kA};
  expectation.new_set = RecordSet{expectation.key.name, RecordType::kA, Seconds(60), {"203.0.113.1"}};
  std::vector<dnsprobe::ResolverHistory> histories(kResolvers);
  std::uint64_t answered = 0, asked = 0, judged_new = 0;
  dnsprobe::TryOptions options;
  options.timeout = std::chrono::hours(1);
  options.most_per_second = options.most_per_resolver_per_second = 0;
  const auto transport =
      dnsprobe::socket_transport(loop, clock, options)([&](std::uint64_t ticket, dnsprobe::Sample sample) {
        dnsprobe::ResolverHistory& history = histories[ticket % kResolvers];
        const dnsprobe::Observation seen = dnsprobe::judge(expectation, sample, history);
        dnsprobe::remember(history, seen);
        if (seen.verdict == dnsprobe::Verdict::kNew) ++judged_new;
        ++answered;
      });
  while (asked < probes) {
    counted_turn([&] {
      for (std::size_t i = 0; i < kBatch; ++i) transport->ask(asked++, resolver, expectation.key);
      // One posted task sends them all.
      bool turned = false;
      loop.post([&turned] { turned = true; });
      loop.run_until([&turned] { return turned; });
    });
    responder.answer_all();
    counted_turn([&] { loop.run_until([&] { return answered == asked; }); });
  }
  return judged_new;
}

}  // namespace cutover::bench
