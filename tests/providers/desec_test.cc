// What is deSEC's own: TTLs that have a floor, pages found by a header, errors item by item.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/desec_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;

namespace {

class Account {
 public:
  explicit Account(const std::string& minimum_ttl = {}) {
    fake.add_zone("example.com");
    fake.put("example.com", set("www", "A", 3600, {"192.0.2.10"}));
    folder_.write("token", servers::DesecFake::kToken, 0600);
    config_ = {"desec", {{"url", fake.url()}, {"token", "file/token"}}, folder_.path()};
    if (!minimum_ttl.empty()) config_.options["minimum_ttl"] = minimum_ttl;
    provider_ = providers::make_provider(config_, providers::Context{loop_, clock_, {}});
  }
  providers::Provider& provider() {
    INFO((provider_ ? "" : provider_.error().message));
    REQUIRE(provider_);
    return **provider_;
  }
  const Result<std::unique_ptr<providers::Provider>>& opened() const { return provider_; }
  Result<void> write(const std::vector<Change>& changes) {
    auto steps = provider().steps({name("@"), changes, std::nullopt, std::nullopt});
    if (!steps) return steps.error();
    for (const providers::Step& step : *steps)
      if (auto made = provider().apply(step); !made) return made.error();
    return {};
  }

  servers::DesecFake fake;

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  providers::ProviderConfig config_;
  net::Loop loop_;
  SystemClock clock_;
  Result<std::unique_ptr<providers::Provider>> provider_ = fail(ErrorCode::kInternal, "not opened");
};

RecordSet www(int ttl, const std::string& address) { return set("www", "A", ttl, {address}); }

}  // namespace

TEST_CASE("deSEC: a TTL below an hour is refused beforehand, with the way to get one") {
  Account account;
  const auto made = account.write({change(www(3600, "192.0.2.10"), www(60, "192.0.2.10"))});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnsupported);
  CHECK(made.error().message.find("3600 s, unless deSEC's support granted") != std::string::npos);
  CHECK(account.fake.count("") == 0);
}

TEST_CASE("deSEC: a plan that claims a lower TTL than the domain was granted is told so when the zone is read") {
  Account account("60");
  const auto zone = account.provider().read(name("@"));
  REQUIRE_FALSE(zone);
  CHECK(zone.error().code == ErrorCode::kUsage);
  CHECK(zone.error().message.find("no less than 3600") != std::string::npos);
  account.fake.grant("example.com", 60);
  CHECK(account.provider().read(name("@")));
  CHECK(account.write({change(www(3600, "192.0.2.10"), www(60, "192.0.2.10"))}));
}

TEST_CASE("deSEC: minimum_ttl is a number of seconds that a TTL may be") {
  for (const char* wrong : {"0", "-1", "1h", "86401", "60 "}) {
    INFO(wrong);
    const Account account(wrong);
    REQUIRE_FALSE(account.opened());
    CHECK(account.opened().error().code == ErrorCode::kUsage);
  }
}

TEST_CASE("deSEC: an old TTL below the floor stays when only values change") {
  Account account;
  account.fake.put("example.com", www(300, "192.0.2.10"));
  REQUIRE(account.write({change(www(300, "192.0.2.10"), www(300, "203.0.113.10"))}));
  CHECK(account.fake.sets("example.com") == std::vector<std::string>{"www.example.com 300 A 203.0.113.10"});
}

TEST_CASE("deSEC: a zone of more than 500 sets is read page by page") {
  Account account;
  for (int i = 0; i < 1203; ++i) account.fake.put("example.com", set(fmt::format("n{}", i), "A", 3600, {"192.0.2.1"}));
  const auto zone = account.provider().read(name("@"));
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  CHECK(zone->sets.size() == 1204);
  CHECK(account.fake.count("GET", "/rrsets/") == 3);
}

TEST_CASE("deSEC: of a refused bulk request the item at fault is shown") {
  Account account;
  // No A record holds this; deSEC says so, for the second of two.
  const RecordSet wrong{name("b"), RecordType::kA, Seconds(3600), {"not-an-address"}};
  const auto made = account.write({create(set("a", "A", 3600, {"192.0.2.1"})), create(wrong)});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kInvalid);
  CHECK(made.error().message.find(R"([{"records":["'not-an-address' is no data of type A"]}])") != std::string::npos);
  CHECK(account.fake.sets("example.com").size() == 1);
}

TEST_CASE("deSEC: a short pause is waited for, that of a whole day is not") {
  Account account;
  account.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "PATCH"});
  REQUIRE(account.write({change(www(3600, "192.0.2.10"), www(3600, "203.0.113.10"))}));
  CHECK(account.fake.count("PATCH") == 2);
  account.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "PATCH", .retry_after = std::chrono::hours(20)});
  const auto made = account.write({change(www(3600, "203.0.113.10"), www(3600, "192.0.2.10"))});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kBusy);
  CHECK(made.error().message.find("it asks to wait 20h") != std::string::npos);
  CHECK(account.fake.count("PATCH") == 3);
}

TEST_CASE("deSEC: what it does not take is refused beforehand") {
  Account account;
  const auto code_of = [&](const RecordSet& wanted) {
    const auto steps = account.provider().steps({name("@"), {create(wanted)}, std::nullopt, std::nullopt});
    return steps ? ErrorCode::kInternal : steps.error().code;
  };
  CHECK(code_of(set("@", "CNAME", 3600, {"lb.example.net."})) == ErrorCode::kUnsupported);
  CHECK(code_of(set("a\\@b", "TXT", 3600, {"\"x\""})) == ErrorCode::kUnsupported);
  CHECK(code_of(set("a.*", "TXT", 3600, {"\"x\""})) == ErrorCode::kUnsupported);
  CHECK(code_of(set("*.a", "TXT", 3600, {"\"x\""})) == ErrorCode::kInternal);
}
