// What is Namecheap's own: a zone that is only ever written whole, and errors that look like successes.
#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/namecheap_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::NamecheapFake;

namespace {

class Account {
 public:
  explicit Account(const std::string& rewrite = "yes") {
    fake.add_zone("example.com");
    fake.put("example.com", www());
    fake.add("example.com", {"@", "MX", "mail.example.com.", "10", 1800});
    fake.add("example.com", {"@", "ALIAS", "lb.example.net.", "10", 300});
    fake.add("example.com", {"blog", "URL301", "https://blog.example.net/?a=1&b=2", "10", 1800});
    fake.add("example.com", {"_dmarc", "TXT", "v=DMARC1; p=none", "10", 1799});
    folder.write("user", NamecheapFake::kUser, 0600);
    folder.write("key", NamecheapFake::kKey, 0600);
    provider_ = providers::make_provider({"namecheap",
                                          {{"url", fake.url()},
                                           {"user", "file/user"},
                                           {"key", "file/key"},
                                           {"client_ip", NamecheapFake::kClientIp},
                                           {"rewrite_zone", rewrite}},
                                          folder.path()},
                                         {loop_, clock_, {}});
  }
  const Result<std::unique_ptr<providers::Provider>>& opened() const { return provider_; }
  providers::Provider& provider() {
    INFO((provider_ ? "" : provider_.error().message));
    REQUIRE(provider_);
    return **provider_;
  }
  static RecordSet www() { return set("www", "A", 3600, {"192.0.2.10"}); }
  static RecordSet moved() { return set("www", "A", 60, {"203.0.113.10"}); }
  Result<void> write(const std::vector<Change>& all) {
    auto steps = provider().steps({name("@"), all, std::nullopt, std::nullopt});
    if (!steps) return steps.error();
    for (const providers::Step& step : *steps)
      if (auto made = provider().apply(step); !made) return made.error();
    return {};
  }
  /// How often it was refused, and with what.
  Error refused(const std::vector<Change>& all) {
    const auto made = write(all);
    REQUIRE_FALSE(made);
    CHECK(fake.rewritten() == 0);
    return made.error();
  }

  NamecheapFake fake;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};

 private:
  net::Loop loop_;
  SystemClock clock_;
  Result<std::unique_ptr<providers::Provider>> provider_ = fail(ErrorCode::kInternal, "not opened");
};

}  // namespace

TEST_CASE("Namecheap: nothing is written unless the plan says that the zone may be rewritten") {
  Account account("");
  CHECK(account.provider().read(name("@")));
  const Error error = account.refused({change(Account::www(), Account::moved())});
  CHECK(error.code == ErrorCode::kUnsupported);
  CHECK(error.message.find("set rewrite_zone: \"yes\"") != std::string::npos);
  const Account wrong("true");
  REQUIRE_FALSE(wrong.opened());
  CHECK(wrong.opened().error().code == ErrorCode::kUsage);
}

TEST_CASE("Namecheap: all that is not changed is written back as it was, types of its own and mail settings included") {
  Account account;
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  const std::vector<std::string> after{
      "@ 1800 MX 10 mail.example.com.",
      "@ 300 ALIAS lb.example.net.",
      "_dmarc 1799 TXT v=DMARC1; p=none",
      "blog 1800 URL301 https://blog.example.net/?a=1&b=2",
      "www 60 A 203.0.113.10",
  };
  CHECK(account.fake.hosts("example.com") == after);
  CHECK(account.fake.mail("example.com") == "MX");
  CHECK(account.fake.rewritten() == 1);
}

TEST_CASE("Namecheap: a rewriting that would lose something is refused") {
  Account account;
  const std::vector<Change> change_www{change(Account::www(), Account::moved())};
  SECTION("a record that is switched off") {
    account.fake.add("example.com", {"off", "A", "192.0.2.5", "10", 1800, false});
    CHECK(account.refused(change_www).message.find("is switched off, which it would lose") != std::string::npos);
  }
  SECTION("a record that dynamic DNS sets") {
    account.fake.add("example.com", {"home", "A", "192.0.2.5", "10", 1800, true, true});
    CHECK(account.refused(change_www).message.find("is set by dynamic DNS") != std::string::npos);
  }
  SECTION("mail at a service of its own") {
    account.fake.set_mail("example.com", "OX");
    CHECK(account.refused(change_www).message.find("mail is set to OX") != std::string::npos);
  }
  SECTION("the last MX record") {
    const Error error = account.refused({remove(set("@", "MX", 1800, {"10 mail.example.com."}))});
    CHECK(error.message.find("no MX record would be left") != std::string::npos);
  }
  SECTION("the first MX record, for no rollback could take it away") {
    NamecheapFake& fake = account.fake;
    RecordSet none = set("@", "MX", 1800, {"10 mail.example.com."});
    none.rdata.clear();
    fake.put("example.com", none);
    const Error error = account.refused({create(set("mail", "MX", 1800, {"10 mail.example.com."}))});
    CHECK(error.message.find("could not be written back") != std::string::npos);
  }
  SECTION("a domain that others serve") {
    account.fake.lead_elsewhere("example.com");
    CHECK(account.refused(change_www).code == ErrorCode::kRefused);
  }
}

TEST_CASE("Namecheap: an address that is not on the whitelist is told so, though the answer is HTTP 200") {
  Account account;
  account.fake.empty_whitelist();
  const auto zone = account.provider().read(name("@"));
  REQUIRE_FALSE(zone);
  CHECK(zone.error().code == ErrorCode::kAuth);
  CHECK(zone.error().message.find("Invalid request IP: 198.51.100.77") != std::string::npos);
  CHECK(zone.error().message.find("whitelist") != std::string::npos);
  CHECK(zone.error().message.find(NamecheapFake::kKey) == std::string::npos);
}

TEST_CASE("Namecheap: the key is in no URL") {
  Account account;
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  for (const servers::ApiLogEntry& entry : account.fake.requests()) CHECK(entry.target == "/xml.response");
}

TEST_CASE("Namecheap: HTTP 405 is its way to say that it is asked too often") {
  Account account;
  account.fake.strike({.kind = ApiFault::Kind::kThrottled});
  CHECK(account.provider().read(name("@")));
  CHECK(account.fake.count("POST") == 2);
}
