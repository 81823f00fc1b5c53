#pragma once
#include <vector>

#include "core/clock.h"
#include "net/loop.h"
#include "tlscheck/sighting.h"

namespace cutover::tlscheck {

/// Asks all targets and gives back what they showed, sorted by name, side, endpoint and protocol. Connections are
/// bounded. Each target costs one handshake; only where that succeeds, and with Depth::kThorough, another one that
/// offers only the other kind of keys (the second certificate of a dual set), and each address and port costs one
/// without SNI and at most three that offer old versions.
std::vector<Sighting> survey_tls(net::Loop& loop, const std::vector<Target>& targets, const Options& options,
                                 ChainStore& chains);

/// Asks those sightings for HTTP for which `wanted` says so: at most one request each. The path is the one that is
/// expected, or `/`.
void survey_http(net::Loop& loop, const Clock& clock, std::vector<Sighting>& sightings, const Options& options,
                 const std::vector<bool>& wanted);

/// Whether HTTP is spoken there, as far as the plan tells: an expectation, or port 443.
bool speaks_http(const Target& target);
/// Whether this program can ask it: it knows the protocol of STARTTLS.
bool can_be_asked(const Target& target);

}  // namespace cutover::tlscheck
