#pragma once
#include <rapidcheck.h>

#include <optional>
#include <ostream>
#include <vector>

#include "cmd/plan/plan.h"
#include "providers/capabilities.h"
#include "tests/servers/api_fake.h"

namespace cutover::stage {

/// What goes wrong in one run of a command: with a request of the program, or with the program itself around its n-th
/// call that changes something.
struct RandomFault {
  enum class Kind { kRequest, kKilledBefore, kKilledAfter } kind = Kind::kRequest;
  enum class Side { kReads, kWrites } side = Side::kWrites;
  servers::ApiFault::Kind request = servers::ApiFault::Kind::kFailBefore;
  int after = 0;
  int times = 1;
};

/// A zone of example.com, a plan for it, and how carrying it out goes wrong.
struct RandomCutover {
  std::vector<RecordSet> zone;  ///< beside SOA, NS and the name server's address
  std::vector<PlannedChange> plan;
  Seconds during{60};
  /// What a person does about a swap that did not end well.
  enum class Then { kResume, kRollBack } then = Then::kResume;
  /// Of the first run of lower-ttl, swap, the swap's resumption, rollback; the next run of each is left alone.
  std::optional<RandomFault> lowering, swapping, resuming, rolling_back;
};

/// For what a provider declares that it carries: its types, TTLs from its floor to its ceiling or of its steps.
rc::Gen<RandomCutover> random_cutovers(const providers::Capabilities& can);

/// As a counterexample is shown.
void showValue(const RandomCutover& value, std::ostream& to);

}  // namespace cutover::stage
