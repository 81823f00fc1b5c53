#pragma once
#include <vector>

#include "core/change_set.h"
#include "providers/capabilities.h"

namespace cutover::providers::external {

/// The change set cut into the pieces that are sent one by one: whole where zone or message happen together (up to the
/// limit), else record set by record set. What is deleted at a name goes right before what is created there, so that a
/// CNAME finds its name free; every other deletion comes last. Only the first piece keeps the serial guard: it moves
/// the serial itself.
std::vector<ChangeSet> pieces_of(const ChangeSet& changes, const Capabilities& can);

}  // namespace cutover::providers::external
