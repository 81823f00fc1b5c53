#include <fmt/format.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/scenarios/stage.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"

// A real authority (pebble) issues a certificate to a real ACME client (acme-tiny); nginx and stunnel serve it whole,
// and nginx without its intermediate.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using Json = nlohmann::json;

namespace {

/// pebble on an address of its own. It takes every validation for done: where challenges would be answered does not
/// matter here.
class Pebble {
 public:
  Pebble() {
    const test::Certificate api({.common_name = "pebble", .alternative_names = {"IP:" + address_}});
    api_file_ = folder_.write("api.pem", api.pem());
    const Json config{{"pebble",
                       {{"listenAddress", endpoint_.text()},
                        {"managementListenAddress", management_.text()},
                        {"certificate", api_file_},
                        {"privateKey", folder_.write("api.key", api.key_pem(), 0600)},
                        {"httpPort", 5002},
                        {"tlsPort", 5001}}}};
    process_ = std::make_unique<Process>(
        std::vector<std::string>{"env", "PEBBLE_VA_ALWAYS_VALID=1", "PEBBLE_VA_NOSLEEP=1", "pebble", "-config",
                                 folder_.write("pebble.json", config.dump())},
        folder_.file("log"));
    if (!wait_until(std::chrono::seconds(10), [&] { return accepts_tcp(endpoint_) && accepts_tcp(management_); }))
      throw std::runtime_error("pebble does not listen:\n" + process_->log());
  }
  /// The chain for one name, as acme-tiny receives it.
  std::string issue(const std::string& name, const std::string& key_file) const {
    must({"openssl", "genrsa", "-out", folder_.file("account.key"), "2048"});
    must({"openssl", "req", "-new", "-key", key_file, "-subj", "/", "-addext", "subjectAltName=DNS:" + name, "-out",
          folder_.file("leaf.csr")});
    return must({"env", "SSL_CERT_FILE=" + api_file_, "acme-tiny", "--quiet", "--account-key",
                 folder_.file("account.key"), "--csr", folder_.file("leaf.csr"), "--acme-dir", folder_.path(),
                 "--disable-check", "--directory-url", "https://" + endpoint_.text() + "/dir"});
  }
  std::string root() const {
    return must({"curl", "-sS", "--cacert", api_file_, "https://" + management_.text() + "/roots/0"});
  }

 private:
  static std::string must(const std::vector<std::string>& argv) {
    const Finished done = run_program(argv);
    if (done.status != 0) throw std::runtime_error(fmt::format("{} failed:\n{}", argv.front(), done.output));
    return done.output;
  }
  TempFolder folder_;
  std::string address_ = own_address();
  Endpoint endpoint_ = *Endpoint::from_text(address_, free_port(address_));
  Endpoint management_ = *Endpoint::from_text(address_, free_port(address_));
  std::string api_file_;
  std::unique_ptr<Process> process_;
};

/// The certificates of a PEM text, one by one.
std::vector<std::string> certificates_in(const std::string& pem) {
  const std::string begin = "-----BEGIN CERTIFICATE-----", end = "-----END CERTIFICATE-----\n";
  std::vector<std::string> out;
  for (auto at = pem.find(begin); at != std::string::npos; at = pem.find(begin, at + 1))
    out.push_back(pem.substr(at, pem.find(end, at) + end.size() - at));
  return out;
}

}  // namespace

/// stunnel in front of nobody: TLS comes first.
class Stunnel {
 public:
  Stunnel(const std::string& pem_file, const std::string& key_file) {
    const std::string config =
        fmt::format("foreground = yes\npid =\n[tls]\naccept = {}\nconnect = 127.0.0.1:9\ncert = {}\nkey = {}\n",
                    endpoint_.text(), pem_file, key_file);
    process_ = std::make_unique<Process>(std::vector<std::string>{"stunnel", folder_.write("stunnel.conf", config)},
                                         folder_.file("log"));
    if (!wait_until(std::chrono::seconds(10), [&] { return accepts_tcp(endpoint_); }))
      throw std::runtime_error("stunnel does not listen:\n" + process_->log());
  }
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  TempFolder folder_;
  std::string address_ = own_address();
  Endpoint endpoint_ = *Endpoint::from_text(address_, free_port(address_));
  std::unique_ptr<Process> process_;
};

TEST_CASE("a chain that an ACME authority really issued passes; without its intermediate it does not") {
  const Pebble pebble;
  const TempFolder folder;
  const std::string key = folder.file("leaf.key");
  REQUIRE(run_program({"openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key}).status == 0);
  const auto chain = certificates_in(pebble.issue("www.example.test", key));
  REQUIRE(chain.size() == 2);

  const std::string whole = own_address(), bare = own_address();
  const std::uint16_t port = free_port(whole);
  const auto server = [&](const std::string& address, const std::string& file, const std::string& pem) {
    return fmt::format("server {{ listen {}:{} ssl; ssl_certificate {}; ssl_certificate_key {}; }}\n", address, port,
                       folder.write(file, pem), key);
  };
  const Nginx nginx(server(whole, "whole.pem", chain[0] + chain[1]) + server(bare, "bare.pem", chain[0]),
                    {*Endpoint::from_text(whole, port), *Endpoint::from_text(bare, port)});
  const std::string root = folder.write("root.pem", pebble.root());

  const Desk desk;
  const auto check = [&](const Endpoint& at) {
    return desk.cutover({"tls", fmt::format("www.example.test:{}", at.port), "--connect", at.address.text(),
                         "--ca-file", root, "-o", "json"});
  };
  const Stunnel stunnel(folder.file("whole.pem"), key);
  const Run through_stunnel = check(stunnel.endpoint());
  INFO(through_stunnel.both());
  CHECK(through_stunnel.status == 0);
  const Run good = check(*Endpoint::from_text(whole, port));
  INFO(good.both());
  CHECK(good.status == 0);
  const Run incomplete = check(*Endpoint::from_text(bare, port));
  INFO(incomplete.both());
  CHECK(incomplete.status == 3);
  std::vector<std::string> failed;
  const Json report = Json::parse(incomplete.out);
  for (const Json& one : report.at("checks"))
    if (one.at("verdict") == "fail" && one.at("severity") == "error") failed.push_back(one.at("id"));
  CHECK(failed == std::vector<std::string>{"tls-chain"});
}
