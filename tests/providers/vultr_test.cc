#include "tests/servers/vultr_fake.h"

#include "tests/providers/at_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using At = AtFake<servers::VultrFake>;

namespace {

const std::string kZone = "example.com";
RecordSet www() { return set("www", "A", 300, {"192.0.2.1", "192.0.2.2"}); }

}  // namespace

TEST_CASE("Vultr: a zone is read to its last page, and its own name servers are seen") {
  At at("vultr");
  for (int i = 0; i < 7; ++i) at.fake.put(kZone, set("n" + std::to_string(i), "A", 300, {"192.0.2.1"}));
  at.fake.set_page_limit(2);
  const Zone zone = at.read();
  CHECK(zone.sets.size() == 8);
  CHECK(at.fake.count("GET", "/records?per_page=500") == 5);  // nine records, the name servers among them
  CHECK((*zone.find({name("@"), RecordType::kNs}) == set("@", "NS", 300, {"ns1.vultr.com.", "ns2.vultr.com."})));
}

TEST_CASE("Vultr: every type is written as it takes it and read as it shows it") {
  At at("vultr");
  const std::vector<RecordSet> sets{set("@", "MX", 120, {"10 mail", "0 mail.example.net."}),
                                    set("_sip._tcp", "SRV", 300, {"0 2 5060 sip.example.net."}),
                                    set("@", "CAA", 300, {R"(0 issue "ca.example.net")"}),
                                    set("text", "TXT", 300, {R"("v=spf1 -all; x")"}),
                                    set("six", "AAAA", 300, {"2001:db8::1"}),
                                    set("*.wild", "A", 300, {"192.0.2.9"}),
                                    set("alias", "CNAME", 3600, {"@"})};
  for (const RecordSet& each : sets) at.must_make({create(each)});
  const Zone zone = at.read();
  for (const RecordSet& each : sets) {
    INFO(each.key().text());
    REQUIRE(zone.find(each.key()) != nullptr);
    CHECK((*zone.find(each.key()) == each));
  }
  CHECK(at.fake.records(kZone)[0] == " 120 MX mail.example.com");  // its own name is empty, and no name ends with a dot
}

TEST_CASE("Vultr: an edit is a PATCH of one record, whose answer has no body") {
  At at("vultr");
  at.fake.put(kZone, www());
  at.must_make({change(www(), set("www", "A", 120, {"192.0.2.2", "203.0.113.1"}))});
  // The TTL of what stays, then the value that changes.
  CHECK(at.fake.count("PATCH", "/domains/example.com/records/") == 2);
  CHECK(at.fake.writes() == 2);
  CHECK(at.fake.records(kZone) == std::vector<std::string>{"www 120 A 192.0.2.2", "www 120 A 203.0.113.1"});
  at.must_make({remove(set("www", "A", 120, {"192.0.2.2", "203.0.113.1"}))});
  CHECK(at.fake.count("DELETE") == 2);
  CHECK(at.fake.records(kZone).empty());
}

TEST_CASE("Vultr: a set that is half-way is known for one, and finished") {
  At at("vultr");
  at.fake.put(kZone, www());
  const Change wanted = change(www(), set("www", "A", 300, {"192.0.2.2", "203.0.113.1", "203.0.113.2"}));
  at.fake.strike({.kind = ApiFault::Kind::kCutAfter, .method = "POST"});
  const auto cut_off = at.make({wanted});
  REQUIRE_FALSE(cut_off);
  CHECK(cut_off.error().code == ErrorCode::kUnknown);
  const RecordSet found = *at.read().find(wanted.key);
  CHECK(found.rdata.size() == 3);
  CHECK(providers::stopped_halfway(at.provider(), wanted, found));
  at.must_make({change(found, *wanted.after)});
  CHECK((*at.read().find(wanted.key) == *wanted.after));
}

TEST_CASE("Vultr: a record that somebody replaced is not touched") {
  At at("vultr");
  at.fake.put(kZone, www());
  const auto steps = at.steps({remove(www())});
  REQUIRE(steps);
  REQUIRE(at.provider().apply(steps->at(0)));
  at.fake.put(kZone, set("www", "A", 300, {"192.0.2.1", "192.0.2.9"}));
  at.fake.forget_requests();
  const auto made = at.provider().apply(steps->at(1));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK(at.fake.writes() == 0);
}

TEST_CASE("Vultr: what its errors mean") {
  At at("vultr");
  SECTION("a key that does not hold, or calls from an address that is not allowed") {
    at.fake.set_secret("Bearer another");
    const auto read = at.provider().read(name("@"));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kAuth);
    CHECK(read.error().message.find("Invalid API token.") != std::string::npos);
    CHECK(read.error().message.find(servers::VultrFake::kToken) == std::string::npos);
  }
  SECTION("a domain that is not there") {
    const auto read = at.provider().read(*DomainName::from_text("example.org"));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kNotFound);
  }
  SECTION("asked too often: a write was not made, and is made again") {
    at.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "POST", .retry_after = std::chrono::seconds(0)});
    at.must_make({create(www())});
    CHECK(at.fake.count("POST") == 3);
    CHECK(at.fake.records(kZone).size() == 2);
  }
}

TEST_CASE("Vultr: what it would spoil is refused beforehand") {
  At at("vultr");
  const std::vector<std::pair<RecordSet, std::string>> cases{
      {set("a", "A", 60, {"192.0.2.1"}), "the next that can is 120 s"},
      {set("a", "MX", 300, {"0 ."}), "no null MX"},
      {set("a", "TXT", 300, {R"("say \"x\"")"}), "no text with a quote in it"},
      {set("a", "TXT", 300, {R"("x" "y")"}), "text in several strings"},
      {set("a", "TLSA", 300, {"3 1 1 " + std::string(64, 'a')}), "no HTTPS, SVCB or TLSA"},
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
