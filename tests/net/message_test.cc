#include "net/message.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "core/text.h"

namespace cutover::net {
namespace {

using namespace std::string_literals;

DomainName name(std::string_view text) { return *DomainName::from_text(text); }

std::string unhex(std::string_view hex) {
  std::string out;
  std::string digits;
  for (const char c : hex)
    if (c != ' ') digits += c;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2)
    out += static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16));
  return out;
}

struct Written {
  RecordType type;
  std::string text;
  std::string canonical;
};

TEST_CASE("rdata that people and providers write has one canonical form", "[rdata]") {
  const auto row = GENERATE(
      Written{RecordType::kA, "192.0.2.1", "192.0.2.1"}, Written{RecordType::kA, R"(\# 4 c0000201)", "192.0.2.1"},
      Written{RecordType::kAaaa, "2001:DB8:0:0::1", "2001:db8::1"},
      Written{RecordType::kAaaa, "::ffff:192.0.2.1", "::ffff:192.0.2.1"},
      Written{RecordType::kCname, "LB.Example.NET.", "lb.example.net."},
      Written{RecordType::kCname, "lb", "lb.example.com."}, Written{RecordType::kCname, "@", "example.com."},
      Written{RecordType::kNs, R"(a\.b.c.)", R"(a\.b.c.)"}, Written{RecordType::kMx, "10 Mail", "10 mail.example.com."},
      Written{RecordType::kMx, "0 .", "0 ."}, Written{RecordType::kSrv, "1 2 443 Host.", "1 2 443 host."},
      Written{RecordType::kSoa, "ns1 host 7 1h 15m 1w 300", "ns1.example.com. host.example.com. 7 3600 900 604800 300"},
      Written{RecordType::kSoa, "( a. b. 4294967295\n 1 2 3 2147483647 )", "a. b. 4294967295 1 2 3 2147483647"},
      Written{RecordType::kTxt, "v=spf1", R"("v=spf1")"},
      Written{RecordType::kTxt, R"("v=spf1 ip4:192.0.2.1 -all")", R"("v=spf1 ip4:192.0.2.1 -all")"},
      Written{RecordType::kTxt, R"("a" "b")", R"("a" "b")"}, Written{RecordType::kTxt, R"("")", R"("")"},
      // A semicolon behind an escaped quote: part of the string.
      Written{RecordType::kTxt, R"("say \"x\"; \\ \007\255")", R"("say \"x\"; \\ \007\255")"},
      Written{RecordType::kTxt, "\"caf\xc3\xa9\"", R"("caf\195\169")"},
      Written{RecordType::kTxt, R"(a\ b\;c)", R"("a b;c")"},
      Written{RecordType::kCaa, R"(0 issue "letsencrypt.org; validationmethods=dns-01")",
              R"(0 issue "letsencrypt.org; validationmethods=dns-01")"},
      Written{RecordType::kCaa, "128 iodef mailto:x@example.com", R"(128 iodef "mailto:x@example.com")"},
      Written{RecordType::kHttps, "1 . alpn=\"h2,h3\" ipv4hint=192.0.2.1,192.0.2.2 port=443 ech=\"AAAA\"",
              "1 . alpn=h2,h3 port=443 ipv4hint=192.0.2.1,192.0.2.2 ech=AAAA"},
      Written{RecordType::kHttps, R"(1 . alpn="h2\\,x,h3")", R"(1 . alpn=h2\\,x,h3)"},
      Written{RecordType::kHttps, "0 Pool.Svc", "0 pool.svc.example.com."},
      Written{RecordType::kHttps, "16 foo mandatory=ipv4hint,alpn alpn=h2 ipv4hint=192.0.2.1",
              "16 foo.example.com. mandatory=alpn,ipv4hint alpn=h2 ipv4hint=192.0.2.1"},
      Written{RecordType::kSvcb, R"(1 . key667="he llo" no-default-alpn alpn=x)",
              R"(1 . alpn=x no-default-alpn key667="he llo")"},
      Written{RecordType::kSvcb, R"(1 . key667=hello\210qoo ipv6hint=2001:DB8::1)",
              R"(1 . ipv6hint=2001:db8::1 key667=hello\210qoo)"},
      Written{RecordType::kSvcb, "1 . dohpath=/q{?dns}", "1 . dohpath=/q{?dns}"},
      Written{RecordType::kSvcb, R"(1 . key1=\002h2)", "1 . alpn=h2"},
      Written{RecordType::kTlsa, "3 1 1 AABB CCDD", "3 1 1 aabbccdd"},
      Written{RecordType::kDs, "1 ECDSAP256SHA256 2 ABCD", "1 13 2 abcd"},
      Written{RecordType::kDnskey, "257 3 8 AwEA AQ==", "257 3 8 AwEAAQ=="},
      Written{RecordType::kRrsig, "A 13 2 300 20260101000000 20250101000000 1 X. AAAA",
              "A 13 2 300 20260101000000 20250101000000 1 x. AAAA"},
      Written{RecordType::kNsec, "b. TYPE0 A", "b. TYPE0 A"},
      Written{RecordType::kNsec, "b. A TYPE65280 CAA", "b. A CAA TYPE65280"},
      Written{RecordType::kNsec3, "1 0 0 - 0P9MHAVEQVM6T7VBL5LOP2U3T2RP3TOM A RRSIG",
              "1 0 0 - 0p9mhaveqvm6t7vbl5lop2u3t2rp3tom A RRSIG"},
      Written{RecordType::kNaptr, R"(1 1 "U" "E2U+sip" "!^.*$!sip:a@b!" .)", R"(1 1 "U" "E2U+sip" "!^.*$!sip:a@b!" .)"},
      Written{RecordType::kSshfp, "1 2 AABB", "1 2 aabb"},
      Written{static_cast<RecordType>(65280), R"(\# 3 0A0b0C)", R"(\# 3 0a0b0c)"},
      Written{static_cast<RecordType>(65280), R"(\# 0)", R"(\# 0)"},
      Written{static_cast<RecordType>(29), "52 22 23.000 N 4 53 32 E -2.00m 0.00m 10000m 10m",
              "52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000.00m 10.00m"},
      Written{static_cast<RecordType>(29), "90 S 180 W 42849672.95",
              "90 0 0.000 S 180 0 0.000 W 42849672.95m 1.00m 10000.00m 10.00m"},
      Written{static_cast<RecordType>(37), "PKIX 1 RSASHA256 AA AA", "1 1 8 AAAA"},
      Written{static_cast<RecordType>(42), "1:192.0.2.0/24 !2:2001:DB8::/32", "1:192.0.2.0/24 !2:2001:db8::/32"},
      Written{static_cast<RecordType>(45), "10 1 2 192.0.2.1 AA AA", "10 1 2 192.0.2.1 AAAA"},
      Written{static_cast<RecordType>(45), "10 3 0 gw", "10 3 0 gw.example.com."},
      Written{static_cast<RecordType>(45), "10 0 2 . AAAA", "10 0 2 . AAAA"},
      Written{static_cast<RecordType>(45), "10 2 2 2001:DB8::1 AAAA", "10 2 2 2001:db8::1 AAAA"},
      Written{static_cast<RecordType>(104), "10 14:4FFF:ff20:ee64", "10 0014:4fff:ff20:ee64"},
      Written{static_cast<RecordType>(105), "10 192.0.2.1", "10 192.0.2.1"},
      Written{static_cast<RecordType>(108), "00-00-5E-00-53-2a", "00-00-5e-00-53-2a"},
      Written{static_cast<RecordType>(109), "00-00-5e-ef-10-00-00-2a", "00-00-5e-ef-10-00-00-2a"},
      Written{static_cast<RecordType>(256), R"(10 1 https://example.com/)", R"(10 1 "https://example.com/")"});
  INFO(row.text);
  const auto made = canonical_rdata(row.type, row.text, name("example.com"));
  if (!made) FAIL(made.error().message);
  CHECK(*made == row.canonical);
  const auto again = canonical_rdata(row.type, *made, DomainName());
  REQUIRE(again);
  CHECK(*again == *made);
}

struct Refused {
  RecordType type;
  std::string text;
  std::string says;
};

TEST_CASE("rdata that makes no sense is refused with the word that is wrong", "[rdata]") {
  const auto row = GENERATE(
      Refused{RecordType::kA, "192.0.2.300", "'192.0.2.300' stands where an IPv4 address belongs"},
      Refused{RecordType::kA, "2001:db8::1", "where an IPv4 address belongs"},
      Refused{RecordType::kA, "", "ends too early"},
      Refused{RecordType::kA, "192.0.2.1 192.0.2.2", "'192.0.2.2' stands behind its end"},
      Refused{RecordType::kMx, "mail.example.com.", "'mail.example.com.' stands where a number"},
      Refused{RecordType::kMx, "65536 a.", "0 to 65535"}, Refused{RecordType::kCname, "a..b", "empty label"},
      Refused{RecordType::kTxt, "v=DKIM1; p=abc", "put the string in quotes"},
      Refused{RecordType::kTxt, "\"open", "not closed"},
      Refused{RecordType::kTxt, "\"" + std::string(256, 'x') + "\"", "longer than 255"},
      Refused{RecordType::kTxt, "\"a\"\n\"b\"", "more than one line"},
      Refused{RecordType::kTxt, R"("\999")", "above 255"},
      Refused{RecordType::kHttps, "1 . alpn=h2 alpn=h3", "given twice"},
      Refused{RecordType::kHttps, "1 . ipv4hint=2001:db8::1", "addresses of its family"},
      Refused{RecordType::kHttps, "1 . bogus=1", "'bogus' is no SVCB parameter"},
      Refused{RecordType::kHttps, "1 . key4=abc", "no HTTPS data"},
      Refused{RecordType::kTlsa, "3 1 1 xyz", "hexadecimal"}, Refused{RecordType::kA, R"(\# 3 010203)", "no A data"},
      Refused{RecordType::kA, R"(\# 4 0102)", "4 bytes but 2"},
      Refused{static_cast<RecordType>(65280), "abc", "only be written as"},
      Refused{static_cast<RecordType>(29), "here and there", "no TYPE29 data"},
      Refused{static_cast<RecordType>(29), "91 N 4 E 0", "'91' stands where degrees"},
      Refused{static_cast<RecordType>(29), "90 1 N 4 E 0", "at most 90 degrees"},
      Refused{static_cast<RecordType>(29), "52 22 23.000 N 4 53", "ends too early"},
      Refused{static_cast<RecordType>(29), "52 N 4 E 0 1 1 1 1", "'1' stands behind its end"},
      Refused{static_cast<RecordType>(42), "1:2001:db8::/32", "FAMILY:ADDRESS/PREFIX"},
      Refused{static_cast<RecordType>(45), "10 1 2 2001:db8::1 AAAA", "the gateway's address"},
      Refused{static_cast<RecordType>(45), "10 1 2", "ends too early"},
      Refused{static_cast<RecordType>(108), "00-00-5e-00-53", "6 groups"},
      Refused{static_cast<RecordType>(55), "2 20 AA a.", "only be written as"});
  INFO(row.text);
  const auto made = canonical_rdata(row.type, row.text, name("example.com"));
  REQUIRE_FALSE(made);
  INFO(made.error().message);
  CHECK(made.error().message.find(row.says) != std::string::npos);
}

TEST_CASE("names in rdata are the targets", "[rdata]") {
  const auto targets = [](RecordType type, std::string_view text) {
    std::string out;
    for (const DomainName& target : names_in_rdata(type, text)) out += target.text() + " ";
    return out;
  };
  CHECK(targets(RecordType::kCname, "a.") == "a. ");
  CHECK(targets(RecordType::kMx, "10 m.x.") == "m.x. ");
  CHECK(targets(RecordType::kMx, "0 .").empty());
  CHECK(targets(RecordType::kSrv, "0 0 443 s.") == "s. ");
  CHECK(targets(RecordType::kHttps, "1 . alpn=h2").empty());
  CHECK(targets(RecordType::kHttps, "1 svc. ipv4hint=192.0.2.1") == "svc. ");
  CHECK(targets(RecordType::kSoa, "ns. host. 1 2 3 4 5") == "ns. ");
  CHECK(targets(RecordType::kTxt, R"("cname a.")").empty());
  CHECK(targets(RecordType::kA, "192.0.2.1").empty());
}

Record record(std::string_view owner, RecordType type, std::string rdata, std::uint32_t ttl = 60,
              RecordClass record_class = RecordClass::kIn) {
  return Record{name(owner), type, record_class, ttl, std::move(rdata)};
}

Message reply_with_everything() {
  Message message = make_query({name("www.example.com"), RecordType::kA}, Recursion::kDesired);
  message.qr = message.aa = message.ra = message.ad = message.cd = message.tc = true;
  message.rcode = Rcode::kNxDomain;
  message.answer = {record("www.example.com", RecordType::kCname, "web.example.com."),
                    record("web.example.com", RecordType::kA, "192.0.2.1"),
                    record("web.example.com", RecordType::kHttps, "1 . alpn=h2,h3"),
                    record("web.example.com", RecordType::kTxt, R"("a b" "c;\"d")"),
                    record("web.example.com", static_cast<RecordType>(65280), R"(\# 2 0102)")};
  message.authority = {record("example.com", RecordType::kSoa, "ns1.example.com. h.example.com. 1 2 3 4 5"),
                       record("example.com", RecordType::kNs, "ns1.example.com.", 0xffffffffU)};
  message.additional = {record("ns1.example.com", RecordType::kAaaa, "2001:db8::53")};
  message.edns->dnssec_ok = true;
  message.edns->extended_error = 3;
  message.edns->extended_error_text = "stale\x01";
  message.edns->nsid = "site-1\0x"s;
  return message;
}

Message update_of_every_form() {
  // RFC 2136 sections 2.4 and 2.5, one record of each form.
  Message message;
  message.opcode = Opcode::kUpdate;
  message.question = {{name("example.com"), RecordType::kSoa, RecordClass::kIn}};
  message.answer = {record("a.example.com", RecordType::kA, "", 0, RecordClass::kAny),
                    record("a.example.com", RecordType::kA, "192.0.2.1", 0),
                    record("b.example.com", RecordType::kAny, "", 0, RecordClass::kAny),
                    record("c.example.com", RecordType::kTxt, "", 0, RecordClass::kNone)};
  message.authority = {record("a.example.com", RecordType::kA, "", 0, RecordClass::kAny),
                       record("a.example.com", RecordType::kA, "192.0.2.2", 0, RecordClass::kNone),
                       record("a.example.com", RecordType::kA, "192.0.2.3", 300),
                       record("d.example.com", RecordType::kAny, "", 0, RecordClass::kAny)};
  return message;
}

Message chaos_query() {
  Message message = make_query({name("id.server"), RecordType::kTxt, RecordClass::kCh}, Recursion::kNotDesired);
  message.edns->want_nsid = true;
  message.answer = {record("id.server", RecordType::kTxt, R"("ams1")", 0, RecordClass::kCh),
                    record("id.server", RecordType::kA, R"(\# 3 010203)", 0, RecordClass::kCh)};
  return message;
}

Message extended_rcode() {
  Message message = make_query({name("."), RecordType::kNs}, Recursion::kNotDesired);
  message.rcode = Rcode::kBadKey;
  return message;
}

TEST_CASE("decoding what was encoded gives the same message", "[message]") {
  const Message message =
      GENERATE(Message{}, reply_with_everything(), update_of_every_form(), chaos_query(), extended_rcode());
  const auto wire = encode(message);
  if (!wire) FAIL(wire.error().message);
  const auto back = decode(*wire);
  if (!back) FAIL(back.error().message);
  CHECK(*back == message);
  CHECK(*encode(*back) == *wire);
}

TEST_CASE("owner names are compressed", "[message]") {
  Message message;
  message.question = {{name("www.example.com"), RecordType::kA, RecordClass::kIn}};
  message.answer = {record("www.example.com", RecordType::kA, "192.0.2.1")};
  CHECK(encode(message)->size() == 12 + 17 + 4 + 2 + 10 + 4);
}

TEST_CASE("what cannot be put on the wire is an error", "[message]") {
  Message message;
  SECTION("rdata that does not parse") {
    message.answer = {record("x", RecordType::kA, "nonsense")};
    CHECK(encode(message).error().message.find("'nonsense' is no A data") != std::string::npos);
  }
  SECTION("more than 65535 bytes") {
    for (int i = 0; i < 300; ++i)
      message.answer.push_back(record("x", RecordType::kTxt, "\"" + std::string(250, 'x') + "\""));
    CHECK(encode(message).error().message.find("65535") != std::string::npos);
  }
  SECTION("an extended response code without EDNS") {
    message.rcode = Rcode::kBadTime;
    CHECK_FALSE(encode(message));
  }
}

struct Malformed {
  std::string what;
  std::string wire;
};

TEST_CASE("malformed messages are refused, whatever they hold", "[message]") {
  const std::string header = unhex("0001 8000 0001 0000 0000 0000");
  const std::string answer_header = unhex("0001 8000 0000 0001 0000 0000");
  const auto row = GENERATE_COPY(
      Malformed{"nothing", ""}, Malformed{"half a header", unhex("00018000")},
      Malformed{"a question that is not there", header},
      Malformed{"a name that points at itself", header + unhex("c00c 0001 0001")},
      Malformed{"names that point at each other", header + unhex("c00e c00c 0001 0001")},
      Malformed{"a loop through a label", header + unhex("0161 c00c 0001 0001")},
      Malformed{"a pointer forward", header + unhex("c020 0001 0001")},
      Malformed{"a pointer cut in half", header + unhex("c0")},
      Malformed{"a label type of the future", header + unhex("4161 00 0001 0001")},
      Malformed{"a name longer than 255", header +
                                              [] {
                                                std::string labels;
                                                for (int i = 0; i < 5; ++i) labels += '\x3f' + std::string(63, 'a');
                                                return labels;
                                              }() +
                                              unhex("00 0001 0001")},
      Malformed{"A data of 3 bytes", answer_header + unhex("00 0001 0001 00000000 0003 010203")},
      Malformed{"empty A data in class IN", answer_header + unhex("00 0001 0001 00000000 0000")},
      Malformed{"data beyond the end", answer_header + unhex("00 0001 0001 00000000 ffff 01020304")},
      Malformed{"an MX whose name leaves its data", answer_header + unhex("00 000f 0001 00000000 0003 000a 01 61 00")},
      Malformed{"a TXT string longer than its data", answer_header + unhex("00 0010 0001 00000000 0002 0561")},
      Malformed{"bytes behind the end", unhex("0001 8000 0000 0000 0000 0000 00")},
      Malformed{"OPT as an answer", answer_header + unhex("00 0029 0200 00000000 0000")},
      Malformed{"two OPT records",
                unhex("0001 8000 0000 0000 0000 0002 00 0029 0200 00000000 0000 00 0029 0200 00000000 0000")},
      Malformed{"an EDNS option cut off", unhex("0001 8000 0000 0000 0000 0001 00 0029 0200 00000000 0003 000f00")},
      Malformed{"TSIG that is not last",
                unhex("0001 8000 0000 0000 0000 0002 00 00fa 00ff 00000000 0000 00 0001 0001 00000000 0004 01020304")},
      Malformed{"64 KB of noise", std::string(65535, '\x5a')},
      Malformed{"64 KB of pointers", std::string(65534, '\xc0')},
      Malformed{"more than a message can be", std::string(70000, '\0')});
  INFO(row.what);
  const auto message = decode(row.wire);
  REQUIRE_FALSE(message);
  CHECK(message.error().code == ErrorCode::kInvalid);
}

TEST_CASE("compressed names inside rdata are read", "[message]") {
  // example.com MX 10 mail.example.com, the name compressed against the question.
  const auto message =
      decode(unhex("0001 8400 0001 0001 0000 0000 07 6578616d706c65 03 636f6d 00 000f 0001"
                   "c00c 000f 0001 0000003c 0009 000a 04 6d61696c c00c"));
  REQUIRE(message);
  CHECK(message->aa);
  CHECK(message->answer.at(0) == record("example.com", RecordType::kMx, "10 mail.example.com."));
}

TEST_CASE("a TSIG record at the end is not part of the message", "[message]") {
  const auto message = decode(unhex("0001 8000 0000 0000 0000 0001 00 00fa 00ff 00000000 0002 0102"));
  REQUIRE(message);
  CHECK(message->additional.empty());
}

TEST_CASE("sets are gathered per name and type, class IN only, at the smallest TTL", "[message]") {
  const std::vector<Record> section{
      record("a", RecordType::kA, "192.0.2.2", 300), record("b", RecordType::kA, "192.0.2.9"),
      record("a", RecordType::kA, "192.0.2.1", 60), record("a", RecordType::kA, "192.0.2.1", 60),
      record("a", RecordType::kA, "192.0.2.7", 1, RecordClass::kNone)};
  const RecordSet expected{name("a"), RecordType::kA, Seconds(60), {"192.0.2.1", "192.0.2.2"}};
  CHECK(find_set(section, expected.key()) == expected);
  CHECK_FALSE(find_set(section, {name("a"), RecordType::kAaaa}));
  const auto sets = record_sets(section);
  REQUIRE(sets.size() == 2);
  CHECK(sets[0] == expected);
  CHECK(find_set(to_records(expected), expected.key()) == expected);
  // RFC 2181 section 8.
  CHECK(find_set({record("a", RecordType::kA, "192.0.2.1", 0x80000000U)}, expected.key())->ttl == Seconds(0));
}

TEST_CASE("response codes have their names", "[message]") {
  CHECK(to_text(Rcode::kNxRrset) == "NXRRSET");
  CHECK(to_text(static_cast<Rcode>(4000)) == "RCODE4000");
}

}  // namespace
}  // namespace cutover::net
