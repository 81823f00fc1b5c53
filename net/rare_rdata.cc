// Record types with a grammar of their own, seldom seen. Where bytes are outside the grammar, rdata.cc shows them in
// the generic form.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "core/endpoint.h"
#include "core/text.h"
#include "net/rdata.h"
#include "net/wire.h"

namespace cutover::net {
namespace {

Error wanted(std::string_view what, std::string_view got) {
  return fail(ErrorCode::kInvalid, fmt::format("'{}' stands where {} belongs", printable(got), what));
}

/// `-12.5` with three digits is -12500; nullopt for anything else.
std::optional<std::int64_t> decimal(std::string_view word, int digits) {
  const bool negative = word.starts_with('-');
  if (negative) word.remove_prefix(1);
  std::int64_t value = 0;
  int behind = -1;
  if (word.empty() || word.size() > 15 || word == ".") return std::nullopt;
  for (const char c : word) {
    if (c == '.' && behind < 0) {
      behind = 0;
    } else if (c >= '0' && c <= '9' && behind < digits) {
      value = value * 10 + (c - '0');
      if (behind >= 0) ++behind;
    } else {
      return std::nullopt;
    }
  }
  for (int i = behind < 0 ? 0 : behind; i < digits; ++i) value *= 10;
  return negative ? -value : value;
}

// --- LOC (RFC 1876) -------------------------------------------------------------------------------------------

constexpr std::int64_t kEquator = 1LL << 31;      // and the prime meridian, in thousandths of a second of arc
constexpr std::int64_t kAltitudeBase = 10000000;  // centimetres below the reference spheroid

std::string angle_text(std::uint32_t value, char positive, char negative) {
  const std::int64_t signed_angle = value - kEquator;
  const std::int64_t angle = signed_angle < 0 ? -signed_angle : signed_angle;
  return fmt::format("{} {} {}.{:03} {}", angle / 3600000, angle / 60000 % 60, angle / 1000 % 60, angle % 1000,
                     signed_angle < 0 ? negative : positive);
}

std::string metres(std::int64_t centimetres) {
  const std::int64_t size = centimetres < 0 ? -centimetres : centimetres;
  return fmt::format("{}{}.{:02}m", centimetres < 0 ? "-" : "", size / 100, size % 100);
}

/// A precision octet: four bits of mantissa, four of a power of ten, in centimetres.
std::string precision_text(unsigned octet) {
  std::int64_t value = octet >> 4;
  for (unsigned i = octet & 0xfU; i > 0; --i) value *= 10;
  return metres(value);
}

std::optional<std::string> loc_to_text(WireReader& in) {
  const unsigned version = in.u8();
  const std::array<unsigned, 3> precisions{in.u8(), in.u8(), in.u8()};
  const std::uint32_t latitude = in.u32();
  const std::uint32_t longitude = in.u32();
  const std::uint32_t altitude = in.u32();
  if (version != 0) return std::nullopt;
  std::string text = angle_text(latitude, 'N', 'S') + " " + angle_text(longitude, 'E', 'W') + " " +
                     metres(static_cast<std::int64_t>(altitude) - kAltitudeBase);
  for (const unsigned octet : precisions) {
    if (octet >> 4 > 9 || (octet & 0xfU) > 9) return std::nullopt;
    text += " " + precision_text(octet);
  }
  return text;
}

class LocReader {
 public:
  explicit LocReader(const std::vector<Token>& words) : words_(words) {}
  Result<std::string> read() {
    const auto latitude = angle('n', 's', 90);
    if (!latitude) return latitude.error();
    const auto longitude = angle('e', 'w', 180);
    if (!longitude) return longitude.error();
    if (at_ >= words_.size()) return fail(ErrorCode::kInvalid, "it ends too early");
    const auto altitude = length();
    if (!altitude || *altitude < -kAltitudeBase || *altitude > 0xffffffffLL - kAltitudeBase)
      return wanted("an altitude", words_[at_ - 1].text);
    std::string out(1, '\0');
    for (const std::int64_t otherwise : {100LL, 1000000LL, 1000LL}) {
      const auto given = at_ < words_.size() ? length() : std::optional(otherwise);
      if (!given || *given < 0) return wanted("a size in metres", words_[at_ - 1].text);
      unsigned exponent = 0;
      std::int64_t mantissa = *given;
      for (; mantissa > 9; mantissa /= 10) ++exponent;
      if (exponent > 9) return wanted("a size in metres", words_[at_ - 1].text);
      put_u8(out, static_cast<unsigned>(mantissa) << 4 | exponent);
    }
    if (at_ < words_.size())
      return fail(ErrorCode::kInvalid, fmt::format("'{}' stands behind its end", printable(words_[at_].text)));
    put_u32(out, *latitude);
    put_u32(out, *longitude);
    put_u32(out, static_cast<std::uint32_t>(*altitude + kAltitudeBase));
    return out;
  }

 private:
  /// Degrees, then minutes and seconds if there are any, then the direction.
  Result<std::uint32_t> angle(char positive, char negative, int most) {
    constexpr std::array<std::int64_t, 3> kUnits{3600000, 60000, 1000};
    std::int64_t total = 0;
    for (std::size_t unit = 0; at_ < words_.size(); ++unit) {
      const std::string word = to_lower(words_[at_++].text);
      if (unit > 0 && (word == std::string(1, positive) || word == std::string(1, negative))) {
        if (total > most * kUnits[0])
          return wanted(fmt::format("an angle of at most {} degrees", most), words_[at_ - 2].text);
        return static_cast<std::uint32_t>(word[0] == positive ? kEquator + total : kEquator - total);
      }
      const auto value = unit < 3 ? decimal(word, unit == 2 ? 3 : 0) : std::nullopt;
      const std::int64_t limit = unit == 0 ? most : unit == 1 ? 59 : 59999;
      if (!value || *value < 0 || *value > limit) return wanted("degrees, minutes, seconds and a direction", word);
      total += unit == 2 ? *value : *value * kUnits[unit];
    }
    return fail(ErrorCode::kInvalid, "it ends too early");
  }
  std::optional<std::int64_t> length() {
    std::string_view word = words_[at_++].text;
    if (word.ends_with('m') || word.ends_with('M')) word.remove_suffix(1);
    return decimal(word, 2);
  }
  const std::vector<Token>& words_;
  std::size_t at_ = 0;
};

// --- APL (RFC 3123) -------------------------------------------------------------------------------------------

std::optional<std::string> apl_to_text(WireReader& in) {
  std::string out;
  while (!in.at_end() && !in.failed()) {
    const unsigned family = in.u16();
    const unsigned prefix = in.u8();
    const unsigned flags = in.u8();
    std::string bytes(in.bytes(flags & 0x7fU));
    const std::size_t full = family == 1 ? 4 : 16;
    if ((family != 1 && family != 2) || bytes.size() > full || prefix > full * 8) return std::nullopt;
    bytes.resize(full);
    const auto address = IpAddress::from_bytes(bytes);
    out += fmt::format("{}{}{}:{}/{}", out.empty() ? "" : " ", (flags & 0x80U) != 0 ? "!" : "", family, address->text(),
                       prefix);
  }
  return out;
}

Result<std::string> apl_to_wire(const std::vector<Token>& words) {
  std::string out;
  for (const Token& word : words) {
    std::string_view item = word.text;
    const bool negated = item.starts_with('!');
    if (negated) item.remove_prefix(1);
    const auto colon = item.find(':');
    const auto slash = item.find('/');
    if (colon != 1 || slash == std::string_view::npos) return wanted("FAMILY:ADDRESS/PREFIX", word.text);
    const auto address = IpAddress::from_text(item.substr(2, slash - 2));
    const auto prefix = decimal(item.substr(slash + 1), 0);
    const bool v4 = item[0] == '1';
    if (!address || (address->family() == Family::kV4) != v4 || (!v4 && item[0] != '2') || !prefix || *prefix < 0 ||
        *prefix > (v4 ? 32 : 128))
      return wanted("FAMILY:ADDRESS/PREFIX", word.text);
    std::string bytes = address->bytes();
    while (!bytes.empty() && bytes.back() == '\0') bytes.pop_back();
    put_u16(out, v4 ? 1 : 2);
    put_u8(out, static_cast<unsigned>(*prefix));
    put_u8(out, (negated ? 0x80U : 0U) | static_cast<unsigned>(bytes.size()));
    out += bytes;
  }
  return out;
}

// --- IPSECKEY (RFC 4025) --------------------------------------------------------------------------------------

std::optional<std::string> ipseckey_to_text(WireReader& in) {
  const unsigned precedence = in.u8();
  const unsigned gateway_type = in.u8();
  const unsigned algorithm = in.u8();
  std::string gateway = ".";
  if (gateway_type == 1 || gateway_type == 2) {
    const auto address = IpAddress::from_bytes(in.bytes(gateway_type == 1 ? 4 : 16));
    if (!address) return std::nullopt;
    gateway = address->text();
  } else if (gateway_type == 3) {
    gateway = in.name().text();
  } else if (gateway_type != 0) {
    return std::nullopt;
  }
  const std::string key = to_base64(in.rest());
  return fmt::format("{} {} {} {}{}{}", precedence, gateway_type, algorithm, gateway, key.empty() ? "" : " ", key);
}

Result<std::string> ipseckey_to_wire(const std::vector<Token>& words, const DomainName& origin) {
  if (words.size() < 4) return fail(ErrorCode::kInvalid, "it ends too early");
  std::string out;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto value = decimal(words[i].text, 0);
    if (!value || *value < 0 || *value > 255) return wanted("a number from 0 to 255", words[i].text);
    put_u8(out, static_cast<unsigned>(*value));
  }
  const std::string& gateway = words[3].text;
  const auto address = IpAddress::from_text(gateway);
  const auto name = DomainName::from_text(gateway, origin);
  switch (out[1]) {
    case 0:
      if (gateway != ".") return wanted("'.' as there is no gateway", gateway);
      break;
    case 1:
    case 2:
      if (!address || (address->family() == Family::kV4) != (out[1] == 1))
        return wanted("the gateway's address", gateway);
      out += address->bytes();
      break;
    case 3:
      if (!name) return name.error();
      out += name->wire();
      break;
    default:
      return wanted("a gateway type from 0 to 3", words[1].text);
  }
  std::string text;
  for (std::size_t i = 4; i < words.size(); ++i) text += words[i].text;
  const auto key = from_base64(text);
  if (!key) return wanted("base64", text);
  return out + *key;
}

// --- identifiers written as groups of hexadecimal digits ------------------------------------------------------

/// EUI48, EUI64 (RFC 7043): `00-00-5e-00-53-2a`; NID, L64 (RFC 6742): `0014:4fff:ff20:ee64`.
struct Groups {
  std::size_t count;
  std::size_t octets;  // of one group
  char separator;
};

std::string groups_to_text(const Groups& groups, WireReader& in) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < groups.count; ++i) texts.push_back(to_hex(in.bytes(groups.octets)));
  return join(texts, std::string(1, groups.separator));
}

Result<std::string> groups_to_wire(const Groups& groups, const std::string& word) {
  const std::vector<std::string> parts = split(word, groups.separator);
  std::string out;
  for (const std::string& part : parts) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    const bool fits = groups.octets == 1 ? part.size() == 2 : !part.empty() && part.size() <= 4;
    if (error != std::errc{} || end != part.data() + part.size() || !fits || parts.size() != groups.count)
      return wanted(
          fmt::format("{} groups of hexadecimal digits with '{}' between them", groups.count, groups.separator), word);
    if (groups.octets == 2)
      put_u16(out, value);
    else
      put_u8(out, value);
  }
  return out;
}

constexpr Groups kEui48{6, 1, '-'};
constexpr Groups kEui64{8, 1, '-'};
constexpr Groups kLocator{4, 2, ':'};

Result<std::string> preferred(const std::vector<Token>& words) {
  const auto preference = words.size() == 2 ? decimal(words[0].text, 0) : std::nullopt;
  if (!preference || *preference < 0 || *preference > 65535)
    return fail(ErrorCode::kInvalid, "it wants a preference from 0 to 65535 and a value");
  std::string out;
  put_u16(out, static_cast<unsigned>(*preference));
  const auto value = groups_to_wire(kLocator, words[1].text);
  if (!value) return value.error();
  return out + *value;
}

constexpr unsigned kLoc = 29, kApl = 42, kIpseckey = 45, kNid = 104, kL64 = 106, kTypeEui48 = 108, kTypeEui64 = 109;

}  // namespace

bool is_rare(RecordType type) {
  for (const unsigned rare : {kLoc, kApl, kIpseckey, kNid, kL64, kTypeEui48, kTypeEui64})
    if (static_cast<unsigned>(type) == rare) return true;
  return false;
}

std::optional<std::string> rare_to_text(RecordType type, std::string_view message, std::size_t at, std::size_t length) {
  WireReader in(message, at, at + length);
  std::optional<std::string> text;
  switch (static_cast<unsigned>(type)) {
    case kLoc:
      text = loc_to_text(in);
      break;
    case kApl:
      text = apl_to_text(in);
      break;
    case kIpseckey:
      text = ipseckey_to_text(in);
      break;
    case kNid:
    case kL64: {
      const unsigned preference = in.u16();
      text = fmt::format("{} {}", preference, groups_to_text(kLocator, in));
      break;
    }
    case kTypeEui48:
      text = groups_to_text(kEui48, in);
      break;
    case kTypeEui64:
      text = groups_to_text(kEui64, in);
      break;
    default:
      break;
  }
  if (in.failed() || !in.at_end()) return std::nullopt;
  return text;
}

Result<std::string> rare_to_wire(RecordType type, const std::vector<Token>& words, const DomainName& origin) {
  switch (static_cast<unsigned>(type)) {
    case kLoc:
      return LocReader(words).read();
    case kApl:
      return apl_to_wire(words);
    case kIpseckey:
      return ipseckey_to_wire(words, origin);
    case kNid:
    case kL64:
      return preferred(words);
    default:
      break;
  }
  if (words.size() != 1) return fail(ErrorCode::kInvalid, "it is one word");
  return groups_to_wire(static_cast<unsigned>(type) == kTypeEui48 ? kEui48 : kEui64, words[0].text);
}

}  // namespace cutover::net
