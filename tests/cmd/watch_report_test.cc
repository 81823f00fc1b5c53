#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/report/watch_ndjson.h"
#include "cmd/report/watch_text.h"
#include "core/text.h"

using namespace cutover;
using namespace std::chrono_literals;

namespace {

const Instant kStart = *parse_instant("2026-10-06T09:00:00Z");

WatchQuestions two_resolvers() {
  WatchQuestions out;
  dnsprobe::Expectation expectation;
  expectation.key = {*DomainName::from_text("www.example.com"), RecordType::kA};
  expectation.old_set = RecordSet{expectation.key.name, RecordType::kA, 60s, {"192.0.2.1"}};
  expectation.new_set = RecordSet{expectation.key.name, RecordType::kA, 60s, {"203.0.113.1"}};
  expectation.low_ttl = 60s;
  expectation.new_since = kStart;
  out.expectations = {expectation};
  out.resolvers = {*dnsprobe::parse_resolver("one=192.0.2.53"), *dnsprobe::parse_resolver("two=tcp://192.0.2.54")};
  out.give_up_at = kStart + 2h;
  return out;
}

dnsprobe::WatchEvent sample(std::size_t resolver, dnsprobe::Verdict verdict, Span at, std::optional<Seconds> ttl,
                            bool changed) {
  dnsprobe::WatchEvent out;
  out.at = kStart + at;
  out.resolver = resolver;
  out.verdict_changed = changed;
  out.observation.verdict = verdict;
  out.observation.at = out.at;
  out.observation.ttl = ttl;
  if (ttl) out.observation.expires = out.at + *ttl;
  out.observation.rdata = {dnsprobe::is_old(verdict) ? "192.0.2.1" : "203.0.113.1"};
  out.observation.rtt = std::chrono::microseconds(1234);
  return out;
}

dnsprobe::WatchEvent summary(Span at) {
  dnsprobe::WatchEvent out;
  out.kind = dnsprobe::WatchEvent::Kind::kSummary;
  out.at = out.forecast.at = kStart + at;
  out.forecast.bound = kStart + 60s;
  out.forecast.observed = kStart + 41s;
  out.forecast.resolvers = out.forecast.operators = out.forecast.answered = 2;
  out.forecast.settled = out.forecast.operators_settled = 1;
  out.forecast.counts[static_cast<std::size_t>(dnsprobe::Verdict::kNew)] = 1;
  out.forecast.counts[static_cast<std::size_t>(dnsprobe::Verdict::kOld)] = 1;
  out.forecast.holding = {1};
  out.forecast.why = "1 resolver gave the old answer lately: two tcp://192.0.2.54";
  return out;
}

}  // namespace

TEST_CASE("a watch as NDJSON: one object per line, units in the keys") {
  const WatchQuestions questions = two_resolvers();
  const auto begun = nlohmann::json::parse(watch_begun_ndjson(questions));
  CHECK(begun["schema"] == 1);
  CHECK(begun["event"] == "begun");
  CHECK(begun["of"] == "swap");
  CHECK(begun["record_sets"][0]["bound_at"] == "2026-10-06T09:01:00.000Z");
  CHECK(begun["record_sets"][0]["new"][0] == "203.0.113.1");
  CHECK(begun["record_sets"][0]["ttl_s"] == 60);
  CHECK(begun["resolvers"][1]["transport"] == "tcp");
  CHECK(begun["resolvers"][1]["address"] == "192.0.2.54:53");

  const std::string text = watch_event_ndjson(questions, sample(1, dnsprobe::Verdict::kOldPastTtl, 1500ms, 40s, true));
  CHECK(text.find('\n') == std::string::npos);
  const auto line = nlohmann::json::parse(text);
  CHECK(line["event"] == "sample");
  CHECK(line["at"] == "2026-10-06T09:00:01.500Z");
  CHECK(line["resolver"] == "two tcp://192.0.2.54");
  CHECK(line["operator"] == "two");
  CHECK(line["name"] == "www.example.com.");
  CHECK(line["verdict"] == "old-past-ttl");
  CHECK(line["ttl_s"] == 40);
  CHECK(line["rtt_us"] == 1234);
  CHECK(line["changed"] == true);
  CHECK(nlohmann::json::parse(
            watch_event_ndjson(questions, sample(0, dnsprobe::Verdict::kServfail, 1s, {}, true)))["ttl_s"]
            .is_null());

  const auto tick = nlohmann::json::parse(watch_event_ndjson(questions, summary(1s)));
  CHECK(tick["event"] == "summary");
  CHECK(tick["verdicts"]["old"] == 1);
  CHECK(tick["verdicts"]["old-past-ttl"] == 0);
  CHECK(tick["observed_until"] == "2026-10-06T09:00:41.000Z");
  CHECK(tick["holding"][0] == "two tcp://192.0.2.54");
  CHECK(tick["resolvers"]["settled"] == 1);

  WatchPhaseResult result;
  result.seen.end = dnsprobe::WatchEnd::kConverged;
  result.seen.converged_at = kStart + 61s;
  const auto end = nlohmann::json::parse(watch_end_ndjson(result));
  CHECK(end["end"] == "converged");
  CHECK(end["converged_at"] == "2026-10-06T09:01:01.000Z");
  CHECK(end["last_old_seen_at"].is_null());
}

TEST_CASE("a watch as text: an operator with many resolvers is one voice") {
  WatchQuestions questions = two_resolvers();
  for (const char* more : {"two=192.0.2.55", "two=192.0.2.56", "two=192.0.2.57"})
    questions.resolvers.push_back(*dnsprobe::parse_resolver(more));
  WatchView view(questions);
  view.take(sample(0, dnsprobe::Verdict::kNew, 1s, 60s, true));
  for (std::size_t i = 1; i < 4; ++i) view.take(sample(i, dnsprobe::Verdict::kOld, 1s, 40s, true));
  view.take(sample(4, dnsprobe::Verdict::kUnreachable, 1s, {}, true));
  view.take(summary(1s));
  CHECK(view.lines(kStart + 10s, 200, 24).at(5) == "voices    new 50 %   old 50 %   of 2 operators");
}

TEST_CASE("a watch as text: the picture says what is waited for") {
  const WatchQuestions questions = two_resolvers();
  WatchView view(questions);
  view.take(sample(0, dnsprobe::Verdict::kNew, 1s, 60s, true));
  view.take(sample(1, dnsprobe::Verdict::kOld, 1s, 40s, true));
  view.take(summary(1s));
  const std::vector<std::string> wanted = {
      "www.example.com A  192.0.2.1 -> 203.0.113.1  bound 09:01:00Z",
      "asking 2 resolvers until all agree; giving up at 2026-10-06T11:00:00Z",
      "bound     09:01:00Z  in 50s: no honest cache holds the old answer after it",
      "observed  09:00:41Z  in 31s: the longest-lived old entry seen",
      "new 1   old 1",
      "voices    new 50 %   old 50 %   of 2 operators",
      "1 of 2 resolvers settled, 2 answered; 1 of 2 operators settled; level authoritative",
      "1 resolver gave the old answer lately: two tcp://192.0.2.54",
      "  two tcp://192.0.2.54             old           31s left",
  };
  CHECK(view.lines(kStart + 10s, 200, 24) == wanted);
  for (const std::string& line : view.lines(kStart + 10s, 40, 24)) CHECK(line.size() <= 40);
  CHECK(view.lines(kStart + 10s, 80, 3).size() == 3);
}

TEST_CASE("a watch as text: long lists are cut, the longest wait first") {
  WatchQuestions questions = two_resolvers();
  questions.resolvers.clear();
  for (int i = 1; i <= 30; ++i)
    questions.resolvers.push_back(*dnsprobe::parse_resolver(std::string("op=192.0.2.") + std::to_string(i)));
  WatchView view(questions);
  for (std::size_t i = 0; i < 30; ++i) view.take(sample(i, dnsprobe::Verdict::kOld, 1s, Seconds(10 + i), true));
  view.take(summary(1s));
  const auto lines = view.lines(kStart + 2s, 120, 13);
  REQUIRE(lines.size() == 13);
  CHECK(lines[8].find("op 192.0.2.30") != std::string::npos);
  CHECK(lines[12] == "  and 26 more");
}

TEST_CASE("without a terminal: one line per change, none without one") {
  const WatchQuestions questions = two_resolvers();
  WatchView view(questions);
  const auto told = [&view](const dnsprobe::WatchEvent& event) {
    view.take(event);
    return view.change_line(event).value_or("");
  };
  CHECK(told(sample(1, dnsprobe::Verdict::kOld, 1s, 40s, true)) ==
        "09:00:01Z  two tcp://192.0.2.54  www.example.com. A  old  192.0.2.1  ttl 40s");
  CHECK(told(sample(1, dnsprobe::Verdict::kOld, 2s, 39s, false)).empty());
  CHECK(told(sample(1, dnsprobe::Verdict::kNew, 42s, 60s, true)) ==
        "09:00:42Z  two tcp://192.0.2.54  www.example.com. A  old -> new  203.0.113.1  ttl 1m");
  CHECK(told(summary(43s)) ==
        "09:00:43Z  level authoritative: 1 resolver gave the old answer lately: two tcp://192.0.2.54");
  CHECK(told(summary(44s)).empty());
}
