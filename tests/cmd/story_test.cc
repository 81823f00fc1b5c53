#include "cmd/report/story.h"

#include <catch2/catch.hpp>

#include "cmd/report/metrics_file.h"
#include "cmd/report/story_digest.h"
#include "cmd/report/story_follower.h"
#include "core/text.h"
#include "dnsprobe/forecast.h"
#include "tests/servers/process.h"
#include "tests/support/temporary_folder.h"
#include "told_story.h"

// A story out of the journal, and the same while it happens.

using namespace cutover;
using namespace std::chrono_literals;
using Voice = dnsprobe::Verdict;
using test::TemporaryFolder;

namespace {

const Instant kStart = *parse_instant("2026-10-06T09:00:00Z");
const RecordKey kWww{*DomainName::from_text("www.example.com"), RecordType::kA};
const RecordKey kWww6{*DomainName::from_text("www.example.com"), RecordType::kAaaa};
const RecordSet kOld{kWww.name, kWww.type, 60s, {"192.0.2.1"}};
const RecordSet kNew{kWww.name, kWww.type, 60s, {"203.0.113.1"}};
const RecordSet kOld6{kWww6.name, kWww6.type, 60s, {"2001:db8::1"}};
const RecordSet kNew6{kWww6.name, kWww6.type, 60s, {"2001:db8::2"}};

Plan plan_in(const std::filesystem::path& folder) {
  Plan plan;
  plan.name = "example";
  plan.file = folder / "move.yaml";
  plan.hash = "abc";
  plan.ttl.during = 60s;
  ZonePlan zone;
  zone.zone = *DomainName::from_text("example.com");
  PlannedChange four{kWww.name, kWww.type, kOld.rdata, kNew.rdata, {}};
  PlannedChange six{kWww6.name, kWww6.type, kOld6.rdata, kNew6.rdata, {}};
  zone.changes = {four, six};
  plan.zones = {zone};
  return plan;
}

WatchQuestions questions() {
  WatchQuestions out;
  for (const auto& [before, after] : {std::pair(kOld, kNew), std::pair(kOld6, kNew6)}) {
    dnsprobe::Expectation expectation;
    expectation.key = before.key();
    expectation.old_set = before;
    expectation.new_set = after;
    expectation.low_ttl = 60s;
    expectation.new_since = kStart;
    out.expectations.push_back(expectation);
  }
  out.resolvers = {*dnsprobe::parse_resolver("one=192.0.2.53"), *dnsprobe::parse_resolver("two=192.0.2.54")};
  out.resolvers[0].country = "DE";
  out.resolvers[0].place = "Berlin";
  out.resolvers[0].location = dnsprobe::Location{52.5F, 13.4F};
  return out;
}

struct Seen {
  std::size_t resolver, key;
  Voice verdict;
  Span at;
  std::optional<Seconds> ttl;
};
/// The first turns when both of its record sets have; the second keeps one of them.
const std::vector<Seen> kAnswers{
    {0, 0, Voice::kOld, 1s, 40s},         {0, 1, Voice::kNew, 1s, 60s},  {1, 0, Voice::kServfail, 2s, {}},
    {1, 1, Voice::kNew, 2s, 60s},         {0, 0, Voice::kNew, 42s, 60s}, {1, 0, Voice::kOldPastTtl, 90s, 10s},
    {1, 1, Voice::kUnreachable, 90s, {}},
};

dnsprobe::WatchEvent event_of(const Seen& seen) {
  dnsprobe::WatchEvent out;
  out.at = kStart + seen.at;
  out.resolver = seen.resolver;
  out.key = seen.key;
  out.observation.verdict = seen.verdict;
  out.observation.at = out.at;
  out.observation.ttl = seen.ttl;
  if (seen.ttl) out.observation.expires = out.at + *seen.ttl;
  return out;
}

ChangeSet change() {
  return {*DomainName::from_text("example.com"), {{kWww, kOld, kNew}, {kWww6, kOld6, kNew6}}, {}, {}};
}

std::int64_t write_to(Journal& journal, VirtualClock& clock, Phase phase, const ChangeSet& changes) {
  const auto write = *journal.begin_write(phase, "abc", {changes});
  const auto intent = *journal.record_intent(write, {changes.zone, 1, "UPDATE", "{}", {kWww, kWww6}});
  clock.advance(1s);
  REQUIRE(journal.record_outcome(intent, StepOutcome::kApplied, R"({"rcode":"NOERROR"})"));
  REQUIRE(journal.end_write(write, WriteState::kDone));
  REQUIRE(journal.record_authoritative(write, clock.now()));
  return write;
}

WatchRecord frame(std::int64_t write) {
  WatchRecord out;
  out.write = write;
  out.served_at = kStart;
  out.bound = kStart + 60s;
  out.keys = {kWww, kWww6};
  for (const dnsprobe::Resolver& each : questions().resolvers)
    out.resolvers.push_back({each.id, each.operator_name, each.country, each.place, each.location});
  return out;
}

ResolverRecord record_of(const Seen& seen) {
  const WatchQuestions asked = questions();
  const dnsprobe::Resolver& resolver = asked.resolvers[seen.resolver];
  return {kStart + seen.at,
          Phase::kWatch,
          resolver.id,
          resolver.operator_name,
          asked.expectations[seen.key].key,
          std::string(dnsprobe::to_text(seen.verdict)),
          seen.ttl,
          {},
          ""};
}

WatchMark mark(Span at, dnsprobe::Level level) {
  WatchMark out;
  out.at = kStart + at;
  out.level = std::string(dnsprobe::to_text(level));
  out.bound = kStart + 60s;
  out.why = "because";
  return out;
}

const std::vector<DrainFacts> kFacts{{providers::ChangeSignal::kServing, 0s, 60s}};

}  // namespace

TEST_CASE("a resolver is on the side of its worst record set") {
  SpreadingStory story(questions());
  CHECK(story.now().served_at == kStart);
  CHECK(story.now().bound == kStart + 60s);
  CHECK(story.now().resolvers[0].continent == "Europe");
  struct Step {
    Seen seen;
    std::size_t resolver;
    Side side;
    std::string verdict;
  };
  const std::vector<Step> steps{
      {kAnswers[1], 0, Side::kSilent, "not asked yet"},
      {kAnswers[0], 0, Side::kOld, "old"},
      {kAnswers[2], 1, Side::kOther, "servfail"},
      {kAnswers[3], 1, Side::kOther, "servfail"},
      {kAnswers[4], 0, Side::kNew, "new"},
      {kAnswers[5], 1, Side::kOld, "old-past-ttl"},
      {kAnswers[6], 1, Side::kOld, "old-past-ttl"},
  };
  for (const Step& step : steps) {
    story.take(event_of(step.seen));
    CHECK(story.now().resolvers[step.resolver].side == step.side);
    CHECK(story.now().resolvers[step.resolver].verdict == step.verdict);
  }
  CHECK_FALSE(story.now().resolvers[0].expires_at);
  CHECK(story.now().resolvers[1].expires_at == kStart + 100s);
  CHECK(story.now().turns.size() == 4);
}

TEST_CASE("twelve verdicts are four sides") {
  for (std::size_t i = 0; i < dnsprobe::kVerdictCount; ++i) {
    const auto verdict = static_cast<Voice>(i);
    CAPTURE(dnsprobe::to_text(verdict));
    const Side side = side_of(verdict);
    CHECK((side == Side::kNew) == (verdict == Voice::kNew));
    CHECK((side == Side::kOld) == dnsprobe::is_old(verdict));
    CHECK((side == Side::kSilent) == !dnsprobe::is_data(verdict));
  }
}

TEST_CASE("the story out of the journal is the one that was shown live") {
  const TemporaryFolder folder;
  VirtualClock clock(kStart - 1s);
  const Plan plan = plan_in(folder.path());
  auto journal = *Journal::open(plan, clock);
  const auto write = write_to(journal, clock, Phase::kSwap, change());
  const auto watch = *journal.begin_watch(frame(write));
  SpreadingStory live(questions());
  std::vector<ResolverRecord> records;
  for (const Seen& seen : kAnswers) {
    live.take(event_of(seen));
    records.push_back(record_of(seen));
  }
  REQUIRE(journal.record_resolvers(records));
  REQUIRE(journal.record_watch_mark(watch, mark(90s, dnsprobe::Level::kAuthoritative)));
  clock.advance(95s);

  // Another process looks, while this one goes on.
  auto reader = *Journal::open_for_reading(plan, clock);
  auto story = story_of(plan, reader, kFacts, {}, clock.now());
  REQUIRE(story);
  REQUIRE(story->propagation.size() == 1);
  const Propagation& told = story->propagation.front();
  REQUIRE(told.resolvers.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(told.resolvers[i].id == live.now().resolvers[i].id);
    CHECK(told.resolvers[i].side == live.now().resolvers[i].side);
    CHECK(told.resolvers[i].verdict == live.now().resolvers[i].verdict);
    CHECK(told.resolvers[i].expires_at == live.now().resolvers[i].expires_at);
    CHECK(told.resolvers[i].place == live.now().resolvers[i].place);
    CHECK(told.resolvers[i].location.has_value() == live.now().resolvers[i].location.has_value());
  }
  REQUIRE(told.turns.size() == live.now().turns.size());
  for (std::size_t i = 0; i < told.turns.size(); ++i) {
    CHECK(told.turns[i].at == live.now().turns[i].at);
    CHECK(told.turns[i].resolver == live.now().turns[i].resolver);
    CHECK(told.turns[i].side == live.now().turns[i].side);
  }
  CHECK(story->answer.headline == "the swap is spreading: because");
  CHECK_FALSE(story->answer.go);

  SECTION("and it ends") {
    WatchMark end = mark(120s, dnsprobe::Level::kBounded);
    end.converged_at = kStart + 120s;
    end.is_last = true;
    REQUIRE(journal.record_watch_mark(watch, end));
    clock.advance(60s);
    story = story_of(plan, reader, kFacts, {}, clock.now());
    REQUIRE(story);
    CHECK(story->propagation.back().converged_at == kStart + 120s);
    CHECK(story->answer.headline.find("standby runs until") != std::string::npos);
    for (const StorySet& set : story->sets) {
      CHECK(set.accepted);
      CHECK(set.authoritative == kStart);
      CHECK(set.sampled == kStart + 120s);
      CHECK(set.bounded == kStart + 60s);
    }
    const auto phase = std::find_if(story->phases.begin(), story->phases.end(),
                                    [](const StoryPhase& p) { return p.phase == Phase::kWatch; });
    REQUIRE(phase != story->phases.end());
    CHECK(phase->state == StoryPhase::State::kDone);
  }
  SECTION("and the rollback that follows is a story of its own") {
    const auto back = write_to(journal, clock, Phase::kRollback, inverse_of(change()));
    WatchRecord second = frame(back);
    second.served_at = clock.now();
    REQUIRE(journal.begin_watch(second));
    Seen seen = kAnswers[0];
    seen.at = clock.now() - kStart + 1s;
    REQUIRE(journal.record_resolvers({record_of(seen)}));
    clock.advance(5s);
    story = story_of(plan, reader, kFacts, {}, clock.now());
    REQUIRE(story);
    REQUIRE(story->propagation.size() == 2);
    CHECK(story->propagation[0].turns.size() == live.now().turns.size());
    CHECK(story->propagation[1].of == Phase::kRollback);
    CHECK(story->propagation[1].turns.size() == 1);
    CHECK(story->sets.front().after == kOld);
    CHECK(story->phases[3].of == Phase::kSwap);
    CHECK(story->phases[5].of == Phase::kRollback);
  }
}

TEST_CASE("a journal of before watches were noted is read, and written on") {
  const TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  {
    auto journal = *Journal::open(plan, clock);
    write_to(journal, clock, Phase::kSwap, change());
  }
  const auto file = (state_folder(plan) / "journal.db").string();
  REQUIRE(servers::run_program({"sqlite3", file, "DROP TABLE watch; DROP TABLE watch_mark;"}).status == 0);
  {
    auto reader = *Journal::open_for_reading(plan, clock);
    const auto story = story_of(plan, reader, kFacts, {}, clock.now());
    REQUIRE(story);
    CHECK(story->propagation.empty());
    CHECK(story->writes.size() == 1);
  }
  auto journal = *Journal::open(plan, clock);
  REQUIRE(journal.begin_watch(frame(1)));
  CHECK(journal.watches()->size() == 1);
}

TEST_CASE("nothing but a plan is a story too") {
  const TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  auto journal = *Journal::open(plan, clock);
  const auto story = story_of(plan, journal, kFacts, {}, clock.now());
  REQUIRE(story);
  CHECK(story->answer.headline == "nothing has been written yet");
  CHECK(story->answer.go);  // lower-ttl may begin
  CHECK_FALSE(story->gates.empty());
  REQUIRE(story->sets.size() == 2);
  CHECK(story->sets.front().before->rdata == kOld.rdata);
  CHECK(story->sets.front().after->rdata == kNew.rdata);
  for (const StoryPhase& phase : story->phases) CHECK(phase.state == StoryPhase::State::kAhead);
}

TEST_CASE("a running watch updates the story it belongs to") {
  Story story = test::told_story();
  SpreadingStory live(questions());
  live.take(event_of(kAnswers[0]));
  update(story, live.now(), kStart + 70s);
  REQUIRE(story.propagation.size() == 1);
  CHECK(story.propagation.back().turns.size() == 1);
  CHECK(story.now == kStart + 70s);
  CHECK(story.sets.front().bounded == kStart + 60s);
  CHECK_FALSE(story.answer.go);

  dnsprobe::WatchEvent summary;
  summary.kind = dnsprobe::WatchEvent::Kind::kSummary;
  summary.at = kStart + 80s;
  summary.forecast.at = summary.at;
  summary.forecast.bound = kStart + 60s;
  summary.forecast.converged = true;
  summary.forecast.level = dnsprobe::Level::kBounded;
  summary.forecast.why = "converged";
  live.take(summary);
  update(story, live.now(), kStart + 81s);
  REQUIRE(story.propagation.size() == 1);
  CHECK(story.answer.headline == "the swap has converged at 2026-10-06T09:01:20Z");
  CHECK(story.phases.back().state == StoryPhase::State::kDone);
}

TEST_CASE("a follower shows the whole story at once and a running watch every now and then") {
  std::vector<Story> shown;
  StoryFollower follower(std::chrono::hours(1));
  CHECK_FALSE(follower.is_wanted());
  follower.add([&](const Story& story) { shown.push_back(story); });
  follower.tell(test::told_story());
  REQUIRE(shown.size() == 1);
  follower.begin(questions());
  for (const Seen& seen : kAnswers) follower.take(event_of(seen));
  CHECK(shown.size() == 1);  // the hour is not over
  follower.tell(test::told_story());
  CHECK(shown.size() == 2);

  StoryFollower eager(std::chrono::milliseconds(0));
  eager.add([&](const Story& story) { shown.push_back(story); });
  eager.tell(test::told_story());
  eager.begin(questions());
  for (const Seen& seen : kAnswers) eager.take(event_of(seen));
  CHECK(shown.size() == 3 + kAnswers.size());
  CHECK(shown.back().propagation.back().turns.size() == 4);
}

TEST_CASE("a metrics file is replaced whole, readable by all, and only under a name that is collected") {
  const TemporaryFolder folder;
  const std::string file = (folder.path() / "cutover.prom").string();
  REQUIRE(check_metrics_file(file));
  std::vector<std::string> said;
  const auto show = into_metrics_file(file, [&](const std::string& line) { said.push_back(line); });
  show(test::told_story());
  const std::string first = servers::read_text(file);
  CHECK(first.find("cutover_go{plan=\"example\"} 0") != std::string::npos);
  Story later = test::told_story();
  later.answer.go = true;
  show(later);
  CHECK(servers::read_text(file).find("cutover_go{plan=\"example\"} 1") != std::string::npos);
  CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::others_read) !=
        std::filesystem::perms::none);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 1);
  CHECK(said.empty());

  CHECK_FALSE(check_metrics_file((folder.path() / "cutover.txt").string()).ok());
  CHECK_FALSE(check_metrics_file((folder.path() / "none" / "cutover.prom").string()).ok());
  const auto lost = into_metrics_file((folder.path() / "none" / "cutover.prom").string(),
                                      [&](const std::string& line) { said.push_back(line); });
  lost(later);
  lost(later);
  CHECK(said.size() == 1);  // once, not once a second
}
