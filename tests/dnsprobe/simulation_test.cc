#include "tests/dnsprobe/simulation.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "dnsprobe/schedule.h"

using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::simulated;

namespace {

constexpr std::uint64_t kCutovers = 40;  // of each mix; ./dev bench forecast plays more

double margin_s() { return std::chrono::duration<double>(kBoundMargin).count(); }

}  // namespace

TEST_CASE("simulated cutovers: whatever the habits, nothing is said that is not so, and nobody is asked too often") {
  std::size_t questions = 0, unsure = 0;
  for (const Mix& mix : mixes()) {
    std::size_t converged = 0;
    for (std::uint64_t seed = 1; seed <= kCutovers; ++seed) {
      const Outcome outcome = play(mix, seed);
      CAPTURE(mix.name, seed);
      for (const std::string& fault : outcome.faults) FAIL_CHECK(fault);
      CHECK_FALSE(outcome.is_false);
      if (mix.lag != Mix::Lag::kUndeclared) CHECK(outcome.after_bound_s <= margin_s());
      if (outcome.end == WatchEnd::kConverged) ++converged;
      questions += outcome.questions;
      unsure += outcome.unsure;
    }
    INFO(mix.name);
    CHECK(converged > kCutovers / 2);
  }
  // Where nobody outside could tell is rare, or these tests would prove nothing.
  CHECK(unsure * 500 < questions);
}

TEST_CASE("simulated cutovers: the observed estimate and its spread, where each address has one honest cache") {
  for (const Mix& mix : mixes()) {
    const bool exact = mix.shares[0] == 1 && mix.shares[1] + mix.shares[2] == 0 && mix.lag == Mix::Lag::kNone;
    const bool rounding = mix.shares[1] > 0 && mix.shares[2] == 0 && mix.lag == Mix::Lag::kNone;
    if (!exact && !rounding) continue;
    for (std::uint64_t seed = 1; seed <= kCutovers; ++seed) {
      const Outcome outcome = play(mix, seed);
      if (!outcome.error_s) continue;
      CAPTURE(mix.name, seed, *outcome.error_s);
      CHECK(outcome.is_within_spread);
      if (exact) CHECK(std::abs(*outcome.error_s) <= 1.0);
    }
  }
}
