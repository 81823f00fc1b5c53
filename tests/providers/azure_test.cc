// What is special to Azure DNS: typed records, versions, aliases, links to other pages, tokens.
#include <catch2/catch.hpp>
#include <iostream>

#include "tests/providers/subject.h"
#include "tests/servers/azure_fake.h"
#include "tests/servers/prism.h"

using namespace cutover;
using namespace cutover::tests;
using servers::ApiFault;
using servers::AzureFake;

namespace {

/// Azure with example.com, and a provider made for it.
class OnAzure {
 public:
  OnAzure() {
    fake.add_zone("example.com");
    fake.put("example.com", set("www", "A", 300, {"192.0.2.1"}));
    options = {{"url", fake.url()},
               {"login_url", fake.url()},
               {"tenant", AzureFake::kTenant},
               {"client_id", AzureFake::kClient},
               {"client_secret", "file/secret"},
               {"subscription", AzureFake::kSubscription},
               {"resource_group", AzureFake::kGroup}};
    folder.write("secret", AzureFake::kClientSecret, 0600);
  }
  providers::Provider& provider() {
    if (!provider_) {
      auto opened =
          providers::make_provider({"azure", options, folder.path()}, {loop, clock, {}, [this](const std::string&) {
                                                                         if (when_told) when_told();
                                                                       }});
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
  Result<providers::Receipt> make(const Change& change) {
    const auto one = steps({change});
    REQUIRE(one.size() == 1);
    return provider().apply(one[0]);
  }

  AzureFake fake;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  std::map<std::string, std::string> options;
  net::Loop loop;
  SystemClock clock;
  std::function<void()> when_told;

 private:
  std::unique_ptr<providers::Provider> provider_;
};

RecordSet www() { return set("www", "A", 300, {"192.0.2.1"}); }
RecordSet moved() { return set("www", "A", 60, {"203.0.113.1"}); }

}  // namespace

TEST_CASE("every type that Azure has is written in its own fields and read back") {
  OnAzure azure;
  const RecordSet sets[] = {
      set("all", "A", 60, {"192.0.2.1", "192.0.2.2"}),
      set("all", "AAAA", 60, {"2001:db8::1"}),
      set("all", "MX", 60, {"10 mail.example.net.", "20 mail2.example.net."}),
      set("all", "TXT", 60, {R"("a; b" "c \"d\" \\")", R"("v=spf1 -all")"}),
      set("_sip._tcp", "SRV", 60, {"10 20 5060 sip.example.net."}),
      set("@", "CAA", 60, {R"(0 issue "ca.example.net; policy=ev")"}),
      set("4.3.2.1", "PTR", 60, {"host.example.net."}),
      set("*.name", "CNAME", 60, {"other.example.net."}),
  };
  for (const RecordSet& each : sets) {
    const auto made = azure.make(create(each));
    INFO(each.key().text() << (made ? "" : made.error().message));
    REQUIRE(made);
    const Zone zone = *azure.provider().read(name("@"));
    REQUIRE(zone.find(each.key()) != nullptr);
    CHECK(*zone.find(each.key()) == each);
  }
}

TEST_CASE("metadata of a record set stays when its records change") {
  OnAzure azure;
  azure.fake.add("example.com", "A", "www",
                 R"({"TTL":300,"metadata":{"owner":"web"},"ARecords":[{"ipv4Address":"192.0.2.1"}]})");
  REQUIRE(azure.make(change(www(), moved())));
  CHECK(azure.fake.properties("example.com", "A", "www") ==
        R"({"TTL":60,"metadata":{"owner":"web"},"ARecords":[{"ipv4Address":"203.0.113.1"}]})");
}

TEST_CASE("aliases and empty sets are told and not changed") {
  OnAzure azure;
  azure.fake.add("example.com", "A", "alias", R"({"TTL":300,"targetResource":{"id":"/subscriptions/s/ip"}})");
  azure.fake.add("example.com", "A", "empty", R"({"TTL":300,"ARecords":[]})");
  for (const auto& [owner, why] : {std::pair("alias", "alias of an Azure resource"), std::pair("empty", "empty")}) {
    const RecordKey key{name(owner), RecordType::kA};
    const auto sets = azure.provider().read_sets(name("@"), {key});
    REQUIRE(sets);
    REQUIRE(sets->refused.count(key) == 1);
    CHECK(sets->refused.at(key).find(why) != std::string::npos);
    const RecordSet wanted = set(owner, "A", 300, {"203.0.113.1"});
    const auto live = sets->sets.find(key);
    const auto made = azure.make(live == sets->sets.end() ? create(wanted) : change(live->second, wanted));
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kUnsupported);
  }
  CHECK(azure.fake.count("PUT") + azure.fake.count("PATCH") == 0);
}

TEST_CASE("what Azure cannot hold is refused beforehand") {
  OnAzure azure;
  for (const RecordSet& each : {set("www", "HTTPS", 60, {"1 . alpn=\"h2\""}), set("@", "CNAME", 60, {"a.example.net."}),
                                set("text", "TXT", 60, {"\"\\195\\164\""}), set("www", "A", 0, {"192.0.2.1"})}) {
    const auto steps = azure.provider().steps({name("@"), {create(each)}, std::nullopt, std::nullopt});
    INFO(each.key().text());
    REQUIRE_FALSE(steps);
    CHECK(steps.error().code == ErrorCode::kUnsupported);
  }
}

TEST_CASE("who changes a set of Azure's between the last look and the call is not overwritten") {
  struct Row {
    const char* method;
    Change ours;
    RecordSet theirs;
  };
  const Row rows[] = {
      {"PATCH", change(www(), moved()), set("www", "A", 300, {"192.0.2.7"})},
      {"DELETE", remove(www()), set("www", "A", 300, {"192.0.2.1", "192.0.2.2"})},
      {"PUT", create(set("new", "A", 60, {"203.0.113.1"})), set("new", "A", 60, {"203.0.113.1"})},
  };
  for (const Row& row : rows) {
    INFO(row.method);
    OnAzure azure;
    // The call is throttled, and goes out again after the other edit.
    azure.fake.strike({.kind = ApiFault::Kind::kThrottled, .method = row.method});
    azure.when_told = [&] { azure.fake.put("example.com", row.theirs); };
    const auto made = azure.make(row.ours);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kConflict);
    CHECK(azure.fake.count(row.method) == 2);
    CHECK(*azure.provider().read(name("@"))->find(row.theirs.key()) == row.theirs);
  }
}

TEST_CASE("a change of several sets that stops half-way has made the ones before, and can be undone") {
  OnAzure azure;
  azure.fake.put("example.com", set("api", "A", 300, {"192.0.2.2"}));
  const std::vector<Change> changes{change(www(), moved()),
                                    change(set("api", "A", 300, {"192.0.2.2"}), set("api", "A", 60, {"203.0.113.2"}))};
  const auto steps = azure.steps(changes);
  REQUIRE(steps.size() == 2);
  REQUIRE(azure.provider().apply(steps[0]));
  azure.fake.put("example.com", set("api", "A", 300, {"192.0.2.9"}));
  const auto second = azure.provider().apply(steps[1]);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kConflict);
  CHECK(*azure.provider().read(name("@"))->find(www().key()) == moved());
  REQUIRE(azure.make(change(moved(), www())));
  CHECK(*azure.provider().read(name("@"))->find(www().key()) == www());
}

TEST_CASE("a link to another page that leads elsewhere is not followed") {
  OnAzure azure;
  azure.fake.set_page(1);
  SECTION("at the API: all pages are read") { CHECK(azure.provider().read(name("@"))->sets.size() == 2); }
  SECTION("elsewhere") {
    AzureFake elsewhere;
    azure.fake.set_link_base(elsewhere.url());
    const auto zone = azure.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kInvalid);
    CHECK(elsewhere.requests().empty());
  }
}

TEST_CASE("Azure's own refusals") {
  OnAzure azure;
  SECTION("a wrong secret: the sentence says why, without it") {
    azure.folder.write("secret", "mistyped~secret", 0600);
    const auto zone = azure.provider().read(name("@"));
    REQUIRE_FALSE(zone);
    CHECK(zone.error().code == ErrorCode::kAuth);
    CHECK(zone.error().message.find("AADSTS7000215") != std::string::npos);
    CHECK(zone.error().message.find("mistyped") == std::string::npos);
  }
  SECTION("a token that has expired is fetched anew") {
    azure.fake.strike({.kind = ApiFault::Kind::kExpired, .method = "PATCH"});
    CHECK(azure.make(change(www(), moved())));
    CHECK(azure.fake.granted() == 2);
  }
  SECTION("a locked resource group is a no, not a conflict") {
    azure.fake.lock_group();
    const auto made = azure.make(change(www(), moved()));
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kRefused);
    CHECK(azure.fake.count("PATCH") == 1);
  }
  SECTION("another resource group") {
    azure.options["resource_group"] = "elsewhere";
    CHECK(azure.provider().read(name("@")).error().code == ErrorCode::kNotFound);
  }
}

TEST_CASE("Azure DNS and its fake keep the published contract") {
  OnAzure azure;
  azure.fake.set_page(2);
  const auto prism = servers::prism_before(azure.fake, AzureFake::kContract, "Azure DNS against its contract");
  if (!prism) return;
  azure.fake.set_link_base(prism->url());
  azure.options["url"] = prism->url();
  CHECK(azure.provider().read(name("@")));
  for (const Change& each :
       {change(www(), moved()), create(set("new", "TXT", 60, {"\"a\" \"b\""})),
        create(set("@", "CAA", 60, {R"(0 issue "ca.example.net")"})), remove(set("new", "TXT", 60, {"\"a\" \"b\""}))}) {
    const auto made = azure.make(each);
    INFO(each.key.text() << ": " << (made ? "" : made.error().message));
    CHECK(made);
  }
  CHECK(azure.make(change(www(), moved())).error().code == ErrorCode::kConflict);
  CHECK(prism->violations() == std::vector<std::string>());
  std::cout << "Prism: Azure DNS, " << prism->requests() << " requests, " << prism->violations().size()
            << " violations\n";
}
