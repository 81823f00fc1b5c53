#include "cmd/phases/lagging.h"

#include <catch2/catch.hpp>

#include "core/text.h"

// Which name server is behind, read from one sweep.

using namespace cutover;
using Gives = LaggingServer::Gives;

namespace {

const Instant kAt = *parse_instant("2026-10-06T09:00:00Z");
const RecordKey kA{*DomainName::from_text("www.example.com"), RecordType::kA};
const RecordKey kAaaa{kA.name, RecordType::kAaaa};

RecordSet set(const RecordKey& key, const char* value) { return {key.name, key.type, Seconds(60), {value}}; }

dnsprobe::Expectation changed() {
  dnsprobe::Expectation out;
  out.key = kA;
  out.old_set = set(kA, "192.0.2.1");
  out.new_set = set(kA, "203.0.113.1");
  return out;
}

dnsprobe::Expectation created() {
  dnsprobe::Expectation out;
  out.key = kAaaa;
  out.new_set = set(kAaaa, "2001:db8::1");
  return out;
}

net::AuthorityReading gives(std::size_t server, const RecordKey& key, const char* value) {
  net::AuthorityReading out;
  out.server = server;
  out.key = key;
  out.outcome = net::Outcome::kAnswered;
  out.authoritative = true;
  out.received = kAt;
  if (*value != '\0') out.set = set(key, value);
  return out;
}

/// ns1 at 192.0.2.53, ns2 at 192.0.2.54.
AuthorityLook look(const dnsprobe::Expectation& expected, std::vector<net::AuthorityReading> readings,
                   Seconds settle = Seconds(0), std::vector<DomainName> without_address = {}) {
  ZonePlan zone;
  zone.zone = *DomainName::from_text("example.com");
  net::Delegation delegation;
  delegation.servers.resize(2);
  delegation.servers[0].name = *DomainName::from_text("ns1.example.net");
  delegation.servers[0].address = *Endpoint::from_text("192.0.2.53", 53);
  delegation.servers[1].name = *DomainName::from_text("ns2.example.net");
  delegation.servers[1].address = *Endpoint::from_text("192.0.2.54", 53);
  delegation.without_address = std::move(without_address);
  net::AuthoritySweep sweep;
  sweep.finished = kAt;
  sweep.readings = std::move(readings);
  return judge_lag(zone, settle, delegation, sweep, {expected});
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("the name server that serves the old answer is named") {
  CHECK(sentences(look(changed(), {gives(0, kA, "203.0.113.1"), gives(1, kA, "192.0.2.1")})) ==
        Lines{"ns2.example.net. (192.0.2.54) still serves the old A of www.example.com: 192.0.2.1"});
  CHECK(sentences(look(created(), {gives(0, kAaaa, ""), gives(1, kAaaa, "2001:db8::1")})) ==
        Lines{"ns1.example.net. (192.0.2.53) does not have the AAAA of www.example.com yet"});
  dnsprobe::Expectation gone = changed();
  gone.new_set.reset();
  CHECK(sentences(look(gone, {gives(0, kA, ""), gives(1, kA, "192.0.2.1")})) ==
        Lines{"ns2.example.net. (192.0.2.54) still serves the old A of www.example.com: 192.0.2.1"});
}

TEST_CASE("a name server that says something else, or nothing, is named as that") {
  CHECK(look(changed(), {gives(0, kA, "203.0.113.1"), gives(1, kA, "198.51.100.9")}).lagging.at(0).gives ==
        Gives::kOther);
  CHECK(look(changed(), {gives(0, kA, "203.0.113.1"), gives(1, kA, "")}).lagging.at(0).gives == Gives::kOther);
  net::AuthorityReading silent = gives(1, kA, "");
  silent.outcome = net::Outcome::kTimeout;
  net::AuthorityReading refused = gives(1, kA, "");
  refused.rcode = net::Rcode::kRefused;
  net::AuthorityReading cached = gives(1, kA, "203.0.113.1");
  cached.authoritative = false;
  for (const net::AuthorityReading& reading : {silent, refused, cached}) {
    const AuthorityLook seen = look(changed(), {gives(0, kA, "203.0.113.1"), reading});
    REQUIRE(seen.lagging.size() == 1);
    CHECK(seen.lagging[0].gives == Gives::kNoAnswer);
    CHECK(sentence(seen.lagging[0]).find("it may be the one that is behind") != std::string::npos);
    CHECK(seen.unseen.empty());  // nobody can say that every address is in order
  }
  const AuthorityLook nameless = look(changed(), {gives(0, kA, "203.0.113.1"), gives(1, kA, "203.0.113.1")}, Seconds(0),
                                      {*DomainName::from_text("ns3.example.net")});
  CHECK(sentences(nameless) ==
        Lines{"ns3.example.net. gives no answer that counts for the A of www.example.com (it has "
              "no address), so it may be the one that is behind"});
}

TEST_CASE(
    "where every address is in order, an anycast site that is not seen is what remains, and the remedy is named") {
  const std::vector<net::AuthorityReading> fine{gives(0, kA, "203.0.113.1"), gives(1, kA, "203.0.113.1")};
  const AuthorityLook seen = look(changed(), fine);
  CHECK(seen.lagging.empty());
  CHECK(sentences(seen) ==
        Lines{"resolvers still fetch the old A of www.example.com, and every address answers the new value from here: "
              "probably a site of an anycast name server that is not seen from here; say with `settle:` of zone "
              "example.com in the plan how long its sites take (5m, say)"});
  CHECK(sentences(look(changed(), fine, Seconds(300)))
            .at(0)
            .find("it takes longer than the `settle: 5m` of zone example.com in the plan") != std::string::npos);
}
