// APIs behind nginx with a certificate of an authority of one's own: the way people give PowerDNS's API its TLS, and
// gateways before others.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/providers/subject.h"
#include "tests/servers/vultr_fake.h"
#include "tests/support/certificates.h"

using namespace cutover;
using namespace cutover::tests;
using providers::Provider;
using servers::VultrFake;

namespace {

const std::string kKey = "a-key-that-must-not-be-seen";

RecordSet old_www() { return set("www", "A", 86400, {"192.0.2.10"}); }
RecordSet new_www() { return set("www", "A", 300, {"203.0.113.10"}); }
ChangeSet move_www() { return {name("@"), {change(old_www(), new_www())}, std::nullopt, std::nullopt}; }

/// nginx before an API at `root`, with a certificate for its own address or for another name. Every request that
/// reaches HTTP is written down with the credential that it carries.
class Door {
 public:
  enum class Names { kItsAddress, kAnother };
  Door(const std::string& root, const std::string& header, Names names)
      : endpoint_(*Endpoint::from_text(address_, servers::free_port(address_))),
        ca(folder_.write("ca.pem", root_.pem())) {
    const test::Certificate leaf(
        {.common_name = "x",
         .alternative_names = {names == Names::kItsAddress ? "IP:" + address_ : "DNS:dns.example.net"}},
        &root_);
    nginx_ = std::make_unique<servers::Nginx>(
        fmt::format(
            "log_format seen '$request_method <$http_{}>';\nserver {{ listen {} ssl; access_log seen.log seen;\n"
            "  ssl_certificate {}; ssl_certificate_key {};\n"
            "  location / {{ proxy_pass {}; }} }}",
            header, endpoint_.text(), folder_.write("leaf.pem", leaf.pem()),
            folder_.write("leaf.key", leaf.key_pem(), 0600), root),
        std::vector<Endpoint>{endpoint_});
  }
  std::string url() const { return "https://" + endpoint_.text(); }
  std::string seen() const { return servers::read_text(nginx_->folder().file("seen.log")); }
  std::string log() const { return nginx_->log(); }
  /// Another authority, which nobody here has anything from.
  std::string other_ca() const {
    return folder_.write("other.pem", test::Certificate({.common_name = "Other", .authority = true}).pem());
  }

 private:
  servers::TempFolder folder_{servers::TempFolder::Where::kMemory};
  std::string address_ = servers::own_address();
  Endpoint endpoint_;
  test::Certificate root_{{.common_name = "Test Root", .authority = true}};
  std::unique_ptr<servers::Nginx> nginx_;

 public:
  const std::string ca;
};

struct Bench {
  net::Loop loop;
  SystemClock clock;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};

  std::unique_ptr<Provider> open(const std::string& type, const std::string& option, const std::string& url,
                                 const std::string& ca) {
    folder.write("secret", kKey, 0600);
    std::map<std::string, std::string> options{{"url", url}, {option, "file/secret"}};
    if (!ca.empty()) options.emplace("ca_file", ca);
    auto opened = providers::make_provider({type, options, folder.path()}, {loop, clock, {}});
    INFO((opened ? "" : opened.error().message));
    REQUIRE(opened);
    return std::move(*opened);
  }
  servers::Finished run(const providers::InverseScript& script) {
    folder.write(script.file_name, script.text);
    return servers::run_program({"sh", "-c", script.how_to_run}, {}, std::chrono::seconds(60), folder.path());
  }
};

servers::AuthorityOptions with_api() {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", zone_text()}};
  options.api_key = kKey;
  return options;
}

/// There through the provider, back by the script.
void goes_there_and_back(Bench& bench, Provider& provider, const Door& door) {
  const auto script = provider.inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  const auto steps = provider.steps(move_www());
  REQUIRE(steps);
  for (const providers::Step& step : *steps) {
    const auto made = provider.apply(step);
    INFO((made ? "" : made.error().message) << door.log());
    REQUIRE(made);
  }
  const RecordKey key = old_www().key();
  REQUIRE(provider.read_sets(name("@"), {key})->sets.at(key) == new_www());
  CHECK(door.seen().find(kKey) != std::string::npos);
  const auto undone = bench.run(*script);
  INFO(script->text << undone.output);
  REQUIRE(undone.status == 0);
  CHECK(provider.read_sets(name("@"), {key})->sets.at(key) == old_www());
}

}  // namespace

TEST_CASE("PowerDNS behind TLS: the authority of `ca_file` is trusted, by the program and by the script") {
  const servers::PowerDns server(with_api());
  const Door door(server.api_url(), "x_api_key", Door::Names::kItsAddress);
  Bench bench;
  const auto provider = bench.open("powerdns", "key", door.url(), door.ca);
  goes_there_and_back(bench, *provider, door);
}

TEST_CASE("a script in Python trusts the authority of `ca_file` as well") {
  VultrFake fake;
  fake.set_secret("Bearer " + kKey);
  fake.add_zone("example.com");
  fake.put("example.com", old_www());
  const Door door(fake.root(), "authorization", Door::Names::kItsAddress);
  Bench bench;
  const auto provider = bench.open("vultr", "token", door.url() + "/v2", door.ca);
  goes_there_and_back(bench, *provider, door);
}

TEST_CASE("a certificate that does not match is refused, and no credential is sent") {
  const servers::PowerDns server(with_api());
  struct Case {
    const char* what;
    Door::Names names;
    enum class Ca { kIts, kOther, kSystem } ca;
  };
  const Case cases[] = {{"another name", Door::Names::kAnother, Case::Ca::kIts},
                        {"another authority", Door::Names::kItsAddress, Case::Ca::kOther},
                        {"the system's authorities", Door::Names::kItsAddress, Case::Ca::kSystem}};
  for (const Case& one : cases) {
    INFO(one.what);
    const Door door(server.api_url(), "x_api_key", one.names);
    Bench bench;
    const std::string ca = one.ca == Case::Ca::kIts     ? door.ca
                           : one.ca == Case::Ca::kOther ? door.other_ca()
                                                        : std::string();
    const auto provider = bench.open("powerdns", "key", door.url(), ca);
    const auto read = provider->read(name("@"));
    REQUIRE_FALSE(read);
    INFO(read.error().message);
    CHECK(read.error().code == ErrorCode::kNetwork);
    CHECK(read.error().message.find("reading example.com.: PowerDNS at " + door.url()) == 0);
    CHECK(read.error().message.find("certificate was not accepted") != std::string::npos);
    const auto made = provider->apply(provider->steps(move_www())->at(0));
    REQUIRE_FALSE(made);
    INFO(made.error().message);
    CHECK(made.error().code == ErrorCode::kNetwork);
    CHECK(made.error().message.find("nothing was changed") != std::string::npos);
    const auto script = provider->inverse_script(inverse_of(move_www()));
    REQUIRE(script);
    const auto undone = bench.run(*script);
    CHECK(undone.status != 0);
    CHECK(undone.output.find("nothing was changed") != std::string::npos);
    CHECK(door.seen().empty());
  }
}
