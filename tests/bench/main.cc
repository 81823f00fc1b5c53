#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string_view>

#include "tests/bench/measure.h"

// cutover_bench [NAME...]: measures, prints, and judges nothing.

namespace {

struct Bench {
  std::string_view name;
  std::vector<cutover::bench::Row> (*measure)();
};

constexpr Bench kBenches[] = {{"start", cutover::bench::measure_start},
                              {"journal", cutover::bench::measure_journal},
                              {"swap", cutover::bench::measure_swap},
                              {"probe", cutover::bench::measure_probe},
                              {"forecast", cutover::bench::measure_forecast},
                              {"page", cutover::bench::measure_page},
                              {"tls", cutover::bench::measure_tls}};  // last: see measure.h

bool wanted(std::string_view name, int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    if (name == argv[i]) return true;
  return argc == 1;
}

std::string text_of(const cutover::bench::Figure& figure) {
  return figure.value < 1000 ? fmt::format("{:.2f} {}", figure.value, figure.unit)
                             : fmt::format("{:.0f} {}", figure.value, figure.unit);
}

std::string ratio_text(double ratio) { return fmt::format("{:.{}f} x", ratio, ratio < 0.1 ? 4 : 2); }

bool known(std::string_view name) {
  for (const Bench& bench : kBenches)
    if (bench.name == name) return true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (known(argv[i])) continue;
    fmt::print(stderr, "no benchmark is called {}; there are:", argv[i]);
    for (const Bench& bench : kBenches) fmt::print(stderr, " {}", bench.name);
    fmt::print(stderr, "\n");
    return 1;
  }
  constexpr const char* kLine = "{:<36} {:>12}  {:<30} {:>12} {:>8}  {}\n";
  fmt::print(kLine, "what", "measured", "held against", "measured", "ratio", "target");
  try {
    for (const Bench& bench : kBenches) {
      if (!wanted(bench.name, argc, argv)) continue;
      for (const auto& row : bench.measure()) {
        fmt::print(kLine, row.what, text_of(row.ours), row.held_against, text_of(row.theirs),
                   ratio_text(row.ours.value / row.theirs.value), row.target);
        std::fflush(stdout);
      }
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "cutover_bench: {}\n", error.what());
    return 1;
  }
  fmt::print(
      "\nMedians (of wall time where it says ms), both sides alternating in one run. Machines are shared and differ: "
      "the "
      "ratios count.\n");
  return 0;
}
