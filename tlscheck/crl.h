#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "tlscheck/certificate.h"

namespace cutover::tlscheck {

/// What a certificate revocation list (RFC 5280 section 5) says of a certificate.
enum class CrlStatus {
  kNotListed,
  kRevoked,
  kOutOfDate,  ///< it was good for another time
  kUntrusted,  ///< it is not the issuer's, or its signature is wrong
  kUnreadable,
};

struct CrlFacts {
  CrlStatus status = CrlStatus::kUnreadable;
  Instant this_update{};
  std::optional<Instant> next_update{};
  std::optional<Instant> revoked_at{};
  std::string why{};  ///< one clause for people, safe to print
};

/// Reads a list in DER about `certificate` of `issuer` as a client at that moment does, five minutes of wrong clocks
/// granted. Lists that somebody else signs for the issuer (indirect ones) are kUntrusted. Pure.
CrlFacts read_crl(std::string_view crl, const Certificate& certificate, const Certificate& issuer, Instant at);

}  // namespace cutover::tlscheck
