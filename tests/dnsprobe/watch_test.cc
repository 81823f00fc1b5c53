#include "dnsprobe/watch.h"

#include <catch2/catch.hpp>
#include <random>

#include "dnsprobe/survey.h"
#include "dnsprobe/sweep.h"
#include "tests/dnsprobe/scripted.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

std::vector<Resolver> resolvers_of(const std::vector<std::string>& texts) {
  std::vector<Resolver> out;
  for (const std::string& text : texts) out.push_back(*parse_resolver(text));
  return out;
}

double seconds_of(Instant instant) { return std::chrono::duration<double>(instant - kZero).count(); }

/// A watch in a scripted world on a clock that is moved on whenever the engine has nothing to do.
struct Played {
  ScriptedWorld world;
  std::vector<Expectation> expectations = {a_change()};
  std::vector<Resolver> resolvers;
  WatchOptions options;
  std::vector<WatchEvent> samples, summaries;
  WatchResult result;

  void add(const std::string& resolver, std::vector<ScriptedCache> caches) {
    resolvers.push_back(*parse_resolver(resolver));
    world.caches[resolvers.back().endpoint->address.text()] = std::move(caches);
  }
  Played& play(Span start = 0s, Span stop_at = std::chrono::hours(100)) {
    net::Loop loop;
    VirtualClock clock(kZero + start);
    if (options.give_up_at == Instant{}) options.give_up_at = kZero + std::chrono::hours(2);
    options.transport = scripted(loop, clock, world);
    const auto sink = [this](const WatchEvent& event) {
      (event.kind == WatchEvent::Kind::kSample ? samples : summaries).push_back(event);
    };
    result = watch(loop, clock, expectations, resolvers, options, sink, [&] {
      clock.advance(50ms);
      return clock.now() - kZero >= stop_at;
    });
    return *this;
  }
  std::vector<std::string> verdicts_of(std::size_t resolver) const {
    std::vector<std::string> out;
    for (const WatchEvent& event : samples)
      if (event.resolver == resolver && (out.empty() || out.back() != to_text(event.observation.verdict)))
        out.emplace_back(to_text(event.observation.verdict));
    return out;
  }
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("honest caches: converged right after the bound, and not before the last one turned") {
  Played played;
  played.add("one=192.0.2.1", {honest(0s)});
  played.add("two=192.0.2.2", {honest(30s)});
  played.add("three=192.0.2.3", {honest(59s)});
  played.play();
  CHECK(played.result.end == WatchEnd::kConverged);
  REQUIRE(played.result.converged_at);
  CHECK(seconds_of(*played.result.converged_at) >= 61.0);
  CHECK(seconds_of(*played.result.converged_at) <= 62.5);
  CHECK(played.result.forecast.bound == kZero + 60s);
  REQUIRE(played.result.observed_after_first_round);
  CHECK(seconds_of(*played.result.observed_after_first_round) == Approx(59).margin(1.6));  // these cut off
  REQUIRE(played.result.last_old_seen_at);
  CHECK(*played.result.last_old_seen_at < *played.result.converged_at);
  CHECK(played.verdicts_of(0) == Words{"new"});
  CHECK(played.verdicts_of(1) == Words{"old", "new"});
  // Politeness: a first round, a round when the entry is over, and once after the bound.
  CHECK(played.world.questions["192.0.2.1"] <= 3);
  CHECK(played.world.questions["192.0.2.2"] <= 6);
  CHECK(played.result.questions == played.samples.size());
  CHECK(played.result.forecast.level == Level::kBounded);
  for (const TrackResult& track : played.result.tracks) CHECK(track.settled);
}

TEST_CASE("started long after the bound it needs one round only") {
  Played played;
  played.add("one=192.0.2.1", {honest(0s)});
  played.add("two=192.0.2.2", {honest(0s)});
  played.play(1000s);
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(seconds_of(*played.result.converged_at) < 1002);
  CHECK(played.result.questions == 4);
}

TEST_CASE("everyone is asked before it is over, however many agree at once") {
  Played played;
  for (int i = 1; i <= 40; ++i) played.add("op" + std::to_string(i) + "=192.0.2." + std::to_string(i), {honest(0s)});
  played.add("last=192.0.2.99", {always([](Span at) { return old_answer(at, 500s); })});
  played.options.in_flight = 4;
  played.options.give_up_at = kZero + 1100s;
  played.play(1000s);
  CHECK(played.result.end == WatchEnd::kGaveUp);
  CHECK(played.result.forecast.holding == std::vector<std::size_t>{40});
}

TEST_CASE("a question without an end holds up nobody for longer than a second") {
  Played played;
  played.add("one=192.0.2.1", {honest(0s)});
  played.add("hole=192.0.2.2", {honest(0s)});
  played.world.black_holes = {"192.0.2.2"};
  played.options.give_up_at = kZero + std::chrono::hours(1000000);
  played.play(1000s, std::chrono::hours(900000));
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(played.result.tracks[1].asked == 0);
}

TEST_CASE("several caches behind one address: each is waited for") {
  Played played;
  played.add("many=192.0.2.1", {honest(10s), honest(25s), honest(40s), honest(55s), honest(5s)});
  played.add("plain=192.0.2.2", {honest(1s)});
  played.options.samples = 4;
  played.play();
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(played.result.tracks[0].caches_seen >= 3);
  for (const std::string& verdict : played.verdicts_of(0)) CHECK((verdict == "old" || verdict == "new"));
  CHECK(seconds_of(*played.result.converged_at) <= 63);
}

TEST_CASE("a cache that keeps the old answer too long is named, out of the estimate, and waited for") {
  Played played;
  played.add("good=192.0.2.1", {honest(20s)});
  played.add("bad=192.0.2.2", {keeps_too_long(40s, 200s)});
  played.play();
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(played.verdicts_of(1) == Words{"old", "old-past-ttl", "new"});
  CHECK(seconds_of(*played.result.converged_at) >= 200);
  CHECK(seconds_of(*played.result.converged_at) <= 270);
  for (const WatchEvent& event : played.summaries)
    if (event.at > kZero + 100s && event.at < kZero + 190s) CHECK_FALSE(event.forecast.observed);
}

TEST_CASE("an authority that stays behind shows as behind, and the watch gives up") {
  Played played;
  played.add("good=192.0.2.1", {honest(20s)});
  played.add("lag=192.0.2.2", {behind_until(std::chrono::hours(10), 60s)});
  played.options.give_up_at = kZero + 600s;
  played.play(5s);
  CHECK(played.result.end == WatchEnd::kGaveUp);
  CHECK(played.verdicts_of(1) == Words{"behind"});
  CHECK(seconds_of(played.result.ended) == Approx(600).margin(0.2));
  CHECK(played.result.forecast.why.find("lag 192.0.2.2") != std::string::npos);
  CHECK_FALSE(played.result.converged_at);
}

TEST_CASE("an authority that catches up: the watch goes on to the end") {
  Played played;
  played.add("lag=192.0.2.2", {behind_until(100s, 60s)});
  played.play(5s);
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(played.verdicts_of(0) == Words{"behind", "new"});
}

TEST_CASE("silent, refusing and garbled resolvers: too few answers is undecided, and never converged") {
  Sample garbled = silence(0s);
  garbled.outcome = net::Outcome::kGarbage;
  garbled.detail = "reply had another id";
  Played played;
  played.add("one=192.0.2.1", {honest(0s)});
  played.add("silent=192.0.2.2", {always(silence)});
  played.add("refusing=192.0.2.3", {always([](Span at) { return failure(at, net::Rcode::kRefused); })});
  played.add("garbled=192.0.2.4", {always([garbled](Span at) {
               Sample out = garbled;
               out.asked = out.received = kZero + at;
               return out;
             })});
  SECTION("at the time given") {
    played.options.give_up_at = kZero + 100s;
    played.play();
    CHECK(played.result.end == WatchEnd::kUndecided);
    CHECK(seconds_of(played.result.ended) == Approx(100).margin(0.2));
    CHECK(played.result.forecast.answered == 1);
    CHECK(played.result.tracks[3].last.detail == "reply had another id");
  }
  SECTION("or when nobody is left to be asked") {
    played.play();
    CHECK(played.result.end == WatchEnd::kUndecided);
    CHECK(seconds_of(played.result.ended) < 3600);
    CHECK(played.world.questions["192.0.2.2"] == 8);
    CHECK(played.world.questions["192.0.2.3"] == 3);
  }
  SECTION("unless the quorum is satisfied with that") {
    played.options.quorum_resolvers = played.options.quorum_operators = 0.25;
    played.play();
    CHECK(played.result.end == WatchEnd::kConverged);
  }
}

TEST_CASE("a must resolver that fails holds it, even with everybody else agreeing") {
  Played played;
  for (int i = 1; i <= 5; ++i) played.add("op" + std::to_string(i) + "=192.0.2." + std::to_string(i), {honest(10s)});
  played.add("google=192.0.2.9", {always([](Span at) { return failure(at, net::Rcode::kServFail); })});
  played.options.give_up_at = kZero + 300s;
  SECTION("it is on the list") {
    played.options.must = {"GOOGLE"};
    played.play();
    CHECK(played.result.end == WatchEnd::kGaveUp);
    CHECK(played.result.forecast.must_missing == Words{"GOOGLE"});
  }
  SECTION("it is not") {
    played.play();
    CHECK(played.result.end == WatchEnd::kConverged);
  }
}

TEST_CASE("several record sets: the bound of the latest one counts") {
  Played played;
  Expectation longer = a_change(120s);
  longer.key.type = RecordType::kA;
  longer.key.name = *DomainName::from_text("shop.example.com.");
  longer.old_set->name = longer.new_set->name = longer.key.name;
  played.expectations = {a_change(), longer};
  played.add("one=192.0.2.1", {[&](Span at) {
               Sample out = new_answer(at);
               out.answer.push_back(*longer.new_set);
               return out;
             }});
  played.play();
  CHECK(played.result.end == WatchEnd::kConverged);
  CHECK(seconds_of(*played.result.converged_at) >= 121);
  CHECK(played.result.tracks.size() == 2);
}

TEST_CASE("nobody to ask, and being told to stop") {
  Played nobody;
  CHECK(nobody.play().result.end == WatchEnd::kUndecided);
  Played stopped;
  stopped.add("one=192.0.2.1", {honest(50s)});
  stopped.play(0s, 20s);
  CHECK(stopped.result.end == WatchEnd::kStopped);
  CHECK(seconds_of(stopped.result.ended) < 21);
  CHECK(stopped.result.tracks[0].last.verdict == Verdict::kOld);
}

TEST_CASE("summaries come at the pace asked for, the last one at the end, and changes are marked") {
  Played played;
  played.add("one=192.0.2.1", {honest(30s)});
  played.options.tick = 10s;
  played.play();
  REQUIRE(played.summaries.size() >= 2);
  CHECK(played.summaries.size() <= 9);
  CHECK(played.summaries.back().forecast.converged);
  int changes = 0;
  for (const WatchEvent& event : played.samples) changes += event.verdict_changed ? 1 : 0;
  CHECK(changes == 2);
}

TEST_CASE("the same watch on a scaled clock, with real waits") {
  ScriptedWorld world;
  world.delay = 200us;
  world.caches["192.0.2.1"] = {honest(100s), honest(200s)};
  world.caches["192.0.2.2"] = {honest(290s)};
  net::Loop loop;
  const ScaledClock clock(kZero, 300);
  WatchOptions options;
  options.give_up_at = kZero + 3000s;
  options.transport = scripted(loop, clock, world);
  const WatchResult result = watch(loop, clock, {a_change(300s)}, resolvers_of({"one=192.0.2.1", "two=192.0.2.2"}),
                                   options, [](const WatchEvent&) {}, {});
  CHECK(result.end == WatchEnd::kConverged);
  CHECK(seconds_of(*result.converged_at) >= 301);
}

// A survey knows no loop: whole watches are played here with random worlds, and two things must hold in each.
TEST_CASE("in random honest worlds no watch ends before the last cache has turned, nor much after the bound") {
  const auto seed = GENERATE(range(1U, 41U));
  std::mt19937 random(seed);
  const auto number = [&](int from, int to) { return std::uniform_int_distribution<int>(from, to)(random); };
  const Seconds low(number(5, 300));
  std::vector<Resolver> resolvers;
  std::vector<std::vector<ScriptedCache>> caches;
  Span last_turn = 0s;
  for (int i = 0; i < 20; ++i) {
    resolvers.push_back(*parse_resolver("op" + std::to_string(i % 7) + "=192.0.2." + std::to_string(i + 1)));
    caches.emplace_back();
    for (int j = number(1, 4); j > 0; --j) {
      const Span expiry = std::chrono::milliseconds(number(0, static_cast<int>(low.count()) * 1000));
      last_turn = std::max(last_turn, expiry);
      caches.back().push_back(honest(expiry));
    }
  }
  const std::vector<Expectation> expectations = {a_change(low)};
  Survey survey(expectations, resolvers, Terms{}, seed, kZero);
  Instant now = kZero;
  Forecast last;
  std::uint64_t questions = 0;
  const auto later = [&] {
    // Before the bound nothing happens but answers; after it every moment may be the one.
    const Instant next = survey.next_due().value_or(now);
    return std::max(now + 10ms, std::min(next, kZero + low));
  };
  for (; now < kZero + low + 60s; now = later()) {
    while (const auto question = survey.take(now)) {
      auto& behind = caches[question->resolver];
      ++questions;
      const WatchEvent event = survey.answered(
          question->ticket, behind[static_cast<std::size_t>(number(0, 99)) % behind.size()](now - kZero));
      CHECK((event.observation.verdict == Verdict::kOld || event.observation.verdict == Verdict::kNew));
    }
    last = survey.forecast(now);
    if (last.converged) break;
  }
  INFO("seed " << seed << ", TTL " << low.count() << " s: " << last.why);
  CHECK(last.converged);
  CHECK(now - kZero >= last_turn);
  CHECK(now - kZero <= low + 2500ms);
  CHECK(questions <= 20 * (3 + 2 * 5));
}

TEST_CASE("a sweep asks each resolver K times about each record set, and the silent ones once") {
  ScriptedWorld world;
  world.caches["192.0.2.1"] = {[](Span at) { return old_answer(at, 4000s); },
                               [](Span at) { return old_answer(at, 40s); }};
  world.caches["192.0.2.2"] = {always(silence)};
  world.caches["192.0.2.3"] = {[](Span at) { return new_answer(at, 60s); }};
  net::Loop loop;
  const VirtualClock clock(kZero);
  SweepOptions options;
  options.samples = 3;
  options.in_flight = 2;
  options.transport = scripted(loop, clock, world);
  const RecordKey www{kName, RecordType::kA};
  const RecordKey absent{*DomainName::from_text("absent.example.com."), RecordType::kA};
  const SweepResult result =
      sweep(loop, clock, {www, absent}, resolvers_of({"192.0.2.1", "192.0.2.2", "192.0.2.3"}), options);
  CHECK(result.answers.size() == 3 * 2 + 2 + 3 * 2);
  const auto high = above(result, 0, 60s);
  REQUIRE_FALSE(high.empty());
  for (const SweepAnswer& answer : high) {
    CHECK(answer.resolver == 0);
    CHECK(answer.ttl == 4000s);
    CHECK(answer.set->rdata == Words{"192.0.2.1"});
  }
  CHECK(above(result, 1, 60s).empty());
  CHECK_FALSE(result.answers[6].is_data);
}
