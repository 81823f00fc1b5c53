// DNS over TLS and over HTTPS against real servers: Unbound as the resolver, nginx where a reply shall be odd.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "dnsprobe/resolver_addresses.h"
#include "dnsprobe/sweep.h"
#include "dnsprobe/transport.h"
#include "tests/dnsprobe/story.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

/// A root that this process trusts while it lives, and a leaf for `dns.test` at `address`.
class Trust {
 public:
  explicit Trust(const std::string& address)
      : leaf_({.common_name = "x", .alternative_names = {"DNS:dns.test", "IP:" + address}}, &root_),
        certificate(folder_.write("leaf.pem", leaf_.pem())),
        key(folder_.write("leaf.key", leaf_.key_pem(), 0600)) {
    ::setenv("SSL_CERT_FILE", folder_.write("ca.pem", root_.pem()).c_str(), 1);
  }
  ~Trust() { ::unsetenv("SSL_CERT_FILE"); }
  Trust(const Trust&) = delete;
  Trust& operator=(const Trust&) = delete;

 private:
  test::Certificate root_{{.common_name = "Test Root", .authority = true}};
  test::Certificate leaf_;
  servers::TempFolder folder_;

 public:
  std::string certificate, key;
};

/// An Unbound that knows `example.com` by heart and speaks DoT and DoH beside plain DNS.
struct EncryptedUnbound {
  explicit EncryptedUnbound(const std::string& more = "")
      : tls{*IpAddress::from_text(address), servers::free_port(address)},
        https{*IpAddress::from_text(address), servers::free_port(address)},
        unbound([&] {
          servers::UnboundOptions options;
          options.address = address;
          options.extra = fmt::format(
              "  interface: {0}@{1}\n  interface: {0}@{2}\n  tls-port: {1}\n  https-port: {2}\n"
              "  tls-service-pem: \"{3}\"\n  tls-service-key: \"{4}\"\n"
              "  local-zone: \"example.com.\" static\n  local-data: \"www.example.com. 300 IN A 192.0.2.10\"\n{5}",
              address, tls.port, https.port, trust.certificate, trust.key, more);
          return options;
        }()) {}

  std::string over_tls(const std::string& name = "dns.test") const {
    return fmt::format("tls://{}@{}", name, tls.text());
  }
  std::string over_https() const { return fmt::format("https://dns.test/dns-query@{}", https.text()); }

  std::string address = servers::own_address();
  Endpoint tls, https;
  Trust trust{address};
  servers::Unbound unbound;
};

const std::vector<RecordKey> kWww{{*DomainName::from_text("www.example.com"), RecordType::kA}};

SweepResult ask(const std::vector<std::string>& texts, int samples = 1, TryOptions tries = {}) {
  net::Loop loop;
  const SystemClock clock;
  std::vector<Resolver> resolvers;
  for (const std::string& text : texts) resolvers.push_back(*parse_resolver(text));
  SweepOptions options;
  options.samples = samples;
  options.tries = tries;
  return sweep(loop, clock, kWww, resolvers, options);
}

void check_answer(const SweepAnswer& answer) {
  INFO(answer.sample.detail);
  REQUIRE(answer.set);
  CHECK(answer.set->rdata == std::vector<std::string>{"192.0.2.10"});
  CHECK(answer.ttl == Seconds(300));
  CHECK(answer.sample.over_tcp);
}

}  // namespace

TEST_CASE("one question over TLS by name and by address, and over HTTPS, each answered") {
  const EncryptedUnbound server;
  const auto seen = ask({server.over_tls(), "tls://" + server.tls.text(), server.over_https()});
  REQUIRE(seen.answers.size() == 3);
  for (const auto& answer : seen.answers) check_answer(answer);
}

TEST_CASE("a hundred questions need one connection") {
  // A second connection would be turned away.
  const EncryptedUnbound server("  incoming-num-tcp: 1\n");
  for (const std::string& text : {server.over_tls(), server.over_https()}) {
    INFO(text);
    const auto seen = ask({text}, 100);
    REQUIRE(seen.answers.size() == 100);
    for (const auto& answer : seen.answers) check_answer(answer);
  }
}

TEST_CASE("a connection that the server closed while it was idle is opened anew") {
  const EncryptedUnbound server("  tcp-idle-timeout: 100\n");
  net::Loop loop;
  const SystemClock clock;
  for (const std::string& text : {server.over_tls(), server.over_https()}) {
    INFO(text);
    const Resolver resolver = *parse_resolver(text);
    std::vector<Sample> samples;
    const auto transport =
        socket_transport(loop, clock, {})([&](std::uint64_t, Sample sample) { samples.push_back(sample); });
    for (std::size_t round = 1; round <= 3; ++round) {
      transport->ask(round, resolver, kWww.front());
      loop.run_until([&] { return samples.size() == round; });
      INFO(samples.back().detail);
      CHECK(samples.back().outcome == net::Outcome::kAnswered);
      CHECK(samples.back().rcode == net::Rcode::kNoError);
      loop.wait_until(clock, clock.now() + std::chrono::milliseconds(300), [] { return false; });
    }
  }
}

TEST_CASE("a server that cannot prove its name is not asked") {
  const EncryptedUnbound server;
  const auto wrong_name =
      ask({server.over_tls("other.test"), fmt::format("https://other.test/dns-query@{}", server.https.text())});
  for (const auto& answer : wrong_name.answers) {
    CHECK(answer.sample.outcome == net::Outcome::kUnreachable);
    CHECK_THAT(answer.sample.detail, Catch::Contains("certificate was not accepted"));
  }
  const servers::TempFolder folder;
  ::setenv("SSL_CERT_FILE",
           folder.write("other.pem", test::Certificate({.common_name = "Other Root", .authority = true}).pem()).c_str(),
           1);
  const auto unknown_root = ask({server.over_tls(), server.over_https()});
  for (const auto& answer : unknown_root.answers) {
    CHECK(answer.sample.outcome == net::Outcome::kUnreachable);
    CHECK_THAT(answer.sample.detail, Catch::Contains("certificate was not accepted"));
  }
}

TEST_CASE("what does not answer is unreachable or late, and says so") {
  const std::string address = servers::own_address();
  const Endpoint closed{*IpAddress::from_text(address), servers::free_port(address)};
  const auto seen = ask({"tls://dns.test@" + closed.text(), "https://dns.test/dns-query@" + closed.text(),
                         "tls://dns.test", "https://dns.test/"});
  for (const auto& answer : seen.answers) CHECK(answer.sample.outcome == net::Outcome::kUnreachable);
  CHECK_THAT(seen.answers[0].sample.detail, Catch::Contains("refused"));
  CHECK_THAT(seen.answers[2].sample.detail, Catch::Contains("its address is not known"));
  CHECK_THAT(seen.answers[3].sample.detail, Catch::Contains("its address is not known"));

  const EncryptedUnbound server;
  server.unbound.pause();
  TryOptions tries;
  tries.timeout = std::chrono::milliseconds(100);
  const auto silent = ask({server.over_tls(), server.over_https()}, 1, tries);
  server.unbound.resume();
  for (const auto& answer : silent.answers) CHECK(answer.sample.outcome == net::Outcome::kTimeout);
}

TEST_CASE("HTTP says more than DNS: status, type, and the age of a cached reply") {
  const std::string address = servers::own_address();
  const Trust trust(address);
  const Endpoint endpoint{*IpAddress::from_text(address), servers::free_port(address)};
  const servers::TempFolder folder;
  net::Message reply = net::make_query({kWww[0].name, kWww[0].type, net::RecordClass::kIn}, net::Recursion::kDesired);
  reply.id = 0;
  reply.qr = true;
  reply.answer = {{kWww[0].name, RecordType::kA, net::RecordClass::kIn, 300, "192.0.2.10"}};
  folder.write("aged", *net::encode(reply));
  folder.write("text", *net::encode(reply));
  folder.write("cut", net::encode(reply)->substr(0, 20));
  const std::string message = "default_type application/dns-message; error_page 405 =200 $uri;";
  const servers::Nginx nginx(
      fmt::format(
          "server {{ listen {} ssl http2; server_name dns.test; ssl_certificate {}; ssl_certificate_key {}; root {};\n"
          "  location = /aged {{ {} add_header Age 40; }}\n  location = /cut {{ {} }}\n"
          "  location = /text {{ default_type text/plain; error_page 405 =200 $uri; }} }}",
          endpoint.text(), trust.certificate, trust.key, folder.path(), message, message),
      {endpoint});
  const auto at = [&](std::string_view path) { return fmt::format("https://dns.test/{}@{}", path, endpoint.text()); };
  const auto seen = ask({at("aged"), at("text"), at("cut"), at("nowhere")});
  INFO(seen.answers[0].sample.detail);
  CHECK(seen.answers[0].ttl == Seconds(260));
  CHECK(seen.answers[1].sample.outcome == net::Outcome::kGarbage);
  CHECK_THAT(seen.answers[1].sample.detail, Catch::Contains("text/plain"));
  CHECK(seen.answers[2].sample.outcome == net::Outcome::kGarbage);
  CHECK(seen.answers[3].sample.outcome == net::Outcome::kUnreachable);
}

TEST_CASE("resolvers given by name alone are looked up once and pinned") {
  const EncryptedUnbound server("  local-zone: \"dns.test.\" static\n  local-data: \"dns.test. 60 IN A 127.0.0.7\"\n");
  net::Loop loop;
  const SystemClock clock;
  std::vector<Resolver> resolvers{*parse_resolver("tls://dns.test"), *parse_resolver("https://dns.test:8443/dns-query"),
                                  *parse_resolver("https://dns.test/dns-query"),
                                  *parse_resolver("tls://absent.dns.test"), *parse_resolver("127.0.0.9")};
  net::LookupOptions lookup;
  lookup.servers = {server.unbound.endpoint()};
  find_addresses(loop, clock, lookup, resolvers);
  CHECK(resolvers[0].endpoint->text() == "127.0.0.7:853");
  CHECK(resolvers[1].endpoint->text() == "127.0.0.7:8443");
  CHECK(resolvers[2].endpoint->text() == "127.0.0.7:443");
  CHECK_FALSE(resolvers[3].endpoint);
  CHECK(resolvers[4].endpoint->text() == "127.0.0.9:53");
}
