#include "tests/net_oracle/generator.h"

#include <cstdlib>
#include <map>

namespace cutover::oracle {
namespace {

std::string u16(std::size_t value) { return {static_cast<char>(value >> 8 & 0xffU), static_cast<char>(value & 0xffU)}; }

}  // namespace

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> kShapes{{"A", 1, "a"},
                                          {"NS", 2, "n"},
                                          {"CNAME", 5, "n"},
                                          {"SOA", 6, "nn44444"},
                                          {"PTR", 12, "n"},
                                          {"HINFO", 13, "ss"},
                                          {"MX", 15, "2n"},
                                          {"TXT", 16, "S"},
                                          {"RP", 17, "nn"},
                                          {"AFSDB", 18, "2n"},
                                          {"AAAA", 28, "A"},
                                          {"SRV", 33, "222n"},
                                          {"NAPTR", 35, "22sssn"},
                                          {"KX", 36, "2n"},
                                          {"CERT", 37, "221x"},
                                          {"DNAME", 39, "n"},
                                          {"DS", 43, "211x"},
                                          {"SSHFP", 44, "11x"},
                                          {"RRSIG", 46, "T114442nx"},
                                          {"NSEC", 47, "nb"},
                                          {"DNSKEY", 48, "211x"},
                                          {"DHCID", 49, "x"},
                                          {"NSEC3", 50, "112thb"},
                                          {"NSEC3PARAM", 51, "112t"},
                                          {"TLSA", 52, "111x"},
                                          {"SMIMEA", 53, "111x"},
                                          {"CDS", 59, "211x"},
                                          {"CDNSKEY", 60, "211x"},
                                          {"OPENPGPKEY", 61, "x"},
                                          {"CSYNC", 62, "42b"},
                                          {"ZONEMD", 63, "411x"},
                                          {"SVCB", 64, "2np"},
                                          {"HTTPS", 65, "2np"},
                                          {"SPF", 99, "S"},
                                          {"URI", 256, "22x"},
                                          {"CAA", 257, "1gX"},
                                          {"TYPE65280", 65280, "X"},
                                          {"TYPE1234", 1234, "X"}};
  return kShapes;
}

std::string Generator::bytes(std::size_t least, std::size_t most) {
  std::string out;
  for (std::size_t size = least + number(most - least); size > 0; --size) out += static_cast<char>(number(255));
  return out;
}

std::string Generator::counted(std::size_t least, std::size_t most) {
  const std::string value = bytes(least, most);
  return static_cast<char>(value.size()) + value;
}

/// Mostly what upsets a scanner: quotes, semicolons, backslashes, parentheses, blanks, bytes that are no ASCII.
std::string Generator::string() {
  static const std::vector<std::size_t> kSizes{0, 0, 1, 3, 10, 40, 254, 255};
  static const std::string kOdd = "\"\\;()@$ \t\n\r.,=#'\0";
  const std::size_t size = one_of(kSizes);
  std::string out(1, static_cast<char>(size));
  while (out.size() <= size)
    out += static_cast<char>(chance(3) ? kOdd[number(kOdd.size() - 1)] : chance(8) ? number(255) : 'a' + number(25));
  return out;
}

std::string Generator::integer(int octets) {
  std::string out;
  for (int i = 0; i < octets; ++i) out += static_cast<char>(chance(3) ? (chance(2) ? 0 : 255) : number(255));
  return out;
}

std::string Generator::label() {
  static const std::string kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
  const std::size_t size = chance(20) ? 63 : 1 + number(7);
  const bool odd = chance(10);
  std::string out(1, static_cast<char>(size));
  while (out.size() <= size) out += odd ? static_cast<char>(number(255)) : kPlain[number(kPlain.size() - 1)];
  return out;
}

/// Often with an ending that came before, so that there is something to compress.
std::string Generator::name() {
  std::string out = one_of(suffixes_);
  for (std::size_t labels = number(3); labels > 0; --labels) {
    const std::string more = label();
    if (more.size() + out.size() > 255) break;
    out = more + out;
    if (suffixes_.size() < 40) suffixes_.push_back(out);
  }
  return out;
}

std::string Generator::bitmap() {
  std::map<std::size_t, std::string> windows;
  for (std::size_t types = 1 + number(8); types > 0; --types) {
    // Meta-types have no place in a bitmap (RFC 4034 section 4.1.2), and each reader its own names for them.
    const std::size_t type = chance(4) ? 256 + number(65278) : 1 + number(60);
    std::string& bits = windows[type / 256];
    const std::size_t byte = type % 256 / 8;
    if (bits.size() <= byte) bits.resize(byte + 1);
    bits[byte] = static_cast<char>(static_cast<unsigned char>(bits[byte]) | 0x80U >> (type % 8));
  }
  std::string out;
  for (const auto& [window, bits] : windows)
    out += std::string{static_cast<char>(window), static_cast<char>(bits.size())} + bits;
  return out;
}

/// RFC 9460 section 7, RFC 9461 section 5.
std::string Generator::svc_value(unsigned key) {
  std::string out;
  switch (key) {
    case 1:
      for (std::size_t i = 1 + number(3); i > 0; --i)
        out += chance(3) ? counted(1, 12) : std::string(chance(2) ? "\2h2" : "\10http/1.1");
      return out;
    case 2:
      return {};
    case 3:
      return integer(2);
    case 4:
    case 6:
      for (std::size_t i = 1 + number(2); i > 0; --i) out += integer(key == 4 ? 4 : 16);
      return out;
    case 5:
      return bytes(1, 60);
    case 7:
      return "/dns-query{?dns}";
    default:
      return bytes(0, 20);
  }
}

std::string Generator::svc_params() {
  std::map<unsigned, std::string> params;
  for (std::size_t i = number(4); i > 0; --i) {
    const auto key = static_cast<unsigned>(chance(5) ? 8 + number(65000) : 1 + number(6));
    params[key] = svc_value(key);
    if (key == 2 && !params.contains(1)) params[1] = svc_value(1);  // section 7.1.1
  }
  if (!params.empty() && chance(3)) {
    for (const auto& [key, value] : std::map(params))
      if (params[0].empty() || chance(2)) params[0] += u16(key);
  }
  std::string out;
  for (const auto& [key, value] : params) out += u16(key) + u16(value.size()) + value;
  return out;
}

std::string Generator::field(char kind) {
  switch (kind) {
    case 'n':
      return name();
    case '1':
      return integer(1);
    case '2':
      return integer(2);
    case 'T':
      return u16(one_of(shapes()).type);
    case '4':
    case 'a':
      return integer(4);
    case 'A':
      return integer(16);
    case 's':
      return string();
    case 'S': {
      std::string out = string();
      while (chance(2)) out += string();
      return out;
    }
    case 'g': {
      static const std::vector<std::string> kTags{"issue", "issuewild", "iodef", "Issue", "a0"};
      const std::string& tag = one_of(kTags);
      return static_cast<char>(tag.size()) + tag;
    }
    case 'x':
      return chance(3) ? string() : bytes(1, 70);
    case 'X':
      return chance(3) ? string().substr(1) : bytes(0, 70);
    case 'h':
      return counted(1, 40);
    case 't':
      return counted(0, 20);
    case 'b':
      return bitmap();
    case 'p':
      return svc_params();
    default:
      std::abort();
  }
}

Record Generator::record(const Shape& shape) {
  Record out{name(), shape.type, 1, static_cast<std::uint32_t>(chance(4) ? number(0xffffffffU) : number(86400)), {}};
  for (const char kind : shape.fields) out.rdata += field(kind);
  return out;
}

Packet Generator::packet() {
  static const std::vector<unsigned> kOpcodes{0, 0, 0, 4, 5};
  Packet out;
  out.id = static_cast<unsigned>(number(65535));
  out.qr = chance(2), out.aa = chance(2), out.tc = chance(2), out.rd = chance(2);
  out.ra = chance(2), out.ad = chance(2), out.cd = chance(2);
  out.opcode = one_of(kOpcodes);
  if (chance(2)) {
    out.edns = Edns{static_cast<unsigned>(1 + number(65534)), 0, chance(2), {}};
    if (chance(3)) out.edns->options.emplace_back(3, bytes(0, 20));
    if (chance(3)) out.edns->options.emplace_back(15, integer(2) + bytes(0, 30));
  }
  out.rcode = static_cast<unsigned>(number(out.edns && chance(2) ? 4095 : 10));
  if (!chance(5)) out.question.push_back({name(), one_of(shapes()).type, 1, 0, {}});
  for (auto* section : {&out.answer, &out.authority, &out.additional})
    for (std::size_t i = number(4); i > 0; --i) section->push_back(record(one_of(shapes())));
  return out;
}

}  // namespace cutover::oracle
