#include "net/client_subnet.h"

#include <fmt/format.h>

#include <algorithm>

#include "net/wire.h"

namespace cutover::net {
namespace {

// Address family numbers of IANA.
constexpr unsigned kIpv4 = 1, kIpv6 = 2;

std::size_t octets_of(unsigned prefix) { return (prefix + 7) / 8; }

}  // namespace

std::string ClientSubnet::text() const { return fmt::format("{}/{}", address.text(), prefix); }

bool is_network(const IpAddress& address, unsigned prefix) {
  const std::string bytes = address.bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned first = static_cast<unsigned>(i) * 8;
    const unsigned kept = prefix <= first ? 0 : std::min(8U, prefix - first);
    if ((static_cast<unsigned char>(bytes[i]) & (0xFFU >> kept)) != 0) return false;
  }
  return true;
}

std::string to_wire(const SubnetOption& option) {
  std::string out;
  put_u16(out, option.subnet.address.family() == Family::kV4 ? kIpv4 : kIpv6);
  put_u8(out, option.subnet.prefix);
  put_u8(out, option.scope);
  return out + option.subnet.address.bytes().substr(0, octets_of(option.subnet.prefix));
}

std::optional<SubnetOption> subnet_from_wire(std::string_view value) {
  WireReader in(value, 0, value.size());
  const unsigned family = in.u16();
  const unsigned prefix = in.u8();
  const unsigned scope = in.u8();
  std::string bytes(in.rest());
  const unsigned longest = family == kIpv4 ? 32 : 128;
  if (in.failed() || (family != kIpv4 && family != kIpv6) || prefix > longest || scope > longest) return std::nullopt;
  if (bytes.size() != octets_of(prefix)) return std::nullopt;
  bytes.resize(longest / 8, '\0');
  const auto address = IpAddress::from_bytes(bytes);
  if (!address || !is_network(*address, prefix)) return std::nullopt;
  return SubnetOption{{*address, static_cast<std::uint8_t>(prefix)}, static_cast<std::uint8_t>(scope)};
}

}  // namespace cutover::net
