#pragma once
#include <vector>

#include "cmd/phases/preflight.h"
#include "cmd/plan/monitoring.h"
#include "cmd/plan/targets.h"

namespace cutover {

/// Asks every target once, concurrently: by HTTP over TLS where the plan says so (redirects are not followed), else
/// one handshake. Every probe makes a connection of its own, as a new visitor does. kIo: the root store.
Result<std::vector<ProbeSample>> probe_round(net::Loop& loop, const Clock& clock,
                                             const std::vector<EndpointTarget>& targets,
                                             const PreflightOptions& options);

}  // namespace cutover
