#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "tlscheck/certificate.h"

namespace cutover::tlscheck {

/// What an OCSP response (RFC 6960) says of a certificate.
enum class OcspStatus {
  kGood,
  kRevoked,
  kUnknown,    ///< the responder does not know the certificate
  kOther,      ///< it speaks of other certificates only
  kOutOfDate,  ///< it was good for another time
  kUntrusted,  ///< its signature is nobody's who may speak for the issuer
  kRefused,    ///< the responder declined to answer (RFC 6960 section 2.3)
  kUnreadable,
};

struct OcspFacts {
  OcspStatus status = OcspStatus::kUnreadable;
  Instant this_update{};
  std::optional<Instant> next_update{};
  std::optional<Instant> revoked_at{};
  std::string why{};  ///< one clause for people, safe to print
};

/// Reads a response in DER about `leaf` of `issuer` as a client at that moment does, five minutes of wrong clocks
/// granted. Signed by the issuer, or by one that the issuer let speak for it (section 4.2.2.2). Pure.
OcspFacts read_ocsp(std::string_view response, const Certificate& leaf, const Certificate& issuer, Instant at);

/// The request that asks a responder about `leaf`, in DER (RFC 6960 section 4.1, SHA-1 ids as all responders take them:
/// RFC 5019 section 2.1.1; without a nonce).
std::string ocsp_request(const Certificate& leaf, const Certificate& issuer);

}  // namespace cutover::tlscheck
