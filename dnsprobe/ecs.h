#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "net/client_subnet.h"

namespace cutover::dnsprobe {

/// Reads `203.0.113.0/24`, `2001:db8::/56`; without a prefix, /24 and /56 (RFC 7871 section 11.1: no longer than
/// needed). kUsage: no address, a prefix longer than the address, or bits behind the prefix that are not zero.
Result<net::ClientSubnet> parse_subnet(std::string_view text);

/// One network that stands for the clients of a country.
struct CountrySubnet {
  net::ClientSubnet subnet;
  std::uint32_t asn = 0;
  std::string provider;  ///< whose customers are there
  std::string place;
};

/// One or two networks of large access providers of a country (ISO 3166 alpha-2, in capitals), the larger first; empty
/// where none is known. By dnsprobe/ecs_prefixes.tsv.
std::vector<CountrySubnet> ecs_prefixes(std::string_view country);
/// Every country that has some, sorted.
std::vector<std::string> ecs_countries();

/// A view as a person writes it: `203.0.113.0/24`, or `country:DE` for the networks of that country. kUsage says what
/// is wrong with it.
Result<std::vector<net::ClientSubnet>> parse_view(std::string_view text);

/// Reads the form of dnsprobe/ecs_prefixes.tsv: a line for each network, its country first. kInvalid: `ORIGIN:LINE:`
/// and why.
struct EcsRow {
  std::string country;
  CountrySubnet network;
};
Result<std::vector<EcsRow>> parse_ecs_prefixes(std::string_view text, std::string_view origin);

}  // namespace cutover::dnsprobe
