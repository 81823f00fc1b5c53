#include "tlscheck/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <deque>

namespace cutover::tlscheck {
namespace {

DomainName name(const std::string& text) { return *DomainName::from_text(text); }

/// What one address shows, as few words as may be.
struct Show {
  std::string leaf = "one";
  std::vector<std::string> names{"www.example.test"};
  std::string issuer = "CN=Authority";
  Trust trust = Trust::kTrusted;
  net::TlsKeys keys = net::TlsKeys::kEcdsa;
  std::optional<net::TlsKeys> other{};
  std::set<net::TlsVersion> versions{net::TlsVersion::k12, net::TlsVersion::k13};
  std::string alpn = "h2";
  bool asks_client = false;
  std::optional<HttpSeen> http{};
  std::string name = "www.example.test";
  enum class Probes { kAnswered, kSilent } probes = Probes::kAnswered;  ///< the unusual questions
};

HttpSeen http(int status, const std::string& location = "", std::optional<Hsts> hsts = std::nullopt) {
  HttpSeen seen;
  seen.url = "https://www.example.test/";
  seen.status = status;
  seen.location = location;
  seen.hsts = hsts;
  return seen;
}
const Hsts kYear{Seconds(31'536'000), false, false};

class World {
 public:
  World& add(Side side, const Show& show) {
    auto& chain = chains_.emplace_back();
    chain.trust = show.trust;
    if (show.trust == Trust::kIncomplete) chain.missing_issuer = "CN=Intermediate";
    CertificateFacts leaf;
    leaf.sha256 = show.leaf;
    leaf.names = show.names;
    leaf.issuer = show.issuer;
    chain.sent.push_back(leaf);
    Sighting sighting;
    sighting.target.name = sighting.asked = name(show.name);
    sighting.target.side = side;
    sighting.target.endpoint = {*IpAddress::from_text(side == Side::kOld ? "198.51.100.1" : "203.0.113.1"), 443};
    sighting.usual = {answer(show, show.keys), &chain};
    if (show.other) sighting.other_keys = Showing{answer(show, *show.other), &chain};
    auto shared = std::make_shared<AddressSeen>();
    shared->versions = show.versions;
    if (show.probes == Show::Probes::kSilent) {
      shared->unsure = {net::TlsVersion::k10, net::TlsVersion::k11, net::TlsVersion::k12};
      sighting.other_keys = Showing{};
      shared->without_name = Showing{};
    }
    sighting.shared = shared;
    sighting.http = show.http;
    sightings.push_back(std::move(sighting));
    return *this;
  }
  /// `id severity` of every difference, and the texts.
  std::vector<std::string> differences() const {
    std::vector<std::string> out;
    for (const auto& check : compare(sightings))
      if (check.verdict == Verdict::kFail) out.push_back(fmt::format("{} {}", check.id, to_text(check.severity)));
    return out;
  }
  std::string text() const {
    std::string out;
    for (const auto& check : compare(sightings)) out += check.id + ": " + check.summary + " [" + check.evidence + "]\n";
    return out;
  }
  std::vector<Sighting> sightings;

 private:
  static net::TlsAnswer answer(const Show& show, net::TlsKeys keys) {
    net::TlsAnswer answer;
    answer.outcome = net::TlsOutcome::kHandshake;
    answer.keys = keys;
    answer.key_bits = keys == net::TlsKeys::kRsa ? 2048 : 256;
    answer.alpn = show.alpn;
    answer.asks_client_certificate = show.asks_client;
    return answer;
  }
  std::deque<ChainFacts> chains_;
};

TEST_CASE("what the old side has and the new side has not") {
  using net::TlsKeys;
  using net::TlsVersion;
  struct Row {
    Show old;
    Show now;
    std::vector<std::string> differences;
    std::string says;
  };
  const auto with = [](auto change) {
    Show show;
    change(show);
    return show;
  };
  const std::vector<Row> rows{
      {{}, {}, {}, "the same certificate on both sides"},
      {{}, with([](Show& s) { s.leaf = "two"; }), {}, "another certificate than on the old side"},
      {{},
       with([](Show& s) { s.issuer = "CN=Other"; }),
       {"compare-issuer note"},
       "CN=Other issued the certificate, on the old side CN=Authority did"},
      {with([](Show& s) { s.keys = TlsKeys::kRsa; }),
       {},
       {"compare-key warning"},
       "RSA certificate, which old clients"},
      {with([](Show& s) { s.other = TlsKeys::kRsa; }), {}, {"compare-key warning"}, "old ECDSA 256 and others"},
      {with([](Show& s) { s.other = TlsKeys::kRsa; }), with([](Show& s) { s.other = TlsKeys::kRsa; }), {}, ""},
      {{}, with([](Show& s) { s.keys = TlsKeys::kRsa; }), {"compare-key note"}, "an RSA one only"},
      {{}, with([](Show& s) { s.trust = Trust::kIncomplete; }), {"compare-chain error"}, "CN=Intermediate is missing"},
      {with([](Show& s) { s.trust = Trust::kIncomplete; }),
       with([](Show& s) { s.trust = Trust::kIncomplete; }),
       {},
       ""},
      {{}, with([](Show& s) { s.versions = {TlsVersion::k13}; }), {"compare-versions warning"}, "speaks TLSv1.2, the"},
      {with([](Show& s) { s.versions.insert(TlsVersion::k11); }), {}, {"compare-versions note"}, "TLSv1.1"},
      {{}, with([](Show& s) { s.versions.insert(TlsVersion::k11); }), {}, ""},
      {{}, with([](Show& s) { s.alpn = "http/1.1"; }), {"compare-alpn warning"}, "old h2, new http/1.1"},
      {with([](Show& s) { s.alpn = ""; }), {}, {}, ""},
      {with([](Show& s) { s.http = http(200, "", kYear); }),
       with([](Show& s) { s.http = http(200); }),
       {"compare-hsts warning"},
       "the new side does not"},
      {with([](Show& s) { s.http = http(200, "", kYear); }),
       with([](Show& s) { s.http = http(200, "", Hsts{}); }),
       {"compare-hsts warning"},
       ""},
      {with([](Show& s) { s.http = http(200, "", kYear); }), {}, {}, ""},
      {with([](Show& s) { s.http = http(200); }),
       with([](Show& s) { s.http = http(404); }),
       {"compare-http warning"},
       "the old side answers 200, the new side 404"},
      {with([](Show& s) { s.http = http(301, "https://example.test/"); }),
       with([](Show& s) { s.http = http(301, "https://new.example.test/"); }),
       {"compare-http warning"},
       "301 to https://new.example.test/"},
      {{}, with([](Show& s) { s.asks_client = true; }), {"compare-client-certificate error"}, "a client certificate"},
      {with([](Show& s) { s.asks_client = true; }), with([](Show& s) { s.asks_client = true; }), {}, ""},
      {with([](Show& s) {
         s.names = {"www.example.test", "*.api.example.test", "legacy.example.test"};
       }),
       with([](Show& s) { s.names = {"*.example.test"}; }),
       {"compare-names warning"},
       "is for *.api.example.test, which no certificate"},
      {with([](Show& s) { s.names = {"WWW.example.test"}; }),
       with([](Show& s) { s.names = {"shop.example.test"}; }),
       {"compare-names error"},
       "is for www.example.test, which no certificate"},
  };
  for (const auto& row : rows) {
    World world;
    world.add(Side::kOld, row.old).add(Side::kNew, row.now);
    INFO(row.says << "\n" << world.text());
    CHECK(world.differences() == row.differences);
    CHECK_THAT(world.text(), Catch::Contains(row.says));
  }
}

TEST_CASE("what was asked and not answered is nothing lost") {
  World world;
  world.add(Side::kOld, {.other = net::TlsKeys::kRsa})
      .add(Side::kNew, {.versions = {net::TlsVersion::k13}, .probes = Show::Probes::kSilent});
  INFO(world.text());
  CHECK(world.differences().empty());
}

TEST_CASE("a name may have its certificate from another one's address, and both sides are needed") {
  World world;
  world.add(Side::kOld, {.names = {"www.example.test", "shop.example.test"}})
      .add(Side::kNew, {})
      .add(Side::kNew, {.leaf = "two", .names = {"shop.example.test"}, .name = "shop.example.test"});
  INFO(world.text());
  CHECK(world.differences().empty());
  CHECK(compare(World().add(Side::kNew, {}).sightings).empty());
  CHECK(compare(World().add(Side::kOld, {}).sightings).empty());
}

TEST_CASE("an old certificate of many names is told about once") {
  World world;
  for (const auto* host : {"a.example.test", "b.example.test"}) {
    world.add(Side::kOld, {.names = {"a.example.test", "b.example.test", "c.example.test"}, .name = host});
    world.add(Side::kNew, {.leaf = host, .names = {host}, .name = host});
  }
  CHECK(world.differences() == std::vector<std::string>{"compare-names warning"});
}

TEST_CASE("HSTS of the old side makes errors of the new side's certificate warnings") {
  const auto raised = [](const HttpSeen& old, const std::string& old_name, const std::string& id) {
    World world;
    world.add(Side::kOld, {.http = old, .name = old_name}).add(Side::kNew, {});
    Check check;
    check.id = id;
    check.verdict = Verdict::kFail;
    check.severity = Severity::kWarning;
    std::vector<Check> checks{check};
    raise_for_hsts(world.sightings, world.sightings.back(), checks);
    CHECK((checks[0].severity == Severity::kError) == !checks[0].evidence.empty());
    return checks[0].severity == Severity::kError;
  };
  const Hsts all{Seconds(1000), true, false};
  CHECK(raised(http(200, "", kYear), "www.example.test", "tls-chain"));
  CHECK_FALSE(raised(http(200, "", kYear), "www.example.test", "tls-same-leaf"));
  CHECK_FALSE(raised(http(200), "www.example.test", "tls-chain"));
  CHECK_FALSE(raised(http(200, "", Hsts{}), "www.example.test", "tls-chain"));
  CHECK_FALSE(raised(http(200, "", kYear), "example.test", "tls-chain"));
  CHECK(raised(http(200, "", all), "example.test", "tls-chain"));
  CHECK_FALSE(raised(http(200, "", all), "other.test", "tls-chain"));
}

}  // namespace
}  // namespace cutover::tlscheck
