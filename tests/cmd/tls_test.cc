#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cmd/phases/tls.h"
#include "net/starttls.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"

namespace cutover {
namespace {

using servers::free_port;
using servers::own_address;

std::string told(const Result<TlsTarget>& target) {
  if (!target) return target.error().message;
  std::string out = fmt::format("{} {}", target->name.host(), target->port);
  for (const auto& address : target->at) out += " " + address.text();
  return out;
}

TEST_CASE("a target is a host, a host and a port, or an address") {
  struct Row {
    std::string text;
    std::string told;
  };
  for (const auto& row : std::vector<Row>{
           {"www.example.com", "www.example.com 443"},
           {" WWW.example.com. ", "www.example.com 443"},
           {"mail.example.com:465", "mail.example.com 465"},
           {"bücher.example", "xn--bcher-kva.example 443"},
           {"192.0.2.1", ". 443 192.0.2.1"},
           {"192.0.2.1:8443", ". 8443 192.0.2.1"},
           {"2001:db8::1", ". 443 2001:db8::1"},
           {"[2001:db8::1]:8443", ". 8443 2001:db8::1"},
       }) {
    INFO(row.text);
    CHECK(told(read_tls_target(row.text, 443)) == row.told);
  }
  for (const auto* text : {"", ".", "www.example.com:", "www.example.com:0", "www.example.com:99999", "a..b"}) {
    INFO(text);
    const auto target = read_tls_target(text, 443);
    REQUIRE_FALSE(target.ok());
    CHECK(target.error().code == ErrorCode::kUsage);
    CHECK_THAT(target.error().message, Catch::Contains("is no target"));
  }
}

TEST_CASE("every protocol has its usual port") {
  for (const auto protocol : net::Starttls::protocols()) {
    INFO(protocol);
    CHECK(usual_port(protocol) != 443);
  }
  CHECK(usual_port("") == 443);
  CHECK(usual_port("submission") == 587);
}

TEST_CASE("lines of targets") {
  const auto lines = read_tls_lines(
      "# the new side\n192.0.2.1, www.example.com\r\n\n  2001:db8::1 ,www.example.com:8443 # v6\nshop.example.com\n",
      "list", 443);
  REQUIRE(lines.ok());
  std::vector<std::string> all;
  for (const auto& line : *lines) all.push_back(fmt::format("{}: {}", line.line, told(line)));
  CHECK(all == std::vector<std::string>{"2: www.example.com 443 192.0.2.1", "4: www.example.com 8443 2001:db8::1",
                                        "5: shop.example.com 443"});
  for (const auto* text : {"\nwww.example.com, 192.0.2.1\n", "\n192.0.2.300, www.example.com\n", "\n192.0.2.1,\n"}) {
    INFO(text);
    const auto bad = read_tls_lines(text, "list", 443);
    REQUIRE_FALSE(bad.ok());
    CHECK_THAT(bad.error().message, Catch::StartsWith("list:2"));
  }
}

/// A server of one certificate, and the program held against it.
TEST_CASE("the program: one host, old against new, lines from stdin, whole JSON when targets fail") {
  const test::Certificate root{{.common_name = "Test Root", .authority = true}};
  const test::Certificate leaf{{.alternative_names = {"DNS:www.example.test"}}, &root};
  const servers::TempFolder folder;
  const auto ca = folder.write("ca.pem", root.pem());
  const auto address = own_address();
  const Endpoint at{*IpAddress::from_text(address), free_port(address)};
  const servers::Nginx nginx(
      fmt::format("server {{ listen {} ssl; ssl_certificate {}; ssl_certificate_key {}; }}", at.text(),
                  folder.write("leaf.pem", leaf.pem()), folder.write("leaf.key", leaf.key_pem(), 0600)),
      {at});
  const auto program = std::string(std::getenv("CUTOVER_PROGRAM"));
  const auto run = [&](std::vector<std::string> args, const std::string& input = "") {
    std::vector<std::string> argv{program, "tls", "--ca-file", ca};
    argv.insert(argv.end(), args.begin(), args.end());
    return servers::run_program(argv, input);
  };
  const auto host = fmt::format("www.example.test:{}", at.port);
  const auto fine = run({host, "--connect", address});
  INFO(fine.output);
  CHECK(fine.status == 0);
  CHECK_THAT(fine.output, Catch::Contains("PASS"));
  const auto both = run({host, "--connect", address, "--old", address});
  CHECK(both.status == 0);
  CHECK_THAT(run({host, "--connect", address, "--old", address, "-o", "json"}).output,
             Catch::Contains("the same certificate on both sides"));
  CHECK(run({fmt::format("other.example.test:{}", at.port), "--connect", address}).status == 3);
  CHECK(run({at.text()}).status == 3);  // the certificate is for no address

  const auto lines =
      run({"--targets", "-", "-o", "json"}, fmt::format("{0}, {1}\n{2}, {1}\n", address, host, own_address()));
  INFO(lines.output);
  CHECK(lines.status == 3);
  const auto json = nlohmann::json::parse(lines.output);
  std::size_t answered = 0;
  std::size_t refused = 0;
  for (const auto& check : json["checks"]) {
    if (check["id"] != "tls-connect") continue;
    ++(check["verdict"] == "pass" ? answered : refused);
  }
  CHECK(answered == 1);
  CHECK(refused == 1);

  for (const auto& wrong : std::vector<std::vector<std::string>>{
           {}, {host, "--connect", "here"}, {host, "--starttls", "gopher"}, {"--targets", "nowhere"}, {"a..b"}}) {
    const auto refusal = run(wrong);
    INFO(refusal.output);
    CHECK(refusal.status == 1);
  }
}

}  // namespace
}  // namespace cutover
