#pragma once
#include <vector>

#include "cmd/phases/cutover.h"
#include "dnsprobe/resolver.h"

namespace cutover {

/// The resolvers that the plan's `watch:` names, each with its address; those given by name alone are looked up now.
/// kUsage: a resolver that cannot be read, or a `must` that names none of them.
Result<std::vector<dnsprobe::Resolver>> watched_resolvers(Cutover& cutover);

}  // namespace cutover
