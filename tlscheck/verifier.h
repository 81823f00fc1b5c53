#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tlscheck/anchors.h"
#include "tlscheck/certificate.h"
#include "tlscheck/path.h"

namespace cutover::tlscheck {

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

/// Something that OpenSSL's pedantic mode (RFC 5280's profile to the letter) has against a certificate of the path.
/// Clients do not refuse it for that, with one exception.
struct Complaint {
  std::string subject{};
  std::string what{};
  /// An intermediate that says nowhere that it is an authority: OpenSSL takes key usage for it; browsers, Go and Java
  /// want basic constraints (RFC 5280 section 6.1.4 (k)).
  bool no_authority = false;
};

/// On which terms the verifier runs.
struct Terms {
  std::optional<int> max_intermediates{};  ///< empty: as many as OpenSSL takes
};

/// What one run found.
struct Run {
  Trust trust = Trust::kTrusted;
  std::string why{};        ///< the verifier's reason where it is not trusted
  std::string broken_at{};  ///< subject of the certificate at which the path ended
  std::string issuer{};     ///< its issuer
  std::vector<Certificate> path{};
  std::vector<Lapse> expired{};
  std::vector<Lapse> not_yet_valid{};
  std::vector<Complaint> complaints{};

  bool is_good() const { return trust == Trust::kTrusted && expired.empty() && not_yet_valid.empty(); }
};

/// X509_verify_cert as clients built on OpenSSL run it for a TLS server: one path, chosen from what was sent. Security
/// level 2: no SHA-1 below the anchor, no RSA under 2048 bits. Pure: no sockets, no clock.
Run run_verifier(const Certificate& leaf, const std::vector<Certificate>& sent, const Anchors& anchors, Instant at,
                 const Terms& terms);

/// The same for exactly this path. notAfter is the last second that counts (RFC 5280 section 4.1.2.5), as for the
/// libraries that build paths; OpenSSL by itself takes it for the first one that does not.
Run run_verifier(const Path& path, Instant at, const Terms& terms);

}  // namespace cutover::tlscheck
