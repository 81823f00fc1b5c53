#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"

// Somebody's nightly job puts the old TTL back on one of two secondaries for a while, and then the low one again.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;

namespace {

constexpr int kLowTtl = 4;

std::string zone_text(int serial, int ttl) {
  return fmt::format(
      "$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster {} 2 1 1209600 4\n@ IN NS ns1\nns1 IN A 127.0.0.1\nwww "
      "{} IN A 127.0.0.1\n",
      serial, ttl);
}

AuthorityOptions at(const Endpoint& where) {
  AuthorityOptions options;
  options.address = where.address.text();
  options.port = where.port;
  return options;
}

Endpoint free_endpoint() {
  const std::string address = own_address();
  return *Endpoint::from_text(address, free_port(address));
}

struct Scene {
  Scene() {
    AuthorityOptions options;
    options.zones = {{"example.com", zone_text(7, 10)}};
    options.secondaries = {first_at, second_at};
    primary = std::make_unique<Knot>(options);
    first = secondary(first_at);
    second = secondary(second_at);
    for (const Endpoint& only : {primary->endpoint(), first_at, second_at}) {
      UnboundOptions resolver;
      resolver.stubs = {{"example.com", {only}}};
      resolvers.push_back(std::make_unique<Unbound>(resolver));
    }
    std::string asked;
    for (std::size_t i = 0; i < resolvers.size(); ++i)
      asked += fmt::format("{}\"unbound-{}={}\"", i == 0 ? "" : ", ", i, resolvers[i]->endpoint().text());
    desk.write("tsig.key", primary->key().file_text());
    desk.write("cutover.yaml",
               fmt::format(R"(version: 1
name: reconciler
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}", "{1}", "{2}"]
    changes:
      - {{ name: www, type: A, from: [127.0.0.1], to: [127.0.0.2] }}
ttl: {{ during: {3}s }}
watch: {{ resolvers: [{4}] }}
)",
                           primary->endpoint().text(), first_at.text(), second_at.text(), kLowTtl, asked));
    REQUIRE(desk.cutover({"lower-ttl", "--yes"}).status == 0);
    std::this_thread::sleep_for(11s);
  }

  std::unique_ptr<Knot> secondary(const Endpoint& where) const {
    return std::make_unique<Knot>(secondary_of(primary->endpoint(), where));
  }

  /// The second secondary serves its own file with the old TTL until the returned server ends.
  std::unique_ptr<Knot> nightly_job() {
    const int serial = static_cast<int>(*served_serial(primary->endpoint(), "example.com"));
    second.reset();
    AuthorityOptions options = at(second_at);
    options.zones = {{"example.com", zone_text(serial, 86400)}};
    return std::make_unique<Knot>(options);
  }

  Run swap() const {
    return desk.cutover({"swap", "--yes", "-o", "json", "--override", "preflight-passed=not what this is about"});
  }

  Endpoint first_at = free_endpoint();
  Endpoint second_at = free_endpoint();
  std::unique_ptr<Knot> primary, first, second;
  std::vector<std::unique_ptr<Unbound>> resolvers;
  Desk desk;
};

Instant new_instant(const Run& run) {
  INFO(run.both());
  REQUIRE(run.status == 2);
  const auto json = nlohmann::json::parse(run.out);
  REQUIRE(json.at("opens_at").is_string());
  return *parse_instant(json.at("opens_at").get<std::string>());
}

}  // namespace

TEST_CASE("a TTL that was put back while nobody looked is found in the caches") {
  Scene scene;
  {
    const auto job = scene.nightly_job();
    CHECK(look_up(scene.resolvers[2]->endpoint(), "www.example.com", "A").ttl_s > 86000);
  }
  scene.second = scene.secondary(scene.second_at);
  CHECK(look_up_authority(scene.second_at, "www.example.com", "A").ttl_s == kLowTtl);

  const Instant opens = new_instant(scene.swap());
  CHECK(opens > now() + 86000s);
  CHECK(opens < now() + 86402s);
  CHECK(look_up_authority(scene.primary->endpoint(), "www.example.com", "A").rdata ==
        std::vector<std::string>{"127.0.0.1"});
}

TEST_CASE("a TTL that was put back and seen restarts the clock") {
  Scene scene;
  {
    const auto job = scene.nightly_job();
    CHECK(scene.swap().status == 2);
  }
  scene.second = scene.secondary(scene.second_at);
  const Run low_again = scene.desk.cutover({"lower-ttl", "--yes"});
  INFO(low_again.both());
  CHECK(low_again.status == 0);
  const Instant opens = new_instant(scene.swap());
  CHECK(opens > now() + 86000s);
  CHECK(opens < now() + 86402s);
}

TEST_CASE("without such a job the same swap goes through") {
  Scene scene;
  const Run run = scene.swap();
  INFO(run.both());
  CHECK(run.status == 0);
}
