#pragma once
#include "providers/external/protocol.h"

namespace cutover::providers::external {

/// Whether `changes` may be made of what the program shows. kConflict: something else is there, or a CNAME would not
/// stand alone; kUnsupported: a set that the program would spoil.
Result<void> compare(const ZoneRead& live, const ChangeSet& changes);

}  // namespace cutover::providers::external
