#include "cmd/phases/lab_people.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace cutover {
namespace {

/// Where the lab's resolvers would stand if they stood anywhere: a picture of nothing but "somewhere" tells nobody
/// anything.
struct Stand {
  const char* place;
  const char* country;
  dnsprobe::Location location;
};
constexpr std::array<Stand, 16> kStands{{
    {"Frankfurt", "DE", {50.11F, 8.68F}},
    {"Lisbon", "PT", {38.72F, -9.14F}},
    {"Nairobi", "KE", {-1.29F, 36.82F}},
    {"Toronto", "CA", {43.65F, -79.38F}},
    {"Singapore", "SG", {1.35F, 103.82F}},
    {"Warsaw", "PL", {52.23F, 21.01F}},
    {"Santiago", "CL", {-33.45F, -70.67F}},
    {"Osaka", "JP", {34.69F, 135.50F}},
    {"Mumbai", "IN", {19.08F, 72.88F}},
    {"Chicago", "US", {41.88F, -87.63F}},
    {"Auckland", "NZ", {-36.85F, 174.76F}},
    {"Johannesburg", "ZA", {-26.20F, 28.05F}},
    {"Stockholm", "SE", {59.33F, 18.07F}},
    {"Sydney", "AU", {-33.87F, 151.21F}},
    {"Mexico City", "MX", {19.43F, -99.13F}},
    {"Istanbul", "TR", {41.01F, 28.98F}},
}};

}  // namespace

void place(std::vector<dnsprobe::Resolver>& resolvers) {
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    const Stand& stand = kStands[i % kStands.size()];
    resolvers[i].place = stand.place;
    resolvers[i].country = stand.country;
    resolvers[i].location = stand.location;
  }
}

Availability met(const std::vector<lab::Visit>& visits) {
  constexpr int kStretches = 120;
  Availability seen;
  if (visits.empty()) return seen;
  Instant first = Instant::max(), last{};
  for (const lab::Visit& visit : visits) {
    first = std::min(first, visit.at);
    last = std::max(last, visit.at);
  }
  const Span each = (last - first) / kStretches + Span(1);
  std::map<std::int64_t, Availability::Stretch> stretches;
  for (const lab::Visit& visit : visits) {
    const std::int64_t nth = (visit.at - first) / each;
    Availability::Stretch& stretch = stretches[nth];
    stretch.at = first + nth * each;
    ++seen.visits;
    if (visit.outcome == lab::Visit::Outcome::kReached) {
      ++(visit.side == "old" ? seen.reached_old : seen.reached_new);
      ++(visit.side == "old" ? stretch.reached_old : stretch.reached_new);
    } else {
      ++seen.failed;
      ++stretch.failed;
      if (seen.first_failure.empty())
        seen.first_failure = fmt::format("{} through {}: {}", visit.site.host(), visit.resolver, visit.detail);
    }
  }
  for (const auto& [nth, stretch] : stretches) seen.over_time.push_back(stretch);
  return seen;
}

}  // namespace cutover
