#pragma once
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "net/loop.h"
#include "tlscheck/target.h"

namespace cutover::tlscheck {

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
/// Sorted by name, side, endpoint, then in the order above; tls-same-leaf follows its last endpoint, and what compares
/// the sides comes last.
std::vector<Check> check_endpoints(net::Loop& loop, const Clock& clock, const std::vector<Target>& targets,
                                   const Options& options);

}  // namespace cutover::tlscheck
