// The parameters of SVCB and HTTPS records (RFC 9460).
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <map>

#include "core/endpoint.h"
#include "core/text.h"
#include "net/rdata.h"
#include "net/wire.h"

namespace cutover::net {
namespace {

enum Key : unsigned {
  kMandatory = 0,
  kAlpn = 1,
  kNoDefaultAlpn = 2,
  kPort = 3,
  kIpv4Hint = 4,
  kEch = 5,
  kIpv6Hint = 6,
  kDohPath = 7
};

constexpr std::array<std::string_view, 8> kKeyNames{"mandatory", "alpn", "no-default-alpn", "port",
                                                    "ipv4hint",  "ech",  "ipv6hint",        "dohpath"};

std::string key_text(unsigned key) {
  return key < kKeyNames.size() ? std::string(kKeyNames[key]) : fmt::format("key{}", key);
}

struct ParsedKey {
  unsigned number = 0;
  bool generic = false;  // written keyNNN: the value is the wire form
};

std::optional<ParsedKey> parse_key(std::string_view word) {
  for (unsigned i = 0; i < kKeyNames.size(); ++i)
    if (kKeyNames[i] == word) return ParsedKey{i, false};
  if (!word.starts_with("key")) return std::nullopt;
  word.remove_prefix(3);
  unsigned number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size() || number > 65535 || (word.size() > 1 && word[0] == '0'))
    return std::nullopt;
  return ParsedKey{number, true};
}

/// RFC 9460 appendix A.1: commas separate, `\,` and `\\` stand for themselves.
Result<std::vector<std::string>> split_list(std::string_view value) {
  std::vector<std::string> items(1);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',') {
      items.emplace_back();
    } else if (value[i] == '\\') {
      if (++i >= value.size() || (value[i] != ',' && value[i] != '\\'))
        return fail(ErrorCode::kInvalid, "in a list, a backslash may stand only before a comma or a backslash");
      items.back() += value[i];
    } else {
      items.back() += value[i];
    }
  }
  return items;
}

Result<std::string> value_to_wire(unsigned key, const std::string& value) {
  const auto bad = [&](std::string_view what) {
    return fail(ErrorCode::kInvalid, fmt::format("{}={} wants {}", key_text(key), printable(value), what));
  };
  std::string out;
  switch (key) {
    case kMandatory:
      for (const std::string& item : split(value, ',')) {
        const auto named = parse_key(item);
        if (!named) return bad("a list of parameter names");
        put_u16(out, named->number);
      }
      return out;
    case kAlpn: {
      const auto items = split_list(value);
      if (!items) return items.error();
      for (const std::string& item : *items) {
        if (item.empty() || item.size() > 255) return bad("a list of protocol names of 1 to 255 bytes");
        put_u8(out, static_cast<unsigned>(item.size()));
        out += item;
      }
      return out;
    }
    case kPort: {
      unsigned port = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), port);
      if (error != std::errc{} || end != value.data() + value.size() || port > 65535)
        return bad("a port from 0 to 65535");
      put_u16(out, port);
      return out;
    }
    case kIpv4Hint:
    case kIpv6Hint:
      for (const std::string& item : split(value, ',')) {
        const auto address = IpAddress::from_text(item);
        if (!address || (address->family() == Family::kV4) != (key == kIpv4Hint))
          return bad("a list of addresses of its family");
        out += address->bytes();
      }
      return out;
    case kEch: {
      const auto bytes = from_base64(value);
      if (!bytes || bytes->empty()) return bad("base64");
      return *bytes;
    }
    default:
      return value;
  }
}

/// nullopt when the bytes are no value of this key; empty for a key without a value.
std::optional<std::string> value_to_text(unsigned key, std::string_view value) {
  WireReader in(value, 0, value.size());
  std::vector<std::string> items;
  switch (key) {
    case kMandatory:
      for (int last = -1; !in.at_end();) {
        const int named = in.u16();
        if (in.failed() || named <= last || named == kMandatory) return std::nullopt;
        items.push_back(key_text(static_cast<unsigned>(last = named)));
      }
      break;
    case kAlpn:
      while (!in.at_end()) {
        const std::string_view id = in.character_string();
        if (id.empty()) return std::nullopt;
        std::string item;
        for (const char c : id) item += c == ',' || c == '\\' ? std::string{'\\', c} : std::string{c};
        items.push_back(std::move(item));
      }
      break;
    case kNoDefaultAlpn:
      if (!value.empty()) return std::nullopt;
      return std::string();
    case kPort:
      items.push_back(std::to_string(in.u16()));
      break;
    case kIpv4Hint:
    case kIpv6Hint:
      while (!in.at_end()) {
        const auto address = IpAddress::from_bytes(in.bytes(key == kIpv4Hint ? 4 : 16));
        if (!address) return std::nullopt;
        items.push_back(address->text());
      }
      break;
    case kEch:
      items.push_back(to_base64(in.rest()));
      break;
    case kDohPath:
      items.emplace_back(value);
      in.rest();
      break;
    default:
      return value.empty() ? std::string() : quote_where_needed(value);
  }
  if (in.failed() || !in.at_end() || items.empty() || items[0].empty()) return std::nullopt;
  return quote_where_needed(join(items, ","));
}

}  // namespace

Result<std::string> svc_params_to_wire(const std::vector<Token>& words) {
  std::map<unsigned, std::string> params;  // the wire form is in the order of the numbers (section 2.2)
  for (const Token& word : words) {
    const auto equals = word.text.find('=');
    const std::string_view name = std::string_view(word.text).substr(0, equals);
    const auto key = parse_key(name);
    if (!key) return fail(ErrorCode::kInvalid, fmt::format("'{}' is no SVCB parameter", printable(name)));
    std::string_view raw =
        equals == std::string::npos ? std::string_view() : std::string_view(word.text).substr(equals + 1);
    if (raw.size() >= 2 && raw.front() == '"' && raw.back() == '"') raw = raw.substr(1, raw.size() - 2);
    auto value = unescape(raw);
    if (!value) return value.error();
    if (key->number == kNoDefaultAlpn ? !value->empty() : value->empty() && !key->generic)
      return fail(ErrorCode::kInvalid, fmt::format("{} {}", key_text(key->number),
                                                   key->number == kNoDefaultAlpn ? "takes no value" : "wants a value"));
    auto wire = key->generic ? value : value_to_wire(key->number, *value);
    if (!wire) return wire.error();
    if (wire->size() > 65535)
      return fail(ErrorCode::kInvalid, fmt::format("the value of {} is too long", key_text(key->number)));
    if (!params.emplace(key->number, *wire).second)
      return fail(ErrorCode::kInvalid, fmt::format("{} is given twice", key_text(key->number)));
  }
  if (const auto mandatory = params.find(kMandatory); mandatory != params.end()) {
    // Any order may be written; the wire wants them ascending (section 8).
    std::map<unsigned, bool> keys;
    WireReader in(mandatory->second, 0, mandatory->second.size());
    while (!in.at_end()) keys[in.u16()] = true;
    if (keys.size() * 2 != mandatory->second.size())
      return fail(ErrorCode::kInvalid, "mandatory names a parameter twice");
    mandatory->second.clear();
    for (const auto& [key, present] : keys) put_u16(mandatory->second, key);
  }
  std::string out;
  for (const auto& [key, value] : params) {
    put_u16(out, key);
    put_u16(out, static_cast<unsigned>(value.size()));
    out += value;
  }
  return out;
}

std::optional<std::string> svc_params_to_text(std::string_view wire) {
  WireReader in(wire, 0, wire.size());
  std::string out;
  int last = -1;
  while (!in.at_end()) {
    const int key = in.u16();
    const auto length = in.u16();
    const std::string_view raw = in.bytes(length);
    if (in.failed() || key <= last) return std::nullopt;
    last = key;
    const auto value = value_to_text(static_cast<unsigned>(key), raw);
    if (!value) return std::nullopt;
    out += (out.empty() ? "" : " ") + key_text(static_cast<unsigned>(key)) + (value->empty() ? "" : "=" + *value);
  }
  return out;
}

}  // namespace cutover::net
