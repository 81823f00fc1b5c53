#include "tests/bench/swap_story.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "core/text.h"
#include "dnsprobe/sweep.h"
#include "tests/bench/responder.h"

namespace cutover::bench {

namespace {

using dnsprobe::Verdict;
using dnsprobe::WatchEvent;

double resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long total = 0, resident = 0;
  if (file != nullptr) {
    if (std::fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

dnsprobe::Expectation a_change(const Simulation& simulation) {
  const DomainName name = *DomainName::from_text("www.example.com.");
  dnsprobe::Expectation out;
  out.key = {name, RecordType::kA};
  out.low_ttl = simulation.ttl;
  out.old_set = RecordSet{name, RecordType::kA, simulation.ttl, {"192.0.2.1"}};
  out.new_set = RecordSet{name, RecordType::kA, simulation.ttl, {"203.0.113.1"}};
  out.new_since = simulation.change;
  return out;
}

dnsprobe::TryOptions tries() {
  dnsprobe::TryOptions out{std::chrono::milliseconds(700), 3};
  out.most_per_second = out.most_per_resolver_per_second = 0;
  return out;
}

/// Holds every verdict against what came with the answer.
class Judge {
 public:
  Judge(const Simulation& simulation, StoryResult& result) : simulation_(simulation), result_(result) {}

  void see(const WatchEvent& event) {
    const dnsprobe::Observation& seen = event.observation;
    ++result_.verdicts[static_cast<std::size_t>(seen.verdict)];
    if (dnsprobe::is_old(seen.verdict) && seen.expires)
      result_.last_old_expiry = std::max(result_.last_old_expiry, *seen.expires - seen.slack);
    const Habit habit = habit_of(simulation_, event.resolver);
    if (seen.verdict == Verdict::kUnreachable) {
      if (habit != Habit::kSilent) ++result_.lost;
      return;
    }
    if (seen.site == kUnsure && dnsprobe::is_old(seen.verdict)) {
      ++result_.unsure;
      return;
    }
    if (truth_of(seen.site) == seen.verdict) return;
    ++result_.wrong;
    if (result_.wrong_ones.size() < 10)
      result_.wrong_ones.push_back(fmt::format("resolver {} (habit {}): {}, in truth {}; TTL {}, {} s after the change",
                                               event.resolver, static_cast<int>(habit), to_text(seen.verdict),
                                               printable(seen.site), seen.ttl.value_or(Seconds(-1)).count(),
                                               std::chrono::duration<double>(seen.at - simulation_.change).count()));
  }

 private:
  const Simulation& simulation_;
  StoryResult& result_;
};

void look_again(net::Loop& loop, const Clock& clock, const dnsprobe::Expectation& expectation,
                const std::vector<dnsprobe::Resolver>& resolvers, StoryResult& result) {
  dnsprobe::SweepOptions options;
  options.in_flight = 1024;
  options.tries = tries();
  options.tries.tries = 1;
  for (const dnsprobe::SweepAnswer& answer :
       dnsprobe::sweep(loop, clock, {expectation.key}, resolvers, options).answers)
    if (answer.set && !same_values(*answer.set, *expectation.new_set)) ++result.old_after;
}

}  // namespace

StoryResult watch_a_swap(std::size_t count, Seconds ttl) {
  const SystemClock clock;
  net::Loop loop;
  StoryResult result;
  Simulation simulation;
  simulation.change = clock.now() + std::chrono::seconds(1);
  simulation.ttl = ttl;
  const Responder responder(simulation, count);
  ::malloc_trim(0);
  const double before = resident_bytes();
  const auto resolvers = responder.resolvers(count);
  loop.wait_until(clock, simulation.change, {});

  const std::vector<dnsprobe::Expectation> expectations{a_change(simulation)};
  dnsprobe::WatchOptions options;
  options.in_flight = 2048;
  options.tries = tries();
  options.give_up_at = simulation.change + ttl * 12 + std::chrono::seconds(60);
  Judge judge(simulation, result);
  double at_rest = 0;
  const double cpu = cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  const dnsprobe::WatchResult watched = dnsprobe::watch(loop, clock, expectations, resolvers, options,
                                                        [&](const WatchEvent& event) {
                                                          if (event.kind == WatchEvent::Kind::kSample)
                                                            return judge.see(event);
                                                          if (!event.forecast.converged) at_rest = resident_bytes();
                                                        },
                                                        {});
  result.cpu_s = cpu_seconds() - cpu;
  result.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  result.end = watched.end;
  result.why = watched.forecast.why;
  result.questions = watched.questions;
  result.change = simulation.change;
  result.converged_at = watched.converged_at.value_or(Instant());
  result.bytes_per_resolver = (at_rest - before) / static_cast<double>(count);
  look_again(loop, clock, expectations.front(), resolvers, result);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  result.peak_mb = static_cast<double>(usage.ru_maxrss) / 1024;
  return result;
}

}  // namespace cutover::bench
