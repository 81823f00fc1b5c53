// What is Gandi's own: names in the letters in which they are kept, targets relative to the zone, one call per set.
#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/gandi_fake.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;

namespace {

class Account {
 public:
  Account() {
    fake.add_zone("example.com");
    put(set("www", "A", 3600, {"192.0.2.10"}));
    folder_.write("token", servers::GandiFake::kToken, 0600);
    auto made = providers::make_provider({"gandi", {{"url", fake.url()}, {"token", "file/token"}}, folder_.path()},
                                         {loop_, clock_, {}});
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    provider = std::move(*made);
  }
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

  servers::GandiFake fake;
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  std::unique_ptr<providers::Provider> provider;

 private:
  net::Loop loop_;
  SystemClock clock_;
};

}  // namespace

TEST_CASE("Gandi: a set is changed, deleted and given back in the letters in which it is kept") {
  Account account;
  const RecordSet www = set("www", "A", 3600, {"192.0.2.10"}), moved = set("www", "A", 300, {"203.0.113.10"});
  account.fake.rename("example.com", www.key(), "Www");
  const ChangeSet forth = Account::changes({change(www, moved)});
  const auto script = account.provider->inverse_script(inverse_of(forth));
  REQUIRE(script);
  REQUIRE(account.write(forth.changes));
  CHECK(account.sets() == std::vector<std::string>{"www.example.com 300 A 203.0.113.10"});
  account.folder_.write(script->file_name, script->text);
  const auto undone =
      servers::run_program({"sh", "-c", script->how_to_run}, {}, std::chrono::seconds(60), account.folder_.path());
  INFO(undone.output);
  CHECK(undone.status == 0);
  CHECK(account.sets() == std::vector<std::string>{"www.example.com 3600 A 192.0.2.10"});
  REQUIRE(account.write({remove(www)}));
  CHECK(account.sets().empty());
  CHECK(account.fake.count("DELETE", "/records/Www/A") == 1);
}

TEST_CASE("Gandi: targets without a dot at their end are the zone's") {
  Account account;
  account.put({name("cdn"), RecordType::kCname, Seconds(300), {"www"}});
  account.put({name("self"), RecordType::kCname, Seconds(300), {"@"}});
  account.put({name("@"), RecordType::kMx, Seconds(300), {"10 mail", "20 mx.example.net."}});
  account.put({name("@"), RecordType::kTxt, Seconds(300), {"\"no name here\""}});
  const auto zone = account.provider->read(name("@"));
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  const auto values = [&](const char* owner, RecordType type) { return zone->find({name(owner), type})->rdata; };
  CHECK(values("cdn", RecordType::kCname) == std::vector<std::string>{"www.example.com."});
  CHECK(values("self", RecordType::kCname) == std::vector<std::string>{"example.com."});
  CHECK(values("@", RecordType::kMx) == std::vector<std::string>{"10 mail.example.com.", "20 mx.example.net."});
  CHECK(values("@", RecordType::kTxt) == std::vector<std::string>{"\"no name here\""});
}

TEST_CASE("Gandi: a set that is there already is not created again, whoever made it and when") {
  Account account;
  const RecordSet mine = set("new", "A", 300, {"203.0.113.1"});
  // It comes into being between the list that is compared and the call.
  const auto steps = account.provider->steps(Account::changes({create(mine)}));
  REQUIRE(steps);
  account.fake.hide_next_list();
  account.put(set("new", "A", 300, {"198.51.100.7"}));
  const auto made = account.provider->apply(steps->at(0));
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK(account.fake.count("POST") == 1);
  CHECK(account.sets().at(0) == "new.example.com 300 A 198.51.100.7");
}

TEST_CASE("Gandi: a change of several sets that stops half-way leaves whole sets behind") {
  Account account;
  const RecordSet api = set("api", "A", 3600, {"192.0.2.11"});
  account.put(api);
  account.fake.strike({.kind = ApiFault::Kind::kExpired, .method = "PUT", .after = 1});
  const auto made =
      account.write({change(set("www", "A", 3600, {"192.0.2.10"}), set("www", "A", 300, {"203.0.113.10"})),
                     change(api, set("api", "A", 300, {"203.0.113.11"}))});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kAuth);
  const std::vector<std::string> half{"api.example.com 3600 A 192.0.2.11", "www.example.com 300 A 203.0.113.10"};
  CHECK(account.sets() == half);
}

TEST_CASE("Gandi: what it says of a wrong request is told") {
  Account account;
  const RecordSet wrong{name("b"), RecordType::kA, Seconds(300), {"not-an-address"}};
  const auto made = account.write({create(wrong)});
  REQUIRE_FALSE(made);
  CHECK(made.error().message.find("(HTTP 400): 'not-an-address' is no data of type A") != std::string::npos);
}
