#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenarios/stage.h"
#include "tests/servers/signed_zone.h"

// A zone that was signed once and is served by a server that signs nothing: what a swap changes there keeps its old
// signature. Every authority serves the new value, and every validating resolver refuses it.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using Json = nlohmann::json;

namespace {

const std::string kZone =
    "$ORIGIN example.com.\n$TTL 60\n@ IN SOA ns1 hostmaster 7 7200 900 1209600 60\n@ NS ns1\nns1 A 127.0.0.1\n"
    "www A 127.0.2.10\nshop A 127.0.2.10\n";

AuthorityOptions serving(const std::string& text) {
  AuthorityOptions options;
  options.zones = {{"example.com", text}};
  return options;
}

struct Scene {
  explicit Scene(const std::string& text) : knot(serving(text)) {
    desk.write("tsig.key", knot.key().file_text());
    desk.write("cutover.yaml", fmt::format(R"(version: 1
name: signing
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [127.0.2.10], to: [127.0.2.20] }}
ttl: {{ during: 60s }}
watch: {{ resolvers: ["office={0}"], must: [office] }}
standby: 48h
lookup: ["{0}"]
)",
                                           knot.endpoint().text()));
  }
  Json plan() const {
    const Run run = desk.cutover({"plan", "-o", "json"});
    INFO(run.both());
    REQUIRE(run.status == 2);
    return Json::parse(run.out);
  }
  Knot knot;
  Desk desk;
};

bool mentions(const Json& lines, const std::string& words) {
  for (const auto& line : lines)
    if (line.get<std::string>().find(words) != std::string::npos) return true;
  return false;
}

std::string tampered(std::string text) {
  const auto at = text.find("127.0.2.10\n");
  REQUIRE(at != std::string::npos);
  return text.replace(at, 11, "127.0.2.11\n");
}

}  // namespace

TEST_CASE("a swap whose new value is not signed says so at once") {
  const Scene scene(signed_zone({"example.com", kZone}, {.end = "now+1d"}));
  const Json before = scene.plan();
  INFO(before.dump(1));
  CHECK(mentions(before.at("risks"), "make sure that they are renewed during the cutover"));
  CHECK_FALSE(mentions(before.at("risks"), "fails validation"));

  const Run swapped =
      scene.desk.cutover({"swap", "--yes", "-o", "json", "--override", "ttl-drained=a test", "--override",
                          "authoritative-in-sync=a test", "--override", "preflight-passed=a test"});
  INFO(swapped.both());
  REQUIRE(swapped.status == 0);
  CHECK(look_up_authority(scene.knot.endpoint(), "www.example.com", "A").rdata ==
        std::vector<std::string>{"127.0.2.20"});
  const Json notes = Json::parse(swapped.out).at("notes");
  CHECK(mentions(notes, "fails validation for www.example.com. A: its signature does not match"));
}

TEST_CASE("an old answer that is bogus already is a risk and closes nothing") {
  // Names are signed in order: the first 127.0.2.10 of the file is shop's, the second www's.
  std::string text = signed_zone({"example.com", kZone});
  const auto www = text.find("www.example.com.");
  REQUIRE(www != std::string::npos);
  text = text.substr(0, www) + tampered(text.substr(www));
  const Scene scene(text);
  scene.desk.write("cutover.yaml", [&] {
    std::string plan = read_text(scene.desk.file("cutover.yaml"));
    return plan.replace(plan.find("from: [127.0.2.10]"), 18, "from: [127.0.2.11]");
  }());
  const Json plan = scene.plan();
  INFO(plan.dump(1));
  CHECK(mentions(plan.at("risks"), "fails validation for www.example.com. A: its signature does not match"));
}

TEST_CASE("a zone that is not signed has no such risk") {
  const Scene scene(kZone);
  const Json plan = scene.plan();
  INFO(plan.dump(1));
  CHECK_FALSE(mentions(plan.at("risks"), "validation"));
  CHECK_FALSE(mentions(plan.at("risks"), "signatures"));
}
