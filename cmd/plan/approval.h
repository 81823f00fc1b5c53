#pragma once
#include <optional>
#include <string>

#include "cmd/plan/plan.h"
#include "core/result.h"

namespace cutover {

/// A person's word that the swap of this plan, as it is now, may go on.
struct Approval {
  Instant at{};
  std::string plan_hash;
  std::string by;  ///< the user's name on the machine where it was given
};

/// Leaves the word in the plan's state folder (`approved`), where a `cutover run` that waits for it looks. It is a file
/// of its own because that run holds the journal. kIo: it cannot be written.
Result<Approval> approve(const Plan& plan, Instant now);
/// The word for exactly this plan; nullopt: none was given, or for another plan hash. kCorrupt: the file is damaged.
Result<std::optional<Approval>> approval_of(const Plan& plan);

}  // namespace cutover
