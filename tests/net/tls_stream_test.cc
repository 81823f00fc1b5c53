#include "net/tls_stream.h"

#include <fmt/format.h>
#include <openssl/ssl.h>

#include <catch2/catch.hpp>
#include <functional>
#include <memory>

#include "net/starttls.h"
#include "tests/servers/servers.h"
#include "tests/support/certificates.h"
#include "tests/support/scripted_server.h"

namespace cutover::net {
namespace {

using servers::free_port;
using servers::Nginx;
using servers::own_address;
using servers::TempFolder;
using test::hear_line;
using test::say;
using test::wait_for_end;

Endpoint endpoint(const std::string& address) { return {*IpAddress::from_text(address), free_port(address)}; }

TlsAnswer one(TlsRequest request) {
  Loop loop;
  return tls_all(loop, {std::move(request)}).front();
}

/// A certificate of a chain of three, in files.
struct Site {
  explicit Site(const std::string& name) : leaf({.common_name = name, .alternative_names = {"DNS:" + name}}, &middle) {
    certificate = folder.write("chain.pem", leaf.pem() + middle.pem());
    key = folder.write("leaf.key", leaf.key_pem(), 0600);
  }
  test::Certificate root{{.common_name = "Test Root", .authority = true}};
  test::Certificate middle{{.common_name = "Test Intermediate", .authority = true}, &root};
  test::Certificate leaf;
  TempFolder folder;
  std::string certificate;
  std::string key;
  std::string lines() const { return fmt::format("ssl_certificate {}; ssl_certificate_key {};", certificate, key); }
};

TEST_CASE("the chain comes as sent, chosen by name, and ALPN and version are told") {
  const Site www("www.example.test");
  const Site shop("shop.example.test");
  const auto v4 = endpoint(own_address());
  const auto v6 = endpoint("::1");
  const auto listen =
      fmt::format("listen {} ssl http2; listen {} ssl http2; ssl_protocols TLSv1.2 TLSv1.3;", v4.text(), v6.text());
  const Nginx nginx(fmt::format("server {{ {0} server_name www.example.test; {1} }}\n"
                                "server {{ {0} server_name shop.example.test; {2} }}",
                                listen, www.lines(), shop.lines()),
                    {v4, v6});
  for (const auto& at : {v4, v6}) {
    const auto a = one({.connect_to = at, .server_name = "www.example.test", .alpn = {"h2", "http/1.1"}});
    INFO(a.detail);
    REQUIRE(a.outcome == TlsOutcome::kHandshake);
    CHECK(a.chain == std::vector<std::string>{www.leaf.der(), www.middle.der()});
    CHECK(a.alpn == "h2");
    CHECK(a.version == "TLSv1.3");
    CHECK_FALSE(a.asks_client_certificate);
    CHECK(a.detail.empty());
    CHECK(a.handshake_time.count() > 0);
    const auto b = one({.connect_to = at, .server_name = "shop.example.test"});
    REQUIRE(b.outcome == TlsOutcome::kHandshake);
    CHECK(b.chain.front() == shop.leaf.der());
    CHECK(b.alpn.empty());
    const auto without_name = one({.connect_to = at});
    REQUIRE(without_name.outcome == TlsOutcome::kHandshake);
    CHECK(without_name.chain.front() == www.leaf.der());
  }
}

TEST_CASE("a strict server, an old server, and one that wants a client certificate") {
  const Site www("www.example.test");
  const auto strict = endpoint(own_address());
  const auto old = endpoint(own_address());
  const auto wants = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {0} ssl default_server; ssl_reject_handshake on; }}\n"
                                "server {{ listen {0} ssl; server_name www.example.test; {3} }}\n"
                                "server {{ listen {1} ssl; server_name www.example.test; ssl_protocols TLSv1.1; "
                                "ssl_ciphers DEFAULT@SECLEVEL=0; {3} }}\n"
                                "server {{ listen {2} ssl; server_name www.example.test; ssl_verify_client on; "
                                "ssl_client_certificate {4}; {3} }}",
                                strict.text(), old.text(), wants.text(), www.lines(), www.certificate),
                    {strict, old, wants});

  CHECK(one({.connect_to = strict, .server_name = "www.example.test"}).outcome == TlsOutcome::kHandshake);
  const auto unknown = one({.connect_to = strict, .server_name = "other.example.test"});
  CHECK(unknown.outcome == TlsOutcome::kAlert);
  CHECK(unknown.alert == "unrecognized_name");
  CHECK_THAT(unknown.detail, Catch::Contains("this name is not configured on that address"));

  const auto a = one({.connect_to = old, .server_name = "www.example.test"});
  INFO(a.detail);
  CHECK(a.outcome == TlsOutcome::kHandshake);
  CHECK(a.version == "TLSv1.1");

  const auto b = one({.connect_to = wants, .server_name = "www.example.test"});
  CHECK(b.outcome == TlsOutcome::kHandshake);
  CHECK(b.asks_client_certificate);
}

/// Reads the client's first flight before `then`, so that closing resets nothing.
std::function<void(int)> after_hello(std::function<void(int)> then) {
  return [then = std::move(then)](int fd) {
    test::hear_some(fd);
    then(fd);
  };
}

TEST_CASE("everything but a handshake is told apart") {
  struct Row {
    std::string what;
    std::function<void(int)> script;
    TlsOutcome outcome;
    std::string says;
  };
  const std::vector<Row> rows{
      {"plain HTTP", after_hello([](int fd) { say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n"); }), TlsOutcome::kNotTls,
       "does not speak TLS"},
      {"SMTP",
       [](int fd) {
         say(fd, "220 mail.example.test ESMTP\r\n");
         wait_for_end(fd);
       },
       TlsOutcome::kNotTls, "does not speak TLS"},
      {"closes", after_hello([](int) {}), TlsOutcome::kClosed, "closed the connection"},
      {"silent", wait_for_end, TlsOutcome::kTimeout, "handshake did not end"},
      {"alert", after_hello([](int fd) { say(fd, std::string("\x15\x03\x03\x00\x02\x02\x28", 7)); }),
       TlsOutcome::kAlert, "handshake_failure"},
      {"half a record", after_hello([](int fd) { say(fd, std::string("\x16\x03\x03\x40\x00\x02", 6)); }),
       TlsOutcome::kClosed, "closed the connection"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const test::ScriptedServer server(row.script);
    const auto limit =
        row.outcome == TlsOutcome::kTimeout ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000);
    const auto answer = one({.connect_to = server.endpoint(), .server_name = "www.example.test", .timeout = limit});
    INFO(answer.detail);
    CHECK(to_text(answer.outcome) == to_text(row.outcome));
    CHECK_THAT(answer.detail, Catch::Contains(row.says));
    CHECK(answer.chain.empty());
  }
}

/// The server side of a handshake on a connected socket.
void serve_tls(int fd, const Site& site, SSL_CTX* context) {
  SSL_CTX_set_num_tickets(context, 0);  // nothing is written after the handshake, when the client may be gone
  SSL_CTX_use_certificate_chain_file(context, site.certificate.c_str());
  SSL_CTX_use_PrivateKey_file(context, site.key.c_str(), SSL_FILETYPE_PEM);
  const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(context), SSL_free);
  SSL_set_fd(ssl.get(), fd);
  SSL_accept(ssl.get());
  wait_for_end(fd);
}
void serve_tls(int fd, const Site& site) {
  const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  serve_tls(fd, site, context.get());
}

TEST_CASE("which certificate is shown is chosen by the keys that are offered") {
  const test::Certificate root{{.common_name = "Root", .authority = true}};
  const test::Certificate ecdsa{{.alternative_names = {"DNS:www.example.test"}}, &root};
  const test::Certificate rsa{
      {.alternative_names = {"DNS:www.example.test"}, .key = test::CertificateOptions::Key::kRsa}, &root};
  const TempFolder folder;
  const auto lines = [&](const std::string& name, const test::Certificate& leaf) {
    return fmt::format("ssl_certificate {}; ssl_certificate_key {};", folder.write(name + ".pem", leaf.pem()),
                       folder.write(name + ".key", leaf.key_pem(), 0600));
  };
  const auto both = endpoint(own_address());
  const auto only = endpoint(own_address());
  const auto protocols = GENERATE(as<std::string>{}, "TLSv1.2", "TLSv1.2 TLSv1.3");
  const Nginx nginx(fmt::format("server {{ listen {0} ssl; ssl_protocols {4}; {2} {3} }}\n"
                                "server {{ listen {1} ssl; ssl_protocols {4}; {2} }}",
                                both.text(), only.text(), lines("ecdsa", ecdsa), lines("rsa", rsa), protocols),
                    {both, only});
  const auto ask = [](const Endpoint& at, TlsKeys keys) {
    return one({.connect_to = at, .server_name = "www.example.test", .keys = keys});
  };
  const auto usual = ask(both, TlsKeys::kAny);
  REQUIRE(usual.outcome == TlsOutcome::kHandshake);
  CHECK(usual.chain.front() == ecdsa.der());
  CHECK(usual.keys == TlsKeys::kEcdsa);
  CHECK(usual.key_bits == 256);
  CHECK(usual.ocsp.empty());
  const auto old = ask(both, TlsKeys::kRsa);
  INFO(protocols << ": " << old.detail);
  REQUIRE(old.outcome == TlsOutcome::kHandshake);
  CHECK(old.chain.front() == rsa.der());
  CHECK(old.keys == TlsKeys::kRsa);
  CHECK(old.key_bits == 2048);
  CHECK(ask(both, TlsKeys::kEcdsa).chain.front() == ecdsa.der());
  CHECK(ask(only, TlsKeys::kRsa).outcome == TlsOutcome::kAlert);
  CHECK(ask(only, TlsKeys::kEcdsa).outcome == TlsOutcome::kHandshake);
}

TEST_CASE("the highest version that is offered finds out about old ones") {
  const Site www("www.example.test");
  const auto modern = endpoint(own_address());
  const auto old = endpoint(own_address());
  // nginx has one set of versions per process and port.
  const Nginx first(
      fmt::format("ssl_protocols TLSv1.2 TLSv1.3; server {{ listen {} ssl; {} }}", modern.text(), www.lines()),
      {modern});
  const Nginx second(fmt::format("ssl_protocols TLSv1 TLSv1.1 TLSv1.2; ssl_ciphers DEFAULT@SECLEVEL=0; "
                                 "server {{ listen {} ssl; {} }}",
                                 old.text(), www.lines()),
                     {old});
  const auto version = [](const Endpoint& at, TlsVersion highest) {
    const auto answer = one({.connect_to = at, .server_name = "www.example.test", .highest = highest});
    return answer.outcome == TlsOutcome::kHandshake ? answer.version : answer.alert;
  };
  CHECK(version(modern, TlsVersion::k13) == to_text(TlsVersion::k13));
  CHECK(version(modern, TlsVersion::k12) == to_text(TlsVersion::k12));
  CHECK(version(modern, TlsVersion::k11) == "protocol_version");
  CHECK(version(old, TlsVersion::k13) == to_text(TlsVersion::k12));
  CHECK(version(old, TlsVersion::k11) == to_text(TlsVersion::k11));
  CHECK(version(old, TlsVersion::k10) == to_text(TlsVersion::k10));
}

TEST_CASE("a stapled OCSP response and SCTs of the TLS extension come as they were sent") {
  const Site www("www.example.test");
  const auto highest = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const std::string staple = "any bytes: they are judged elsewhere";
  const std::string scts("\x00\x05\x00\x03sct", 7);
  struct Given {
    const std::string& staple;
    const std::string& scts;
  } given{staple, scts};
  const test::ScriptedServer server([&](int fd) {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
    SSL_CTX_set_max_proto_version(context.get(), highest);
    SSL_CTX_set_tlsext_status_cb(
        context.get(), +[](SSL* ssl, void* argument) {
          const auto& bytes = static_cast<Given*>(argument)->staple;
          auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bytes.data(), bytes.size()));
          SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(bytes.size()));
          return SSL_TLSEXT_ERR_OK;
        });
    SSL_CTX_set_tlsext_status_arg(context.get(), &given);
    SSL_CTX_add_custom_ext(
        context.get(), TLSEXT_TYPE_signed_certificate_timestamp,
        SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_CERTIFICATE,
        [](SSL*, unsigned, unsigned context_now, const unsigned char** out, std::size_t* size, X509*, std::size_t index,
           int*, void* argument) {
          if ((context_now & SSL_EXT_CLIENT_HELLO) != 0 || index != 0) return 0;
          const auto& bytes = static_cast<Given*>(argument)->scts;
          *out = reinterpret_cast<const unsigned char*>(bytes.data());
          *size = bytes.size();
          return 1;
        },
        nullptr, &given,
        [](SSL*, unsigned, unsigned, const unsigned char*, std::size_t, X509*, std::size_t, int*, void*) { return 1; },
        nullptr);
    serve_tls(fd, www, context.get());
  });
  const auto answer = one({.connect_to = server.endpoint(), .server_name = "www.example.test"});
  INFO(answer.detail);
  REQUIRE(answer.outcome == TlsOutcome::kHandshake);
  CHECK(answer.ocsp == staple);
  CHECK(answer.sct_list == scts);
}

TEST_CASE("nothing listens at the TLS port") {
  CHECK(one({.connect_to = endpoint(own_address()), .server_name = "www.example.test"}).outcome ==
        TlsOutcome::kRefused);
  CHECK(one({.connect_to = endpoint("::1"), .server_name = "www.example.test"}).outcome == TlsOutcome::kRefused);
}

TEST_CASE("what this machine cannot ask is no fault of the server") {
  // The kernel finds no route for TCP to a broadcast address, and none to a link-local one without its link.
  for (const auto* address : {"255.255.255.255", "fe80::1"}) {
    const auto answer = one({.connect_to = {*IpAddress::from_text(address), 443}, .server_name = "www.example.test"});
    INFO(address << ": " << answer.detail);
    CHECK(answer.outcome == TlsOutcome::kNotAsked);
    CHECK_THAT(answer.detail, Catch::Contains("this machine cannot ask"));
  }
}

/// Protocol 10, a version, a thread, salt, and CLIENT_SSL among the capabilities.
std::string mysql_greeting() {
  const std::string payload = std::string("\x0a", 1) + "8.0.36" + std::string(1, '\0') + "\x01\x02\x03\x04saltsalt" +
                              std::string("\x00\xff\xff", 3) + std::string(17, '\0');
  return std::string{static_cast<char>(payload.size()), 0, 0, 0} + payload;
}

TEST_CASE("STARTTLS, as each protocol has it") {
  const Site mail("mail.example.test");
  struct Row {
    std::string protocol;
    std::function<void(int)> script;
  };
  const std::vector<Row> rows{
      {"smtp",
       [&](int fd) {
         say(fd, "220-mail.example.test\r\n220 ESMTP\r\n");
         if (hear_line(fd).substr(0, 9) != "EHLO [127") return;
         say(fd, "250-mail.example.test\r\n250-PIPELINING\r\n");
         say(fd, "250 STARTTLS\r\n");
         if (hear_line(fd) != "STARTTLS\r\n") return;
         say(fd, "220 go ahead\r\n");
         serve_tls(fd, mail);
       }},
      {"imap",
       [&](int fd) {
         say(fd, "* OK [CAPABILITY IMAP4rev1 STARTTLS] ready\r\n");
         if (hear_line(fd) != "a STARTTLS\r\n") return;
         say(fd, "* NOTE something else\r\na OK begin\r\n");
         serve_tls(fd, mail);
       }},
      {"pop3",
       [&](int fd) {
         say(fd, "+OK ready\r\n");
         if (hear_line(fd) != "STLS\r\n") return;
         say(fd, "+OK begin\r\n");
         serve_tls(fd, mail);
       }},
      {"postgres",
       [&](int fd) {
         if (test::hear_some(fd).size() != 8) return;
         say(fd, "S");
         serve_tls(fd, mail);
       }},
      {"mysql",
       [&](int fd) {
         say(fd, mysql_greeting());
         std::string request;
         while (request.size() < 36) {
           char c = 0;
           if (recv(fd, &c, 1, 0) != 1) return;
           request += c;
         }
         serve_tls(fd, mail);
       }},
  };
  for (const auto& row : rows) {
    INFO(row.protocol);
    CHECK(Starttls::known(row.protocol));
    const test::ScriptedServer server(row.script);
    const auto answer =
        one({.connect_to = server.endpoint(), .server_name = "mail.example.test", .starttls = row.protocol});
    INFO(answer.detail);
    REQUIRE(answer.outcome == TlsOutcome::kHandshake);
    CHECK(answer.chain.front() == mail.leaf.der());
  }
  const auto unknown = one({.connect_to = endpoint(own_address()), .starttls = "gopher"});
  CHECK(unknown.outcome == TlsOutcome::kRefused);
}

TEST_CASE("STARTTLS that does not come about") {
  struct Row {
    std::string what;
    std::function<void(int)> script;
    TlsOutcome outcome;
    std::string says;
  };
  const auto until_starttls = [](int fd) {
    say(fd, "220 mail\r\n");
    hear_line(fd);
    say(fd, "250 mail\r\n");
    hear_line(fd);
  };
  const std::vector<Row> rows{
      {"no mail today",
       [](int fd) {
         say(fd, "554 no\x1b[31m mail here\r\n");
         wait_for_end(fd);
       },
       TlsOutcome::kNoStarttls, "554 no\\x1b[31m mail here"},
      {"not offered",
       [=](int fd) {
         until_starttls(fd);
         say(fd, "502 unknown command\r\n");
         wait_for_end(fd);
       },
       TlsOutcome::kNoStarttls, "502 unknown"},
      {"more in clear",
       [=](int fd) {
         until_starttls(fd);
         say(fd, "220 go\r\n250 injected\r\n");
         wait_for_end(fd);
       },
       TlsOutcome::kNoStarttls, "more in clear"},
      {"a line without end",
       [](int fd) {
         say(fd, std::string(20'000, 'x'));
         wait_for_end(fd);
       },
       TlsOutcome::kNoStarttls, "no smtp reply"},
      {"gone",
       [](int fd) {
         say(fd, "220 mail\r\n");
         hear_line(fd);
       },
       TlsOutcome::kClosed, "before STARTTLS"},
      {"silent", wait_for_end, TlsOutcome::kTimeout, "no STARTTLS"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const test::ScriptedServer server(row.script);
    const auto limit =
        row.outcome == TlsOutcome::kTimeout ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10000);
    const auto answer = one(
        {.connect_to = server.endpoint(), .server_name = "mail.example.test", .starttls = "smtp", .timeout = limit});
    INFO(answer.detail);
    CHECK(to_text(answer.outcome) == to_text(row.outcome));
    CHECK_THAT(answer.detail, Catch::Contains(row.says));
  }
}

TEST_CASE("many at once, each answer in its place") {
  const Site www("www.example.test");
  const Site shop("shop.example.test");
  const auto at = endpoint(own_address());
  const Nginx nginx(fmt::format("server {{ listen {0} ssl; server_name www.example.test; {1} }}\n"
                                "server {{ listen {0} ssl; server_name shop.example.test; {2} }}",
                                at.text(), www.lines(), shop.lines()),
                    {at});
  std::vector<TlsRequest> requests;
  const auto nobody = endpoint(own_address());
  for (int i = 0; i < 120; ++i)
    requests.push_back(
        {.connect_to = i % 3 == 2 ? nobody : at, .server_name = i % 3 == 0 ? "www.example.test" : "shop.example.test"});
  const auto in_flight = GENERATE(0, 1, 7, 1000);
  Loop loop;
  const auto answers = tls_all(loop, requests, static_cast<std::size_t>(in_flight));
  REQUIRE(answers.size() == requests.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    INFO(i);
    if (i % 3 == 2) {
      CHECK(answers[i].outcome == TlsOutcome::kRefused);
    } else {
      REQUIRE(answers[i].outcome == TlsOutcome::kHandshake);
      CHECK(answers[i].chain.front() == (i % 3 == 0 ? www : shop).leaf.der());
    }
  }
  CHECK(tls_all(loop, {}).empty());
}

}  // namespace
}  // namespace cutover::net
