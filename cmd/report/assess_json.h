#pragma once
#include <string>

#include "cmd/phases/assess.h"

namespace cutover {

/// `{"schema":1,"command":"assess","plan_file":...,"zones":[{"zone":..,"changes":[..],"mentions":[..],"audits":[..]}]}`:
/// record sets with absolute names, TTLs as integers in `ttl_s`.
std::string render_assess_json(const AssessResult& result);

}  // namespace cutover
