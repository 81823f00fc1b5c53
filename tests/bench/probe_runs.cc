#include "tests/bench/probe_runs.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <stdexcept>

#include "dnsprobe/survey.h"
#include "net/message.h"
#include "tests/bench/simulated_caches.h"

namespace cutover::bench {

namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t kBatch = 64;

double thread_cpu_us() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  const auto micros = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

const DomainName kName = *DomainName::from_text("www.example.com.");

dnsprobe::Expectation a_change(Instant since) {
  dnsprobe::Expectation out;
  out.key = {kName, RecordType::kA};
  out.low_ttl = Seconds(60);
  out.old_set = RecordSet{kName, RecordType::kA, out.low_ttl, {"192.0.2.1"}};
  out.new_set = RecordSet{kName, RecordType::kA, out.low_ttl, {"203.0.113.1"}};
  out.new_since = since;
  return out;
}

std::string a_query() {
  net::Message query = net::make_query({kName, RecordType::kA, net::RecordClass::kIn}, net::Recursion::kDesired);
  query.edns->want_nsid = true;
  return *net::encode(query);
}

dnsprobe::TryOptions unlimited() {
  dnsprobe::TryOptions options;
  options.most_per_second = options.most_per_resolver_per_second = 0;
  return options;
}

/// The bare loop's socket and batches.
struct Bare {
  net::Descriptor socket{::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  std::vector<sockaddr_in> to;
  std::array<std::array<char, 64>, kBatch> queries;
  std::array<std::array<char, 4096>, kBatch> replies;
  std::array<iovec, kBatch> out_pieces, in_pieces;
  std::array<mmsghdr, kBatch> out, in;
  std::array<sockaddr_in, kBatch> from;

  Bare(std::uint16_t port, std::size_t resolvers) {
    const int room = 1 << 22;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    for (std::size_t i = 0; i < resolvers; ++i) {
      sockaddr_in peer{};
      peer.sin_family = AF_INET;
      peer.sin_port = htons(port);
      peer.sin_addr.s_addr = htonl(address_of(i));
      to.push_back(peer);
    }
    const std::string query = a_query();
    for (std::size_t i = 0; i < kBatch; ++i) {
      std::memcpy(queries[i].data(), query.data(), query.size());
      out_pieces[i] = {queries[i].data(), query.size()};
      in_pieces[i] = {replies[i].data(), replies[i].size()};
    }
  }

  std::size_t send(std::uint64_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const auto id = static_cast<std::uint16_t>(first + i);
      std::memcpy(queries[i].data(), &id, sizeof id);
      msghdr& header = out[i].msg_hdr;
      header = {};
      header.msg_name = &to[(first + i) % to.size()];
      header.msg_namelen = sizeof(sockaddr_in);
      header.msg_iov = &out_pieces[i];
      header.msg_iovlen = 1;
    }
    const int sent = ::sendmmsg(socket.get(), out.data(), static_cast<unsigned>(count), 0);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }

  std::size_t receive() {
    for (std::size_t i = 0; i < kBatch; ++i) {
      msghdr& header = in[i].msg_hdr;
      header = {};
      header.msg_name = &from[i];
      header.msg_namelen = sizeof(sockaddr_in);
      header.msg_iov = &in_pieces[i];
      header.msg_iovlen = 1;
    }
    const int got = ::recvmmsg(socket.get(), in.data(), kBatch, 0, nullptr);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
};

}  // namespace

Cost cost_of(const std::function<Work()>& work) {
  const double cpu = thread_cpu_us();
  const auto began = Steady::now();
  const Work done = work();
  const double wall = std::chrono::duration<double>(Steady::now() - began).count();
  Cost out;
  out.probes = done.probes;
  out.lost = done.lost;
  out.cpu_us = (thread_cpu_us() - cpu) / static_cast<double>(done.probes);
  out.per_second = static_cast<double>(done.probes - done.lost) / wall;
  return out;
}

Cost bare_loop(std::uint16_t port, std::size_t resolvers, std::uint64_t probes, std::size_t window) {
  Bare bare(port, resolvers);
  return cost_of([&] {
    std::uint64_t sent = 0, done = 0, lost = 0;
    while (done + lost < probes) {
      while (sent < probes && sent - done - lost < window)
        sent += bare.send(sent, std::min({kBatch, window - (sent - done - lost), probes - sent}));
      pollfd wait{bare.socket.get(), POLLIN, 0};
      // Nothing for so long: what is still missing is lost.
      if (::poll(&wait, 1, 200) == 0) lost = sent - done;
      for (std::size_t got = kBatch; got == kBatch;) done += got = bare.receive();
    }
    return Work{sent, lost};
  });
}

Cost engine(const std::vector<dnsprobe::Resolver>& resolvers, std::uint64_t probes, std::size_t window) {
  net::Loop loop;
  const SystemClock clock;
  const dnsprobe::Expectation expectation = a_change(clock.now());
  return cost_of([&] {
    std::vector<dnsprobe::ResolverHistory> histories(resolvers.size());
    Work work;
    std::uint64_t asked = 0;
    std::unique_ptr<dnsprobe::ProbeTransport> transport;
    const auto ask = [&] {
      transport->ask(asked, resolvers[asked % resolvers.size()], expectation.key);
      ++asked;
    };
    transport =
        dnsprobe::socket_transport(loop, clock, unlimited())([&](std::uint64_t ticket, dnsprobe::Sample sample) {
          dnsprobe::ResolverHistory& history = histories[ticket % resolvers.size()];
          const dnsprobe::Observation seen = dnsprobe::judge(expectation, sample, history);
          dnsprobe::remember(history, seen);
          if (seen.verdict != dnsprobe::Verdict::kNew) ++work.lost;
          ++work.probes;
          if (asked < probes) ask();
        });
    while (asked < std::min<std::uint64_t>(window, probes)) ask();
    loop.run_until([&] { return work.probes == probes; });
    return work;
  });
}

Cost watch_rounds(const std::vector<dnsprobe::Resolver>& resolvers, std::size_t window) {
  net::Loop loop;
  VirtualClock clock(SystemClock().now());
  const std::vector<dnsprobe::Expectation> expectations{a_change(clock.now())};
  return cost_of([&] {
    dnsprobe::Survey survey(expectations, resolvers, {}, 1, clock.now());
    Work work;
    std::vector<std::pair<std::uint64_t, dnsprobe::Sample>> inbox;
    const auto transport = dnsprobe::socket_transport(loop, clock, unlimited())(
        [&](std::uint64_t ticket, dnsprobe::Sample sample) { inbox.emplace_back(ticket, std::move(sample)); });
    std::uint64_t summary_at = 0;
    // So many come due together that batches are equally large, however many resolvers there are.
    const Span together = Span(std::chrono::seconds(256)) / static_cast<Span::rep>(resolvers.size());
    for (;;) {
      while (survey.under_way() < window) {
        const auto question = survey.take(clock.now());
        if (!question) break;
        transport->ask(question->ticket, resolvers[question->resolver], expectations[question->key].key);
      }
      if (survey.under_way() == 0) {
        const auto due = survey.next_due();
        if (!due) break;
        clock.advance(std::max<Span>(*due - clock.now(), together));
        continue;
      }
      loop.run_until([&] { return !inbox.empty(); });
      for (auto& [ticket, sample] : inbox) {
        ++work.probes;
        if (survey.answered(ticket, sample).observation.verdict != dnsprobe::Verdict::kNew) ++work.lost;
      }
      inbox.clear();
      // A summary for each round of everybody: as often as a watch of any size looks, per probe.
      if (work.probes >= summary_at) {
        (void)survey.forecast(clock.now());
        summary_at += resolvers.size();
      }
    }
    if (!survey.forecast(clock.now()).converged) throw std::runtime_error("the rounds of a watch did not converge");
    return work;
  });
}

}  // namespace cutover::bench
