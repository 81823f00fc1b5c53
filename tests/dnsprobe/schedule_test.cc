#include "dnsprobe/schedule.h"

#include <catch2/catch.hpp>

#include "tests/dnsprobe/story.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

const Pace kPace{2, 7, kZero + 60s};

Observation seen(Verdict verdict, Span at, std::optional<Seconds> ttl = {}) {
  Observation out;
  out.verdict = verdict;
  out.at = kZero + at;
  out.ttl = ttl;
  if (ttl) out.expires = out.at + *ttl;
  return out;
}

/// Plays observations through the schedule and gives the last turn.
Turn after(const std::vector<Observation>& observations, std::optional<Instant> old_until = {},
           const Pace& pace = kPace) {
  Turn turn = first_turn(pace, 0, kZero);
  for (const Observation& each : observations) turn = next_turn(turn, each, old_until, pace, 0);
  return turn;
}

double seconds_until(const Turn& turn, Span from) {
  return std::chrono::duration<double>(*turn.next - (kZero + from)).count();
}

}  // namespace

TEST_CASE("jitter is between 0 and 1, spread, and the same for the same seed") {
  double least = 1, most = 0;
  for (std::uint64_t track = 0; track < 200; ++track) {
    const double value = jitter(1, track, 3);
    CHECK(value == jitter(1, track, 3));
    CHECK(value >= 0);
    CHECK(value < 1);
    least = std::min(least, value);
    most = std::max(most, value);
  }
  CHECK(least < 0.1);
  CHECK(most > 0.9);
  CHECK(jitter(1, 5, 3) != jitter(2, 5, 3));
  CHECK(jitter(1, 5, 3) != jitter(1, 5, 4));
}

TEST_CASE("the first question comes within half a second") {
  for (std::uint64_t track = 0; track < 50; ++track) {
    const Turn turn = first_turn(kPace, track, kZero);
    CHECK(*turn.next >= kZero);
    CHECK(*turn.next <= kZero + 500ms);
  }
}

TEST_CASE("K new answers in a row settle it until the bound, one more after it confirms") {
  Turn turn = after({seen(Verdict::kNew, 1s, 60s)});
  CHECK(turn.stage == Stage::kSampling);
  CHECK(seconds_until(turn, 1s) < 0.5);

  turn = after({seen(Verdict::kNew, 1s, 60s), seen(Verdict::kNew, 2s, 60s)});
  CHECK(turn.stage == Stage::kSettled);
  CHECK(seconds_until(turn, 60s) >= 1.5);
  CHECK(seconds_until(turn, 60s) < 2.0);

  SECTION("new again") {
    turn = next_turn(turn, seen(Verdict::kNew, 62s, 60s), {}, kPace, 0);
    CHECK(turn.stage == Stage::kConfirmed);
    CHECK_FALSE(turn.next);
  }
  SECTION("no answer: the earlier ones stand") {
    turn = next_turn(turn, seen(Verdict::kUnreachable, 61s), {}, kPace, 0);
    CHECK(turn.stage == Stage::kConfirmed);
    CHECK_FALSE(turn.next);
  }
  SECTION("old after all: it starts again") {
    turn = next_turn(turn, seen(Verdict::kOld, 61s, 20s), kZero + 81s, kPace, 0);
    CHECK(turn.stage == Stage::kSampling);
    CHECK(turn.consecutive_new == 0);
  }
}

TEST_CASE("K new answers after the bound need no further word") {
  const Turn turn = after({seen(Verdict::kNew, 62s, 60s), seen(Verdict::kNew, 63s, 60s)});
  CHECK(turn.stage == Stage::kConfirmed);
  CHECK_FALSE(turn.next);
}

TEST_CASE("a round has at most K questions, and the next one waits for the cached answer to expire") {
  struct Row {
    std::vector<Observation> round;
    std::optional<Instant> old_until;
    double least, most;  // seconds after time zero
  };
  const Row row = GENERATE(values<Row>({
      {{seen(Verdict::kOld, 1s, 40s), seen(Verdict::kOld, 2s, 39s)}, kZero + 41s, 42.0, 42.5},
      {{seen(Verdict::kOld, 1s, 40s), seen(Verdict::kNew, 2s, 60s)}, kZero + 41s, 42.0, 42.5},
      {{seen(Verdict::kOld, 1s, 50s), seen(Verdict::kOld, 2s, 10s)}, kZero + 51s, 52.0, 52.5},
      {{seen(Verdict::kMixed, 1s, 40s), seen(Verdict::kMixed, 2s, 39s)}, kZero + 41s, 42.0, 42.5},
      {{seen(Verdict::kBehind, 20s, 60s), seen(Verdict::kBehind, 21s, 59s)}, kZero + 80s, 81.0, 81.5},
      // A TTL of zero: the entry is at its end, or kept too long. One second, then doubling.
      {{seen(Verdict::kOld, 1s, 0s), seen(Verdict::kOld, 2s, 0s)}, {}, 3.0, 3.5},
      {{seen(Verdict::kOldPastTtl, 70s, 30s), seen(Verdict::kOldPastTtl, 71s, 30s)}, {}, 72.0, 72.5},
      {{seen(Verdict::kStale, 70s, 30s), seen(Verdict::kStale, 71s, 30s)}, {}, 72.0, 72.5},
      {{seen(Verdict::kServfail, 1s), seen(Verdict::kServfail, 2s)}, {}, 7.0, 8.1},
      {{seen(Verdict::kNegative, 1s, 20s), seen(Verdict::kNegative, 2s, 19s)}, {}, 22.0, 22.5},
      {{seen(Verdict::kNegative, 1s, 9000s), seen(Verdict::kNegative, 2s, 9000s)}, {}, 302.0, 302.1},
      {{seen(Verdict::kOther, 1s, 1s), seen(Verdict::kOther, 2s, 1s)}, {}, 7.0, 7.1},
      {{seen(Verdict::kServfail, 1s), seen(Verdict::kNew, 2s, 60s)}, {}, 3.0, 3.5},
  }));
  const Turn turn = after(row.round, row.old_until);
  CHECK(turn.stage == Stage::kWaiting);
  CHECK(turn.asked_in_round == 0);
  CHECK(seconds_until(turn, 0s) >= row.least);
  CHECK(seconds_until(turn, 0s) <= row.most);
  const Turn next = next_turn(turn, seen(Verdict::kOld, 100s, 40s), {}, kPace, 0);
  CHECK(next.stage == Stage::kSampling);
}

TEST_CASE("answers that are overdue are asked for less and less often, and not more than once a minute") {
  Turn turn = first_turn(kPace, 0, kZero);
  Span at = 100s;
  std::vector<double> waits;
  for (int round = 0; round < 9; ++round) {
    for (int i = 0; i < 2; ++i) turn = next_turn(turn, seen(Verdict::kOldPastTtl, at, 30s), {}, kPace, 0);
    waits.push_back(seconds_until(turn, at));
    at = *turn.next - kZero;
  }
  CHECK(waits[0] < 1.5);
  CHECK(waits[3] >= 8.0);
  CHECK(waits[3] < 8.5);
  CHECK(waits[8] >= 60.0);
  CHECK(waits[8] < 61.0);
}

TEST_CASE("silence is backed off and given up") {
  Turn turn = first_turn(kPace, 0, kZero);
  Span at = 0s;
  std::vector<double> waits;
  while (turn.next) {
    turn = next_turn(turn, seen(Verdict::kUnreachable, at), {}, kPace, 0);
    if (turn.next) waits.push_back(seconds_until(turn, at));
    if (turn.next) at = *turn.next - kZero;
    REQUIRE(waits.size() < 50);
  }
  CHECK(turn.stage == Stage::kRetired);
  REQUIRE(waits.size() == 7);
  CHECK(waits[0] >= 5.0);
  CHECK(waits[0] < 6.0);
  CHECK(waits[6] >= 300.0);
  SECTION("an answer starts the count anew") {
    Turn again =
        after({seen(Verdict::kUnreachable, 1s), seen(Verdict::kUnreachable, 7s), seen(Verdict::kOld, 20s, 20s)});
    CHECK(again.consecutive_silent == 0);
  }
}

TEST_CASE("refusals are backed off for long") {
  Turn turn = after({seen(Verdict::kRefused, 1s)});
  CHECK(seconds_until(turn, 1s) >= 300.0);
  turn = next_turn(turn, seen(Verdict::kRefused, 400s), {}, kPace, 0);
  CHECK(seconds_until(turn, 400s) >= 600.0);
  turn = next_turn(turn, seen(Verdict::kRefused, 1100s), {}, kPace, 0);
  CHECK(turn.stage == Stage::kRetired);
  CHECK(after({seen(Verdict::kFiltered, 1s, 60s)}).stage == Stage::kWaiting);
  CHECK(seconds_until(after({seen(Verdict::kFiltered, 1s, 60s)}), 1s) >= 60.0);
}
