#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "cmd/plan/journal.h"
#include "cmd/plan/plan_file.h"
#include "core/text.h"
#include "tests/scenarios/anycast.h"

// Name servers that are behind. First an anycast one: we reach a site that turns at once, the resolvers one that turns
// later, and no question of ours can show it. An address is changed and one of a family that did not exist is added, so
// that resolvers may hold "does not exist" as well as the old address. Times are those of a real case, shortened: the
// far site is five minutes late there and the zone lets absence be cached for an hour.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr std::chrono::seconds kLag = 12s;     // of the far site
constexpr std::chrono::seconds kSettle = 18s;  // as the plan declares it
constexpr std::chrono::seconds kOldTtl = 15s;
constexpr std::chrono::seconds kLowTtl = 4s;
constexpr std::chrono::seconds kNegativeTtl = 10s;
const std::string kOldA = "192.0.2.10", kNewA = "203.0.113.10", kNewAaaa = "2001:db8:2::10";
const RecordKey kA{*DomainName::from_text("www.example.com"), RecordType::kA};
const RecordKey kAaaa{kA.name, RecordType::kAaaa};

AuthorityOptions the_zone() {
  AuthorityOptions options;
  options.zones = {{"example.com", fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 3600 600 1209600 {}
@    IN NS  ns1
ns1  IN A   192.0.2.53
www  {} IN A {}
)",
                                               kNegativeTtl.count(), kOldTtl.count(), kOldA)}};
  return options;
}

std::string plan_text(const Endpoint& provider, const std::vector<Endpoint>& servers, const std::string& settle,
                      const std::string& changes, const std::vector<std::unique_ptr<Unbound>>& resolvers) {
  std::vector<std::string> authoritative, asked;
  for (const Endpoint& server : servers) authoritative.push_back("\"" + server.text() + "\"");
  for (std::size_t i = 0; i < resolvers.size(); ++i)
    asked.push_back(fmt::format("\"unbound-{}={}\"", i + 1, resolvers[i]->endpoint().text()));
  return fmt::format(R"(version: 1
name: lagging
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{}", key: file/tsig.key }}
    authoritative: [{}]
{}    changes:
{}ttl: {{ during: {}s }}
watch: {{ resolvers: [{}], samples: 2, give-up: 5m }}
standby: 1h
lookup: ["{}"]
)",
                     provider.text(), join(authoritative, ", "), settle, changes, kLowTtl.count(), join(asked, ", "),
                     resolvers.front()->endpoint().text());
}

std::vector<Json> events_of(const std::string& ndjson) {
  std::vector<Json> out;
  std::istringstream lines(ndjson);
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with('{')) out.push_back(Json::parse(line));
  return out;
}

Instant instant_of(const Json& json, const char* key) { return *parse_instant(json.at(key).get<std::string>()); }

Run swap(const Desk& desk, std::vector<std::string> more) {
  std::vector<std::string> args{"swap", "--yes", "-o", "json", "--override", "preflight-passed=there are no endpoints"};
  args.insert(args.end(), more.begin(), more.end());
  return desk.cutover(args);
}

/// One name-server address with two sites, and caches that reach the far one.
struct Scene {
  enum class Settle { kDeclared, kUnknown };
  explicit Scene(Settle settle) {
    for (int i = 0; i < 3; ++i) {
      UnboundOptions options;
      options.stubs = {{"example.com", {anycast.endpoint()}}};
      options.extra = "  log-queries: yes\n";
      resolvers.push_back(std::make_unique<Unbound>(options));
    }
    desk.write("tsig.key", near.key().file_text());
    desk.write("cutover.yaml",
               plan_text(near.endpoint(), {anycast.endpoint()},
                         settle == Settle::kDeclared ? fmt::format("    settle: {}s\n", kSettle.count()) : "",
                         fmt::format("      - {{ name: www, type: A, from: [{}], to: [{}] }}\n"
                                     "      - {{ name: www, type: AAAA, from: [], to: [\"{}\"] }}\n",
                                     kOldA, kNewA, kNewAaaa),
                         resolvers));
  }
  std::vector<Endpoint> caches(std::size_t count) const {
    std::vector<Endpoint> out;
    for (std::size_t i = 0; i < count; ++i) out.push_back(resolvers[i]->endpoint());
    return out;
  }
  /// Whether our own questions were kept from the far site, as the story has it.
  bool we_see_the_near_site_only() const {
    const auto asked = anycast.asked();
    const auto is_ours = [](const AnycastAddress::Question& each) { return each.from == "127.0.0.1"; };
    return std::any_of(asked.begin(), asked.end(), is_ours) && !std::all_of(asked.begin(), asked.end(), is_ours);
  }

  const SystemClock clock;
  Knot near{the_zone()}, far{the_zone()};
  AnycastAddress anycast{near.endpoint(), far.endpoint()};
  LaggingSite lagging{near, far, "example.com", {kA, kAaaa}, kLag};
  std::vector<std::unique_ptr<Unbound>> resolvers;
  Desk desk;
};

bool is_journalled(const Desk& desk, const std::string& text) {
  auto plan = read_plan(desk.file("cutover.yaml"));
  REQUIRE(plan);
  const SystemClock clock;
  auto journal = Journal::open_for_reading(*plan, clock);
  REQUIRE(journal);
  const auto history = journal->history();
  REQUIRE(history);
  return std::any_of(history->events.begin(), history->events.end(), [&](const EventRecord& event) {
    return event.phase == Phase::kWatch && event.kind == "behind" && event.text.find(text) != std::string::npos;
  });
}

/// What each cache says once it is over; the first questions of the test's own.
void everybody_is_on_the_new_side(const Scene& scene) {
  for (const auto& resolver : scene.resolvers) {
    INFO(resolver->endpoint().text());
    CHECK(look_up(resolver->endpoint(), "www.example.com", "A").rdata == std::vector<std::string>{kNewA});
    CHECK(look_up(resolver->endpoint(), "www.example.com", "AAAA").rdata == std::vector<std::string>{kNewAaaa});
  }
}

}  // namespace

TEST_CASE("an anycast site that is not seen lags, and the plan says so: nothing happens too early", "[declared]") {
  const Scene scene(Scene::Settle::kDeclared);
  const CacheUsers users(scene.clock, scene.caches(3), {{kA, {kOldA}}, {kAaaa, {}}}, kLowTtl);
  REQUIRE(wait_until(10s, [&] { return users.served() >= 6; }));

  const Run lowered = scene.desk.cutover({"lower-ttl", "--yes"});
  INFO("lower-ttl:\n" << lowered.both());
  REQUIRE(lowered.status == 0);
  const Run early = swap(scene.desk, {});
  INFO("swap before the drain:\n" << early.both());
  REQUIRE(early.status == 2);
  const Instant opens = instant_of(Json::parse(early.out), "opens_at");
  REQUIRE(scene.lagging.wait_for(1, kLag + 10s));
  const Instant far_low = scene.lagging.turns()[0].far;
  {
    INFO("(a) the drain gate: no cache that the far site filled at its last moment with the old TTL holds it any more");
    CHECK(opens >= far_low + kOldTtl);
    CHECK(opens > now());  // the gate was still closed while the far site lagged
  }
  const Run swapped = swap(scene.desk, {"--wait"});
  INFO("swap:\n" << swapped.both());
  REQUIRE(swapped.status == 0);
  {
    INFO("(a) what the users saw: when the swap was made no answer with the old TTL was left in any cache");
    CHECK(now() - swapped.took <= opens);
    CHECK(users.high_until() <= opens + 1s);
  }
  const Run watched = scene.desk.cutover({"watch", "-o", "ndjson"});
  INFO("watch:\n" << watched.err);
  REQUIRE(watched.status == 0);
  const auto events = events_of(watched.out);
  const Instant converged = instant_of(events.back(), "converged_at");
  REQUIRE(scene.lagging.turns().size() == 2);
  const Instant far_new = scene.lagging.turns()[1].far;
  const Instant last_old = users.last_old();
  {
    INFO("(b) converged: not before the far site had turned and all that it had handed out had run out");
    CHECK(converged >= far_new);
    CHECK(converged >= last_old);
    CHECK(last_old > far_new);  // caches did hold the old answers after the far site had turned
  }
  Instant may_ask{};
  for (const Json& set : events.front().at("record_sets"))
    if (set.at("type") == "AAAA") may_ask = instant_of(set, "new_since");
  {
    INFO("(c) no negative answer planted by us: every resolver's own log, and what the watch was told");
    CHECK(may_ask >= far_new);
    CHECK(scene.we_see_the_near_site_only());
    for (const auto& resolver : scene.resolvers) {
      const auto questions = logged_questions(*resolver, kAaaa);
      std::size_t ours = 0;
      for (const LoggedQuestion& each : questions) {
        if (each.from != "127.0.0.1") continue;
        ++ours;
        CHECK(each.at >= std::chrono::floor<Seconds>(std::max(may_ask, far_new)));
      }
      CHECK(ours >= 2);
      CHECK(questions.size() > ours + 10);  // the users' own are in it too
    }
  }
  for (const Json& event : events) CHECK(event.value("verdict", "") != "behind");
  everybody_is_on_the_new_side(scene);
  CHECK(users.last_old() == last_old);
}

TEST_CASE("an anycast site that is not seen lags, and nobody said so: not converged early, and told why", "[unknown]") {
  const Scene scene(Scene::Settle::kUnknown);
  // One cache has no users: what it holds, our own questions put there.
  const CacheUsers users(scene.clock, scene.caches(2), {{kA, {kOldA}}, {kAaaa, {}}}, kLowTtl);
  REQUIRE(wait_until(10s, [&] { return users.served() >= 4; }));

  const Run planned = scene.desk.cutover({"plan"});
  INFO("plan:\n" << planned.both());
  CHECK(planned.out.find("`settle:` of the zone") != std::string::npos);
  const Run lowered = scene.desk.cutover({"lower-ttl", "--yes"});
  INFO("lower-ttl:\n" << lowered.both());
  REQUIRE(lowered.status == 0);
  const Run swapped = swap(scene.desk, {"--wait"});
  INFO("swap:\n" << swapped.both());
  REQUIRE(swapped.status == 0);
  const Run watched = scene.desk.cutover({"watch"});
  const Instant converged = now();
  INFO("watch:\n" << watched.both());
  REQUIRE(watched.status == 0);
  REQUIRE(scene.lagging.turns().size() == 2);
  CHECK(converged >= scene.lagging.turns()[1].far);
  const Instant last_old = users.last_old();
  CHECK(converged >= last_old);
  everybody_is_on_the_new_side(scene);
  CHECK(users.last_old() == last_old);
  CHECK(scene.we_see_the_near_site_only());

  // Told while it happens, and again at the end; and written down.
  const std::string told = "every address answers the new value from here: probably a site of an anycast name server";
  CHECK(watched.err.find(told) != std::string::npos);
  CHECK(watched.out.find(told) != std::string::npos);
  CHECK(watched.out.find("`settle:` of zone example.com") != std::string::npos);
  CHECK(is_journalled(scene.desk, told));
}

TEST_CASE("a name server goes back to the old answer during a watch: it is named", "[named]") {
  Knot first(the_zone()), second(the_zone());
  std::vector<std::unique_ptr<Unbound>> resolvers;
  for (const Knot* server : {&first, &second}) {
    UnboundOptions options;
    options.stubs = {{"example.com", {server->endpoint()}}};
    resolvers.push_back(std::make_unique<Unbound>(options));
  }
  const Desk desk;
  desk.write("tsig.key", first.key().file_text());
  desk.write(
      "cutover.yaml",
      plan_text(first.endpoint(), {first.endpoint(), second.endpoint()}, "",
                fmt::format("      - {{ name: www, type: A, from: [{}], to: [{}] }}\n", kOldA, kNewA), resolvers));
  const auto serve = [&](const Knot& server, const std::string& address) {
    const Finished done = nsupdate(server.endpoint(), server.key(),
                                   fmt::format("zone example.com\nupdate delete www.example.com A\nupdate add "
                                               "www.example.com {} A {}",
                                               kLowTtl.count(), address));
    INFO(done.output);
    REQUIRE(done.status == 0);
  };
  for (const Knot* server : {&first, &second}) serve(*server, kOldA);

  // The second server follows by hand: the swap waits until both serve the new address.
  const auto swapping =
      desk.start({"swap", "--yes", "--override", "preflight-passed=there are no endpoints", "--override",
                  "ttl-drained=it was low for ever", "--override", "authoritative-in-sync=two servers, by hand"});
  REQUIRE(wait_until(30s, [&] {
    return look_up_authority(first.endpoint(), "www.example.com", "A").rdata == std::vector<std::string>{kNewA};
  }));
  serve(second, kNewA);
  REQUIRE(swapping->wait_for_end(60s) == 0);

  const auto watching = desk.start({"watch", "-o", "ndjson"});
  REQUIRE(wait_until(30s, [&] { return watching->log().find("\"verdict\":\"new\"") != std::string::npos; }));
  serve(second, kOldA);
  const std::string label = second.endpoint().text();
  const std::string told = label + " still serves the old A of www.example.com: " + kOldA;
  const bool named = wait_until(60s, [&] { return watching->log().find(told) != std::string::npos; });
  INFO("watch:\n" << watching->log());
  REQUIRE(named);
  CHECK(watching->running());
  CHECK(watching->log().find("\"converged\":true") == std::string::npos);
  serve(second, kNewA);
  REQUIRE(watching->wait_for_end(90s) == 0);
  const auto events = events_of(watching->log());
  std::size_t looks = 0;
  for (const Json& event : events) {
    if (event.at("event") != "authority") continue;
    ++looks;
    CHECK(event.at("lagging").size() == 1);
    CHECK(event.at("lagging")[0].at("server") == label);
    CHECK(event.at("lagging")[0].at("gives") == "old");
    CHECK(event.at("unseen").empty());
  }
  CHECK(looks >= 1);
  CHECK(events.back().at("end") == "converged");
  CHECK(events.back().at("notes").dump().find(told) != std::string::npos);
  CHECK(is_journalled(desk, told));
}
