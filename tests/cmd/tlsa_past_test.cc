#include "cmd/phases/tlsa_past.h"

#include <catch2/catch.hpp>

#include "core/text.h"

using namespace cutover;

namespace {

const DomainName kOwner = *DomainName::from_text("_25._tcp.mx.example.com");
const Instant kStart = *parse_instant("2026-10-06T09:00:00Z");

tlscheck::PublishedTlsa set_of(const std::string& first_byte, Seconds ttl) {
  tlscheck::PublishedTlsa out;
  out.owner = kOwner;
  out.records = {{3, 1, 1, first_byte + std::string(31, '\x02')}};
  out.ttl = ttl;
  return out;
}

/// A preflight so many hours after the start, and what it saw; nullopt: nothing of this kind.
CheckRecord saw(int hours, const std::optional<std::string>& evidence) {
  CheckRecord out;
  out.at = kStart + std::chrono::hours(hours);
  Check check;
  check.id = evidence ? "tls-tlsa" : "tls-name";
  check.evidence = evidence.value_or("");
  out.checks = {check};
  return out;
}

}  // namespace

TEST_CASE("how long a TLSA set has been there is what an unbroken row of preflights says") {
  const auto now = set_of("\x01", Seconds(20));
  const std::string same = to_text(set_of("\x01", Seconds(60))), other = to_text(set_of("\x09", Seconds(60)));
  const std::string longer = same + ", 3 1 1 ff", judged = to_text(set_of("\x01", Seconds(90))) + "; served since then";
  struct Row {
    const char* what;
    std::vector<CheckRecord> past;
    int since;  ///< hours; -1: not known
    int ttl;
  };
  const auto row = GENERATE_COPY(values<Row>({
      {"nobody looked", {}, -1, 0},
      {"nobody looked for that", {saw(1, std::nullopt)}, -1, 0},
      {"once", {saw(1, same)}, 1, 60},
      {"three times, one of them without a look at it", {saw(1, same), saw(2, std::nullopt), saw(3, judged)}, 1, 90},
      {"another one stood there before", {saw(1, same), saw(2, other), saw(3, same)}, 3, 60},
      {"another one stood there last", {saw(1, same), saw(2, other)}, -1, 0},
      {"more records are another set", {saw(1, longer)}, -1, 0},
      {"of another name", {saw(1, "_25._tcp.mx.example.org. TTL 60: 3 1 1 00")}, -1, 0},
      {"noise", {saw(1, kOwner.text() + " TTL x")}, -1, 0},
  }));
  INFO(row.what);
  const auto past = tlsa_past(row.past, now);
  REQUIRE(past.has_value() == (row.since >= 0));
  if (!past) return;
  CHECK(past->since == kStart + std::chrono::hours(row.since));
  CHECK(past->ttl == Seconds(row.ttl));
}
