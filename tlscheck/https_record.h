#pragma once
#include <vector>

#include "core/check.h"
#include "tlscheck/sighting.h"

namespace cutover::tlscheck {

/// Holds the HTTPS records (RFC 9460) that will point at the new side against what was seen there. Pure. One check
/// `https-record` per record:
///   hints that are no address of the new side      an error: clients may connect to a hint before they see A or AAAA
///   h2 in `alpn` where the new side does not speak it   a warning; an error with `no-default-alpn`
/// Protocols over QUIC (h3) cannot be seen from here, which is said. Records in alias mode and for another target are
/// not applicable. A record with `ech` is a matter of the gate `ech-key-held`.
std::vector<Check> check_https_records(const std::vector<HttpsRecord>& records, const std::vector<Sighting>& sightings);

}  // namespace cutover::tlscheck
