#pragma once
#include <cstdint>
#include <map>
#include <set>

#include "core/record_set.h"

namespace cutover {

/// The fields of a SOA record that the program reasons about (RFC 1035 section 3.3.13).
struct Soa {
  DomainName mname;
  DomainName rname;
  std::uint32_t serial = 0;
  Seconds refresh{}, retry{}, expire{}, minimum{};
  Seconds ttl{};
  /// How long a cache may hold "does not exist": min(MINIMUM, the SOA's own TTL) (RFC 2308 section 5).
  Seconds negative_ttl() const { return minimum < ttl ? minimum : ttl; }
};

/// A zone as one server or provider shows it, complete, SOA included in `sets`.
struct Zone {
  DomainName origin;
  Soa soa;
  std::map<RecordKey, RecordSet> sets;
  /// Names that their provider answers with addresses of its own, a proxy's, whatever their sets hold: these are the
  /// origins behind it. Only a provider knows; never of what a name server shows.
  std::set<DomainName> proxied{};

  /// nullptr when the zone has no such set. The pointer lives as long as the zone is unchanged.
  const RecordSet* find(const RecordKey& key) const {
    const auto at = sets.find(key);
    return at == sets.end() ? nullptr : &at->second;
  }
};

/// Serial number arithmetic (RFC 1982): true when `a` is after `b`.
constexpr bool serial_is_after(std::uint32_t a, std::uint32_t b) {
  return a != b && static_cast<std::uint32_t>(a - b) < 0x80000000U;
}

/// Reads a SOA's canonical rdata text.
Result<Soa> parse_soa(const RecordSet& set);

}  // namespace cutover
