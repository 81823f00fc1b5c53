#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/phases/cutover.h"
#include "cmd/plan/targets.h"
#include "core/check.h"
#include "tlscheck/anchors.h"
#include "tlscheck/matrix.h"

namespace cutover {

struct PreflightOptions {
  std::string ca_file;                       ///< empty: the system's root store
  std::string second_ca_file;                ///< of other clients, to compare with; empty: none
  Severity fail_on = Severity::kError;       ///< the least severity of a failed check that fails the preflight
  std::chrono::milliseconds timeout{10000};  ///< of one connection, real time
  /// How much it weighs that the new side could not renew by ACME's HTTP-01; empty: not asked.
  std::optional<Severity> http_01{};
  std::function<Endpoint(const Endpoint&)>
      route;  ///< where an address really is; empty: where it says (a rehearsal maps it to loopback)
};

struct PreflightResult {
  ExitCode exit =
      ExitCode::kDone;  ///< kFailed: a check failed at error; kGaveUp: none failed and some could not be decided
  std::string headline;
  std::string root_store;  ///< path and number of certificates
  std::vector<Check> checks;
  std::vector<tlscheck::EndpointFacts> endpoints;  ///< what they showed
  std::string next;
};

/// What finished checks amount to.
struct Conclusion {
  ExitCode exit = ExitCode::kDone;
  std::string headline;
};
Conclusion conclude(const std::vector<Check>& checks, Severity fail_on);

/// The root store to compare with, where the options name one. Errors as of Anchors::load().
Result<std::optional<tlscheck::Anchors>> second_store(const PreflightOptions& options);

/// Certificates and endpoints of the new side, and the old side's for comparison. Needs no provider and no
/// credentials. With a journal the result is recorded, with the plan's hash, for the swap's gate.
Result<PreflightResult> preflight(const Plan& plan, Journal* journal, net::Loop& loop, const Clock& clock,
                                  const PreflightOptions& options);

/// Only the names that `changes` point at (new CNAME targets), looked up and checked on the spot.
std::vector<Check> check_named_targets(Cutover& cutover, const PreflightOptions& options,
                                       const std::vector<ChangeSet>& changes);
/// Only the new side, as an ordinary client meets it.
std::vector<Check> check_new_side(Cutover& cutover, const PreflightOptions& options);
/// One side's endpoints with every address, those of names that are aliases looked up now; what has none is told in
/// `unresolved`.
std::vector<EndpointTarget> endpoints_of(const Plan& plan, TargetSide side, net::Loop& loop, const Clock& clock,
                                         std::vector<Check>& unresolved);
/// Only the old side: what a rollback would send users back to. Waits two seconds at most for an answer: a rollback
/// is in a hurry.
std::vector<Check> check_old_side(Cutover& cutover, const PreflightOptions& options);

}  // namespace cutover
