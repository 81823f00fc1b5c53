#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cmd/exit_code.h"
#include "cmd/phases/watch.h"
#include "cmd/plan/gate.h"
#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"
#include "core/clock.h"
#include "core/result.h"

namespace cutover {

/// Something that happened in the rehearsal.
struct RehearsalEvent {
  Instant at{};  ///< by the rehearsal's clock
  std::string phase;
  std::string text;
};

/// What visitors of the moving sites met between the first and the last write.
struct Availability {
  /// A stretch of that time.
  struct Stretch {
    Instant at{};  ///< its beginning
    std::size_t reached_old = 0;
    std::size_t reached_new = 0;
    std::size_t failed = 0;
  };
  std::size_t visits = 0;
  std::size_t reached_old = 0;
  std::size_t reached_new = 0;
  std::size_t failed = 0;
  std::string first_failure;
  std::vector<Stretch> over_time;  ///< oldest first, equally long, only those in which somebody visited
};

/// An estimate against what the lab's caches really held, which nobody outside a lab can know.
struct EstimateCheck {
  std::string of;                      ///< `swap`, `rollback`
  Instant served_at{};                 ///< every authoritative address served the new values
  Instant bound{};                     ///< promised for caches that honour TTLs
  std::optional<Instant> observed;     ///< estimated after everybody had been asked once
  std::optional<Instant> last_turned;  ///< the last cache really gave up the other side's answer
  std::string last_holder;             ///< whose cache that was
  std::optional<Instant> converged_at;
};

struct RehearsalResult {
  ExitCode exit = ExitCode::kDone;
  std::string headline;
  std::vector<RehearsalEvent> events;
  std::vector<std::string> notes;  ///< what of the plan cannot be rehearsed, and why
  std::vector<EstimateCheck> estimates;
  Availability availability;
  bool stopped = false;                  ///< by a person, half-way: nothing was to be put back yet
  std::vector<std::string> differences;  ///< record sets that are not what they were, at the end; empty: all are
  std::chrono::milliseconds real_time{};
  Span rehearsed_time{};
};

/// A rehearsal at one moment, for whoever tells it while it goes on. Borrowed for the call.
struct RehearsalMoment {
  const Plan& plan;  ///< the plan in the lab: other servers, the same record sets
  const Journal& journal;
  const std::vector<DrainFacts>& facts;
  const std::vector<Gate>& gates;  ///< as the last writing phase saw them
  const Clock& clock;
  const RehearsalResult& so_far;
};

struct RehearsalOptions {
  double speed = 1440;                          ///< seconds of the rehearsal per real second, in the long waits
  std::function<void(const std::string&)> log;  ///< one line at a time, while it happens
  std::function<bool()> stop;
  /// Something has happened that a journal tells: an act began or ended. The last call comes after everything.
  std::function<void(const RehearsalMoment&)> moment;
  WatchSink watch;  ///< is told of both watches; `begun` comes after a `moment`
};

/// Runs every phase of the plan, with the same code, against a small Internet on loopback: an authority with
/// secondaries, caching resolvers with habits, both sides' web servers, visitors; the clock runs `speed` times
/// faster through the long waits. Nothing outside loopback is asked, the plan's own journal is not touched.
/// An Error means that the lab could not be built; a phase that failed is in the result.
Result<RehearsalResult> rehearse(const Plan& plan, const RehearsalOptions& options);

}  // namespace cutover
