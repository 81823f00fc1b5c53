#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "tlscheck/anchors.h"
#include "tlscheck/certificate.h"
#include "tlscheck/conformance.h"
#include "tlscheck/verifier.h"

namespace cutover::tlscheck {

/// What one kind of client makes of a chain.
struct PathFacts {
  Trust trust = Trust::kUnreadable;
  std::string why{};                ///< the verifier's reason where it is not trusted
  std::string broken_at{};          ///< subject of the certificate at which the path ended
  std::string missing_issuer{};     ///< its issuer, for kIncomplete
  std::vector<std::string> path{};  ///< subjects, leaf first, anchor last
  std::vector<Lapse> expired{};     ///< in the order of the moments
  std::vector<Lapse> not_yet_valid{};

  /// Trusted, and valid at every moment.
  bool is_good() const { return trust == Trust::kTrusted && expired.empty() && not_yet_valid.empty(); }
};

/// A chain as it was sent, and what clients that trust the anchors make of it. What stands here directly is the
/// verdict of a *strict client*: curl, OpenSSL, Python, PHP, mail servers, which look for one path in what was sent.
struct ChainFacts : PathFacts {
  std::vector<CertificateFacts> sent{};  ///< leaf first; what does not parse is left out
  std::size_t unreadable = 0;            ///< how many were left out
  /// The verdict of a *path-building client*: browsers, Go, Java, which try one path after the other, and know
  /// intermediates from elsewhere. Nearly never the worse one: the strict one's path is one of those that it tries.
  PathFacts building{};
  std::size_t paths_tried = 0;    ///< by the path-building client; 0: it could take the strict one's path
  bool search_cut_short = false;  ///< it gave up at a limit: the chain is made to hurt, or nearly so
  /// The certificates of the path that is good, the strict one's first; where none is, of the strict one's attempt.
  Path certificates{};
  std::vector<CertificateFacts> path_facts{};  ///< the same as values
  std::vector<Fault> faults{};                 ///< of that path: what the profiles forbid, whether clients mind or not
  bool reaches_anchor = false;                 ///< that path ends at an anchor
  std::optional<Certificate> leaf{};           ///< empty when kUnreadable
};

/// What a caller may know or want beyond the chain itself.
struct Policy {
  Terms terms{};
  std::vector<Certificate> known{};  ///< seen elsewhere, on the old side say: for clients that build paths
  PathLimits limits{};
};

/// Parses `chain` (DER, leaf first) and verifies it for a TLS server at each of `moments` (ascending), as both kinds of
/// clients do. Pure: no sockets, no clock, no fetching of issuers.
ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments,
                   const Policy& policy = {});
/// The same, with certificates that were parsed before.
ChainFacts inspect(const std::vector<std::string>& chain, const Anchors& anchors, const std::vector<Instant>& moments,
                   const Policy& policy, CertificateReader& reader);

/// Whether the leaf covers the name (see Certificate::covers()).
bool covers(const ChainFacts& chain, const DomainName& name);
bool covers(const ChainFacts& chain, const IpAddress& address);

}  // namespace cutover::tlscheck
