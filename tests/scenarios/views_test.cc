#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenarios/stage.h"
#include "tests/servers/servers.h"

// A geo zone on a real PowerDNS, seen through real caches: one that passes the client's subnet on, one that drops it.

using namespace cutover;
using namespace cutover::stage;
using Json = nlohmann::json;

namespace {

constexpr const char* kZone = R"zone($ORIGIN example.com.
$TTL 60
@ IN SOA ns1 host 1 3600 600 86400 60
@ IN NS ns1
ns1 IN A 127.0.0.1
geo 60 IN LUA A "view({{{'198.51.100.0/24'},{'203.0.113.10'}},{{'0.0.0.0/0','::/0'},{'203.0.113.99'}}})"
)zone";

class GeoStage {
 public:
  GeoStage()
      : authority_(geo()),
        passes_on_({.stubs = {{"example.com", {authority_.endpoint()}}},
                    .extra = "  module-config: \"subnetcache iterator\"\n  client-subnet-zone: \"example.com\"\n"
                             "  client-subnet-always-forward: yes\n"}),
        drops_({.stubs = {{"example.com", {authority_.endpoint()}}}}) {}

  Json probe(std::vector<std::string> words, int status) const {
    std::vector<std::string> all{"probe",
                                 "geo.example.com",
                                 "@passes=" + passes_on_.endpoint().text(),
                                 "@drops=" + drops_.endpoint().text(),
                                 "-o",
                                 "json"};
    all.insert(all.end(), words.begin(), words.end());
    const Run run = desk_.cutover(all);
    INFO(run.both());
    CHECK(run.status == status);
    return Json::parse(run.out);
  }

 private:
  static servers::AuthorityOptions geo() {
    servers::AuthorityOptions options;
    options.zones = {{"example.com", kZone}};
    options.extra = "enable-lua-records=yes\nedns-subnet-processing=yes\n";
    return options;
  }

  Desk desk_;
  servers::PowerDns authority_;
  servers::Unbound passes_on_, drops_;
};

}  // namespace

TEST_CASE("a geo zone's answers are expected view by view, and whoever drops the client's subnet is marked") {
  const GeoStage stage;
  const Json both = stage.probe({"--ecs", "198.51.100.0/24", "--ecs", "192.0.2.0/24", "--expect",
                                 "198.51.100.0/24=203.0.113.10", "--expect", "192.0.2.0/24=203.0.113.99"},
                                0);
  REQUIRE(both["questions"].size() == 2);
  for (const Json& question : both["questions"]) {
    CHECK(question["asked"] == 2);
    CHECK(question["answered"] == 1);
    CHECK(question["agreed"] == 1);
    CHECK(question["dropped_subnet"] == 1);
  }
  const Json& first = both["questions"][0];
  CHECK(first["view"] == "198.51.100.0/24");
  CHECK(first["groups"][0]["values"] == Json({"203.0.113.10"}));
  CHECK(first["groups"][0]["operators"] == Json({"passes"}));
  CHECK(first["groups"][1]["kind"] == "other-clients");
  CHECK(first["groups"][1]["operators"] == Json({"drops"}));
  CHECK(first["answers"][0]["client_subnet"] == Json{{"network", "198.51.100.0/24"}, {"scope", 24}});

  // The other view's answer is not what was expected here.
  const Json swapped = stage.probe({"--ecs", "192.0.2.0/24", "--expect", "203.0.113.10"}, 3);
  CHECK(swapped["questions"][0]["groups"][0]["values"] == Json({"203.0.113.99"}));

  // Without a view there is nothing to drop, and both say what this machine's users get.
  const Json plain = stage.probe({"--expect", "203.0.113.99"}, 0);
  CHECK(plain["questions"][0]["answered"] == 2);
  CHECK(plain["questions"][0]["view"].is_null());
}

TEST_CASE("a view that is none is a clear sentence") {
  const Run run = Desk().cutover({"probe", "geo.example.com", "@127.0.0.1", "--ecs", "203.0.113.7/24"});
  CHECK(run.status == 1);
  CHECK_THAT(run.err, Catch::Contains("bits behind the first 24 are not zero"));
}
