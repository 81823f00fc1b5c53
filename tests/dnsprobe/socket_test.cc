// The real transport against servers on loopback: scripted ones that misbehave on the wire, and real Unbounds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <poll.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <thread>

#include "dnsprobe/sweep.h"
#include "dnsprobe/watch.h"
#include "net/message.h"
#include "tests/dnsprobe/story.h"
#include "tests/servers/servers.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

/// Makes the raw datagrams (or stream bytes) that answer one query.
using Reply = std::function<std::vector<std::string>(const net::Message& query)>;

/// A server on its own address and port, UDP and TCP, in a thread of its own.
class WireServer {
 public:
  WireServer(Reply udp, Reply tcp) : udp_reply_(std::move(udp)), tcp_reply_(std::move(tcp)) {
    const std::string address = servers::own_address();
    endpoint_ = {*IpAddress::from_text(address), servers::free_port(address)};
    udp_ = bound(SOCK_DGRAM);
    tcp_ = bound(SOCK_STREAM);
    REQUIRE(::listen(tcp_.get(), 8) == 0);
    thread_ = std::thread([this] { serve(); });
  }
  ~WireServer() {
    stop_ = true;
    thread_.join();
  }
  Resolver resolver(const std::string& prefix = "") const { return *parse_resolver(prefix + endpoint_.text()); }
  int udp_questions() const { return udp_questions_; }
  int tcp_questions() const { return tcp_questions_; }

 private:
  net::Descriptor bound(int type) const {
    net::Descriptor out(::socket(AF_INET, type, 0));
    const int on = 1;
    ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(endpoint_.port);
    std::memcpy(&at.sin_addr, endpoint_.address.bytes().data(), 4);
    REQUIRE(::bind(out.get(), reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    return out;
  }
  void serve() {
    while (!stop_) {
      pollfd waits[2] = {{udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      ::poll(waits, 2, 10);
      if ((waits[0].revents & POLLIN) != 0) serve_datagram();
      if ((waits[1].revents & POLLIN) != 0) serve_stream();
    }
  }
  void serve_datagram() {
    char buffer[4096];
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t got = ::recvfrom(udp_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got <= 0) return;
    ++udp_questions_;
    const auto query = net::decode(std::string_view(buffer, static_cast<std::size_t>(got)));
    if (!query) return;
    for (std::string& reply : udp_reply_(*query)) {
      // As nearly all servers do.
      net::echo_letters({buffer, static_cast<std::size_t>(got)}, reply);
      ::sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), length);
    }
  }
  void serve_stream() {
    const net::Descriptor peer(::accept(tcp_.get(), nullptr, nullptr));
    if (!peer) return;
    char buffer[4096];
    const ssize_t got = ::recv(peer.get(), buffer, sizeof buffer, 0);
    if (got <= 2) return;
    ++tcp_questions_;
    const auto query = net::decode(std::string_view(buffer + 2, static_cast<std::size_t>(got - 2)));
    if (!query) return;
    for (const std::string& reply : tcp_reply_(*query)) {
      ::send(peer.get(), reply.data(), reply.size(), MSG_NOSIGNAL);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));  // in pieces, as a slow path would
    }
  }

  Reply udp_reply_, tcp_reply_;
  Endpoint endpoint_;
  net::Descriptor udp_, tcp_;
  std::atomic<bool> stop_{false};
  std::atomic<int> udp_questions_{0}, tcp_questions_{0};
  std::thread thread_;
};

net::Message reply_to(const net::Message& query, const std::vector<std::string>& addresses) {
  net::Message out;
  out.id = query.id;
  out.qr = out.rd = out.ra = true;
  out.question = query.question;
  for (const std::string& address : addresses)
    out.answer.push_back({query.question.at(0).name, RecordType::kA, net::RecordClass::kIn, 60, address});
  return out;
}
std::string wire(const net::Message& message) { return *net::encode(message); }
std::string framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size() & 0xff)} + message;
}
Reply good() {
  return [](const net::Message& query) { return std::vector<std::string>{wire(reply_to(query, {"203.0.113.1"}))}; };
}
Reply nothing() {
  return [](const net::Message&) { return std::vector<std::string>{}; };
}

SweepAnswer asked(const Resolver& resolver, TryOptions tries = {std::chrono::milliseconds(1000), 2}) {
  net::Loop loop;
  const SystemClock clock;
  SweepOptions options;
  options.tries = tries;
  const SweepResult result = sweep(loop, clock, {{kName, RecordType::kA}}, {resolver}, options);
  REQUIRE(result.answers.size() == 1);
  return result.answers[0];
}
constexpr TryOptions kImpatient{std::chrono::milliseconds(150), 2};

}  // namespace

TEST_CASE("a plain question over UDP: recursion desired, EDNS 1232, NSID wanted, site and extended error read") {
  std::optional<net::Message> got;
  auto server = std::make_unique<WireServer>(
      [&got](const net::Message& query) {
        got = query;
        net::Message reply = reply_to(query, {"203.0.113.1"});
        reply.edns = net::Edns{};
        reply.edns->nsid = "fra1";
        reply.edns->extended_error = 3;
        return std::vector<std::string>{wire(reply)};
      },
      nothing());
  const SweepAnswer answer = asked(server->resolver());
  server.reset();  // its thread has ended: what it got may be looked at
  REQUIRE(answer.is_data);
  CHECK(answer.set->rdata == std::vector<std::string>{"203.0.113.1"});
  CHECK(answer.ttl == 60s);
  CHECK(answer.sample.site == "fra1");
  CHECK(answer.sample.extended_error == 3);
  CHECK_FALSE(answer.sample.over_tcp);
  CHECK(answer.sample.rtt.count() > 0);
  REQUIRE(got);
  CHECK(got->rd);
  REQUIRE(got->edns);
  CHECK(got->edns->udp_size == 1232);
  CHECK(got->edns->want_nsid);
}

TEST_CASE("truncated: asked again over TCP, in pieces") {
  std::vector<std::string> many;
  for (int i = 1; i < 200; ++i) many.push_back("203.0.113." + std::to_string(i));
  const WireServer server(
      [](const net::Message& query) {
        net::Message reply = reply_to(query, {});
        reply.tc = true;
        return std::vector<std::string>{wire(reply)};
      },
      [many](const net::Message& query) {
        const std::string all = framed(wire(reply_to(query, many)));
        return std::vector<std::string>{all.substr(0, 1), all.substr(1, 700), all.substr(701)};
      });
  const SweepAnswer answer = asked(server.resolver());
  REQUIRE(answer.is_data);
  CHECK(answer.sample.over_tcp);
  CHECK(answer.set->rdata.size() == 199);
}

TEST_CASE("tcp:// asks over TCP only") {
  const WireServer server(nothing(), [](const net::Message& query) {
    return std::vector<std::string>{framed(wire(reply_to(query, {"203.0.113.1"})))};
  });
  const SweepAnswer answer = asked(server.resolver("tcp://"));
  CHECK(answer.is_data);
  CHECK(answer.sample.over_tcp);
  CHECK(server.udp_questions() == 0);
}

TEST_CASE("what is no reply to the question is not believed, and the right one is still waited for") {
  struct Row {
    const char* what;
    std::function<std::string(const net::Message&)> wrong;
    const char* detail;
  };
  const Row row = GENERATE(values<Row>({
      {"another id",
       [](const net::Message& query) {
         net::Message reply = reply_to(query, {"192.0.2.66"});
         reply.id = static_cast<std::uint16_t>(query.id + 1);
         return wire(reply);
       },
       "another id"},
      {"another question",
       [](const net::Message& query) {
         net::Message reply = reply_to(query, {});
         reply.question[0].name = *DomainName::from_text("evil.example.");
         return wire(reply);
       },
       "another question"},
      {"a query", [](const net::Message& query) { return wire(query); }, "not a reply"},
      {"noise", [](const net::Message&) { return std::string(40000, '\xff'); }, "malformed"},
      {"nothing at all", [](const net::Message&) { return std::string(); }, "malformed"},
      {"a cut-off reply", [](const net::Message& query) { return wire(reply_to(query, {"192.0.2.66"})).substr(0, 30); },
       "malformed"},
      {"a compression loop",
       [](const net::Message& query) {
         std::string out = wire(reply_to(query, {}));
         out[7] = 1;  // one answer, whose name points at itself
         const auto at = static_cast<char>(out.size());
         return out + std::string{'\xc0', at, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4};
       },
       "malformed"},
  }));
  INFO(row.what);
  SECTION("followed by the right one") {
    const WireServer server(
        [row](const net::Message& query) {
          return std::vector<std::string>{row.wrong(query), wire(reply_to(query, {"203.0.113.1"}))};
        },
        nothing());
    const SweepAnswer answer = asked(server.resolver());
    REQUIRE(answer.is_data);
    CHECK(answer.set->rdata == std::vector<std::string>{"203.0.113.1"});
  }
  SECTION("alone") {
    const WireServer server([row](const net::Message& query) { return std::vector<std::string>{row.wrong(query)}; },
                            nothing());
    const SweepAnswer answer = asked(server.resolver(), kImpatient);
    CHECK_FALSE(answer.is_data);
    CHECK(answer.sample.outcome == net::Outcome::kGarbage);
    INFO(answer.sample.detail);
    CHECK(answer.sample.detail.find(row.detail) != std::string::npos);
    CHECK(server.udp_questions() == 2);
    const Observation seen = judge(a_change(), answer.sample, {});
    CHECK(seen.verdict == Verdict::kUnreachable);
  }
}

TEST_CASE("a lost datagram is asked again") {
  std::atomic<int> nth{0};
  const WireServer server([&nth](const net::Message& query) { return nth++ == 0 ? nothing()(query) : good()(query); },
                          nothing());
  CHECK(asked(server.resolver(), kImpatient).is_data);
  CHECK(server.udp_questions() == 2);
}

TEST_CASE("silence is a timeout; a closed port is told at once") {
  const WireServer server(nothing(), nothing());
  CHECK(asked(server.resolver(), kImpatient).sample.outcome == net::Outcome::kTimeout);

  const std::string address = servers::own_address();
  const Endpoint closed{*IpAddress::from_text(address), servers::free_port(address)};
  const SweepAnswer refused = asked(*parse_resolver(closed.text()), {std::chrono::seconds(20), 2});
  CHECK(refused.sample.outcome == net::Outcome::kUnreachable);
  CHECK(refused.sample.detail.find("refused") != std::string::npos);
}

TEST_CASE("broken streams") {
  struct Row {
    const char* what;
    Reply tcp;
    net::Outcome outcome;
  };
  const Row row = GENERATE(values<Row>({
      {"closed at once", nothing(), net::Outcome::kUnreachable},
      {"closed in the middle",
       [](const net::Message& query) {
         return std::vector<std::string>{framed(wire(reply_to(query, {}))).substr(0, 20)};
       },
       net::Outcome::kUnreachable},
      {"64 KB of noise",
       [](const net::Message&) { return std::vector<std::string>{framed(std::string(65535, '\x5a'))}; },
       net::Outcome::kGarbage},
  }));
  INFO(row.what);
  const WireServer server(nothing(), row.tcp);
  CHECK(asked(server.resolver("tcp://")).sample.outcome == row.outcome);
}

TEST_CASE("slow resolvers hold up nobody: fifty silent ones and one that answers") {
  const WireServer silent(nothing(), nothing());
  const WireServer server(good(), nothing());
  std::vector<Resolver> resolvers(50, silent.resolver());
  resolvers.push_back(server.resolver());
  net::Loop loop;
  const SystemClock clock;
  WatchOptions options;
  options.tries = {std::chrono::milliseconds(60000), 1};
  options.give_up_at = clock.now() + 50s;
  std::size_t answered = 0;
  const WatchResult result = watch(
      loop, clock, {a_change()}, resolvers, options,
      [&](const WatchEvent& event) {
        if (event.kind == WatchEvent::Kind::kSample && event.resolver == 50) ++answered;
      },
      [&] { return answered >= 2; });
  CHECK(result.end == WatchEnd::kStopped);  // and not by giving up: all fifty were still waited for
  CHECK(answered >= 2);
  CHECK(silent.udp_questions() == 50);
}

TEST_CASE("three real Unbounds: the watch ends when their caches have turned and the bound has passed") {
  const std::string zone =
      "$TTL 6\n@ SOA ns1 hostmaster 1 3600 600 86400 6\n@ NS ns1\nns1 A 127.0.0.1\nwww 6 A 192.0.2.1\n";
  servers::AuthorityOptions authority_options;
  authority_options.zones = {{"example.com", zone}};
  servers::Knot authority(authority_options);
  std::vector<std::unique_ptr<servers::Unbound>> unbounds;
  std::vector<Resolver> resolvers;
  for (int i = 0; i < 3; ++i) {
    servers::UnboundOptions options;
    options.stubs = {{"example.com", {authority.endpoint()}}};
    unbounds.push_back(std::make_unique<servers::Unbound>(options));
    resolvers.push_back(*parse_resolver("unbound-" + std::to_string(i) + "=" + unbounds.back()->endpoint().text()));
  }
  net::Loop loop;
  const SystemClock clock;
  const RecordKey www{kName, RecordType::kA};
  // All three have the old answer, fetched at different times.
  SweepResult before;
  for (int i = 0; i < 3; ++i) {
    before = sweep(loop, clock, {www}, resolvers, {});
    loop.wait_until(clock, clock.now() + 700ms, {});
  }
  for (const SweepAnswer& answer : before.answers) {
    REQUIRE(answer.is_data);
    CHECK(answer.set->rdata == std::vector<std::string>{"192.0.2.1"});
    CHECK(*answer.ttl <= 6s);
  }
  CHECK(above(before, 0, 6s).empty());

  const auto changed =
      servers::nsupdate(authority.endpoint(), authority.key(),
                        "update delete www.example.com. A\nupdate add www.example.com. 6 A 203.0.113.1\n");
  INFO(changed.output);
  REQUIRE(changed.status == 0);
  Expectation expectation = a_change(6s);
  expectation.new_since = clock.now();
  WatchOptions options;
  options.give_up_at = clock.now() + 60s;
  options.must = {"unbound-1"};
  std::optional<Instant> last_old;
  std::size_t behind = 0;
  const WatchResult result = watch(loop, clock, {expectation}, resolvers, options,
                                   [&](const WatchEvent& event) {
                                     if (event.kind != WatchEvent::Kind::kSample) return;
                                     if (is_old(event.observation.verdict)) last_old = event.at;
                                     if (event.observation.verdict == Verdict::kBehind) ++behind;
                                   },
                                   {});
  INFO(result.forecast.why);
  REQUIRE(result.end == WatchEnd::kConverged);
  REQUIRE(last_old);
  CHECK(behind == 0);
  CHECK(*result.converged_at > *last_old);
  CHECK(*result.converged_at >= result.forecast.bound);
  CHECK(*result.converged_at <= result.forecast.bound + 3s);
  for (const SweepAnswer& answer : sweep(loop, clock, {www}, resolvers, {}).answers)
    CHECK(answer.set->rdata == std::vector<std::string>{"203.0.113.1"});
}
