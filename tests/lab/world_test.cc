#include "lab/world.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <set>

#include "net/exchange.h"
#include "tests/lab/fixtures.h"
#include "tests/servers/process.h"

namespace cutover::lab {
namespace {

using namespace test;
using servers::wait_until;

const RecordKey& www_key() {
  static const RecordKey key{name("www.shop.test"), RecordType::kA};
  return key;
}
RecordSet old_www() { return {www_key().name, RecordType::kA, Seconds(86400), {"198.51.100.10", "198.51.100.11"}}; }
RecordSet new_www() { return {www_key().name, RecordType::kA, Seconds(60), {"203.0.113.20"}}; }

Endpoint logical(std::string_view text) {
  auto parsed = Endpoint::from_text(text, 443);
  REQUIRE(parsed.ok());
  return *parsed;
}

WorldSpec shop_world(std::uint64_t seed = 1) {
  WorldSpec spec;
  spec.zones = {shop_zone()};
  spec.resolvers = usual_resolvers();
  for (const char* address : {"198.51.100.10", "198.51.100.11"})
    spec.endpoints.push_back({"old", logical(address), {name("www.shop.test")}, {}, {}, Seconds(86400)});
  spec.endpoints.push_back({"new", logical("203.0.113.20"), {name("www.shop.test")}, {}, {}, Seconds(90 * 86400)});
  spec.seed = seed;
  return spec;
}

std::unique_ptr<World> start(const Clock& clock, WorldSpec spec) {
  auto world = World::start(clock, std::move(spec));
  if (!world) FAIL(world.error().message);
  return *std::move(world);
}

/// What every resolver says about www: `old`, `new`, or the response code; `silence`.
std::map<std::string, std::string> ask_all(World& world, const Clock& clock) {
  net::Loop loop;
  std::vector<net::DnsRequest> requests;
  for (const auto& resolver : world.resolvers()) {
    net::DnsRequest request;
    request.server = resolver->endpoint();
    request.message = query("www.shop.test", RecordType::kA);
    request.tries = 1;
    request.timeout = std::chrono::milliseconds(resolver->name() == "lab-silent" ? 100 : 5000);
    requests.push_back(request);
  }
  const auto answers = net::exchange_all(loop, clock, requests);
  std::map<std::string, std::string> said;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    std::string& text = said[world.resolvers()[i]->name()];
    text = "silence";
    if (answers[i].outcome != net::Outcome::kAnswered) continue;
    text = to_text(answers[i].reply.rcode);
    const auto set = net::find_set(answers[i].reply.answer, www_key());
    if (set) text = same_values(*set, old_www()) ? "old" : same_values(*set, new_www()) ? "new" : "other";
  }
  return said;
}

TEST_CASE("a world is where its handles say") {
  const SystemClock clock;
  std::string folder;
  {
    const auto world = start(clock, shop_world());
    folder = std::filesystem::path(world->ca_file()).parent_path().string();
    CHECK(world->authority().endpoints().size() == 3);
    CHECK(world->resolvers().size() == usual_resolvers().size());

    const auto key = net::parse_tsig_key(servers::read_text(world->key_file()));
    REQUIRE(key.ok());
    CHECK(key->name == world->key().name);
    CHECK(key->secret == world->key().secret);
    const auto mode = std::filesystem::status(world->key_file()).permissions();
    CHECK((mode & (std::filesystem::perms::group_all | std::filesystem::perms::others_all)) ==
          std::filesystem::perms::none);

    net::Loop loop;
    const auto zone = net::transfer_zone(loop, clock, world->authority().endpoints()[0], name("shop.test"), *key,
                                         std::chrono::seconds(5));
    if (!zone) FAIL(zone.error().message);
    CHECK(zone->sets == shop_zone().sets);

    for (const auto& [place, side] : {std::pair{"198.51.100.10", "old"}, std::pair{"203.0.113.20", "new"}}) {
      const Endpoint at = world->routes().at(logical(place));
      const auto said = servers::run_program(
          {"curl", "-sS", "--noproxy", "*", "--max-time", "5", "--cacert", world->ca_file(), "--connect-to",
           fmt::format("www.shop.test:443:{}:{}", at.address.text(), at.port), "https://www.shop.test/"});
      CHECK(said.output == fmt::format("This is the {} side.\n", side));
    }
  }
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("a warm world holds the old answer everywhere, each cache in its own phase") {
  VirtualClock clock(noon());
  const auto world = start(clock, shop_world());
  world->warm({www_key()});
  std::set<Instant> phases;
  for (const auto& resolver : world->resolvers()) {
    INFO(resolver->name());
    const bool honest = resolver->habits().mood == Habits::Mood::kHonest;
    CHECK(resolver->holding(old_www()) == (honest ? resolver->habits().caches : 0));
    const auto until = resolver->held_until(old_www());
    REQUIRE(until.has_value() == honest);
    if (!honest) continue;
    CHECK(*until > noon());
    CHECK(*until <= noon() + resolver->habits().cache.max_ttl.value_or(Seconds(86400)));
    phases.insert(*until);
  }
  CHECK(phases.size() > 5);
  const World::Truth truth = world->truth_about({old_www()});
  CHECK(truth.caches_holding == 17);
  CHECK(truth.last_expiry == *phases.rbegin());
  // Warm caches need no authority.
  CHECK(world->authority().counters().queries == 0);
  CHECK(ask_all(*world, clock)["lab-honest-one"] == "old");
  CHECK(world->authority().counters().queries == 0);
}

TEST_CASE("a warm world knows the links of an alias") {
  VirtualClock clock(noon());
  const auto world = start(clock, shop_world());
  world->warm({{name("shop.shop.test"), RecordType::kA}});
  CHECK(world->truth_about({old_www()}).caches_holding == 17);
  const RecordSet alias{name("shop.shop.test"), RecordType::kCname, {}, {"www.shop.test."}};
  CHECK(world->truth_about({alias}).caches_holding == 17);
}

TEST_CASE("the same seed makes the same world") {
  const auto expiry = [](std::uint64_t seed) {
    VirtualClock clock(noon());
    const auto world = start(clock, shop_world(seed));
    world->warm({www_key()});
    return *world->truth_about({old_www()}).last_expiry;
  };
  CHECK(expiry(1) == expiry(1));
  CHECK(expiry(1) != expiry(2));
}

TEST_CASE("the truth about the last old answer is what the resolvers then say") {
  VirtualClock clock(noon());
  const auto world = start(clock, shop_world());
  world->warm({www_key()});
  REQUIRE(world->authority().set_record_set(new_www()).ok());
  const World::Truth truth = world->truth_about({old_www()});
  REQUIRE(truth.last_expiry.has_value());
  CHECK(*truth.last_expiry <= noon() + Seconds(86400));

  clock.advance(*truth.last_expiry - noon() - Seconds(1));
  CHECK(world->truth_about({old_www()}).caches_holding >= 1);
  clock.advance(Seconds(1));
  // Only those that serve expired data still can.
  const auto said = ask_all(*world, clock);
  for (const auto& resolver : world->resolvers()) {
    INFO(resolver->name());
    const auto stale = resolver->habits().cache.stale;
    const bool honest = resolver->habits().mood == Habits::Mood::kHonest;
    if (honest) CHECK(said.at(resolver->name()) == (stale == CacheHabits::Stale::kThenRefresh ? "old" : "new"));
  }
  CHECK(said.at("lab-servfail") == "SERVFAIL");
  CHECK(said.at("lab-refused") == "REFUSED");
  CHECK(said.at("lab-silent") == "silence");
  CHECK(said.at("lab-filter") == "NXDOMAIN");
  CHECK(said.at("lab-sinkhole") == "other");
  // One stale answer set off the refresh; then all is new.
  CHECK(wait_until(std::chrono::seconds(5), [&] { return ask_all(*world, clock)["lab-stale-first"] == "new"; }));
}

TEST_CASE("events happen at their moment, in order") {
  VirtualClock clock(noon());
  const auto world = start(clock, shop_world());
  std::mutex mutex;
  std::string log;
  const auto note = [&](char c) {
    return [&, c](World&) {
      const std::lock_guard lock(mutex);
      log += c;
    };
  };
  const auto logged = [&] {
    const std::lock_guard lock(mutex);
    return log;
  };
  world->schedule(noon() + Seconds(20), note('b'));
  world->schedule(noon() + Seconds(10), note('a'));
  world->schedule(noon() + Seconds(30), [](World& w) { (void)w.authority().set_record_set(new_www()); });
  clock.advance(Seconds(9));
  world->schedule(noon(), note('0'));
  CHECK(wait_until(std::chrono::seconds(5), [&] { return logged() == "0"; }));
  clock.advance(Seconds(11));
  CHECK(wait_until(std::chrono::seconds(5), [&] { return logged() == "0ab"; }));
  CHECK(world->authority().lookup(www_key())->rdata == old_www().rdata);
  clock.advance(Seconds(10));
  CHECK(wait_until(std::chrono::seconds(5),
                   [&] { return world->authority().lookup(www_key())->rdata == new_www().rdata; }));
}

TEST_CASE("visitors follow the names from the old side to the new") {
  ScaledClock clock(SystemClock().now(), 300);
  WorldSpec spec = shop_world();
  // Ten minutes of TTL are two seconds here.
  spec.zones[0].sets[www_key()].ttl = Seconds(600);
  spec.visitors = WorldSpec::VisitorPlan{{name("www.shop.test")}, std::chrono::seconds(60), 443, {}};
  const auto world = start(clock, std::move(spec));
  // Everybody who came reached some side; the last time, `side`.
  const auto all_on = [&](const std::string& side) {
    std::map<std::string, std::string> last;
    for (const Visit& visit : world->visits()) {
      if (visit.outcome != Visit::Outcome::kReached) FAIL(visit.resolver << ": " << visit.detail);
      last[visit.resolver] = visit.side;
    }
    return last.size() == 11 &&
           std::all_of(last.begin(), last.end(), [&](const auto& entry) { return entry.second == side; });
  };
  REQUIRE(wait_until(std::chrono::seconds(60), [&] { return all_on("old"); }));
  REQUIRE(world->authority().set_record_set(new_www()).ok());
  REQUIRE(wait_until(std::chrono::seconds(60), [&] { return all_on("new"); }));

  // The new side fails: visitors notice.
  world->endpoints()[2]->set_health(TlsServer::Health::kFailing);
  CHECK(wait_until(std::chrono::seconds(20), [&] {
    const auto visits = world->visits();
    return std::any_of(visits.begin(), visits.end(), [](const Visit& visit) {
      return visit.outcome == Visit::Outcome::kBadAnswer && visit.side == "new";
    });
  }));
  world->endpoints()[2]->set_health(TlsServer::Health::kDown);
  CHECK(wait_until(std::chrono::seconds(20), [&] {
    const auto visits = world->visits();
    return std::any_of(visits.begin(), visits.end(),
                       [](const Visit& visit) { return visit.outcome == Visit::Outcome::kNoConnection; });
  }));
}

TEST_CASE("visitors check certificates: by the lab's clock, and by name") {
  // An hour is a second here. One old address has a certificate that runs out within it, the other one has
  // a certificate that is good, but not for every name that points there.
  ScaledClock clock(SystemClock().now(), 3600);
  WorldSpec spec = shop_world();
  spec.endpoints[1].valid_for = Seconds(3600);
  spec.visitors = WorldSpec::VisitorPlan{{name("www.shop.test"), name("shop.test")}, std::chrono::minutes(5), 443, {}};
  const auto world = start(clock, std::move(spec));
  const auto saw = [&](std::string_view detail) {
    return wait_until(std::chrono::seconds(20), [&] {
      const auto visits = world->visits();
      return std::any_of(visits.begin(), visits.end(), [&](const Visit& visit) {
        return visit.outcome == Visit::Outcome::kBadCertificate && visit.detail.find(detail) != std::string::npos;
      });
    });
  };
  CHECK(saw("certificate has expired"));
  CHECK(saw("hostname mismatch"));
}

TEST_CASE("a zone without SOA is no world") {
  const SystemClock clock;
  WorldSpec spec;
  spec.zones.push_back({name("shop.test"), {}, {}});
  const auto world = World::start(clock, std::move(spec));
  REQUIRE_FALSE(world.ok());
  CHECK(world.error().code == ErrorCode::kInvalid);
}

}  // namespace
}  // namespace cutover::lab
