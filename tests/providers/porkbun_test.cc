#include "tests/servers/porkbun_fake.h"

#include "tests/providers/at_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::PorkbunFake;

namespace {

class At : public AtFake<PorkbunFake> {
 public:
  At() : AtFake("porkbun", {{"key", PorkbunFake::kKey}, {"secret", PorkbunFake::kSecret}}) {}
};

const std::string kZone = "example.com";
RecordSet www() { return set("www", "A", 600, {"192.0.2.1", "192.0.2.2"}); }

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("Porkbun: key and secret go into headers, and into nothing that is shown or kept") {
  At at;
  at.fake.put(kZone, www());
  const auto steps = at.steps({remove(www()), create(set("new", "A", 600, {"192.0.2.3"}))});
  REQUIRE(steps);
  for (const providers::Step& step : *steps) REQUIRE(at.provider().apply(step));
  const auto script = at.provider().inverse_script(
      inverse_of({name("@"), {create(set("new", "A", 600, {"192.0.2.3"}))}, std::nullopt, std::nullopt}));
  REQUIRE(script);
  std::string shown = script->text + script->how_to_run;
  for (const providers::Step& step : *steps) shown += step.request + step.summary;
  for (const servers::ApiLogEntry& entry : at.fake.requests()) shown += entry.target + entry.body;
  CHECK_FALSE(holds(shown, "1_not-a-real"));
  CHECK_FALSE(holds(shown, "***"));  // what the fake's log hides
  for (const servers::ApiLogEntry& entry : at.fake.requests()) CHECK(entry.status == 200);
}

TEST_CASE("Porkbun: a domain without API access is said to lack it, and how to switch it on") {
  using Saying = PorkbunFake::Saying;
  for (const Saying saying : {Saying::kWithCode, Saying::kWithoutCode, Saying::kWithSuccess}) {
    At at;
    at.fake.put(kZone, www());
    const auto steps = at.steps({remove(www())});
    REQUIRE(steps);
    at.fake.switch_access_off(saying);
    const auto read = at.provider().read(name("@"));
    REQUIRE_FALSE(read);
    INFO(read.error().message);
    CHECK(read.error().code == ErrorCode::kRefused);
    CHECK(holds(read.error().message, "Domain is not opted in to API access."));
    CHECK(holds(read.error().message,
                "; switch on API Access for the domain, in its details under Domain Management at porkbun.com"));
    const auto made = at.provider().apply(steps->at(0));
    REQUIRE_FALSE(made);
    CHECK(holds(made.error().message, "switch on API Access"));
    CHECK(holds(made.error().message, "nothing was changed"));
    CHECK(at.fake.writes() == 0);
  }
}

TEST_CASE("Porkbun: what its errors mean") {
  At at;
  at.fake.put(kZone, www());
  SECTION("a domain that is not there") {
    const auto read = at.provider().read(*DomainName::from_text("example.org"));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kNotFound);
    CHECK(holds(read.error().message, "it is not of this account, or lacks API Access"));
  }
  SECTION("a wrong key") {
    at.fake.set_secret("sk1_another");
    const auto read = at.provider().read(name("@"));
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kAuth);
    CHECK_FALSE(holds(read.error().message, "1_not-a-real"));
  }
  SECTION("too fast, as the API says it and as what stands before it does") {
    for (const auto limiter : {PorkbunFake::Limiter::kApi, PorkbunFake::Limiter::kFront}) {
      at.fake.set_limiter(limiter);
      at.fake.forget_requests();
      at.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "POST", .retry_after = std::chrono::seconds(0)});
      const RecordSet fresh = set(limiter == PorkbunFake::Limiter::kApi ? "a" : "b", "A", 600, {"192.0.2.9"});
      at.must_make({create(fresh)});
      CHECK(at.fake.count("POST") == 2);
      CHECK((*at.read().find(fresh.key()) == fresh));
    }
  }
}

TEST_CASE("Porkbun: a TTL alone is an edit of each record, with all that it holds") {
  At at;
  const RecordSet mail = set("@", "MX", 3600, {"10 mail", "20 mail.example.net."});
  at.fake.put(kZone, mail);
  at.must_make({change(mail, set("@", "MX", 600, {"10 mail", "20 mail.example.net."}))});
  CHECK(at.fake.count("POST", "/dns/edit/example.com/") == 2);
  CHECK(at.fake.records(kZone) ==
        std::vector<std::string>{"example.com 600 MX mail.example.com", "example.com 600 MX mail.example.net"});
  CHECK((*at.read().find(mail.key()) == set("@", "MX", 600, {"10 mail", "20 mail.example.net."})));
}

TEST_CASE("Porkbun: every type is written as it takes it and read as it shows it") {
  At at;
  const std::vector<RecordSet> sets{set("@", "MX", 600, {"10 mail", "0 ."}),
                                    set("_sip._tcp", "SRV", 600, {"0 2 5060 sip.example.net."}),
                                    set("sub", "CAA", 600, {R"(0 issue "ca.example.net; account=1")"}),
                                    set("text", "TXT", 600, {R"("v=spf1 -all; x")"}),
                                    set("long", "TXT", 600, {"\"" + std::string(255, 'x') + "\" \"rest\""}),
                                    set("six", "AAAA", 600, {"2001:db8::1"}),
                                    set("@", "HTTPS", 600, {R"(1 . alpn="h2,h3" ipv4hint=192.0.2.1)"}),
                                    set("_8443._x", "SVCB", 600, {"16 svc.example.net. port=8443"}),
                                    set("_25._tcp", "TLSA", 600, {"3 1 1 " + std::string(64, 'a')}),
                                    set("host", "SSHFP", 600, {"4 2 " + std::string(64, 'b')}),
                                    set("alias", "CNAME", 3600, {"@"})};
  for (const RecordSet& each : sets) at.must_make({create(each)});
  const Zone zone = at.read();
  for (const RecordSet& each : sets) {
    INFO(each.key().text());
    REQUIRE(zone.find(each.key()) != nullptr);
    CHECK((*zone.find(each.key()) == each));
  }
}

TEST_CASE("Porkbun: what it would spoil is refused beforehand") {
  At at;
  const std::vector<std::pair<RecordSet, std::string>> cases{
      {set("a", "A", 599, {"192.0.2.1"}), "the next that can is 600 s"},
      {set("@", "CAA", 600, {R"(0 issue "ca.example.net")"}), "CAA records of its own choice"},
      {set("@", "CNAME", 600, {"lb.example.net."}), "give A and AAAA records"},
      {set("a", "TXT", 600, {R"("say \"x\"")"}), "a quote or a backslash"},
      {set("a", "TXT", 600, {R"("")"}), "no text that is empty"},
      {set("a", "TXT", 600, {R"("x ")"}), "begins or ends with a space"},
      {set("a", "TXT", 600, {R"("x" "y")"}), "several strings"},
      {set("a", "PTR", 600, {"ns.example.net."}), "are written"},
  };
  for (const auto& [wanted, why] : cases) {
    const auto steps = at.steps({create(wanted)});
    INFO(why);
    REQUIRE_FALSE(steps);
    INFO(steps.error().message);
    CHECK(steps.error().code == ErrorCode::kUnsupported);
    CHECK(holds(steps.error().message, why));
  }
  CHECK(at.fake.writes() == 0);
}

TEST_CASE("Porkbun: a parked domain's ALIAS is seen, and nothing is put beside it") {
  At at;
  at.fake.park(kZone);
  const RecordSet apex = set("@", "A", 600, {"192.0.2.1"});
  const auto sets = at.provider().read_sets(name("@"), {apex.key()});
  REQUIRE(sets);
  CHECK(holds(sets->refused.at(apex.key()), "stands beside an ALIAS"));
  const auto made = at.make({create(apex)});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnsupported);
  CHECK(at.fake.writes() == 0);
  // Other names are free.
  at.must_make({create(set("www", "A", 600, {"192.0.2.1"}))});
}

TEST_CASE("Porkbun: a record that somebody replaced in the last moment is not touched") {
  At at;
  at.fake.put(kZone, www());
  const auto steps = at.steps({remove(www())});
  REQUIRE(steps);
  at.fake.strike({.kind = ApiFault::Kind::kFailBefore, .method = "GET"});
  bool replaced = false;
  at.when_told = [&] {
    if (!std::exchange(replaced, true)) at.fake.put(kZone, set("www", "A", 600, {"192.0.2.1", "192.0.2.7"}));
  };
  const auto made = at.provider().apply(steps->at(0));
  REQUIRE_FALSE(made);
  CHECK(replaced);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK(at.fake.writes() == 0);
}
