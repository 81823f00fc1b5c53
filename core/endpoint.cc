#include "core/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <cstring>

#include "core/text.h"

namespace cutover {

Result<IpAddress> IpAddress::from_text(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  const bool is_whole = text.find('\0') == std::string_view::npos;  // inet_pton would read no further
  if (is_whole && inet_pton(AF_INET, copy.c_str(), address.bytes_.data()) == 1) return address;
  if (is_whole && inet_pton(AF_INET6, copy.c_str(), address.bytes_.data()) == 1) {
    address.family_ = Family::kV6;
    return address;
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is no IP address; write it as 192.0.2.1 or \"2001:db8::1\"", printable(text)));
}

Result<IpAddress> IpAddress::from_bytes(std::string_view bytes) {
  IpAddress address;
  if (bytes.size() != 4 && bytes.size() != 16)
    return fail(ErrorCode::kInvalid, fmt::format("an IP address has 4 or 16 bytes, not {}", bytes.size()));
  address.family_ = bytes.size() == 4 ? Family::kV4 : Family::kV6;
  std::memcpy(address.bytes_.data(), bytes.data(), bytes.size());
  return address;
}

std::string IpAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  inet_ntop(family_ == Family::kV4 ? AF_INET : AF_INET6, bytes_.data(), buffer, sizeof buffer);
  return buffer;
}

std::string IpAddress::bytes() const {
  return {reinterpret_cast<const char*>(bytes_.data()), family_ == Family::kV4 ? 4U : 16U};
}

Result<Endpoint> Endpoint::from_text(std::string_view text, std::uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  if (!text.empty() && text.front() == '[') {
    const auto close = text.find(']');
    if (close == std::string_view::npos)
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}' has no closing bracket; write \"[2001:db8::1]:53\"", printable(text)));
    host = text.substr(1, close - 1);
    port = text.substr(close + 1);
    if (!port.empty()) {
      if (port.front() != ':' || port.size() == 1)
        return fail(ErrorCode::kInvalid,
                    fmt::format("'{}' is no address with a port; write \"[2001:db8::1]:53\"", printable(text)));
      port.remove_prefix(1);
    }
  } else if (const auto colon = text.find(':');
             colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty())
      return fail(ErrorCode::kInvalid, fmt::format("'{}' has a colon but no port behind it", printable(text)));
  }
  auto address = IpAddress::from_text(host);
  if (!address) return address.error();
  Endpoint endpoint{*address, default_port};
  if (!port.empty()) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (error != std::errc{} || end != port.data() + port.size() || value == 0 || value > 65535)
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}' has no port from 1 to 65535 behind the colon", printable(text)));
    endpoint.port = static_cast<std::uint16_t>(value);
  }
  return endpoint;
}

std::string Endpoint::text() const {
  if (address.family() == Family::kV4) return fmt::format("{}:{}", address.text(), port);
  return fmt::format("[{}]:{}", address.text(), port);
}

}  // namespace cutover
