#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "core/text.h"
#include "net/message.h"
#include "net/rdata.h"
#include "tests/net_oracle/generator.h"
#include "tests/net_oracle/ldns_side.h"

namespace cutover::oracle {
namespace {

constexpr std::string_view kOrigin = "example.com.";
constexpr std::string_view kSoa = "$TTL 3600\n@ IN SOA ns1 hostmaster 7 3600 900 604800 300\n";
constexpr int kZones = 400;

using Records = std::vector<Record>;

/// Sorted, without repeats, each set with its smallest TTL: what a zone is, however it was written.
Records as_sets(Records records) {
  std::map<std::pair<std::string, unsigned>, std::uint32_t> ttls;
  for (const Record& record : records) {
    const auto at = ttls.emplace(std::pair(record.owner, record.type), record.ttl).first;
    at->second = std::min(at->second, record.ttl);
  }
  for (Record& record : records) record.ttl = ttls[{record.owner, record.type}];
  std::sort(records.begin(), records.end());
  records.erase(std::unique(records.begin(), records.end()), records.end());
  return records;
}

Result<Records> ours(const std::string& text) {
  const auto zone = net::parse_zone_file(text, *DomainName::from_text(kOrigin));
  if (!zone) return zone.error();
  Records out;
  for (const auto& [key, set] : zone->sets) {
    for (const std::string& rdata : set.rdata) {
      const auto wire = net::rdata_to_wire(set.type, rdata, DomainName());
      if (!wire) return wire.error();
      out.push_back(
          {set.name.wire(), static_cast<unsigned>(set.type), 1, static_cast<std::uint32_t>(set.ttl.count()), *wire});
    }
  }
  return as_sets(std::move(out));
}

Result<Records> theirs(const std::string& text) {
  auto records = read_zone(text, std::string(kOrigin));
  if (!records) return records.error();
  return as_sets(std::move(*records));
}

struct File {
  std::string what;
  std::string text;  ///< behind a SOA and a $TTL
};

TEST_CASE("a zone file means the same to both", "[oracle]") {
  const auto file = GENERATE(values<File>({
      {"relative, absolute and @", "www A 192.0.2.1\nabs.example.com. A 192.0.2.2\n@ A 192.0.2.3\n"},
      {"blank owners", "www A 192.0.2.1\n  A 192.0.2.2\n\tTXT a\n"},
      {"a blank owner behind comments and empty lines",
       "www A 192.0.2.1\n; nothing\n\n  ; nothing either\n  A 192.0.2.2\n"},
      {"TTL and class", "a 60 IN A 192.0.2.1\nc IN A 192.0.2.3\nd 60 A 192.0.2.4\n"},
      {"units", "a 60s A 192.0.2.1\nb 15m A 192.0.2.1\nc 2h A 192.0.2.1\nd 1d A 192.0.2.1\ne 1w A 192.0.2.1\n"},
      {"units together", "a 1h30m A 192.0.2.1\nb 1W2D3H4M5S A 192.0.2.1\n"},
      {"a TTL of zero", "a 0 A 192.0.2.1\n"},
      {"the largest TTL", "a 2147483647 A 192.0.2.1\n"},
      {"$TTL again", "a A 192.0.2.1\n$TTL 5m\nb A 192.0.2.1\n$TTL 1h30m\nc A 192.0.2.1\n"},
      {"$TTL wins over the record before", "a 60 A 192.0.2.1\nb A 192.0.2.1\n"},
      {"$ORIGIN", "$ORIGIN sub.example.com.\na A 192.0.2.1\n@ MX 10 a\n$ORIGIN example.com.\nb A 192.0.2.1\n"},
      {"the blank owner stays over $ORIGIN", "a A 192.0.2.1\n$ORIGIN sub.example.com.\n  A 192.0.2.2\n"},
      {"comments behind directives", "$TTL 60 ; a minute\n$ORIGIN sub.example.com. ; below\na A 192.0.2.1 ; one\n"},
      {"parentheses", "a TXT ( \"one\"\n  \"two\" ; said\n\n \"three\" )\nb A ( 192.0.2.1 )\nc ( A\n192.0.2.1 )\n"},
      {"parentheses at words", "a MX (10\nb)\n"},
      {"two pairs of parentheses", "a TXT (one) (two\n) three\n"},
      {"semicolons and quotes in strings", "a TXT \"x; y\" \"(\" \")\"\nb TXT \"\\\"q\\\"\" ; \"comment\n"},
      {"an escaped quote and a semicolon in a string", "a TXT \"say \\\"hi\\\"; then go\"\n"},
      {"escapes in owners", "a\\.b A 192.0.2.1\n\\097\\098 A 192.0.2.1\n\\@ A 192.0.2.1\n\\$x A 192.0.2.1\n"},
      {"wildcards and underscores", "* A 192.0.2.1\n*.sub A 192.0.2.1\n_sip._tcp SRV 0 0 5060 sip\n"},
      {"capitals", "WWW a 192.0.2.1\nMail in mx 10 WWW\n"},
      {"owners that look like other things",
       "in A 192.0.2.1\na A 192.0.2.2\n60 A 192.0.2.3\nmx 60 IN A 192.0.2.4\n1h A 192.0.2.5\n"},
      {"unknown types", "a TYPE65280 \\# 3 ab CD ef\nb TYPE1 \\# 4 C0000201\nc A \\# 4 ( C000\n0201 )\n"},
      {"class as a number", "a CLASS1 A 192.0.2.1\nb 60 CLASS1 A 192.0.2.1\n"},
      {"carriage returns", "a A 192.0.2.1\r\n  TXT \"x\"\r\n$TTL 60\r\nb A 192.0.2.1\r\n"},
      {"no line feed at the end", "a A 192.0.2.1"},
      {"trailing blanks", "a A 192.0.2.1 \t \nb TXT x  \n"},
      {"repeats", "a A 192.0.2.1\na A 192.0.2.1\nA A 192.0.2.2\n"},
      {"TTLs that differ in a set", "a 60 A 192.0.2.1\na 30 A 192.0.2.2\n"},
      {"names relative to $ORIGIN in data",
       "$ORIGIN sub.example.com.\na CNAME b\nb MX 10 @\nc NS ns.example.net.\nd SRV 1 2 3 e\n"},
      {"a long record", "k DNSKEY 257 3 8 (\n  AwEAAag/ ; half\n  qwErTyUi ; other half\n )\n"},
      {"LOC", "loc LOC 42 21 54 N 71 06 18 W -24m 30m\n"},
      {"SVCB", "svc HTTPS 1 . alpn=h2,h3 port=443\nq SVCB 1 t (\n alpn=\"h2\"\n ipv4hint=192.0.2.1 )\n"},
  }));
  INFO(file.what);
  const std::string text = std::string(kSoa) + file.text;
  const auto a = ours(text);
  const auto b = theirs(text);
  if (!a) FAIL_CHECK(a.error().message);
  if (!b) FAIL_CHECK(b.error().message);
  if (a && b) CHECK(*a == *b);
}

/// Where ldns is known to differ, and the same zone in words that both read.
struct Difference {
  std::string reason;
  std::string text;  ///< behind a SOA and a $TTL
  std::string plain;
};

TEST_CASE("where ldns is known to differ in zone files, ours is what the RFC says", "[oracle]") {
  const auto known = GENERATE(values<Difference>({
      {"ldns wants the TTL first; either order is right (RFC 1035 section 5.1)", "a IN 60 A 192.0.2.1\n",
       "a 60 IN A 192.0.2.1\n"},
      {"the same, the class as a number (RFC 3597 section 5)", "a CLASS1 60 A 192.0.2.1\n", "a 60 IN A 192.0.2.1\n"},
      {"ldns takes $TTL 0 for none; zero is a TTL (RFC 2181 section 8)", "$TTL 0\na A 192.0.2.1\n",
       "a 0 A 192.0.2.1\n"},
      {"ldns takes every $ORIGIN for absolute; without a dot at the end it is relative (RFC 1035 section 5.1)",
       "$ORIGIN sub\na A 192.0.2.1\n$ORIGIN deeper\nb CNAME a\n",
       "a.sub A 192.0.2.1\nb.deeper.sub CNAME a.deeper.sub\n"},
      {"ldns wants directives in capitals; BIND and NSD do not", "$ttl 60\n$origin sub.example.com.\na A 192.0.2.1\n",
       "a.sub 60 A 192.0.2.1\n"},
      {"ldns gives a record without a TTL that of its set's record before; with $TTL it has that (RFC 2308 section 4)",
       "a 7200 A 192.0.2.1\na A 192.0.2.2\n", "a 3600 A 192.0.2.1\na 3600 A 192.0.2.2\n"},
  }));
  INFO(known.reason);
  const auto a = ours(std::string(kSoa) + known.text);
  const auto b = theirs(std::string(kSoa) + known.plain);
  if (!a) FAIL(a.error().message);
  if (!b) FAIL(b.error().message);
  CHECK(*a == *b);
}

/// Writes zone files in every way that both sides are known to agree on.
class ZoneWriter {
 public:
  explicit ZoneWriter(std::uint64_t seed) : random_(seed) {}

  std::string write() {
    std::string out(kSoa);
    for (std::size_t lines = 1 + random_.number(15); lines > 0; --lines) {
      if (random_.chance(6)) out += directive();
      if (random_.chance(6)) out += pick({"\n", "   \n", "; a \"comment\n", "  ; ( another\n", "\t\n"});
      out += record(lines);
    }
    return out;
  }

 private:
  std::string pick(const std::vector<std::string>& values) { return random_.one_of(values); }
  std::string directive() {
    return pick({"$TTL 60", "$TTL 1h", "$TTL 1d12h", "$ORIGIN example.com.", "$ORIGIN sub.example.com.",
                 "$ORIGIN A.b.Example.com."}) +
           pick({"\n", " ; why\n", " \n"});
  }
  std::string name() {
    return pick({"a", "B", "b.c", "@", "_x._tcp", "a\\.b", "\\100.d", "mail.example.com.", "Deep.er.a.example.com."});
  }
  std::string target() { return random_.chance(3) ? pick({"other.net.", "x.Example.ORG."}) : name(); }
  std::string integer(std::size_t most) { return std::to_string(random_.number(most)); }
  std::string text() {
    static const std::vector<std::string> kPieces{"a",   "Bc", " ",     ";",  "(",   ")", "\\\"", "\\\\",
                                                  "\\;", "@",  "\\200", "\t", "v=1", "$", "=",    "'"};
    std::string out;
    for (std::size_t i = random_.number(8); i > 0; --i) out += random_.one_of(kPieces);
    return "\"" + out + "\"";
  }

  std::vector<std::string> data() {
    switch (random_.number(8)) {
      case 0:
        return {"A", "192.0.2." + integer(255)};
      case 1:
        return {"aaaa", "2001:DB8::" + integer(9999)};
      case 2:
        return {"MX", integer(65535), target()};
      case 3:
        return {"Ns", target()};
      case 4:
        return {"SRV", integer(65535), integer(65535), integer(65535), target()};
      case 5:
        return {"TYPE65280", "\\#", "4", "DEad", "beEF"};
      case 6:
        return {"CAA", integer(255), "issue", text()};
      case 7:
        return {"HTTPS", integer(65535), target(), "alpn=h2,h3", "port=" + integer(65535)};
      default:
        return {"TXT", text(), text()};
    }
  }

  std::string record(std::size_t line) {
    // The first record of a file needs a name: the SOA in front has one, so any may be blank.
    std::string out = random_.chance(4) ? "" : name();
    out += pick({" ", "\t", "   "});
    if (random_.chance(2)) out += pick({"0", "60", "5m", "2H", "1w2d", "2147483647"}) + " ";
    if (random_.chance(2)) out += pick({"IN ", "in\t", "CLASS1 "});
    // Not the type of the record before, see the differences.
    std::vector<std::string> words = data();
    while (words[0] == last_type_) words = data();
    last_type_ = words[0];
    out += words[0] + " ";
    const bool open = random_.chance(3);
    if (open) out += pick({"(", "( ", "(\n  ", "( ; from here\n"});
    for (std::size_t i = 1; i < words.size(); ++i)
      out += words[i] + (open ? pick({" ", "\n", "\n\t", " ; a note; (\n ", "\n\n "}) : pick({" ", "\t", "  "}));
    if (open) out += ")";
    return out + pick({"\n", " ; line " + std::to_string(line) + "\n", "  \n"});
  }

  Generator random_;
  std::string last_type_;
};

TEST_CASE("zone files written in many ways mean the same to both", "[oracle]") {
  ZoneWriter writer(20261122);
  for (int i = 0; i < kZones; ++i) {
    const std::string text = writer.write();
    INFO("zone " << i << "\n" << text);
    const auto a = ours(text);
    const auto b = theirs(text);
    if (!a) FAIL(a.error().message);
    if (!b) FAIL(b.error().message);
    REQUIRE(*a == *b);
  }
}

}  // namespace
}  // namespace cutover::oracle
