#pragma once
#include <string>
#include <vector>

#include "cmd/phases/phase.h"

namespace cutover {

/// A writing phase's result for people: headline, what was written, gates, where the way back lies, what next.
std::string phase_as_text(const PhaseResult& result, Instant now);
/// The gates as a table, closed ones in words and not by colour: `open`, `CLOSED`, `overridden`.
std::string gates_as_text(const std::vector<Gate>& gates, Instant now);

}  // namespace cutover
