#include "dnsprobe/catalogue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <set>

#include "core/text.h"
#include "dnsprobe/continent.h"
#include "dnsprobe/resolvers_tsv.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {

const std::vector<std::string> kNames = {"operator",   "service",  "tier",      "class",     "address_v4",
                                         "address_v6", "port53",   "country",   "place",     "lat",
                                         "lon",        "asn",      "anycast",   "filtering", "dnssec",
                                         "ecs",        "tls_name", "https_url", "verified",  "note"};
const std::string kHeader = join(kNames, "\t") + "\n";

/// A good row with some cells written differently.
std::string row(const std::map<std::string, std::string>& changed = {}) {
  std::map<std::string, std::string> cells = {{"operator", "one"},
                                              {"service", "One DNS"},
                                              {"tier", "1"},
                                              {"class", "public"},
                                              {"address_v4", "192.0.2.1"},
                                              {"address_v6", "2001:db8::1"},
                                              {"port53", "yes"},
                                              {"country", "DE"},
                                              {"place", "Berlin"},
                                              {"lat", "52.52"},
                                              {"lon", "13.4"},
                                              {"asn", "64496"},
                                              {"anycast", "no"},
                                              {"filtering", "none"},
                                              {"dnssec", "yes"},
                                              {"ecs", "unknown"},
                                              {"tls_name", "dns.one.example"},
                                              {"https_url", "-"},
                                              {"verified", "2026-08-08"},
                                              {"note", "-"}};
  for (const auto& [name, cell] : changed) cells.at(name) = cell;
  std::vector<std::string> out;
  for (const std::string& name : kNames) out.push_back(cells.at(name));
  return join(out, "\t") + "\n";
}

struct Census {
  std::set<std::string> ids, texts, operators, countries;
  std::set<Continent> continents;
  std::map<Transport, int> transports;
};

Census census(const std::vector<Resolver>& resolvers) {
  Census out;
  for (const Resolver& resolver : resolvers) {
    INFO(resolver.id);
    CHECK(out.ids.insert(resolver.id).second);
    CHECK(out.texts.insert(resolver_text(resolver)).second);
    out.operators.insert(resolver.operator_name);
    ++out.transports[resolver.transport];
    if (resolver.country.empty()) continue;
    out.countries.insert(resolver.country);
    out.continents.insert(*continent_of(resolver.country));
  }
  return out;
}

}  // namespace

TEST_CASE("the built-in catalogue has no bad row") {
  const auto read = parse_catalogue(kResolversTsv, "resolvers.tsv");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->size() == catalogue().size());
}

TEST_CASE("the default list and the full one: how many, of whom, where") {
  struct Row {
    Tier tier;
    std::size_t services, operators, countries, plain;
  };
  // Whoever adds or removes a row corrects these figures; they are what the manual tells.
  const Row row = GENERATE(values<Row>({{Tier::kDefault, 277, 172, 82, 170}, {Tier::kFull, 470, 186, 82, 340}}));
  const std::vector<Resolver> resolvers = default_resolvers(row.tier);
  const Census seen = census(resolvers);
  CHECK(resolvers.size() == row.services);
  CHECK(seen.operators.size() == row.operators);
  CHECK(seen.countries.size() == row.countries);
  CHECK(seen.continents.size() == 6);
  CHECK(seen.continents.count(Continent::kAntarctica) == 0);
  CHECK(plain_resolvers(row.tier).size() == row.plain);
  CHECK(seen.transports.at(Transport::kUdp) == static_cast<int>(row.plain));
  CHECK(seen.transports.at(Transport::kTls) > 0);
  CHECK(seen.transports.at(Transport::kHttps) > 0);
  for (const char* known : {"google", "cloudflare", "quad9"}) CHECK(seen.operators.count(known) == 1);
}

TEST_CASE("the 77 servers of one volunteer network are one operator") {
  int servers = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    const bool is_theirs = entry.https_url.find("dnscry.pt") != std::string::npos;
    CHECK(is_theirs == (entry.operator_name == "dnscry.pt"));
    if (is_theirs) ++servers;
  }
  CHECK(servers == 77);
}

TEST_CASE("every row can be asked as its resolver says") {
  for (const CatalogueEntry& entry : catalogue()) {
    for (const Transport transport : transports_of(entry)) {
      const Resolver resolver = resolver_of(entry, transport);
      INFO(resolver.id);
      const auto again = parse_resolver(entry.operator_name + "=" + resolver_text(resolver));
      REQUIRE(again);
      CHECK(again->id == resolver.id);
      CHECK(again->transport == transport);
      CHECK(again->endpoint == resolver.endpoint);
      CHECK(again->tls_name == resolver.tls_name);
      CHECK(again->url == resolver.url);
      CHECK(resolver.source == Source::kCatalogue);
    }
  }
}

TEST_CASE("an address is pinned wherever one is known, and plain DNS is asked at port 53") {
  std::size_t unpinned = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    const Resolver resolver = resolver_of(entry, transports_of(entry).front());
    INFO(resolver.id);
    CHECK(resolver.endpoint.has_value() == (entry.v4 || entry.v6));
    if (!resolver.endpoint) ++unpinned;
    if (resolver.transport == Transport::kUdp) CHECK(resolver.endpoint->port == 53);
  }
  CHECK(unpinned == 16);
}

TEST_CASE("an anycast address is no dot on a map") {
  std::size_t dots = 0;
  for (const CatalogueEntry& entry : catalogue()) {
    INFO(entry.service);
    if (entry.location) ++dots;
    CHECK_FALSE((entry.anycast && entry.location));
    CHECK_FALSE((entry.location && entry.place.empty()));
    CHECK_FALSE((entry.location && entry.country.empty()));
  }
  CHECK(dots > 250);
}

TEST_CASE("a good row is read whole") {
  const auto read = parse_catalogue("# a comment\n\n" + kHeader + row(), "list");
  REQUIRE(read);
  REQUIRE(read->size() == 1);
  const CatalogueEntry& entry = read->front();
  CHECK(entry.operator_name == "one");
  CHECK(entry.service == "One DNS");
  CHECK(entry.tier == Tier::kDefault);
  CHECK(entry.access == Access::kPublic);
  CHECK(entry.v4->text() == "192.0.2.1");
  CHECK(entry.v6->text() == "2001:db8::1");
  CHECK(entry.port53);
  CHECK_FALSE(entry.anycast);
  CHECK(entry.place == "Berlin");
  REQUIRE(entry.location);
  CHECK(entry.location->latitude == Approx(52.52));
  CHECK(entry.asn == 64496);
  CHECK(entry.dnssec == Known::kYes);
  CHECK(entry.ecs == Known::kUnknown);
  CHECK(entry.tls_name == "dns.one.example");
  CHECK(entry.https_url.empty());
  CHECK(entry.verified == "2026-08-08");
  CHECK(transports_of(entry) == std::vector<Transport>{Transport::kUdp, Transport::kTcp, Transport::kTls});
  CHECK(resolver_of(entry, Transport::kTls).id == "one tls://dns.one.example@192.0.2.1");
}

TEST_CASE("a bad row is named by its line") {
  struct Row {
    std::string text;
    std::string says;
  };
  const Row bad = GENERATE(values<Row>({
      {row(), "list:1: \"one\" is no column; the first line has to name the columns"},
      {"operator\toperator\n", "list:1: \"operator\" stands there twice"},
      {"operator\n", "list:1: \"service\" is missing"},
      {kHeader + "one\ttwo\n", "list:2: 2 columns instead of 20"},
      {kHeader + row() + row({{"address_v6", "-"}}), "list:3: 192.0.2.1 stands at list:2"},
      {kHeader + row({{"address_v4", "192.0.2"}}), "list:2: address_v4 \"192.0.2\""},
      {kHeader + row({{"address_v6", "192.0.2.1"}}), "list:2: address_v6 \"192.0.2.1\""},
      {kHeader + row({{"port53", "maybe"}}), "list:2: port53 \"maybe\": write yes or no"},
      {kHeader + row({{"country", "Germany"}}), "list:2: country \"Germany\""},
      {kHeader + row({{"country", "ZZ"}}), "list:2: country \"ZZ\""},
      {kHeader + row({{"filtering", "some"}}), "list:2: filtering \"some\""},
      {kHeader + row({{"operator", "One"}}), "list:2: operator \"One\""},
      {kHeader + row({{"operator", "one two"}}), "list:2: operator \"one two\""},
      {kHeader + row({{"tier", "3"}}), "list:2: tier \"3\": write 1 or 2"},
      {kHeader + row({{"class", "home"}}), "list:2: class \"home\""},
      {kHeader + row({{"dnssec", "-"}}), "list:2: dnssec \"-\""},
      {kHeader + row({{"lat", "-"}}), "list:2: lat \"-\": write lat and lon together"},
      {kHeader + row({{"lon", "181"}}), "list:2: lat"},
      {kHeader + row({{"lat", "nan"}}), "list:2: lat"},
      {kHeader + row({{"anycast", "yes"}}), "an anycast address has no single site"},
      {kHeader + row({{"asn", "AS64496"}}), "list:2: asn \"AS64496\""},
      {kHeader + row({{"verified", "yesterday"}}), "list:2: verified \"yesterday\""},
      {kHeader + row({{"verified", "2026-02-30"}}), "list:2: verified"},
      {kHeader + row({{"port53", "no"}, {"tls_name", "-"}}), "no way to reach it"},
      {kHeader + row({{"address_v4", "-"}, {"address_v6", "-"}}), "plain DNS needs an address"},
      {kHeader + row({{"https_url", "ftp://x"}}), "list:2: https_url"},
      {kHeader + row({{"tls_name", "a b"}}), "list:2: tls_name"},
  }));
  const auto read = parse_catalogue(bad.text, "list");
  INFO(bad.says);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kInvalid);
  INFO(read.error().message);
  CHECK(read.error().message.find(bad.says) != std::string::npos);
}

TEST_CASE("a list may mix default, operators, addresses and files") {
  const auto read = resolvers_from({"lab=127.0.0.1:5301", "Quad9", "9.9.9.9", "default"});
  REQUIRE(read);
  CHECK(read->front().id == "lab 127.0.0.1:5301");
  CHECK((*read)[1].operator_name == "quad9");
  // The bare 9.9.9.9 is another id than `quad9 9.9.9.9`: the person asked for it by itself.
  CHECK(read->size() == default_resolvers().size() + 2);
  CHECK(check_must({"google", "Cloudflare", "9.9.9.9"}, *read));
  CHECK(resolvers_from({"full"})->size() == default_resolvers(Tier::kFull).size());
  // An operator that is in the full list alone can be named nevertheless.
  CHECK(resolvers_from({"cleanbrowsing"})->front().operator_name == "cleanbrowsing");
  const auto wrong = resolvers_from({"default", "nobody-knows-this"});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kUsage);

  const test::TemporaryFolder folder;
  std::ofstream(folder.path() / "mine.txt") << "lab=127.0.0.1:5301 # ours\n\n127.0.0.1:5302\n";
  const auto listed = resolvers_from({"file/mine.txt", "127.0.0.1:5302"}, folder.path());
  INFO((listed ? "" : listed.error().message));
  REQUIRE(listed);
  CHECK(listed->size() == 2);
  const auto missing = resolvers_from({"file/none.txt"}, folder.path());
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find("none.txt: there is no such file") != std::string::npos);
}

TEST_CASE("entries are picked by what they are") {
  const auto count = [](const CatalogueFilter& filter) {
    return std::count_if(catalogue().begin(), catalogue().end(),
                         [&](const CatalogueEntry& entry) { return matches(entry, filter); });
  };
  CatalogueFilter filter;
  CHECK(count(filter) == 277);
  filter.tier = Tier::kFull;
  CHECK(count(filter) == static_cast<std::ptrdiff_t>(catalogue().size()));
  filter.operators = {"CleanBrowsing"};
  CHECK(count(filter) == 6);
  filter.tier = Tier::kDefault;
  CHECK(count(filter) == 0);

  const auto entry = parse_catalogue(kHeader + row({{"filtering", "family"}}), "list")->front();
  struct Row {
    const char* says;
    CatalogueFilter filter;
    bool holds;
  };
  const auto with = [](auto change) {
    CatalogueFilter out;
    change(out);
    return out;
  };
  const std::vector<Row> rows = {
      {"its country", with([](auto& f) {
         f.countries = {"FR", "DE"};
       }),
       true},
      {"another country", with([](auto& f) { f.countries = {"FR"}; }), false},
      {"its continent", with([](auto& f) { f.continents = {Continent::kEurope}; }), true},
      {"another continent", with([](auto& f) { f.continents = {Continent::kAsia}; }), false},
      {"its operator", with([](auto& f) { f.operators = {"ONE"}; }), true},
      {"a part of its operator", with([](auto& f) { f.operators = {"on"}; }), false},
      {"its transports", with([](auto& f) { f.transport = Transport::kTls; }), true},
      {"not its transport", with([](auto& f) { f.transport = Transport::kHttps; }), false},
      {"what it filters", with([](auto& f) { f.filtering = "family"; }), true},
      {"that it filters", with([](auto& f) { f.filtering = "any"; }), true},
      {"that it does not filter", with([](auto& f) { f.filtering = "none"; }), false},
  };
  for (const Row& each : rows) {
    INFO(each.says);
    CHECK(matches(entry, each.filter) == each.holds);
  }
  const auto anycast =
      parse_catalogue(kHeader + row({{"country", "-"}, {"anycast", "yes"}, {"lat", "-"}, {"lon", "-"}}), "list");
  CatalogueFilter europe;
  europe.continents = {Continent::kEurope};
  CHECK_FALSE(matches(anycast->front(), europe));
}
