#include "cmd/plan/mention.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"
#include "net/message.h"

namespace cutover {
namespace {

constexpr std::string_view kHead =
    "$ORIGIN example.com.\n"
    "$TTL 3600\n"
    "@ SOA ns1.provider.test. hostmaster 7 7200 900 1209600 300\n"
    "@ NS ns1.provider.test.\n";

Zone zone_of(const std::string& records) {
  auto zone = net::parse_zone_file(std::string(kHead) + records, *DomainName::from_text("example.com."));
  if (!zone) FAIL(zone.error().message);
  return *zone;
}

Mapping usual() {
  return *mapping_from_sides({"198.51.100.10", "2001:db8:1::10", "lb.old.test"},
                             {"203.0.113.20", "2001:db8:2::20", "lb.new.test"});
}

/// `www A 198.51.100.10 -> 203.0.113.20`
std::vector<std::string> changes_of(const Findings& findings) {
  std::vector<std::string> lines;
  const DomainName origin = *DomainName::from_text("example.com.");
  for (const FoundChange& found : findings.changes)
    lines.push_back(found.change.name.relative_to(origin) + " " + to_text(found.change.type) + " " +
                    join(found.change.from, ",") + " -> " + join(found.change.to, ","));
  return lines;
}

std::vector<std::string> mentions_of(const Findings& findings) {
  std::vector<std::string> lines;
  for (const FoundMention& mention : findings.mentions) lines.push_back(mention.text);
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> followers_of(const Findings& findings) {
  std::vector<std::string> lines;
  for (const Follower& follower : findings.followers)
    lines.push_back(follower.name.host() + " -> " + follower.moving.host());
  std::sort(lines.begin(), lines.end());
  return lines;
}

using Lines = std::vector<std::string>;

struct Case {
  std::string what;
  std::string records;
  Lines changes;
  Lines mentions;
  Lines followers{};
};

void check(const std::vector<Case>& cases, const Mapping& mapping) {
  for (const Case& c : cases) {
    INFO(c.what);
    const Findings found = sweep_mentions(zone_of(c.records), mapping);
    CHECK(changes_of(found) == c.changes);
    CHECK(mentions_of(found) == c.mentions);
    CHECK(followers_of(found) == c.followers);
    for (const FoundMention& mention : found.mentions) CHECK(mention.reason.size() > 20);
  }
}

}  // namespace

TEST_CASE("record sets that hold the old side become changes") {
  check(
      {
          {"nothing of it", "www A 198.51.100.11\nwww TXT \"198.51.100.100 and 1198.51.100.10\"\n", {}, {}},
          {"A and AAAA",
           "www A 198.51.100.10\nwww AAAA 2001:DB8:1:0::10\n",
           {"www A 198.51.100.10 -> 203.0.113.20", "www AAAA 2001:db8:1::10 -> 2001:db8:2::20"},
           {}},
          {"upper case owner", "WWW.Example.COM. A 198.51.100.10\n", {"www A 198.51.100.10 -> 203.0.113.20"}, {}},
          {"one of several values",
           "www A 198.51.100.9\nwww A 198.51.100.10\nwww A 203.0.113.1\n",
           {"www A 198.51.100.10,198.51.100.9,203.0.113.1 -> 198.51.100.9,203.0.113.1,203.0.113.20"},
           {}},
          {"the new value is in the set already",
           "www A 198.51.100.10\nwww A 203.0.113.20\n",
           {"www A 198.51.100.10,203.0.113.20 -> 203.0.113.20"},
           {}},
          {"apex, wildcard and an IDN, apex first",
           "*.dev A 198.51.100.10\n@ A 198.51.100.10\nxn--bcher-kva A 198.51.100.10\n",
           {"@ A 198.51.100.10 -> 203.0.113.20", "*.dev A 198.51.100.10 -> 203.0.113.20",
            "xn--bcher-kva A 198.51.100.10 -> 203.0.113.20"},
           {}},
          {"CNAME", "shop CNAME LB.old.test.\n", {"shop CNAME lb.old.test. -> lb.new.test."}, {}},
          {"CNAME to something beneath the old target is another name", "shop CNAME a.lb.old.test.\n", {}, {}},
          {"a name that follows by CNAME, over two links and a wildcard",
           "www A 198.51.100.10\nblog CNAME www\nnews CNAME blog\n*.x CNAME www\n",
           {"www A 198.51.100.10 -> 203.0.113.20"},
           {},
           {"*.x.example.com -> www.example.com", "blog.example.com -> www.example.com",
            "news.example.com -> www.example.com"}},
          {"CNAME loop", "a CNAME b\nb CNAME a\nwww A 198.51.100.10\n", {"www A 198.51.100.10 -> 203.0.113.20"}, {}},
      },
      usual());
}

TEST_CASE("the other address family of a moving name is never left behind in silence") {
  const Mapping v4 = *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20"});
  check({{"A moves, AAAA was forgotten",
          "www A 198.51.100.10\nwww AAAA 2001:db8:1::10\n",
          {"www A 198.51.100.10 -> 203.0.113.20"},
          {"AAAA www 2001:db8:1::10"}},
         {"AAAA of a name that does not move", "www A 198.51.100.11\nwww AAAA 2001:db8:1::10\n", {}, {}}},
        v4);
  const Mapping v6 = *mapping_from_sides({"2001:db8:1::10"}, {"2001:db8:2::20"});
  check({{"AAAA moves, A was forgotten",
          "www A 198.51.100.10\nwww AAAA 2001:db8:1::10\n",
          {"www AAAA 2001:db8:1::10 -> 2001:db8:2::20"},
          {"A www 198.51.100.10"}}},
        v6);
  const Mapping already = *mapping_from_pairs({"198.51.100.10=203.0.113.20", "2001:db8:1::99=2001:db8:2::20"});
  check({{"AAAA is at the new side already",
          "www A 198.51.100.10\nwww AAAA 2001:db8:2::20\n",
          {"www A 198.51.100.10 -> 203.0.113.20"},
          {}}},
        already);
}

TEST_CASE("a family without a successor is removed, loudly") {
  const Mapping mapping = *mapping_from_sides({"198.51.100.10", "2001:db8:1::10"}, {"203.0.113.20"});
  const Findings found = sweep_mentions(
      zone_of("www A 198.51.100.10\nwww AAAA 2001:db8:1::10\nmix AAAA 2001:db8:1::10\nmix AAAA 2001:db8::1\n"),
      mapping);
  CHECK(changes_of(found) == Lines{"mix AAAA 2001:db8:1::10,2001:db8::1 -> 2001:db8::1",
                                   "www A 198.51.100.10 -> 203.0.113.20", "www AAAA 2001:db8:1::10 -> "});
  CHECK(found.changes[0].alarm.empty());
  CHECK(found.changes[1].alarm.empty());
  CHECK(found.changes[2].alarm.find("REMOVES the AAAA of www.example.com.") != std::string::npos);
}

TEST_CASE("a family that only the new side has is added beside what moves") {
  const Mapping mapping = *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20", "2001:db8:2::20"});
  check(
      {{"created", "www A 198.51.100.10\n", {"www A 198.51.100.10 -> 203.0.113.20", "www AAAA  -> 2001:db8:2::20"}, {}},
       {"not over one that exists",
        "www A 198.51.100.10\nwww AAAA 2001:db8::5\n",
        {"www A 198.51.100.10 -> 203.0.113.20"},
        {"AAAA www 2001:db8::5"}}},
      mapping);
}

TEST_CASE("several new addresses for one old one") {
  const Mapping mapping = *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20", "203.0.113.21"});
  check({{"", "www A 198.51.100.10\n", {"www A 198.51.100.10 -> 203.0.113.20,203.0.113.21"}, {}}}, mapping);
}

TEST_CASE("what points at the old side, or goes along with it, is mentioned") {
  const std::string www = "www A 198.51.100.10\n";
  const Lines moved{"www A 198.51.100.10 -> 203.0.113.20"};
  check(
      {
          {"MX at a moving host", www + "@ MX 10 WWW\n@ MX 20 mx.elsewhere.test.\n", moved, {"MX @ www.example.com."}},
          {"MX at the old target", "@ MX 10 lb.old.test.\n", {}, {"MX @ lb.old.test."}},
          {"MX at a name that a moving wildcard answers for",
           "*.m A 198.51.100.10\n@ MX 5 in.m\n",
           {"*.m A 198.51.100.10 -> 203.0.113.20"},
           {"MX @ in.m.example.com."}},
          {"null MX", www + "@ MX 0 .\n", moved, {}},
          {"SRV",
           www + "_sip._tcp SRV 0 5 5060 www\n_x._tcp SRV 0 5 1 lb.old.test.\n",
           moved,
           {"SRV _sip._tcp www.example.com.", "SRV _x._tcp lb.old.test."}},
          {"NS, PTR, DNAME, NAPTR targets",
           "@ NS lb.old.test.\np PTR lb.old.test.\nd DNAME old.test.\nn NAPTR 1 1 \"s\" \"x\" \"\" lb.old.test.\n",
           {},
           {"DNAME d old.test.", "NAPTR n lb.old.test.", "NS @ lb.old.test.", "PTR p lb.old.test."}},
          {"TLSA and SSHFP of a moving name, also under a wildcard port and as an alias",
           www + "_443._tcp.www TLSA 3 1 1 " + std::string(64, 'a') + "\n*._tcp.www TLSA 3 1 1 " +
               std::string(64, 'b') + "\nwww SSHFP 4 2 " + std::string(64, 'c') +
               "\n_25._tcp.www CNAME _dane.elsewhere.test.\n_443._tcp.still TLSA 3 1 1 " + std::string(64, 'a') +
               "\nstill A 198.51.100.99\n",
           moved,
           {"CNAME _25._tcp.www _dane.elsewhere.test.", "SSHFP www fingerprints", "TLSA *._tcp.www DANE",
            "TLSA _443._tcp.www DANE"}},
          {"delegated child zone with glue, and what lies below the cut",
           "child NS ns.child\nchild NS ns.elsewhere.test.\nns.child A 198.51.100.10\nwww.child A "
           "198.51.100.10\nwww.child AAAA 2001:db8:1::10\n",
           {},
           {"A ns.child 198.51.100.10", "A www.child 198.51.100.10", "AAAA www.child 2001:db8:1::10",
            "NS child delegated zone"}},
          {"a delegation below a delegation belongs to the child",
           "child NS ns.elsewhere.test.\na.child NS ns.elsewhere.test.\n",
           {},
           {"NS child delegated zone"}},
          {"the address of one of the zone's own name servers",
           "@ NS ns2\nns2 A 198.51.100.10\n",
           {},
           {"A ns2 198.51.100.10"}},
          {"CNAME below a cut",
           "child NS ns.elsewhere.test.\nx.child CNAME lb.old.test.\n",
           {},
           {"CNAME x.child lb.old.test.", "NS child delegated zone"}},
          {"an IPv4-mapped AAAA", "www AAAA ::ffff:198.51.100.10\n", {}, {"AAAA www ::ffff:198.51.100.10"}},
          {"types without a rule of their own",
           "u URI 10 1 \"https://198.51.100.10/x\"\nc CAA 0 iodef \"mailto:root@lb.old.test\"\n",
           {},
           {"CAA c lb.old.test", "TYPE256 u 198.51.100.10"}},
          {"CAA that names nobody of it", www + "@ CAA 0 issue \"letsencrypt.org\"\n", moved, {}},
          {"what a signer makes says nothing", www + "www NSEC zzz.example.com. A RRSIG NSEC\n", moved, {}},
      },
      usual());
}

TEST_CASE("SPF terms") {
  const std::string www = "www A 198.51.100.10\n";
  const Lines moved{"www A 198.51.100.10 -> 203.0.113.20"};
  check(
      {
          {"ip4, as in the handbook",
           "@ TXT \"v=spf1 ip4:198.51.100.10 -all\"\n",
           {},
           {"TXT @ spf1 ip4:198.51.100.10"}},
          {"upper case and a qualifier",
           "@ TXT \"V=SPF1 ?IP4:198.51.100.10 -ALL\"\n",
           {},
           {"TXT @ spf1 ?IP4:198.51.100.10"}},
          {"networks that hold it, and one that does not",
           "@ TXT \"v=spf1 ip4:198.51.100.0/24 ip4:198.51.100.0/29 ip4:0.0.0.0/0 ~all\"\n",
           {},
           {"TXT @ spf1 ip4:198.51.100.0/24"}},
          {"ip6 in another spelling, and a network",
           "@ TXT \"v=spf1 ip6:2001:DB8:1:0:0:0:0:10 ip6:2001:db8:1::/48 -all\"\n",
           {},
           {"TXT @ spf1 ip6:2001:DB8:1:0:0:0:0:10", "TXT @ spf1 ip6:2001:db8:1::/48"}},
          {"ip6 with an IPv4-mapped address",
           "@ TXT \"v=spf1 ip6:::ffff:198.51.100.10 ip6:::ffff:198.51.100.0/120 -all\"\n",
           {},
           {"TXT @ spf1 ip6:::ffff:198.51.100.0/120", "TXT @ spf1 ip6:::ffff:198.51.100.10"}},
          {"cut across strings",
           "@ TXT \"v=spf1 ip4:198.51\" \".100.10 -all\"\n",
           {},
           {"TXT @ spf1 ip4:198.51.100.10"}},
          {"a and mx of the owner",
           "@ A 198.51.100.10\n@ MX 10 mail\nmail A 198.51.100.10\n@ TXT \"v=spf1 a mx -all\"\n",
           {"@ A 198.51.100.10 -> 203.0.113.20", "mail A 198.51.100.10 -> 203.0.113.20"},
           {"MX @ mail.example.com.", "TXT @ spf1 a", "TXT @ spf1 mx"}},
          {"a and mx of owners that stay",
           "@ A 198.51.100.9\n@ MX 10 mx.elsewhere.test.\n@ TXT \"v=spf1 a mx -all\"\n",
           {},
           {}},
          {"a: of a moving name by CNAME",
           www + "x CNAME www\n@ TXT \"v=spf1 +a:X.example.com -all\"\n",
           moved,
           {"TXT @ spf1 +a:X.example.com"},
           {"x.example.com -> www.example.com"}},
          {"a network around a name that stays",
           www + "s A 198.51.100.200\n@ TXT \"v=spf1 a:s.example.com/24//64 a:s.example.com/32 -all\"\n",
           moved,
           {"TXT @ spf1 a:s.example.com/24//64"}},
          {"macros are not guessed at", www + "@ TXT \"v=spf1 a:%{d} exists:%{i}.x.test -all\"\n", moved, {}},
          {"include and redirect to the old side",
           "@ TXT \"v=spf1 include:lb.old.test redirect=lb.old.test\"\n",
           {},
           {"TXT @ spf1 include:lb.old.test", "TXT @ spf1 redirect=lb.old.test"}},
          {"several SPF records, and one in a name of its own",
           "@ TXT \"v=spf1 ip4:198.51.100.10 -all\"\n@ TXT \"v=spf1 ip4:198.51.100.10 ~all\"\n_spf TXT \"v=spf1 "
           "ip4:198.51.100.10\"\n",
           {},
           {"TXT @ spf1 ip4:198.51.100.10", "TXT _spf spf1 ip4:198.51.100.10"}},
          {"the type SPF of old",
           "@ TYPE99 \\# 25 18763d73706631206970343a3139382e35312e3130302e3130\n",
           {},
           {"SPF @ spf1 ip4:198.51.100.10"}},
          {"v=spf10 is no SPF, and its text counts",
           "@ TXT \"v=spf10 ip4:198.51.100.10\"\n",
           {},
           {"TXT @ 198.51.100.10"}},
      },
      usual());
}

TEST_CASE("the reason tells whether SPF knows the new address") {
  const auto reason = [](const std::string& spf) {
    const Findings found = sweep_mentions(zone_of("@ TXT \"v=spf1 " + spf + " -all\"\n"), usual());
    REQUIRE(found.mentions.size() == 1);
    return found.mentions[0].reason;
  };
  CHECK(reason("ip4:198.51.100.10").find("add 203.0.113.20 beside it") != std::string::npos);
  CHECK(reason("ip4:198.51.100.10 ip4:203.0.113.0/24").find("allowed already") != std::string::npos);
}

TEST_CASE("text that quotes an address or a target") {
  struct Text {
    std::string txt;
    Lines mentions;
  };
  const std::vector<Text> table{
      {"allow 198.51.100.10", {"TXT t 198.51.100.10"}},
      {"allow=198.51.100.10:443;", {"TXT t 198.51.100.10"}},
      {"It is 198.51.100.10.", {"TXT t 198.51.100.10"}},
      {"198.51.100.10.1", {}},
      {"1.198.51.100.10", {}},
      {"198.51.100.101", {}},
      {"net 198.51.100.0/24", {"TXT t 198.51.100.0/24"}},
      {"net 198.51.0.0/24 0.0.0.0/0", {}},
      {"[2001:db8:1::10]:443", {"TXT t 2001:db8:1::10"}},
      {"ip6:2001:0DB8:0001::0010", {"TXT t 2001:0DB8:0001::0010"}},
      {"2001:db8:1::100", {}},
      {"::ffff:198.51.100.10", {"TXT t ::ffff:198.51.100.10"}},
      {"to LB.Old.Test.", {"TXT t lb.old.test"}},
      {"https://lb.old.test/x", {"TXT t lb.old.test"}},
      {"a.lb.old.test glb.old.test lb.old.testing lb.old.test.uk", {}},
      {std::string(250, ':'), {}},
  };
  for (const Text& row : table) {
    INFO(row.txt);
    CHECK(mentions_of(sweep_mentions(zone_of("t TXT \"" + row.txt + "\"\n"), usual())) == row.mentions);
  }
}

TEST_CASE("escapes in TXT do not hide an address, and what is shown is safe") {
  const Findings found =
      sweep_mentions(zone_of("t TXT \"v=spf1 ip4:198.51.100.1\\048 \\027]evil:198.51.100.10\"\n"), usual());
  CHECK(mentions_of(found) == Lines{"TXT t spf1 \\x1b]evil:198.51.100.10", "TXT t spf1 ip4:198.51.100.10"});
}

TEST_CASE("HTTPS and SVCB: hints move in the same change") {
  const std::string www = "www A 198.51.100.10\n";
  const std::string moved = "www A 198.51.100.10 -> 203.0.113.20";
  const Mapping no_v6 = *mapping_from_sides({"198.51.100.10", "2001:db8:1::10"}, {"203.0.113.20"});
  check(
      {
          {"hints of both families, one of them not old",
           "www HTTPS 1 . alpn=h2,h3 ipv4hint=198.51.100.9,198.51.100.10 ipv6hint=2001:db8:1::10\n",
           {"www HTTPS 1 . alpn=h2,h3 ipv4hint=198.51.100.9,198.51.100.10 ipv6hint=2001:db8:1::10 -> "
            "1 . alpn=h2,h3 ipv4hint=198.51.100.9,203.0.113.20 ipv6hint=2001:db8:2::20"},
           {}},
          {"alias mode to the old target",
           "@ HTTPS 0 LB.old.test.\n",
           {"@ HTTPS 0 lb.old.test. -> 0 lb.new.test."},
           {}},
          {"mandatory stays as it is",
           "www HTTPS 1 . mandatory=alpn,ipv4hint alpn=h2 ipv4hint=198.51.100.10\n",
           {"www HTTPS 1 . mandatory=alpn,ipv4hint alpn=h2 ipv4hint=198.51.100.10 -> 1 . mandatory=alpn,ipv4hint "
            "alpn=h2 ipv4hint=203.0.113.20"},
           {}},
          {"unknown parameters are carried along",
           "_8443._https.www SVCB 1 . port=8443 ipv4hint=198.51.100.10 key65400=\"a b\"\n",
           {"_8443._https.www SVCB 1 . port=8443 ipv4hint=198.51.100.10 key65400=\"a b\" -> 1 . port=8443 "
            "ipv4hint=203.0.113.20 key65400=\"a b\""},
           {}},
          {"ech with old hints is left to a person",
           www + "www HTTPS 1 . alpn=h2 ipv4hint=198.51.100.10 ech=AEX+DQ==\n",
           {moved},
           {"HTTPS www ech ipv4hint=198.51.100.10"}},
          {"ech of a moving name without hints",
           www + "www HTTPS 1 . alpn=h2 ech=AEX+DQ==\n",
           {moved},
           {"HTTPS www ech"}},
          {"ech of a name that stays", "s A 198.51.100.9\ns HTTPS 1 . alpn=h2 ech=AEX+DQ==\n", {}, {}},
          {"no hints: it goes along, nothing to change", www + "www HTTPS 1 . alpn=h2\n", {moved}, {}},
          {"below a cut",
           "child NS ns.elsewhere.test.\nw.child HTTPS 1 . ipv4hint=198.51.100.10\n",
           {},
           {"HTTPS w.child ipv4hint=198.51.100.10", "NS child delegated zone"}},
      },
      usual());
  check({{"a hint without a successor goes away",
          "www HTTPS 1 . ipv4hint=198.51.100.10 ipv6hint=2001:db8:1::10\n",
          {"www HTTPS 1 . ipv4hint=198.51.100.10 ipv6hint=2001:db8:1::10 -> 1 . ipv4hint=203.0.113.20"},
          {}},
         {"unless mandatory lists it",
          "www HTTPS 1 . mandatory=ipv6hint ipv6hint=2001:db8:1::10\n",
          {},
          {"HTTPS www ipv6hint=2001:db8:1::10"}}},
        no_v6);
}

TEST_CASE("a HTTPS record in a form that cannot be taken apart is mentioned where its name moves") {
  Zone zone = zone_of("www A 198.51.100.10\n");
  const RecordKey key{*DomainName::from_text("www.example.com."), RecordType::kHttps};
  zone.sets[key] = RecordSet{key.name, key.type, Seconds(60), {"\\# 3 000100"}};
  CHECK(mentions_of(sweep_mentions(zone, usual())) == Lines{"HTTPS www in a foreign form"});
  zone.sets[key].rdata = {"1 . key4=\"198.51.100.10\""};
  CHECK(mentions_of(sweep_mentions(zone, usual())) == Lines{"HTTPS www 198.51.100.10"});
}

TEST_CASE("reverse zones") {
  auto zone = net::parse_zone_file(
      "@ 3600 SOA ns1.provider.test. h.provider.test. 1 2 3 4 5\n@ 3600 NS ns1.provider.test.\n10 3600 PTR "
      "www.example.com.\n11 3600 PTR lb.old.test.\n",
      *DomainName::from_text("100.51.198.in-addr.arpa."));
  REQUIRE(zone);
  CHECK(mentions_of(sweep_mentions(*zone, usual())) == Lines{"PTR 10 www.example.com.", "PTR 11 lb.old.test."});
  CHECK(reverse_name(*IpAddress::from_text("2001:db8:1::10")).text() ==
        "0.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
}

TEST_CASE("mentions of a plan with several zones carry whole names") {
  const Findings found =
      sweep_mentions(zone_of("@ TXT \"v=spf1 ip4:198.51.100.10\"\n"), usual(), {.names = MentionNames::kAbsolute});
  CHECK(mentions_of(found) == Lines{"TXT example.com. spf1 ip4:198.51.100.10"});
}

TEST_CASE("names of other zones that move are followed too") {
  const SweepOptions options{
      .names = MentionNames::kAbsolute,
      .moving_elsewhere = {{*DomainName::from_text("www.other.test."), *DomainName::from_text("web.other.test.")}}};
  const Findings found = sweep_mentions(
      zone_of("w CNAME www.other.test.\n@ MX 10 www.other.test.\n@ TXT \"v=spf1 a:w.example.com -all\"\n"), usual(),
      options);
  CHECK(mentions_of(found) == Lines{"MX example.com. www.other.test.", "TXT example.com. spf1 a:w.example.com"});
  CHECK(followers_of(found) == Lines{"w.example.com -> web.other.test"});
}

TEST_CASE("pairing --from with --to") {
  struct Row {
    Lines from, to;
    std::string expected;  ///< `198.51.100.1=203.0.113.1`, or what the refusal says
  };
  const std::vector<Row> table{
      {{"198.51.100.1", "198.51.100.2"},
       {"203.0.113.1", "203.0.113.2"},
       "198.51.100.1=203.0.113.1 198.51.100.2=203.0.113.2"},
      {{"198.51.100.1", "198.51.100.2"}, {"203.0.113.1"}, "198.51.100.1=203.0.113.1 198.51.100.2=203.0.113.1"},
      {{"2001:DB8::1", "198.51.100.1"},
       {"203.0.113.1", "2001:db8::2"},
       "198.51.100.1=203.0.113.1 2001:db8::1=2001:db8::2"},
      {{"198.51.100.1", "2001:db8::1"}, {"203.0.113.1"}, "198.51.100.1=203.0.113.1 2001:db8::1=none"},
      {{"198.51.100.1"}, {"203.0.113.1", "2001:db8::2"}, "198.51.100.1=203.0.113.1 +2001:db8::2"},
      {{"A.old.test", "b.old.test"}, {"new.test"}, "a.old.test.=new.test. b.old.test.=new.test."},
      {{"198.51.100.1", "198.51.100.2", "198.51.100.3"},
       {"203.0.113.1", "203.0.113.2"},
       "use --map: 3 IPv4 addresses in --from and 2"},
      {{"a.test"}, {"b.test", "c.test"}, "1 names in --from and 2"},
      {{"198.51.100.1"}, {"198.51.100.1"}, "198.51.100.1 is both in --from and in --to"},
      {{"198.51.100.1"}, {"lb.new.test"}, "changes the record's type"},
      {{"198.51.100.300"}, {"203.0.113.1"}, "'198.51.100.300' is neither"},
      {{"198.51.100.0/24"}, {"203.0.113.1"}, "is neither"},
      {{"::ffff:198.51.100.1"}, {"203.0.113.1"}, "write the IPv4 address"},
      {{"b\xc3\xbc"
        "cher.test"},
       {"c.test"},
       "xn--bcher-kva.test.=c.test."},
      {{"198.51.100.1"}, {}, "both want at least one"},
  };
  for (const Row& row : table) {
    INFO(join(row.from, " ") << " to " << join(row.to, " "));
    const auto mapping = mapping_from_sides(row.from, row.to);
    if (!mapping) {
      CHECK(mapping.error().code == ErrorCode::kUsage);
      const std::string wanted = row.expected.starts_with("use --map: ") ? row.expected.substr(11) : row.expected;
      CHECK(mapping.error().message.find(wanted) != std::string::npos);
      continue;
    }
    Lines words;
    for (const auto& [from, to] : mapping->addresses)
      if (to.empty())
        words.push_back(from.text() + "=none");
      else
        for (const IpAddress& place : to) words.push_back(from.text() + "=" + place.text());
    for (const auto& [from, to] : mapping->targets) words.push_back(from.text() + "=" + to.text());
    for (const IpAddress& added : mapping->added) words.push_back("+" + added.text());
    CHECK(join(words, " ") == row.expected);
  }
}

TEST_CASE("--map pairs") {
  const auto both = mapping_from_pairs(
      {"198.51.100.1=203.0.113.1", "198.51.100.1=203.0.113.2", "2001:db8::1=none", "a.test=b.test."});
  REQUIRE(both);
  CHECK(both->addresses.at(*IpAddress::from_text("198.51.100.1")).size() == 2);
  CHECK(both->addresses.at(*IpAddress::from_text("2001:db8::1")).empty());
  CHECK(both->targets.at(*DomainName::from_text("a.test.")).text() == "b.test.");
  for (const std::string bad :
       {"198.51.100.1", "198.51.100.1=2001:db8::1", "198.51.100.1=b.test", "a.test=none", "a.test=A.test.", "=", ""})
    CHECK_FALSE(mapping_from_pairs({bad}));
  CHECK_FALSE(mapping_from_pairs({}));
  CHECK_FALSE(mapping_from_pairs({"a.test=b.test", "a.test=c.test"}));
  CHECK_FALSE(mapping_from_pairs({"198.51.100.1=203.0.113.1", "198.51.100.1=none"}));
}

}  // namespace cutover
