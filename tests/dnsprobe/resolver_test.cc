#include "dnsprobe/resolver.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace cutover::dnsprobe;

TEST_CASE("every form of the resolver syntax is read") {
  struct Row {
    const char* text;
    const char* id;
    const char* operator_name;
    const char* transport;
    const char* endpoint;  // "" = not pinned
    const char* tls_name;
    const char* url;
  };
  const Row row = GENERATE(values<Row>({
      {"1.1.1.1", "1.1.1.1", "1.1.1.1", "udp", "1.1.1.1:53", "", ""},
      {" 1.1.1.1:5353 ", "1.1.1.1:5353", "1.1.1.1", "udp", "1.1.1.1:5353", "", ""},
      {"udp://1.1.1.1", "1.1.1.1", "1.1.1.1", "udp", "1.1.1.1:53", "", ""},
      {"2606:4700:4700::1111", "2606:4700:4700::1111", "2606:4700:4700::1111", "udp", "[2606:4700:4700::1111]:53", "",
       ""},
      {"[2606:4700:4700:0::1111]:53", "2606:4700:4700::1111", "2606:4700:4700::1111", "udp",
       "[2606:4700:4700::1111]:53", "", ""},
      {"[::1]:5300", "[::1]:5300", "::1", "udp", "[::1]:5300", "", ""},
      {"tcp://9.9.9.9", "tcp://9.9.9.9", "9.9.9.9", "tcp", "9.9.9.9:53", "", ""},
      {"TCP://9.9.9.9:9953", "tcp://9.9.9.9:9953", "9.9.9.9", "tcp", "9.9.9.9:9953", "", ""},
      {"lab-one=127.0.0.1:5301", "lab-one 127.0.0.1:5301", "lab-one", "udp", "127.0.0.1:5301", "", ""},
      {"Lab.2=tcp://[::1]:5301", "Lab.2 tcp://[::1]:5301", "Lab.2", "tcp", "[::1]:5301", "", ""},
      {"tls://dns.google@8.8.8.8", "tls://dns.google@8.8.8.8", "dns.google", "tls", "8.8.8.8:853", "dns.google", ""},
      {"tls://DNS.google@8.8.8.8:8853", "tls://dns.google@8.8.8.8:8853", "dns.google", "tls", "8.8.8.8:8853",
       "dns.google", ""},
      {"tls://dns.google", "tls://dns.google", "dns.google", "tls", "", "dns.google", ""},
      {"tls://1.1.1.1", "tls://1.1.1.1@1.1.1.1", "1.1.1.1", "tls", "1.1.1.1:853", "1.1.1.1", ""},
      {"google=tls://dns.google@[2001:4860:4860::8888]:853", "google tls://dns.google@2001:4860:4860::8888", "google",
       "tls", "[2001:4860:4860::8888]:853", "dns.google", ""},
      {"https://dns.google/dns-query", "https://dns.google/dns-query", "dns.google", "https", "", "dns.google",
       "https://dns.google/dns-query"},
      {"https://dns.google", "https://dns.google/dns-query", "dns.google", "https", "", "dns.google",
       "https://dns.google/dns-query"},
      {"https://dns.google/dns-query@8.8.8.8", "https://dns.google/dns-query@8.8.8.8", "dns.google", "https",
       "8.8.8.8:443", "dns.google", "https://dns.google/dns-query"},
      {"https://doh.example:8443/q?a=b@[::1]", "https://doh.example:8443/q?a=b@[::1]:8443", "doh.example", "https",
       "[::1]:8443", "doh.example", "https://doh.example:8443/q?a=b"},
      {"https://1.1.1.1/dns-query", "https://1.1.1.1/dns-query", "1.1.1.1", "https", "1.1.1.1:443", "1.1.1.1",
       "https://1.1.1.1/dns-query"},
  }));
  const auto read = parse_resolver(row.text);
  INFO(row.text << ": " << (read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->operator_name == row.operator_name);
  CHECK(std::string(to_text(read->transport)) == row.transport);
  CHECK((read->endpoint ? read->endpoint->text() : "") == row.endpoint);
  CHECK(read->tls_name == row.tls_name);
  CHECK(read->url == row.url);
  if (std::string(row.text).find("[::1]") == std::string::npos || std::string(row.url).empty())
    CHECK(read->id == row.id);
}

TEST_CASE("what is no resolver is refused with what to write instead") {
  const char* text =
      GENERATE("", "  ", "google", "1.1.1", "1.1.1.1:0", "1.1.1.1:99999", "1.1.1.1:53x", "lab=", "=1.1.1.1",
               "quic://1.1.1.1", "tls://", "tls://@1.1.1.1", "tls://dns.google@", "tls://dns.google:99", "https://",
               "https:///path", "https://user@dns.google/q", "https://dns.google/q@nowhere",
               "https://dns.google/q with space", "tcp://dns.google", "[::1", "tls://a b@1.1.1.1");
  const auto read = parse_resolver(text);
  INFO(text);
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kUsage);
  CHECK(read.error().message.find("write an address") != std::string::npos);
}

TEST_CASE("a must entry names an operator, an address or an endpoint") {
  const Resolver lab = *parse_resolver("Lab-One=127.0.0.1:5301");
  CHECK(is_named_by(lab, "lab-one"));
  CHECK(is_named_by(lab, " LAB-ONE "));
  CHECK(is_named_by(lab, "127.0.0.1"));
  CHECK(is_named_by(lab, "127.0.0.1:5301"));
  CHECK(is_named_by(lab, "lab-one 127.0.0.1:5301"));
  CHECK_FALSE(is_named_by(lab, "127.0.0.1:5302"));
  CHECK_FALSE(is_named_by(lab, "lab"));
  CHECK_FALSE(is_named_by(lab, ""));

  CHECK(check_must({"lab-one", "127.0.0.1"}, {lab}));
  const auto wrong = check_must({"google"}, {lab});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kUsage);
  CHECK(wrong.error().message.find("Lab-One") != std::string::npos);
}

TEST_CASE("an address ends where its text ends") {
  using namespace std::string_literals;
  for (const std::string& text : {"192.0.2.1\0x"s, "::1\0"s, "tls://dns.example@192.0.2.1\0.9"s, "192.0.2.1\0:53"s}) {
    INFO(text.size());
    CHECK_FALSE(parse_resolver(text));
  }
}

TEST_CASE("a resolver's text reads back as the same place to ask") {
  for (const char* text :
       {"192.0.2.1", "192.0.2.1:5353", "tcp://[2001:db8::1]:5353", "tls://dns.example@192.0.2.1:8853",
        "tls://dns.example", "https://doh.example:8443/q@192.0.2.1", "https://192.0.2.1/q",
        "https://doh.example:8443/q@192.0.2.1:443", "https://[2001:db8::1]/q"}) {
    const Resolver resolver = *parse_resolver(std::string("lab=") + text);
    INFO(text);
    CHECK(resolver_text(resolver) == text);
    CHECK(resolver.id == std::string("lab ") + text);
    const Resolver again = *parse_resolver(resolver_text(resolver));
    CHECK(again.endpoint == resolver.endpoint);
    CHECK(again.url == resolver.url);
  }
}

TEST_CASE("a resolver stays small: sixty thousand of them are held at once") { CHECK(sizeof(Resolver) <= 320); }
