#pragma once
#include <optional>
#include <vector>

#include "core/check.h"
#include "core/clock.h"

namespace cutover::tlscheck {

/// How long a certificate of a public authority may be valid, by the day on which it was issued (Baseline Requirements
/// 2.2.6, section 6.3.2).
struct LifetimeLimit {
  int days = 0;
  Instant from{};                  ///< issued then or later
  std::optional<Instant> until{};  ///< and before this
};

/// The limits, the oldest first: 398, 200, 100, 47 days.
const std::vector<LifetimeLimit>& lifetime_limits();

/// notBefore to notAfter, both included: section 6.3.2 counts the last second, too.
Seconds lifetime(Instant not_before, Instant not_after);

/// kPass, kFail, or kNotEffective where the limit is not for certificates of that day. A day has 86,400 s, and a second
/// more is another day.
Verdict judge_lifetime(const LifetimeLimit& limit, Instant not_before, Instant not_after);

/// The limit for certificates of that day; empty: from before all of them.
std::optional<LifetimeLimit> limit_on(Instant not_before);

/// How many logs have to vouch for a certificate of that lifetime (policies of Chrome, Safari and Firefox since
/// 2022-04-15): 2 up to 180 days, else 3.
int scts_needed(Seconds lifetime);

}  // namespace cutover::tlscheck
