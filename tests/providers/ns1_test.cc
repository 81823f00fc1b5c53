// What is NS1's own: answers that are made up when they are asked for, and its way to say "too often".
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/ns1_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;

namespace {

class Account {
 public:
  Account() {
    fake.add_zone("example.com");
    put(www());
    folder_.write("key", servers::Ns1Fake::kKey, 0600);
    auto made = providers::make_provider({"ns1", {{"url", fake.url()}, {"key", "file/key"}}, folder_.path()},
                                         {loop_, clock_, {}});
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    provider = std::move(*made);
  }
  static RecordSet www() { return set("www", "A", 3600, {"192.0.2.10", "192.0.2.11"}); }
  static RecordSet moved() { return set("www", "A", 60, {"203.0.113.10"}); }
  void put(const RecordSet& set) { fake.put("example.com", set); }
  std::vector<std::string> sets() const { return fake.sets("example.com"); }
  static ChangeSet changes(const std::vector<Change>& all) { return {name("@"), all, std::nullopt, std::nullopt}; }
  Result<void> write(const std::vector<Change>& all) {
    auto steps = provider->steps(changes(all));
    if (!steps) return steps.error();
    for (const providers::Step& step : *steps)
      if (auto made = provider->apply(step); !made) return made.error();
    return {};
  }

  servers::Ns1Fake fake;
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  std::unique_ptr<providers::Provider> provider;

 private:
  net::Loop loop_;
  SystemClock clock_;
};

struct Dressed {
  const char *fields, *why;
};
const Dressed kDressed[] = {
    {R"({"filters":[{"filter":"up","config":{}}]})", "has a filter chain"},
    {R"({"regions":{"east":{"meta":{}}}})", "in groups (regions)"},
    {R"({"feeds":[{"feed":"1","source":"2"}]})", "has data feeds"},
    {R"({"meta":{"up":true}})", "has metadata, which"},
    {R"({"link":"other.example.com"})", "is linked to another record"},
    {R"({"answers":[{"answer":["192.0.2.10"],"meta":{"weight":10}},{"answer":["192.0.2.11"]}]})",
     "has metadata at its answers"},
    {R"({"answers":[{"answer":["192.0.2.10"],"region":"east"},{"answer":["192.0.2.11"]}]})",
     "has metadata at its answers"},
};

}  // namespace

TEST_CASE("NS1: a record whose answers are made up is refused with the reason, before anything is written") {
  for (const Dressed& one : kDressed) {
    INFO(one.fields);
    Account account;
    account.fake.dress("example.com", Account::www().key(), one.fields);
    const auto sets = account.provider->read_sets(name("@"), {Account::www().key()});
    REQUIRE(sets);
    REQUIRE(sets->refused.count(Account::www().key()) == 1);
    CHECK(sets->refused.at(Account::www().key()).find(one.why) != std::string::npos);
    const auto made = account.write({change(Account::www(), Account::moved())});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kUnsupported);
    CHECK(made.error().message.find(one.why) != std::string::npos);
    CHECK(account.fake.writes() == 0);
  }
}

TEST_CASE("NS1: the way back stops where somebody has put a filter chain on a record since") {
  Account account;
  const ChangeSet forth = Account::changes({change(Account::www(), Account::moved())});
  const auto script = account.provider->inverse_script(inverse_of(forth));
  REQUIRE(script);
  REQUIRE(account.write(forth.changes));
  account.fake.dress("example.com", Account::www().key(), kDressed[0].fields);
  account.folder_.write(script->file_name, script->text);
  const auto undone =
      servers::run_program({"sh", "-c", script->how_to_run}, {}, std::chrono::seconds(60), account.folder_.path());
  CHECK(undone.status != 0);
  CHECK(undone.output.find("has filters, groups or metadata now; nothing was changed") != std::string::npos);
  CHECK(account.sets() == std::vector<std::string>{"www.example.com 60 A 203.0.113.10"});
}

TEST_CASE("NS1: where only the TTL changes, no answers are sent") {
  Account account;
  RecordSet low = Account::www();
  low.ttl = Seconds(60);
  REQUIRE(account.write({change(Account::www(), low)}));
  for (const servers::ApiLogEntry& entry : account.fake.requests())
    if (entry.method == "POST") CHECK(entry.body.find("answers") == std::string::npos);
  CHECK(account.sets() == std::vector<std::string>{"www.example.com 60 A 192.0.2.10 | 192.0.2.11"});
}

TEST_CASE("NS1: a call that it refuses because of its rate is made again, and no other") {
  Account account;
  account.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = "POST"});
  REQUIRE(account.write({change(Account::www(), Account::moved())}));
  CHECK(account.fake.count("POST") == 2);
  account.fake.strike({.kind = ApiFault::Kind::kFailAfter, .method = "POST"});
  const auto made = account.write({change(Account::moved(), Account::www())});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUnknown);
  CHECK(account.fake.count("POST") == 3);
}

TEST_CASE("NS1: every type goes there in its fields and comes back the same") {
  Account account;
  const std::vector<RecordSet> sets{
      set("a", "AAAA", 60, {"2001:db8::1"}),
      set("m", "MX", 60, {"10 mail.example.com.", "20 mx.example.net."}),
      set("s", "SRV", 60, {"1 2 443 a.example.com."}),
      set("c", "CAA", 60, {"0 issue \"ca.example.net\"", "128 iodef \"mailto:ca@example.com; x=1\""}),
      set("_443._tcp", "TLSA", 60, {"3 1 1 " + std::string(64, 'a')}),
      set("h", "HTTPS", 60, {"1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1", "2 b.example.net."}),
      set("t", "TXT", 60, {R"("v=spf1 \"quoted\" -all")"}),
      set("d", "DNAME", 60, {"d.example.net."}),
  };
  std::vector<Change> all;
  for (const RecordSet& one : sets) all.push_back(create(one));
  const auto made = account.write(all);
  INFO((made ? "" : made.error().message) << account.fake.log());
  REQUIRE(made);
  const auto zone = account.provider->read(name("@"));
  REQUIRE(zone);
  for (const RecordSet& one : sets) {
    INFO(one.key().text());
    const RecordSet* found = zone->find(one.key());
    REQUIRE(found != nullptr);
    CHECK((*found == one));
  }
}

TEST_CASE("NS1: types that are not written are shown and refused") {
  Account account;
  account.put({name("alias"), RecordType::kNaptr, Seconds(60), {R"(100 50 "s" "http" "" a.example.com.)"}});
  const RecordKey key{name("alias"), RecordType::kNaptr};
  const auto sets = account.provider->read_sets(name("@"), {key});
  INFO((sets ? "" : sets.error().message));
  REQUIRE(sets);
  CHECK(sets->sets.count(key) == 1);
  CHECK(sets->refused.count(key) == 1);
}
