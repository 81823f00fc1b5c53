// probe_load story RESOLVERS TTL    a watch through a swap: what it cost and what it saw
// probe_load lockstep PROBES        the engine against a responder in the same thread, for counting instructions
// probe_load floor|engine RESOLVERS PROBES, rounds RESOLVERS      one run of what the benchmark compares
#include <fmt/format.h>

#include <cstdlib>
#include <exception>
#include <string>

#include "tests/bench/lockstep.h"
#include "tests/bench/probe_runs.h"
#include "tests/bench/responder.h"
#include "tests/bench/swap_story.h"

namespace {

using namespace cutover;
using namespace cutover::bench;

constexpr std::size_t kWindow = 512;

int tell_story(std::size_t resolvers, Seconds ttl) {
  const StoryResult story = watch_a_swap(resolvers, ttl);
  fmt::print("end={} why=\"{}\"\n", dnsprobe::to_text(story.end), story.why);
  fmt::print("resolvers={} questions={} wall_s={:.1f} cpu_s={:.2f} cpu_us_per_probe={:.2f}\n", resolvers,
             story.questions, story.wall_s, story.cpu_s, 1e6 * story.cpu_s / static_cast<double>(story.questions));
  fmt::print("bytes_per_resolver={:.0f} peak_mb={:.1f}\n", story.bytes_per_resolver, story.peak_mb);
  for (std::size_t i = 0; i < story.verdicts.size(); ++i)
    if (story.verdicts[i] > 0)
      fmt::print("{}={} ", dnsprobe::to_text(static_cast<dnsprobe::Verdict>(i)), story.verdicts[i]);
  fmt::print("\nwrong={} unsure={} lost={} old_after={}\n", story.wrong, story.unsure, story.lost, story.old_after);
  for (const std::string& each : story.wrong_ones) fmt::print("  {}\n", each);
  return story.wrong == 0 && story.old_after == 0 ? 0 : 1;
}

void print(const Cost& cost) {
  fmt::print("cpu_us={:.3f} per_second={:.0f} probes={} lost={}\n", cost.cpu_us, cost.per_second, cost.probes,
             cost.lost);
}

int run(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  const auto number = [&](int i) { return i < argc ? std::strtoull(argv[i], nullptr, 10) : 0; };
  if (mode == "story") return tell_story(number(2), Seconds(number(3)));
  if (mode == "lockstep") return fmt::print("answered={}\n", lockstep(number(2))), 0;
  const Responder responder;
  if (mode == "floor")
    print(bare_loop(responder.port(), number(2), number(3), kWindow));
  else if (mode == "engine")
    print(engine(responder.resolvers(number(2)), number(3), kWindow));
  else if (mode == "rounds")
    print(watch_rounds(responder.resolvers(number(2)), kWindow));
  else
    return fmt::print(stderr, "usage: see the first lines of probe_load.cc\n"), 1;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "probe_load: {}\n", error.what());
    return 1;
  }
}
