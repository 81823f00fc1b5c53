#include "dnsprobe/catalogue.h"

#include <catch2/catch.hpp>
#include <set>

#include "dnsprobe/resolvers_tsv.h"

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {
const std::string kHeader =
    "operator\tservice\taddress_v4\taddress_v6\tport53\tcountry\tplace\tanycast\tfiltering\ttls_name\thttps_"
    "url\tnote\n";
const std::string kGood = "one\tOne DNS\t192.0.2.1\t2001:db8::1\tyes\tDE\tBerlin\tno\tnone\tdns.one.example\t-\t-\n";
}  // namespace

TEST_CASE("the built-in catalogue has no bad row") {
  const auto read = parse_catalogue(kResolversTsv, "resolvers.tsv");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->size() == catalogue().size());
  CHECK(catalogue().size() > 100);
}

TEST_CASE("default means plain DNS, every resolver once, many operators and countries") {
  const std::vector<Resolver> resolvers = default_resolvers();
  std::set<std::string> ids, operators, countries;
  for (const Resolver& resolver : resolvers) {
    CHECK(ids.insert(resolver.id).second);
    operators.insert(resolver.operator_name);
    countries.insert(resolver.country);
    REQUIRE(resolver.endpoint);
    CHECK(resolver.endpoint->port == 53);
    CHECK(resolver.transport == Transport::kUdp);
  }
  CHECK(operators.size() > 80);
  CHECK(countries.size() > 40);
  for (const char* known : {"google", "cloudflare", "quad9"}) CHECK(operators.count(known) == 1);
  CHECK(check_must({"google", "Cloudflare", "9.9.9.9"}, resolvers));
}

TEST_CASE("a good row is read whole") {
  const auto read = parse_catalogue("# a comment\n\n" + kHeader + kGood, "list");
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  const CatalogueEntry& entry = read->front();
  CHECK(entry.operator_name == "one");
  CHECK(entry.service == "One DNS");
  CHECK(entry.v4->text() == "192.0.2.1");
  CHECK(entry.v6->text() == "2001:db8::1");
  CHECK(entry.port53);
  CHECK_FALSE(entry.anycast);
  CHECK(entry.place == "Berlin");
  CHECK(entry.tls_name == "dns.one.example");
  CHECK(entry.https_url.empty());
}

TEST_CASE("a bad row is named by its line") {
  struct Row {
    std::string text;
    std::string says;
  };
  const Row row = GENERATE(values<Row>({
      {kGood, "list:1: the first line has to name the columns"},
      {kHeader + "one\ttwo\n", "list:2: 2 columns instead of 12"},
      {kHeader + kGood + "one\tOne\t192.0.2.1\t-\tyes\t-\t-\tno\tnone\t-\t-\t-\n",
       "list:3: 192.0.2.1 stands at list:2"},
      {kHeader + "one\tOne\t192.0.2\t-\tyes\t-\t-\tno\tnone\t-\t-\t-\n", "list:2: address_v4 \"192.0.2\""},
      {kHeader + "one\tOne\t-\t192.0.2.1\tyes\t-\t-\tno\tnone\t-\t-\t-\n", "list:2: address_v6 \"192.0.2.1\""},
      {kHeader + "one\tOne\t192.0.2.1\t-\tmaybe\t-\t-\tno\tnone\t-\t-\t-\n", "list:2: port53 \"maybe\""},
      {kHeader + "one\tOne\t192.0.2.1\t-\tyes\tGermany\t-\tno\tnone\t-\t-\t-\n", "list:2: country \"Germany\""},
      {kHeader + "one\tOne\t192.0.2.1\t-\tyes\t-\t-\tno\tsome\t-\t-\t-\n", "list:2: filtering \"some\""},
      {kHeader + "One\tOne\t192.0.2.1\t-\tyes\t-\t-\tno\tnone\t-\t-\t-\n", "list:2: operator \"One\""},
      {kHeader + "one\tOne\t-\t-\tno\t-\t-\tno\tnone\t-\t-\t-\n", "no way to reach it"},
      {kHeader + "one\tOne\t-\t-\tyes\t-\t-\tno\tnone\ta.example\t-\t-\n", "plain DNS needs an address"},
      {kHeader + "one\tOne\t-\t-\tno\t-\t-\tno\tnone\t-\tftp://x\t-\n", "list:2: https_url"},
  }));
  const auto read = parse_catalogue(row.text, "list");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kInvalid);
  INFO(read.error().message);
  CHECK(read.error().message.find(row.says) != std::string::npos);
}

TEST_CASE("a list may mix default, operators and addresses") {
  const auto read = resolvers_from({"lab=127.0.0.1:5301", "Quad9", "9.9.9.9", "default"});
  REQUIRE(read);
  CHECK(read->front().id == "lab 127.0.0.1:5301");
  CHECK((*read)[1].operator_name == "quad9");
  // The bare 9.9.9.9 is another id than `quad9 9.9.9.9`: the person asked for it by itself.
  CHECK(read->size() == default_resolvers().size() + 2);
  const auto wrong = resolvers_from({"default", "nobody-knows-this"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kUsage);
}
