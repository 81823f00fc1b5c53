#include "tests/servers/hetzner_fake.h"

#include <fmt/format.h>

#include <iostream>

#include "tests/providers/at_fake.h"
#include "tests/servers/prism.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using At = AtFake<servers::HetznerFake>;

namespace {

const std::string kZone = "example.com";
RecordSet old_www() { return set("www", "A", 86400, {"192.0.2.1"}); }
RecordSet new_www() { return set("www", "A", 60, {"198.51.100.1", "198.51.100.2"}); }

/// The calls that changed something, by the end of their paths.
std::vector<std::string> writes(const At& at) {
  std::vector<std::string> found;
  for (const servers::ApiLogEntry& entry : at.fake.requests())
    if (entry.method != "GET")
      found.push_back(fmt::format("{} {}", entry.method, entry.target.substr(entry.target.rfind('/') + 1)));
  return found;
}

}  // namespace

TEST_CASE("Hetzner: a TTL falls before the values change, and rises after") {
  At at("hetzner");
  at.fake.put(kZone, old_www());
  at.must_make({change(old_www(), new_www())});
  CHECK(at.fake.sets(kZone) == std::vector<std::string>{"www A 60 198.51.100.1 198.51.100.2"});
  CHECK(writes(at) == std::vector<std::string>{"POST change_ttl", "POST set_records"});
  at.fake.forget_requests();
  at.must_make({change(new_www(), old_www())});
  CHECK(at.fake.sets(kZone) == std::vector<std::string>{"www A 86400 192.0.2.1"});
  CHECK(writes(at) == std::vector<std::string>{"POST set_records", "POST change_ttl"});
}

TEST_CASE("Hetzner: a call is in force when its Action is done, and not before") {
  At at("hetzner");
  at.fake.set_action_requests(3);
  const auto steps = at.steps({create(new_www())});
  REQUIRE(steps);
  const auto receipt = at.provider().apply(steps->at(0));
  REQUIRE(receipt);
  CHECK(receipt->reply == R"({"action":1})");
  std::vector<bool> said;
  for (int i = 0; i < 4; ++i) said.push_back(*at.provider().in_sync(*receipt));
  CHECK(said == std::vector<bool>{false, false, true, true});
}

TEST_CASE("Hetzner: an Action that fails is an error, and what was changed is to be looked up") {
  At at("hetzner");
  at.fake.put(kZone, old_www());
  at.fake.fail_next_action();
  const auto made = at.make({remove(old_www())});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnknown);
  CHECK(made.error().message.find("says that it failed: Action failed") != std::string::npos);
  CHECK(at.fake.sets(kZone) == std::vector<std::string>{"www A 86400 192.0.2.1"});
}

TEST_CASE("Hetzner: a set that is locked by somebody's Action is asked for again") {
  At at("hetzner");
  at.fake.put(kZone, old_www());
  at.fake.set_action_requests(7);
  const auto steps = at.steps({change(old_www(), set("www", "A", 60, {"192.0.2.1"}))});
  REQUIRE(steps);
  REQUIRE(at.provider().apply(steps->at(0)));
  // Its Action runs for seven more requests: two are reads, and the others find the set locked.
  const auto again = at.provider().apply(steps->at(0));
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kBusy);
  CHECK(again.error().message.find("another action is running") != std::string::npos);
}

TEST_CASE("Hetzner: protected sets and zones kept elsewhere are refused with the reason") {
  At at("hetzner");
  at.fake.put(kZone, old_www());
  at.fake.protect(kZone, old_www().key());
  const auto sets = at.provider().read_sets(name("@"), {old_www().key()});
  REQUIRE(sets);
  CHECK(sets->refused.at(old_www().key()).find("is protected against changes") == 0);
  const auto made = at.make({remove(old_www())});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnsupported);
  CHECK(at.fake.writes() == 0);

  at.fake.make_secondary(kZone);
  const auto read = at.provider().read(name("@"));
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kUnsupported);
  CHECK(read.error().message.find("a copy of a zone that is kept elsewhere") != std::string::npos);
}

TEST_CASE("Hetzner: a set without a TTL of its own has the zone's, and names without a dot are the zone's") {
  At at("hetzner");
  const RecordSet shop = set("shop", "CNAME", 300, {"lb"});
  at.fake.put(kZone, shop);
  at.fake.inherit_ttl(kZone, shop.key());
  at.fake.write_value(kZone, shop.key(), "lb");
  const RecordSet seen = set("shop", "CNAME", 3600, {"lb.example.com."});
  CHECK((*at.read().find(shop.key()) == seen));
  at.must_make({change(seen, set("shop", "CNAME", 3600, {"lb.example.net."}))});
  CHECK(at.fake.sets(kZone) == std::vector<std::string>{"shop CNAME - lb.example.net."});
}

TEST_CASE("Hetzner: a set that is there already is not created, and more than 50 values are refused") {
  At at("hetzner");
  const auto steps = at.steps({create(new_www())});
  REQUIRE(steps);
  // Somebody was quicker, and our look came before.
  at.fake.put(kZone, old_www());
  at.fake.hide_from_lists(kZone, old_www().key());
  const auto made = at.provider().apply(steps->at(0));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);

  RecordSet many = set("many", "A", 60, {"192.0.2.0"});
  for (int i = 1; i <= 50; ++i) many.rdata.push_back(fmt::format("192.0.2.{}", i));
  normalize(many);
  const auto refused = at.steps({create(many)});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("would have 51 values, and Hetzner takes 50") != std::string::npos);
}

TEST_CASE("Hetzner: provider and fake keep the published contract") {
  At at("hetzner");
  at.fake.set_page_limit(2);
  const auto prism = servers::prism_before(at.fake, "hetzner/hcloud-zones.openapi.json",
                                           "Hetzner's provider and fake against its contract");
  if (!prism) return;
  at.open(prism->url());
  at.must_make({create(old_www())});
  at.must_make({change(old_www(), new_www())});
  at.must_make({change(new_www(), set("www", "A", 3600, {"192.0.2.1"}))});
  const std::vector<RecordSet> others{set("@", "MX", 300, {"10 mail"}), set("x", "CNAME", 300, {"lb.example.net."}),
                                      set("*.w", "TXT", 300, {R"("a; b" "c")"}),
                                      set("h", "HTTPS", 300, {"1 . alpn=h2"}),
                                      set("_25._tcp", "TLSA", 300, {"3 1 1 " + std::string(64, 'a')})};
  for (const RecordSet& each : others) at.must_make({create(each)});
  at.read();
  for (const RecordSet& each : others) at.must_make({remove(each)});
  CHECK_FALSE(at.provider().read(*DomainName::from_text("example.org")));
  CHECK(prism->violations() == std::vector<std::string>());
  std::cout << "Prism: Hetzner, " << prism->requests() << " requests, " << prism->violations().size()
            << " violations\n";
}
