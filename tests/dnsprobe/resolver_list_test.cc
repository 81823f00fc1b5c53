#include "dnsprobe/resolver_list.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace cutover::dnsprobe;

TEST_CASE("a plain list is one resolver a line") {
  const auto read = parse_resolver_list(
      "\xEF\xBB\xBF# ours\r\n192.0.2.1\r\n\r\nlab=[2001:db8::1]:5300 # second\n"
      "tls://dns.one.example@192.0.2.1",
      "list");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  REQUIRE(read->size() == 3);
  CHECK((*read)[1].id == "lab [2001:db8::1]:5300");
  CHECK((*read)[2].transport == Transport::kTls);
  for (const Resolver& resolver : *read) CHECK(resolver.source == Source::kNamed);
}

TEST_CASE("a table says more of each; what has a source is a stranger's word") {
  const auto read = parse_resolver_list(
      "# made by hand\noperator\tresolver\tcountry\tlat\tlon\tasn\tanycast\tfiltering\tsource\n"
      "lab\t192.0.2.1\tDE\t52.5\t13.4\t64496\tno\tyes\t-\n"
      "-\t192.0.2.2\t-\t-\t-\t-\t-\t-\ta list\n",
      "list");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  REQUIRE(read->size() == 2);
  const Resolver& first = read->front();
  CHECK(first.id == "lab 192.0.2.1");
  CHECK(first.country == "DE");
  REQUIRE(first.location);
  CHECK(first.location->longitude == Approx(13.4));
  CHECK(first.asn == 64496);
  CHECK(first.filtering);
  CHECK(first.source == Source::kNamed);
  CHECK(read->back().source == Source::kImported);
  CHECK(read->back().operator_name == "192.0.2.2");
}

TEST_CASE("a list that was written reads back as itself") {
  std::vector<Resolver> all;
  for (const char* text :
       {"one=192.0.2.1", "two=tcp://[2001:db8::1]:5300", "tls://dns.one.example@192.0.2.1:8853",
        "https://doh.example:8443/q?a=b@192.0.2.3", "https://192.0.2.4/dns-query", "tls://a.example", "2001:db8::9"})
    all.push_back(*parse_resolver(text));
  all[0].service = "One\tDNS\n";
  all[0].country = "DE";
  all[1].filtering = true;
  all[1].asn = 64496;
  const auto again = parse_resolver_list(resolver_list_text(all, "a list"), "list");
  INFO((again ? "" : again.error().message));
  REQUIRE(again);
  REQUIRE(again->size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO(all[i].id);
    CHECK(resolver_text((*again)[i]) == resolver_text(all[i]));
    CHECK((*again)[i].operator_name == all[i].operator_name);
    CHECK((*again)[i].endpoint == all[i].endpoint);
    CHECK((*again)[i].url == all[i].url);
    CHECK((*again)[i].country == all[i].country);
    CHECK((*again)[i].asn == all[i].asn);
    CHECK((*again)[i].filtering == all[i].filtering);
    CHECK((*again)[i].source == Source::kImported);
  }
  CHECK(parse_resolver_list(resolver_list_text(all, ""), "list")->front().source == Source::kNamed);
}

TEST_CASE("a list that cannot be read names the line") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row row = GENERATE(values<Row>({
      {"192.0.2.1\n192.0.2\n", "list:2: resolver \"192.0.2\""},
      {"192.0.2.1\n\n192.0.2.1:53\n", "list:3: 192.0.2.1 stands at list:1"},
      {"resolver\tcolour\n192.0.2.1\tred\n", "list:1: \"colour\" is no column"},
      {"resolver\tcountry\n192.0.2.1\n", "list:2: 1 columns instead of 2"},
      {"resolver\tcountry\n192.0.2.1\tde\n", "list:2: country \"de\""},
      {"resolver\tlat\n192.0.2.1\t91\n", "list:2: lat \"91\""},
      {"resolver\tasn\n192.0.2.1\tAS1\n", "list:2: asn \"AS1\""},
      {"resolver\tanycast\n192.0.2.1\tmaybe\n", "list:2: anycast \"maybe\""},
      {"resolver\toperator\n192.0.2.1\ta b\n", "list:2: operator \"a b\""},
      {"resolver\toperator\n192.0.2.1\tone\n192.0.2.1\tone\n", "list:3: one 192.0.2.1 stands at list:2"},
      {"resolver\n-\n", "list:2: resolver \"\""},
  }));
  const auto read = parse_resolver_list(row.text, "list");
  INFO(row.says);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kInvalid);
  INFO(read.error().message);
  CHECK(read.error().message.find(row.says) == 0);
}

TEST_CASE("a list file is a regular file with something in it") {
  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "empty.txt") << "# nothing yet\n";
  CHECK(read_resolver_list(folder.path() / "empty.txt").error().message.find("no resolver in it") != std::string::npos);
  CHECK(read_resolver_list(folder.path()).error().code == ErrorCode::kIo);
  CHECK(read_resolver_list("/dev/null").error().code == ErrorCode::kIo);
  std::ofstream(folder.path() / "one.txt") << "192.0.2.1\nnonsense\n";
  const auto wrong = read_resolver_list(folder.path() / "one.txt");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().message.find((folder.path() / "one.txt").string() + ":2:") == 0);
}
