#include <catch2/catch.hpp>
#include <string>

#include "net/message.h"

namespace cutover::net {
namespace {

DomainName name(std::string_view text) { return *DomainName::from_text(text); }

constexpr std::string_view kSoa = "@ 3600 IN SOA ns1 hostmaster 7 3600 900 604800 300\n";

TEST_CASE("a zone file as people write it", "[zone-file]") {
  const auto zone = parse_zone_file(R"($ORIGIN example.com.   ; the zone
$TTL 1h
@   IN SOA ns1 hostmaster (
        2026112201 ; serial
        1h 15m 1w  ; refresh, retry, expire
        300 )      ; minimum

    IN NS  ns1
       NS  ns2.example.net.
ns1    A   192.0.2.53
www 60 IN A 192.0.2.1
www IN 60 A 192.0.2.2
    AAAA 2001:DB8::1
SHOP   CNAME Lb.Old.Example.NET.
*.wild TXT "a ; b" ( "c"
             "d" )
$ORIGIN sub
host   2h  A 192.0.2.3
@      MX 10 host
$TTL 5m
late   A 192.0.2.4
_x._tcp TYPE65280 \# 1 ff
loc LOC 52 22 23.000 N 4 53 32.000 E -2.00m
)",
                                    name("example.com"));
  if (!zone) FAIL(zone.error().message);
  const auto set = [&](std::string_view owner, RecordType type) {
    const RecordSet* found = zone->find({name(owner), type});
    if (found == nullptr) return std::string("none");
    std::string text = std::to_string(found->ttl.count());
    for (const std::string& rdata : found->rdata) text += " " + rdata;
    return text;
  };
  CHECK(zone->soa.serial == 2026112201);
  CHECK(zone->soa.ttl == Seconds(3600));
  CHECK(zone->soa.expire == Seconds(604800));
  CHECK(set("example.com", RecordType::kNs) == "3600 ns1.example.com. ns2.example.net.");
  CHECK(set("www.example.com", RecordType::kA) == "60 192.0.2.1 192.0.2.2");
  CHECK(set("www.example.com", RecordType::kAaaa) == "3600 2001:db8::1");
  CHECK(set("shop.example.com", RecordType::kCname) == "3600 lb.old.example.net.");
  CHECK(set("*.wild.example.com", RecordType::kTxt) == R"(3600 "a ; b" "c" "d")");
  CHECK(set("host.sub.example.com", RecordType::kA) == "7200 192.0.2.3");
  CHECK(set("sub.example.com", RecordType::kMx) == "3600 10 host.sub.example.com.");
  CHECK(set("late.sub.example.com", RecordType::kA) == "300 192.0.2.4");
  CHECK(set("_x._tcp.sub.example.com", static_cast<RecordType>(65280)) == R"(300 \# 1 ff)");
  CHECK(zone->find({name("loc.sub.example.com"), static_cast<RecordType>(29)}) != nullptr);
  CHECK(zone->sets.size() == 12);
}

TEST_CASE("without $TTL a record takes the TTL of the one before, the SOA its minimum", "[zone-file]") {
  const auto zone =
      parse_zone_file("@ SOA a. b. 1 2 3 4 300\nx A 192.0.2.1\ny 60 A 192.0.2.2\nz A 192.0.2.3\n", name("example.com"));
  REQUIRE(zone);
  CHECK(zone->soa.ttl == Seconds(300));
  CHECK(zone->find({name("x.example.com"), RecordType::kA})->ttl == Seconds(300));
  CHECK(zone->find({name("z.example.com"), RecordType::kA})->ttl == Seconds(60));
}

TEST_CASE("a file that does not end in a line feed, or has carriage returns, is read", "[zone-file]") {
  CHECK(parse_zone_file("@ 60 SOA a. b. 1 2 3 4 5", name("example.com")));
  CHECK(parse_zone_file("@ 60 SOA a. b. 1 2 3 4 5\r\nx A 192.0.2.1\r\n", name("example.com")));
}

struct Bad {
  std::string text;
  std::string says;
};

TEST_CASE("zone file errors name the line", "[zone-file]") {
  const auto row = GENERATE(
      Bad{"x A 192.0.2.999\n", "line 2: x.example.com. A: '192.0.2.999' stands where an IPv4 address belongs"},
      Bad{"\n\nx A\n", "line 4: x.example.com. A: it ends too early"},
      Bad{"x BOGUS 1\n", "line 2: 'BOGUS' is no record type"}, Bad{"x 60 IN\n", "line 2: a record without a type"},
      Bad{"x CH TXT a\n", "line 2: only records of class IN"},
      Bad{"x 60 CLASS3 TXT a\n", "line 2: only records of class IN"},
      Bad{"$INCLUDE other.zone\n", "line 2: $INCLUDE is not followed"},
      Bad{"$GENERATE 1-9 a A 192.0.2.$\n", "line 2: $GENERATE"},
      Bad{"$FOO\n", "line 2: '$FOO' is no zone file directive"}, Bad{"$TTL x\n", "line 2: 'x' is no TTL"},
      Bad{"x TXT (\n \"a\"\n", "never closed"}, Bad{"x TXT )\n", "line 2: a ')' has no '('"},
      Bad{"x TXT \"open\n", "line 2: a quoted string is not closed"},
      Bad{"other.example. A 192.0.2.1\n", "line 2: other.example. lies outside the zone example.com."},
      Bad{"x TXT (\n \"a\"\n) y\nz A nope\n", "line 5: "}, Bad{"x TSIG a\n", "line 2: records of type TSIG"},
      Bad{"a..b A 192.0.2.1\n", "line 2: 'a..b' is no domain name"}, Bad{std::string("x A \0\n", 6), "line 2: "},
      Bad{"@ SOA a. b. 9 2 3 4 5\n", "2 different SOA records"},
      Bad{"sub SOA a. b. 9 2 3 4 5\n", "belongs to sub.example.com."});
  INFO(row.text);
  const auto zone = parse_zone_file(std::string(kSoa) + row.text, name("example.com"));
  REQUIRE_FALSE(zone);
  INFO(zone.error().message);
  CHECK(zone.error().message.find(row.says) != std::string::npos);
}

TEST_CASE("what no line can be blamed for", "[zone-file]") {
  CHECK(parse_zone_file("", name("example.com")).error().message.find("no SOA record") != std::string::npos);
  CHECK(parse_zone_file("  60 A 192.0.2.1\n", name("example.com")).error().message.find("no owner name") !=
        std::string::npos);
  CHECK(parse_zone_file("x A 192.0.2.1\n", name("example.com")).error().message.find("no TTL") != std::string::npos);
}

}  // namespace
}  // namespace cutover::net
