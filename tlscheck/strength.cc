#include "tlscheck/strength.h"

#include <fmt/format.h>

namespace cutover::tlscheck {
namespace {

constexpr int kLeastRsaBits = 2048;

std::optional<Weakness> weakness_of_rsa(int bits) {
  if (bits < kLeastRsaBits) return Weakness{Severity::kError, fmt::format("an RSA key of {} bits", bits)};
  if (bits % 8 != 0)
    return Weakness{Severity::kNote, fmt::format("an RSA key of {} bits, which are no whole octets", bits)};
  return std::nullopt;
}

std::optional<Weakness> weakness_of_curve(const KeyFacts& key) {
  if (key.curve == "prime256v1" || key.curve == "secp384r1" || key.curve == "secp521r1") return std::nullopt;
  return Weakness{Severity::kError,
                  key.curve.empty()
                      ? "an ECDSA key on a curve without a name"
                      : fmt::format("an ECDSA key on the curve {}, which browsers do not know", key.curve)};
}

}  // namespace

std::optional<Weakness> weakness_of_key(const CertificateFacts& certificate) {
  const auto& key = certificate.key;
  if (key.bits == 0) return Weakness{Severity::kError, "a key that cannot be read"};
  if (key.algorithm == "RSA") return weakness_of_rsa(key.bits);
  if (key.algorithm == "ECDSA") return weakness_of_curve(key);
  if (key.algorithm == "DSA") return Weakness{Severity::kError, "a DSA key, which browsers refuse"};
  if (key.algorithm == "Ed25519" || key.algorithm == "Ed448")
    return Weakness{Severity::kWarning, fmt::format("an {} key, which browsers do not know", key.algorithm)};
  return Weakness{Severity::kWarning, fmt::format("a key of the kind {}", key.algorithm)};
}

std::optional<Weakness> weakness_of_signature(const CertificateFacts& certificate) {
  const auto& digest = certificate.digest;
  if (digest == "SHA1" || digest == "MD5" || digest == "MD5-SHA1" || digest == "MD4" || digest == "MD2")
    return Weakness{Severity::kError, fmt::format("a signature over {}", digest)};
  return std::nullopt;
}

}  // namespace cutover::tlscheck
