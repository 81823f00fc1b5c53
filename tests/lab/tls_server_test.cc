#include "lab/tls_server.h"

#include <fmt/format.h>

#include "lab/loop_thread.h"
#include "tests/lab/fixtures.h"
#include "tests/servers/process.h"

namespace cutover::lab {
namespace {

using namespace test;
using servers::run_program;
using servers::TempFolder;
using Protocol = TlsServerSpec::Protocol;

constexpr std::chrono::hours kDay{24};

/// One endpoint that runs, and curl and openssl pointed at it.
class Running {
 public:
  explicit Running(Protocol protocol, std::map<std::string, int> statuses = {},
                   MailProtocol mail = MailProtocol::kSmtp) {
    auto ca = CertificateAuthority::make(clock_.now());
    REQUIRE(ca.ok());
    ca_file_ = folder_.write("ca.pem", (*ca)->root_pem());
    TlsServerSpec spec;
    spec.side = "new";
    spec.where = loopback(servers::own_address());
    spec.protocol = protocol;
    spec.mail = mail;
    spec.statuses = std::move(statuses);
    if (protocol != Protocol::kHttp) {
      const auto leaf = (*ca)->issue(
          {{name("www.shop.test"), name("*.wild.shop.test")}, clock_.now() - kDay, clock_.now() + 30 * kDay});
      REQUIRE(leaf.ok());
      auto identity = TlsIdentity::make(*leaf);
      REQUIRE(identity.ok());
      spec.identity = *std::move(identity);
    }
    auto opened = TlsServer::open(thread_.loop(), clock_, std::move(spec));
    REQUIRE(opened.ok());
    server_ = *std::move(opened);
    thread_.start();
  }
  ~Running() { thread_.stop(); }

  TlsServer* operator->() { return server_.get(); }
  std::string curl(std::string_view url_host, std::string_view path, const std::vector<std::string>& more = {}) const {
    const Endpoint at = server_->endpoint();
    const bool plain = more.size() == 1 && more[0] == "plain";
    const int port = plain ? 80 : 443;
    std::vector<std::string> argv{"curl",
                                  "-sS",
                                  "-i",
                                  "--noproxy",
                                  "*",
                                  "--max-time",
                                  "5",
                                  "--cacert",
                                  ca_file_,
                                  "--connect-to",
                                  fmt::format("{}:{}:{}:{}", url_host, port, at.address.text(), at.port)};
    if (!plain) argv.insert(argv.end(), more.begin(), more.end());
    argv.push_back(fmt::format("{}://{}{}", plain ? "http" : "https", url_host, path));
    return run_program(argv).output;
  }
  std::string s_client(const std::vector<std::string>& more, std::string_view input) const {
    const Endpoint at = server_->endpoint();
    std::vector<std::string> argv{"openssl",
                                  "s_client",
                                  "-connect",
                                  fmt::format("{}:{}", at.address.text(), at.port),
                                  "-servername",
                                  "www.shop.test",
                                  "-verify_hostname",
                                  "www.shop.test",
                                  "-CAfile",
                                  ca_file_,
                                  "-verify_return_error"};
    argv.insert(argv.end(), more.begin(), more.end());
    return run_program(argv, input).output;
  }

 private:
  SystemClock clock_;
  TempFolder folder_;
  std::string ca_file_;
  LoopThread thread_;
  std::unique_ptr<TlsServer> server_;
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

TEST_CASE("curl reads the side behind a certificate of the lab") {
  Running lab(Protocol::kHttps, {{"/healthz", 204}, {"/gone", 404}});
  const std::string front = lab.curl("www.shop.test", "/");
  INFO(front);
  CHECK(contains(front, "HTTP/1.1 200 OK"));
  CHECK(contains(front, "X-Lab-Side: new"));
  CHECK(contains(front, "This is the new side."));
  CHECK(contains(front, "Connection: close"));
  CHECK(contains(front, " GMT\r\n"));
  CHECK(contains(lab.curl("a.wild.shop.test", "/"), "HTTP/1.1 200 OK"));
  CHECK(contains(lab.curl("www.shop.test", "/gone"), "HTTP/1.1 404"));
  CHECK(contains(lab.curl("www.shop.test", "/healthz", {"--head"}), "HTTP/1.1 204"));
  CHECK(contains(lab.curl("www.shop.test", "/", {"-X", "DELETE"}), "HTTP/1.1 400"));
  CHECK(lab->counters().requests == 5);
}

TEST_CASE("a name that is not in the certificate is no match, and an unknown root no trust") {
  Running lab(Protocol::kHttps);
  CHECK(contains(lab.curl("shop.test", "/"), "no alternative certificate subject name matches"));
  CHECK(contains(lab.curl("www.shop.test", "/", {"--cacert", "/etc/ssl/certs/ca-certificates.crt"}), "certificate"));
  CHECK(lab->counters().requests == 0);
  CHECK(servers::wait_until(std::chrono::seconds(5), [&] { return lab->counters().connections == 2; }));
}

TEST_CASE("openssl accepts the chain: leaf, intermediate, root") {
  Running lab(Protocol::kHttps);
  const std::string said = lab.s_client({"-showcerts"}, "GET / HTTP/1.1\r\n\r\n");
  INFO(said);
  CHECK(contains(said, "Verification: OK"));
  CHECK(contains(said, "Verified peername: www.shop.test"));
  CHECK(contains(said, "CN = Lab Intermediate"));
  CHECK(contains(said, "a:PKEY: id-ecPublicKey, 256 (bit); sigalg: ecdsa-with-SHA256"));
  for (const char* version : {"-tls1_2", "-tls1_3"})
    CHECK(contains(lab.s_client({version}, "Q\n"), "Verification: OK"));
}

TEST_CASE("an endpoint without TLS speaks HTTP") {
  Running lab(Protocol::kHttp);
  CHECK(contains(lab.curl("www.shop.test", "/", {"plain"}), "This is the new side."));
}

TEST_CASE("a mail endpoint turns to TLS in its own protocol, as openssl speaks it") {
  struct Case {
    MailProtocol protocol;
    std::string name, goodbye, side;
  };
  const Case tried = GENERATE(values<Case>({{MailProtocol::kSmtp, "smtp", "EHLO test\nQUIT\n", "221 new"},
                                            {MailProtocol::kImap, "imap", "a CAPABILITY\nb LOGOUT\n", "* BYE new"},
                                            {MailProtocol::kPop3, "pop3", "CAPA\nQUIT\n", "+OK new"}}));
  CAPTURE(tried.name);
  Running lab(Protocol::kMail, {}, tried.protocol);
  const std::string said = lab.s_client({"-starttls", tried.name, "-crlf", "-ign_eof"}, tried.goodbye);
  INFO(said);
  CHECK(contains(said, "Verification: OK"));
  CHECK(contains(said, tried.side));
}

TEST_CASE("an endpoint can fail, and be down") {
  Running lab(Protocol::kHttps);
  lab->set_health(TlsServer::Health::kFailing);
  CHECK(contains(lab.curl("www.shop.test", "/"), "HTTP/1.1 503"));
  lab->set_health(TlsServer::Health::kDown);
  CHECK_FALSE(contains(lab.curl("www.shop.test", "/"), "HTTP/1.1"));
  lab->set_health(TlsServer::Health::kHealthy);
  CHECK(contains(lab.curl("www.shop.test", "/"), "HTTP/1.1 200"));
}

TEST_CASE("noise instead of a handshake harms nobody") {
  Running lab(Protocol::kHttps);
  const Endpoint at = lab->endpoint();
  (void)run_program({"curl", "-sS", "--noproxy", "*", "--max-time", "5", "http://" + at.text() + "/"});
  CHECK(contains(lab.curl("www.shop.test", "/"), "HTTP/1.1 200"));
  CHECK(lab->counters().handshakes_failed == 1);
}

TEST_CASE("an endpoint that needs a certificate and has none is an error") {
  const SystemClock clock;
  LoopThread thread;
  const auto opened = TlsServer::open(thread.loop(), clock, TlsServerSpec{"old", loopback(), Protocol::kHttps, {}, {}});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == ErrorCode::kUsage);
}

TEST_CASE("the lab stays on loopback") {
  const SystemClock clock;
  LoopThread thread;
  const auto opened =
      TlsServer::open(thread.loop(), clock, TlsServerSpec{"old", loopback("192.0.2.1"), Protocol::kHttp, {}, {}});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().code == ErrorCode::kUsage);
}

}  // namespace
}  // namespace cutover::lab
