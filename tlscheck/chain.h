#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "tlscheck/anchors.h"

namespace cutover::tlscheck {

/// What a certificate says, as plain values. Texts are safe to print.
struct CertificateFacts {
  std::string subject{};  ///< `CN=www.example.com,O=Example`
  std::string issuer{};
  std::string sha256{};  ///< fingerprint, lower-case hexadecimal
  Instant not_before{};
  Instant not_after{};
  std::vector<std::string> names{};  ///< subjectAltName: host names, and addresses in text form
  bool self_issued = false;          ///< subject and issuer are the same
  bool in_path = false;              ///< part of the path that was found
};

/// What came of looking for a path from the leaf to an anchor; times do not count here.
enum class Trust {
  kTrusted,
  kIncomplete,   ///< the issuer of `broken_at` was neither sent nor is it an anchor
  kSelfSigned,   ///< the leaf signed itself
  kUnknownRoot,  ///< the path ends at a root that is no anchor
  kRejected,     ///< a rule forbids it: wrong purpose, weak key or digest, name constraint, bad signature
  kUnreadable,   ///< no certificate came, or the first one does not parse
};

/// A certificate of the path that is not valid at one of the moments asked for.
struct Lapse {
  Instant at{};  ///< the moment
  CertificateFacts certificate{};
  bool leaf = false;
};

/// A chain as it was sent, and what an OpenSSL client that trusts the anchors makes of it.
struct ChainFacts {
  std::vector<CertificateFacts> sent{};  ///< leaf first; what does not parse is left out
  Trust trust = Trust::kUnreadable;
  std::string why{};                ///< the verifier's reason where it is not trusted
  std::string broken_at{};          ///< subject of the certificate at which the path ended
  std::string missing_issuer{};     ///< its issuer, for kIncomplete
  std::vector<std::string> path{};  ///< subjects, leaf first, anchor last
  std::vector<Lapse> expired{};     ///< in the order of the moments
  std::vector<Lapse> not_yet_valid{};
  struct Leaf;
  std::shared_ptr<const Leaf> leaf{};  ///< nullptr when kUnreadable
};

/// Parses `chain` (DER, leaf first) and verifies it for a TLS server at each of `moments` (ascending).
/// Pure: no sockets, no clock. Security level 2: no SHA-1 below the anchor, no RSA under 2048 bits.
ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments);

/// Whether the leaf's subjectAltName covers the name (RFC 9525: the subject's CN never counts; `*` only as a whole
/// leftmost label).
bool covers(const ChainFacts& chain, const DomainName& name);
bool covers(const ChainFacts& chain, const IpAddress& address);

}  // namespace cutover::tlscheck
