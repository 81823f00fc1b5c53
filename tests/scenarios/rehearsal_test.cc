#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/scenarios/stage.h"

// The demo, and a rehearsal of a person's own plan: every phase, old TTLs of a day included, against the lab.

using namespace cutover;
using namespace cutover::stage;

namespace {

void went_through(const Run& run) {
  INFO(run.both());
  REQUIRE(run.status == 0);
  const auto json = nlohmann::json::parse(run.out);
  CHECK(json.at("differences").empty());
  std::vector<std::string> phases;
  for (const auto& event : json.at("events")) {
    const auto phase = event.at("phase").get<std::string>();
    if (phases.empty() || phases.back() != phase) phases.push_back(phase);
  }
  // Each in its order, whatever stands between.
  std::size_t found = 0;
  const std::vector<std::string> expected{"stage", "lower-ttl", "preflight", "swap",
                                          "watch", "rollback",  "watch",     "restore-ttl"};
  for (const std::string& phase : phases)
    if (found < expected.size() && phase == expected[found]) ++found;
  CHECK(found == expected.size());

  REQUIRE(json.at("estimates").size() == 2);
  for (const auto& estimate : json.at("estimates")) {
    const Instant last = *parse_instant(estimate.at("last_turned").get<std::string>());
    const Instant bound = *parse_instant(estimate.at("bound").get<std::string>());
    const Instant converged = *parse_instant(estimate.at("converged_at").get<std::string>());
    // Never "converged" while a cache still had the other side's answer, and never before the bound.
    CHECK(converged >= last);
    CHECK(converged >= bound);
  }
  CHECK(json.at("visitors").at("visits").get<int>() > 100);
  CHECK(json.at("visitors").at("failed") == 0);
  CHECK(json.at("rehearsed_time_s").get<long>() > 86400);
}

}  // namespace

TEST_CASE("the demo goes through every phase and puts everything back") {
  const Desk desk;
  const Run run = desk.cutover({"demo", "-o", "json", "--speed", "8640"}, {}, std::chrono::seconds(240));
  went_through(run);
}

TEST_CASE("a plan of one's own is rehearsed without touching its journal") {
  const Desk desk;
  desk.write("cutover.yaml", R"(version: 1
name: mine
zones:
  - zone: example.com
    provider: { type: rfc2136, server: 192.0.2.53, key: env/NOT_SET }
    authoritative: [192.0.2.53]
    changes:
      - { name: www, type: A, from: [192.0.2.1], to: [198.51.100.1] }
      - { name: new, type: A, from: [], to: [198.51.100.1] }
  - zone: example.net
    provider: { type: zonefile, file: does-not-exist.zone }
    authoritative: [192.0.2.53]
    changes:
      - { name: shop, type: A, from: [192.0.2.1], to: [] }
      - { name: shop, type: CNAME, from: [], to: [www.example.com.] }
ttl: { during: 60s }
endpoints:
  - { names: [www.example.com], port: 443 }
  - { names: [www.example.com], port: 25, starttls: smtp }
  - { names: [www.example.com], port: 143, starttls: imap }
  - { names: [www.example.com], port: 110, starttls: pop3 }
watch: { resolvers: default, must: [google, quad9] }
gates: [ { name: mine, before: swap, run: [/bin/false] } ]
)");
  const Run run = desk.cutover({"rehearse", "-o", "json", "--speed", "8640"}, {}, std::chrono::seconds(240));
  went_through(run);
  CHECK(run.out.find("gate mine is yours and is not asked in a rehearsal") != std::string::npos);
  CHECK(desk.run({"ls", "cutover.cutover"}).status != 0);
}
