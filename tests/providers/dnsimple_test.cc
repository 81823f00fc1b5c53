// What is special to DNSimple: whose token it is, plans, regions, the zone's distribution, its two ways to write.
#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/dnsimple_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::DnsimpleFake;

namespace {

/// DNSimple with example.com, and a provider made for it.
class OnDnsimple {
 public:
  OnDnsimple() {
    fake.add_zone("example.com");
    fake.put("example.com", set("www", "A", 300, {"192.0.2.1", "192.0.2.2"}));
    options = {{"url", fake.url()}, {"token", "file/token"}};
    folder.write("token", DnsimpleFake::kToken, 0600);
  }
  Result<std::unique_ptr<providers::Provider>> open() {
    return providers::make_provider({"dnsimple", options, folder.path()}, {loop, clock, {}, [this](const std::string&) {
                                                                             if (when_told) when_told();
                                                                           }});
  }
  providers::Provider& provider() {
    if (!provider_) {
      auto opened = open();
      INFO((opened ? "" : opened.error().message));
      REQUIRE(opened);
      provider_ = std::move(*opened);
    }
    return *provider_;
  }
  std::vector<providers::Step> steps(const std::vector<Change>& changes) {
    auto steps = provider().steps({name("@"), changes, std::nullopt, std::nullopt});
    INFO((steps ? "" : steps.error().message));
    REQUIRE(steps);
    return *steps;
  }

  DnsimpleFake fake;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  std::map<std::string, std::string> options;
  net::Loop loop;
  SystemClock clock;
  std::function<void()> when_told;

 private:
  std::unique_ptr<providers::Provider> provider_;
};

RecordSet www() { return set("www", "A", 300, {"192.0.2.1", "192.0.2.2"}); }
RecordSet moved() { return set("www", "A", 300, {"192.0.2.1", "203.0.113.2"}); }

}  // namespace

TEST_CASE("the account is the token's own, asked for once; a user's token needs the option") {
  OnDnsimple dnsimple;
  SECTION("an account's token") {
    CHECK(dnsimple.provider().read(name("@")));
    CHECK(dnsimple.provider().read(name("@")));
    CHECK(dnsimple.fake.count("GET", "/whoami") == 1);
  }
  SECTION("a user's token") {
    dnsimple.fake.use_user_token();
    const auto zone = dnsimple.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kUsage);
    CHECK(zone.error().message.find("'account'") != std::string::npos);
  }
  SECTION("a user's token, and the account is given") {
    dnsimple.fake.use_user_token();
    dnsimple.options["account"] = "1010";
    CHECK(dnsimple.provider().read(name("@")));
    CHECK(dnsimple.fake.count("GET", "/whoami") == 0);
  }
  SECTION("no number, no answer to yes or no") {
    dnsimple.options["account"] = "../x";
    CHECK(dnsimple.open().error().code == ErrorCode::kUsage);
    dnsimple.options["account"] = "1010";
    dnsimple.options["batch"] = "maybe";
    CHECK(dnsimple.open().error().code == ErrorCode::kUsage);
  }
  SECTION("the URL as other tools give it") {
    dnsimple.options["url"] = dnsimple.fake.root() + "/";
    CHECK(dnsimple.provider().read(name("@")));
  }
}

TEST_CASE("record by record: a call for each that changes, after a look at its name alone") {
  OnDnsimple dnsimple;
  for (const auto& step : dnsimple.steps({change(www(), moved())})) CHECK(dnsimple.provider().apply(step));
  CHECK(dnsimple.fake.count("PATCH", "/records/") == 1);
  CHECK(dnsimple.fake.writes() == 1);
  CHECK(dnsimple.fake.count("GET", "/records?name=www") == 1);
  CHECK(*dnsimple.provider().read(name("@"))->find(www().key()) == moved());
}

TEST_CASE("a record that somebody replaces between the look and the call is a conflict") {
  OnDnsimple dnsimple;
  const auto steps = dnsimple.steps({change(www(), moved())});
  // The call is throttled, and goes out again after the other edit, which gives the records new ids.
  dnsimple.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "PATCH"});
  dnsimple.when_told = [&] { dnsimple.fake.put("example.com", www()); };
  const auto made = dnsimple.provider().apply(steps.at(0));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK(*dnsimple.provider().read(name("@"))->find(www().key()) == www());
}

TEST_CASE("a zone that is not there is no conflict") {
  OnDnsimple dnsimple;
  CHECK(dnsimple.provider().read(*DomainName::from_text("example.org")).error().code == ErrorCode::kNotFound);
}

TEST_CASE("batches need the Enterprise plan; without it nothing is changed, and it says so") {
  OnDnsimple dnsimple;
  dnsimple.options["batch"] = "true";
  const auto steps = dnsimple.steps({change(www(), moved()), create(set("new", "MX", 60, {"10 mail.example.net."}))});
  REQUIRE(steps.size() == 1);
  SECTION("Solo") {
    const auto made = dnsimple.provider().apply(steps[0]);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kUnsupported);
    CHECK(made.error().message.find("does not include batch changes") != std::string::npos);
    CHECK(made.error().message.find("; batches are for the Enterprise plan: take the option 'batch' out") !=
          std::string::npos);
    CHECK(made.error().message.find("nothing was changed") != std::string::npos);
    CHECK(*dnsimple.provider().read(name("@"))->find(www().key()) == www());
  }
  SECTION("Enterprise") {
    dnsimple.fake.set_plan(DnsimpleFake::Plan::kEnterprise);
    REQUIRE(dnsimple.provider().apply(steps[0]));
    CHECK(dnsimple.fake.count("POST", "/batch") == 1);
    CHECK(*dnsimple.provider().read(name("@"))->find(www().key()) == moved());
  }
}

TEST_CASE("what a change of plain values would spoil is told and not changed") {
  OnDnsimple dnsimple;
  struct Row {
    const char *record, *owner, *type, *why;
  };
  const Row rows[] = {
      {R"({"name":"eu","type":"A","ttl":300,"content":"192.0.2.9","regions":["AMS","FRA"]})", "eu", "A",
       "some regions"},
      {R"({"name":"shop","type":"TXT","ttl":300,"content":"\"ALIAS for shop.example.net\""})", "shop", "TXT", "ALIAS"},
      {R"({"name":"mine","type":"A","ttl":300,"content":"192.0.2.9","system_record":true})", "mine", "A",
       "DNSimple itself"},
  };
  for (const Row& row : rows) {
    INFO(row.record);
    dnsimple.fake.add("example.com", row.record);
    const RecordKey key{name(row.owner), *record_type_from_text(row.type)};
    const auto sets = dnsimple.provider().read_sets(name("@"), {key});
    REQUIRE(sets);
    REQUIRE(sets->refused.count(key) == 1);
    CHECK(sets->refused.at(key).find(row.why) != std::string::npos);
    RecordSet wanted = sets->sets.at(key);
    wanted.ttl = Seconds(60);
    const auto made = dnsimple.provider().apply(dnsimple.steps({change(sets->sets.at(key), wanted)}).at(0));
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kUnsupported);
  }
  dnsimple.fake.add("example.com", R"({"name":"go","type":"URL","ttl":300,"content":"https://example.net"})");
  const auto zone = dnsimple.provider().read(name("@"));
  INFO((zone ? "" : zone.error().message));
  CHECK(zone);
  CHECK(dnsimple.fake.writes() == 0);
}

TEST_CASE("a change is in force when the zone is distributed; the sandbox does not say, and is not waited for") {
  OnDnsimple dnsimple;
  dnsimple.fake.set_undistributed(2);
  const auto receipt = dnsimple.provider().apply(dnsimple.steps({change(www(), moved())}).at(0));
  REQUIRE(receipt);
  SECTION("after a while") {
    CHECK_FALSE(*dnsimple.provider().in_sync(*receipt));
    CHECK_FALSE(*dnsimple.provider().in_sync(*receipt));
    CHECK(*dnsimple.provider().in_sync(*receipt));
  }
  SECTION("sandbox") {
    dnsimple.fake.stop_distribution();
    CHECK(*dnsimple.provider().in_sync(*receipt));
  }
}
