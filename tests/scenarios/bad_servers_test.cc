// One bad server after the other, each behind a plan of its own: what `cutover preflight` finds, and how it exits.
#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/scenarios/stage.h"
#include "tests/support/certificates.h"
#include "tests/support/not_run.h"
#include "tests/support/scripted_server.h"

namespace cutover {
namespace {

using servers::free_port;
using servers::own_address;
using stage::Desk;
using stage::now;
using test::Certificate;
using test::CertificateOptions;
using Key = CertificateOptions::Key;

constexpr std::chrono::hours kDay{24};

Endpoint a_place() {
  const auto address = own_address();
  return {*IpAddress::from_text(address), free_port(address)};
}

/// Who signs: a root that is trusted, its intermediates, and a root that nobody knows.
struct Authorities {
  Certificate root{{.common_name = "Test Root", .authority = true, .key = Key::kRsa}};
  Certificate middle{{.common_name = "Test Intermediate", .authority = true}, &root};
  Certificate stale{{.common_name = "Stale Intermediate",
                     .not_before = now() - 20 * kDay,
                     .not_after = now() - 2 * kDay,
                     .authority = true},
                    &root};
  Certificate sha1{{.common_name = "SHA-1 Intermediate", .authority = true, .digest = "SHA1"}, &root};
  Certificate stranger{{.common_name = "Stranger", .authority = true}};
  /// The intermediate, cross-signed by a root that nobody has.
  Certificate astray = middle.issued_again({.common_name = "Test Intermediate", .authority = true}, &stranger);
};

struct Options {
  std::vector<std::string> names{"DNS:www.example.test"};
  Instant from{};
  Instant until{};
  Key key = Key::kEcdsa;
  std::string tls_feature{};
};

/// nginx servers, each at a place of its own, and the files of their certificates.
class Servers {
 public:
  /// ssl_certificate lines for a leaf of `issuer`, with `sent` behind it.
  std::string certificate(const Options& options, const Certificate& issuer,
                          const std::vector<const Certificate*>& sent) {
    const Certificate leaf({.common_name = "www.example.test",
                            .alternative_names = options.names,
                            .not_before = options.from,
                            .not_after = options.until,
                            .key = options.key,
                            .tls_feature = options.tls_feature},
                           &issuer);
    std::string chain = leaf.pem();
    for (const auto* one : sent) chain += one->pem();
    const auto n = count_++;
    return fmt::format("ssl_certificate {}; ssl_certificate_key {};", folder_.write(fmt::format("{}.pem", n), chain),
                       folder_.write(fmt::format("{}.key", n), leaf.key_pem(), 0600));
  }
  std::string good(const Options& options = {}) { return certificate(options, ca.middle, {&ca.middle}); }

  Endpoint add(const std::string& lines, std::optional<Endpoint> at = std::nullopt) {
    const auto place = at.value_or(a_place());
    blocks_ += fmt::format("server {{ listen {} ssl; server_name www.example.test; {} }}\n", place.text(), lines);
    places_.push_back(place);
    return place;
  }
  /// Settings that nginx has once per process.
  void run_apart(const std::string& settings, const Endpoint& place, const std::string& lines) {
    running_.push_back(std::make_unique<servers::Nginx>(
        fmt::format("{} server {{ listen {} ssl; server_name www.example.test; {} }}\n", settings, place.text(), lines),
        std::vector<Endpoint>{place}));
  }
  void run() { running_.push_back(std::make_unique<servers::Nginx>(blocks_, places_)); }
  std::string ca_file() { return folder_.write("ca.pem", ca.root.pem()); }

  Authorities ca;

 private:
  servers::TempFolder folder_;
  std::string blocks_;
  std::vector<Endpoint> places_;
  std::vector<std::unique_ptr<servers::Nginx>> running_;
  int count_ = 0;
};

struct Row {
  std::string what;
  std::vector<Endpoint> places;
  std::set<std::string> findings;  ///< ids that fail or are undecided, at warning or above
  int exit = 3;
  std::string more_of_the_endpoint{};  ///< `, starttls: smtp`
  std::vector<std::string> flags{};
  enum class Authority { kGiven, kPublic } authority = Authority::kGiven;  ///< with --ca-file, or as the system's store
  std::string change{};                                                    ///< one more change of the plan
};

std::string plan_of(const Row& row, const servers::Unbound& resolver) {
  std::vector<std::string> addresses;
  for (const auto& place : row.places) addresses.push_back(fmt::format("\"{}\"", place.address.text()));
  return fmt::format(
      "version: 1\nname: bad-servers\nzones:\n  - zone: example.test\n"
      "    provider: {{ type: rfc2136, server: 127.0.0.1, key: env/NOT_NEEDED }}\n"
      "    changes: [ {{ name: elsewhere, type: A, from: [127.0.0.1], to: [127.0.0.2] }}{} ]\n"
      "endpoints: [ {{ names: [www.example.test], port: {}, new: [{}]{} }} ]\nstandby: 2d\nlookup: [\"{}\"]\n",
      row.change.empty() ? "" : ", " + row.change, row.places.front().port, fmt::join(addresses, ", "),
      row.more_of_the_endpoint, resolver.endpoint().text());
}

std::set<std::string> findings_in(const std::string& json) {
  std::set<std::string> found;
  const auto report = nlohmann::json::parse(json);
  for (const auto& check : report["checks"]) {
    const bool counts = check["severity"] != "note" && (check["verdict"] == "fail" || check["verdict"] == "undecided");
    if (counts) found.insert(check["id"].get<std::string>());
  }
  return found;
}

std::vector<Endpoint> four_with_one_of_last_year(Servers& servers) {
  const auto good = servers.good();
  const auto last_year = servers.good({.from = now() - 400 * kDay, .until = now() - 10 * kDay});
  std::vector<Endpoint> places;
  for (int i = 0; i < 4; ++i) {
    // One port for all, as users see it.
    const auto address = own_address();
    const auto port = places.empty() ? free_port(address) : places.front().port;
    places.push_back(servers.add(i == 2 ? last_year : good, Endpoint{*IpAddress::from_text(address), port}));
  }
  return places;
}

std::vector<Row> bad_certificates(Servers& servers) {
  const auto& ca = servers.ca;
  const auto old_times = Options{.from = now() - 30 * kDay, .until = now() - kDay};
  const auto rsa = [](Options options) {
    options.key = Key::kRsa;
    return options;
  };
  return {
      {"nothing wrong", {servers.add(servers.good())}, {}, 0},
      {"expired", {servers.add(servers.good(old_times))}, {"tls-expiry"}},
      {"not yet valid",
       {servers.add(servers.good({.from = now() + 5 * kDay, .until = now() + 90 * kDay}))},
       {"tls-not-yet-valid"}},
      {"expires during standby", {servers.add(servers.good({.until = now() + kDay}))}, {"tls-expiry"}},
      {"wrong host", {servers.add(servers.good({.names = {"DNS:other.example.test"}}))}, {"tls-name"}},
      {"common name only", {servers.add(servers.good({.names = {}}))}, {"tls-name"}},
      {"sent out of order",
       {servers.add(servers.certificate({}, ca.middle, {&ca.root, &ca.middle}))},
       {"tls-chain-order"},
       0},
      {"a dead end sent first",
       {servers.add(servers.certificate({}, ca.middle, {&ca.astray, &ca.middle}))},
       {"tls-chain"}},
      {"incomplete chain", {servers.add(servers.certificate({}, ca.middle, {}))}, {"tls-chain"}},
      {"untrusted", {servers.add(servers.certificate({}, ca.stranger, {&ca.stranger}))}, {"tls-chain"}},
      {"expired intermediate", {servers.add(servers.certificate({}, ca.stale, {&ca.stale}))}, {"tls-expiry"}},
      {"RSA beside it expired",
       {servers.add(servers.good() + servers.good(rsa(old_times)))},
       {"tls-second-certificate"}},
      {"RSA and ECDSA, both good", {servers.add(servers.good() + servers.good(rsa({})))}, {}, 0},
      {"must-staple without a staple", {servers.add(servers.good({.tls_feature = "status_request"}))}, {"tls-staple"}},
      {"300 days, no timestamps",
       {servers.add(servers.good({.until = now() + 299 * kDay}))},
       {"tls-lifetime", "tls-sct"},
       3,
       "",
       {},
       Row::Authority::kPublic},
      {"one of four of last year", four_with_one_of_last_year(servers), {"tls-expiry", "tls-same-leaf"}},
      {"does not know the name", {servers.add("ssl_reject_handshake on;")}, {"tls-unknown-name"}},
  };
}

std::vector<Row> bad_settings(Servers& servers) {
  const auto old_versions = a_place();
  const auto only_old = a_place();
  const auto wants = a_place();
  const auto sha1 = a_place();
  servers.run_apart("ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers DEFAULT@SECLEVEL=0;", sha1,
                    servers.certificate({}, servers.ca.sha1, {&servers.ca.sha1}));
  servers.run_apart("ssl_protocols TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0;", old_versions, servers.good());
  servers.run_apart("ssl_protocols TLSv1.1; ssl_ciphers DEFAULT@SECLEVEL=0;", only_old, servers.good());
  const servers::TempFolder folder;
  servers.run_apart(fmt::format("ssl_verify_client on; ssl_client_certificate {};",
                                folder.write("clients.pem", servers.ca.root.pem())),
                    wants, servers.good());
  return {
      {"TLS 1.1 beside 1.2", {old_versions}, {"tls-old-versions"}, 0},
      {"TLS 1.1 beside 1.2", {old_versions}, {"tls-old-versions"}, 3, "", {"--fail-on", "warning"}},
      {"TLS 1.1 only", {only_old}, {"tls-version"}},
      {"asks for a client certificate", {wants}, {"tls-client-certificate"}, 3, "", {"--fail-on", "warning"}},
      {"SHA-1 intermediate", {sha1}, {"tls-chain", "tls-signature"}},
      {"nobody there", {a_place()}, {"tls-connect"}},
      {"no route from here", {{*IpAddress::from_text("fe80::1"), 443}}, {"tls-connect"}, 4},
  };
}

/// What is about port 443 and nothing else.
std::vector<Row> bad_sites(Servers& servers) {
  const auto place = [&] {
    const auto address = own_address();
    return servers.add(servers.good(), Endpoint{*IpAddress::from_text(address), 443});
  };
  const auto record = [](const std::string& value) {
    return fmt::format("{{ name: www, type: HTTPS, from: [], to: [\"{}\"] }}", value);
  };
  const auto fine = place();
  return {
      {"a HTTPS record that fits", {fine}, {}, 0, "", {}, {}, record("1 . ipv4hint=" + fine.address.text())},
      {"a HTTPS record with old hints", {place()}, {"https-record"}, 3, "", {}, {}, record("1 . ipv4hint=127.0.0.1")},
      {"a HTTPS record with h2 promised",
       {place()},
       {"https-record"},
       3,
       "",
       {"--fail-on", "warning"},
       {},
       record("1 . alpn=h2")},
      {"port 80 closed, not asked for", {place()}, {}, 0, "", {"--http-01", "off"}},
      {"port 80 closed to HTTP-01", {place()}, {"acme-http-01"}, 3, "", {"--http-01", "error"}},
  };
}

/// Servers of a few lines, each good for one connection.
class Misbehaving {
 public:
  std::vector<Row> rows() {
    const auto after_hello = [](const std::string& text) {
      return [text](int fd) {
        test::hear_some(fd);
        test::say(fd, text);
      };
    };
    return {
        {"speaks HTTP", {at(after_hello("HTTP/1.1 400 Bad Request\r\n\r\n"))}, {"tls-not-spoken"}},
        {"closes after the ClientHello", {at(after_hello(""))}, {"tls-closed"}},
        {"handshake_failure", {at(after_hello(std::string("\x15\x03\x03\x00\x02\x02\x28", 7)))}, {"tls-handshake"}},
        {"slow-loris", {at(one_byte_at_a_time)}, {"tls-stalled"}, 3, "", {"--timeout", "1s"}},
        {"silent", {at(test::wait_for_end)}, {"tls-stalled"}, 3, "", {"--timeout", "1s"}},
        {"no STARTTLS",
         {at([](int fd) {
           test::say(fd, "220 mail\r\n");
           test::hear_line(fd);
           test::say(fd, "250 mail\r\n");
           test::hear_line(fd);
           test::say(fd, "502 what?\r\n");
           test::wait_for_end(fd);
         })},
         {"tls-starttls"},
         3,
         ", starttls: smtp"},
    };
  }

 private:
  /// The beginning of a ServerHello, a byte now and then, until the other side has had enough.
  static void one_byte_at_a_time(int fd) {
    const std::string hello("\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03", 11);
    for (std::size_t i = 0;; ++i) {
      if (send(fd, hello.data() + i % hello.size(), i < hello.size() ? 1 : 0, MSG_NOSIGNAL) < 0) return;
      pollfd waiting{fd, POLLIN | POLLRDHUP, 0};
      if (poll(&waiting, 1, 100) > 0 && (waiting.revents & (POLLRDHUP | POLLHUP)) != 0) return;
      if ((waiting.revents & POLLIN) != 0) test::hear_some(fd);
    }
  }
  Endpoint at(std::function<void(int)> script) {
    servers_.push_back(std::make_unique<test::ScriptedServer>(std::move(script)));
    return servers_.back()->endpoint();
  }
  std::vector<std::unique_ptr<test::ScriptedServer>> servers_;
};

/// Runs a command that sees `ca_file` as the system's root store: in a mount namespace of its own.
stage::Run with_store(const Desk& desk, const std::string& ca_file, const std::vector<std::string>& args) {
  const std::string script = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\"";
  std::vector<std::string> argv{"unshare", geteuid() == 0 ? "-m" : "-rm", "sh", "-c", script, ca_file};
  if (args.front() != "true") argv.emplace_back(std::getenv("CUTOVER_PROGRAM"));
  argv.insert(argv.end(), args.begin(), args.end());
  return desk.run(argv);
}
bool can_replace_the_store(const Desk& desk, const std::string& ca_file) {
  return with_store(desk, ca_file, {"true"}).status == 0;
}

TEST_CASE("each bad server has its finding, and preflight exits as it should") {
  Servers servers;
  Misbehaving misbehaving;
  std::vector<Row> rows = bad_certificates(servers);
  for (auto& row : bad_sites(servers)) rows.push_back(std::move(row));
  servers.run();
  for (auto& row : bad_settings(servers)) rows.push_back(std::move(row));
  for (auto& row : misbehaving.rows()) rows.push_back(std::move(row));
  const auto ca_file = servers.ca_file();
  const servers::Unbound resolver({.extra = "  local-zone: \"test.\" static\n"});  // nothing stands there
  const Desk desk;
  std::string table = fmt::format("{:32} {:28} {:28} exit\n", "server", "expected", "found");
  for (const auto& row : rows) {
    desk.write("cutover.yaml", plan_of(row, resolver));
    std::vector<std::string> args{"preflight", "-o", "json"};
    const bool given = row.authority == Row::Authority::kGiven;
    if (given) args.insert(args.end(), {"--ca-file", ca_file});
    args.insert(args.end(), row.flags.begin(), row.flags.end());
    if (!given && !can_replace_the_store(desk, ca_file)) {
      tests::not_run("bad servers: " + row.what, "the system's root store cannot be replaced in a namespace here");
      continue;
    }
    const auto run = given ? desk.cutover(args) : with_store(desk, ca_file, args);
    INFO(row.what << "\n" << run.both());
    REQUIRE_FALSE(run.out.empty());
    const auto found = findings_in(run.out);
    table += fmt::format("{:32} {:28} {:28} {}\n", row.what, fmt::format("{}", fmt::join(row.findings, " ")),
                         fmt::format("{}", fmt::join(found, " ")), run.status);
    CHECK(found == row.findings);
    CHECK(run.status == row.exit);
  }
  std::cout << table;
}

}  // namespace
}  // namespace cutover
