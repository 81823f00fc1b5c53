#include "tests/bench/measure.h"

namespace cutover::bench {

std::vector<Row> measure_start() {
  constexpr int kRuns = 50;
  std::vector<Millis> ours, theirs;
  for (int run = 0; run < kRuns; ++run) {
    ours.push_back(time_program({program(), "--version"}));
    theirs.push_back(time_program({"/bin/true"}));
  }
  return {{"cutover --version", median(ours), "/bin/true", median(theirs), "<= 10 ms"}};
}

}  // namespace cutover::bench
