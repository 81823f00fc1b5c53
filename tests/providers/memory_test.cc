#include "providers/memory/memory.h"

#include <catch2/catch.hpp>

#include "net/message.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using providers::memory::Server;

namespace {

Server filled() {
  Server server;
  server.zones.emplace(name("@"), *net::parse_zone_file(zone_text(), name("@")));
  return server;
}

ChangeSet two_changes() {
  return {name("@"),
          {change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 86400, {"203.0.113.10"})),
           change(set("old", "A", 3600, {"192.0.2.40"}), set("old", "A", 3600, {"203.0.113.40"}))},
          std::nullopt,
          std::nullopt};
}

int applied(const Server& server) {
  int count = 0;
  for (const Change& change : two_changes().changes)
    count += *server.zones.at(name("@")).find(change.key) == *change.after ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("each fault leaves the zone as its error says") {
  struct Row {
    Server::Fault fault;
    ErrorCode code;
    int applied;
  };
  const auto row = GENERATE(values<Row>({{Server::Fault::kFailBefore, ErrorCode::kNetwork, 0},
                                         {Server::Fault::kFailAfter, ErrorCode::kUnknown, 2},
                                         {Server::Fault::kLost, ErrorCode::kUnknown, 0},
                                         {Server::Fault::kHalf, ErrorCode::kPartial, 1},
                                         {Server::Fault::kRefuse, ErrorCode::kRefused, 0},
                                         {Server::Fault::kBadKey, ErrorCode::kAuth, 0}}));
  Server server = filled();
  server.fault = row.fault;
  const auto provider = providers::memory::make(server);
  const auto steps = provider->steps(two_changes());
  const auto receipt = provider->apply(steps->at(0));
  REQUIRE_FALSE(receipt);
  CHECK(receipt.error().code == row.code);
  CHECK(applied(server) == row.applied);
  // It strikes once.
  if (row.applied == 0) {
    CHECK(provider->apply(steps->at(0)));
    CHECK(applied(server) == 2);
  }
}

TEST_CASE("somebody's edit between read and write is a conflict, a lowered TTL is none") {
  Server server = filled();
  const auto provider = providers::memory::make(server);
  const auto steps = provider->steps(two_changes());
  SECTION("another value") {
    server.meanwhile = [](Server& s) {
      s.zones.at(name("@")).sets[{name("old"), RecordType::kA}] = set("old", "A", 3600, {"192.0.2.41"});
    };
    CHECK(provider->apply(steps->at(0)).error().code == ErrorCode::kConflict);
    CHECK(applied(server) == 0);
  }
  SECTION("a TTL that rose") {
    server.meanwhile = [](Server& s) {
      s.zones.at(name("@")).sets.at({name("old"), RecordType::kA}).ttl = Seconds(7200);
    };
    CHECK(provider->apply(steps->at(0)).error().code == ErrorCode::kConflict);
  }
  SECTION("a TTL that fell") {
    server.meanwhile = [](Server& s) {
      s.zones.at(name("@")).sets.at({name("old"), RecordType::kA}).ttl = Seconds(60);
    };
    CHECK(provider->apply(steps->at(0)));
    CHECK(applied(server) == 2);
  }
}

TEST_CASE("the catalogue knows its types and says so") {
  net::Loop loop;
  const SystemClock clock;
  const auto made = providers::make_provider({"rfc2163", {}, ""}, {loop, clock, {}});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kUsage);
  CHECK(made.error().message.starts_with("there is no provider type 'rfc2163'; known types are rfc2136, zonefile, "));
  for (const providers::Entry& entry : providers::catalog())
    CHECK(made.error().message.find(std::string(entry.type)) != std::string::npos);
  CHECK_THAT(made.error().message, Catch::Contains("no folder of PATH has an executable cutover-provider-rfc2163"));
  for (const providers::Entry& entry : providers::catalog()) {
    INFO(entry.type);
    CHECK_FALSE(entry.title.empty());
    for (const providers::OptionSpec& option : entry.options) CHECK_FALSE(option.what.empty());
  }
}

TEST_CASE("a damaged file is an error that names the line") {
  const auto zones = providers::memory::from_lines("\n{\"zone\":\"example.com.\",\"name\":\"www\"}\n");
  REQUIRE_FALSE(zones);
  CHECK(zones.error().message.find("line 2") != std::string::npos);
}
