#pragma once
#include <string>

#include "cmd/phases/phase.h"

namespace cutover {

/// `{"schema":1,"command":"swap","exit":2,...}`: instants in RFC 3339, TTLs as integers in `ttl_s`.
std::string phase_as_json(const PhaseResult& result);

}  // namespace cutover
