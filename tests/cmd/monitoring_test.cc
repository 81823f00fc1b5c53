#include "cmd/plan/monitoring.h"

#include <catch2/catch.hpp>

#include "cmd/plan/gate.h"
#include "core/text.h"

using namespace cutover;
using std::chrono::microseconds;
using std::chrono::milliseconds;

namespace {

constexpr Instant kStart = Instant(Seconds(1'790'000'000));
using Outcome = ProbeSample::Outcome;
using Marker = ProbeSample::Marker;

DomainName dn(std::string_view text) { return *DomainName::from_text(text); }

ProbeSample answer(int ms, int status = 200, std::string body = "aa") {
  ProbeSample sample;
  sample.name = dn("www.example.com.");
  sample.endpoint = *Endpoint::from_text("203.0.113.20:443", 443);
  sample.path = "/";
  sample.outcome = Outcome::kAnswered;
  sample.took = milliseconds(ms);
  sample.status = status;
  sample.expected_status = 200;
  sample.body_hash = std::move(body);
  return sample;
}

ProbeSample lost(Outcome outcome = Outcome::kFailed) {
  ProbeSample sample = answer(0, 0, "");
  sample.outcome = outcome;
  sample.detail = "connection refused";
  return sample;
}

BaselineEntry baseline(int p50_ms, int p95_ms) {
  BaselineEntry entry;
  entry.name = dn("www.example.com.");
  entry.path = "/";
  entry.asked = entry.answered = 20;
  entry.took = {milliseconds(p50_ms), milliseconds(p95_ms), milliseconds(p95_ms)};
  entry.status = 200;
  entry.body_hash = "aa";
  return entry;
}

/// A monitor whose rounds come every 30 s: what each finds is told as `id` -> severity of a failure.
class Rounds {
 public:
  explicit Rounds(std::vector<BaselineEntry> entries = {baseline(50, 100)}, MonitorPlan limits = {})
      : dog_(limits, std::move(entries)) {}

  Rounds& add(ProbeSample sample) {
    now_ += Seconds(30);
    sample.at = now_;
    checks_ = dog_.judge({sample}, now_);
    return *this;
  }
  Rounds& add(int times, const ProbeSample& sample) {
    for (int i = 0; i < times; ++i) add(sample);
    return *this;
  }
  const Check& check(const std::string& id) const {
    for (const Check& each : checks_)
      if (each.id == id) return each;
    throw std::runtime_error("no check " + id);
  }
  /// `pass`, `warning`, `error`, or what else the verdict is.
  std::string said(const std::string& id) const {
    const Check& one = check(id);
    return std::string(one.verdict == Verdict::kFail ? to_text(one.severity) : to_text(one.verdict));
  }
  Watchdog::Standing standing() const { return dog_.standings().at(0); }

 private:
  Watchdog dog_;
  Instant now_ = kStart;
  std::vector<Check> checks_;
};

}  // namespace

TEST_CASE("quantiles are exact, by nearest rank") {
  struct Row {
    std::vector<int> values;
    int p50, p95, p99;
  };
  std::vector<int> hundred, twenty;
  for (int i = 100; i >= 1; --i) hundred.push_back(i);
  for (int i = 1; i <= 20; ++i) twenty.push_back(i);
  const Row rows[] = {{{}, 0, 0, 0},        {{7}, 7, 7, 7},       {{2, 1}, 1, 2, 2},
                      {{3, 1, 2}, 2, 3, 3}, {twenty, 10, 19, 20}, {hundred, 50, 95, 99}};
  for (const Row& row : rows) {
    std::vector<microseconds> values;
    for (const int value : row.values) values.emplace_back(value);
    const Quantiles q = quantiles_of(values);
    CAPTURE(row.values.size());
    CHECK(q.p50.count() == row.p50);
    CHECK(q.p95.count() == row.p95);
    CHECK(q.p99.count() == row.p99);
  }
}

TEST_CASE("a baseline has an entry per name, port, path and family, and knows which bodies vary") {
  std::vector<ProbeSample> samples{answer(10), answer(20), answer(30, 500, "ee"), lost(), lost(Outcome::kNotAsked)};
  samples.push_back(answer(40, 200, "bb"));
  samples.back().endpoint = *Endpoint::from_text("[2001:db8::1]:443", 443);
  samples.push_back(answer(50, 200, "cc"));
  samples.back().endpoint = *Endpoint::from_text("[2001:db8::2]:443", 443);
  const auto entries = baseline_of(samples);
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].family == Family::kV4);
  CHECK(entries[0].asked == 4);
  CHECK(entries[0].answered == 3);
  CHECK(entries[0].status == 200);
  CHECK(entries[0].body_hash == "aa");
  CHECK(entries[0].took.p50 == milliseconds(20));
  CHECK(entries[1].family == Family::kV6);
  CHECK(entries[1].body_hash.empty());

  const auto again = baseline_from_json(to_json(entries));
  REQUIRE(again);
  REQUIRE(again->size() == 2);
  CHECK(to_json(*again) == to_json(entries));
  CHECK_FALSE(baseline_from_json("{\"entries\":[{}]}"));
  CHECK_FALSE(baseline_from_json("no json"));
}

TEST_CASE("availability: one lost probe is told, the second breaks, and no route is neither") {
  Rounds rounds;
  CHECK(rounds.add(5, answer(50)).said("availability") == "pass");
  CHECK(rounds.add(lost()).said("availability") == "warning");
  CHECK(rounds.add(lost()).said("availability") == "error");
  CHECK_THAT(rounds.check("availability").summary, Catch::Contains("2 of 7 probes got no answer (28.6 %)"));
  CHECK_THAT(rounds.check("availability").evidence, Catch::Contains("connection refused"));
  // Twenty good rounds later nothing of it is in the window.
  CHECK(rounds.add(20, answer(50)).said("availability") == "pass");

  Rounds elsewhere;
  CHECK(elsewhere.add(3, lost(Outcome::kNotAsked)).said("availability") == "undecided");
}

TEST_CASE("availability: as many as the plan allows may be lost") {
  MonitorPlan limits;
  limits.errors = 0.2;
  Rounds rounds({}, limits);
  rounds.add(8, answer(50)).add(2, lost());
  CHECK(rounds.said("availability") == "warning");
  CHECK(rounds.add(lost()).said("availability") == "error");
}

TEST_CASE("HTTP errors: any status but the expected one, whatever it is") {
  Rounds rounds;
  CHECK(rounds.add(3, answer(50)).said("http-errors") == "pass");
  CHECK(rounds.add(answer(50, 503)).said("http-errors") == "warning");
  CHECK(rounds.add(answer(50, 404)).said("http-errors") == "error");
  CHECK_THAT(rounds.check("http-errors").evidence, Catch::Contains("1 4xx, 1 5xx"));
  CHECK(rounds.said("availability") == "pass");

  ProbeSample wanted = answer(50, 401);
  wanted.expected_status = 401;
  CHECK(Rounds().add(3, wanted).said("http-errors") == "pass");
}

TEST_CASE("latency: slower by a tenth is told, over the limit for as long as `sustained` breaks") {
  struct Row {
    const char* name;
    int first, first_ms;  ///< rounds, and how long each took
    int then, then_ms;
    const char* said;
  };
  // The baseline's p95 is 100 ms: over 150 ms is too slow. Five minutes are ten rounds.
  const Row rows[] = {
      {"as before", 30, 60, 0, 0, "pass"},
      {"a tenth slower, and more", 30, 115, 0, 0, "warning"},
      {"within the limit", 30, 149, 0, 0, "warning"},
      {"slow for less than sustained", 20, 60, 9, 400, "warning"},
      {"slow for longer", 20, 60, 13, 400, "error"},
      {"slow from the start, not long enough", 10, 400, 0, 0, "warning"},
      {"slow from the start, long enough", 11, 400, 0, 0, "error"},
      {"slow once", 20, 60, 1, 4000, "pass"},
      {"slow twice, and well again", 2, 400, 18, 60, "warning"},
      {"slow, and well for long enough", 11, 400, 40, 60, "pass"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    Rounds rounds;
    rounds.add(row.first, answer(row.first_ms)).add(row.then, answer(row.then_ms));
    CHECK(rounds.said("latency") == row.said);
  }
}

TEST_CASE("latency: a few milliseconds are nobody's concern, and without a baseline there is nothing to compare") {
  CHECK(Rounds({baseline(1, 2)}).add(30, answer(9)).said("latency") == "pass");
  CHECK(Rounds({baseline(1, 2)}).add(30, answer(14)).said("latency") == "error");
  CHECK(Rounds(std::vector<BaselineEntry>()).add(30, answer(900)).said("latency") == "not-applicable");
  BaselineEntry v6 = baseline(50, 100);
  v6.family = Family::kV6;
  CHECK(Rounds({v6}).add(30, answer(900)).said("latency") == "error");
  BaselineEntry other_path = baseline(50, 100);
  other_path.path = "/other";
  CHECK(Rounds({other_path}).add(30, answer(900)).said("latency") == "not-applicable");
}

TEST_CASE("body: the plan's text has to be there; a body that never varied is told when it changes") {
  ProbeSample found = answer(50), missing = answer(50, 200, "bb");
  found.marker = Marker::kFound;
  missing.marker = Marker::kMissing;
  Rounds marked;
  CHECK(marked.add(found).said("body-changed") == "pass");
  CHECK(marked.add(missing).said("body-changed") == "warning");
  CHECK(marked.add(missing).said("body-changed") == "error");

  CHECK(Rounds().add(answer(50)).said("body-changed") == "pass");
  CHECK(Rounds().add(5, answer(50, 200, "bb")).said("body-changed") == "warning");
  BaselineEntry varies = baseline(50, 100);
  varies.body_hash.clear();
  CHECK(Rounds({varies}).add(answer(50, 200, "bb")).said("body-changed") == "not-applicable");
}

TEST_CASE("what the window holds is told per endpoint, beside the baseline") {
  Rounds rounds;
  rounds.add(3, answer(50)).add(answer(70, 500)).add(lost());
  const auto standing = rounds.standing();
  CHECK(standing.asked == 5);
  CHECK(standing.answered == 4);
  CHECK(standing.http_errors == 1);
  CHECK(standing.took.p95 == milliseconds(70));
  REQUIRE(standing.baseline);
  CHECK(standing.baseline->p95 == milliseconds(100));
}

namespace {

/// A swap of www, served everywhere at kStart + 100 s, and what followed.
struct Aftermath {
  Plan plan;
  History history;
  Aftermath() {
    plan.standby = Seconds(3600);
    plan.ttl.during = Seconds(60);
    ZonePlan zone;
    zone.zone = dn("example.com.");
    PlannedChange change;
    change.name = dn("www.example.com.");
    change.from = {"192.0.2.1"};
    change.to = {"192.0.2.2"};
    zone.changes = {change};
    plan.zones = {zone};
    ChangeSet set;
    set.zone = zone.zone;
    set.changes = {{change.key(), RecordSet{change.name, change.type, Seconds(300), change.from},
                    RecordSet{change.name, change.type, Seconds(60), change.to}}};
    write(Phase::kSwap, 90, set).authoritative_at = kStart + Seconds(100);
  }
  WriteRecord& write(Phase phase, int at, const ChangeSet& set) {
    WriteRecord record;
    record.id = static_cast<std::int64_t>(history.writes.size()) + 1;
    record.phase = phase;
    record.started = kStart + Seconds(at);
    record.ended = record.started;
    record.state = WriteState::kDone;
    record.changes = {set};
    history.writes.push_back(record);
    return history.writes.back();
  }
  /// Which gates are open, by first letters: bound-passed, standby-over, ttl-restored.
  std::string open(int at) const {
    std::string out;
    for (const Gate& gate : retire_gates(plan, history, kStart + Seconds(at)))
      if (gate.open) out += gate.name.substr(0, 1);
    return out;
  }
};

}  // namespace

TEST_CASE("the old side may go when the bound has passed, standby is over and the TTLs are back") {
  Aftermath after;
  CHECK(after.open(101) == "");
  CHECK(after.open(399) == "");
  CHECK(after.open(400) == "b");
  CHECK(after.open(3700) == "bs");
  CHECK(*standby_end(after.plan, after.history) == kStart + Seconds(3700));
  // A cache that watch saw keep the old answer for longer.
  after.history.events.push_back(
      {kStart + Seconds(500), Phase::kWatch, std::string(kRetireFrom), format_opening(kStart + Seconds(5000))});
  CHECK(after.open(3700) == "s");
  after.write(Phase::kRestoreTtl, 3800, after.history.writes[0].changes[0]);
  CHECK(after.open(3801) == "st");
  CHECK(after.open(5000) == "bst");
}

TEST_CASE("the old side may not go before the swap, in mid swap, or after a rollback") {
  Aftermath before;
  before.history.writes.clear();
  CHECK(before.open(99999) == "");
  Aftermath unseen;
  unseen.history.writes[0].authoritative_at.reset();
  CHECK(unseen.open(99999) == "");
  Aftermath back;
  back.write(Phase::kRollback, 200, back.history.writes[0].changes[0]).authoritative_at = kStart + Seconds(210);
  CHECK(back.open(99999) == "");
  CHECK_FALSE(standby_end(back.plan, back.history));
}

TEST_CASE("swap asks for a baseline only where the plan does, and for one of every endpoint") {
  Aftermath story;
  CHECK_FALSE(baseline_recorded(story.plan, story.history));
  story.plan.monitor.baseline_required = true;
  CHECK_FALSE(baseline_recorded(story.plan, story.history)->open);
  BaselineEntry entry = baseline(1, 2);
  entry.name = dn("shop.example.com.");
  story.history.baselines.push_back({kStart, "hash", {entry}});
  CHECK_THAT(baseline_recorded(story.plan, story.history)->why, Catch::Contains("nothing of www.example.com port 443"));
  entry.name = dn("www.example.com.");
  story.history.baselines.push_back({kStart, "hash", {entry}});
  CHECK(baseline_recorded(story.plan, story.history)->open);
}
