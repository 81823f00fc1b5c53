#pragma once
#include <vector>

#include "core/check.h"
#include "tlscheck/sighting.h"

namespace cutover::tlscheck {

/// Old against new: what users of the old side have and would lose. Pure, over what was collected; of each name, port
/// and protocol, everything that some address of the old side does is what every address of the new side is held
/// against. Only handshakes that came about are compared. One check per difference, with the new endpoint:
///   compare-certificate  always: whether both sides show the same one (never fails)
///   compare-names        names in old certificates that no certificate of the new side has; an error for names that
///                        are checked, else a warning. Once per old certificate, without an endpoint
///   compare-issuer       another authority (a note)
///   compare-key          clients that know no ECDSA, or no RSA, lose access (a warning); another kind (a note)
///   compare-chain        the old side sends all intermediates, the new one does not (an error: browsers hide it)
///   compare-versions     TLS 1.2 or 1.3 lost (a warning), 1.0 or 1.1 lost (a note)
///   compare-alpn         HTTP/2 lost (a warning)
///   compare-hsts         Strict-Transport-Security lost (a warning)
///   compare-http         another status or another place to go (a warning)
///   compare-default      clients without SNI lose the certificate for the name (a warning)
///   compare-client-certificate  only the new side asks for one (an error)
std::vector<Check> compare(const std::vector<Sighting>& sightings);

/// Where the old side has taught browsers that a name is HTTPS only (HSTS), they let nobody click a certificate error
/// away: makes errors of the warnings about the new side's certificates, and says so. `checks` are those of one target.
void raise_for_hsts(const std::vector<Sighting>& sightings, const Sighting& sighting, std::vector<Check>& checks);

}  // namespace cutover::tlscheck
