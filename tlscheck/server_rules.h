#pragma once
#include <string>
#include <vector>

#include "core/check.h"
#include "tlscheck/sighting.h"

namespace cutover::tlscheck {

/// What the usual handshake says about the server, without the certificate: tls-connect and, where no connection came
/// about, which of the other ids of matrix.h it is instead; tls-version, tls-old-versions, tls-client-certificate.
std::vector<Check> server_checks(const Sighting& sighting);

/// http-status where a status is expected, and clock where HTTP was answered with a Date.
std::vector<Check> http_checks(const Sighting& sighting);

/// Says of a certificate for another name which one it is: the address's default, or another.
std::string which_certificate(const Sighting& sighting);

/// The other certificate of a dual set as one check, from the checks that its own chain got. nullopt: there is no
/// other one.
std::optional<Check> second_certificate_check(const Sighting& sighting, const std::vector<Check>& judged);

}  // namespace cutover::tlscheck
