#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "core/text.h"
#include "net/loop.h"
#include "tests/scenarios/bad_stage.h"

// A watch over three honest resolvers and a crowd of broken ones: it neither hangs nor crashes, says of each broken one
// that it gives no usable answer, and decides by the honest ones.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;

namespace {

enum class Over { kUdp, kTcp };
/// From the query's bytes to the reply's; over TCP the length prefix is added.
using Lie = std::function<std::string(const std::string& query, Over over)>;

/// A server that answers every question over UDP and TCP with its lie, on its own thread.
class Liar {
 public:
  explicit Liar(Lie lie) : lie_(std::move(lie)), at_(*Endpoint::from_text(own_address(), 1)) {
    at_.port = free_port(at_.address.text());
    udp_ = bound(SOCK_DGRAM);
    tcp_ = bound(SOCK_STREAM);
    if (listen(tcp_.get(), 8) != 0) throw std::runtime_error("a liar cannot listen");
    end_ = net::Descriptor(eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { run(); });
  }
  ~Liar() {
    eventfd_write(end_.get(), 1);
    thread_.join();
  }
  Liar(const Liar&) = delete;
  Liar& operator=(const Liar&) = delete;
  const Endpoint& endpoint() const { return at_; }

 private:
  net::Descriptor bound(int type) const {
    net::Descriptor fd(socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(at_.port);
    inet_pton(AF_INET, at_.address.text().c_str(), &address.sin_addr);
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("a liar cannot bind");
    return fd;
  }
  void run() {
    while (true) {
      pollfd waiting[3] = {{end_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}, {tcp_.get(), POLLIN, 0}};
      if (poll(waiting, 3, -1) < 0 || waiting[0].revents != 0) return;
      if (waiting[1].revents != 0) answer_udp();
      if (waiting[2].revents != 0) answer_tcp();
    }
  }
  void answer_udp() {
    char query[4096];
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto got = recvfrom(udp_.get(), query, sizeof query, 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (got < 12) return;
    const std::string reply = lie_(std::string(query, static_cast<std::size_t>(got)), Over::kUdp);
    sendto(udp_.get(), reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
  }
  void answer_tcp() {
    const net::Descriptor peer(accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    // Whoever connects and says nothing does not stop the others.
    const timeval patience{1, 0};
    setsockopt(peer.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    char query[4096];
    const auto got = recv(peer.get(), query, sizeof query, 0);
    if (got < 14) return;
    const std::string reply = lie_(std::string(query + 2, static_cast<std::size_t>(got) - 2), Over::kTcp);
    std::string framed{static_cast<char>(reply.size() >> 8), static_cast<char>(reply.size() & 0xff)};
    framed += reply;
    for (std::size_t at = 0; at < framed.size();) {
      const auto sent = send(peer.get(), framed.data() + at, framed.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return;
      at += static_cast<std::size_t>(sent);
    }
  }

  Lie lie_;
  Endpoint at_;
  net::Descriptor udp_, tcp_, end_;
  std::thread thread_;
};

/// Header and question of a query, without what follows; flags QR RD RA, and the number of answers as wanted.
std::string reply_head(const std::string& query, unsigned answers, unsigned flags = 0x8180) {
  std::size_t end = 12;
  while (end < query.size() && query[end] != 0) end += 1U + static_cast<unsigned char>(query[end]);
  std::string head = query.substr(0, end + 5);
  head[2] = static_cast<char>(flags >> 8);
  head[3] = static_cast<char>(flags & 0xff);
  head[6] = static_cast<char>(answers >> 8);
  head[7] = static_cast<char>(answers & 0xff);
  head[8] = head[9] = head[10] = head[11] = 0;
  return head;
}

/// One A record of the name asked for: 127.0.0.x, TTL 1.
std::string an_address(char last) {
  return std::string("\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x01\x00\x04\x7f\x00\x00", 15) + last;
}

constexpr unsigned kTruncated = 0x8380;

const std::map<std::string, Lie>& lies() {
  static const std::map<std::string, Lie> all{
      {"garbage", [](const std::string& query, Over) { return query.substr(0, 2) + std::string(300, '\xff'); }},
      {"header-only", [](const std::string& query, Over) { return reply_head(query, 7).substr(0, 12); }},
      {"empty-datagram", [](const std::string&, Over) { return std::string(); }},
      {"wrong-id",
       [](const std::string& query, Over) {
         std::string reply = reply_head(query, 1) + an_address(2);
         reply[0] = static_cast<char>(reply[0] ^ 0x55);
         return reply;
       }},
      {"wrong-question",
       [](const std::string& query, Over) {
         std::string reply = reply_head(query, 1) + an_address(2);
         reply[13] = 'x';
         return reply;
       }},
      {"compression-loop",
       [](const std::string& query, Over) {
         std::string reply = reply_head(query, 1);
         const std::size_t at = reply.size();
         reply += static_cast<char>(0xc0 | at >> 8);
         reply += static_cast<char>(at & 0xff);
         return reply + an_address(2).substr(2);
       }},
      {"two-pointers-in-a-circle",
       [](const std::string& query, Over) {
         std::string reply = reply_head(query, 1);
         const std::size_t at = reply.size();
         reply += std::string("\xc0", 1) + static_cast<char>(at + 2) + std::string("\xc0", 1) + static_cast<char>(at);
         return reply + an_address(2).substr(2);
       }},
      {"64-kilobytes-of-nothing",
       [](const std::string& query, Over over) {
         if (over == Over::kUdp) return reply_head(query, 0, kTruncated);
         std::string reply = reply_head(query, 65535);
         reply.resize(65535, '\xff');
         return reply;
       }},
      {"64-kilobytes-in-a-datagram",
       [](const std::string& query, Over) {
         std::string reply = reply_head(query, 65535);
         reply.resize(65507, '\xc0');
         return reply;
       }},
      {"truncated-for-ever", [](const std::string& query, Over) { return reply_head(query, 0, kTruncated); }},
      {"answer-that-is-a-query", [](const std::string& query, Over) { return query; }},
  };
  return all;
}

/// A whole message of 64 KB with thousands of addresses: nonsense, but an answer.
std::string thousands_of_addresses(const std::string& query, Over over) {
  if (over == Over::kUdp) return reply_head(query, 0, kTruncated);
  std::string records;
  const std::size_t room = (65535 - reply_head(query, 0).size()) / an_address(1).size();
  for (std::size_t i = 0; i < room; ++i) {
    std::string record = an_address(static_cast<char>(i & 0xff));
    record[14] = static_cast<char>(1 + (i >> 8));
    records += record;
  }
  return reply_head(query, static_cast<unsigned>(room)) + records;
}

}  // namespace

TEST_CASE("a watch among resolvers that answer nonsense") {
  AuthorityOptions options;
  options.zones = {{"example.com", small_zone("example.com")}};
  const Knot knot(options);
  const Desk desk;
  SmallPlan plan;
  plan.servers = {knot.endpoint()};
  std::vector<std::unique_ptr<Unbound>> honest;
  for (int i = 1; i <= 3; ++i) {
    UnboundOptions resolver;
    resolver.stubs = {{"example.com", {knot.endpoint()}}};
    honest.push_back(std::make_unique<Unbound>(resolver));
    plan.resolvers.push_back(fmt::format("honest-{}={}", i, honest.back()->endpoint().text()));
  }
  std::vector<std::unique_ptr<Liar>> liars;
  for (const auto& [name, lie] : lies()) {
    liars.push_back(std::make_unique<Liar>(lie));
    plan.resolvers.push_back(name + "=" + liars.back()->endpoint().text());
  }
  liars.push_back(std::make_unique<Liar>(thousands_of_addresses));
  plan.resolvers.push_back("thousands=" + liars.back()->endpoint().text());
  const auto plan_with = [&](const std::string& watching) {
    std::string text = plan.text();
    const std::string end = "] }\nlookup";
    text.replace(text.find(end), end.size(), "], " + watching + " }\nlookup");
    desk.write("cutover.yaml", text);
  };
  desk.write("tsig.key", knot.key().file_text());
  plan_with("must: [honest-1], quorum: { resolvers: 20%, operators: 20% }, give-up: 60s");
  expect(desk, {{"lower-ttl", "--yes"}, 0, {}});
  expect(desk, {forced_swap(), 0, {}});
  const ZoneImage swapped = image_of(knot, "example.com");

  // A quorum that the honest ones make is enough, and nobody waits for the rest.
  const Run converged = expect(desk, {{"watch"}, 0, {"converged", "3 of 15 resolvers gave only the new answer"}});
  CHECK(converged.took < 60s);
  CHECK(converged.both().size() < 20000);

  // A quorum that wants more is not made up of nonsense: each is named with what was wrong.
  plan_with("must: [honest-1], quorum: { resolvers: 60%, operators: 60% }, give-up: 20s");
  const Run undecided = desk.cutover({"watch", "-o", "ndjson"});
  CHECK(undecided.status == 4);
  CHECK(undecided.took < 60s);
  std::map<std::string, std::string> verdicts;
  std::map<std::string, std::string> details;
  std::istringstream lines(undecided.out);
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);  // each line is whole JSON, whatever came from the network
    if (event.at("event") == "end") CHECK(event.at("end") == "undecided");
    if (event.at("event") != "sample") continue;
    verdicts[event.at("operator")] = event.at("verdict");
    details[event.at("operator")] = event.at("detail");
    CHECK(event.at("rdata").size() <= 32);
  }
  for (const auto& [name, lie] : lies()) {
    CAPTURE(name, details[name]);
    CHECK(verdicts[name] == "unreachable");
    CHECK_FALSE(details[name].empty());
  }
  CHECK(verdicts["thousands"] == "other");
  CHECK(details["thousands"].find("values in all") != std::string::npos);
  for (int i = 1; i <= 3; ++i) CHECK(verdicts[fmt::format("honest-{}", i)] == "new");

  // The same for a person's eyes.
  plan_with("must: [honest-1], quorum: { resolvers: 60%, operators: 60% }, give-up: 15s");
  const Run seen = expect(desk, {{"watch"}, 4, {"too few answers", "unreachable"}});
  for (const auto& [name, lie] : lies()) {
    CAPTURE(name);
    CHECK(seen.both().find(name) != std::string::npos);
  }

  // A liar that has to agree is never taken for one that does.
  plan_with("must: [wrong-id], quorum: { resolvers: 20%, operators: 20% }, give-up: 10s");
  expect(desk, {{"watch"}, 4, {"wrong-id"}});
  CHECK(image_of(knot, "example.com") == swapped);
  check_journal_works(desk, 0);
}
