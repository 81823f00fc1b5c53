#include "net/starttls.h"

#include <catch2/catch.hpp>

namespace cutover::net {
namespace {

using Then = StarttlsStep::Then;

struct Exchange {
  std::string server;  ///< what it says
  std::string client;  ///< what we say then
};
struct Row {
  std::string protocol;
  std::string opening;  ///< what we say first
  std::vector<Exchange> exchanges;
  Then end;
  std::string why{};
};

std::string bytes(std::initializer_list<int> octets) {
  std::string out;
  for (const int octet : octets) out += static_cast<char>(octet);
  return out;
}
/// Payload behind MySQL's header.
std::string packet(const std::string& payload) { return bytes({static_cast<int>(payload.size()), 0, 0, 0}) + payload; }
std::string greeting(int capabilities) {
  return packet("\x0a" + std::string("5.7.44") + bytes({0, 9, 0, 0, 0}) + "12345678" + bytes({0}) +
                bytes({capabilities & 0xff, capabilities >> 8}) + std::string(16, '\0'));
}
/// An LDAPMessage of this id with an extendedResp.
std::string ldap_answer(int id, int result, const std::string& text) {
  const auto response = bytes({0x0a, 1, result, 4, 0, 4, static_cast<int>(text.size())}) + text;
  const auto message = bytes({2, 1, id, 0x78, static_cast<int>(response.size())}) + response;
  return bytes({0x30, static_cast<int>(message.size())}) + message;
}
std::string postgres_error(const std::string& message) {
  const auto fields = "SFATAL" + bytes({0}) + "C08P01" + bytes({0}) + "M" + message + bytes({0, 0});
  return "E" + bytes({0, 0, 0, static_cast<int>(fields.size() + 4)}) + fields;
}

const std::string kOpening =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "version='1.0' to='chat.example.test'>";
const std::string kStream =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
    "from='chat.example.test' id='1' version='1.0'>";
const std::string kStarttls = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const std::string kFeatures =
    "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
    "</starttls></stream:features>";
const std::string kPostgres = bytes({0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f});
const std::string kLdap = bytes({0x30, 0x1d, 2, 1, 1, 0x77, 0x18, 0x80, 0x16}) + "1.3.6.1.4.1.1466.20037";
const std::string kMysql = bytes({32, 0, 0, 1, 0x01, 0x8a, 0, 0, 0, 0, 0, 1, 45}) + std::string(23, '\0');

const std::vector<Row>& rows() {
  static const std::vector<Row> all{
      {"smtp",
       "",
       {{"220 hi\r\n", "EHLO [192.0.2.9]\r\n"}, {"250 hi\r\n", "STARTTLS\r\n"}, {"220 go\r\n", ""}},
       Then::kSecure},
      {"submission",
       "",
       {{"220-hi\r\n220 there\r\n", "EHLO [192.0.2.9]\r\n"},
        {"250-hi\r\n250-SIZE\r\n250 STARTTLS\r\n", "STARTTLS\r\n"},
        {"220 go\r\n", ""}},
       Then::kSecure},
      {"smtp", "", {{"554 no mail\r\n", ""}}, Then::kRefused, "554 no mail"},
      {"smtp",
       "",
       {{"220 hi\r\n", "EHLO [192.0.2.9]\r\n"}, {"250 hi\r\n", "STARTTLS\r\n"}, {"454 no \x1b[1mkey\r\n", ""}},
       Then::kRefused,
       "454 no \\x1b[1mkey"},
      {"smtp",
       "",
       {{"220 hi\r\n", "EHLO [192.0.2.9]\r\n"}, {"250 hi\r\n", "STARTTLS\r\n"}, {"220 go\r\n250 x\r\n", ""}},
       Then::kRefused,
       "more in clear"},
      {"ftp",
       "",
       {{"220-welcome\r\n to our\r\n226 kinds of files\r\n220 ready\r\n", "AUTH TLS\r\n"}, {"234 go\r\n", ""}},
       Then::kSecure},
      {"ftp", "", {{"220 hi\n", "AUTH TLS\r\n"}, {"530 no\r\n", ""}}, Then::kRefused, "530 no"},
      {"imap", "", {{"* OK hi\r\n", "a STARTTLS\r\n"}, {"* CAPABILITY x\r\na OK\r\n", ""}}, Then::kSecure},
      {"imap", "", {{"* PREAUTH hi\r\n", ""}}, Then::kRefused, "PREAUTH"},
      {"imap", "", {{"* OK hi\r\n", "a STARTTLS\r\n"}, {"a BAD what\r\n", ""}}, Then::kRefused, "a BAD what"},
      {"imap", "", {{"* OK hi\r\n", "a STARTTLS\r\n"}, {"* BYE\r\n", ""}}, Then::kRefused, "BYE"},
      {"pop3", "", {{"+OK hi\r\n", "STLS\r\n"}, {"+OK\r\n", ""}}, Then::kSecure},
      {"pop3", "", {{"+OK hi\r\n", "STLS\r\n"}, {"-ERR no\r\n", ""}}, Then::kRefused, "-ERR no"},
      {"ldap", kLdap, {{ldap_answer(1, 0, ""), ""}}, Then::kSecure},
      {"ldap", kLdap, {{ldap_answer(1, 52, "no key"), ""}}, Then::kRefused, "LDAP result 52: no key"},
      {"ldap", kLdap, {{ldap_answer(0, 2, "bye"), ""}}, Then::kRefused, "LDAP result 2: bye"},
      {"ldap", kLdap, {{"HTTP/1.1 400\r\n\r\n", ""}}, Then::kRefused, "no LDAP message"},
      {"ldap", kLdap, {{bytes({0x30, 0x84, 0x7f, 0xff, 0xff, 0xff}), ""}}, Then::kRefused, "no LDAP message"},
      {"ldap", kLdap, {{bytes({0x30, 3, 2, 1, 1}), ""}}, Then::kRefused, "no LDAP message"},
      {"xmpp",
       kOpening,
       {{kStream + kFeatures, kStarttls}, {"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ""}},
       Then::kSecure},
      {"xmpp", kOpening, {{kStream, ""}, {kFeatures, kStarttls}, {"<proceed></proceed>", ""}}, Then::kSecure},
      {"xmpp",
       kOpening,
       {{kStream + "<stream:features/>", ""}},
       Then::kRefused,
       "does not offer STARTTLS in its stream features"},
      {"xmpp",
       kOpening,
       {{kStream + "<stream:error><host-unknown/></stream:error>", ""}},
       Then::kRefused,
       "<host-unknown/>"},
      {"xmpp",
       kOpening,
       {{kStream + kFeatures, kStarttls}, {"<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", ""}},
       Then::kRefused,
       "<failure"},
      // What comes first counts, also where something else begins behind it.
      {"xmpp",
       kOpening,
       {{kStream + "<stream:features><a/></stream:features><failure/a", ""}},
       Then::kRefused,
       "does not offer STARTTLS"},
      {"xmpp", kOpening, {{"SSH-2.0-x\r\n", ""}}, Then::kRefused, "SSH-2.0-x"},
      {"postgres", kPostgres, {{"S", ""}}, Then::kSecure},
      {"postgres", kPostgres, {{"N", ""}}, Then::kRefused, "has no TLS"},
      {"postgres", kPostgres, {{"Sx", ""}}, Then::kRefused, "more in clear"},
      {"postgres", kPostgres, {{postgres_error("too many"), ""}}, Then::kRefused, "\"too many\""},
      {"postgres", kPostgres, {{"220 hi", ""}}, Then::kRefused, "no answer of PostgreSQL"},
      {"mysql", "", {{greeting(0xffff), kMysql}}, Then::kSecure},
      {"mysql", "", {{greeting(0xf7ff), ""}}, Then::kRefused, "does not offer TLS"},
      {"mysql",
       "",
       {{packet(bytes({0xff, 0x6a, 0x04}) + "Host is not allowed"), ""}},
       Then::kRefused,
       "Host is not allowed"},
      {"mysql", "", {{"220 hi\r\n", ""}}, Then::kRefused, "no greeting of MySQL"},
      {"mysql", "", {{packet("\x0a"), ""}}, Then::kRefused, "no greeting of MySQL"},
  };
  return all;
}

StarttlsNames names() { return {"chat.example.test", "[192.0.2.9]"}; }

TEST_CASE("each protocol's way to TLS, and out of it") {
  for (const auto& row : rows()) {
    INFO(row.protocol << " " << row.why << " " << row.exchanges.front().server);
    REQUIRE(Starttls::known(row.protocol));
    Starttls talk(row.protocol, names());
    const auto opening = talk.begin();
    CHECK(opening.say == row.opening);
    CHECK(opening.then == Then::kListen);
    StarttlsStep step;
    for (const auto& exchange : row.exchanges) {
      REQUIRE(step.then == Then::kListen);
      step = talk.hear(exchange.server);
      CHECK(step.say == exchange.client);
    }
    CHECK(step.then == row.end);
    CHECK_THAT(step.why, Catch::Contains(row.why));
    CHECK(step.why.empty() == (row.end == Then::kSecure));
  }
}

TEST_CASE("pieces make no difference, but for what comes in clear behind the agreement") {
  for (const auto& row : rows()) {
    if (row.why == "more in clear") continue;
    INFO(row.protocol << " " << row.why);
    Starttls talk(row.protocol, names());
    talk.begin();
    StarttlsStep step;
    for (const auto& exchange : row.exchanges) {
      std::string said;
      for (const char c : exchange.server) {
        if (step.then != Then::kListen) break;  // refused before the end of it
        step = talk.hear({&c, 1});
        said += step.say;
      }
      CHECK(said == exchange.client);
    }
    CHECK(step.then == row.end);
  }
}

TEST_CASE("replies without an end are given up") {
  for (const auto protocol : Starttls::protocols()) {
    INFO(protocol);
    Starttls talk(protocol, names());
    talk.begin();
    StarttlsStep step;
    for (int i = 0; i < 64 && step.then == Then::kListen; ++i) step = talk.hear(std::string(1024, '\x30'));
    CHECK(step.then == Then::kRefused);
  }
  Starttls talk("imap", names());
  StarttlsStep step = talk.hear("* OK hi\r\n");
  for (int i = 0; i < 100 && step.then == Then::kListen; ++i) step = talk.hear("* still here\r\n");
  CHECK(step.then == Then::kRefused);
}

TEST_CASE("what a protocol is not, it does not know") {
  CHECK_FALSE(Starttls::known(""));
  CHECK_FALSE(Starttls::known("gopher"));
  CHECK_FALSE(Starttls::known("SMTP"));
}

TEST_CASE("a name cannot break out of XMPP's opening") {
  Starttls talk("xmpp-server", {"a'b<c&d", ""});
  CHECK_THAT(talk.begin().say, Catch::Contains("to='a&#39;b&#60;c&#38;d'") && Catch::Contains("jabber:server"));
  CHECK_THAT(Starttls("xmpp", {}).begin().say, !Catch::Contains("to="));
}

}  // namespace
}  // namespace cutover::net
