#include "tlscheck/acme_path.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/servers/servers.h"

namespace cutover::tlscheck {
namespace {

using servers::free_port;
using servers::own_address;

Endpoint a_place() {
  const auto at = own_address();
  return {*IpAddress::from_text(at), free_port(at)};
}

TEST_CASE("what a certificate authority would get where HTTP-01 asks") {
  struct Row {
    std::string what;
    std::string location;  ///< nginx lines
    Verdict verdict;
    std::string says;
    Endpoint at = a_place();
  };
  std::vector<Row> rows{
      {"no such token", "return 404;", Verdict::kPass, "would get an answer for HTTP-01 (404)"},
      {"everything goes to HTTPS", "return 301 https://$host$request_uri;", Verdict::kPass, "(301)"},
      {"a relative redirect", "absolute_redirect off; return 302 /else?to=http://other.test/;", Verdict::kPass,
       "(302)"},
      {"another host", "return 301 https://other.test:443/x;", Verdict::kFail, "another host, other.test"},
      {"a failing server", "return 503;", Verdict::kFail, "answers 503"},
      {"nobody", "", Verdict::kFail, "could not ask the new side"},
  };
  std::string blocks;
  std::vector<Endpoint> listening;
  std::vector<AcmeTarget> targets;
  const auto name = *DomainName::from_text("www.example.test");
  for (const auto& row : rows) {
    targets.push_back({name, row.at});
    if (row.location.empty()) continue;
    blocks += fmt::format(
        "server {{ listen {}; server_name www.example.test; location "
        "/.well-known/acme-challenge/cutover-check {{ {} }} }}\n",
        row.at.text(), row.location);
    listening.push_back(row.at);
  }
  // Neither can be validated by HTTP-01.
  targets.push_back({*DomainName::from_text("*.example.test"), rows.front().at});
  targets.push_back({DomainName(), rows.front().at});
  const servers::Nginx nginx(blocks, listening);
  net::Loop loop;
  const auto checks = check_acme_paths(loop, targets, {.severity = Severity::kWarning});
  REQUIRE(checks.size() == rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(rows[i].what << ": " << checks[i].summary << " " << checks[i].evidence);
    CHECK(to_text(checks[i].verdict) == to_text(rows[i].verdict));
    CHECK(checks[i].severity == Severity::kWarning);
    CHECK(checks[i].endpoint == rows[i].at);
    CHECK_THAT(checks[i].summary, Catch::Contains(rows[i].says));
    CHECK((checks[i].verdict == Verdict::kFail) == !checks[i].advice.empty());
  }
}

}  // namespace
}  // namespace cutover::tlscheck
