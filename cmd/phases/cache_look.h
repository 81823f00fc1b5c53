#pragma once
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// Whether a closed drain gate wants to know what caches hold.
bool wants_cache_look(const Gate& drain);
/// Asks the plan's resolvers what they hold for the record sets that the swap changes, and journals every answer
/// with more than the low TTL left. Asked only when all authorities serve the low TTL, so that a question plants
/// only that. Returns sentences worth telling.
Result<std::vector<std::string>> look_at_caches(Cutover& cutover, Phase phase);

}  // namespace cutover
