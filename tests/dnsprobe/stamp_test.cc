#include "dnsprobe/stamp.h"

#include <catch2/catch.hpp>

#include "core/text.h"

using namespace cutover;
using namespace cutover::dnsprobe;

namespace {

std::string lp(const std::string& text) { return static_cast<char>(text.size()) + text; }

std::string vlp(const std::vector<std::string>& texts) {
  std::string out;
  for (std::size_t i = 0; i < texts.size(); ++i)
    out += static_cast<char>(texts[i].size() | (i + 1 < texts.size() ? 0x80U : 0U)) + texts[i];
  return out;
}

std::string properties(unsigned bits) { return static_cast<char>(bits) + std::string(7, '\0'); }

std::string stamp(const std::string& bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return "sdns://" + text;
}

const std::string kHash(32, '\xAB');

std::string https(const std::string& address, const std::string& host, const std::vector<std::string>& hashes = {""},
                  const std::string& path = "/dns-query", const std::string& more = "") {
  return stamp("\x02" + properties(7) + lp(address) + vlp(hashes) + lp(host) + lp(path) + more);
}

}  // namespace

TEST_CASE("a published stamp is taken apart") {
  const auto read = decode_stamp(
      "sdns://AgMAAAAAAAAABzkuOS45LjkgsBkgdEu7dsmrBT4B4Ht-BQ5HPSD3n3vqQ1-v5DydJC8SZG5zOS5xdWFkOS5uZXQ6NDQzCi9kbnMtcXV"
      "lcnk");
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->protocol == Stamp::Protocol::kHttps);
  CHECK(read->dnssec);
  CHECK(read->no_log);
  CHECK_FALSE(read->no_filter);
  REQUIRE(read->address);
  CHECK(read->address->address.text() == "9.9.9.9");
  CHECK(read->host == "dns9.quad9.net");
  CHECK(read->port == 443);
  CHECK(read->path == "/dns-query");
  REQUIRE(read->hashes.size() == 1);
  CHECK(to_hex(read->hashes.front()) == "b01920744bbb76c9ab053e01e07b7e050e473d20f79f7bea435fafe43c9d242f");
  const auto resolver = resolver_of(*read);
  REQUIRE(resolver);
  CHECK(resolver_text(*resolver) == "https://dns9.quad9.net/dns-query@9.9.9.9");
  CHECK(resolver->filtering);
}

TEST_CASE("ports, brackets, missing addresses and hosts that are addresses") {
  struct Row {
    std::string stamp;
    const char* resolver;
  };
  const Row row = GENERATE(values<Row>({
      {stamp(std::string(1, '\0') + properties(0) + lp("192.0.2.1")), "192.0.2.1"},
      {stamp(std::string(1, '\0') + properties(0) + lp("192.0.2.1:5353")), "192.0.2.1:5353"},
      {stamp(std::string(1, '\0') + properties(0) + lp("[2001:db8::1]:5353")), "[2001:db8::1]:5353"},
      {stamp(std::string(1, '\0') + properties(0) + lp("[2001:db8::1]")), "2001:db8::1"},
      {https("192.0.2.1", "doh.example"), "https://doh.example/dns-query@192.0.2.1"},
      {https("192.0.2.1", "doh.example:8443"), "https://doh.example:8443/dns-query@192.0.2.1"},
      {https("192.0.2.1:8443", "doh.example"), "https://doh.example:8443/dns-query@192.0.2.1"},
      {https("192.0.2.1:8444", "doh.example:8443"), "https://doh.example:8443/dns-query@192.0.2.1:8444"},
      {https("[2001:db8::1]", "doh.example"), "https://doh.example/dns-query@2001:db8::1"},
      {https("[2001:db8::1]:443", "doh.example"), "https://doh.example/dns-query@2001:db8::1"},
      {https("", "doh.example"), "https://doh.example/dns-query"},
      {https("", "doh.example", {kHash, kHash}), "https://doh.example/dns-query"},
      {https("192.0.2.1", "192.0.2.1", {kHash}), "https://192.0.2.1/dns-query"},
      {https("", "[2001:db8::1]", {kHash}), "https://[2001:db8::1]/dns-query"},
      {https("", "2001:db8::1", {kHash}), "https://[2001:db8::1]/dns-query"},
      {https("192.0.2.1", ""), "https://192.0.2.1/dns-query"},
      {https("", "doh.example", {""}, "/q", vlp({"192.0.2.9", "192.0.2.10"})), "https://doh.example/q"},
      {stamp("\x03" + properties(0) + lp("192.0.2.1") + vlp({""}) + lp("dot.example")), "tls://dot.example@192.0.2.1"},
      {stamp("\x03" + properties(0) + lp("192.0.2.1:8853") + vlp({kHash}) + lp("dot.example")),
       "tls://dot.example@192.0.2.1:8853"},
      {stamp("\x03" + properties(0) + lp("") + vlp({""}) + lp("dot.example:853")), "tls://dot.example"},
      {stamp("\x03" + properties(0) + lp("192.0.2.1") + vlp({""}) + lp("192.0.2.1")), "tls://192.0.2.1@192.0.2.1"},
  }));
  const auto read = decode_stamp(row.stamp);
  INFO(row.resolver << (read ? "" : read.error().message));
  REQUIRE(read);
  const auto resolver = resolver_of(*read);
  INFO((resolver ? "" : resolver.error().message));
  REQUIRE(resolver);
  CHECK(resolver_text(*resolver) == row.resolver);
}

TEST_CASE("an empty hash is no hash, and a chain of them ends where its bit says") {
  CHECK(decode_stamp(https("", "a.example", {""}))->hashes.empty());
  CHECK(decode_stamp(https("", "a.example", {kHash, kHash, kHash}))->hashes.size() == 3);
  CHECK(decode_stamp(https("", "a.example", {""}, "/q", vlp({"192.0.2.9"})))->bootstrap ==
        std::vector<std::string>{"192.0.2.9"});
}

TEST_CASE("other protocols are read, and named as not spoken") {
  struct Row {
    std::string stamp;
    Stamp::Protocol protocol;
  };
  const Row row = GENERATE(values<Row>({
      {stamp("\x01" + properties(1) + lp("192.0.2.1:8443") + lp(std::string(32, 'k')) + lp("2.dnscrypt-cert.example")),
       Stamp::Protocol::kDnsCrypt},
      {stamp("\x04" + properties(1) + lp("192.0.2.1") + vlp({""}) + lp("doq.example")), Stamp::Protocol::kQuic},
      {stamp("\x05" + properties(1) + lp("odoh.example") + lp("/dns-query")), Stamp::Protocol::kOdohTarget},
      {stamp("\x81" + lp("192.0.2.1:443")), Stamp::Protocol::kDnsCryptRelay},
      {stamp("\x85" + lp("") + vlp({""}) + lp("relay.example") + lp("/proxy")), Stamp::Protocol::kOdohRelay},
  }));
  const auto read = decode_stamp(row.stamp);
  INFO((read ? "" : read.error().message));
  REQUIRE(read);
  CHECK(read->protocol == row.protocol);
  const auto resolver = resolver_of(*read);
  REQUIRE_FALSE(resolver);
  CHECK(resolver.error().code == ErrorCode::kUnsupported);
}

TEST_CASE("what is no stamp is refused") {
  const std::string whole = "\x02" + properties(7) + lp("192.0.2.1") + vlp({kHash}) + lp("doh.example") + lp("/q");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK_FALSE(decode_stamp(stamp(whole.substr(0, length))));
  }
  for (const std::string& text :
       {std::string("sdns://"), std::string("http://x"), std::string("sdns://++++"), std::string("sdns://a b"),
        std::string("sdns://A"), stamp("\x06" + properties(0) + lp("192.0.2.1")), stamp(whole + "\x01"),
        stamp(std::string(1, '\0') + properties(0) + lp("nowhere")),
        stamp(std::string(1, '\0') + properties(0) + lp("192.0.2.1") + "x"), https("", "a.example:0"),
        https("", "a.example:99999")}) {
    INFO(text);
    const auto read = decode_stamp(text);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == ErrorCode::kInvalid);
  }
  CHECK(decode_stamp(https("192.0.2.1", "doh.example") + "=="));
  CHECK_FALSE(resolver_of(*decode_stamp(https("", "a b"))));
  CHECK_FALSE(resolver_of(*decode_stamp(https("", "a.example", {""}, "/a b"))));
  CHECK_FALSE(resolver_of(*decode_stamp(stamp(std::string(1, '\0') + properties(0) + lp("")))));
}
