#pragma once
#include <optional>
#include <string>

#include "core/clock.h"

struct asn1_string_st;  // OpenSSL's ASN1_TIME and ASN1_GENERALIZEDTIME

namespace cutover::tlscheck {

/// nullopt: there is none, or it cannot be read.
std::optional<Instant> instant_of(const asn1_string_st* time);

/// The time for which an issuer's word about revocation is good: thisUpdate and nextUpdate (RFC 5280 section 5.1.2,
/// RFC 6960 section 2.4).
struct UpdateWindow {
  Instant from{};
  std::optional<Instant> until{};
};
/// Why it is not good at that moment, as a clause, five minutes of wrong clocks granted; empty: it is.
std::string why_outside(const UpdateWindow& window, Instant at);
/// `revoked on 2026-01-01T00:00:00Z`
std::string revoked_text(const std::optional<Instant>& at);

}  // namespace cutover::tlscheck
