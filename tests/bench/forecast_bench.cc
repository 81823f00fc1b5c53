#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "tests/bench/measure.h"
#include "tests/dnsprobe/simulation.h"

// How well a watch foretells its own end: whole cutovers in virtual time, per mix of habits, against the truth that the
// simulation knows.

namespace cutover::bench {
namespace {

using dnsprobe::WatchEnd;
using dnsprobe::simulated::Mix;
using dnsprobe::simulated::Outcome;

constexpr std::uint64_t kCutovers = 1000;  // of each mix

struct Line {
  std::size_t converged = 0, is_false = 0, others_old = 0, faults = 0, unsure = 0, questions = 0, outside = 0;
  std::vector<double> errors, lateness;
  double worst_after_bound = -1e9;

  void add(const Outcome& outcome) {
    if (outcome.end == WatchEnd::kConverged) {
      ++converged;
      lateness.push_back(outcome.late_s);
    }
    is_false += outcome.is_false ? 1 : 0;
    others_old += outcome.others_are_old ? 1 : 0;
    faults += outcome.faults.size();
    unsure += outcome.unsure;
    questions += outcome.questions;
    outside += outcome.error_s && !outcome.is_within_spread ? 1 : 0;
    worst_after_bound = std::max(worst_after_bound, outcome.after_bound_s);
    if (outcome.error_s) errors.push_back(std::abs(*outcome.error_s));
  }
};

double quantile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

}  // namespace

std::vector<Row> measure_forecast() {
  constexpr const char* kLine = "{:<36} {:>9} {:>9} {:>6} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9} {:>6} {:>7}\n";
  fmt::print(
      "\nForecast over simulated cutovers. Seconds; error: |observed estimate - the moment the last old answer of "
      "a\nresolver that answered was over|; past bound: of caches that honour TTLs, allowed is 1.5.\n\n");
  fmt::print(kLine, "habits", "cutovers", "converged", "false", "TTL-break", "median", "worst", "outside", "past",
             "late,", "wrong", "unsure");
  fmt::print(kLine, "", "", "", "", "ers old", "error", "error", "spread", "bound", "median", "", "");
  const auto began = std::chrono::steady_clock::now();
  std::size_t played = 0, wrong = 0;
  for (const Mix& mix : dnsprobe::simulated::mixes()) {
    Line line;
    for (std::uint64_t seed = 1; seed <= kCutovers; ++seed) {
      const Outcome outcome = dnsprobe::simulated::play(mix, seed);
      if (outcome.is_false || !outcome.faults.empty())
        fmt::print(stderr, "{}, seed {}: {}\n", mix.name, seed,
                   outcome.faults.empty() ? "converged too early" : outcome.faults.front());
      line.add(outcome);
    }
    played += kCutovers;
    wrong += line.is_false + line.faults;
    const bool has_error = !line.errors.empty();
    fmt::print(kLine, mix.name, kCutovers, line.converged, line.is_false, line.others_old,
               has_error ? fmt::format("{:.2f}", quantile(line.errors, 0.5)) : "-",
               has_error ? fmt::format("{:.2f}", quantile(line.errors, 1)) : "-", line.outside,
               mix.lag == Mix::Lag::kUndeclared ? "-" : fmt::format("{:.2f}", line.worst_after_bound),
               fmt::format("{:.2f}", quantile(line.lateness, 0.5)), line.faults, line.unsure);
    std::fflush(stdout);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  fmt::print("\n{} cutovers in {:.1f} s.\n\n", played, took.count());
  if (wrong > 0) throw std::runtime_error(fmt::format("{} false or wrong words, see above", wrong));
  return {};
}

}  // namespace cutover::bench
