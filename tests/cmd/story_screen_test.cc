#include "cmd/report/story_screen.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "cmd/report/wrapped.h"
#include "core/text.h"
#include "tests/cmd/told_story.h"

using namespace cutover;
using namespace std::chrono_literals;

namespace {

const Instant kStart = *parse_instant("2026-10-06T09:00:00Z");

RecordSet www(const char* address) {
  return {*DomainName::from_text("www.example.com"), RecordType::kA, 60s, {address}};
}

WatchQuestions questions() {
  WatchQuestions out;
  dnsprobe::Expectation expectation;
  expectation.old_set = www("192.0.2.1");
  expectation.new_set = www("203.0.113.1");
  expectation.key = expectation.old_set->key();
  expectation.low_ttl = 60s;
  expectation.new_since = kStart;
  out.expectations = {expectation};
  for (const char* resolver : {"one=192.0.2.53", "two=192.0.2.54", "two=192.0.2.55", "three=192.0.2.56"})
    out.resolvers.push_back(*dnsprobe::parse_resolver(resolver));
  out.resolvers[1].country = "DE";
  out.give_up_at = kStart + 2h;
  return out;
}

dnsprobe::WatchEvent sample(std::size_t resolver, dnsprobe::Verdict verdict, std::optional<Seconds> ttl) {
  dnsprobe::WatchEvent out;
  out.at = kStart + 5s;
  out.resolver = resolver;
  out.observation.verdict = verdict;
  out.observation.at = out.at;
  out.observation.ttl = ttl;
  if (ttl) out.observation.expires = out.at + *ttl;
  return out;
}

/// A swap that spreads: one resolver new, two old, one silent.
struct Spreading {
  Spreading() : asked(questions()), view(asked), spreading(asked) {
    story.plan_name = "example-2026";
    story.now = kStart + 10s;
    for (const Phase phase : {Phase::kAssess, Phase::kLowerTtl, Phase::kPreflight, Phase::kSwap})
      story.phases.push_back({phase, {}, StoryPhase::State::kDone, {}, {}, ""});
    story.phases.push_back({Phase::kWatch, Phase::kSwap, StoryPhase::State::kNow, {}, {}, ""});
    story.phases.push_back({Phase::kRestoreTtl, {}, StoryPhase::State::kAhead, {}, {}, ""});
    story.answer = {false, "the swap is spreading: the bound has not passed", "wait; `cutover rollback` goes back",
                    kStart + 60s};
    StorySet set;
    set.key = www("").key();
    set.accepted = kStart - 2s;
    set.authoritative = kStart;
    story.sets = {set};
    using dnsprobe::Verdict;
    for (const auto& event : {sample(0, Verdict::kNew, 60s), sample(1, Verdict::kOld, 40s),
                              sample(2, Verdict::kOld, 50s), sample(3, Verdict::kUnreachable, {})}) {
      view.take(event);
      spreading.take(event);
    }
    dnsprobe::WatchEvent summary;
    summary.kind = dnsprobe::WatchEvent::Kind::kSummary;
    summary.at = summary.forecast.at = kStart + 10s;
    summary.forecast.bound = kStart + 60s;
    summary.forecast.observed = kStart + 55s;
    summary.forecast.why = "2 resolvers gave the old answer lately";
    view.take(summary);
    spreading.take(summary);
    story.propagation = {spreading.now()};
  }
  std::vector<std::string> lines(std::size_t width, std::size_t height) const {
    return story_screen(story, &view, story.now, {width, height}, TextStyle::kPlain);
  }
  std::string text(std::size_t width, std::size_t height) const { return join(lines(width, height), "\n"); }

  WatchQuestions asked;
  WatchView view;
  SpreadingStory spreading;
  Story story;
};

std::size_t at(const std::string& text, const std::string& part) {
  INFO(text << "\nlacks: " << part);
  const std::size_t found = text.find(part);
  REQUIRE(found != std::string::npos);
  return found;
}

}  // namespace

TEST_CASE("one screen says whether one can go on, what to do, what is not safe yet and who is slow, in that order") {
  const Spreading now;
  const std::string text = now.text(79, 23);
  std::size_t last = 0;
  for (const char* part :
       {"example-2026", "[x] swap", "[>] watch", "[ ] restore-ttl",
        "NOT YET   not before 09:01:00Z (in 50s): the swap is spreading, 2 of 4", "next      wait; `cutover rollback`",
        "accepted   authoritative", "A www.example.com", "08:59:58Z", "# new 25 %  o old 50 %", "####", "places ",
        "operators ", "bound     09:01:00Z  in 50s", "observed  09:00:55Z  in 45s",
        "slowest   two 192.0.2.55  45s left"}) {
    const std::size_t found = at(text, part);
    CHECK(found >= last);
    last = found;
  }
  CHECK(text.find("two 192.0.2.55") < text.find("two 192.0.2.54"));  // the longest wait first
}

TEST_CASE("a screen fits whatever window there is, and what matters most is seen in the smallest") {
  const Spreading now;
  for (const std::size_t width : {20U, 40U, 79U, 199U})
    for (const std::size_t height : {1U, 5U, 23U, 49U}) {
      const auto lines = now.lines(width, height);
      INFO(width << " x " << height);
      CHECK(lines.size() <= height);
      for (const std::string& line : lines) CHECK(columns_of(line) <= width);
    }
  const std::string low = now.text(59, 15);
  for (const char* part :
       {"NOT YET", "next", "# new 25 %", "bound     09:01:00Z  in 50s\n", "slowest   two 192.0.2.55"})
    CHECK(low.find(part) != std::string::npos);
  const std::string small = now.text(79, 6);
  CHECK(small.find("NOT YET") != std::string::npos);
  CHECK(small.find("next") != std::string::npos);
  const std::string large = now.text(199, 49);
  CHECK(large.find("by continent") != std::string::npos);
  CHECK(large.find("by operator") != std::string::npos);
  CHECK(large.find("Europe") != std::string::npos);
  // Side by side: the estimates are no further down for it.
  const auto lines = now.lines(199, 49);
  const auto line_with = [&](const std::string& part) {
    return std::find_if(lines.begin(), lines.end(),
                        [&](const std::string& line) { return line.find(part) != std::string::npos; });
  };
  REQUIRE(line_with("Europe") != lines.end());
  CHECK(line_with("by continent") < line_with("bound     "));
}

TEST_CASE("while nothing spreads, the screen tells what came when and what comes") {
  Spreading now;
  now.story.propagation.clear();
  now.story.phases.front().text =
      "done a while ago, with a sentence that is too long for what is left of the line here";
  now.story.phases.front().ended = kStart - 24h;
  const std::string text = now.text(79, 23);
  CHECK(text.find("[x] assess       2026-10-05T09:00:00Z  done a while ago") != std::string::npos);
  CHECK(text.find(" here") != std::string::npos);  // wrapped, not cut
  CHECK(now.text(79, 8).find("a while ago") == std::string::npos);
}

TEST_CASE("a gate that should have opened by now is due, not closed, and the day of a far one is told") {
  Spreading now;
  now.story.propagation.clear();
  now.story.answer.opens_at = kStart + 48h;
  now.story.gates.push_back({"drained", false, kStart, "it drains", false, {}, {}});
  const std::string text = now.text(79, 23);
  CHECK(text.find("due       drained, to open since 09:00:00Z: it drains") != std::string::npos);
  CHECK(text.find("CLOSED") == std::string::npos);
  CHECK(text.find("not before 2026-10-08T09:00:00Z (in 1d 23h)") != std::string::npos);
}

TEST_CASE("what to do next is the story's word, unless a program goes on by itself") {
  const Spreading now;
  const auto lines = story_screen(now.story, &now.view, now.story.now, {79, 23}, TextStyle::kPlain, "nothing by hand");
  const std::string text = join(lines, "\n");
  CHECK(text.find("next      nothing by hand") != std::string::npos);
  CHECK(text.find("rollback") == std::string::npos);
}

TEST_CASE("below the screen stand the last lines of the log, whole and printable, as many as there is room for") {
  const std::deque<std::string> logged{"the first", "the second is long enough to be broken", "third \x1b[2J"};
  CHECK(log_lines(logged, 20, 1).empty());
  CHECK(log_lines({}, 20, 9).empty());
  const auto lines = log_lines(logged, 20, 4);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0].empty());
  CHECK(lines[1] == "the second is long");
  CHECK(lines[3].find('\x1b') == std::string::npos);
  CHECK(log_lines(logged, 20, 3).size() == 2);  // no part of a line without its beginning
}

TEST_CASE("closed gates stand on the screen with their countdown, and only so many") {
  Spreading now;
  now.story.propagation.clear();
  for (int i = 0; i < 6; ++i)
    now.story.gates.push_back({"gate-" + std::to_string(i), false, kStart + 70s, "it drains", false, {}, {}});
  now.story.gates.push_back({"open-one", true, {}, "", false, {}, {}});
  const std::string text = now.text(79, 23);
  CHECK(text.find("CLOSED    gate-0, opens in 1m: it drains") != std::string::npos);
  CHECK(text.find("gate-5") == std::string::npos);
  CHECK(text.find("and 2 more closed") != std::string::npos);
  CHECK(text.find("open      open-one") != std::string::npos);
}

TEST_CASE("colour only repeats what the words say, and nothing from the network reaches the terminal raw") {
  Spreading now;
  now.story.plan_name = "evil\x1b[2J";
  now.story.answer.headline = "gate \x1b]0;owned\x07 is closed";
  now.story.answer.next = "run \xe2\x80\xae it";
  now.story.propagation.back().resolvers[1].operator_name = "x\x1b[31m";
  const auto coloured = story_screen(now.story, &now.view, now.story.now, {79, 23}, TextStyle::kColour);
  auto plain = now.lines(79, 23);
  REQUIRE(coloured.size() == plain.size());
  for (std::size_t i = 0; i < plain.size(); ++i) {
    std::string bare = coloured[i];
    for (const char* code : {"\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[1m", "\x1b[0m"})
      for (std::size_t found = bare.find(code); found != std::string::npos; found = bare.find(code))
        bare.erase(found, std::string(code).size());
    CHECK(bare == plain[i]);
    CHECK(plain[i].find('\x1b') == std::string::npos);
    CHECK(plain[i].find("\xe2\x80\xae") == std::string::npos);
  }
}

TEST_CASE("a monitor that runs stands before what has spread: how it is, what to read, when the old side may go") {
  const Story story = test::told_story();
  const auto lines = story_screen(story, nullptr, story.now, {99, 49}, TextStyle::kPlain);
  const std::string text = join(lines, "\n");
  std::size_t last = 0;
  for (const char* part : {"monitor   11 of 12 probes answered", "round 12, until 2026-10-06T11:00:00Z (in 1h 53m)",
                           "latency www.example.com at 203.0.113.1:443", "answered  errors",
                           "11 of 12  1       1.2  3.4  5.6     3.4          www.example.com/ 203",
                           "before the old side is retired", "open       ttl-drained", "accepted   authoritative", "# new"}) {
    const std::size_t found = at(text, part);
    CHECK(found >= last);
    last = found;
  }
  const std::string hostile = join(
      story_screen(test::told_story("\x1b[2J\xe2\x80\xae<b>"), nullptr, story.now, {99, 49}, TextStyle::kPlain), "\n");
  CHECK(hostile.find('\x1b') == std::string::npos);
  CHECK(hostile.find("\xe2\x80\xae") == std::string::npos);
}
