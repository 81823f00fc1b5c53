// The batched UDP transport against a server on loopback that sees every datagram as it is.
#include <poll.h>
#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "core/text.h"
#include "dnsprobe/ecs.h"
#include "dnsprobe/rate_limit.h"
#include "dnsprobe/transport.h"
#include "net/message.h"
#include "net/wire.h"
#include "tests/dnsprobe/story.h"
#include "tests/net/scripted_server.h"
#include "tests/servers/servers.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

struct Seen {
  std::string bytes;
  std::uint16_t port = 0;  ///< of the sender
  std::string name() const { return bytes.substr(12, kName.wire().size()); }
  unsigned id() const { return static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]); }
  bool has_edns() const { return bytes[11] == 1; }
};

struct Answer {
  std::string bytes;
  std::chrono::milliseconds after{0};
  bool from_elsewhere = false;
};
using Server = std::function<std::vector<Answer>(const Seen& question, std::size_t nth)>;

std::string reply(const Seen& question, const std::string& address = "203.0.113.1") {
  net::Message out = *net::decode(question.bytes);
  const bool has_edns = out.edns.has_value();
  out.qr = out.ra = true;
  out.edns.reset();
  if (has_edns) out.edns = net::Edns{};
  const auto type = out.question.at(0).type;
  if (!address.empty()) out.answer.push_back({kName, type, net::RecordClass::kIn, 60, address});
  std::string bytes = *net::encode(out);
  net::echo_letters(question.bytes, bytes);
  return bytes;
}

/// Answers in a thread of its own, from one address and, where asked to, from another.
class RawServer {
 public:
  explicit RawServer(Server answer, const std::string& address = servers::own_address()) : answer_(std::move(answer)) {
    endpoint_ = {*IpAddress::from_text(address), servers::free_port(address)};
    socket_ = bound(endpoint_);
    if (endpoint_.address.family() == Family::kV4)
      elsewhere_ = bound({*IpAddress::from_text(servers::own_address()), endpoint_.port});
    thread_ = std::thread([this] { serve(); });
  }
  ~RawServer() { stop(); }
  void stop() {
    if (!thread_.joinable()) return;
    stop_ = true;
    thread_.join();
  }
  Resolver resolver() const { return *parse_resolver(endpoint_.text()); }
  std::size_t answered() const { return answered_; }
  /// Only after stop().
  const std::vector<Seen>& seen() const { return seen_; }

 private:
  static net::Descriptor bound(const Endpoint& at) {
    const bool v4 = at.address.family() == Family::kV4;
    net::Descriptor out(::socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
    const int on = 1, room = 1 << 22;
    ::setsockopt(out.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(out.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    const std::string bytes = at.address.bytes();
    sockaddr_in6 v6{};
    sockaddr_in from{};
    from.sin_family = AF_INET;
    v6.sin6_family = AF_INET6;
    from.sin_port = v6.sin6_port = htons(at.port);
    std::memcpy(v4 ? static_cast<void*>(&from.sin_addr) : &v6.sin6_addr, bytes.data(), bytes.size());
    const auto* where = v4 ? reinterpret_cast<const sockaddr*>(&from) : reinterpret_cast<const sockaddr*>(&v6);
    REQUIRE(::bind(out.get(), where, v4 ? sizeof from : sizeof v6) == 0);
    return out;
  }
  struct Later {
    std::chrono::steady_clock::time_point at;
    std::string bytes;
    sockaddr_in6 to;
    socklen_t size;
  };
  void serve() {
    while (!stop_) {
      pollfd wait{socket_.get(), POLLIN, 0};
      ::poll(&wait, 1, 5);
      while ((wait.revents & POLLIN) != 0 && serve_one()) {
      }
      for (auto& late : later_)
        if (late.size > 0 && late.at <= std::chrono::steady_clock::now()) {
          send(socket_, late.bytes, late.to, late.size);
          late.size = 0;
        }
    }
  }
  bool serve_one() {
    char buffer[4096];
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.get(), buffer, sizeof buffer, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
    if (got <= 0) return false;
    seen_.push_back({{buffer, static_cast<std::size_t>(got)}, ntohs(from.sin6_port)});
    for (const Answer& answer : answer_(seen_.back(), seen_.size())) {
      if (answer.after.count() > 0)
        later_.push_back({std::chrono::steady_clock::now() + answer.after, answer.bytes, from, size});
      else
        send(answer.from_elsewhere ? elsewhere_ : socket_, answer.bytes, from, size);
    }
    ++answered_;
    return true;
  }
  static void send(const net::Descriptor& socket, const std::string& bytes, const sockaddr_in6& to, socklen_t size) {
    ::sendto(socket.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&to), size);
  }

  Server answer_;
  Endpoint endpoint_;
  net::Descriptor socket_, elsewhere_;
  std::vector<Seen> seen_;
  std::vector<Later> later_;
  std::atomic<bool> stop_{false};
  std::atomic<std::size_t> answered_{0};
  std::thread thread_;
};

Server honest() {
  return [](const Seen& question, std::size_t) { return std::vector<Answer>{{reply(question)}}; };
}
TryOptions patient() { return {std::chrono::milliseconds(5000), 2}; }
TryOptions impatient() { return {std::chrono::milliseconds(150), 2}; }

/// Asks `count` questions at once and waits for all answers; each ticket must be answered exactly once.
std::vector<Sample> ask(const Resolver& resolver, std::size_t count, const TryOptions& options,
                        RecordType type = RecordType::kA) {
  net::Loop loop;
  const SystemClock clock;
  std::vector<Sample> out(count);
  std::vector<int> answers(count);
  std::size_t answered = 0;
  const auto transport = socket_transport(loop, clock, options)([&](std::uint64_t ticket, Sample sample) {
    ++answers.at(ticket);
    out.at(ticket) = std::move(sample);
    ++answered;
  });
  for (std::size_t i = 0; i < count; ++i) transport->ask(i, resolver, {kName, type});
  CHECK(answered == 0);
  bool late = false;
  const auto alarm = loop.after(std::chrono::seconds(60), [&late] { late = true; });
  loop.run_until([&] { return late || answered == count; });
  CHECK_FALSE(late);
  for (const int times : answers) CHECK(times == 1);
  return out;
}
Sample ask_one(const Resolver& resolver, const TryOptions& options) { return ask(resolver, 1, options).at(0); }

std::string value_of(const Sample& sample) {
  return sample.answer.empty() || sample.answer[0].rdata.empty() ? sample.detail : sample.answer[0].rdata[0];
}

}  // namespace

TEST_CASE("questions differ in id and letter case only") {
  RawServer server(honest());
  const auto samples = ask(server.resolver(), 40, patient());
  server.stop();
  std::set<std::string> spellings;
  std::set<unsigned> ids;
  REQUIRE(server.seen().size() == 40);
  const std::string first = server.seen()[0].bytes;
  for (const Seen& seen : server.seen()) {
    spellings.insert(seen.name());
    ids.insert(seen.id());
    CHECK(to_lower(seen.name()) == kName.wire());
    CHECK(seen.bytes.substr(2, 10) == first.substr(2, 10));
    CHECK(seen.bytes.substr(12 + kName.wire().size()) == first.substr(12 + kName.wire().size()));
  }
  CHECK(spellings.size() > 30);
  CHECK(ids.size() == 40);
  for (const Sample& sample : samples) {
    CHECK(value_of(sample) == "203.0.113.1");
    CHECK_FALSE(sample.folds_case);
    CHECK(sample.wrong_replies == 0);
  }
}

TEST_CASE("a resolver that folds letters is asked again in small ones, and from then on at once") {
  RawServer server([](const Seen& question, std::size_t) {
    return std::vector<Answer>{{*net::encode(*net::decode(reply(question)))}};
  });
  net::Loop loop;
  const SystemClock clock;
  std::vector<Sample> samples;
  const auto transport = socket_transport(
      loop, clock, patient())([&](std::uint64_t, Sample sample) { samples.push_back(std::move(sample)); });
  for (std::size_t i = 0; i < 3; ++i) {
    transport->ask(i, server.resolver(), {kName, RecordType::kA});
    loop.run_until([&] { return samples.size() > i; });
    CHECK(value_of(samples[i]) == "203.0.113.1");
    CHECK(samples[i].folds_case);
  }
  server.stop();
  REQUIRE(server.seen().size() == 4);
  CHECK(server.seen()[0].name() != kName.wire());
  CHECK(server.seen()[0].id() != server.seen()[1].id());
  CHECK(server.seen()[0].port != server.seen()[1].port);
  for (std::size_t i = 1; i < 4; ++i) CHECK(server.seen()[i].name() == kName.wire());
}

TEST_CASE("a resolver with an idea of letters of its own is asked twice, not for ever") {
  RawServer server([](const Seen& question, std::size_t) {
    std::string shouted = reply(question);
    for (std::size_t i = 12; i < 12 + kName.wire().size(); ++i)
      if (shouted[i] >= 'a' && shouted[i] <= 'z') shouted[i] = static_cast<char>(shouted[i] - 0x20);
    return std::vector<Answer>{{shouted}};
  });
  const Sample sample = ask_one(server.resolver(), patient());
  CHECK(value_of(sample) == "203.0.113.1");
  CHECK(sample.folds_case);
  server.stop();
  CHECK(server.seen().size() == 2);
}

TEST_CASE("a forged answer in the wrong letters is not believed") {
  RawServer server([](const Seen& question, std::size_t nth) {
    std::vector<Answer> out;
    if (nth == 1) out.push_back({*net::encode(*net::decode(reply(question, "192.0.2.66")))});
    out.push_back({reply(question)});
    return out;
  });
  CHECK(value_of(ask_one(server.resolver(), patient())) == "203.0.113.1");
}

TEST_CASE("an answer from another address than the one asked is not believed") {
  SECTION("and the right one is waited for") {
    RawServer server([](const Seen& question, std::size_t) {
      return std::vector<Answer>{{reply(question, "192.0.2.66"), {}, true}, {reply(question)}};
    });
    CHECK(value_of(ask_one(server.resolver(), patient())) == "203.0.113.1");
  }
  SECTION("alone it is silence") {
    RawServer server([](const Seen& question, std::size_t) {
      return std::vector<Answer>{{reply(question, "192.0.2.66"), {}, true}};
    });
    CHECK(ask_one(server.resolver(), impatient()).outcome == net::Outcome::kTimeout);
  }
}

TEST_CASE("wrong replies are counted and do not end the wait") {
  RawServer server([](const Seen& question, std::size_t) {
    std::string other_id = reply(question, "192.0.2.66");
    other_id[0] = static_cast<char>(other_id[0] ^ 0x55);
    return std::vector<Answer>{{other_id}, {other_id}, {std::string("noise")}, {reply(question)}};
  });
  const Sample sample = ask_one(server.resolver(), patient());
  CHECK(value_of(sample) == "203.0.113.1");
  CHECK(sample.wrong_replies == 3);
}

TEST_CASE("a reply for other clients than those that were sent along is not believed; one that names none is") {
  const auto* given_back = GENERATE("203.0.113.0", "198.51.100.0", "");
  INFO(given_back);
  const auto transport = GENERATE(Transport::kUdp, Transport::kTcp);
  const auto answer = [given_back](const std::string& question) {
    net::Message out = *net::decode(question);
    CHECK(out.ad);
    CHECK(out.edns->dnssec_ok);
    CHECK(out.edns->client_subnet->subnet.text() == "203.0.113.0/24");
    CHECK(out.edns->client_subnet->scope == 0);
    out.qr = true;
    out.edns->client_subnet.reset();
    if (*given_back != 0) out.edns->client_subnet = net::SubnetOption{{*IpAddress::from_text(given_back), 24}, 24};
    out.answer.push_back({kName, RecordType::kA, net::RecordClass::kIn, 60, "203.0.113.1"});
    std::string bytes = *net::encode(out);
    net::echo_letters(question, bytes);
    return bytes;
  };
  net::ScriptedServer::Script script;
  script.udp = [answer](const std::string& question) { return std::vector<std::string>{answer(question)}; };
  script.tcp = [answer](const std::string& question) {
    const std::string bytes = answer(question);
    std::string framed;
    net::put_u16(framed, static_cast<unsigned>(bytes.size()));
    return net::ScriptedServer::Stream{{framed + bytes}};
  };
  const net::ScriptedServer server(script);
  Resolver resolver = *parse_resolver(server.endpoint().text());
  resolver.transport = transport;
  resolver.asking = {*parse_subnet("203.0.113.0/24"), true};
  const Sample sample = ask_one(resolver, impatient());
  if (std::string(given_back) == "198.51.100.0") {
    CHECK(sample.outcome == net::Outcome::kGarbage);
    CHECK_THAT(sample.detail, Catch::Contains("another client subnet"));
    return;
  }
  CHECK(value_of(sample) == "203.0.113.1");
  CHECK(sample.client_subnet.has_value() == (*given_back != 0));
}

TEST_CASE("a question that got lost is asked again with another id from another port, in the same letters") {
  RawServer server([](const Seen& question, std::size_t nth) {
    return nth == 1 ? std::vector<Answer>{} : std::vector<Answer>{{reply(question)}};
  });
  CHECK(value_of(ask_one(server.resolver(), impatient())) == "203.0.113.1");
  server.stop();
  REQUIRE(server.seen().size() == 2);
  CHECK(server.seen()[0].id() != server.seen()[1].id());
  CHECK(server.seen()[0].port != server.seen()[1].port);
  CHECK(server.seen()[0].name() == server.seen()[1].name());
}

TEST_CASE("a resolver that is slower than one try still answers: the first reply counts, dated by its own question") {
  RawServer server([](const Seen& question, std::size_t nth) {
    return nth == 1 ? std::vector<Answer>{{reply(question), std::chrono::milliseconds(220)}} : std::vector<Answer>{};
  });
  const Sample sample = ask_one(server.resolver(), impatient());
  CHECK(value_of(sample) == "203.0.113.1");
  CHECK(sample.rtt >= std::chrono::milliseconds(200));
  CHECK(sample.received - sample.asked >= std::chrono::milliseconds(200));
}

TEST_CASE("who stands still for longer than a try finds the answers that came meanwhile") {
  RawServer server(honest());
  net::Loop loop;
  const SystemClock clock;
  std::vector<Sample> samples;
  const auto transport = socket_transport(loop, clock, {std::chrono::milliseconds(50), 1})(
      [&](std::uint64_t, Sample sample) { samples.push_back(std::move(sample)); });
  for (std::uint64_t i = 0; i < 20; ++i) transport->ask(i, server.resolver(), {kName, RecordType::kA});
  bool sent = false;
  loop.post([&sent] { sent = true; });
  loop.run_until([&sent] { return sent; });
  const auto stood_still_since = std::chrono::steady_clock::now();
  REQUIRE(servers::wait_until(std::chrono::seconds(30), [&] {
    return server.answered() == 20 && std::chrono::steady_clock::now() - stood_still_since > 100ms;
  }));
  loop.run_until([&samples] { return samples.size() == 20; });
  for (const Sample& sample : samples) CHECK(value_of(sample) == "203.0.113.1");
}

TEST_CASE("a server from before EDNS is asked once more without it") {
  RawServer server([](const Seen& question, std::size_t) {
    if (!question.has_edns()) return std::vector<Answer>{{reply(question)}};
    std::string refusal = question.bytes.substr(0, 12 + kName.wire().size() + 4);
    refusal[2] = static_cast<char>(0x81);
    refusal[3] = static_cast<char>(0x81);
    refusal[11] = 0;
    return std::vector<Answer>{{refusal}};
  });
  CHECK(value_of(ask_one(server.resolver(), patient())) == "203.0.113.1");
  server.stop();
  CHECK(server.seen().size() == 2);
}

TEST_CASE("over IPv6: answered, and a closed port is told at once") {
  RawServer server(honest(), "::1");
  CHECK(value_of(ask_one(server.resolver(), patient())) == "203.0.113.1");
  const Endpoint closed{*IpAddress::from_text("::1"), servers::free_port("::1")};
  const Sample refused = ask_one(*parse_resolver(closed.text()), {std::chrono::seconds(30), 2});
  CHECK(refused.outcome == net::Outcome::kUnreachable);
  CHECK(refused.detail == "connection refused");
}

TEST_CASE("several thousand questions at once are all answered, each exactly once") {
  RawServer server(honest());
  TryOptions options{std::chrono::milliseconds(500), 20};
  options.most_per_second = options.most_per_resolver_per_second = 0;
  for (const Sample& sample : ask(server.resolver(), 5000, options, RecordType::kA))
    if (value_of(sample) != "203.0.113.1") CHECK(value_of(sample) == "203.0.113.1");
}

TEST_CASE("the limits: a burst of one second's worth, then evenly") {
  RawServer server(honest());
  TryOptions options = patient();
  SECTION("for everybody together") {
    options.most_per_second = 50;
    options.most_per_resolver_per_second = 0;
  }
  SECTION("for one resolver") {
    options.most_per_second = 0;
    options.most_per_resolver_per_second = 50;
  }
  const auto began = std::chrono::steady_clock::now();
  const auto samples = ask(server.resolver(), 70, options);
  // 50 at once, 20 more at 20 ms each.
  CHECK(std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(390));
  for (const Sample& sample : samples) {
    CHECK(value_of(sample) == "203.0.113.1");
    CHECK(sample.rtt < std::chrono::milliseconds(4000));
  }
}

TEST_CASE("how long a question is held back by a limit is known when it is asked") {
  net::Loop loop;
  const SystemClock clock;
  TryOptions options = patient();
  const bool of_all = GENERATE(true, false);
  options.most_per_second = of_all ? 10 : 0;
  options.most_per_resolver_per_second = of_all ? 0 : 10;
  const auto transport = socket_transport(loop, clock, options)([](std::uint64_t, Sample) {});
  const Resolver resolver = *parse_resolver("127.0.0.1:9");
  for (std::uint64_t i = 0; i < 10; ++i) transport->ask(i, resolver, {kName, RecordType::kA});
  CHECK(transport->held_back() == std::chrono::nanoseconds::zero());
  for (std::uint64_t i = 10; i < 30; ++i) transport->ask(i, resolver, {kName, RecordType::kA});
  CHECK(transport->held_back() > std::chrono::milliseconds(1500));
  CHECK(transport->held_back() <= std::chrono::milliseconds(2000));
}

TEST_CASE("rate limit: table") {
  using std::chrono::milliseconds;
  const RateLimit limit(10, 3);
  const RateLimit::Time zero{std::chrono::hours(1)};
  RateLimit::Time state{};
  CHECK(limit.room(state, zero, 100) == 3);  // long unused: the burst, and no more
  CHECK(limit.room(state, zero, 2) == 2);
  state = limit.took(state, zero, 3);
  CHECK(limit.room(state, zero, 100) == 0);
  CHECK(limit.earliest(state) == zero + milliseconds(100));
  CHECK(limit.room(state, zero + milliseconds(99), 100) == 0);
  CHECK(limit.room(state, zero + milliseconds(100), 100) == 1);
  CHECK(limit.room(state, zero + milliseconds(250), 100) == 2);
  CHECK_FALSE(RateLimit(0, 1).is_limited());
  CHECK(RateLimit(0, 1).room(state, zero, 64) == 64);
}
