#include "cmd/plan/authority_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Kind = net::DelegationDifference::Kind;

DomainName name(std::string_view text) { return *DomainName::from_text(text); }
IpAddress ip(std::string_view text) { return *IpAddress::from_text(text); }

const DomainName kZone = name("example.com");
const RecordKey kWww{name("www.example.com"), RecordType::kA};
const RecordKey kApi{name("api.example.com"), RecordType::kA};
const Instant kNow = *parse_instant("2026-10-01T00:00:00Z");
constexpr Seconds kStandby{172800};

net::Delegation two_servers() {
  net::Delegation delegation;
  delegation.servers = {{name("ns1.example.com"), {ip("192.0.2.1"), 53}, true, true},
                        {name("ns2.example.com"), {ip("192.0.2.2"), 53}, true, false}};
  return delegation;
}

std::string all_of(const std::vector<Audit>& audits) {
  std::string out;
  for (const Audit& audit : audits)
    out += audit.id + " " + std::string(to_text(audit.severity)) + ": " + audit.sentence + "\n";
  return out;
}

bool tells(const std::vector<Audit>& audits, std::string_view id, Severity severity, std::string_view words) {
  return std::any_of(audits.begin(), audits.end(), [&](const Audit& audit) {
    return audit.id == id && audit.severity == severity && audit.sentence.find(words) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("every difference between a parent and a zone is a sentence") {
  struct Row {
    net::DelegationDifference difference;
    std::string words;
  };
  const DomainName ns1 = name("ns1.example.com");
  const std::vector<Row> table{
      {{.kind = Kind::kParentViews, .server = "a.test. (192.0.2.9)", .names = {ns1}},
       "the parent's servers disagree about who serves example.com.: a.test. (192.0.2.9) lists ns1.example.com."},
      {{.kind = Kind::kChildViews, .server = "ns1 (192.0.2.1)", .names = {}}, "ns1 (192.0.2.1) lists nothing"},
      {{.kind = Kind::kParentDs, .server = "a.test.", .ds = {}}, "a.test. has none"},
      {{.kind = Kind::kParentDs, .server = "a.test.", .ds = {"1 13 2 aa"}}, "a.test. has 1 13 2 aa"},
      {{.kind = Kind::kOnlyAtParent, .name = ns1}, "at the parent, but not in the zone"},
      {{.kind = Kind::kOnlyInChild, .name = ns1}, "in the zone, but not at the parent"},
      {{.kind = Kind::kGlueMissing, .name = ns1, .served = {ip("2001:db8::1")}},
       "no IPv6 glue for ns1.example.com., whose address the zone gives as 2001:db8::1"},
      {{.kind = Kind::kGlueDiffers, .name = ns1, .glue = {ip("192.0.2.1")}, .served = {ip("192.0.2.2")}},
       "IPv4 glue for ns1.example.com. is 192.0.2.1, but the zone gives 192.0.2.2"},
      {{.kind = Kind::kGlueDiffers,
        .name = ns1,
        .glue = {ip("192.0.2.1")},
        .source = net::DelegationDifference::Source::kLookup},
       "is 192.0.2.1, but a look-up finds nothing"},
  };
  for (const Row& row : table) {
    net::Delegation delegation;
    delegation.differences = {row.difference};
    const auto audits = audit_delegation(kZone, delegation);
    INFO(all_of(audits));
    REQUIRE(audits.size() == 1);
    CHECK(tells(audits, "delegation", Severity::kWarning, row.words));
  }
}

TEST_CASE("servers: lame ones by what they do, serials and SOA times by what follows") {
  const net::Delegation delegation = two_servers();
  net::AuthoritySweep sweep;
  const auto reading = [&](std::size_t server, std::string_view value) {
    net::AuthorityReading r;
    r.server = server;
    r.key = kWww;
    r.outcome = net::Outcome::kAnswered;
    r.authoritative = true;
    r.set = RecordSet{kWww.name, kWww.type, Seconds(60), {std::string(value)}};
    return r;
  };
  const auto soa = [](std::uint32_t ttl, int minimum) {
    return RecordSet{kZone, RecordType::kSoa, Seconds(ttl), {fmt::format("ns1. host. 7 1 2 3 {}", minimum)}};
  };
  sweep.standings = {net::ServerStanding::kServes, net::ServerStanding::kServes};
  sweep.serials = {7U, 9U};
  sweep.soas = {soa(3600, 300), soa(3600, 300)};
  sweep.readings = {reading(0, "192.0.2.10"), reading(1, "192.0.2.10")};

  SECTION("other serials, the same answers: a note") {
    const auto audits = audit_servers(kZone, delegation, sweep);
    INFO(all_of(audits));
    REQUIRE(audits.size() == 1);
    CHECK(tells(audits, "serials-differ", Severity::kNote,
                "ns1.example.com. (192.0.2.1) at 7, ns2.example.com. (192.0.2.2) at 9"));
  }
  SECTION("other serials and other answers: one is behind") {
    sweep.readings[0] = reading(0, "192.0.2.11");
    const auto audits = audit_servers(kZone, delegation, sweep);
    CHECK(tells(audits, "server-behind", Severity::kWarning, "(192.0.2.1) is at serial 7, others are at 9"));
  }
  SECTION("the same serials and times: nothing to tell") {
    sweep.serials = {9U, 9U};
    CHECK(audit_servers(kZone, delegation, sweep).empty());
  }
  SECTION("SOA times") {
    sweep.serials = {9U, 9U};
    sweep.soas[1] = soa(60, 86400);
    const auto audits = audit_servers(kZone, delegation, sweep);
    INFO(all_of(audits));
    CHECK(tells(audits, "soa-differs", Severity::kWarning, "(192.0.2.2) has MINIMUM 86400 s and TTL 60 s"));
  }
  SECTION("lame, each in its way") {
    using net::ServerStanding;
    for (const auto& [standing, words] : std::vector<std::pair<ServerStanding, std::string>>{
             {ServerStanding::kNotAuthoritative, "it answers without authority"},
             {ServerStanding::kUpwardReferral, "it refers upwards"},
             {ServerStanding::kRefused, "it refuses to answer (REFUSED (extended error 20))"},
             {ServerStanding::kServFail, "it answers SERVFAIL"},
             {ServerStanding::kOtherError, "it answers with an error"},
             {ServerStanding::kNoRecords, "no SOA or NS record"}}) {
      sweep.serials = {9U, std::nullopt};
      sweep.standings[1] = standing;
      sweep.readings[1].set.reset();
      sweep.readings[1].authoritative = false;
      sweep.readings[1].detail = standing == ServerStanding::kRefused ? "REFUSED (extended error 20)" : "";
      const auto audits = audit_servers(kZone, delegation, sweep);
      INFO(all_of(audits));
      REQUIRE(audits.size() == 1);
      CHECK(
          tells(audits, "server-lame", Severity::kWarning, "ns2.example.com. (192.0.2.2) is lame for example.com.: "));
      CHECK(tells(audits, "server-lame", Severity::kWarning, words));
      CHECK(tells(audits, "server-lame", Severity::kWarning, "Since the parent names it"));
    }
  }
}

TEST_CASE("signing: what is bogus is an error, what ends soon a warning, the rest one note") {
  const net::Delegation delegation = two_servers();
  const auto judged = [](std::size_t server, const RecordKey& key, net::Trust trust,
                         net::SignatureFault fault = net::SignatureFault::kNone) {
    net::Judgement judgement;
    judgement.server = server;
    judgement.key = key;
    judgement.trust = trust;
    judgement.fault = fault;
    judgement.is_signed = true;
    judgement.evidence = "evidence";
    if (trust == net::Trust::kSecure) judgement.expires = kNow + std::chrono::hours(24 * 10);
    if (trust == net::Trust::kSecure) judgement.unproven = {net::Unproven::kParentChain};
    return judgement;
  };
  const auto audits_of = [&](const std::vector<net::Judgement>& judgements, Seconds standby = kStandby) {
    return audit_signing(kZone, delegation, judgements, kNow, standby);
  };
  using net::SignatureFault, net::Trust;

  SECTION("all is well, and what was not validated is said") {
    const auto audits = audits_of({judged(0, kWww, Trust::kSecure), judged(1, kWww, Trust::kSecure)});
    INFO(all_of(audits));
    REQUIRE(audits.size() == 1);
    CHECK(tells(audits, "dnssec", Severity::kNote, "Not validated: the chain from the root"));
    CHECK(signing_troubles(kZone, delegation, {judged(0, kWww, Trust::kSecure)}, kNow, kStandby).empty());
  }
  SECTION("one sentence for each server and reason") {
    const auto audits =
        audits_of({judged(0, kWww, Trust::kSecure), judged(1, kWww, Trust::kBogus, SignatureFault::kExpired),
                   judged(1, kApi, Trust::kBogus, SignatureFault::kExpired)});
    INFO(all_of(audits));
    REQUIRE(audits.size() == 1);
    CHECK(tells(audits, "dnssec-bogus", Severity::kError,
                "ns2.example.com. (192.0.2.2) gives an answer that fails validation for www.example.com. A, "
                "api.example.com. A: its signature has expired (evidence)"));
  }
  SECTION("the end of the signatures against the standby, and three days at least") {
    auto soon = judged(0, kWww, Trust::kSecure);
    soon.expires = kNow + std::chrono::hours(71);
    CHECK(tells(audits_of({soon}, Seconds(60)), "rrsig-expiry", Severity::kWarning, "end at 2026-10-03T23:00:00Z"));
    soon.expires = kNow + std::chrono::hours(73);
    CHECK_FALSE(tells(audits_of({soon}, Seconds(60)), "rrsig-expiry", Severity::kWarning, ""));
    CHECK(tells(audits_of({soon}, Seconds(86400 * 4)), "rrsig-expiry", Severity::kWarning, ""));
  }
  SECTION("signed, and nobody looks") {
    CHECK(tells(audits_of({judged(0, kWww, Trust::kInsecure)}), "dnssec", Severity::kNote,
                "signed, but no resolver validates it: evidence"));
  }
  SECTION("not signed") {
    auto plain = judged(0, kWww, Trust::kInsecure);
    plain.is_signed = false;
    CHECK(tells(audits_of({plain}), "dnssec", Severity::kNote, "the zone is not signed"));
  }
  SECTION("no answer") {
    CHECK(tells(audits_of({judged(0, kWww, Trust::kUndecided)}), "dnssec", Severity::kNote, "could not be found out"));
  }
}

}  // namespace cutover
