#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cmd/phases/lagging.h"
#include "cmd/phases/phase.h"
#include "cmd/phases/watched_resolvers.h"
#include "dnsprobe/watch.h"

namespace cutover {

/// What a watch asks, fixed before the first question.
struct WatchQuestions {
  Phase of = Phase::kSwap;  ///< the write whose spreading is watched: a swap or a rollback
  std::vector<dnsprobe::Expectation> expectations;
  std::vector<dnsprobe::Resolver> resolvers;
  Instant give_up_at{};
};

struct WatchPhaseOptions {
  Seconds sync_timeout{120};       ///< how long the authoritative servers may take before the resolvers are asked
  std::optional<Seconds> give_up;  ///< instead of the plan's
  Over over = Over::kAsListed;
  /// Adds what else is known of those who are asked, such as where they stand; may be empty.
  std::function<void(std::vector<dnsprobe::Resolver>&)> introduce;
};

/// How a watch is told while it runs. Each may be empty.
struct WatchSink {
  std::function<void(const WatchQuestions&)> begun;
  std::function<void(const WatchQuestions&, const dnsprobe::WatchEvent&)> event;
  /// The name servers were asked again, because a resolver had fetched the old answer afresh.
  std::function<void(const WatchQuestions&, const AuthorityLook&)> authority;
};

struct WatchPhaseResult {
  ExitCode exit = ExitCode::kDone;
  std::string headline;
  std::vector<std::string> notes;
  std::string next;
  WatchQuestions questions;
  dnsprobe::WatchResult seen;
};

/// Authoritative servers first, then the resolvers, until converged (kDone) or given up (kGaveUp). While resolvers
/// fetch the old answer afresh (verdict `behind`), the authoritative servers are asked again which of them gives it.
/// Watches the last thing written: the swap, or the rollback that undid it.
Result<WatchPhaseResult> watch(Cutover& cutover, const WatchPhaseOptions& options, const WatchSink& sink);

}  // namespace cutover
