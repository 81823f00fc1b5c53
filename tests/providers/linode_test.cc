#include "tests/servers/linode_fake.h"

#include "tests/providers/at_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using At = AtFake<servers::LinodeFake>;

TEST_CASE("Linode: a new record is given its TTL by a second call") {
  At at("linode");
  at.must_make({create(set("new", "A", 300, {"192.0.2.1"}))});
  CHECK(at.fake.count("POST") == 1);
  CHECK(at.fake.count("PUT") == 1);
  CHECK(at.fake.records("example.com") == std::vector<std::string>{"new 300 A 192.0.2.1"});
  // The domain's own TTL needs none.
  at.fake.set_domain_ttl(3600);
  at.fake.forget_requests();
  at.read();
  at.must_make({create(set("other", "A", 3600, {"192.0.2.1"}))});
  CHECK(at.fake.count("PUT") == 0);
  CHECK(at.read().find({name("other"), RecordType::kA})->ttl == Seconds(3600));
}

TEST_CASE("Linode: a creation that was cut off before its TTL is known for one, and finished") {
  At at("linode");
  const Change wanted = create(set("new", "A", 300, {"192.0.2.1", "192.0.2.2"}));
  at.fake.strike({.kind = ApiFault::Kind::kCutBefore, .method = "PUT"});
  CHECK_FALSE(at.make({wanted}));
  const RecordSet found = *at.read().find(wanted.key);
  CHECK(found.ttl == Seconds(86400));
  CHECK(providers::stopped_halfway(at.provider(), wanted, found));
  at.must_make({change(found, *wanted.after)});
  CHECK((*at.read().find(wanted.key) == *wanted.after));
}

TEST_CASE("Linode: every type is written as it takes it and read as it shows it") {
  At at("linode");
  const std::vector<RecordSet> sets{set("@", "MX", 300, {"10 mail", "20 mail.example.net."}),
                                    set("_sip._tcp", "SRV", 300, {"1 2 5060 sip.example.net."}),
                                    set("@", "CAA", 300, {R"(0 issue "ca.example.net")"}),
                                    set("text", "TXT", 300, {R"("v=spf1 -all; x")"}),
                                    set("six", "AAAA", 300, {"2001:db8::1"}),
                                    set("alias", "CNAME", 3600, {"@"})};
  for (const RecordSet& each : sets) at.must_make({create(each)});
  const Zone zone = at.read();
  for (const RecordSet& each : sets) {
    INFO(each.key().text());
    REQUIRE(zone.find(each.key()) != nullptr);
    CHECK((*zone.find(each.key()) == each));
  }
}

TEST_CASE("Linode: what it would spoil is refused beforehand") {
  At at("linode");
  const std::vector<std::pair<RecordSet, std::string>> cases{
      {set("a", "A", 60, {"192.0.2.1"}), "the next that can is 300 s"},
      {set("a", "A", 600, {"192.0.2.1"}), "the next that can is 3600 s"},
      {set("_sip._tcp.a", "SRV", 300, {"1 2 5060 sip.example.net."}), "right below the zone"},
      {set("_sip._tcp", "SRV", 300, {"0 2 5060 sip.example.net."}), "no SRV priority of 0"},
      {set("a", "MX", 300, {"300 mail"}), "priorities end at 255"},
      {set("a", "MX", 300, {"0 ."}), "a null MX"},
      {set("a", "CAA", 300, {R"(128 issue "ca.example.net")"}), "no CAA flags"},
      {set("a", "TXT", 300, {R"("say \"x\"")"}), "a quote or a backslash"},
      {set("a", "TLSA", 300, {"3 1 1 " + std::string(64, 'a')}), "no HTTPS, SVCB or TLSA"},
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

TEST_CASE("Linode: a domain that is kept elsewhere is refused") {
  At at("linode");
  at.fake.make_slave();
  const auto read = at.provider().read(name("@"));
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kUnsupported);
}
