// What is OVH's own: signatures for its own time, edits that wait for a refresh, records that have no TTL.
#include <catch2/catch.hpp>

#include "providers/ovh/signature.h"
#include "tests/providers/subject.h"
#include "tests/servers/ovh_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::OvhFake;

namespace {

class Account {
 public:
  Account() {
    fake.add_zone("example.com");
    fake.put("example.com", www());
    folder.write("key", OvhFake::kApplicationKey, 0600);
    folder.write("secret", OvhFake::kApplicationSecret, 0600);
    folder.write("consumer", OvhFake::kConsumerKey, 0600);
    auto made = open({{"url", fake.url()}});
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    provider = std::move(*made);
  }
  Result<std::unique_ptr<providers::Provider>> open(std::map<std::string, std::string> options) {
    options.insert(
        {{"application_key", "file/key"}, {"application_secret", "file/secret"}, {"consumer_key", "file/consumer"}});
    return providers::make_provider({"ovh", options, folder.path()}, {loop_, clock_, {}});
  }
  static RecordSet www() { return set("www", "A", 3600, {"192.0.2.10", "192.0.2.11"}); }
  static RecordSet moved() { return set("www", "A", 60, {"203.0.113.10"}); }
  static ChangeSet changes(const std::vector<Change>& all) { return {name("@"), all, std::nullopt, std::nullopt}; }
  Result<void> write(const std::vector<Change>& all) {
    auto steps = provider->steps(changes(all));
    if (!steps) return steps.error();
    for (const providers::Step& step : *steps)
      if (auto made = provider->apply(step); !made) return made.error();
    return {};
  }
  Result<void> refresh() {
    auto made = provider->apply(*provider->commit(name("@")));
    if (!made) return made.error();
    return {};
  }
  std::vector<std::string> served() const { return fake.served("example.com"); }
  std::vector<std::string> edited() const { return fake.edited("example.com"); }

  OvhFake fake;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  std::unique_ptr<providers::Provider> provider;

 private:
  net::Loop loop_;
  SystemClock clock_;
};

const std::vector<std::string> kBefore{"www 3600 A 192.0.2.10", "www 3600 A 192.0.2.11"};
const std::vector<std::string> kAfter{"www 60 A 203.0.113.10"};

}  // namespace

TEST_CASE("OVH: the signature is the one that its manual describes") {
  // echo -n 'AS+CK+GET+https://eu.api.ovh.com/1.0/domain++1366560945' | sha1sum, and one with a body.
  const providers::ovh::Keys keys{"AK", net::Secret("AS"), net::Secret("CK")};
  CHECK(*providers::ovh::signature_of(keys, "GET", "https://eu.api.ovh.com/1.0/domain", "", 1366560945) ==
        "$1$8a5b491015f8e88a763bda10992400c62b23ca3b");
  CHECK(*providers::ovh::signature_of(keys, "POST", "https://eu.api.ovh.com/1.0/x?y=%20z", R"({"a":1})", 1) ==
        "$1$2e205d1d3ca783934ca647596375c5dbb7dc8bdc");
}

TEST_CASE("OVH: what is edited is served after the refresh, and not before") {
  Account account;
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  CHECK(account.edited() == kAfter);
  CHECK(account.served() == kBefore);
  REQUIRE(account.refresh());
  CHECK(account.served() == kAfter);
}

TEST_CASE("OVH: a key without the right to refresh is an error that says what is not in force") {
  Account account;
  account.fake.deny("POST", "/refresh");
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  const auto made = account.refresh();
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kAuth);
  CHECK(made.error().message.find("This call has not been granted") != std::string::npos);
  CHECK(made.error().message.find("not in force until that call is made") != std::string::npos);
  CHECK(account.served() == kBefore);
}

TEST_CASE("OVH: the way back refreshes, also where it was cut off right before that") {
  Account account;
  const ChangeSet forth = Account::changes({change(Account::www(), Account::moved())});
  const auto script = account.provider->inverse_script(inverse_of(forth));
  REQUIRE(script);
  REQUIRE(account.write(forth.changes));
  REQUIRE(account.refresh());
  account.folder.write(script->file_name, script->text);
  const auto run = [&] {
    return servers::run_program({"sh", "-c", script->how_to_run}, {}, std::chrono::seconds(60), account.folder.path());
  };
  account.fake.strike({.kind = ApiFault::Kind::kFailBefore, .method = "POST", .path = "/refresh"});
  const auto cut_off = run();
  INFO(cut_off.output);
  CHECK(cut_off.status != 0);
  CHECK(account.edited() == kBefore);
  CHECK(account.served() == kAfter);
  const auto again = run();
  INFO(again.output);
  CHECK(again.output.find("as they were before the change already") != std::string::npos);
  CHECK(account.served() == kBefore);
}

TEST_CASE("OVH: its own clock may be hours away; it is asked for the time once") {
  Account account;
  account.fake.set_time_ahead(std::chrono::hours(-5));
  REQUIRE(account.provider->read(name("@")));
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  CHECK(account.fake.count("GET", "/auth/time") == 1);
}

TEST_CASE("OVH: a wrong secret is an error about the credential, though it comes with HTTP 400") {
  Account account;
  account.folder.write("secret", "another-secret", 0600);
  auto provider = account.open({{"url", account.fake.url()}});
  REQUIRE(provider);
  const auto zone = (*provider)->read(name("@"));
  REQUIRE_FALSE(zone);
  CHECK(zone.error().code == ErrorCode::kAuth);
  CHECK(zone.error().message.find("another-secret") == std::string::npos);
}

TEST_CASE("OVH: records without a TTL have the zone's, and targets without a dot are the zone's") {
  Account account;
  account.fake.add("example.com", "cdn", "CNAME", 0, "www");
  account.fake.add("example.com", "", "MX", 300, "10 mail");
  account.fake.add("example.com", "", "TXT", 300, "v=spf1 -all");
  const auto zone = account.provider->read(name("@"));
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  CHECK((*zone->find({name("cdn"), RecordType::kCname}) == set("cdn", "CNAME", 7200, {"www"})));
  CHECK((*zone->find({name("@"), RecordType::kMx}) == set("@", "MX", 300, {"10 mail"})));
  CHECK((*zone->find({name("@"), RecordType::kTxt}) == set("@", "TXT", 300, {"\"v=spf1 -all\""})));
}

TEST_CASE("OVH: records of its own types, and records that are there twice, are refused") {
  Account account;
  account.fake.add("example.com", "k._domainkey", "DKIM", 300, "v=DKIM1;k=rsa;p=MIIB");
  account.fake.add("example.com", "twice", "A", 300, "192.0.2.1");
  account.fake.add("example.com", "twice", "A", 300, "192.0.2.1");
  const RecordKey dkim{name("k._domainkey"), RecordType::kTxt}, twice{name("twice"), RecordType::kA};
  const auto sets = account.provider->read_sets(name("@"), {dkim, twice, Account::www().key()});
  INFO((sets ? "" : sets.error().message));
  REQUIRE(sets);
  CHECK(sets->refused.size() == 2);
  CHECK(sets->refused.at(dkim).find("OVH's own type DKIM") != std::string::npos);
  CHECK(sets->refused.at(twice).find("the same record twice") != std::string::npos);
}

TEST_CASE("OVH: a few sets are read without the rest of the zone") {
  Account account;
  for (int i = 0; i < 20; ++i) account.fake.add("example.com", "n" + std::to_string(i), "A", 300, "192.0.2.1");
  account.fake.forget_requests();
  const auto sets =
      account.provider->read_sets(name("@"), {Account::www().key(), set("new", "A", 60, {"192.0.2.1"}).key()});
  REQUIRE(sets);
  CHECK(sets->sets.size() == 1);
  CHECK_FALSE(sets->in_zone);
  CHECK(account.fake.count("GET", "/record") == 4);  // two lists, two records
}

TEST_CASE("OVH: an endpoint is one of three") {
  Account account;
  const auto made = account.open({{"endpoint", "ovh-mars"}});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUsage);
}
