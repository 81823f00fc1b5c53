#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace cutover {

enum class Family { kV4, kV6 };

/// An IPv4 or IPv6 address.
class IpAddress {
 public:
  /// Reads `192.0.2.1` or `2001:db8::1` (no brackets, no zone index, no leading zeros in IPv4).
  static Result<IpAddress> from_text(std::string_view text);
  /// 4 or 16 bytes in network order.
  static Result<IpAddress> from_bytes(std::string_view bytes);
  /// Canonical form (RFC 5952 for IPv6).
  std::string text() const;
  Family family() const { return family_; }
  /// 4 or 16 bytes in network order.
  std::string bytes() const;

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
  friend std::strong_ordering operator<=>(const IpAddress&, const IpAddress&) = default;

 private:
  Family family_ = Family::kV4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address and a port.
struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  /// Reads `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`; without a port,
  /// `default_port` is taken.
  static Result<Endpoint> from_text(std::string_view text, std::uint16_t default_port);
  /// `192.0.2.1:53`, `[2001:db8::1]:53`.
  std::string text() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend std::strong_ordering operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace cutover
