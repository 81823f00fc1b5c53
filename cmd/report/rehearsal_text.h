#pragma once
#include <string>

#include "cmd/phases/rehearse.h"

namespace cutover {

/// The summary that ends a rehearsal: what happened, when each gate opened, how the estimates compared with what
/// really happened, what visitors met, and whether everything was put back.
std::string rehearsal_as_text(const RehearsalResult& result);
std::string rehearsal_as_json(const RehearsalResult& result);

}  // namespace cutover
