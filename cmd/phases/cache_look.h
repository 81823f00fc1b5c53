#pragma once
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// Asks the plan's resolvers what they hold for the record sets that the swap changes in `zones`, and journals it:
/// what a drain gate wants when a serial moved and nobody saw why. To be called only while every authority serves
/// the low TTL: then a question plants nothing higher. Sets that do not exist yet are not asked for.
/// Returns sentences worth telling.
Result<std::vector<std::string>> look_at_caches(Cutover& cutover, Phase phase, const std::vector<DomainName>& zones);

}  // namespace cutover
