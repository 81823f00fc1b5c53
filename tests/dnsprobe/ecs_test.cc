#include "dnsprobe/ecs.h"

#include <catch2/catch.hpp>
#include <map>

#include "dnsprobe/continent.h"
#include "dnsprobe/ecs_prefixes_tsv.h"

using namespace cutover;
using namespace cutover::dnsprobe;

TEST_CASE("a subnet is an address and a length, and nothing behind it") {
  struct Row {
    const char* text;
    const char* subnet;  // "" = refused
  };
  const Row row = GENERATE(values<Row>({
      {"203.0.113.0/24", "203.0.113.0/24"},
      {" 203.0.113.0/24 ", "203.0.113.0/24"},
      {"203.0.113.0", "203.0.113.0/24"},
      {"203.0.112.0/20", "203.0.112.0/20"},
      {"203.0.113.7/32", "203.0.113.7/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"2001:db8::/56", "2001:db8::/56"},
      {"2001:db8::", "2001:db8::/56"},
      {"2001:db8::1/128", "2001:db8::1/128"},
      {"::/0", "::/0"},
      {"203.0.113.7/24", ""},
      {"203.0.113.7", ""},
      {"203.0.113.0/23", ""},
      {"203.0.113.0/33", ""},
      {"203.0.113.0/", ""},
      {"203.0.113.0/-1", ""},
      {"203.0.113.0/24x", ""},
      {"203.0.113.0/4294967320", ""},
      {"2001:db8::1/64", ""},
      {"2001:db8::/129", ""},
      {"/24", ""},
      {"", ""},
      {"somewhere", ""},
  }));
  INFO(row.text);
  const auto read = parse_subnet(row.text);
  CHECK(read.ok() == (row.subnet[0] != '\0'));
  if (read) CHECK(read->text() == row.subnet);
  if (!read) CHECK(read.error().code == ErrorCode::kUsage);
}

TEST_CASE("a view is a subnet or a country") {
  CHECK(parse_view("203.0.113.0/24")->size() == 1);
  const auto germany = parse_view("Country: de");
  REQUIRE(germany);
  REQUIRE_FALSE(germany->empty());
  CHECK(germany->front() == ecs_prefixes("DE").front().subnet);
  for (const char* text : {"country:", "country:Germany", "country:ZZ", "country:AQ", "land:DE", ""}) {
    INFO(text);
    const auto read = parse_view(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kUsage);
    CHECK(read.error().message.find("write 203.0.113.0/24") != std::string::npos);
  }
}

TEST_CASE("the built-in table has no bad row, and one or two networks for each country") {
  const auto read = parse_ecs_prefixes(kEcsPrefixesTsv, "ecs_prefixes.tsv");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  std::map<std::string, int> networks;
  for (const EcsRow& row : *read) {
    CHECK(row.network.subnet.prefix == 24);  // longer ones are refused by the large resolvers
    ++networks[row.country];
  }
  CHECK(networks.size() == 236);
  for (const auto& [country, count] : networks) {
    INFO(country);
    CHECK(is_country(country));
    CHECK((count == 1 || count == 2));
  }
  CHECK(ecs_countries().size() == networks.size());
  CHECK(ecs_prefixes("ZZ").empty());
}

TEST_CASE("a bad row of the table is named by its line") {
  const std::string header = "country\tnetwork\tasn\tprovider\tplace\n";
  const std::string good = "DE\t203.0.113.0/24\t64496\tOne\tBerlin\n";
  struct Row {
    std::string text;
    const char* says;
  };
  const Row row = GENERATE_COPY(values<Row>({
      {header + good + good, "list:3: network"},
      {header + "Germany\t203.0.113.0/24\t-\t-\t-\n", "list:2: country"},
      {header + "DE\t203.0.113.1/24\t-\t-\t-\n", "list:2: network"},
      {header + "DE\t203.0.113.0/24\tAS1\t-\t-\n", "list:2: asn"},
  }));
  const auto read = parse_ecs_prefixes(row.text, "list");
  REQUIRE_FALSE(read);
  INFO(read.error().message);
  CHECK(read.error().message.find(row.says) == 0);
}
