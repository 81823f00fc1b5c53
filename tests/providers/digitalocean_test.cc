#include "tests/servers/digitalocean_fake.h"

#include <fmt/format.h>

#include <iostream>

#include "tests/providers/at_fake.h"
#include "tests/servers/prism.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using At = AtFake<servers::DigitalOceanFake>;

TEST_CASE("DigitalOcean: a zone of 1,200 records is read in pages, one name in one call") {
  At at("digitalocean");
  for (int i = 0; i < 1200; ++i) at.fake.put("example.com", set(fmt::format("m{:04}", i), "A", 300, {"192.0.2.1"}));
  // The SOA record, of which only a number is shown, is left out; the apex's NS are there.
  CHECK(at.read().sets.size() == 1201);
  CHECK(at.fake.count("GET", "&page=7") == 1);
  at.fake.forget_requests();
  const auto sets = at.provider().read_sets(name("@"), {{name("m0007"), RecordType::kA}});
  REQUIRE(sets);
  CHECK(sets->sets.size() == 1);
  CHECK_FALSE(sets->in_zone);
  CHECK(at.fake.requests().size() == 1);
}

TEST_CASE("DigitalOcean: every type is written as it takes it and read as it shows it") {
  At at("digitalocean");
  const std::vector<RecordSet> sets{
      set("@", "MX", 300, {"10 mail", "20 mail.example.net."}),
      set("alias", "CNAME", 300, {"@"}),
      set("_sip._tcp", "SRV", 300, {"1 2 5060 sip.example.net."}),
      set("@", "CAA", 300, {R"(0 issue "ca.example.net")"}),
      set("text", "TXT", 300, {R"("v=spf1 -all; x")"}),
      set("six", "AAAA", 30, {"2001:db8::1"}),
  };
  for (const RecordSet& each : sets) at.must_make({create(each)});
  const Zone zone = at.read();
  for (const RecordSet& each : sets) {
    INFO(each.key().text());
    REQUIRE(zone.find(each.key()) != nullptr);
    CHECK((*zone.find(each.key()) == each));
  }
  CHECK(at.fake.records("example.com") ==
        std::vector<std::string>{"@ 300 CAA ca.example.net", "@ 300 MX mail.example.com", "@ 300 MX mail.example.net",
                                 "_sip._tcp 300 SRV sip.example.net", "alias 300 CNAME @", "six 30 AAAA 2001:db8::1",
                                 "text 300 TXT v=spf1 -all; x"});
}

TEST_CASE("DigitalOcean: what it would spoil is refused beforehand") {
  At at("digitalocean");
  const std::vector<std::pair<RecordSet, std::string>> cases{
      {set("a", "A", 20, {"192.0.2.1"}), "a TTL of 20 s cannot be set there (30 s)"},
      {set("a", "TXT", 300, {R"("say \"x\"")"}), "text with a quote or a backslash"},
      {set("a", "TXT", 300, {R"("")"}), "no empty text"},
      {set("a", "TXT", 300, {'"' + std::string(255, 'x') + "\" \"" + std::string(255, 'y') + '"'}), "512 bytes"},
      {set("a", "TXT", 300, {R"("one" "two")"}), "join"},
      {set("a", "CAA", 300, {R"(0 issue "ca.example.net; accounturi=1")"}), "without parameters"},
      {set("a", "MX", 300, {"0 ."}), "no null MX"},
      {set("a", "HTTPS", 300, {"1 . alpn=h2"}), "no HTTPS, SVCB or TLSA"},
  };
  for (const auto& [wanted, why] : cases) {
    const auto steps = at.steps({create(wanted)});
    INFO(why);
    REQUIRE_FALSE(steps);
    INFO(steps.error().message);
    CHECK(steps.error().code == ErrorCode::kUnsupported);
    CHECK(steps.error().message.find(why) != std::string::npos);
  }
  CHECK(at.fake.writes() == 0);
}

TEST_CASE("DigitalOcean: a write that came too often waits until the time it is told, and is made once") {
  At at("digitalocean");
  at.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "POST"});
  at.must_make({create(set("new", "A", 60, {"192.0.2.1"}))});
  CHECK(at.fake.writes() == 2);
  CHECK(at.fake.records("example.com") == std::vector<std::string>{"new 60 A 192.0.2.1"});
}

TEST_CASE("DigitalOcean: a call that failed half-way through a set leaves the rest of the calls to be made") {
  At at("digitalocean");
  const RecordSet before = set("pool", "A", 300, {"192.0.2.1", "192.0.2.2"});
  const RecordSet after = set("pool", "A", 60, {"198.51.100.1", "198.51.100.2"});
  at.fake.put("example.com", before);
  at.fake.strike({.kind = ApiFault::Kind::kFailBefore, .method = "PATCH", .after = 1});
  const auto made = at.make({change(before, after)});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnknown);
  const RecordSet found = *at.read().find(before.key());
  CHECK(found.rdata == std::vector<std::string>{"192.0.2.2", "198.51.100.1"});
  CHECK(is_halfway(change(before, after), found));
  // From there on, or back.
  SECTION("on") {
    at.must_make({change(found, after)});
    CHECK((*at.read().find(before.key()) == after));
  }
  SECTION("back") {
    at.must_make({change(found, before)});
    CHECK((*at.read().find(before.key()) == before));
  }
}

TEST_CASE("DigitalOcean: provider and fake keep the published contract") {
  At at("digitalocean");
  at.fake.set_page_limit(2);
  const auto prism = servers::prism_before(at.fake, "digitalocean/domains.openapi.json",
                                           "DigitalOcean's provider and fake against its contract");
  if (!prism) return;
  at.open(prism->url());
  const RecordSet a = set("www", "A", 300, {"192.0.2.1", "192.0.2.2"}), b = set("www", "A", 60, {"192.0.2.2"});
  const std::vector<RecordSet> others{set("@", "MX", 300, {"10 mail"}), set("x", "CNAME", 300, {"@"}),
                                      set("_s._tcp", "SRV", 300, {"1 2 3 www"}), set("@", "TXT", 300, {"\"v=1\""}),
                                      set("@", "CAA", 300, {R"(0 issue "ca.example.net")"})};
  at.must_make({create(a)});
  at.must_make({change(a, b)});
  for (const RecordSet& each : others) {
    at.must_make({create(each)});
    at.must_make({remove(each)});
  }
  at.must_make({remove(b)});
  CHECK_FALSE(at.provider().read(*DomainName::from_text("example.org")));
  CHECK(prism->violations() == std::vector<std::string>());
  std::cout << "Prism: DigitalOcean, " << prism->requests() << " requests, " << prism->violations().size()
            << " violations\n";
}
