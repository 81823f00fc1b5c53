// STARTTLS with the servers that people run: what they show is the certificate they were given.
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "net/tls_stream.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tests/support/not_run.h"

namespace cutover::net {
namespace {

using servers::free_port;
using servers::own_address;
using servers::Process;
using servers::TempFolder;

constexpr auto kName = "mail.example.test";

/// One server program with its files; ended with it.
class Server {
 public:
  Server() {
    // Most of them give up root, and still have to reach their files.
    ::chmod(folder_.path().c_str(), 0755);
    folder_.write("cert.pem", leaf.pem() + root_.pem());
    folder_.write("key.pem", leaf.key_pem(), 0600);
    for (const auto* sub : {"run", "state", "data", "empty"}) std::filesystem::create_directory(folder_.file(sub));
  }
  Endpoint place() {
    const Endpoint at{*IpAddress::from_text(address), free_port(address)};
    places_.push_back(at);
    return at;
  }
  /// Writes `config` with the marks FOLDER and ADDRESS replaced.
  std::string configured(const std::string& name, std::string config) const {
    for (const auto& [mark, value] :
         std::map<std::string, std::string>{{"FOLDER", folder_.path()}, {"ADDRESS", address}})
      for (auto at = config.find(mark); at != std::string::npos; at = config.find(mark, at + value.size()))
        config.replace(at, mark.size(), value);
    return folder_.write(name, config);
  }
  void start(const std::vector<std::string>& argv) {
    process_ = std::make_unique<Process>(argv, folder_.file("log"));
    const bool ready = servers::wait_until(std::chrono::seconds(20), [&] {
      return !process_->running() || std::all_of(places_.begin(), places_.end(), servers::accepts_tcp);
    });
    if (!ready || !process_->running()) throw std::runtime_error(argv[0] + " does not listen:\n" + process_->log());
  }
  std::string file(const std::string& name) const { return folder_.file(name); }
  TlsAnswer ask(const std::string& protocol, const Endpoint& at) const {
    Loop loop;
    return tls_all(loop, {{.connect_to = at, .server_name = kName, .starttls = protocol}}).front();
  }
  void shows_its_certificate(const std::string& protocol, const Endpoint& at) const {
    const auto answer = ask(protocol, at);
    INFO(protocol << ": " << answer.detail << "\n" << process_->log());
    REQUIRE(answer.outcome == TlsOutcome::kHandshake);
    CHECK(answer.chain.front() == leaf.der());
    CHECK(answer.keys == TlsKeys::kEcdsa);
  }

  const std::string address = own_address();
  test::Certificate root_{{.common_name = "Test Root", .authority = true}};
  test::Certificate leaf{{.common_name = kName, .alternative_names = {std::string("DNS:") + kName}}, &root_};

 private:
  TempFolder folder_;
  std::vector<Endpoint> places_;
  std::unique_ptr<Process> process_;
};

/// These programs want to be started by root, or are not there on every system.
bool can_run(const std::string& what, const std::string& program) {
  if (geteuid() != 0) {
    tests::not_run("STARTTLS of " + what, "only root can start it");
    return false;
  }
  for (const auto* folder : {"/usr/sbin/", "/usr/bin/", "/usr/lib/postgresql/15/bin/"})
    if (std::filesystem::exists(folder + program)) return true;
  tests::not_run("STARTTLS of " + what, "it is not installed");
  return false;
}

TEST_CASE("Dovecot: IMAP, POP3 and submission") {
  if (!can_run("Dovecot", "dovecot")) return;
  Server server;
  std::string listeners;
  std::map<std::string, Endpoint> places;
  for (const auto& [protocol, own, secure] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"imap", "imap", "imaps"}, {"pop3", "pop3", "pop3s"}, {"submission", "submission", ""}}) {
    places[protocol] = server.place();
    listeners += fmt::format("service {}-login {{\n  inet_listener {} {{\n    port = {}\n  }}\n", protocol, own,
                             places[protocol].port);
    if (!secure.empty()) listeners += fmt::format("  inet_listener {} {{\n    port = 0\n  }}\n", secure);
    listeners += "}\n";
  }
  server.start({"dovecot", "-F", "-c",
                server.configured("dovecot.conf",
                                  "base_dir = FOLDER/run\nstate_dir = FOLDER/state\nlog_path = /dev/stderr\n"
                                  "protocols = imap pop3 submission\nlisten = ADDRESS\nhostname = mail.example.test\n"
                                  "ssl = yes\nssl_cert = <FOLDER/cert.pem\nssl_key = <FOLDER/key.pem\n"
                                  "submission_relay_host = ADDRESS\npassdb {\n  driver = static\n}\n" +
                                      listeners)});
  for (const auto& place : places) server.shows_its_certificate(place.first, place.second);
}

TEST_CASE("vsftpd: AUTH TLS") {
  if (!can_run("vsftpd", "vsftpd")) return;
  for (const std::string tls : {"YES", "NO"}) {
    Server server;
    const auto at = server.place();
    server.start({"vsftpd", server.configured("vsftpd.conf",
                                              fmt::format("listen=YES\nlisten_ipv6=NO\nbackground=NO\n"
                                                          "listen_address=ADDRESS\nlisten_port={}\n"
                                                          "anonymous_enable=YES\nssl_enable={}\nallow_anon_ssl=YES\n"
                                                          "rsa_cert_file=FOLDER/cert.pem\n"
                                                          "rsa_private_key_file=FOLDER/key.pem\n"
                                                          "secure_chroot_dir=FOLDER/empty\nanon_root=FOLDER/empty\n"
                                                          "seccomp_sandbox=NO\n",
                                                          at.port, tls))});
    if (tls == "YES") {
      server.shows_its_certificate("ftp", at);
    } else {
      const auto answer = server.ask("ftp", at);
      CHECK(answer.outcome == TlsOutcome::kNoStarttls);
      CHECK_THAT(answer.detail, Catch::Contains("did not agree to STARTTLS: \"530"));
    }
  }
}

TEST_CASE("OpenLDAP: the extended operation") {
  if (!can_run("OpenLDAP", "slapd")) return;
  for (const std::string tls :
       {"TLSCertificateFile FOLDER/cert.pem\nTLSCertificateKeyFile FOLDER/key.pem\n", "loglevel none\n"}) {
    Server server;
    const auto at = server.place();
    server.start({"slapd", "-d", "0", "-h", "ldap://" + at.text(), "-f", server.configured("slapd.conf", tls)});
    if (tls[0] == 'T') {
      server.shows_its_certificate("ldap", at);
    } else {
      const auto answer = server.ask("ldap", at);
      INFO(answer.detail);
      CHECK(answer.outcome == TlsOutcome::kNoStarttls);
      CHECK_THAT(answer.detail, Catch::Contains("LDAP result"));
    }
  }
}

TEST_CASE("Prosody: XMPP of clients and of servers") {
  if (!can_run("Prosody", "prosody")) return;
  Server server;
  const auto clients = server.place();
  const auto peers = server.place();
  server.start(
      {"prosody", "--config",
       server.configured("prosody.cfg.lua",
                         fmt::format("pidfile = \"FOLDER/pid\"\nrun_as_root = true\n"
                                     "interfaces = {{ \"ADDRESS\" }}\nc2s_ports = {{ {} }}\ns2s_ports = {{ {} "
                                     "}}\ndata_path = \"FOLDER/data\"\n"
                                     "modules_enabled = {{ \"tls\"; \"saslauth\"; \"dialback\" }}\n"
                                     "c2s_require_encryption = true\ns2s_require_encryption = true\n"
                                     "log = {{ info = \"*console\" }}\n"
                                     "ssl = {{ key = \"FOLDER/key.pem\"; certificate = \"FOLDER/cert.pem\" }}\n"
                                     "VirtualHost \"mail.example.test\"\n",
                                     clients.port, peers.port)),
       "-F"});
  server.shows_its_certificate("xmpp", clients);
  server.shows_its_certificate("xmpp-server", peers);
  Loop loop;
  const auto other = tls_all(loop, {{.connect_to = clients, .server_name = "other.test", .starttls = "xmpp"}}).front();
  INFO(other.detail);
  CHECK(other.outcome == TlsOutcome::kNoStarttls);
  CHECK_THAT(other.detail, Catch::Contains("host-unknown"));
}

TEST_CASE("PostgreSQL: SSLRequest") {
  if (!can_run("PostgreSQL", "postgres")) return;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) return tests::not_run("STARTTLS of PostgreSQL", "there is no user postgres");
  const std::string programs = "/usr/lib/postgresql/15/bin/";
  for (const std::string tls : {"on", "off"}) {
    Server server;
    const auto at = server.place();
    const auto data = server.file("data");
    for (const auto& path : {data, server.file("key.pem"), server.file("cert.pem")})
      REQUIRE(::chown(path.c_str(), user->pw_uid, user->pw_gid) == 0);
    const auto made =
        servers::run_program({"runuser", "-u", "postgres", "--", programs + "initdb", "-N", "-A", "trust", "-D", data});
    INFO(made.output);
    REQUIRE(made.status == 0);
    server.start({"runuser",
                  "-u",
                  "postgres",
                  "--",
                  programs + "postgres",
                  "-D",
                  data,
                  "-k",
                  "",
                  "-h",
                  server.address,
                  "-p",
                  std::to_string(at.port),
                  "-c",
                  "ssl=" + tls,
                  "-c",
                  "ssl_cert_file=" + server.file("cert.pem"),
                  "-c",
                  "ssl_key_file=" + server.file("key.pem"),
                  "-c",
                  "fsync=off"});
    if (tls == "on") {
      server.shows_its_certificate("postgres", at);
    } else {
      const auto answer = server.ask("postgres", at);
      CHECK(answer.outcome == TlsOutcome::kNoStarttls);
      CHECK_THAT(answer.detail, Catch::Contains("has no TLS"));
    }
  }
}

}  // namespace
}  // namespace cutover::net
