#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/endpoint.h"

namespace cutover::net {

/// A client's network, as EDNS Client Subnet carries it (RFC 7871).
struct ClientSubnet {
  IpAddress address{};  ///< every bit behind the prefix is zero
  std::uint8_t prefix = 0;

  /// `203.0.113.0/24`.
  std::string text() const;
  friend bool operator==(const ClientSubnet&, const ClientSubnet&) = default;
};

/// The option's value as it came: SCOPE PREFIX-LENGTH is 0 in a query, in a reply the network for which it holds.
struct SubnetOption {
  ClientSubnet subnet{};
  std::uint8_t scope = 0;
  friend bool operator==(const SubnetOption&, const SubnetOption&) = default;
};

/// The OPTION-DATA of RFC 7871 section 6: family, both lengths, and no more octets of the address than the prefix has.
std::string to_wire(const SubnetOption& option);
/// Reads it. nullopt: no option that RFC 7871 section 7.1.1 lets pass (an unknown family, a length that is too long for
/// it, too few or too many octets, bits behind the prefix).
std::optional<SubnetOption> subnet_from_wire(std::string_view value);

/// Whether every bit behind the first `prefix` is zero.
bool is_network(const IpAddress& address, unsigned prefix);

}  // namespace cutover::net
