#include "tlscheck/published.h"

#include <catch2/catch.hpp>
#include <numeric>
#include <set>
#include <sstream>

#include "core/text.h"
#include "tests/servers/servers.h"
#include "tests/servers/signed_zone.h"

// What DNS says about certificates, through a real validating resolver over a real signed zone.

namespace cutover::tlscheck {
namespace {

constexpr const char* kZone = R"($ORIGIN example.com.
$TTL 300
@        IN SOA ns1 host 1 3600 600 86400 60
@        IN NS  ns1
ns1      IN A   127.0.0.1
@        IN CAA 0 issue "letsencrypt.org"
shop     IN CAA 0 issue "pki.goog"
shop     IN CAA 128 issuewild ";"
alias    IN CNAME elsewhere
elsewhere IN CAA 0 issue "sectigo.com"
www      IN A   192.0.2.1
_443._tcp.www 120 IN TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001
_443._tcp.new.lb 60 IN TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000002
)";

DomainName name(const std::string& text) { return *DomainName::from_text(text); }

/// The zone's key signing key as Unbound reads an anchor.
std::string anchor_in(const std::string& zone) {
  std::istringstream lines(zone);
  for (std::string line; std::getline(lines, line);)
    if (line.find("DNSKEY") != std::string::npos && line.find("257 3") != std::string::npos)
      return "example.com. IN DNSKEY " + line.substr(line.find("257 3"));
  throw std::runtime_error("the signed zone has no key");
}

class Dns {
 public:
  Dns() : zone_(servers::signed_zone({"example.com", kZone})), authority_(options(zone_)), resolver_(resolving()) {
    lookup_.servers = {resolver_.endpoint()};
    unsigned_lookup_.servers = {authority_.endpoint()};
  }
  Result<ClimbedCaa> caa(const std::string& of, const PlannedAliases& planned = {}) {
    return climb_caa(loop_, clock_, lookup_, {name(of)}, planned).at(0);
  }
  Result<PublishedTlsa> tlsa(const std::string& of, const PlannedAliases& planned = {}) {
    return find_tlsa(loop_, clock_, lookup_, {{name(of), 443}}, planned).at(0);
  }
  Result<PublishedTlsa> tlsa_without_validation(const std::string& of) {
    return find_tlsa(loop_, clock_, unsigned_lookup_, {{name(of), 443}}, {}).at(0);
  }
  void stop() { authority_.stop(); }

 private:
  static servers::AuthorityOptions options(const std::string& zone) {
    servers::AuthorityOptions out;
    out.zones = {{"example.com", zone}};
    out.read_only = true;
    return out;
  }
  servers::UnboundOptions resolving() const {
    servers::UnboundOptions out;
    out.stubs = {{"example.com", {authority_.endpoint()}}};
    out.extra = "  module-config: \"validator iterator\"\n  trust-anchor: \"" + anchor_in(zone_) + "\"\n";
    return out;
  }

  net::Loop loop_;
  SystemClock clock_;
  std::string zone_;
  servers::Bind authority_;
  servers::Unbound resolver_;
  net::LookupOptions lookup_, unsigned_lookup_;
};

std::string told(const Result<ClimbedCaa>& found) {
  if (!found) return found.error().message;
  std::set<std::string> records;  // a resolver may turn their order
  for (const CaaRecord& record : found->records) records.insert(" " + to_text(record) + ";");
  return std::accumulate(records.begin(), records.end(), found->owner.host() + ":");
}

}  // namespace

TEST_CASE("CAA is the name's own, else the nearest ancestor's, through aliases that are and that will be") {
  Dns dns;
  CHECK(told(dns.caa("www.example.com")) == "example.com: 0 issue \"letsencrypt.org\";");
  CHECK(told(dns.caa("shop.example.com")) == "shop.example.com: 0 issue \"pki.goog\"; 128 issuewild \";\";");
  CHECK(told(dns.caa("deep.in.shop.example.com")) == "shop.example.com: 0 issue \"pki.goog\"; 128 issuewild \";\";");
  CHECK(told(dns.caa("alias.example.com")) == "alias.example.com: 0 issue \"sectigo.com\";");
  const auto alias = name("alias.example.com"), www = name("www.example.com");
  CHECK(told(dns.caa("alias.example.com", {{alias, std::nullopt}})) == "example.com: 0 issue \"letsencrypt.org\";");
  CHECK(told(dns.caa("www.example.com", {{www, name("shop.example.com")}})) ==
        "shop.example.com: 0 issue \"pki.goog\"; 128 issuewild \";\";");
  // The target's own record set counts, its ancestors' do not (RFC 8659 section 3).
  CHECK(told(dns.caa("www.example.com", {{www, name("nothing.shop.example.com")}})) ==
        "example.com: 0 issue \"letsencrypt.org\";");
}

TEST_CASE("TLSA records are looked for where they will count, and who vouches for them is told") {
  Dns dns;
  const auto www = dns.tlsa("www.example.com");
  REQUIRE(www.ok());
  CHECK(www->owner == name("_443._tcp.www.example.com"));
  REQUIRE(www->records.size() == 1);
  CHECK(www->records[0].data.back() == 1);
  CHECK(www->dnssec == Dnssec::kSecure);
  CHECK(www->ttl > Seconds(100));

  const PlannedAliases planned{{name("www.example.com"), name("new.lb.example.com")}};
  const auto moved = dns.tlsa("www.example.com", planned);
  REQUIRE(moved.ok());
  CHECK(moved->owner == name("_443._tcp.new.lb.example.com"));
  CHECK(moved->records[0].data.back() == 2);
  // Where the target has none, the name's own count (RFC 7671 section 7).
  const PlannedAliases bare{{name("www.example.com"), name("other.lb.example.com")}};
  CHECK(dns.tlsa("www.example.com", bare)->owner == name("_443._tcp.www.example.com"));

  CHECK(dns.tlsa("shop.example.com")->records.empty());
  CHECK(dns.tlsa_without_validation("www.example.com")->dnssec == Dnssec::kInsecure);
}

TEST_CASE("what cannot be looked up is an error, not an absence") {
  Dns dns;
  dns.stop();
  const auto caa = dns.caa("www.example.com");
  REQUIRE_FALSE(caa.ok());
  CHECK_THAT(caa.error().message, Catch::Contains("looking for the CAA records of www.example.com"));
  CHECK_FALSE(dns.tlsa("www.example.com").ok());
}

}  // namespace cutover::tlscheck
