#include "dnsprobe/forecast.h"

#include <catch2/catch.hpp>

#include "tests/dnsprobe/story.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

/// One resolver's standing in short: its last K data verdicts as letters (n new, o old, p old-past-ttl, b behind,
/// t stale, m mixed, x other, g negative, f servfail), then flags.
struct Line {
  const char* resolver;  ///< resolver syntax
  const char* recent;
  Stage stage = Stage::kConfirmed;
  Verdict current = Verdict::kNew;
  int no_data = 0;
  std::optional<Span> old_until = {};
};

Verdict letter(char c) {
  switch (c) {
    case 'n':
      return Verdict::kNew;
    case 'o':
      return Verdict::kOld;
    case 'p':
      return Verdict::kOldPastTtl;
    case 'b':
      return Verdict::kBehind;
    case 't':
      return Verdict::kStale;
    case 'm':
      return Verdict::kMixed;
    case 'x':
      return Verdict::kOther;
    case 'g':
      return Verdict::kNegative;
    case 'f':
      return Verdict::kServfail;
  }
  throw std::logic_error("no such letter");
}

Forecast made(const std::vector<Line>& lines, Span at = 70s, Terms terms = {}) {
  std::vector<Resolver> resolvers;
  std::vector<Standing> standings;
  for (const Line& line : lines) {
    Standing standing;
    standing.resolver = resolvers.size();
    resolvers.push_back(*parse_resolver(line.resolver));
    for (const char* c = line.recent; *c != '\0'; ++c) standing.recent.push_back(letter(*c));
    standing.current = standing.recent.empty() ? line.current : standing.recent.back();
    if (line.no_data > 0) standing.current = Verdict::kUnreachable;
    standing.consecutive_no_data = line.no_data;
    standing.stage = line.stage;
    standing.asked = 3;
    if (line.old_until) standing.old_until = kZero + *line.old_until;
    standings.push_back(standing);
  }
  return forecast({a_change()}, resolvers, standings, terms, kZero + at);
}

const Line kSilent{"silent=192.0.2.99", "", Stage::kWaiting, Verdict::kUnreachable, 4};

}  // namespace

TEST_CASE("the bound is the latest over all record sets, and time alone passes it") {
  Expectation created = a_change();
  created.old_set.reset();
  created.negative_ttl = 300s;
  const Forecast both = forecast({a_change(), created}, {}, {}, {}, kZero);
  CHECK(both.bound == kZero + 300s);
  CHECK_FALSE(made({{"a=192.0.2.1", "nn"}}, 60s).bounded);
  CHECK_FALSE(made({{"a=192.0.2.1", "nn"}}, 61400ms).bounded);  // a cache may count from later, and one second more
  CHECK(made({{"a=192.0.2.1", "nn"}}, 61500ms).bounded);
}

TEST_CASE("the observed estimate is the longest-lived old entry still alive") {
  const Forecast seen = made({{"a=192.0.2.1", "oo", Stage::kWaiting, Verdict::kOld, 0, 25s},
                              {"b=192.0.2.2", "oo", Stage::kWaiting, Verdict::kOld, 0, 40s},
                              {"c=192.0.2.3", "pp", Stage::kWaiting},
                              {"d=192.0.2.4", "nn", Stage::kSettled, Verdict::kNew, 0, 9s}},
                             10s);
  CHECK(seen.observed == kZero + 40s);
  CHECK(seen.bound == kZero + 60s);
  CHECK(seen.resolvers == 4);
  CHECK(seen.holding == std::vector<std::size_t>{0, 1, 2});
  CHECK_FALSE(made({{"a=192.0.2.1", "pp"}}).observed);
}

TEST_CASE("when it has converged, and when not") {
  struct Row {
    const char* what;
    std::vector<Line> lines;
    Span at;
    Terms terms;
    bool converged;
    const char* why;
  };
  const Line one{"one=192.0.2.1", "nn"}, two{"two=192.0.2.2", "nn"}, three{"three=192.0.2.3", "nn"};
  const Terms half;
  Terms must_google;
  must_google.must = {"Google"};
  Terms must_address;
  must_address.must = {"192.0.2.1"};
  Terms all;
  all.quorum_resolvers = all.quorum_operators = 1;
  const Row row = GENERATE_REF(values<Row>({
      {"all new, bound passed", {one, two, three}, 70s, half, true, "converged"},
      {"all new, bound not passed", {one, two, three}, 50s, half, false, "the bound passes at 2026-10-06T09:01:00Z"},
      {"nobody to ask", {}, 70s, half, false, "too few answers"},
      {"fewer than K answers",
       {one, two, {"three=192.0.2.3", "n", Stage::kSampling}},
       70s,
       half,
       false,
       "on their way"},
      {"one has not been asked yet",
       {one, two, {"three=192.0.2.3", "", Stage::kSampling}},
       70s,
       half,
       false,
       "on their way"},
      {"one old", {one, two, {"three=192.0.2.3", "no"}}, 70s, half, false, "three 192.0.2.3"},
      {"one was old two answers ago", {one, two, {"three=192.0.2.3", "on"}}, 70s, half, false, "three 192.0.2.3"},
      {"one past its TTL", {one, two, {"three=192.0.2.3", "pp"}}, 70s, half, false, "three 192.0.2.3"},
      {"one behind", {one, two, {"three=192.0.2.3", "nb"}}, 70s, half, false, "three 192.0.2.3"},
      {"one stale", {one, two, {"three=192.0.2.3", "tn"}}, 70s, half, false, "three 192.0.2.3"},
      {"one mixed", {one, two, {"three=192.0.2.3", "mn"}}, 70s, half, false, "three 192.0.2.3"},
      {"SERVFAIL of a minority", {one, two, {"three=192.0.2.3", "ff", Stage::kWaiting}}, 70s, half, true, "converged"},
      {"SERVFAIL of the majority",
       {one, {"two=192.0.2.2", "ff", Stage::kWaiting}, {"three=192.0.2.3", "nf", Stage::kWaiting}},
       70s,
       half,
       false,
       "too few gave the new answer: 1 of 3"},
      {"nothing but a third answer",
       {{"one=192.0.2.1", "xx"}, {"two=192.0.2.2", "gg"}},
       70s,
       half,
       false,
       "too few gave"},
      {"half is silent", {one, kSilent}, 70s, half, true, "converged"},
      {"more than half is silent", {one, kSilent, kSilent}, 70s, half, false, "too few answers: 1 of 3"},
      {"all are wanted and one is silent", {one, two, kSilent}, 70s, all, false, "too few answers: 2 of 3"},
      {"silent now, and its last word was old but must be over",
       {one, two, {"three=192.0.2.3", "oo", Stage::kWaiting, Verdict::kOld, 3}},
       70s,
       half,
       true,
       "converged"},
      {"silent now, and its old entry may be alive",
       {one, two, {"three=192.0.2.3", "oo", Stage::kWaiting, Verdict::kOld, 3, 100s}},
       70s,
       half,
       false,
       "three 192.0.2.3"},
      {"silent but twice",
       {one, two, {"three=192.0.2.3", "oo", Stage::kWaiting, Verdict::kOld, 2}},
       70s,
       half,
       false,
       "three"},
      {"not asked again after the bound",
       {one, {"two=192.0.2.2", "nn", Stage::kSettled}},
       70s,
       half,
       false,
       "on their way"},
      {"must agrees", {{"google=192.0.2.1", "nn"}, two}, 70s, must_google, true, "converged"},
      {"must is silent",
       {one, two, {"google=192.0.2.9", "", Stage::kRetired, Verdict::kUnreachable, 9}},
       70s,
       must_google,
       false,
       "Google does not agree"},
      {"must answers a third thing",
       {one, two, {"google=192.0.2.9", "xx"}},
       70s,
       must_google,
       false,
       "Google does not agree"},
      {"must: one address new, the other failing",
       {{"google=192.0.2.1", "nn"}, {"google=192.0.2.9", "ff"}},
       70s,
       must_google,
       false,
       "Google does not agree"},
      {"must: one address new, the other silent",
       {{"google=192.0.2.1", "nn"}, {"google=192.0.2.9", "", Stage::kRetired, Verdict::kUnreachable, 9}},
       70s,
       must_google,
       true,
       "converged"},
      {"must by address", {one, two}, 70s, must_address, true, "converged"},
      {"must names nobody", {two, three}, 70s, must_google, false, "Google does not agree"},
  }));
  const Forecast seen = made(row.lines, row.at, row.terms);
  INFO(row.what << ": " << seen.why);
  CHECK(seen.converged == row.converged);
  CHECK(seen.why.find(row.why) != std::string::npos);
  if (seen.converged) CHECK(seen.level == Level::kBounded);
}

TEST_CASE("two addresses of one operator are one opinion") {
  Terms terms;
  terms.quorum_resolvers = 0.5;
  terms.quorum_operators = 0.6;
  const Forecast seen =
      made({{"big=192.0.2.1", "nn"}, {"BIG=192.0.2.2", "nn"}, {"big=192.0.2.3", "nn"}, kSilent}, 70s, terms);
  CHECK(seen.operators == 2);
  CHECK(seen.operators_answered == 1);
  CHECK(seen.answered == 3);
  CHECK_FALSE(seen.quorum_answered);
  CHECK_FALSE(seen.converged);
}

TEST_CASE("levels: sampled comes before bounded, and time alone is no level") {
  CHECK(made({{"a=192.0.2.1", "nn", Stage::kSettled}}, 10s).level == Level::kSampled);
  CHECK(made({{"a=192.0.2.1", "nn"}}, 70s).level == Level::kBounded);
  CHECK(made({{"a=192.0.2.1", "oo"}}, 70s).level == Level::kAuthoritative);
  CHECK(made({{"a=192.0.2.1", "oo"}}, 70s).bounded);
}

TEST_CASE("a resolver has to agree about every record set") {
  std::vector<Resolver> resolvers = {*parse_resolver("one=192.0.2.1")};
  Standing first{0, 0, Verdict::kNew, {Verdict::kNew, Verdict::kNew}, {}, 0, Stage::kConfirmed, 2};
  Standing second = first;
  second.key = 1;
  const std::vector<Expectation> both = {a_change(), a_change()};
  CHECK(forecast(both, resolvers, {first, second}, {}, kZero + 70s).converged);
  second.recent = {};
  const Forecast unanswered = forecast(both, resolvers, {first, second}, {}, kZero + 70s);
  CHECK(unanswered.answered == 0);
  second.recent = {Verdict::kOld};
  CHECK(forecast(both, resolvers, {first, second}, {}, kZero + 70s).holding.size() == 1);
}

TEST_CASE("counts are per current verdict") {
  const Forecast seen = made({{"a=192.0.2.1", "nn"}, {"b=192.0.2.2", "no"}, {"c=192.0.2.3", "on"}, kSilent});
  CHECK(seen.counts[static_cast<std::size_t>(Verdict::kNew)] == 2);
  CHECK(seen.counts[static_cast<std::size_t>(Verdict::kOld)] == 1);
  CHECK(seen.counts[static_cast<std::size_t>(Verdict::kUnreachable)] == 1);
}
