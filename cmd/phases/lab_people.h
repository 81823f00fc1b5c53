#pragma once
#include <vector>

#include "cmd/phases/rehearse.h"
#include "dnsprobe/resolver.h"
#include "lab/visitor.h"

namespace cutover {

/// Gives the lab's resolvers made-up places all over the world.
void place(std::vector<dnsprobe::Resolver>& resolvers);
/// What the visitors met, whole and in stretches of time.
Availability met(const std::vector<lab::Visit>& visits);

}  // namespace cutover
