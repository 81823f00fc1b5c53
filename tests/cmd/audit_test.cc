#include "cmd/plan/audit.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"
#include "net/message.h"

namespace cutover {
namespace {

const DomainName kOrigin = *DomainName::from_text("example.com.");

Zone zone_of(const std::string& records, int minimum = 300) {
  auto zone = net::parse_zone_file("$ORIGIN example.com.\n$TTL 3600\n@ SOA ns1.provider.test. h 7 7200 900 1209600 " +
                                       std::to_string(minimum) + "\n@ NS ns1.provider.test.\n" + records,
                                   kOrigin);
  if (!zone) FAIL(zone.error().message);
  return *zone;
}

Mapping usual() {
  return *mapping_from_sides({"198.51.100.10", "2001:db8:1::10", "lb.old.test"},
                             {"203.0.113.20", "2001:db8:2::20", "lb.new.test"});
}

const Instant kNow = *parse_instant("2026-10-01T00:00:00Z");

std::vector<Audit> audits_of(const Zone& zone, const Mapping& mapping) {
  const Findings findings = sweep_mentions(zone, mapping);
  return audit_zone({.zone = zone, .mapping = mapping, .findings = findings, .now = kNow});
}

const Audit* find(const std::vector<Audit>& audits, std::string_view id) {
  const auto at = std::find_if(audits.begin(), audits.end(), [&](const Audit& a) { return a.id == id; });
  return at == audits.end() ? nullptr : &*at;
}

struct Row {
  std::string what;
  std::string records;
  std::string id;
  Severity severity = Severity::kNote;
  std::string words;  ///< part of the sentence; empty: there must be no such audit
};

}  // namespace

TEST_CASE("what the audits say") {
  const std::string www = "www A 198.51.100.10\n";
  const std::vector<Row> table{
      {"TTL of an hour", www, "ttl-high", Severity::kNote,
       "3600 s (1h) at www.example.com. A: `lower-ttl`, then the swap may follow 1h later"},
      {"TTL of a week", "www 604800 A 198.51.100.10\n", "ttl-high", Severity::kWarning, "7d later"},
      {"TTL low already", "www 60 A 198.51.100.10\n", "ttl-low", Severity::kNote,
       "TTL already 60 s or less on everything that changes: no lowering needed"},
      {"and then it is not high", "www 60 A 198.51.100.10\n", "ttl-high", Severity::kNote, ""},
      {"one low, one high", www + "x 30 A 198.51.100.10\n", "ttl-partly-low", Severity::kNote,
       "TTL at most 60 s already: x.example.com. A"},
      {"families with two TTLs", www + "www 60 AAAA 2001:db8:1::10\n", "ttl-differs", Severity::kNote,
       "A with TTL 3600 s and AAAA with 60 s"},
      {"nothing is added", www, "negative-ttl", Severity::kNote, "does not matter"},
      {"IPv4 only", www, "dual-stack", Severity::kNote, "no second family to forget"},
      {"both families", www + "www AAAA 2001:db8:1::10\n", "dual-stack", Severity::kNote, "move together"},
      {"AAAA forgotten", www + "www AAAA 2001:db8:9::9\n", "dual-stack", Severity::kWarning,
       "one address family of www.example.com. moves"},
      {"signed", www + "@ DNSKEY 257 3 13 aGVsbG8gd29ybGQ=\n", "dnssec", Severity::kNote,
       "is signed: a swap of values"},
      {"unsigned", www, "dnssec", Severity::kNote, "no DNSSEC step needed"},
      {"signature ends soon", www + "www RRSIG A 13 3 3600 20261002000000 20260901000000 1 example.com. aGVsbG8=\n",
       "rrsig-expiry", Severity::kWarning, "expires at 2026-10-02T00:00:00Z"},
      {"signature ended", www + "www RRSIG A 13 3 3600 20260930000000 20260901000000 1 example.com. aGVsbG8=\n",
       "rrsig-expiry", Severity::kError, "fail already"},
      {"signature lasts", www + "www RRSIG A 13 3 3600 20261201000000 20260901000000 1 example.com. aGVsbG8=\n",
       "rrsig-expiry", Severity::kNote, ""},
      {"no CAA", www, "caa", Severity::kNote, "any CA may issue"},
      {"CAA at the apex", www + "@ CAA 0 issue \"letsencrypt.org\"\n", "caa", Severity::kNote,
       "CAA at example.com. rules who may issue for www.example.com."},
      {"CAA and a name that becomes an alias", "www CNAME lb.old.test.\n@ CAA 0 issue \"x.test\"\n", "caa-chain",
       Severity::kNote, "new target first"},
      {"DNS-01 delegated", www + "_acme-challenge.www CNAME x.acme.test.\n", "acme-delegated", Severity::kNote,
       "x.acme.test."},
      {"alias that leaves the zone", "www CNAME lb.old.test.\n", "chain-outside", Severity::kNote,
       "www.example.com. will lead to lb.new.test."},
      {"names that follow", www + "blog CNAME www\n", "follows", Severity::kNote, "as well: blog.example.com."},
      {"wildcard and what it does not reach", "*.x A 198.51.100.10\na.x A 198.51.100.77\n", "wildcard", Severity::kNote,
       "does not reach them: a.x.example.com."},
      {"apex without MX", "@ A 198.51.100.10\n", "implicit-mx", Severity::kNote, "RFC 5321"},
      {"apex with null MX", "@ A 198.51.100.10\n@ MX 0 .\n", "implicit-mx", Severity::kNote, ""},
      {"SPF knows only the old address", www + "@ TXT \"v=spf1 ip4:198.51.100.10 -all\"\n", "spf-new-address",
       Severity::kWarning, "not 203.0.113.20"},
      {"SPF knows both", www + "@ TXT \"v=spf1 ip4:198.51.100.10 ip4:203.0.113.0/24 -all\"\n", "spf-new-address",
       Severity::kNote, ""},
      {"two SPF records", www + "@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 a -all\"\n", "spf-multiple", Severity::kWarning,
       "2 SPF records"},
      {"HTTPS that stays", www + "www HTTPS 1 . alpn=h2,h3\n", "https-goes-along", Severity::kNote,
       "promises alpn h2,h3"},
      {"HTTPS with hints that nobody mapped", www + "www HTTPS 1 . ipv4hint=198.51.100.11\n", "https-hints",
       Severity::kWarning, "198.51.100.11"},
      {"nothing moves", "www A 198.51.100.99\n", "nothing-moves", Severity::kError, "no record set of example.com."},
  };
  for (const Row& row : table) {
    INFO(row.what);
    const auto audits = audits_of(zone_of(row.records), usual());
    const Audit* audit = find(audits, row.id);
    if (row.words.empty()) {
      CHECK(audit == nullptr);
      continue;
    }
    REQUIRE(audit != nullptr);
    INFO(audit->sentence);
    CHECK(audit->severity == row.severity);
    CHECK(audit->sentence.find(row.words) != std::string::npos);
  }
}

TEST_CASE("a set that is added waits for the negative TTL") {
  const Mapping mapping = *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20", "2001:db8:2::20"});
  const auto short_one = audits_of(zone_of("www A 198.51.100.10\n"), mapping);
  REQUIRE(find(short_one, "negative-ttl"));
  CHECK(find(short_one, "negative-ttl")
            ->sentence.find("www.example.com. AAAA: who asked for it before may hold \"does not exist\" for 300 s") !=
        std::string::npos);
  // The SOA's own TTL (3600) caps a larger minimum (RFC 2308 section 5).
  const auto long_one = audits_of(zone_of("www A 198.51.100.10\n", 86400), mapping);
  CHECK(find(long_one, "negative-ttl")->sentence.find("3600 s") != std::string::npos);
}

TEST_CASE("removing the last set of a name lets the wildcard answer") {
  const Mapping mapping = *mapping_from_pairs({"198.51.100.10=203.0.113.20", "2001:db8:1::10=none"});
  const auto uncovered =
      audits_of(zone_of("www A 198.51.100.10\nsix AAAA 2001:db8:1::10\n* A 198.51.100.77\n"), mapping);
  REQUIRE(find(uncovered, "wildcard-uncovered"));
  CHECK(find(uncovered, "wildcard-uncovered")->sentence.find("*.example.com. answers for it") != std::string::npos);
  REQUIRE(find(uncovered, "family-removed"));
  CHECK(find(uncovered, "family-removed")->severity == Severity::kWarning);
  const auto covered = audits_of(zone_of("six A 198.51.100.10\nsix AAAA 2001:db8:1::10\n* A 198.51.100.77\n"), mapping);
  CHECK_FALSE(find(covered, "wildcard-uncovered"));
}

TEST_CASE("what the servers say") {
  const Zone zone = zone_of("www A 198.51.100.10\n");
  const Mapping mapping = usual();
  const Findings findings = sweep_mentions(zone, mapping);
  net::Delegation delegation;
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"})
    delegation.servers.push_back({DomainName(), Endpoint{*IpAddress::from_text(address), 53}, true, true});
  delegation.without_address = {*DomainName::from_text("ns9.test.")};
  delegation.has_ds = true;
  delegation.parent_ns_ttl = Seconds(172800);
  delegation.differences = {
      {.kind = net::DelegationDifference::Kind::kOnlyAtParent, .name = *DomainName::from_text("ns9.test.")}};
  const RecordKey key{*DomainName::from_text("www.example.com."), RecordType::kA};
  const RecordKey keys{kOrigin, RecordType::kDnskey};
  net::AuthoritySweep sweep;
  const auto reading = [&](std::size_t server, const RecordKey& asked, net::Outcome outcome, bool authoritative,
                           int ttl) {
    net::AuthorityReading r;
    r.server = server;
    r.key = asked;
    r.outcome = outcome;
    r.authoritative = authoritative;
    if (ttl > 0) r.set = RecordSet{asked.name, asked.type, Seconds(ttl), {"198.51.100.10"}};
    sweep.readings.push_back(r);
  };
  reading(0, key, net::Outcome::kAnswered, true, 3600);
  reading(0, keys, net::Outcome::kAnswered, true, 0);
  reading(1, key, net::Outcome::kAnswered, true, 86400);
  reading(2, key, net::Outcome::kTimeout, false, 0);
  reading(3, key, net::Outcome::kAnswered, false, 0);
  sweep.serials = {7U, 5U, std::nullopt, std::nullopt};
  sweep.standings = {net::ServerStanding::kServes, net::ServerStanding::kServes, net::ServerStanding::kSilent,
                     net::ServerStanding::kUpwardReferral};
  const auto audits = audit_zone({.zone = zone,
                                  .mapping = mapping,
                                  .findings = findings,
                                  .now = kNow,
                                  .delegation = &delegation,
                                  .sweep = &sweep,
                                  .capabilities = nullptr});
  const std::vector<std::pair<std::string, std::string>> expected{
      {"ttl-differs", "from 3600 s to 86400 s (the longest by 192.0.2.2)"},
      {"dnssec-broken", "no server shows a DNSKEY"},
      {"delegation", "ns9.test. is a name server at the parent, but not in the zone"},
      {"server-without-address", "ns9.test."},
      {"ns-ttl", "172800 s (2d) at the parent"},
      {"server-behind", "192.0.2.2 is at serial 5, others are at 7"},
      {"server-silent", "192.0.2.3"},
      {"server-lame", "192.0.2.4 is lame for example.com.: it refers upwards"},
  };
  for (const auto& [id, words] : expected) {
    INFO(id);
    REQUIRE(find(audits, id));
    INFO(find(audits, id)->sentence);
    CHECK(find(audits, id)->sentence.find(words) != std::string::npos);
  }
}

TEST_CASE("what the provider cannot do") {
  const Zone zone = zone_of("www A 198.51.100.10\nwww AAAA 2001:db8:1::10\n");
  const Mapping mapping = usual();
  const Findings findings = sweep_mentions(zone, mapping);
  providers::Capabilities can{};
  can.atomic = {providers::AtomicScope::kNone, "no batch call", "2026-01-01"};
  can.ttl_floor = {Seconds(300), "free plan", "2026-01-01"};
  can.types = {{RecordType::kA}, "nothing but A", "2026-01-01"};
  const auto audits =
      audit_zone({.zone = zone, .mapping = mapping, .findings = findings, .now = kNow, .capabilities = &can});
  REQUIRE(find(audits, "ttl-floor"));
  REQUIRE(find(audits, "type-unsupported"));
  CHECK(find(audits, "type-unsupported")->sentence.find("www.example.com. AAAA (nothing but A)") != std::string::npos);
  REQUIRE(find(audits, "not-atomic"));
}

TEST_CASE("old values that appear nowhere are told") {
  const Zone zone = zone_of("www A 198.51.100.10\nchild NS ns.elsewhere.test.\n");
  const auto audits = audit_mapping(usual(), {&zone});
  REQUIRE(audits.size() == 2);
  CHECK(audits[0].sentence.find("2001:db8:1::10") != std::string::npos);
  CHECK(audits[1].sentence.find("lb.old.test.") != std::string::npos);
}

}  // namespace cutover
