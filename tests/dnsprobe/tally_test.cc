// The tally that is kept up to date, held against one look at everybody, over random histories.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>

#include "dnsprobe/forecast.h"
#include "tests/dnsprobe/story.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

constexpr std::size_t kResolvers = 12, kKeys = 2;

/// What forecast.h says in words, in the plainest way.
struct Look {
  std::set<std::size_t> answered, settled, holding;
  std::set<std::string> operators_answered, operators_settled;
  bool all_confirmed = true, nobody_sampling = true;
  std::optional<Instant> observed;
};

bool counts(const Standing& standing, Instant now) {
  const bool lapsed = standing.consecutive_no_data >= 3 && !(standing.old_until && *standing.old_until > now);
  return !standing.recent.empty() && !lapsed;
}

Look look(const std::vector<Standing>& standings, const std::vector<Resolver>& resolvers, Instant now) {
  Look out;
  std::set<std::string> operators_holding;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    std::size_t answered = 0, settled = 0, confirmed = 0;
    for (const Standing& standing : standings) {
      if (standing.resolver != i || !counts(standing, now)) continue;
      ++answered;
      if (std::any_of(standing.recent.begin(), standing.recent.end(), is_old)) out.holding.insert(i);
      if (standing.recent != std::vector<Verdict>(2, Verdict::kNew)) continue;
      ++settled;
      if (standing.stage == Stage::kConfirmed) ++confirmed;
    }
    const std::string& runs_it = resolvers[i].operator_name;
    if (answered == kKeys) out.answered.insert(i), out.operators_answered.insert(runs_it);
    if (settled == kKeys) out.settled.insert(i), out.operators_settled.insert(runs_it);
    if (settled == kKeys && confirmed != kKeys) out.all_confirmed = false;
    if (out.holding.count(i) != 0) operators_holding.insert(runs_it);
  }
  for (const std::string& runs_it : operators_holding) out.operators_settled.erase(runs_it);
  for (const Standing& standing : standings) {
    if (standing.stage == Stage::kSampling) out.nobody_sampling = false;
    if (standing.old_until && *standing.old_until > now && (!out.observed || *standing.old_until > *out.observed))
      out.observed = standing.old_until;
  }
  return out;
}

void change(Standing& standing, std::mt19937& random, Instant now) {
  const auto one_in = [&random](unsigned n) { return random() % n == 0; };
  const Verdict kinds[] = {Verdict::kNew, Verdict::kNew, Verdict::kNew,
                           Verdict::kNew, Verdict::kOld, Verdict::kServfail};
  ++standing.asked;
  standing.stage = one_in(8)   ? Stage::kSampling
                   : one_in(6) ? Stage::kWaiting
                   : one_in(6) ? Stage::kSettled
                               : Stage::kConfirmed;
  standing.old_until = one_in(3) ? std::optional(now + std::chrono::seconds(1 + random() % 20)) : std::nullopt;
  if (one_in(3)) {
    ++standing.consecutive_no_data;
    standing.current = Verdict::kUnreachable;
    return;
  }
  standing.consecutive_no_data = 0;
  standing.current = kinds[random() % std::size(kinds)];
  standing.recent.push_back(standing.current);
  if (standing.recent.size() > 2) standing.recent.erase(standing.recent.begin());
}

}  // namespace

TEST_CASE("a tally that is kept up to date says what a look at everybody says") {
  std::vector<Resolver> resolvers;
  for (std::size_t i = 0; i < kResolvers; ++i)
    resolvers.push_back(*parse_resolver("op" + std::to_string(i / 3) + "=192.0.2." + std::to_string(i + 1)));
  const std::vector<Expectation> expectations(kKeys, a_change());
  std::mt19937 random(7);
  std::size_t converged = 0, differed = 0;
  for (int run = 0; run < 100; ++run) {
    const Terms terms{2, 0.5, 0.5, {"op1"}};
    Tally tally(expectations, resolvers, terms);
    std::vector<Standing> standings(kResolvers * kKeys);
    for (std::size_t i = 0; i < standings.size(); ++i) {
      standings[i].resolver = i / kKeys;
      standings[i].key = i % kKeys;
      standings[i].stage = Stage::kConfirmed;
      standings[i].recent = {Verdict::kNew, Verdict::kNew};
      tally.update(standings[i]);
    }
    Instant now = kZero + 60s;
    for (int step = 0; step < 60; ++step) {
      now += std::chrono::milliseconds(random() % 1500);
      if (step % 10 < 7) {
        Standing& standing = standings[random() % standings.size()];
        change(standing, random, now);
        tally.update(standing);
      }
      const Look truth = look(standings, resolvers, now);
      const Tally::Outlook outlook = tally.outlook(now);
      const Forecast seen = tally.at(now);
      REQUIRE(seen.answered == truth.answered.size());
      REQUIRE(seen.settled == truth.settled.size());
      REQUIRE(seen.holding == std::vector<std::size_t>(truth.holding.begin(), truth.holding.end()));
      REQUIRE(seen.operators_answered == truth.operators_answered.size());
      REQUIRE(seen.operators_settled == truth.operators_settled.size());
      REQUIRE(seen.observed == truth.observed);
      REQUIRE(outlook.converged == seen.converged);
      REQUIRE(outlook.quorum_answered == seen.quorum_answered);
      if (seen.converged) {
        ++converged;
        REQUIRE((truth.holding.empty() && truth.all_confirmed && truth.nobody_sampling));
        REQUIRE(now >= seen.bound + kBoundMargin);
      } else {
        ++differed;
      }
    }
  }
  CHECK(converged > 10);
  CHECK(differed > 10);
}
