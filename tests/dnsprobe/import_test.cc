#include "dnsprobe/import.h"

#include <catch2/catch.hpp>

#include "dnsprobe/resolver_list.h"

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {

ImportedList import(std::string_view text, ImportAddresses allowed = ImportAddresses::kPublic) {
  auto read = import_list(text, allowed);
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  return *std::move(read);
}

std::vector<std::string> texts(const ImportedList& list) {
  std::vector<std::string> out;
  for (const Resolver& resolver : list.resolvers) out.push_back(resolver_text(resolver));
  return out;
}

using Texts = std::vector<std::string>;

}  // namespace

TEST_CASE("public-dns.info CSV of today: commas and quotes in the version do no harm") {
  const auto list = import(
      "ip_address,name,as_number,as_org,country_code,city,version,error,dnssec,reliability,checked_at,created_at\n"
      "192.0.2.76,one.example.net.,64496,ONE-64496,US,Sacramento,[SECURED],,true,1.00,2021-05-11T11:27:41Z,x\n"
      "198.51.100.7,,64497,\"TWO, Inc.\",DE,Köln,\"dnsmasq \"\"2.80\"\", maybe\",,false,0.5,2021-05-11T11:27:41Z,x\n"
      "2001:db8::7,,,,,,,,,,,\n");
  CHECK(list.form == "public-dns.info CSV");
  CHECK(texts(list) == Texts{"192.0.2.76", "198.51.100.7", "2001:db8::7"});
  const Resolver& first = list.resolvers.front();
  CHECK(first.operator_name == "as64496");
  CHECK(first.id == "as64496 192.0.2.76");
  CHECK(first.country == "US");
  CHECK(first.place == "Sacramento");
  CHECK(first.service == "one.example.net.");
  CHECK(first.asn == 64496);
  CHECK(first.source == Source::kImported);
  CHECK_FALSE(first.location);
  CHECK(list.resolvers[1].place == "Köln");
  CHECK(list.resolvers[2].operator_name == "v6-20010db80000");
  CHECK(list.bad_rows == 0);
}

TEST_CASE("public-dns.info CSV of 2017 and of 2020") {
  const auto old = import("ip,name,country_id,city,reliability\n192.0.2.1,a.example.,BR,Recife,0.99\n");
  CHECK(old.form == "public-dns.info CSV (2017)");
  CHECK(old.resolvers.front().country == "BR");
  CHECK(old.resolvers.front().operator_name == "192.0.2.0-24");
  const auto newer = import(
      "ip,name,country_id,city,version,error,dnssec,reliability,checked_at,created_at,response_time,longitude,"
      "latitude\n"
      "192.0.2.1,a.example.,ZA,Cape Town,,,true,1.00,2020-04-26,2019-01-01,12,18.4,-33.9\n");
  CHECK(newer.form == "public-dns.info CSV (2020)");
  CHECK(newer.resolvers.front().place == "Cape Town");
  // Where an address is by somebody's table is not where its machine is known to be.
  CHECK_FALSE(newer.resolvers.front().location);
}

TEST_CASE("dnsdirectory.com CSV") {
  const auto list = import(
      "ip,version,country_code,country,continent_code,continent,organization,domain,trusted,anycast,dnssec_aware,"
      "dnssec_validating,ad_blocking,malware_blocking,adult_blocking,uptime_24h,uptime_30d,uptime_90d,uptime_1y\n"
      "198.51.100.9,4,zw,Zimbabwe,af,Africa,Liquid "
      "Zimbabwe,a.example.net,False,True,True,False,False,True,False,1,1,1,1\n");
  CHECK(list.form == "dnsdirectory.com CSV");
  CHECK(list.resolvers.front().operator_name == "liquid-zimbabwe");
  CHECK(list.resolvers.front().country == "ZW");
  CHECK(list.resolvers.front().service == "a.example.net");
  CHECK(list.resolvers.front().anycast);
  CHECK_FALSE(list.resolvers.front().filtering);  // that list's flags are not to be believed
}

TEST_CASE("JSON: one broken object costs only itself") {
  const auto list = import(R"([
 {"ip": "192.0.2.1", "country_id": "US", "city": "Reno", "dnssec": true, "reliability": 1, "version": "a}\"{"},
 {"ip": "192.0.2.2", "name": "b.example},
 {"name": "no address"},
 {"ip": 5},
 {"ip": "192.0.2.3", "as_number": 64496, "inner": {"ip": "192.0.2.99"}}
])");
  CHECK(list.form == "JSON");
  CHECK(texts(list) == Texts{"192.0.2.1", "192.0.2.3"});
  CHECK(list.resolvers.back().operator_name == "as64496");
  CHECK(list.bad_rows == 3);
  REQUIRE(list.bad.size() == 3);
  CHECK(list.bad[0].line == 3);
  CHECK(list.bad[1].line == 4);
  CHECK(list.bad[2].line == 5);
}

TEST_CASE("one a line, as such lists come") {
  const auto list = import(
      "# a comment\r\n; another\n// and another\n\n192.0.2.1\r\n 192.0.2.2:5353  trailing columns DE 1\n"
      "[2001:db8::1]:53\n2001:db8::2\n192.0.2.3,US,0.99\n192.0.2.4;x\n192.0.2.5#said inline\n"
      "tls://dot.example@192.0.2.6\nhttps://doh.example/dns-query\n192.0.2.1:53\nnonsense\n192.0.2\n");
  CHECK(texts(list) == Texts{"192.0.2.1", "192.0.2.2:5353", "2001:db8::1", "2001:db8::2", "192.0.2.3", "192.0.2.4",
                             "192.0.2.5", "tls://dot.example@192.0.2.6", "https://doh.example/dns-query"});
  CHECK(list.duplicates == 1);
  REQUIRE(list.bad.size() == 2);
  CHECK(list.bad[0].line == 15);
  CHECK(list.bad[0].why == "\"nonsense\" is no resolver");
  CHECK(list.bad[1].line == 16);
  CHECK(list.rows == 12);
  CHECK(list.resolvers.size() + list.duplicates + list.bad_rows == list.rows);
}

TEST_CASE("dnscrypt.info Markdown: https stamps are taken, others are counted") {
  const auto list = import(
      "# public-resolvers\n\nSome text.\n\n--\n\n## quad9-doh\n\nSecure. sdns:// is a scheme.\n\n"
      "sdns://AgMAAAAAAAAABzkuOS45LjkgsBkgdEu7dsmrBT4B4Ht-BQ5HPSD3n3vqQ1-v5DydJC8SZG5zOS5xdWFkOS5uZXQ6NDQzCi9kbnMtcXVl"
      "cnk\nsdns://gQ4xOTIuMC4yLjE6ODQ0Mw\nsdns://AgM\n\n## empty\n\nNothing here.\n");
  CHECK(list.form == "DNS stamps");
  REQUIRE(list.resolvers.size() == 1);
  CHECK(list.resolvers.front().service == "quad9-doh");
  CHECK(list.resolvers.front().operator_name == "quad9");  // its address is one of the catalogue's
  CHECK(list.resolvers.front().filtering);
  CHECK(list.left_out.at("DNSCrypt relay") == 1);
  REQUIRE(list.bad.size() == 1);
  CHECK(list.bad.front().line == 13);
}

TEST_CASE("the servers of one owner are one operator") {
  const auto list = import("ip,as_number\n8.8.8.8,64496\n8.8.9.9,15169\n1.0.7.7,13335\n192.0.2.1,24940\n");
  CHECK(list.resolvers[0].operator_name == "google");  // by its address
  CHECK(list.resolvers[1].operator_name == "google");  // by an AS that only Google uses
  CHECK(list.resolvers[2].operator_name == "cloudflare");
  CHECK(list.resolvers[3].operator_name == "as24940");  // anybody can rent a server there
  const auto hosts = import("https://a.doh.example/q\nhttps://b.doh.example/q\nhttps://a.doh.co.uk/q\n");
  CHECK(hosts.resolvers[0].operator_name == "doh.example");
  CHECK(hosts.resolvers[1].operator_name == "doh.example");
  CHECK(hosts.resolvers[2].operator_name == "doh.co.uk");
}

TEST_CASE("a public list has no business in private networks") {
  const std::string text =
      "127.0.0.1\n10.1.1.1\n172.16.0.1\n192.168.1.1\n100.64.0.1\n169.254.1.1\n0.0.0.0\n224.0.0.1\n"
      "255.255.255.255\n::1\n::\n::ffff:10.0.0.1\nfd00::1\nfe80::1\nff02::1\n192.0.2.1\n172.32.0.1\n";
  const auto list = import(text);
  CHECK(texts(list) == Texts{"192.0.2.1", "172.32.0.1"});
  CHECK(list.bad_rows == 15);
  CHECK(list.bad[0].why == "127.0.0.1 is an address of this machine");
  CHECK(import(text, ImportAddresses::kAny).resolvers.size() == 17);
}

TEST_CASE("what was imported can be written and named by a plan") {
  const auto list = import("8.8.8.8\ntls://dot.example@192.0.2.6\n");
  const auto again = parse_resolver_list(resolver_list_text(list.resolvers, "a list"), "list");
  INFO((again ? "" : again.error().message));
  REQUIRE(again);
  REQUIRE(again->size() == 2);
  CHECK((*again)[0].id == list.resolvers[0].id);
  CHECK((*again)[1].id == list.resolvers[1].id);
}

TEST_CASE("rows with too many or too few columns name their line; the others are kept") {
  const auto list =
      import("ip,country_id\n192.0.2.1,US\n192.0.2.2\n192.0.2.3,US,more\n\"192.0.2.4,US\n192.0.2.5,FR\n,DE\n");
  CHECK(texts(list) == Texts{"192.0.2.1", "192.0.2.5"});
  std::vector<int> lines;
  for (const BadRow& row : list.bad) lines.push_back(row.line);
  CHECK(lines == std::vector<int>{3, 4, 5, 7});
}

TEST_CASE("a file that is no list says as what it was read") {
  for (const char* text : {"", "\n\n", "# only comments\n", "ip,country_id\n", "[]", "<html>", "{}", "sdns://AgM\n"}) {
    INFO(text);
    const auto read = import_list(text, ImportAddresses::kPublic);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kInvalid);
    CHECK(read.error().message.find("read as") != std::string::npos);
  }
}

TEST_CASE("hostile files are read in one pass") {
  // None of these holds a resolver; what counts is that they end, and do not fill the memory with complaints.
  for (const std::string& unit :
       {std::string("{\n"), std::string("\"\n"), std::string("[{\"a\n"), std::string("x\n")}) {
    std::string text = unit == "\"\n" ? "ip,country_id\n" : "";
    while (text.size() < 300000) text += unit;
    text += "\n192.0.2.1,US\n";
    const auto read = import_list(text, ImportAddresses::kPublic);
    if (read) CHECK(read->bad.size() <= kKeptBadRows);
  }
}
