#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cmd/plan/plan_file.h"
#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/certificates.h"
#include "tests/support/http_script.h"
#include "tests/support/scripted_server.h"

// What strangers put into certificates, zones, greetings and answers is told so that one knows it again, and does
// nothing to a terminal, a page, a CI runner, a collector of metrics or the plan.

using namespace cutover;
using namespace cutover::stage;
using servers::free_port;
using servers::own_address;

namespace {

using Json = nlohmann::json;

/// A terminal's clear-screen and title, a runner's command, markup, a label's end, C1 controls, marks that turn the
/// direction of text, a line and a paragraph separator.
const std::string kHostile =
    "Evil\x1b[2J\x1b]0;owned\x07\n::error file=x::injected\r\n::set-output name=a::b%0A%3A<script>alert(1)</script>"
    "]]>&'\"} 9\\\xc2\x9b"
    "31m\xe2\x80\xae"
    "gnp\xe2\x81\xa6\xd8\x9c\xe2\x80\x8f\xe2\x80\xa8\xe2\x80\xa9 End";

/// The first control character, mark of direction or byte that is not UTF-8, and what stands before it; empty: none.
std::string harm_in(const std::string& text) {
  // printable() would change just these, and the line feeds that a text may have.
  for (const std::string& line : split(text, '\n'))
    if (const std::string shown = printable(line); shown != line) return shown.substr(0, 400);
  return {};
}

bool is_xml(const Desk& desk, const std::string& text) {
  desk.write("read.xml", text);
  return desk.run({"xmllint", "--noout", "--nonet", "read.xml"}).status == 0;
}

/// Every string of a document, names too.
std::string strings_of(const Json& json) {
  std::string out;
  if (json.is_string()) out += json.get<std::string>() + "\n";
  if (json.is_object())
    for (const auto& [name, value] : json.items()) out += name + "\n" + strings_of(value);
  if (json.is_array())
    for (const Json& value : json) out += strings_of(value);
  return out;
}

/// Whether a line would be a command to GitHub's runner that is none of ours: a level, and properties in which
/// strangers have no part.
bool is_injected(const std::string& line) {
  if (!trim(line).starts_with("::") && !trim(line).starts_with("##[")) return false;
  for (const std::string level : {"error", "warning", "notice"})
    for (const std::string properties : {"title=", "file=cutover.yaml,line="})
      if (line.starts_with("::" + level + " " + properties)) return false;
  return true;
}

/// One run in every form: harmless as it is written and as it is read, and `words` are still there.
void check_forms(const Desk& desk, const std::vector<std::string>& command, const std::vector<std::string>& words) {
  for (const std::string form : {"text", "json", "junit", "sarif", "github", "metrics"}) {
    std::vector<std::string> args = command;
    args.insert(args.end(), {"-o", form});
    const Run run = desk.cutover(args);
    INFO(form << ": " << printable(run.both().substr(0, 20000)));
    CHECK(run.status == 3);
    CHECK(harm_in(run.out).empty());
    CHECK(harm_in(run.err).empty());
    CHECK(run.out.find(std::string(1000, 'x')) == std::string::npos);
    if (form != "metrics")
      for (const std::string& word : words) {
        CAPTURE(word);
        CHECK(run.out.find(word) != std::string::npos);
      }
    if (form == "json" || form == "sarif") {
      const Json json = Json::parse(run.out, nullptr, false);
      REQUIRE(json.is_object());
      CHECK(harm_in(strings_of(json)).empty());
    }
    if (form == "junit") {
      CHECK(is_xml(desk, run.out));
      CHECK(run.out.find("<script") == std::string::npos);
    }
    if (form == "github")
      for (const std::string& line : split(run.out, '\n')) {
        CAPTURE(line);
        CHECK_FALSE(is_injected(line));
      }
    if (form == "metrics") {
      desk.write("read.prom", run.out);
      // 3 is advice on the names of metrics, which blackbox_exporter chose; 1: it cannot be read.
      const int read = desk.run({"sh", "-c", "promtool check metrics < read.prom"}).status;
      CHECK((read == 0 || read == 3));
    }
  }
}

/// A server whose certificate says such things in every place that has words, signed by an authority that does so too.
struct Liar {
  explicit Liar(const std::string& longer)
      : root({.raw_subject = {{NID_commonName, longer}, {NID_organizationName, kHostile}}, .authority = true}),
        leaf({.raw_subject = {{NID_serialNumber, longer}, {NID_organizationName, kHostile}, {NID_commonName, kHostile}},
              .raw_dns_names = {kHostile, "*." + kHostile, longer}},
             &root),
        at{*IpAddress::from_text(own_address()), 0} {
    at.port = free_port(at.address.text());
    desk.write("other.pem", test::Certificate({.common_name = "Another root", .authority = true}).pem());
    desk.write("root.pem", root.pem());
    desk.write("leaf.pem", leaf.pem() + root.pem());
    desk.write("leaf.key", leaf.key_pem());
    nginx = std::make_unique<servers::Nginx>(
        fmt::format("server {{ listen {} ssl; ssl_certificate {}; ssl_certificate_key {}; location / {{ return 301 "
                    "\"https://evil.example/<script>%1b[2J\"; }} }}",
                    at.text(), desk.file("leaf.pem"), desk.file("leaf.key")),
        std::vector{at});
  }
  Desk desk;
  test::Certificate root, leaf;
  Endpoint at;
  std::unique_ptr<servers::Nginx> nginx;
};

const std::string kLong = "Long" + std::string(10000, 'x');

}  // namespace

TEST_CASE("a hostile certificate: tls, in every form") {
  const Liar liar(kLong);
  const std::string host = fmt::format("www.example.test:{}", liar.at.port);
  const std::string address = liar.at.address.text();
  SECTION("by an authority that nobody trusts") {
    check_forms(liar.desk, {"tls", "--ca-file", "other.pem", host, "--connect", address}, {"Evil", "alert(1)", "End"});
  }
  SECTION("by a trusted one, beside an old side") {
    check_forms(liar.desk, {"tls", "--ca-file", "root.pem", host, "--connect", address, "--old", address},
                {"Evil", "alert(1)", "End"});
  }
}

TEST_CASE("a hostile certificate: the metrics name it") {
  const Liar liar(kLong);
  const Run run = liar.desk.cutover({"tls", "--ca-file", "root.pem", fmt::format("www.example.test:{}", liar.at.port),
                                     "--connect", liar.at.address.text(), "-o", "metrics"});
  INFO(printable(run.both().substr(0, 20000)));
  const auto begin = run.out.find("probe_ssl_last_chain_info{");
  REQUIRE(begin != std::string::npos);
  const std::string line = run.out.substr(begin, run.out.find('\n', begin) - begin);
  for (const std::string word : {"Evil", "alert(1)", "End", "Longxxx"}) CHECK(line.find(word) != std::string::npos);
  CHECK_THAT(line, Catch::EndsWith("\"} 1"));
}

TEST_CASE("a hostile certificate: preflight, in every form") {
  const Liar liar(kLong);
  liar.desk.write(
      "cutover.yaml",
      fmt::format("version: 1\nname: shop-move\nzones:\n  - zone: shop.example\n    provider: {{ type: zonefile, "
                  "file: shop.zone }}\n    changes:\n      - {{ name: www, type: A, from: [192.0.2.1], to: [{0}] }}\n"
                  "lookup: [\"{0}:{1}\"]\nendpoints:\n  - {{ names: [www.shop.example], port: {1}, old: [{0}], new: "
                  "[{0}] }}\n",
                  liar.at.address.text(), liar.at.port));
  check_forms(liar.desk, {"preflight", "--ca-file", "root.pem", "--http-01", "off"}, {"Evil", "alert(1)", "End"});
}

namespace {

/// Says the same to everybody, again and again.
class Greeter {
 public:
  explicit Greeter(std::string greeting) : at_{*IpAddress::from_text(own_address()), 0} {
    at_.port = free_port(at_.address.text());
    listener_ = test::listening(at_, 16);
    thread_ = std::thread([this, greeting = std::move(greeting)] {
      while (true) {
        const net::Descriptor peer(accept(listener_.get(), nullptr, nullptr));
        if (!peer) return;
        test::say(peer.get(), greeting);
        test::wait_for_end(peer.get());
      }
    });
  }
  ~Greeter() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  Greeter(const Greeter&) = delete;
  Greeter& operator=(const Greeter&) = delete;
  const Endpoint& endpoint() const { return at_; }

 private:
  Endpoint at_;
  net::Descriptor listener_;
  std::thread thread_;
};

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  std::replace(text.begin(), text.end(), '\r', ' ');
  return text;
}

}  // namespace

TEST_CASE("a hostile greeting: mail servers, in every form") {
  const Desk desk;
  desk.write("ca.pem", test::Certificate({.common_name = "Test root", .authority = true}).pem());
  const std::string words = one_line(kHostile);
  for (const auto& [protocol, greeting] :
       std::vector<std::pair<std::string, std::string>>{{"smtp", "554 " + words + "\r\n"},
                                                        {"imap", "* BYE " + words + "\r\n"},
                                                        {"pop3", "-ERR " + words + "\r\n"},
                                                        {"smtp", words + "\r\n"},
                                                        {"ftp", "421 " + words + kLong + "\r\n"}}) {
    CAPTURE(protocol);
    const Greeter greeter(greeting);
    check_forms(
        desk,
        {"tls", "--ca-file", "ca.pem", "--starttls", protocol,
         fmt::format("mail.example.test:{}", greeter.endpoint().port), "--connect", greeter.endpoint().address.text()},
        {"Evil\\"});
  }
}

TEST_CASE("a hostile answer of a provider's API: the sentence quotes it") {
  const Desk desk;
  desk.write("token", "secret");
  struct Row {
    std::string status, body, headers;
    std::string word;
  };
  const std::string page = "<html><body>" + kHostile + "</body></html>";
  for (const Row& row : std::vector<Row>{
           {"403 Forbidden", Json{{"detail", kHostile}}.dump(), "Content-Type: application/json\r\n", "Evil"},
           {"500 Oops", page, "Content-Type: text/html\r\n", "Evil"},
           {"200 OK", page, "Content-Type: application/json\r\n", ""},
           {"400 Bad", Json{{"detail", kLong}}.dump(), "", "Longxxx"},
           {"302 Found", "", "Location: https://evil.example/\x1b[2J\xc2\x9b\r\n", "evil.example"},
           {"200 OK",
            Json::array({{{"name", kHostile + ".example.com."},
                          {"subname", kHostile},
                          {"type", "A"},
                          {"ttl", 60},
                          {"records", {kHostile}}}})
                .dump(),
            "", "Evil"}}) {
    CAPTURE(row.status, row.body);
    const test::HttpScript api([&](const std::string&) {
      return test::http_reply(row.status, row.body, row.headers + "Connection: close\r\n");
    });
    const Run run = desk.cutover({"assess", "--zone", "example.com", "--provider", "desec", "--option",
                                  "token=file/token", "--option", "url=" + api.url(), "--from", "192.0.2.1", "--to",
                                  "192.0.2.2", "--authoritative", "127.0.0.1"});
    INFO(printable(run.both()));
    CHECK(run.status == (row.status.starts_with("500") ? 4 : 1));
    CHECK(run.out.empty());
    CHECK(harm_in(run.err).empty());
    CHECK(run.err.find(row.word) != std::string::npos);
    CHECK(run.err.size() < 2000);
  }
}

namespace {

/// Presentation format (RFC 1035 section 5.1): every byte as \DDD.
std::string escaped(const std::string& bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("\\{:03}", static_cast<unsigned char>(c));
  return out;
}

}  // namespace

TEST_CASE("a hostile zone: assess tells it, and the plan that it writes can be read again") {
  const Desk desk;
  const std::string label = escaped(kHostile.substr(0, 60));
  std::string texts;
  for (int i = 0; i < 40; ++i) texts += " \"" + std::string(250, 'x') + "\"";
  desk.write("shop.zone",
             fmt::format("$ORIGIN shop.example.\n$TTL 300\n@ SOA ns1 admin 1 3600 600 86400 300\n@ NS ns1\nns1 A "
                         "192.0.2.53\nwww A 192.0.2.1\n{0} A 192.0.2.1\n{0}.x TXT \"{1}\" \"at 192.0.2.1\"\n"
                         "txt TXT \"v=spf1 ip4:192.0.2.1 {1}\"\nlong TXT \"192.0.2.1\"{2}\n"
                         "alias CNAME {0}\nchain CNAME alias\nmail MX 10 {0}\n_sip._tcp SRV 1 1 1 {0}\n"
                         "caa CAA 0 issue \"{1}192.0.2.1\"\nchild NS {0}.child\n{0}.child A 192.0.2.1\n",
                         label, escaped(kHostile.substr(0, 200)), texts));
  for (const std::string form : {"text", "json"}) {
    const Run run = desk.cutover({"assess", "--force", "--zone", "shop.example", "--provider", "zonefile", "--option",
                                  "file=shop.zone", "--zone-file", "shop.zone", "--offline", "--from", "192.0.2.1",
                                  "--to", "192.0.2.2", "-o", form});
    INFO(form << ": " << printable(run.both()));
    REQUIRE(run.status == 0);
    CHECK(harm_in(run.out).empty());
    CHECK(harm_in(run.err).empty());
    CHECK(to_lower(run.out).find("evil\\") != std::string::npos);
    if (form == "json") CHECK(harm_in(strings_of(Json::parse(run.out, nullptr, false))).empty());
    const std::string plan = servers::read_text(desk.file("cutover.yaml"));
    CHECK(harm_in(plan).empty());
    CHECK(to_lower(plan).find("evil\\") != std::string::npos);
  }
  // The plan can be read, and its names are those of the zone. Nobody is asked for that.
  const auto plan = read_plan(desk.file("cutover.yaml"));
  INFO((plan ? "" : plan.error().message));
  REQUIRE(plan);
  const auto& changes = plan->zones.front().changes;
  CHECK(std::any_of(changes.begin(), changes.end(), [](const PlannedChange& change) {
    return change.name.wire().find(to_lower(kHostile.substr(0, 60))) == 1;
  }));
  for (const std::string form : {"text", "json"}) {
    const Run read = desk.cutover({"status", "-o", form});
    INFO(printable(read.both()));
    CHECK(read.status == 0);
    CHECK(harm_in(read.both()).empty());
  }
}
