#include "tlscheck/lifetime.h"

#include <algorithm>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

constexpr Seconds kDay{86'400};

Instant at(const char* text) { return *parse_instant(text); }

}  // namespace

const std::vector<LifetimeLimit>& lifetime_limits() {
  static const std::vector<LifetimeLimit> limits{
      {398, at("2020-09-01T00:00:00Z"), at("2026-03-15T00:00:00Z")},
      {200, at("2026-03-15T00:00:00Z"), at("2027-03-15T00:00:00Z")},
      {100, at("2027-03-15T00:00:00Z"), at("2029-03-15T00:00:00Z")},
      {47, at("2029-03-15T00:00:00Z"), std::nullopt},
  };
  return limits;
}

Seconds lifetime(Instant not_before, Instant not_after) {
  return std::chrono::duration_cast<Seconds>(not_after - not_before) + Seconds(1);
}

Verdict judge_lifetime(const LifetimeLimit& limit, Instant not_before, Instant not_after) {
  if (not_before < limit.from || (limit.until && not_before >= *limit.until)) return Verdict::kNotEffective;
  return lifetime(not_before, not_after) <= limit.days * kDay ? Verdict::kPass : Verdict::kFail;
}

std::optional<LifetimeLimit> limit_on(Instant not_before) {
  const auto& limits = lifetime_limits();
  const auto found = std::find_if(limits.begin(), limits.end(), [&](const LifetimeLimit& limit) {
    return not_before >= limit.from && (!limit.until || not_before < *limit.until);
  });
  if (found == limits.end()) return std::nullopt;
  return *found;
}

int scts_needed(Seconds lifetime) { return lifetime <= 180 * kDay ? 2 : 3; }

}  // namespace cutover::tlscheck
