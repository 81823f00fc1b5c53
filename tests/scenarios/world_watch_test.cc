#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "tests/scenarios/lossy_relay.h"
#include "tests/scenarios/world.h"
#include "tests/support/not_run.h"

// A swap watched at real caches, over a good line and over a bad one.

using namespace cutover;
using namespace cutover::stage;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr int kOldTtl = 12;
constexpr int kLowTtl = 10;

std::string plan_text(World& world, const std::string& resolvers, const std::string& must) {
  return fmt::format(R"(version: 1
name: world
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [{1}], to: [{2}] }}
ttl: {{ during: {3}s }}
watch: {{ resolvers: {4}, must: [{5}], quorum: {{ resolvers: 4%, operators: 4% }}, samples: 2, give-up: 2m }}
standby: 1h
)",
                     world.authority().endpoint().text(), kOldWww, kNewWww, kLowTtl, resolvers, must);
}

/// The lines of a watch told as NDJSON.
std::vector<Json> events_of(const Run& run) {
  std::vector<Json> out;
  for (const std::string& line : split(run.out, '\n'))
    if (!line.empty()) out.push_back(Json::parse(line));
  return out;
}

/// When an event of this kind happened that `fits`: the last one.
template <class Fits>
std::optional<Instant> last_of(const std::vector<Json>& events, const Fits& fits) {
  std::optional<Instant> out;
  for (const Json& event : events)
    if (fits(event)) out = *parse_instant(event.at("at").get<std::string>());
  return out;
}

/// The users of caches, who look `www` up again whenever they may: each cache is filled anew as soon as it has
/// forgotten, one after the other, so that at any moment some will hold what they have for nearly its whole TTL.
class Users {
 public:
  explicit Users(std::vector<Endpoint> caches) : caches_(std::move(caches)), thread_([this] { work(); }) {}
  ~Users() {
    over_ = true;
    thread_.join();
  }
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  /// When somebody was last sent to the old side.
  Instant last_old() const { return Instant(Span(last_old_.load())); }

 private:
  void work() {
    const Instant started = now();
    std::vector<Instant> next;
    for (std::size_t i = 0; i < caches_.size(); ++i)
      next.push_back(started + Span(std::chrono::seconds(kOldTtl)) * static_cast<std::int64_t>(i) /
                                   static_cast<std::int64_t>(caches_.size()));
    for (; !over_; std::this_thread::sleep_for(20ms))
      for (std::size_t i = 0; i < caches_.size() && !over_; ++i)
        if (next[i] <= now()) next[i] = now() + look(caches_[i]);
  }
  /// How long the answer still holds.
  Span look(const Endpoint& cache) try {
    const Answer answer = look_up(cache, "www.example.com", "A");
    if (answer.rdata == std::vector<std::string>{kOldWww}) last_old_ = now().time_since_epoch().count();
    return std::max<Span>(std::chrono::seconds(answer.ttl_s), 100ms);
  } catch (const std::runtime_error&) {
    return 100ms;
  }

  const std::vector<Endpoint> caches_;
  std::atomic<bool> over_{false};
  std::atomic<std::int64_t> last_old_{0};
  std::thread thread_;
};

/// TTLs lowered and drained, and then swapped. Gives the bound.
Instant swap_under_way(const Desk& desk) {
  const Run lowered = desk.cutover({"lower-ttl", "--yes"});
  INFO("lower-ttl:\n" << lowered.both());
  REQUIRE(lowered.status == 0);
  const Run swapped =
      desk.cutover({"swap", "--yes", "--wait", "-o", "json", "--override", "preflight-passed=there are no endpoints"});
  INFO("swap:\n" << swapped.both());
  REQUIRE(swapped.status == 0);
  return *parse_instant(Json::parse(swapped.out).at("bound").get<std::string>());
}

}  // namespace

TEST_CASE("a whole cutover watched at the default list: not before the last cache turned, not long after the bound") {
  if (!world_is_allowed("a whole cutover watched at the default list")) return;
  World world(kOldTtl);
  world.add_well_known();
  world.add_national(12);
  const Desk desk;
  desk.write("tsig.key", world.authority().key().file_text());
  desk.write("cutover.yaml", plan_text(world, "default", "google, cloudflare, quad9"));
  std::vector<Endpoint> caches;
  for (const auto& resolver : world.alive()) caches.push_back(*resolver.endpoint);
  REQUIRE(caches.size() * 5 < default_addresses().size());

  const Users users(caches);
  const Instant bound = swap_under_way(desk);
  const Run watched = desk.cutover({"watch", "-o", "ndjson"});
  INFO(watched.err);
  const auto events = events_of(watched);
  INFO(events.back().dump());
  REQUIRE(watched.status == 0);
  const Instant converged = *parse_instant(events.back().at("converged_at").get<std::string>());
  CHECK(converged >= bound);
  CHECK(converged <= bound + 3s);
  for (const Endpoint& cache : caches) {
    INFO(cache.text());
    CHECK(look_up(cache, "www.example.com", "A").rdata == std::vector<std::string>{kNewWww});
  }
  const auto addresses = default_addresses();
  const auto last_old =
      last_of(events, [](const Json& event) { return event.at("event") == "sample" && event.at("verdict") == "old"; });
  REQUIRE(last_old);
  CHECK(converged > *last_old);
  CHECK(converged > users.last_old());
  for (const Json& event : events) {
    if (event.at("event") != "sample") continue;
    INFO(event.dump());
    const auto verdict = event.at("verdict").get<std::string>();
    if (world.is_alive(addresses.at(event.at("resolver").get<std::string>())))
      CHECK((verdict == "old" || verdict == "new"));
    else
      CHECK(verdict == "unreachable");
  }
}

namespace {

/// Eight resolvers whose UDP runs over a bad line; over TCP they are reached directly.
class BadLine {
 public:
  explicit BadLine(World& world) {
    LossyRelay::Lines lines;
    for (const auto& resolver : dnsprobe::default_resolvers()) {
      if (resolver.transport != dnsprobe::Transport::kUdp || !resolver.endpoint || resolvers_.size() == 8) continue;
      if (resolver.endpoint->address.family() != Family::kV4) continue;
      const std::string address = resolver.endpoint->address.text();
      world.network().add({address});
      servers::UnboundOptions options;
      options.stubs = {{"example.com", {world.authority().endpoint()}}};
      options.extra = "  access-control: 0.0.0.0/0 allow\n" + identity_lines(identity_of(resolver.operator_name));
      behind_.push_back(std::make_unique<servers::Unbound>(options));
      lines.emplace_back(*resolver.endpoint, behind_.back()->endpoint());
      options.address = address;
      options.port = 53;
      options.tcp_only = true;
      behind_.push_back(std::make_unique<servers::Unbound>(options));
      resolvers_.push_back(address);
    }
    relay_ = std::make_unique<LossyRelay>(lines, LossyRelayOptions());
  }

  const std::vector<std::string>& resolvers() const { return resolvers_; }
  std::vector<Endpoint> caches() const {
    std::vector<Endpoint> out;
    for (const auto& unbound : behind_)
      if (unbound->endpoint().port != 53) out.push_back(unbound->endpoint());
    return out;
  }
  const LossyRelay& relay() const { return *relay_; }

 private:
  std::vector<std::string> resolvers_;
  std::vector<std::unique_ptr<servers::Unbound>> behind_;
  std::unique_ptr<LossyRelay> relay_;
};

}  // namespace

TEST_CASE("a bad line makes answers late or lost, and never wrong") {
  if (!world_is_allowed("loss, delay and reordering")) return;
  World world(kOldTtl);
  const BadLine line(world);
  const Desk desk;
  std::vector<std::string> probe{"probe", "www.example.com", "A", "TXT", "--samples", "5", "-o", "json"};
  for (const std::string& resolver : line.resolvers()) probe.push_back("@" + resolver);
  const Run probed = desk.cutover(probe);
  INFO(probed.both());
  const Json json = Json::parse(probed.out);
  std::map<std::string, int> kinds;
  for (const Json& question : json.at("questions"))
    for (const Json& answer : question.at("answers")) {
      INFO(answer.dump());
      ++kinds[answer.at("kind").get<std::string>()];
      if (answer.at("kind") == "unreachable") continue;
      CHECK(answer.at("kind") == (question.at("type") == "A" ? "values" : "no-data"));
      CHECK(answer.at("values") == (question.at("type") == "A" ? Json({kOldWww}) : Json::array()));
    }
  CHECK(kinds["values"] > 0);
  CHECK(kinds["no-data"] > 0);
  // What is too long for UDP is fetched over TCP.
  const Run over_tcp =
      desk.cutover({"probe", "long.example.com", "TXT", "@tcp://" + line.resolvers().front(), "-o", "json"});
  CHECK(Json::parse(over_tcp.out).at("questions").at(0).at("answered") == 1);

  desk.write("tsig.key", world.authority().key().file_text());
  desk.write("cutover.yaml", plan_text(world, "[" + join(line.resolvers(), ", ") + "]", line.resolvers().front()));
  const Users users(line.caches());
  const Instant bound = swap_under_way(desk);
  const Run watched = desk.cutover({"watch", "-o", "ndjson"});
  INFO(watched.err);
  const auto events = events_of(watched);
  REQUIRE(watched.status == 0);
  for (const Json& event : events) {
    if (event.at("event") != "sample") continue;
    INFO(event.dump());
    const auto verdict = event.at("verdict").get<std::string>();
    CHECK((verdict == "old" || verdict == "new" || verdict == "unreachable"));
    if (verdict == "old") CHECK(*parse_instant(event.at("at").get<std::string>()) < bound + 1s);
  }
  CHECK(*parse_instant(events.back().at("converged_at").get<std::string>()) >= bound);
  CHECK(line.relay().lost() > 10);
  CHECK(line.relay().overtaken() > 0);
}

TEST_CASE("a kernel that loses and delays packets makes no answer wrong") {
  if (!world_is_allowed("tc netem")) return;
  World world;
  world.add_national(8);
  if (const std::string refusal = world.network().suffer("loss 30% delay 200ms 80ms"); !refusal.empty())
    return tests::not_run("loss and delay by tc netem", refusal);
  std::vector<std::string> probe{"probe", "www.example.com", "--samples", "5", "-o", "json"};
  for (const auto& resolver : world.alive()) probe.push_back("@" + resolver.endpoint->address.text());
  const Run probed = Desk().cutover(probe);
  INFO(probed.both());
  const Json json = Json::parse(probed.out);
  for (const Json& answer : json.at("questions").at(0).at("answers")) {
    INFO(answer.dump());
    if (answer.at("kind") == "unreachable" || answer.at("kind") == "servfail") continue;
    CHECK(answer.at("values") == Json({kOldWww}));
  }
}
