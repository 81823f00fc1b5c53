#pragma once
#include <optional>
#include <vector>

#include "cmd/plan/journal.h"
#include "tlscheck/dane.h"

namespace cutover {

/// What earlier preflights saw of a TLSA record set.
struct TlsaPast {
  Instant since{};  ///< from then on each of them saw exactly these records
  Seconds ttl{};    ///< the largest TTL that they saw: a cache shows what is left of it
};

/// Reads the journalled checks, oldest first. nullopt: none saw the set, or the latest that did saw other records.
std::optional<TlsaPast> tlsa_past(const std::vector<CheckRecord>& checks, const tlscheck::PublishedTlsa& published);

}  // namespace cutover
