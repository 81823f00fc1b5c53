#pragma once
#include <vector>

#include "core/clock.h"
#include "dnsprobe/resolver.h"
#include "net/authority.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

/// Looks up the addresses of resolvers that are given by name alone (`tls://dns.google`,
/// `https://dns.google/dns-query`) and pins each to its first one, so that a whole watch asks the same address. A
/// resolver whose name has none keeps no endpoint: its questions end as unreachable.
void find_addresses(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                    std::vector<Resolver>& resolvers);

}  // namespace cutover::dnsprobe
