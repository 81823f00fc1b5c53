#include "tlscheck/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <ctime>
#include <map>

#include "net/http.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"

namespace cutover::tlscheck {
namespace {

using servers::free_port;
using servers::Nginx;
using servers::own_address;
using servers::TempFolder;
using test::Certificate;
using test::CertificateOptions;

Endpoint endpoint(const std::string& address) { return {*IpAddress::from_text(address), free_port(address)}; }
Instant now() { return SystemClock().now(); }
constexpr std::chrono::hours kDay{24};
DomainName name(const std::string& text) { return *DomainName::from_text(text); }

/// An authority with an intermediate, and files for nginx.
class Authority {
 public:
  Anchors anchors() const { return *Anchors::load(ca_); }
  /// nginx lines for a certificate with the intermediate behind it.
  std::string tls(const CertificateOptions& options) { return lines(Certificate(options, &middle_), middle_.pem()); }
  std::string tls_incomplete(const CertificateOptions& options) { return lines(Certificate(options, &middle_), ""); }
  std::string tls_untrusted(const CertificateOptions& options) {
    return lines(Certificate(options, &stranger_), stranger_.pem());
  }

 private:
  std::string lines(const Certificate& leaf, const std::string& rest) {
    const auto n = std::to_string(count_++);
    return fmt::format("ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
                       folder_.write("leaf" + n + ".pem", leaf.pem() + rest),
                       folder_.write("leaf" + n + ".key", leaf.key_pem(), 0600));
  }
  Certificate root_{{.common_name = "Root", .authority = true}};
  Certificate stranger_{{.common_name = "Stranger", .authority = true}};
  Certificate middle_{{.common_name = "Intermediate", .authority = true}, &root_};
  TempFolder folder_;
  std::string ca_ = folder_.write("ca.pem", root_.pem());
  int count_ = 0;
};

std::vector<Check> run(const std::vector<Target>& targets, Options options) {
  net::Loop loop;
  const SystemClock clock;
  return check_endpoints(loop, clock, targets, options);
}

/// Rules for public authorities have nothing to say of a test's own.
bool is_beside_the_point(const Check& check) {
  return check.verdict == Verdict::kNotApplicable && check.id.compare(0, 4, "tls-") == 0;
}

/// `id verdict severity` of everything that did not pass, for one endpoint (or for none).
std::vector<std::string> troubles(const std::vector<Check>& checks, const std::optional<Endpoint>& at) {
  std::vector<std::string> out;
  for (const auto& check : checks)
    if (check.endpoint == at && check.verdict != Verdict::kPass && !is_beside_the_point(check))
      out.push_back(fmt::format("{} {} {}", check.id, to_text(check.verdict), to_text(check.severity)));
  return out;
}

std::string all_text(const std::vector<Check>& checks) {
  std::string out;
  for (const auto& c : checks)
    out += fmt::format("{} {} {}: {} [{}]\n", c.endpoint ? c.endpoint->text() : "-", c.id, to_text(c.verdict),
                       c.summary, c.evidence);
  return out;
}

TEST_CASE("one broken server after the other, each named for what it is") {
  Authority authority;
  const auto www = [](Instant from, Instant until) {
    return CertificateOptions{
        .common_name = "leaf", .alternative_names = {"DNS:www.example.test"}, .not_before = from, .not_after = until};
  };
  const auto fine = www(now() - kDay, now() + 90 * kDay);
  using Troubles = std::vector<std::string>;
  struct Row {
    std::string what;
    std::string lines;
    Troubles troubles;
    std::string says;
  };
  const std::string http = "location / { return 200; }";
  const std::vector<Row> rows{
      {"ok", authority.tls(fine) + http, {}, "answers 200"},
      {"expired",
       authority.tls(www(now() - 9 * kDay, now() - 2 * kDay)) + http,
       {"tls-expiry fail error", "http-status not-applicable error"},
       "expired on"},
      {"not yet valid",
       authority.tls(www(now() + kDay, now() + 9 * kDay)) + http,
       {"tls-not-yet-valid fail error", "http-status not-applicable error"},
       "only"},
      {"wrong host",
       authority.tls({.common_name = "x", .alternative_names = {"DNS:other.example.test"}}) + http,
       {"tls-name fail error", "http-status not-applicable error"},
       "other.example.test"},
      {"common name only",
       authority.tls({.common_name = "www.example.test"}) + http,
       {"tls-name fail error", "http-status not-applicable error"},
       "in no subjectAltName"},
      {"incomplete",
       authority.tls_incomplete(fine) + http,
       {"tls-chain fail error", "http-status not-applicable error"},
       "CN=Intermediate was neither sent"},
      {"untrusted",
       authority.tls_untrusted(fine) + http,
       {"tls-chain fail error", "http-status not-applicable error"},
       "CN=Stranger"},
      {"expires in standby",
       authority.tls(www(now() - kDay, now() + kDay)) + http,
       {"tls-expiry fail error", "http-status not-applicable error"},
       "before the end of standby"},
      {"wrong status",
       authority.tls(fine) + "location / { return 503; }",
       {"http-status fail error"},
       "answers 503 instead of 200"},
      {"redirects",
       authority.tls(fine) + "location / { return 301 https://elsewhere.test/; }",
       {"http-status fail error"},
       "location https://elsewhere.test/"},
      {"knows other names only",
       "ssl_reject_handshake on;",
       {"tls-unknown-name fail error", "http-status not-applicable error"},
       "this name is not configured on that address"},
      {"old TLS",
       authority.tls(fine) + "ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;",
       {"tls-version fail error", "http-status not-applicable error"},
       "TLSv1.1 at best"},
  };
  std::vector<Endpoint> listening;
  std::vector<Target> targets;
  std::string blocks;
  for (const auto& row : rows) {
    auto lines = row.lines;
    // nginx takes the directive once.
    if (const auto second = lines.find("ssl_protocols TLSv1.1"); second != std::string::npos)
      lines.erase(lines.find("ssl_protocols"), 30);
    listening.push_back(endpoint(own_address()));
    blocks += fmt::format("server {{ listen {} ssl; {} }}\n", listening.back().text(), lines);
    targets.push_back(
        {.name = name("www.example.test"), .endpoint = listening.back(), .http = HttpExpectation{"/healthz", 200}});
  }
  const Nginx nginx(blocks, listening);
  const auto checks = run(targets, {.anchors = authority.anchors(), .standby = Seconds(3 * 86400)});
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string text;
    for (const auto& check : checks)
      if (check.endpoint == listening[i]) text += check.summary + " [" + check.evidence + "]\n";
    INFO(rows[i].what << "\n" << text);
    CHECK(troubles(checks, listening[i]) == rows[i].troubles);
    CHECK_THAT(text, Catch::Contains(rows[i].says));
  }
  for (const auto& check : checks) {
    CHECK(check.name == name("www.example.test"));
    CHECK((check.verdict == Verdict::kFail) == !check.advice.empty());
  }
  CHECK(any_failed(checks, Severity::kError));
  CHECK_FALSE(any_undecided(checks));
}

TEST_CASE("names by addresses by families, with one address that shows something else") {
  Authority authority;
  const auto v4 = endpoint(own_address());
  const auto v6 = endpoint("::1");
  const auto third = endpoint(own_address());
  const auto wild = authority.tls({.common_name = "a", .alternative_names = {"DNS:*.example.test"}});
  const auto other = authority.tls({.common_name = "b", .alternative_names = {"DNS:*.example.test"}});
  const Nginx nginx(fmt::format("server {{ listen {} ssl; listen {} ssl; {} location / {{ return 204; }} }}\n"
                                "server {{ listen {} ssl; {} location / {{ return 204; }} }}",
                                v4.text(), v6.text(), wild, third.text(), other),
                    {v4, v6, third});
  // All three share a port as users see them; where they really listen is another matter.
  std::vector<Target> targets;
  const auto as_seen = [](const char* address) { return Endpoint{*IpAddress::from_text(address), 443}; };
  for (const auto* host : {"shop.example.test", "www.example.test", "*.example.test"}) {
    targets.push_back({.name = name(host),
                       .endpoint = as_seen("203.0.113.2"),
                       .connect_to = third,
                       .http = HttpExpectation{"/", 204}});
    targets.push_back(
        {.name = name(host), .endpoint = as_seen("2001:db8::1"), .connect_to = v6, .http = HttpExpectation{"/", 204}});
    targets.push_back(
        {.name = name(host), .endpoint = as_seen("203.0.113.1"), .connect_to = v4, .http = HttpExpectation{"/", 204}});
  }
  const auto checks = run(targets, {.anchors = authority.anchors()});
  INFO(all_text(checks));
  CHECK_FALSE(any_failed(checks, Severity::kError));
  std::size_t different = 0;
  for (const auto& check : checks) {
    if (check.id != "tls-same-leaf") continue;
    ++different;
    CHECK(check.verdict == Verdict::kFail);
    CHECK(check.severity == Severity::kWarning);
    CHECK_THAT(check.evidence,
               Catch::Contains("203.0.113.1:443 sha256") && Catch::Contains("[2001:db8::1]:443 sha256"));
  }
  CHECK(different == 3);

  // The order does not depend on who answered first, nor on the order of the questions.
  std::reverse(targets.begin(), targets.end());
  const auto again = run(targets, {.anchors = authority.anchors()});
  REQUIRE(again.size() == checks.size());
  for (std::size_t i = 0; i < checks.size(); ++i) {
    CHECK(again[i].id == checks[i].id);
    CHECK(again[i].endpoint == checks[i].endpoint);
    CHECK(again[i].name == checks[i].name);
  }
}

TEST_CASE("the same certificate everywhere passes, and so does a single address") {
  Authority authority;
  const auto a = endpoint(own_address());
  const auto b = endpoint("::1");
  const Nginx nginx(fmt::format("server {{ listen {} ssl; listen {} ssl; {} }}", a.text(), b.text(),
                                authority.tls({.alternative_names = {"DNS:www.example.test"}})),
                    {a, b});
  const auto port = [](const char* address) { return Endpoint{*IpAddress::from_text(address), 443}; };
  const auto both = run({{.name = name("www.example.test"), .endpoint = port("203.0.113.1"), .connect_to = a},
                         {.name = name("www.example.test"), .endpoint = port("203.0.113.2"), .connect_to = b}},
                        {.anchors = authority.anchors()});
  INFO(all_text(both));
  REQUIRE(both.back().id == "tls-same-leaf");
  CHECK(both.back().verdict == Verdict::kPass);
  CHECK(troubles(both, std::nullopt).empty());
  const auto one = run({{.name = name("www.example.test"), .endpoint = a}}, {.anchors = authority.anchors()});
  CHECK(std::none_of(one.begin(), one.end(), [](const Check& c) { return c.id == "tls-same-leaf"; }));
}

TEST_CASE("an endpoint without a name is checked for its address") {
  Authority authority;
  const auto at = endpoint(own_address());
  const auto other = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {} ssl; listen {} ssl; {} location / {{ return 200; }} }}", at.text(),
                                other.text(), authority.tls({.alternative_names = {"IP:" + at.address.text()}})),
                    {at, other});
  const auto checks =
      run({{.endpoint = at, .http = HttpExpectation{}}, {.endpoint = other}}, {.anchors = authority.anchors()});
  INFO(all_text(checks));
  CHECK(troubles(checks, at).empty());
  CHECK(troubles(checks, other) == std::vector<std::string>{"tls-name fail error"});
}

TEST_CASE("nobody there: a failed check on the new side, a warning on the old") {
  Authority authority;
  const auto a = endpoint(own_address());
  const auto b = endpoint("::1");
  const auto checks = run({{.name = name("www.example.test"), .endpoint = a},
                           {.name = name("www.example.test"), .endpoint = b, .side = Side::kOld}},
                          {.anchors = authority.anchors()});
  INFO(all_text(checks));
  CHECK(troubles(checks, a) == std::vector<std::string>{"tls-connect fail error"});
  CHECK(troubles(checks, b) == std::vector<std::string>{"tls-connect fail warning"});
}

TEST_CASE("the old side's expiry is the rollback's deadline") {
  Authority authority;
  const auto at = endpoint(own_address());
  const Nginx nginx(
      fmt::format("server {{ listen {} ssl; {} location / {{ return 500; }} }}", at.text(),
                  authority.tls({.alternative_names = {"DNS:www.example.test"}, .not_after = now() + kDay})),
      {at});
  const auto checks =
      run({{.name = name("www.example.test"), .endpoint = at, .side = Side::kOld, .http = HttpExpectation{}}},
          {.anchors = authority.anchors(), .swap = now() + std::chrono::hours(2), .standby = Seconds(2 * 86400)});
  INFO(all_text(checks));
  CHECK(troubles(checks, at) == std::vector<std::string>{"old-side-expiry fail warning", "http-status fail warning"});
  CHECK_FALSE(any_failed(checks, Severity::kError));
}

TEST_CASE("a STARTTLS that is not known is not decided, and says so") {
  Authority authority;
  const auto checks =
      run({{.name = name("db.example.test"), .endpoint = endpoint(own_address()), .starttls = "gopher"}},
          {.anchors = authority.anchors()});
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].verdict == Verdict::kUndecided);
  CHECK_THAT(checks[0].summary, Catch::Contains("gopher"));
}

TEST_CASE("an address that this machine cannot reach is not decided") {
  Authority authority;
  const Endpoint at{*IpAddress::from_text("fe80::1"), 443};
  const auto checks = run({{.name = name("www.example.test"), .endpoint = at}}, {.anchors = authority.anchors()});
  CHECK(troubles(checks, at) == std::vector<std::string>{"tls-connect undecided error"});
  CHECK_THAT(checks.front().advice, Catch::Contains("IPv6"));
  CHECK(any_undecided(checks));
}

/// The checks of one id, as `verdict severity`, and one text of them all.
std::vector<std::string> of_id(const std::vector<Check>& checks, const std::string& id) {
  std::vector<std::string> out;
  for (const auto& c : checks)
    if (c.id == id) out.push_back(fmt::format("{} {}", to_text(c.verdict), to_text(c.severity)));
  return out;
}
using Found = std::vector<std::string>;

TEST_CASE("a real old side against a real new one: everything that users would lose") {
  Authority authority;
  const auto rsa = CertificateOptions{.alternative_names = {"DNS:www.example.test", "DNS:mail.example.test"},
                                      .key = CertificateOptions::Key::kRsa};
  const auto old_side = endpoint(own_address());
  const auto new_side = endpoint(own_address());
  const auto before = authority.tls(rsa);
  const auto after = authority.tls({.alternative_names = {"DNS:www.example.test"}});
  const auto other = authority.tls({.alternative_names = {"DNS:other.example.test"}});
  const Nginx old_nginx(
      fmt::format("server {{ listen {} ssl http2; server_name www.example.test; {} add_header "
                  "Strict-Transport-Security \"max-age=300; includeSubDomains\"; location / {{ return "
                  "200; }} }}",
                  old_side.text(), before),
      {old_side});
  const Nginx new_nginx(fmt::format("server {{ listen {0} ssl default_server; {1} }}\n"
                                    "server {{ listen {0} ssl; server_name www.example.test; {2} location / {{ return "
                                    "302 https://www.example.test/new; }} }}",
                                    new_side.text(), other, after),
                        {new_side});
  const auto as_seen = [](const char* address) { return Endpoint{*IpAddress::from_text(address), 443}; };
  const auto checks =
      run({{.name = name("www.example.test"),
            .endpoint = as_seen("198.51.100.1"),
            .connect_to = old_side,
            .side = Side::kOld},
           {.name = name("www.example.test"), .endpoint = as_seen("203.0.113.1"), .connect_to = new_side}},
          {.anchors = authority.anchors()});
  INFO(all_text(checks));
  CHECK(of_id(checks, "compare-names") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-key") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-alpn") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-hsts") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-http") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-default") == Found{"fail warning"});
  CHECK(of_id(checks, "compare-chain").empty());
  CHECK(of_id(checks, "compare-versions").empty());
  CHECK(of_id(checks, "compare-issuer").empty());
  CHECK(of_id(checks, "compare-certificate") == Found{"pass note"});
  CHECK(of_id(checks, "clock") == Found{"pass warning", "pass warning"});
  CHECK(of_id(checks, "http-status").empty());
}

TEST_CASE("HSTS of the old side makes an error of a warning about the new side's certificate") {
  Authority authority;
  const auto old_side = endpoint(own_address());
  const auto new_side = endpoint(own_address());
  const auto header = GENERATE(as<std::string>{}, "", "add_header Strict-Transport-Security max-age=300;");
  const auto certificate = authority.tls({.alternative_names = {"DNS:www.example.test"}});
  // Of a public authority, and longer than one may make them: a warning.
  const auto too_long = authority.tls({.alternative_names = {"DNS:www.example.test"}, .not_after = now() + 299 * kDay});
  const Nginx nginx(fmt::format("server {{ listen {} ssl; {} {} location / {{ return 200; }} }}\n"
                                "server {{ listen {} ssl; {} location / {{ return 200; }} }}",
                                old_side.text(), certificate, header, new_side.text(), too_long),
                    {old_side, new_side});
  const auto anchors = *Anchors::load(authority.anchors().path(), AnchorOrigin::kSystem);
  const auto checks =
      run({{.name = name("www.example.test"), .endpoint = old_side, .side = Side::kOld, .http = HttpExpectation{}},
           {.name = name("www.example.test"), .endpoint = new_side, .http = HttpExpectation{}}},
          {.anchors = anchors});
  INFO(all_text(checks));
  CHECK(of_id(checks, "tls-lifetime") == Found{header.empty() ? "fail warning" : "fail error", "pass warning"});
}

TEST_CASE("a certificate for another name says which virtual host answered") {
  Authority authority;
  const auto at = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {0} ssl default_server; {1} }}\n"
                                "server {{ listen {0} ssl; server_name wrong.example.test; {2} }}",
                                at.text(), authority.tls({.alternative_names = {"DNS:default.example.test"}}),
                                authority.tls({.alternative_names = {"DNS:third.example.test"}})),
                    {at});
  const auto evidence = [&](const char* host) {
    for (const auto& check : run({{.name = name(host), .endpoint = at}}, {.anchors = authority.anchors()}))
      if (check.id == "tls-name") return check.evidence;
    return std::string();
  };
  CHECK_THAT(evidence("unknown.example.test"), Catch::Contains("it is the default certificate of that address"));
  CHECK_THAT(evidence("wrong.example.test"), Catch::Contains("another virtual host answered"));
}

TEST_CASE("a server whose clock is wrong is told by its Date") {
  Authority authority;
  const auto answer = [](Span off) {
    return [off](int fd) {
      test::hear_some(fd);
      const auto at = std::chrono::system_clock::to_time_t(
          std::chrono::time_point_cast<std::chrono::system_clock::duration>(now() + off));
      std::array<char, 64> date{};
      std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", std::gmtime(&at));
      test::say(fd, fmt::format("HTTP/1.0 200 OK\r\nDate: {}\r\nContent-Length: 0\r\n\r\n", date.data()));
    };
  };
  struct Row {
    Span off;
    Found found;
    std::string says;
  };
  for (const auto& row : std::vector<Row>{{Span(0), {"pass warning"}, "agree"},
                                          {std::chrono::minutes(5), {"fail warning"}, "ahead of"},
                                          {-std::chrono::minutes(5), {"fail warning"}, "behind"}}) {
    const test::ScriptedServer backend(answer(row.off));
    const auto at = endpoint(own_address());
    const Nginx nginx(fmt::format("server {{ listen {} ssl; {} location / {{ proxy_pass http://{}; proxy_pass_header "
                                  "Date; }} }}",
                                  at.text(), authority.tls({.alternative_names = {"DNS:www.example.test"}}),
                                  backend.endpoint().text()),
                      {at});
    const auto checks = run({{.name = name("www.example.test"), .endpoint = at, .http = HttpExpectation{}}},
                            {.anchors = authority.anchors()});
    INFO(all_text(checks));
    CHECK(of_id(checks, "clock") == row.found);
    CHECK_THAT(all_text(checks), Catch::Contains(row.says));
  }
}

TEST_CASE("connections are bounded: as many as survey.h says, and with Depth::kUsers one each") {
  Authority authority;
  const auto at = endpoint(own_address());
  const auto status = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {} ssl; {} }}\nserver {{ listen {}; location / {{ stub_status; }} }}",
                                at.text(), authority.tls({.alternative_names = {"DNS:*.example.test"}}), status.text()),
                    {at, status});
  const std::vector<Target> targets{{.name = name("a.example.test"), .endpoint = at},
                                    {.name = name("b.example.test"), .endpoint = at},
                                    {.name = name("c.example.test"), .endpoint = at}};
  // ` 16 16 5`: connections taken, handled, requests. Asking is one itself.
  const auto taken = [&] {
    net::Loop loop;
    net::HttpRequest request;
    request.url = "http://" + status.text() + "/";
    const auto response = net::http_all(loop, {request}).front();
    REQUIRE(response.ok());
    return std::stol(response->body.substr(response->body.find("\n ") + 2));
  };
  const auto connections = [&](Depth depth) {
    const auto before = taken();
    run(targets, {.anchors = authority.anchors(), .depth = depth});
    return taken() - before - 1;
  };
  CHECK(connections(Depth::kUsers) == 3);
  // One each, one each with the other kind of keys, and for the address: without SNI, TLS 1.2, TLS 1.1.
  CHECK(connections(Depth::kThorough) == 3 + 3 + 3);
}

TEST_CASE("the program's clock decides, not the machine's") {
  Authority authority;
  const auto at = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {} ssl; {} }}", at.text(),
                                authority.tls({.alternative_names = {"DNS:www.example.test"}})),
                    {at});
  net::Loop loop;
  const VirtualClock later(now() + 100 * kDay);
  const auto checks = check_endpoints(loop, later, {{.name = name("www.example.test"), .endpoint = at}},
                                      {.anchors = authority.anchors()});
  INFO(all_text(checks));
  CHECK(troubles(checks, at) == std::vector<std::string>{"tls-expiry fail error"});
}

}  // namespace
}  // namespace cutover::tlscheck
