#pragma once
#include <optional>
#include <string>

#include "core/check.h"
#include "tlscheck/certificate.h"

namespace cutover::tlscheck {

/// Something weak.
struct Weakness {
  Severity severity = Severity::kError;
  std::string what{};
};

/// What is weak in the key (Baseline Requirements section 6.1.5: RSA of 2048 bits and more in whole octets, P-256,
/// P-384, P-521; OpenSSL's security level 2 asks for the same strength).
std::optional<Weakness> weakness_of_key(const CertificateFacts& certificate);

/// What is weak in its signature: MD5, SHA-1 (Baseline Requirements section 7.1.3.2.1). Of an anchor nobody looks at
/// it.
std::optional<Weakness> weakness_of_signature(const CertificateFacts& certificate);

}  // namespace cutover::tlscheck
