#include "tlscheck/https_record.h"

#include <catch2/catch.hpp>

namespace cutover::tlscheck {
namespace {

IpAddress address(const std::string& text) { return *IpAddress::from_text(text); }
const DomainName kOwner = *DomainName::from_text("www.example.test");

/// Two new addresses of the owner, which speak this.
std::vector<Sighting> seen(const std::string& alpn) {
  static const ChainFacts chain;
  std::vector<Sighting> out;
  for (const auto* at : {"203.0.113.1", "2001:db8::1"}) {
    Sighting sighting;
    sighting.target.name = sighting.asked = kOwner;
    sighting.target.endpoint = {address(at), 443};
    sighting.usual.chain = &chain;
    sighting.usual.answer.alpn = alpn;
    out.push_back(std::move(sighting));
  }
  return out;
}

TEST_CASE("a HTTPS record against what the new side speaks") {
  struct Row {
    HttpsRecord record;
    std::string alpn;
    Verdict verdict;
    Severity severity;
    std::string says;
  };
  const std::vector<Row> rows{
      {{.owner = kOwner, .alpn = {"h2"}, .hints = {address("203.0.113.1"), address("2001:db8::1")}},
       "h2",
       Verdict::kPass,
       Severity::kError,
       "fits"},
      {{.owner = kOwner, .target = kOwner}, "", Verdict::kPass, Severity::kError, "fits"},
      {{.owner = kOwner, .hints = {address("203.0.113.1"), address("198.51.100.1")}},
       "h2",
       Verdict::kFail,
       Severity::kError,
       "hints at 198.51.100.1, which"},
      {{.owner = kOwner, .alpn = {"h3", "h2"}},
       "http/1.1",
       Verdict::kFail,
       Severity::kWarning,
       "203.0.113.1:443, [2001:db8::1]:443 does not speak"},
      {{.owner = kOwner, .alpn = {"h2"}, .no_default_alpn = true}, "", Verdict::kFail, Severity::kError, "promises h2"},
      {{.owner = kOwner, .alpn = {"h3"}}, "", Verdict::kPass, Severity::kError, "QUIC and was not asked"},
      {{.owner = kOwner, .priority = 0}, "h2", Verdict::kNotApplicable, Severity::kError, "another name"},
      {{.owner = kOwner, .target = *DomainName::from_text("cdn.test")},
       "h2",
       Verdict::kNotApplicable,
       Severity::kError,
       "another name"},
      {{.owner = kOwner, .port = 8443}, "h2", Verdict::kNotApplicable, Severity::kError, "nothing behind"},
  };
  for (const auto& row : rows) {
    INFO(row.says);
    const auto checks = check_https_records({row.record}, seen(row.alpn));
    REQUIRE(checks.size() == 1);
    CHECK(to_text(checks[0].verdict) == to_text(row.verdict));
    CHECK(to_text(checks[0].severity) == to_text(row.severity));
    CHECK_THAT(checks[0].summary + " " + checks[0].evidence, Catch::Contains(row.says));
    CHECK((checks[0].verdict == Verdict::kFail) == !checks[0].advice.empty());
  }
}

}  // namespace
}  // namespace cutover::tlscheck
