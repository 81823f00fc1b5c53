#include <catch2/catch.hpp>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/scenarios/world.h"

// The program as it comes, with its default list, in a network where real caches answer at real addresses.

using namespace cutover;
using namespace cutover::stage;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

/// The checks of a doctor's report by their id.
std::map<std::string, Json> checks_of(const Run& run) {
  std::map<std::string, Json> out;
  const Json report = Json::parse(run.out);
  for (const Json& check : report.at("checks")) out[check.at("id").get<std::string>()] = check;
  return out;
}

/// Seconds that the caches still hold the old answer when the next questions come.
constexpr int kLongEnough = 40;

}  // namespace

TEST_CASE("doctor says GO where everything works, and NO-GO where nobody answers") {
  if (!world_is_allowed("doctor in a network of its own")) return;
  const Desk desk;
  {
    World world;
    world.add_well_known();
    const Run run = desk.cutover({"doctor", "-o", "json"}, world.environment());
    INFO(run.both());
    CHECK(run.status == 0);
    auto checks = checks_of(run);
    for (const char* id :
         {"dns-over-udp", "dns-over-tcp", "dns-over-tls", "dns-over-https", "ipv6", "clock", "root-store"})
      CHECK(checks[id]["verdict"] == "pass");
    CHECK(Json::parse(run.out)["headline"] == "GO from here");
    CHECK_THAT(checks["dns-over-udp"]["evidence"].get<std::string>(),
               Catch::Contains("res710.qbre1.rrdns.pch.net") && Catch::Contains("yul01"));
  }
  const World nobody;
  const Run run = desk.cutover({"doctor", "-o", "json"}, nobody.environment());
  INFO(run.both());
  CHECK(run.status == 3);
  auto checks = checks_of(run);
  for (const char* id : {"dns-over-udp", "dns-over-tcp", "dns-over-tls", "dns-over-https", "ipv6"}) {
    CHECK(checks[id]["verdict"] == "fail");
    CHECK(checks[id]["advice"] != "");
  }
  CHECK(checks["clock"]["verdict"] == "undecided");
}

TEST_CASE("a probe of the default list: whoever lives answers right, the rest is unreachable, and both are counted") {
  if (!world_is_allowed("the default list against real caches")) return;
  World world;
  world.add_well_known();
  world.add_national(12);
  const Desk desk;
  const auto addresses = default_addresses();
  const std::size_t alive = world.alive().size();
  REQUIRE(alive >= 15);

  const Run seen = desk.cutover({"probe", "shop.example.com", "A", "TXT", "-o", "json"});
  INFO(seen.err);
  CHECK(seen.status == 0);
  const Json json = Json::parse(seen.out);
  for (std::size_t key = 0; key < 2; ++key) {
    const Json& question = json.at("questions").at(key);
    CHECK(question.at("asked") == addresses.size());
    CHECK(question.at("answered") == alive);
    std::set<std::string> heard;
    for (const Json& answer : question.at("answers")) {
      const auto id = answer.at("resolver").get<std::string>();
      INFO(answer.dump());
      CHECK(heard.insert(id).second);
      if (!world.is_alive(addresses.at(id))) {
        CHECK(answer.at("kind") == "unreachable");
        continue;
      }
      CHECK(answer.at("chain").size() == 1);
      CHECK(answer.at("chain").at(0).at("target") == "lb.example.com.");
      CHECK(answer.at("ttl_s").get<int>() > 0);
      if (key == 0) CHECK(answer.at("values") == Json({"198.51.100.20"}));
      CHECK(answer.at("kind") == (key == 0 ? "values" : "dangling-alias"));
    }
    CHECK(heard.size() == addresses.size());
    REQUIRE(question.at("groups").size() == 2);
    CHECK(question.at("groups").at(0).at("answers") == alive);
    CHECK(question.at("groups").at(1).at("answers") == addresses.size() - alive);
  }

  // So few say nothing about everybody; those that were asked by name do.
  CHECK(desk.cutover({"probe", "www.example.com", "--expect", kOldWww}).status == 4);
  const Run few = desk.cutover({"probe", "www.example.com", "@google", "@quad9", "@cloudflare", "--expect", kOldWww});
  INFO(few.both());
  CHECK(few.status == 0);
  CHECK(desk.cutover({"probe", "www.example.com", "@google", "--expect", kNewWww}).status == 3);

  // Over every transport the same.
  const Run all = desk.cutover({"probe", "long.example.com", "TXT", "@tls://dns.google@8.8.8.8", "@tcp://1.1.1.1",
                                "@https://cloudflare-dns.com/dns-query@1.1.1.1",
                                "@https://dns.quad9.net/dns-query@9.9.9.9", "@2620:fe::fe", "@9.9.9.9", "-o", "json"},
                               world.environment());
  INFO(all.both());
  CHECK(all.status == 0);
  const Json question = Json::parse(all.out).at("questions").at(0);
  CHECK(question.at("answered") == 6);
  CHECK(question.at("groups").size() == 1);
}

TEST_CASE("a probe of a whole list that lives: agreement, one who differs, and until all agree") {
  if (!world_is_allowed("the whole default list, alive")) return;
  World world(kLongEnough);
  world.add_well_known();
  world.add_everybody_else();
  const Desk desk;
  const std::size_t everybody = world.alive().size();
  const auto count = [](const Run& run, const char* what) {
    return Json::parse(run.out).at("questions").at(0).at(what);
  };

  const Run agreed = desk.cutover({"probe", "www.example.com", "--expect", kOldWww, "-o", "json"});
  INFO(agreed.both());
  CHECK(agreed.status == 0);
  CHECK(count(agreed, "answered") == everybody);
  CHECK(count(agreed, "agreed") == everybody);

  world.move_www(kNewWww, kLongEnough);
  const Run early = desk.cutover({"probe", "www.example.com", "@google", "@quad9", "--expect", kNewWww, "-o", "json"});
  INFO(early.both());
  CHECK(early.status == 3);
  CHECK(count(early, "agreed") == 0);

  const Run waited = desk.cutover(
      {"probe", "www.example.com", "--expect", kNewWww, "--until", "converged", "--give-up", "2m", "-o", "json"}, {},
      150s);
  INFO(waited.err);
  CHECK(waited.status == 0);
  CHECK(count(waited, "agreed") == everybody);
}

TEST_CASE("where something else answers, nobody is asked, and doctor says what to do") {
  if (!world_is_allowed("interception")) return;
  const Desk desk;
  struct Row {
    const char* what;
    std::vector<CacheOptions> caches;
    std::vector<std::string> says;
    std::size_t answered;  ///< resolvers of the probe that answer; 0: none may be asked
  };
  const auto quad9 = [](const std::string& identity) {
    return CacheOptions{{"9.9.9.9", "2620:fe::fe"}, identity, CacheOptions::Encryption::kOwn, ""};
  };
  const auto cloudflare = [](const std::string& identity) {
    return CacheOptions{{"1.1.1.1", "2606:4700:4700::1111"}, identity, CacheOptions::Encryption::kBehind, ""};
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"an address that runs no DNS answers",
       {quad9("res710.qbre1.rrdns.pch.net"),
        cloudflare("yul01"),
        {{"192.0.2.53"}, "", CacheOptions::Encryption::kNone, ""}},
       {"192.0.2.53 runs no DNS"},
       0},
      {"all witnesses are one router",
       {quad9("router.lan"), cloudflare("router.lan")},
       {"quad9 at 9.9.9.9 calls itself \"router.lan\"", "cloudflare at 1.1.1.1 calls itself \"router.lan\""},
       0},
      {"all witnesses keep to themselves who they are", {quad9(""), cloudflare("")}, {"when asked who it is"}, 0},
      {"a control character in a name stays text",
       {quad9("router\x07\x1b[2J"), cloudflare("")},
       {"router\\007\\027[2J"},
       0},
      {"one witness has a new way of naming itself",
       {quad9("res7.qfra1.rrdns.pch.net"), cloudflare("new-scheme.example")},
       {},
       2},
  }));
  INFO(row.what);
  World world;
  for (const CacheOptions& cache : row.caches) world.add_unbound(cache);
  const Run probed = desk.cutover({"probe", "www.example.com", "@9.9.9.9", "@1.1.1.1", "-o", "json"});
  INFO(probed.both());
  const Json json = Json::parse(probed.out);
  const Run examined = desk.cutover({"doctor"}, world.environment());
  INFO(examined.both());
  for (const std::string& words : row.says) {
    CHECK_THAT(json["headline"].get<std::string>(), Catch::Contains(words));
    CHECK_THAT(examined.out, Catch::Contains(words));
  }
  if (row.answered > 0) {
    CHECK(probed.status == 0);
    CHECK(json["questions"][0]["answered"] == row.answered);
    CHECK_THAT(examined.out, Catch::Contains("GO from here"));
    return;
  }
  CHECK(probed.status == 4);
  CHECK(json["exit"] == 4);
  CHECK(json["questions"].empty());
  CHECK(json["notes"].size() == 9);
  CHECK_THAT(json["headline"].get<std::string>(), Catch::Contains("no resolver was asked"));
  CHECK_THAT(examined.out, Catch::Contains("in the place of every resolver"));
  CHECK_THAT(examined.out, Catch::Contains("watch --encrypted"));
  CHECK_THAT(examined.out, Catch::Contains("GO from here, with the reservations above"));
  CHECK(examined.status == 0);
}

TEST_CASE("where something else answers over IPv6 alone, those who are asked over IPv4 are believed") {
  if (!world_is_allowed("interception over IPv6")) return;
  const Desk desk;
  World world;
  world.add_unbound({{"9.9.9.9"}, "res710.qbre1.rrdns.pch.net", CacheOptions::Encryption::kOwn, ""});
  world.add_unbound({{"1.1.1.1"}, "yul01", CacheOptions::Encryption::kNone, ""});
  world.add_unbound({{"2620:fe::fe", "2606:4700:4700::1111"}, "router.lan", CacheOptions::Encryption::kNone, ""});
  const Run v4 = desk.cutover({"probe", "www.example.com", "@9.9.9.9", "@1.1.1.1", "-o", "json"});
  INFO(v4.both());
  CHECK(v4.status == 0);
  CHECK(Json::parse(v4.out)["questions"][0]["answered"] == 2);
  const Run v6 = desk.cutover({"probe", "www.example.com", "@9.9.9.9", "@2620:fe::fe", "-o", "json"});
  INFO(v6.both());
  CHECK(v6.status == 4);
  CHECK_THAT(Json::parse(v6.out)["headline"].get<std::string>(),
             Catch::Contains("2620:fe::fe calls itself \"router.lan\"") && Catch::Contains("no resolver was asked"));
  const Run examined = desk.cutover({"doctor", "-o", "json"}, world.environment());
  INFO(examined.both());
  auto checks = checks_of(examined);
  CHECK(checks["dns-over-udp"]["verdict"] == "pass");
  CHECK(checks["ipv6"]["verdict"] == "fail");
  CHECK_THAT(checks["ipv6"]["summary"].get<std::string>(), Catch::Contains("router.lan"));
}

TEST_CASE("DNS over TLS gets through also where the resolver refuses the question") {
  if (!world_is_allowed("a resolver that refuses over TLS")) return;
  World world;
  world.add_unbound({{"9.9.9.9"},
                     "res7.qfra1.rrdns.pch.net",
                     CacheOptions::Encryption::kOwn,
                     "  access-control: 0.0.0.0/0 refuse\n"});
  const Run run = Desk().cutover({"doctor", "-o", "json"}, world.environment());
  INFO(run.both());
  auto checks = checks_of(run);
  CHECK(checks["dns-over-tls"]["verdict"] == "pass");
  CHECK(checks["dns-over-https"]["verdict"] == "pass");
}
