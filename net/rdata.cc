#include "net/rdata.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <ctime>
#include <initializer_list>
#include <map>
#include <utility>

#include "core/endpoint.h"
#include "core/text.h"
#include "net/message.h"
#include "net/wire.h"

// Every type whose layout is a run of simple fields is one line of the table below; each kind of field has a reader
// and a writer. Types with a grammar of their own are in rare_rdata.cc and svcb.cc.
//
// Not through ldns: it leaks memory on malformed data (IPSECKEY), which anybody may send, and reads or writes some
// types against their RFC. tests/net_oracle holds this file against it and lists where they differ.

namespace cutover::net {
namespace {

enum class Field {
  kName,
  kU8,
  kU16,
  kU32,
  kPeriod,     // u32; may be written 1h30m
  kAlgorithm,  // u8; may be written as a DNSSEC mnemonic
  kCertType,   // u16; may be written as a mnemonic (RFC 4398 section 2.1)
  kType,       // u16; written as a type's name
  kTime,       // u32; written YYYYMMDDHHmmSS (RFC 4034 section 3.2)
  kV4,
  kV6,
  kString,      // <character-string>
  kStrings,     // one or more of them, to the end
  kLongString,  // the rest, as one quoted string (CAA, URI)
  kTag,         // a <character-string> of letters and digits, written without quotes (CAA)
  kHex,         // the rest
  kBase64,      // the rest
  kSalt,        // one length octet; written as hexadecimal or `-` (NSEC3)
  kHash,        // one length octet; written as base32hex (NSEC3)
  kTypes,       // type bitmap (RFC 4034 section 4.1.2), the rest
  kSvcParams,   // the rest
};

using Layout = std::vector<Field>;

const Layout* layout_of(RecordType type) {
  using enum Field;
  static const std::map<unsigned, Layout> kLayouts{
      {1, {kV4}},
      {2, {kName}},                                                              // NS
      {3, {kName}},                                                              // MD
      {4, {kName}},                                                              // MF
      {5, {kName}},                                                              // CNAME
      {6, {kName, kName, kU32, kPeriod, kPeriod, kPeriod, kPeriod}},             // SOA
      {7, {kName}},                                                              // MB
      {8, {kName}},                                                              // MG
      {9, {kName}},                                                              // MR
      {12, {kName}},                                                             // PTR
      {13, {kString, kString}},                                                  // HINFO
      {14, {kName, kName}},                                                      // MINFO
      {15, {kU16, kName}},                                                       // MX
      {16, {kStrings}},                                                          // TXT
      {17, {kName, kName}},                                                      // RP
      {18, {kU16, kName}},                                                       // AFSDB
      {19, {kString}},                                                           // X25
      {21, {kU16, kName}},                                                       // RT
      {24, {kType, kAlgorithm, kU8, kU32, kTime, kTime, kU16, kName, kBase64}},  // SIG
      {25, {kU16, kU8, kAlgorithm, kBase64}},                                    // KEY
      {26, {kU16, kName, kName}},                                                // PX
      {28, {kV6}},
      {33, {kU16, kU16, kU16, kName}},                                           // SRV
      {35, {kU16, kU16, kString, kString, kString, kName}},                      // NAPTR
      {36, {kU16, kName}},                                                       // KX
      {37, {kCertType, kU16, kAlgorithm, kBase64}},                              // CERT
      {39, {kName}},                                                             // DNAME
      {43, {kU16, kAlgorithm, kU8, kHex}},                                       // DS
      {44, {kU8, kU8, kHex}},                                                    // SSHFP
      {46, {kType, kAlgorithm, kU8, kU32, kTime, kTime, kU16, kName, kBase64}},  // RRSIG
      {47, {kName, kTypes}},                                                     // NSEC
      {48, {kU16, kU8, kAlgorithm, kBase64}},                                    // DNSKEY
      {49, {kBase64}},                                                           // DHCID
      {50, {kU8, kU8, kU16, kSalt, kHash, kTypes}},                              // NSEC3
      {51, {kU8, kU8, kU16, kSalt}},                                             // NSEC3PARAM
      {52, {kU8, kU8, kU8, kHex}},                                               // TLSA
      {53, {kU8, kU8, kU8, kHex}},                                               // SMIMEA
      {59, {kU16, kAlgorithm, kU8, kHex}},                                       // CDS
      {60, {kU16, kU8, kAlgorithm, kBase64}},                                    // CDNSKEY
      {61, {kBase64}},                                                           // OPENPGPKEY
      {62, {kU32, kU16, kTypes}},                                                // CSYNC
      {63, {kU32, kU8, kU8, kHex}},                                              // ZONEMD
      {64, {kU16, kName, kSvcParams}},                                           // SVCB
      {65, {kU16, kName, kSvcParams}},                                           // HTTPS
      {99, {kStrings}},                                                          // SPF
      {105, {kU16, kV4}},                                                        // L32
      {107, {kU16, kName}},                                                      // LP
      {256, {kU16, kU16, kLongString}},                                          // URI
      {257, {kU8, kTag, kLongString}},                                           // CAA
      {258, {kStrings}},                                                         // AVC
      {32769, {kU16, kAlgorithm, kU8, kHex}},                                    // DLV
  };
  const auto at = kLayouts.find(static_cast<unsigned>(type));
  return at == kLayouts.end() ? nullptr : &at->second;
}

// --- fields as text -------------------------------------------------------------------------------------------

std::string types_to_text(WireReader& in) {
  std::string out;
  int last_window = -1;
  while (!in.at_end() && !in.failed()) {
    const int window = in.u8();
    const std::string_view bits = in.character_string();
    if (window <= last_window || bits.empty() || bits.size() > 32) in.fail();
    last_window = window;
    for (std::size_t i = 0; i < bits.size() * 8; ++i)
      if ((static_cast<unsigned char>(bits[i / 8]) & (0x80U >> (i % 8))) != 0)
        out += (out.empty() ? "" : " ") + to_text(static_cast<RecordType>(window * 256 + static_cast<int>(i)));
  }
  return out;
}

std::string time_to_text(std::uint32_t seconds) {
  const std::time_t time = seconds;
  std::tm tm{};
  gmtime_r(&time, &tm);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
}

constexpr std::string_view kBase32Hex = "0123456789abcdefghijklmnopqrstuv";

std::string to_base32hex(std::string_view bytes) {
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xffffU;
    for (held += 8; held >= 5; held -= 5) out += kBase32Hex[bits >> (held - 5) & 0x1fU];
  }
  if (held > 0) out += kBase32Hex[bits << (5 - held) & 0x1fU];
  return out;
}

std::string field_to_text(Field field, WireReader& in) {
  switch (field) {
    case Field::kName:
      return in.name().text();
    case Field::kU8:
    case Field::kAlgorithm:
      return std::to_string(in.u8());
    case Field::kU16:
    case Field::kCertType:
      return std::to_string(in.u16());
    case Field::kU32:
    case Field::kPeriod:
      return std::to_string(in.u32());
    case Field::kType:
      return to_text(static_cast<RecordType>(in.u16()));
    case Field::kTime:
      return time_to_text(in.u32());
    case Field::kV4:
    case Field::kV6: {
      const auto address = IpAddress::from_bytes(in.bytes(field == Field::kV4 ? 4 : 16));
      return address ? address->text() : std::string();
    }
    case Field::kString:
      return quote(in.character_string());
    case Field::kStrings: {
      std::string out = quote(in.character_string());
      while (!in.at_end() && !in.failed()) out += " " + quote(in.character_string());
      return out;
    }
    case Field::kLongString:
      return quote(in.rest());
    case Field::kTag: {
      const std::string_view tag = in.character_string();
      const bool plain = std::all_of(tag.begin(), tag.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      });
      if (tag.empty() || !plain) in.fail();
      return std::string(tag);
    }
    case Field::kHex:
      return to_hex(in.rest());
    case Field::kBase64:
      return to_base64(in.rest());
    case Field::kSalt: {
      const std::string_view salt = in.character_string();
      return salt.empty() ? "-" : to_hex(salt);
    }
    case Field::kHash: {
      const std::string_view hash = in.character_string();
      if (hash.empty()) in.fail();
      return to_base32hex(hash);
    }
    case Field::kTypes:
      return types_to_text(in);
    case Field::kSvcParams: {
      auto text = svc_params_to_text(in.rest());
      if (!text) in.fail();
      return text.value_or("");
    }
  }
  return {};
}

std::string generic_text(std::string_view rdata) {
  if (rdata.empty()) return "\\# 0";
  return fmt::format("\\# {} {}", rdata.size(), to_hex(rdata));
}

// --- fields as wire -------------------------------------------------------------------------------------------

Error wanted(std::string_view what, std::string_view got) {
  return fail(ErrorCode::kInvalid, fmt::format("'{}' stands where {} belongs", printable(got), what));
}

Result<std::uint32_t> number(std::string_view word, std::uint32_t most) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc{} || end != word.data() + word.size() || value > most)
    return wanted(fmt::format("a number from 0 to {}", most), word);
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> algorithm(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, unsigned>, 16> kNames{{{"rsamd5", 1},
                                                                          {"dh", 2},
                                                                          {"dsa", 3},
                                                                          {"rsasha1", 5},
                                                                          {"dsa-nsec3-sha1", 6},
                                                                          {"rsasha1-nsec3-sha1", 7},
                                                                          {"rsasha256", 8},
                                                                          {"rsasha512", 10},
                                                                          {"ecc-gost", 12},
                                                                          {"ecdsap256sha256", 13},
                                                                          {"ecdsap384sha384", 14},
                                                                          {"ed25519", 15},
                                                                          {"ed448", 16},
                                                                          {"indirect", 252},
                                                                          {"privatedns", 253},
                                                                          {"privateoid", 254}}};
  const std::string lower = to_lower(word);
  for (const auto& [name, value] : kNames)
    if (name == lower) return value;
  return number(word, 255);
}

Result<std::uint32_t> cert_type(std::string_view word) {
  constexpr std::array<std::string_view, 8> kNames{"pkix",  "spki", "pgp",    "ipkix",
                                                   "ispki", "ipgp", "acpkix", "iacpkix"};
  const std::string lower = to_lower(word);
  for (std::uint32_t i = 0; i < kNames.size(); ++i)
    if (kNames[i] == lower) return i + 1;
  return number(word, 65535);
}

Result<std::uint32_t> moment(std::string_view word) {
  if (word.size() != 14) return number(word, 0xffffffffU);
  const std::string text = fmt::format("{}-{}-{}T{}:{}:{}Z", word.substr(0, 4), word.substr(4, 2), word.substr(6, 2),
                                       word.substr(8, 2), word.substr(10, 2), word.substr(12, 2));
  const auto instant = parse_instant(text);
  const auto seconds = instant ? std::chrono::floor<Seconds>(*instant).time_since_epoch().count() : -1;
  if (seconds < 0 || seconds > 0xffffffffLL) return wanted("a time as YYYYMMDDHHmmSS", word);
  return static_cast<std::uint32_t>(seconds);
}

std::optional<std::string> from_hex(std::string_view text) {
  std::string out;
  if (text.size() % 2 != 0) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, value, 16);
    if (error != std::errc{} || end != text.data() + i + 2) return std::nullopt;
    put_u8(out, value);
  }
  return out;
}

std::optional<std::string> from_base32hex(std::string_view text) {
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : to_lower(text)) {
    const auto value = kBase32Hex.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 5 | static_cast<unsigned>(value)) & 0xffffU;
    held += 5;
    if (held < 8) continue;
    held -= 8;
    put_u8(out, bits >> held);
  }
  return out;
}

Result<std::string> character_string(std::string_view word) {
  auto bytes = unescape(word);
  if (!bytes) return bytes.error();
  if (bytes->size() > 255)
    return fail(
        ErrorCode::kInvalid,
        fmt::format("a string of {} bytes is longer than 255; split it into several quoted strings", bytes->size()));
  std::string out;
  put_u8(out, static_cast<unsigned>(bytes->size()));
  return out + *bytes;
}

Result<std::string> types_to_wire(const std::vector<Token>& words) {
  std::map<unsigned, std::string> windows;
  for (const Token& word : words) {
    const auto type = find_record_type(word.text);
    if (!type) return wanted("a record type", word.text);
    const auto value = static_cast<unsigned>(*type);
    std::string& bits = windows[value / 256];
    const std::size_t byte = value % 256 / 8;
    if (bits.size() <= byte) bits.resize(byte + 1);
    bits[byte] = static_cast<char>(static_cast<unsigned char>(bits[byte]) | 0x80U >> (value % 8));
  }
  std::string out;
  for (const auto& [window, bits] : windows) {
    put_u8(out, window);
    put_u8(out, static_cast<unsigned>(bits.size()));
    out += bits;
  }
  return out;
}

/// Walks over the words of one record's data.
class FieldWriter {
 public:
  FieldWriter(const std::vector<Token>& words, const DomainName& origin) : words_(words), origin_(origin) {}

  Result<void> write(Field field) {
    switch (field) {
      case Field::kStrings:
        return strings();
      case Field::kHex:
      case Field::kBase64:
        return blob(field);
      case Field::kTypes:
        return append(types_to_wire(take_rest()));
      case Field::kSvcParams:
        return append(svc_params_to_wire(take_rest()));
      default:
        break;
    }
    if (next_ >= words_.size()) return fail(ErrorCode::kInvalid, "it ends too early");
    return one(field, words_[next_++].text);
  }
  Result<std::string> finish() {
    if (next_ < words_.size())
      return fail(ErrorCode::kInvalid, fmt::format("'{}' stands behind its end", printable(words_[next_].text)));
    if (out_.size() > 65535) return fail(ErrorCode::kInvalid, "it is longer than 65535 bytes");
    return out_;
  }

 private:
  Result<void> one(Field field, const std::string& word) {
    switch (field) {
      case Field::kName: {
        auto name = DomainName::from_text(word, origin_);
        if (!name) return name.error();
        out_ += name->wire();
        return {};
      }
      case Field::kU8:
        return integer(number(word, 0xff), 1);
      case Field::kAlgorithm:
        return integer(algorithm(word), 1);
      case Field::kCertType:
        return integer(cert_type(word), 2);
      case Field::kU16:
        return integer(number(word, 0xffff), 2);
      case Field::kU32:
        return integer(number(word, 0xffffffffU), 4);
      case Field::kTime:
        return integer(moment(word), 4);
      case Field::kPeriod: {
        if (auto plain = number(word, 0xffffffffU)) return integer(plain, 4);
        const auto period = parse_duration(to_lower(word));
        if (!period || period->count() > 0xffffffffLL) return wanted("a time in seconds, or as 1h30m,", word);
        return integer(static_cast<std::uint32_t>(period->count()), 4);
      }
      case Field::kType: {
        const auto type = find_record_type(word);
        if (!type) return wanted("a record type", word);
        return integer(static_cast<std::uint32_t>(*type), 2);
      }
      case Field::kV4:
      case Field::kV6: {
        const auto address = IpAddress::from_text(word);
        const Family family = field == Field::kV4 ? Family::kV4 : Family::kV6;
        if (!address || address->family() != family)
          return wanted(family == Family::kV4 ? "an IPv4 address" : "an IPv6 address", word);
        out_ += address->bytes();
        return {};
      }
      case Field::kString:
        return append(character_string(word));
      case Field::kLongString:
        return append(unescape(word));
      case Field::kTag:
        return append(character_string(word));
      case Field::kSalt: {
        const auto salt = word == "-" ? std::string() : from_hex(word);
        if (!salt || salt->size() > 255) return wanted("a salt in hexadecimal, or '-',", word);
        return counted_bytes(*salt);
      }
      case Field::kHash: {
        const auto hash = from_base32hex(word);
        if (!hash || hash->size() > 255) return wanted("a hash in base32hex", word);
        return counted_bytes(*hash);
      }
      case Field::kStrings:
      case Field::kHex:
      case Field::kBase64:
      case Field::kTypes:
      case Field::kSvcParams:
        break;
    }
    return fail(ErrorCode::kInternal, "a field of many words was read as one word");
  }

  Result<void> strings() {
    if (next_ >= words_.size()) return fail(ErrorCode::kInvalid, "it has no string");
    for (const Token& word : take_rest())
      if (auto done = append(character_string(word.text)); !done) return done;
    return {};
  }

  Result<void> blob(Field field) {
    std::string text;
    for (const Token& word : take_rest()) text += word.text;
    const auto bytes = field == Field::kHex ? from_hex(text) : from_base64(text);
    if (!bytes) return wanted(field == Field::kHex ? "hexadecimal" : "base64", text);
    out_ += *bytes;
    return {};
  }

  Result<void> counted_bytes(const std::string& bytes) {
    put_u8(out_, static_cast<unsigned>(bytes.size()));
    out_ += bytes;
    return {};
  }
  Result<void> integer(const Result<std::uint32_t>& value, int bytes) {
    if (!value) return value.error();
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) put_u8(out_, *value >> shift);
    return {};
  }
  Result<void> append(const Result<std::string>& bytes) {
    if (!bytes) return bytes.error();
    out_ += *bytes;
    return {};
  }
  std::vector<Token> take_rest() {
    std::vector<Token> rest(words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end());
    next_ = words_.size();
    return rest;
  }

  const std::vector<Token>& words_;
  const DomainName& origin_;
  std::size_t next_ = 0;
  std::string out_;
};

Result<std::string> generic_to_wire(const std::vector<Token>& words) {
  if (words.size() < 2) return fail(ErrorCode::kInvalid, "the generic form is \\# LENGTH HEX (RFC 3597)");
  const auto length = number(words[1].text, 65535);
  if (!length) return length.error();
  std::string hex;
  for (std::size_t i = 2; i < words.size(); ++i) hex += words[i].text;
  const auto bytes = from_hex(hex);
  if (!bytes) return wanted("hexadecimal", hex);
  if (bytes->size() != *length)
    return fail(ErrorCode::kInvalid, fmt::format("\\# says {} but {} follow", counted(*length, "byte"), bytes->size()));
  return *bytes;
}

}  // namespace

std::optional<RecordType> find_record_type(std::string_view word) {
  if (auto type = record_type_from_text(word)) return *type;
  // Every name in the IANA registry that core has no use for; a type bitmap may name any of them.
  static const std::map<std::string, unsigned> kMore{
      {"md", 3},        {"mf", 4},          {"mb", 7},      {"mg", 8},        {"mr", 9},       {"null", 10},
      {"wks", 11},      {"hinfo", 13},      {"minfo", 14},  {"rp", 17},       {"afsdb", 18},   {"x25", 19},
      {"isdn", 20},     {"rt", 21},         {"nsap", 22},   {"nsap-ptr", 23}, {"sig", 24},     {"key", 25},
      {"px", 26},       {"gpos", 27},       {"loc", 29},    {"nxt", 30},      {"eid", 31},     {"nimloc", 32},
      {"atma", 34},     {"kx", 36},         {"cert", 37},   {"a6", 38},       {"sink", 40},    {"apl", 42},
      {"ipseckey", 45}, {"dhcid", 49},      {"smimea", 53}, {"hip", 55},      {"ninfo", 56},   {"rkey", 57},
      {"talink", 58},   {"openpgpkey", 61}, {"csync", 62},  {"dsync", 66},    {"hhit", 67},    {"brid", 68},
      {"uinfo", 100},   {"uid", 101},       {"gid", 102},   {"unspec", 103},  {"nid", 104},    {"l32", 105},
      {"l64", 106},     {"lp", 107},        {"eui48", 108}, {"eui64", 109},   {"nxname", 128}, {"tkey", 249},
      {"mailb", 253},   {"maila", 254},     {"uri", 256},   {"avc", 258},     {"doa", 259},    {"amtrelay", 260},
      {"resinfo", 261}, {"wallet", 262},    {"cla", 263},   {"ipn", 264},     {"ta", 32768},   {"dlv", 32769}};
  // Reserved, and no type of a record; but nothing stops a bitmap from naming it.
  if (to_lower(word) == "type0") return static_cast<RecordType>(0);
  const auto at = kMore.find(to_lower(word));
  if (at == kMore.end()) return std::nullopt;
  return static_cast<RecordType>(at->second);
}

Result<std::string> rdata_to_text(RecordType type, std::string_view message, std::size_t at, std::size_t length) {
  if (at > message.size() || length > message.size() - at)
    return fail(ErrorCode::kInvalid, "the record's data is cut off");
  const std::string_view rdata = message.substr(at, length);
  const Layout* layout = layout_of(type);
  if (layout == nullptr) {
    // Believed only when it reads back as the same bytes: some values have more than one form on the wire.
    if (const auto text = rare_to_text(type, message, at, length)) {
      const auto back = rdata_to_wire(type, *text, DomainName());
      if (back && *back == rdata) return *text;
    }
    return generic_text(rdata);
  }
  WireReader in(message, at, at + length);
  std::vector<std::string> fields;
  for (const Field field : *layout) {
    std::string text = field_to_text(field, in);
    // Parameters, bitmaps and digests may be empty; then no space is left for them.
    if (!text.empty()) fields.push_back(std::move(text));
  }
  if (in.failed() || !in.at_end())
    return fail(ErrorCode::kInvalid, fmt::format("its data is no {} data", to_text(type)));
  return join(fields, " ");
}

Result<std::string> rdata_to_wire(RecordType type, const std::vector<Token>& words, const DomainName& origin) {
  if (!words.empty() && !words[0].quoted && words[0].text == "\\#") return generic_to_wire(words);
  const Layout* layout = layout_of(type);
  if (layout == nullptr) {
    if (is_rare(type)) return rare_to_wire(type, words, origin);
    return fail(ErrorCode::kUnsupported,
                fmt::format("records of type {} can only be written as \\# LENGTH HEX (RFC 3597)", to_text(type)));
  }
  FieldWriter writer(words, origin);
  for (const Field field : *layout)
    if (auto done = writer.write(field); !done) return done.error();
  return writer.finish();
}

Result<std::string> rdata_to_wire(RecordType type, std::string_view text, const DomainName& origin) {
  Lexer lexer(text, Semicolon::kError);
  auto line = lexer.next();
  if (!line) return line.error();
  if (!*line) return rdata_to_wire(type, std::vector<Token>{}, origin);
  auto more = lexer.next();
  if (!more) return more.error();
  if (*more) return fail(ErrorCode::kInvalid, "it has more than one line");
  return rdata_to_wire(type, (*line)->tokens, origin);
}

Result<std::string> canonical_rdata(RecordType type, std::string_view text, const DomainName& origin) {
  const auto bad = [&](const Error& error) {
    return Error{error.code, fmt::format("'{}' is no {} data: {}", printable(text), to_text(type), error.message)};
  };
  const auto wire = rdata_to_wire(type, text, origin);
  if (!wire) return bad(wire.error());
  auto canonical = rdata_to_text(type, *wire, 0, wire->size());
  if (!canonical) return bad(canonical.error());
  return canonical;
}

std::vector<DomainName> names_in_rdata(RecordType type, std::string_view rdata) {
  std::vector<DomainName> names;
  const Layout* layout = layout_of(type);
  Lexer lexer(rdata, Semicolon::kComment);
  const auto line = lexer.next();
  if (layout == nullptr || !line || !*line) return names;
  const std::vector<Token>& words = (*line)->tokens;
  for (std::size_t i = 0; i < layout->size() && i < words.size(); ++i) {
    if ((*layout)[i] != Field::kName) continue;
    const auto name = DomainName::from_text(words[i].text);
    // The root as a target means "none" (MX, SRV) or "this name" (SVCB); a SOA's second name is a mailbox.
    if (name && !name->is_root()) names.push_back(*name);
    if (type == RecordType::kSoa) break;
  }
  return names;
}

}  // namespace cutover::net
