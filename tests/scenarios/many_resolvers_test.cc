// Thousands of resolvers watched through a swap by one process. Each answer brings what the simulation knows about it
// (tests/bench/simulated_caches.h), and every single verdict is held against that.
#include <catch2/catch.hpp>

#include "tests/bench/swap_story.h"

using namespace cutover;

namespace {

void tell(const bench::StoryResult& story, std::size_t resolvers) {
  WARN(resolvers << " resolvers: " << story.questions << " questions in " << story.wall_s << " s, " << story.cpu_s
                 << " s of CPU, " << story.bytes_per_resolver << " bytes each, " << story.peak_mb << " MB at most, "
                 << story.unsure << " answers that look like another kind");
}

void check(const bench::StoryResult& story, std::size_t resolvers) {
  for (const std::string& wrong : story.wrong_ones) UNSCOPED_INFO(wrong);
  UNSCOPED_INFO(story.why);
  CHECK(story.wrong == 0);
  CHECK(story.end == dnsprobe::WatchEnd::kConverged);
  // Nobody held the old answer any more: neither by what was seen, nor by asking everybody once more.
  CHECK(story.old_after == 0);
  CHECK(story.converged_at >= story.last_old_expiry);
  using dnsprobe::Verdict;
  for (const Verdict verdict : {Verdict::kNew, Verdict::kOld, Verdict::kBehind, Verdict::kStale, Verdict::kServfail,
                                Verdict::kRefused, Verdict::kUnreachable})
    CHECK(story.verdicts[static_cast<std::size_t>(verdict)] > 0);
  CHECK(story.questions > resolvers * 3);
  CHECK(story.unsure < story.questions / 50);
  CHECK(story.lost < story.questions / 1000);
}

}  // namespace

TEST_CASE("2,000 resolvers through a swap: no verdict is wrong", "[some]") {
  const auto story = bench::watch_a_swap(2000, Seconds(4));
  tell(story, 2000);
  check(story, 2000);
}

TEST_CASE("60,000 resolvers through a swap: no verdict is wrong", "[all]") {
  const auto story = bench::watch_a_swap(60000, Seconds(10));
  tell(story, 60000);
  check(story, 60000);
}
