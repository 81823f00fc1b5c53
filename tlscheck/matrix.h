#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "net/loop.h"
#include "tlscheck/target.h"

namespace cutover::tlscheck {

/// What one target showed, as values: for those who keep numbers.
struct EndpointFacts {
  DomainName name{};
  Endpoint endpoint{};
  Side side = Side::kNew;
  bool accepted = false;                 ///< a handshake came about, and neither name, chain nor dates speak against it
  std::string version{};                 ///< `TLSv1.3`; empty: no handshake
  std::chrono::microseconds duration{};  ///< of connection and handshake
  std::optional<CertificateFacts> leaf{};    ///< empty: none was seen
  std::optional<Instant> earliest_expiry{};  ///< of everything that was sent
  std::optional<Instant> path_expiry{};      ///< of the path that clients take; empty: there is none
  int http_status = 0;                       ///< 0: not asked, or no answer
};

/// Asks all targets and judges what they show; each distinct chain is verified once. How many connections that takes
/// is bounded: see survey.h. Ids:
///   tls-connect        an answer. None, and every refusal, is kFail; kUndecided only when this machine cannot ask (no
///                      route for the address family). Where an answer came and no TLS of it, one of these instead:
///   tls-unknown-name   the server does not know the name (alert unrecognized_name)
///   tls-handshake      it found no common parameters, or failed inside
///   tls-client-certificate  it demands a client certificate; also where it only asks for one (a warning)
///   tls-not-spoken     something else than TLS is spoken there
///   tls-closed         it closed the connection
///   tls-stalled        it takes the connection, and no handshake came about in time
///   tls-starttls       it does not agree to STARTTLS
///   tls-version        TLS 1.2 or later
///   tls-old-versions   TLS 1.0 and 1.1 are off (a warning); once per address
///   tls-name, tls-chain, tls-not-yet-valid, tls-expiry, old-side-expiry   see verify.h
///   tls-caa            its issuer may issue for the name again (a warning); once per name, where that was looked up
///   tls-tlsa           clients that use DANE accept it, where that was looked up
///   tls-revocation     nobody has revoked it, by its issuer's lists or responder (see revocation.h)
///   tls-second-certificate  the same rules for the other certificate of a server that has an RSA and an ECDSA one
///   http-status        the status that was expected
///   clock              the server's clock, by its HTTP Date, is within 5 s of ours (a warning)
///   tls-same-leaf      all addresses of a name and port show the same certificate (a warning)
///   tls-second-store   another root store, where one is given, says the same of the new side's chain; once per chain
///   compare-...        see compare.h
///   https-record       see https_record.h
/// Each target is told to `seen` when all is known of it.
/// Sorted by name, side, endpoint, then in the order above; tls-same-leaf follows its last endpoint, and what compares
/// the sides comes last.
std::vector<Check> check_endpoints(net::Loop& loop, const Clock& clock, const std::vector<Target>& targets,
                                   const Options& options, const std::function<void(const EndpointFacts&)>& seen = {});

}  // namespace cutover::tlscheck
