#include "lab/zone_answer.h"

#include "tests/lab/fixtures.h"

namespace cutover::lab {
namespace {

using namespace test;

constexpr std::string_view kSoa = "shop.test. 300 SOA ns1.shop.test. hostmaster.shop.test. 100 7200 900 1209600 300";

struct Row {
  std::string_view what, owner, type;
  net::Rcode rcode;
  bool aa;
  std::string_view answer, authority, additional;
};

const Row kRows[] = {
    {"a set", "www.shop.test", "A", net::Rcode::kNoError, true,
     "www.shop.test. 86400 A 198.51.100.10 | www.shop.test. 86400 A 198.51.100.11", "", ""},
    {"no such type", "www.shop.test", "MX", net::Rcode::kNoError, true, "", kSoa, ""},
    {"no such name", "nothing.shop.test", "A", net::Rcode::kNxDomain, true, "", kSoa, ""},
    {"an empty name above a name", "b.deep.shop.test", "A", net::Rcode::kNoError, true, "", kSoa, ""},
    {"an alias, followed in the zone", "shop.shop.test", "AAAA", net::Rcode::kNoError, true,
     "shop.shop.test. 3600 CNAME www.shop.test. | www.shop.test. 3600 AAAA 2001:db8:1::10", "", ""},
    {"an alias by itself", "shop.shop.test", "CNAME", net::Rcode::kNoError, true,
     "shop.shop.test. 3600 CNAME www.shop.test.", "", ""},
    {"an alias to a name without the type", "shop.shop.test", "TXT", net::Rcode::kNoError, true,
     "shop.shop.test. 3600 CNAME www.shop.test.", kSoa, ""},
    {"an alias out of the zone", "far.shop.test", "A", net::Rcode::kNoError, true,
     "far.shop.test. 3600 CNAME lb.elsewhere.test.", "", ""},
    {"an alias to nothing", "gone.shop.test", "A", net::Rcode::kNxDomain, true,
     "gone.shop.test. 3600 CNAME nothing.here.shop.test.", kSoa, ""},
    {"a wildcard", "x.wild.shop.test", "A", net::Rcode::kNoError, true, "x.wild.shop.test. 3600 A 198.51.100.20", "",
     ""},
    {"a wildcard several labels deep", "x.y.wild.shop.test", "A", net::Rcode::kNoError, true,
     "x.y.wild.shop.test. 3600 A 198.51.100.20", "", ""},
    {"a wildcard without the type", "x.wild.shop.test", "AAAA", net::Rcode::kNoError, true, "", kSoa, ""},
    {"a name that hides the wildcard", "real.wild.shop.test", "TXT", net::Rcode::kNoError, true, "", kSoa, ""},
    {"below a name that hides the wildcard", "x.real.wild.shop.test", "A", net::Rcode::kNxDomain, true, "", kSoa, ""},
    {"a delegated name", "www.child.shop.test", "A", net::Rcode::kNoError, false, "",
     "child.shop.test. 3600 NS ns.child.shop.test.", "ns.child.shop.test. 3600 A 192.0.2.77"},
    {"the NS set of a cut", "child.shop.test", "NS", net::Rcode::kNoError, false, "",
     "child.shop.test. 3600 NS ns.child.shop.test.", "ns.child.shop.test. 3600 A 192.0.2.77"},
    {"the DS set of a cut", "child.shop.test", "DS", net::Rcode::kNoError, true,
     "child.shop.test. 3600 DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "", ""},
    {"the SOA", "shop.test", "SOA", net::Rcode::kNoError, true,
     "shop.test. 3600 SOA ns1.shop.test. hostmaster.shop.test. 100 7200 900 1209600 300", "", ""},
    {"another zone", "www.other.test", "A", net::Rcode::kRefused, false, "", "", ""},
};

TEST_CASE("an authority answers as RFC 1034 says") {
  const std::vector<PublishedZonePtr> zones{publish(shop_zone())};
  for (const Row& row : kRows) {
    DYNAMIC_SECTION(row.what) {
      const net::Message reply = answer_from(zones, query(row.owner, *record_type_from_text(row.type)));
      CHECK(to_text(reply.rcode) == to_text(row.rcode));
      CHECK(reply.aa == row.aa);
      CHECK(reply.qr);
      CHECK(section(reply.answer) == row.answer);
      CHECK(section(reply.authority) == row.authority);
      CHECK(section(reply.additional) == row.additional);
    }
  }
}

TEST_CASE("an alias that leads to itself ends") {
  const net::Message reply = answer_from({publish(shop_zone())}, query("loop.shop.test", RecordType::kA));
  CHECK(reply.answer.size() == 12);
}

TEST_CASE("the zone with the longest name answers, but the parent's for DS") {
  const Zone child = zone_of("child.shop.test", "$TTL 60\n@ SOA ns hostmaster 1 1 1 1 1\n@ NS ns\nwww A 192.0.2.99\n");
  const std::vector<PublishedZonePtr> zones{publish(child), publish(shop_zone())};
  const net::Message www = answer_from(zones, query("www.child.shop.test", RecordType::kA));
  CHECK(section(www.answer) == "www.child.shop.test. 60 A 192.0.2.99");
  CHECK(answer_from(zones, query("child.shop.test", RecordType::kDs)).answer.size() == 1);
}

TEST_CASE("serials move on and skip zero") {
  CHECK(next_serial(7) == 8);
  CHECK(next_serial(0xffffffffU) == 1);
}

}  // namespace
}  // namespace cutover::lab
