#pragma once
#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "core/endpoint.h"
#include "core/text.h"
#include "lab/zone_answer.h"
#include "net/message.h"

namespace cutover::lab::test {

inline DomainName name(std::string_view text) {
  auto parsed = DomainName::from_text(text);
  REQUIRE(parsed.ok());
  return *parsed;
}

inline Endpoint loopback(std::string_view address = "127.0.0.1") {
  auto parsed = Endpoint::from_text(address, 0);
  REQUIRE(parsed.ok());
  return *parsed;
}

inline Instant noon() {
  auto parsed = parse_instant("2026-03-01T12:00:00Z");
  REQUIRE(parsed.ok());
  return *parsed;
}

inline Zone zone_of(std::string_view origin, std::string_view text) {
  auto zone = net::parse_zone_file(text, name(origin));
  if (!zone) FAIL(zone.error().message);
  return *zone;
}

inline constexpr std::string_view kShopText = R"($TTL 3600
@        IN SOA  ns1 hostmaster 100 7200 900 1209600 300
@        IN NS   ns1
@        IN NS   ns2
ns1      IN A    192.0.2.1
ns2      IN A    192.0.2.2
@  86400 IN A    198.51.100.10
www 86400 IN A   198.51.100.10
www 86400 IN A   198.51.100.11
www      IN AAAA 2001:db8:1::10
shop     IN CNAME www
far      IN CNAME lb.elsewhere.test.
gone     IN CNAME nothing.here
loop     IN CNAME loop
*.wild   IN A    198.51.100.20
*.wild   IN TXT  "any"
real.wild IN A   198.51.100.21
a.b.deep IN A    198.51.100.30
child    IN NS   ns.child
ns.child IN A    192.0.2.77
child    IN DS   12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
)";

inline Zone shop_zone() { return zone_of("shop.test", kShopText); }

inline net::Message query(std::string_view owner, RecordType type) {
  return net::make_query({name(owner), type, net::RecordClass::kIn}, net::Recursion::kDesired);
}

/// `www.shop.test. 86400 A 198.51.100.10 | ...`
inline std::string section(const std::vector<net::Record>& records) {
  std::vector<std::string> lines;
  for (const net::Record& record : records)
    lines.push_back(record.name.text() + " " + std::to_string(record.ttl) + " " + to_text(record.type) + " " +
                    record.rdata);
  return join(lines, " | ");
}

}  // namespace cutover::lab::test
