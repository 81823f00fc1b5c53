#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/text.h"
#include "net/message.h"
#include "net/rdata.h"
#include "tests/net_oracle/generator.h"
#include "tests/net_oracle/ldns_side.h"

namespace cutover::oracle {
namespace {

constexpr int kMessages = 3000;

std::string u16(unsigned value) { return {static_cast<char>(value >> 8 & 0xffU), static_cast<char>(value & 0xffU)}; }

// --- our side in the same terms -------------------------------------------------------------------------------

std::vector<Record> records_of(const std::vector<net::Record>& section) {
  std::vector<Record> out;
  for (const net::Record& record : section) {
    const auto rdata = net::rdata_to_wire(record.type, record.rdata, DomainName());
    if (!rdata) FAIL(rdata.error().message);
    out.push_back({record.name.wire(), static_cast<unsigned>(record.type), static_cast<unsigned>(record.record_class),
                   record.ttl, *rdata});
  }
  return out;
}

Packet packet_of(const net::Message& message) {
  Packet out;
  out.id = message.id;
  out.qr = message.qr, out.aa = message.aa, out.tc = message.tc, out.rd = message.rd;
  out.ra = message.ra, out.ad = message.ad, out.cd = message.cd;
  out.opcode = static_cast<unsigned>(message.opcode);
  out.rcode = static_cast<unsigned>(message.rcode);
  for (const net::Question& question : message.question)
    out.question.push_back({question.name.wire(),
                            static_cast<unsigned>(question.type),
                            static_cast<unsigned>(question.record_class),
                            0,
                            {}});
  out.answer = records_of(message.answer);
  out.authority = records_of(message.authority);
  out.additional = records_of(message.additional);
  if (message.edns) {
    out.edns = Edns{message.edns->udp_size, 0, message.edns->dnssec_ok, {}};
    if (!message.edns->nsid.empty() || message.edns->want_nsid) out.edns->options.emplace_back(3, message.edns->nsid);
    if (message.edns->extended_error)
      out.edns->options.emplace_back(15, u16(*message.edns->extended_error) + message.edns->extended_error_text);
  }
  return out;
}

Packet folded(Packet packet) {
  for (Record& question : packet.question) {
    const auto name = DomainName::from_wire(question.owner);
    REQUIRE(name);
    question.owner = name->wire();
  }
  for (auto* section : {&packet.answer, &packet.authority, &packet.additional}) {
    for (Record& record : *section) {
      auto lower = folded(record);
      if (!lower) FAIL(lower.error().message);
      record = *lower;
    }
  }
  return packet;
}

void check_same(const Packet& got, const Packet& expected) {
  CHECK(got.id == expected.id);
  CHECK(got.qr == expected.qr);
  CHECK(got.aa == expected.aa);
  CHECK(got.tc == expected.tc);
  CHECK(got.rd == expected.rd);
  CHECK(got.ra == expected.ra);
  CHECK(got.ad == expected.ad);
  CHECK(got.cd == expected.cd);
  CHECK(got.opcode == expected.opcode);
  CHECK(got.rcode == expected.rcode);
  CHECK(got.question == expected.question);
  CHECK(got.answer == expected.answer);
  CHECK(got.authority == expected.authority);
  CHECK(got.additional == expected.additional);
  REQUIRE(got.edns.has_value() == expected.edns.has_value());
  if (!got.edns) return;
  CHECK(got.edns->udp_size == expected.edns->udp_size);
  CHECK(got.edns->version == expected.edns->version);
  CHECK(got.edns->dnssec_ok == expected.edns->dnssec_ok);
  CHECK(got.edns->options == expected.edns->options);
}

TEST_CASE("a message ldns wrote is read as it was meant, and read by ldns again when we write it", "[oracle]") {
  Generator generator(20261122);
  for (int i = 0; i < kMessages; ++i) {
    INFO("message " << i);
    const Packet packet = generator.packet();
    const Packet expected = folded(packet);
    const auto wire = write_message(packet);
    if (!wire) FAIL(wire.error().message);
    const auto message = net::decode(*wire);
    if (!message) FAIL(message.error().message);
    check_same(packet_of(*message), expected);
    const auto ours = net::encode(*message);
    if (!ours) FAIL(ours.error().message);
    const auto back = read_message(*ours);
    if (!back) FAIL(back.error().message);
    check_same(*back, expected);
  }
}

struct Change {
  std::string what;
  void (*apply)(net::Message& message);
};

TEST_CASE("every header bit and every form of EDNS is seen by ldns", "[oracle]") {
  using net::Message;
  const auto change = GENERATE(values<Change>({
      {"nothing", [](Message&) {}},
      {"qr", [](Message& m) { m.qr = true; }},
      {"aa", [](Message& m) { m.aa = true; }},
      {"tc", [](Message& m) { m.tc = true; }},
      {"rd", [](Message& m) { m.rd = true; }},
      {"ra", [](Message& m) { m.ra = true; }},
      {"ad", [](Message& m) { m.ad = true; }},
      {"cd", [](Message& m) { m.cd = true; }},
      {"notify", [](Message& m) { m.opcode = net::Opcode::kNotify; }},
      {"update", [](Message& m) { m.opcode = net::Opcode::kUpdate; }},
      {"refused", [](Message& m) { m.rcode = net::Rcode::kRefused; }},
      {"not zone", [](Message& m) { m.rcode = net::Rcode::kNotZone; }},
      {"no question", [](Message& m) { m.question.clear(); }},
      {"chaos", [](Message& m) { m.question[0].record_class = net::RecordClass::kCh; }},
      {"edns", [](Message& m) { m.edns.emplace(); }},
      {"edns, DO", [](Message& m) { m.edns.emplace().dnssec_ok = true; }},
      {"edns, the largest size", [](Message& m) { m.edns.emplace().udp_size = 65535; }},
      {"edns, extended code", [](Message& m) { m.edns.emplace(), m.rcode = net::Rcode::kBadSig; }},
      {"edns, the highest code", [](Message& m) { m.edns.emplace(), m.rcode = static_cast<net::Rcode>(4095); }},
      {"edns, NSID wanted", [](Message& m) { m.edns.emplace().want_nsid = true; }},
      {"edns, NSID", [](Message& m) { m.edns.emplace().nsid = std::string("a\0\xff", 3); }},
      {"edns, error", [](Message& m) { m.edns.emplace().extended_error = std::uint16_t{22}; }},
      {"edns, error with words and NSID",
       [](Message& m) {
         m.edns.emplace().extended_error = std::uint16_t{65535};
         m.edns->extended_error_text = "no reachable authority";
         m.edns->nsid = "ns1";
       }},
  }));
  INFO(change.what);
  net::Message message;
  message.id = 0xbeef;
  message.question.push_back({*DomainName::from_text("www.example.com"), RecordType::kAaaa, net::RecordClass::kIn});
  change.apply(message);
  const auto wire = net::encode(message);
  if (!wire) FAIL(wire.error().message);
  const auto packet = read_message(*wire);
  if (!packet) FAIL(packet.error().message);
  check_same(*packet, packet_of(message));
  const auto theirs = write_message(*packet);
  if (!theirs) FAIL(theirs.error().message);
  const auto back = net::decode(*theirs);
  if (!back) FAIL(back.error().message);
  CHECK(*back == message);
}

TEST_CASE("the records of an UPDATE that carry no data are seen by ldns", "[oracle]") {
  const auto record_class = GENERATE(net::RecordClass::kAny, net::RecordClass::kNone);
  const auto type = GENERATE(RecordType::kA, RecordType::kTxt, RecordType::kSoa, RecordType::kAny);
  INFO("class " << static_cast<unsigned>(record_class) << " type " << static_cast<unsigned>(type));
  net::Message message;
  message.opcode = net::Opcode::kUpdate;
  message.question.push_back({*DomainName::from_text("example.com"), RecordType::kSoa, net::RecordClass::kIn});
  message.answer.push_back({*DomainName::from_text("x.example.com"), type, record_class, 0, {}});
  message.authority.push_back({*DomainName::from_text("y.example.com"), type, record_class, 0, {}});
  message.authority.push_back(
      {*DomainName::from_text("y.example.com"), RecordType::kA, net::RecordClass::kNone, 0, "192.0.2.1"});
  const auto wire = net::encode(message);
  if (!wire) FAIL(wire.error().message);
  const auto packet = read_message(*wire);
  if (!packet) FAIL(packet.error().message);
  CHECK(packet->opcode == 5);
  const Record gone{DomainName::from_text("y.example.com")->wire(),
                    static_cast<unsigned>(type),
                    static_cast<unsigned>(record_class),
                    0,
                    {}};
  REQUIRE(packet->answer.size() == 1);
  CHECK(packet->answer[0].rdata.empty());
  REQUIRE(packet->authority.size() == 2);
  CHECK(packet->authority[0] == gone);
  CHECK(packet->authority[1].record_class == 254);
  CHECK(packet->authority[1].rdata == std::string("\xc0\0\2\1", 4));
}

// --- text -----------------------------------------------------------------------------------------------------

enum class Side { kTheyRead, kTheyWrite };

/// Where ldns is known to differ, by which rule it is in the wrong, and our text and bytes for an example.
struct Difference {
  std::string reason;
  std::vector<std::string> types;  ///< empty: all
  std::vector<Side> sides;
  bool (*applies)(const Shape& shape, const std::string& rdata, const std::string& text);
  std::string type;
  std::string text;
  std::string rdata;
};

bool has_quote_in_a_name(const Shape& shape, const std::string& rdata, const std::string&) {
  std::size_t at = 0;
  const auto length = [&] { return static_cast<unsigned char>(rdata[at]); };
  for (const char kind : shape.fields) {
    if (kind == '1') at += 1;
    if (kind == '2' || kind == 'T') at += 2;
    if (kind == '4') at += 4;
    if (kind == 's') at += 1U + length();
    for (; kind == 'n' && rdata[at] != '\0'; at += 1U + length())
      if (rdata.substr(at + 1, length()).find('"') != std::string::npos) return true;
    if (kind == 'n') at += 1;
  }
  return false;
}

const std::vector<Difference>& differences() {
  static const std::vector<Difference> kDifferences{
      {"ldns writes a quote in a name as it is; at the start of a word it begins a string (RFC 1035 section 5.1)",
       {},
       {Side::kTheyWrite},
       has_quote_in_a_name,
       "MX",
       R"(10 \"a.example.com.)",
       std::string("\0\12\2\"a\7example\3com\0", 18)},
      {"ldns leaves out a value that is empty; it is a <character-string> like any other (RFC 8659 section 4.1.1)",
       {"CAA"},
       {Side::kTheyWrite},
       [](const Shape&, const std::string&, const std::string& text) { return text.ends_with("\"\""); },
       "CAA",
       R"(0 issue "")",
       std::string("\0\5issue", 7)},
      {"ldns does not read certificate type 0, a reserved value like many others (RFC 4398 section 2.1)",
       {"CERT"},
       {Side::kTheyRead},
       [](const Shape&, const std::string& rdata, const std::string&) { return rdata[0] == '\0' && rdata[1] == '\0'; },
       "CERT",
       "0 1 8 AQID",
       std::string("\0\0\0\1\10\1\2\3", 8)},
      {"ldns pads base32hex and demands padding; the hash is written unpadded (RFC 5155 section 3.3)",
       {"NSEC3"},
       {Side::kTheyRead, Side::kTheyWrite},
       [](const Shape&, const std::string& rdata, const std::string&) {
         return static_cast<unsigned char>(rdata[5U + static_cast<unsigned char>(rdata[4])]) % 5 != 0;
       },
       "NSEC3",
       "1 0 0 - 04 A",
       std::string("\1\0\0\0\0\1\1\0\1\x40", 10)},
      {"ldns takes times for those nearest to its clock; ours are seconds since 1970 (RFC 4034 section 3.2)",
       {"RRSIG"},
       {Side::kTheyWrite},
       [](const Shape&, const std::string& rdata, const std::string&) {
         return static_cast<unsigned char>(rdata[8]) >= 0x80 || static_cast<unsigned char>(rdata[12]) >= 0x80;
       },
       "RRSIG",
       "A 8 2 60 21060207062815 19700101000000 1 . AQ==",
       std::string("\0\1\10\2\0\0\0\74\xff\xff\xff\xff\0\0\0\0\0\1\0\1", 20)},
      {"ldns escapes a comma or a backslash in a list once; it takes twice (RFC 9460 appendix A.1)",
       {"SVCB", "HTTPS"},
       {Side::kTheyRead, Side::kTheyWrite},
       [](const Shape&, const std::string&, const std::string& text) {
         return text.find(R"(\\)") != std::string::npos;
       },
       "SVCB",
       R"(1 . alpn=f\\\\oo\\,bar,h2)",
       std::string("\0\1\0\0\1\0\14\10f\\oo,bar\2h2", 19)},
      {"ldns writes parentheses and semicolons unquoted; they end a word (RFC 1035 section 5.1)",
       {"SVCB", "HTTPS"},
       {Side::kTheyWrite},
       [](const Shape&, const std::string&, const std::string& text) { return text.find("=\"") != std::string::npos; },
       "HTTPS",
       R"(1 . key700="a;(")",
       std::string("\0\1\0\2\xbc\0\3a;(", 10)},
  };
  return kDifferences;
}

bool is_known(Side side, const Shape& shape, const std::string& rdata, const std::string& text) {
  for (const Difference& known : differences()) {
    const auto& types = known.types;
    if (!types.empty() && std::find(types.begin(), types.end(), shape.name) == types.end()) continue;
    if (std::find(known.sides.begin(), known.sides.end(), side) == known.sides.end()) continue;
    if (known.applies(shape, rdata, text)) return true;
  }
  return false;
}

TEST_CASE("each side reads the text that the other writes", "[oracle]") {
  const auto shape = GENERATE(from_range(shapes()));
  constexpr int kRecords = 200;
  const auto type = static_cast<RecordType>(shape.type);
  Generator generator(20261122 + shape.type);
  int read = 0;
  int written = 0;
  for (int i = 0; i < kRecords; ++i) {
    auto record = folded(generator.record(shape));
    if (!record) FAIL(shape.name << ": " << record.error().message);
    record->owner = std::string(1, '\0');
    record->ttl = 60;
    INFO(shape.name << " " << *record);
    const auto text = net::rdata_to_text(type, record->rdata, 0, record->rdata.size());
    if (!text) FAIL(text.error().message);
    INFO("our text: " << *text);
    if (!is_known(Side::kTheyRead, shape, record->rdata, *text)) {
      ++read;
      const auto line = read_line(fmt::format(". 60 IN {} {}", shape.name, *text));
      if (!line) FAIL(line.error().message);
      CHECK(*line == *record);
    }
    if (!is_known(Side::kTheyWrite, shape, record->rdata, *text)) {
      ++written;
      const auto theirs = data_text(*record);
      if (!theirs) FAIL(theirs.error().message);
      INFO("their text: " << *theirs);
      const auto canonical = net::canonical_rdata(type, *theirs, DomainName());
      if (!canonical) FAIL(canonical.error().message);
      CHECK(*canonical == *text);
    }
  }
  INFO(shape.name);
  CHECK(read > kRecords / 8);
  CHECK(written > kRecords / 8);
}

TEST_CASE("where ldns is known to differ in text, ours is what the RFC says", "[oracle]") {
  for (const Difference& known : differences()) {
    INFO(known.reason);
    const auto type = net::find_record_type(known.type);
    REQUIRE(type);
    const auto wire = net::rdata_to_wire(*type, known.text, DomainName());
    if (!wire) FAIL(wire.error().message);
    CHECK(to_hex(*wire) == to_hex(known.rdata));
    const auto text = net::rdata_to_text(*type, known.rdata, 0, known.rdata.size());
    if (!text) FAIL(text.error().message);
    CHECK(*text == known.text);
    const auto shape =
        std::find_if(shapes().begin(), shapes().end(), [&](const Shape& each) { return each.name == known.type; });
    REQUIRE(shape != shapes().end());
    CHECK(known.applies(*shape, known.rdata, known.text));
  }
}

struct Text {
  std::string type;
  std::string text;
  std::string rdata = {};  ///< by the RFC, where ldns cannot say or says otherwise
};

/// Data as people write it.
const std::vector<Text>& texts() {
  static const std::vector<Text> kTexts{
      {"A", "192.0.2.1"},
      {"A", R"(\# 4 C0000201)"},
      {"A", R"(\# 4 C0 00 ( 02 01 ))"},
      {"AAAA", "2001:DB8:0:0:0:0:0:1"},
      {"AAAA", "::ffff:192.0.2.1"},
      {"AAAA", "::"},
      {"AAAA", R"(\# 16 20010db8000000000000000000000001)"},
      {"CNAME", "WWW.Example.COM."},
      {"CNAME", R"(a\.b.example.com.)"},
      {"CNAME", R"(\097\098\000.example.com.)"},
      {"CNAME", "."},
      {"NS", "_x.*.example.com."},
      {"PTR", "1.2.0.192.in-addr.arpa."},
      {"SOA", "ns.example.com. a\\.b.example.com. 4294967295 1h 15m 1w 5"},
      {"SOA", "ns.example.com. hostmaster.example.com. ( 1 2 3 4 5 )"},
      {"SOA", "a. b. 1 1h30m 2D 1W2D3h4M5S 0"},
      {"MX", "0 ."},
      {"MX", "65535 Mail.example.com."},
      {"TXT", R"("")"},
      {"TXT", R"("" "" "")"},
      {"TXT", R"("a ; b")"},
      {"TXT", R"("v=DKIM1; k=rsa; p=MIGf")"},
      {"TXT", R"("say \"hi\"; then go")"},
      {"TXT", R"("\\")"},
      {"TXT", R"("\\\"")"},
      {"TXT", R"("\000\001\127\255")"},
      {"TXT", R"("\;" "\(" "\ ")"},
      {"TXT", "unquoted words here"},
      {"TXT", R"(un\"quoted)"},
      {"TXT", R"(a\ b)"},
      {"TXT", R"(a\059b)"},
      {"TXT", "\"tab\there\""},
      {"TXT", "\"(not a parenthesis)\""},
      {"TXT", "\"" + std::string(255, 'x') + "\""},
      {"TXT", "\"" + std::string(255, 'x') + "\" \"" + std::string(255, 'y') + "\""},
      {"TXT", R"(\# 3 026162)"},
      {"SPF", R"("v=spf1 -all")"},
      {"SRV", "0 65535 443 Target.example.com."},
      {"SRV", "0 0 0 ."},
      {"CAA", R"(0 issue "ca.example.net; policy=ev")"},
      {"CAA", R"(128 IODEF "mailto:a@example.com")"},
      {"CAA", R"(0 issuewild ";")"},
      {"CAA", "0 issue ca.example.net", std::string("\0\5issueca.example.net", 21)},
      {"TLSA", "3 1 1 0123456789ABCDEF0123456789abcdef 0123456789abcdef0123456789abcdef"},
      {"SMIMEA", "3 0 0 ab cd"},
      {"DS", "60485 5 1 ( 2BB183AF5F22588179A53B0A 98631FAD1A292118 )"},
      {"DS", "60485 RSASHA256 2 2bb183af"},
      {"CDS", "0 0 0 00"},
      {"CDNSKEY", "0 3 0 AA=="},
      {"DNSKEY",
       "256 3 5 ( AQPSKmynfzW4kyBv015MUG2DeIQ3 Cbl+BBZH4b/0PY1kxkmvHjcZc8no kfzj31GajIQKY+5CptLr3buXA10h "
       "WqTkF7H6RfoRqXQeogmMHfpftf6z Mv1LyBUgia7za6ZEzOJBOztyvhjL 742iU/TpPSEDhm2SNKLijfUppn1U "
       "aNvv4w== )"},
      {"DNSKEY", "257 3 ECDSAP256SHA256 AAAA"},
      {"RRSIG",
       "A 5 3 86400 20030322173103 ( 20030220173103 2642 example.com. oJB1W6WNGv+ldvQ3WDG0MQkg5IEhjRip8WTr "
       "PYGv07h108dUKGMeDPKijVCHX3DDKdfb+v6o )"},
      {"RRSIG", "TYPE65280 8 2 60 1 0 1 . AAAA"},
      {"RRSIG", "SOA 13 2 3600 20380119031408 20380119031407 65535 example.com. AAAA"},
      {"NSEC", "host.example.com. A MX RRSIG NSEC TYPE1234"},
      {"NSEC", "host.example.com. CAA A SVCB HTTPS TLSA"},
      {"NSEC3", "1 1 12 aabbccdd ( 2vptu5timamqttgl4luu9kg21e0aor3s A RRSIG )"},
      {"NSEC3", "1 0 0 - 2VPTU5TIMAMQTTGL4LUU9KG21E0AOR3S"},
      {"NSEC3PARAM", "1 0 0 -"},
      {"NSEC3PARAM", "1 0 12 AABBCCDD"},
      {"NAPTR", R"(100 50 "s" "http+I2R" "" _http._tcp.example.com.)"},
      {"NAPTR", R"(100 10 "" "" "!^urn:cid:.+@([^\\.]+\\.)(.*)$!\\2!i" .)"},
      {"NAPTR", R"(100 10 u E2U+sip "!^.*$!sip:info@example.com!" .)"},
      {"SSHFP", "4 2 0123456789abcdef"},
      {"SSHFP", "1 1 AA BB CC"},
      {"SVCB", "0 foo.example.com."},
      {"SVCB", "1 ."},
      {"SVCB", "16 foo.example.com. port=53"},
      {"SVCB", "1 foo.example.com. key667=hello"},
      {"SVCB", R"(1 foo.example.com. key667="hello\210qoo")"},
      {"SVCB", R"(1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1")"},
      {"SVCB", "1 example.com. ipv6hint=2001:db8:122:344::192.0.2.33"},
      {"SVCB", "16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1"},
      {"SVCB", "16 foo.example.org. mandatory=alpn,ipv4hint alpn=\"h2,h3-19\" ipv4hint=\"192.0.2.1\""},
      {"SVCB", R"(16 foo.example.org. alpn=f\\\092oo\092,bar,h2)",
       std::string("\0\20\3foo\7example\3org\0\0\1\0\14\10f\\oo,bar\2h2", 35)},
      {"SVCB", R"(16 foo.example.org. alpn="f\\\\oo\\,bar,h2")",
       std::string("\0\20\3foo\7example\3org\0\0\1\0\14\10f\\oo,bar\2h2", 35)},
      {"HTTPS", "1 . alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AEj+DQBEAQAg"},
      {"HTTPS", "1 . ech=\"AEj+DQBEAQAg\" alpn=h3"},
      {"HTTPS", "0 Cdn.example.net."},
      {"HTTPS", "1 . dohpath=/dns-query{?dns}"},
      {"DNAME", "example.net."},
      {"HINFO", R"("PC" "Linux; any")"},
      {"URI", R"(10 1 "https://example.com/a;b")"},
      {"CERT", "PKIX 1 RSASHA1 AQID"},
      {"LOC", "42 21 54 N 71 06 18 W -24m 30m"},
      {"LOC", "52 22 23.000 N 4 53 32.000 E -2.00m 1m 10000m 10m"},
      {"LOC", "52 N 105 W 10m"},
      {"APL", "1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8"},
      {"IPSECKEY", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtu"},
      {"IPSECKEY", "10 3 2 mygateway.example.com. AQNRU3mG7TVTO2BkR47usntb102uFJtu"},
      {"IPSECKEY", "10 0 2 . AQNRU3mG7TVTO2BkR47usntb102uFJtu"},
      {"EUI48", "00-00-5e-00-53-2a"},
      {"EUI64", "00-00-5e-ef-10-00-00-2a"},
      {"NID", "10 0014:4fff:ff20:ee64"},
      {"L32", "10 10.1.2.0"},
      {"L64", "10 2001:0DB8:1140:1000"},
      {"LP", "10 l64-subnet1.example.com."},
      {"OPENPGPKEY", "AQID BAUG"},
      {"CSYNC", "66 3 A NS AAAA"},
      {"ZONEMD",
       "2018031500 1 1 "
       "FEBE3D4CE2EC2FFA4BA99D46CD69D6D29711E55217057BEE7EB1A7B641A47BA7FED2DD5B97AE499FAFA4F22C6BD647DE"},
      {"TYPE65280", R"(\# 0)"},
      {"TYPE65280", R"(\# 4 DE AD BE EF)"},
      {"TYPE1", R"(\# 4 C0000201)"},
      {"TYPE16", R"(\# 2 0161)"},
  };
  return kTexts;
}

TEST_CASE("what people write means the same to both", "[oracle]") {
  for (const Text& row : texts()) {
    INFO(row.type << " " << row.text);
    const auto type = net::find_record_type(row.type);
    REQUIRE(type);
    net::Message message;
    message.qr = true;
    message.answer.push_back({*DomainName::from_text("x.example.com"), *type, net::RecordClass::kIn, 60, row.text});
    const auto wire = net::encode(message);
    if (!wire) {
      FAIL_CHECK(wire.error().message);
      continue;
    }
    const auto packet = read_message(*wire);
    if (!packet) {
      FAIL_CHECK(packet.error().message);
      continue;
    }
    REQUIRE(packet->answer.size() == 1);
    if (!row.rdata.empty()) {
      CHECK(to_hex(packet->answer[0].rdata) == to_hex(row.rdata));
      continue;
    }
    const auto line = read_line(fmt::format("x.example.com. 60 IN {} {}", row.type, row.text));
    if (!line) {
      FAIL_CHECK(line.error().message);
      continue;
    }
    CHECK(packet->answer[0] == *line);
  }
}

}  // namespace
}  // namespace cutover::oracle
