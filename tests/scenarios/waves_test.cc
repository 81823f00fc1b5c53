#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "tests/scenarios/stage.h"

// A swap in two waves: one name first, watched, then the others, and one rollback of both.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

constexpr int kOldTtl = 8;
constexpr int kLowTtl = 2;

std::string zone_text(const Sites& sites) {
  return fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 5 2 1209600 2
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  {0} IN A {1}
www  {0} IN HTTPS 1 . alpn=h2 ipv4hint={1}
api  {0} IN A {1}
shop {0} IN CNAME lb.old.example.com.
lb.old IN A {1}
lb.new IN A {2}
)",
                     kOldTtl, sites.old_address(), sites.new_address());
}

std::string plan_text(const Sites& sites, const Endpoint& primary, const Endpoint& resolver) {
  return fmt::format(R"(version: 1
name: waves
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [{1}], to: [{2}] }}
      - {{ name: www, type: HTTPS, from: ["1 . alpn=h2 ipv4hint={1}"], to: ["1 . alpn=h2 ipv4hint={2}"] }}
      - {{ name: api, type: A, from: [{1}], to: [{2}] }}
      - {{ name: shop, type: CNAME, from: [lb.old.example.com.], to: [lb.new.example.com.] }}
ttl: {{ during: {3}s }}
endpoints:
  - {{ names: [www.example.com, api.example.com, shop.example.com], port: {4}, http: {{ path: /, expect: 200 }} }}
watch: {{ resolvers: ["office={5}"], must: [office], samples: 2, give-up: 1m }}
gates:
  - {{ name: shift-is-awake, before: swap, run: [test, -e, awake] }}
standby: 1h
lookup: ["{5}"]
)",
                     primary.text(), sites.old_address(), sites.new_address(), kLowTtl, sites.port(), resolver.text());
}

/// The stage, and what is asked of it again and again.
struct Scene {
  Scene() : sites({"www.example.com", "api.example.com", "shop.example.com"}), knot(options(sites)) {
    UnboundOptions wanted;
    wanted.stubs = {{"example.com", {knot.endpoint()}}};
    resolver = std::make_unique<Unbound>(wanted);
    desk.write("tsig.key", knot.key().file_text());
    desk.write("cutover.yaml", plan_text(sites, knot.endpoint(), resolver->endpoint()));
    desk.write("awake", "");
  }
  static AuthorityOptions options(const Sites& sites) {
    AuthorityOptions options;
    options.zones = {{"example.com", zone_text(sites)}};
    return options;
  }
  Run run(std::vector<std::string> args) const { return desk.cutover(args); }
  Run swap(std::vector<std::string> more) const {
    more.insert(more.begin(), {"swap", "--yes", "-o", "json", "--ca-file", sites.ca_file()});
    return desk.cutover(more);
  }
  Json plan() const { return Json::parse(run({"plan", "-o", "json"}).out); }
  std::vector<std::string> served(const std::string& name, const std::string& type) const {
    return look_up_authority(knot.endpoint(), name + ".example.com", type).rdata;
  }
  /// Somebody's edit by hand.
  void edit(const std::string& name, const std::string& address) const {
    REQUIRE(nsupdate(knot.endpoint(), knot.key(),
                     fmt::format("zone example.com\nupdate delete {0}.example.com A\nupdate add {0}.example.com {1} A "
                                 "{2}",
                                 name, kLowTtl, address))
                .status == 0);
  }
  std::vector<std::string> only_old() const { return {sites.old_address()}; }
  std::vector<std::string> only_new() const { return {sites.new_address()}; }

  Sites sites;
  Knot knot;
  std::unique_ptr<Unbound> resolver;
  Desk desk;
};

std::vector<std::string> closed_gates(const Json& result) {
  std::vector<std::string> names;
  for (const auto& gate : result.at("gates"))
    if (!gate.at("open").get<bool>()) names.push_back(gate.at("name").get<std::string>());
  return names;
}

std::size_t changes_in(const Json& result) {
  std::size_t count = 0;
  for (const auto& set : result.at("changes")) count += set.at("changes").size();
  return count;
}

}  // namespace

TEST_CASE("two waves, each behind the gates and bound to the reviewed plan, and one way back for both") {
  const Scene scene;
  const std::vector<std::string> old_shop{"lb.old.example.com."}, new_shop{"lb.new.example.com."};
  const auto before = values_of(scene.knot, "example.com");
  const auto reviewed = scene.plan();
  const std::string hash = reviewed.at("hash").get<std::string>();
  CHECK(changes_in(reviewed) == 4);
  REQUIRE(scene.run({"lower-ttl", "--yes"}).status == 0);
  REQUIRE(scene.run({"preflight", "--ca-file", scene.sites.ca_file()}).status == 0);

  // A wave waits for the drain as the whole does.
  const Run early = scene.swap({"--only", "www"});
  INFO("early:\n" << early.both());
  REQUIRE(early.status == 2);
  CHECK(closed_gates(Json::parse(early.out)) == std::vector<std::string>{"ttl-drained"});

  // What somebody did to a name of the second wave closes the whole, and not the first wave.
  scene.edit("api", "127.0.0.77");
  const Run first = scene.swap({"--only", "www", "--wait", "--plan-hash", hash.substr(0, 8)});
  INFO("first wave:\n" << first.both());
  REQUIRE(first.status == 0);
  CHECK(changes_in(Json::parse(first.out)) == 2);
  CHECK(first.out.find("2 record sets of this plan are still to be swapped") != std::string::npos);
  CHECK(scene.served("www", "A") == scene.only_new());
  CHECK(scene.served("shop", "CNAME") == old_shop);
  const Run drifted = scene.swap({});
  INFO("drifted:\n" << drifted.both());
  CHECK(drifted.status == 2);
  CHECK(closed_gates(Json::parse(drifted.out)) == std::vector<std::string>{"no-drift", "authoritative-in-sync"});
  scene.edit("api", scene.sites.old_address());

  // Between the waves: what is swapped is watched, and every command knows that more is to come.
  const Run watched = scene.run({"watch"});
  INFO("watch:\n" << watched.both());
  CHECK(watched.status == 0);
  CHECK(look_up(scene.resolver->endpoint(), "www.example.com", "A").rdata == scene.only_new());
  CHECK(look_up(scene.resolver->endpoint(), "shop.example.com", "CNAME").rdata == old_shop);
  const auto between = scene.plan();
  CHECK(between.at("hash") == hash);
  CHECK(between.at("exit") == 2);
  CHECK(changes_in(between) == 2);
  CHECK(between.at("already_in_place") == 2);
  const Run status = scene.run({"status"});
  INFO("status:\n" << status.both());
  CHECK(status.out.find("not yet swapped by this program: api.example.com. A, shop.example.com. CNAME") !=
        std::string::npos);
  CHECK(status.out.find("`cutover swap` for what is not yet swapped") != std::string::npos);
  CHECK(status.out.find("shift-is-awake") == std::string::npos);  // a program is run by `plan`, never by `status`
  const Run again = scene.swap({"--only", "www"});
  INFO("first wave again:\n" << again.both());
  CHECK(again.status == 0);
  CHECK(again.out.find("everything is swapped") == std::string::npos);

  // The second wave is held by the same gates as the first, and by the same review.
  std::filesystem::remove(scene.desk.file("awake"));
  const Run asleep = scene.swap({});
  INFO("asleep:\n" << asleep.both());
  CHECK(asleep.status == 2);
  CHECK(closed_gates(Json::parse(asleep.out)) == std::vector<std::string>{"shift-is-awake"});
  scene.desk.write("awake", "");
  CHECK(scene.swap({"--plan-hash", "0123456789abcdef"}).status == 2);
  CHECK(scene.served("shop", "CNAME") == old_shop);
  const Run second = scene.swap({"--plan-hash", hash});
  INFO("second wave:\n" << second.both());
  REQUIRE(second.status == 0);
  CHECK(changes_in(Json::parse(second.out)) == 2);
  CHECK(second.out.find("still to be swapped") == std::string::npos);
  CHECK(scene.served("shop", "CNAME") == new_shop);
  CHECK(scene.served("api", "A") == scene.only_new());
  CHECK(scene.run({"watch"}).status == 0);
  CHECK(scene.run({"plan"}).status == 0);

  // One rollback for both waves.
  const Run undone = scene.run({"rollback", "--yes", "-o", "json", "--ca-file", scene.sites.ca_file()});
  INFO("rollback:\n" << undone.both());
  REQUIRE(undone.status == 0);
  CHECK(changes_in(Json::parse(undone.out)) == 4);
  CHECK(values_of(scene.knot, "example.com") == before);
  const Run back = scene.run({"watch"});
  INFO("watch after the rollback:\n" << back.both());
  CHECK(back.status == 0);
  REQUIRE(scene.run({"restore-ttl", "--yes", "--wait"}).status == 0);
  CHECK(look_up_authority(scene.knot.endpoint(), "www.example.com", "A").ttl_s == kOldTtl);
  CHECK(look_up_authority(scene.knot.endpoint(), "shop.example.com", "CNAME").ttl_s == kOldTtl);
  CHECK(values_of(scene.knot, "example.com") == before);
}

TEST_CASE("a first wave alone is put back alone, and the cutover goes on from there") {
  const Scene scene;
  const auto before = values_of(scene.knot, "example.com");
  REQUIRE(scene.run({"lower-ttl", "--yes"}).status == 0);
  REQUIRE(scene.run({"preflight", "--ca-file", scene.sites.ca_file()}).status == 0);
  REQUIRE(scene.swap({"--only", "www", "--wait"}).status == 0);
  const Run undone = scene.run({"rollback", "--yes", "-o", "json", "--ca-file", scene.sites.ca_file()});
  INFO("rollback:\n" << undone.both());
  REQUIRE(undone.status == 0);
  CHECK(changes_in(Json::parse(undone.out)) == 2);
  CHECK(values_of(scene.knot, "example.com") == before);

  // Another name first this time, written as an absolute one; then everything else.
  const Run other = scene.swap({"--only", "api.example.com."});
  INFO("another first wave:\n" << other.both());
  REQUIRE(other.status == 0);
  CHECK(changes_in(Json::parse(other.out)) == 1);
  const Run rest = scene.swap({});
  INFO("the rest:\n" << rest.both());
  REQUIRE(rest.status == 0);
  CHECK(changes_in(Json::parse(rest.out)) == 3);
  const Run all_back = scene.run({"rollback", "--yes", "--ca-file", scene.sites.ca_file()});
  INFO("rollback of both:\n" << all_back.both());
  REQUIRE(all_back.status == 0);
  CHECK(values_of(scene.knot, "example.com") == before);

  // A name that the plan does not change is no wave.
  const Run typo = scene.swap({"--only", "ww"});
  CHECK(typo.status == 1);
  CHECK(typo.err.find("--only 'ww'") != std::string::npos);
}

TEST_CASE("TTLs that go up with a wave still to come are told") {
  const Scene scene;
  REQUIRE(scene.run({"lower-ttl", "--yes"}).status == 0);
  REQUIRE(scene.run({"preflight", "--ca-file", scene.sites.ca_file()}).status == 0);
  REQUIRE(scene.swap({"--only", "www", "--wait"}).status == 0);
  const Run restored = scene.run({"restore-ttl", "--yes", "--override", "standby-over=only www was meant to move"});
  INFO("restore-ttl:\n" << restored.both());
  CHECK(restored.status == 0);
  CHECK(restored.out.find("2 record sets of this plan are not swapped by this program") != std::string::npos);
}
