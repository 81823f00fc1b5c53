#include "dnsprobe/stamp.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

// Layout (stamps specification), after base64url without padding:
//
//   1 byte    protocol
//   8 bytes   properties, little endian: bit 0 DNSSEC, bit 1 no log, bit 2 no filter; relays have none
//   LP(x)     one length byte, then so many bytes
//   VLP(..)   the same per element; the length byte's high bit says that another element follows
//
//   plain     LP(addr[:port])
//   DNSCrypt  LP(addr[:port]) LP(public key) LP(provider name)
//   DoH       LP(addr) VLP(hashes) LP(host[:port]) LP(path) [VLP(bootstrap)]
//   DoT, DoQ  LP(addr) VLP(hashes) LP(host[:port]) [VLP(bootstrap)]
//   ODoH      LP(host[:port]) LP(path); its relay as DoH
//   relay     LP(addr[:port])

namespace cutover::dnsprobe {

namespace {

Error broken(std::string_view what) { return fail(ErrorCode::kInvalid, fmt::format("stamp: {}", what)); }

/// The bytes of a stamp, eaten from the front. After the first thing that is cut short everything is empty.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : rest_(bytes) {}

  std::string_view take(std::size_t n) {
    if (n > rest_.size()) is_short_ = true;
    if (is_short_) return {};
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::uint8_t byte() {
    const std::string_view one = take(1);
    return one.empty() ? std::uint8_t{0} : static_cast<std::uint8_t>(one.front());
  }
  std::string text() { return std::string(take(byte())); }
  std::vector<std::string> texts() {
    std::vector<std::string> out;
    for (bool more = true; more && !is_short_;) {
      const std::uint8_t length = byte();
      more = (length & 0x80U) != 0;
      std::string element(take(length & 0x7FU));
      if (!element.empty()) out.push_back(std::move(element));  // one empty element is how "none" is written
    }
    return out;
  }
  bool is_empty() const { return rest_.empty(); }
  bool is_short() const { return is_short_; }

 private:
  std::string_view rest_;
  bool is_short_ = false;
};

std::optional<std::string> from_base64url(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);  // some write the padding nevertheless
  std::string standard(text);
  for (char& c : standard) {
    if (c == '+' || c == '/') return std::nullopt;
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  standard.append((4 - standard.size() % 4) % 4, '=');
  return from_base64(standard);
}

Result<void> set_address(Stamp& out, const std::string& text) {
  if (text.empty()) return {};
  const auto read = Endpoint::from_text(text, 0);
  if (!read) return broken(fmt::format("\"{}\" is no address", printable(text)));
  out.address = *read;
  return {};
}

/// `host`, `host:port`, `192.0.2.1:port`, `[v6]:port`.
Result<void> set_host(Stamp& out, const std::string& text) {
  out.host = text;
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || text.ends_with(']')) return {};
  if (!text.starts_with('[') && text.find(':') != colon) {
    out.host = "[" + text + "]";  // an IPv6 address by itself
    return {};
  }
  unsigned port = 0;
  const std::string_view digits = std::string_view(text).substr(colon + 1);
  for (const char c : digits) port = c >= '0' && c <= '9' && port <= 65535 ? port * 10 + unsigned(c - '0') : 65536;
  if (digits.empty() || port == 0 || port > 65535) return broken(fmt::format("\"{}\" has no port", printable(text)));
  out.host = text.substr(0, colon);
  out.port = static_cast<std::uint16_t>(port);
  return {};
}

Result<void> read_body(Stamp& out, Bytes& bytes) {
  using Protocol = Stamp::Protocol;
  std::string address, host;
  switch (out.protocol) {
    case Protocol::kPlain:
    case Protocol::kDnsCryptRelay:
      address = bytes.text();
      break;
    case Protocol::kDnsCrypt:
      address = bytes.text();
      bytes.text();  // the public key
      host = bytes.text();
      break;
    case Protocol::kHttps:
    case Protocol::kOdohRelay:
    case Protocol::kTls:
    case Protocol::kQuic:
      address = bytes.text();
      out.hashes = bytes.texts();
      host = bytes.text();
      if (out.protocol == Protocol::kHttps || out.protocol == Protocol::kOdohRelay) out.path = bytes.text();
      if (!bytes.is_empty()) out.bootstrap = bytes.texts();
      break;
    case Protocol::kOdohTarget:
      host = bytes.text();
      out.path = bytes.text();
      break;
  }
  if (bytes.is_short()) return broken("it is cut short");
  if (!bytes.is_empty()) return broken("there are bytes left over");
  if (auto set = set_address(out, address); !set) return set;
  return set_host(out, host);
}

std::string with_port(std::string text, std::uint16_t port, std::uint16_t usual) {
  return port == 0 || port == usual ? text : text + ":" + std::to_string(port);
}

/// The host as a URL writes it; where there is none, the address takes its place.
std::string host_text(const Stamp& stamp) {
  if (!stamp.host.empty() || !stamp.address) return stamp.host;
  const IpAddress& address = stamp.address->address;
  return address.family() == Family::kV6 ? "[" + address.text() + "]" : address.text();
}

bool is_literal(const std::string& host) { return host.starts_with('[') || IpAddress::from_text(host).ok(); }

std::string pinned(const Stamp& stamp, std::uint16_t port) {
  if (!stamp.address) return {};
  if (port == 0) return "@" + stamp.address->address.text();
  return "@" + Endpoint{stamp.address->address, port}.text();
}

}  // namespace

std::string_view to_text(Stamp::Protocol protocol) {
  switch (protocol) {
    case Stamp::Protocol::kPlain:
      return "plain DNS";
    case Stamp::Protocol::kDnsCrypt:
      return "DNSCrypt";
    case Stamp::Protocol::kHttps:
      return "DNS over HTTPS";
    case Stamp::Protocol::kTls:
      return "DNS over TLS";
    case Stamp::Protocol::kQuic:
      return "DNS over QUIC";
    case Stamp::Protocol::kOdohTarget:
      return "Oblivious DNS over HTTPS";
    case Stamp::Protocol::kDnsCryptRelay:
      return "DNSCrypt relay";
    case Stamp::Protocol::kOdohRelay:
      return "Oblivious DNS over HTTPS relay";
  }
  return "?";
}

Result<Stamp> decode_stamp(std::string_view text) {
  constexpr std::string_view kScheme = "sdns://";
  if (to_lower(text.substr(0, kScheme.size())) != kScheme) return broken("it does not begin with sdns://");
  const auto raw = from_base64url(text.substr(kScheme.size()));
  if (!raw || raw->empty()) return broken("what follows sdns:// is not base64url");
  Bytes bytes(*raw);
  Stamp out;
  const std::uint8_t protocol = bytes.byte();
  if (protocol > 0x05 && protocol != 0x81 && protocol != 0x85)
    return broken(fmt::format("protocol {:#04x} is not known", protocol));
  out.protocol = static_cast<Stamp::Protocol>(protocol);
  if (protocol < 0x80) {
    const std::string_view properties = bytes.take(8);
    if (properties.size() != 8) return broken("it is cut short");
    const auto bits = static_cast<std::uint8_t>(properties.front());
    out.dnssec = (bits & 1U) != 0;
    out.no_log = (bits & 2U) != 0;
    out.no_filter = (bits & 4U) != 0;
  }
  if (auto read = read_body(out, bytes); !read) return read.error();
  return out;
}

Result<Resolver> resolver_of(const Stamp& stamp) {
  // The port may stand behind the address, behind the name, or nowhere; where it stands twice, the address is what is
  // connected to.
  const std::uint16_t at = stamp.address && stamp.address->port != 0 ? stamp.address->port : stamp.port;
  const std::string host = host_text(stamp);
  std::string text;
  switch (stamp.protocol) {
    case Stamp::Protocol::kPlain:
      if (!stamp.address) return broken("there is no address in it");
      text = at == 0 ? stamp.address->address.text() : stamp.address->text();
      break;
    case Stamp::Protocol::kTls:
      text = "tls://" + (stamp.address && !is_literal(host) ? host + pinned(stamp, at) : with_port(host, at, 853));
      break;
    case Stamp::Protocol::kHttps:
      text = "https://" + with_port(host, stamp.port != 0 ? stamp.port : at, 443) + stamp.path + pinned(stamp, at);
      break;
    case Stamp::Protocol::kDnsCrypt:
    case Stamp::Protocol::kQuic:
    case Stamp::Protocol::kOdohTarget:
    case Stamp::Protocol::kDnsCryptRelay:
    case Stamp::Protocol::kOdohRelay:
      return fail(ErrorCode::kUnsupported, fmt::format("{} is not spoken by this program", to_text(stamp.protocol)));
  }
  auto out = parse_resolver(text);
  if (!out) return broken(out.error().message);
  out->filtering = !stamp.no_filter;
  return out;
}

}  // namespace cutover::dnsprobe
