#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
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
      "answers   new 1   old 1",
      "voices    new 50 %   old 50 %   of 2 operators",
      "settled   resolvers 1/2 (2 answered), operators 1/2, level authoritative",
      "          1 resolver gave the old answer lately: two tcp://192.0.2.54",
      "slowest   two tcp://192.0.2.54  31s left      old",
  };
  CHECK(view.lines(kStart + 10s, 200, 24) == wanted);
  for (const std::string& line : view.lines(kStart + 10s, 40, 24)) CHECK(line.size() <= 40);
  CHECK(view.lines(kStart + 10s, 80, 3).size() == 3);
}

TEST_CASE("a watch as text: when the old entries that were seen end, in one line of a terminal") {
  const WatchQuestions questions = two_resolvers();
  WatchView view(questions);
  dnsprobe::WatchEvent event = summary(1s);
  dnsprobe::Spread& spread = event.forecast.spread;
  spread.entries = 60000;
  spread.half = kStart + 20s;
  spread.most = kStart + 35s;
  spread.earliest = kStart + 40s;
  spread.latest = kStart + 42s;
  view.take(event);
  CHECK(view.lines(kStart + 10s, 79, 24).at(4) ==
        "spread    half of 60000 by 09:00:20Z, 9 in 10 by 09:00:35Z, all by 09:00:42Z");
  const auto tick = nlohmann::json::parse(watch_event_ndjson(questions, event));
  CHECK(tick["observed_entries"] == 60000);
  CHECK(tick["observed_half"] == "2026-10-06T09:00:20.000Z");
  CHECK(tick["observed_most"] == "2026-10-06T09:00:35.000Z");
  spread.entries = 1;
  view.take(event);
  CHECK(view.lines(kStart + 10s, 79, 24).at(4) == "spread    the only one known ends between 09:00:40Z and 09:00:42Z");
}

TEST_CASE("a watch tells which name server is behind, as long as one is") {
  const WatchQuestions questions = two_resolvers();
  const RecordKey& key = questions.expectations[0].key;
  AuthorityLook look;
  look.at = kStart + 65s;
  look.keys = {key};
  look.lagging = {{"ns2.example.net. (192.0.2.54)", key, LaggingServer::Gives::kOld, "192.0.2.1"}};
  look.changed = true;
  const std::string named = "ns2.example.net. (192.0.2.54) still serves the old A of www.example.com: 192.0.2.1";
  CHECK(WatchView::change_lines(look) == std::vector<std::string>{"09:01:05Z  " + named});

  WatchView view(questions);
  dnsprobe::WatchEvent event = summary(65s);
  event.forecast.counts[static_cast<std::size_t>(dnsprobe::Verdict::kBehind)] = 1;
  view.take(event);
  view.take(look);
  const auto shows = [&view](const std::string& text) {
    for (const std::string& line : view.lines(kStart + 66s, 100, 24))
      if (line == text) return true;
    return false;
  };
  CHECK(shows("behind    " + named));
  for (const std::string& shown : view.lines(kStart + 66s, 79, 24)) CHECK(shown.size() <= 79);
  const auto narrow = view.lines(kStart + 66s, 79, 24);
  CHECK(std::find(narrow.begin(), narrow.end(), "          www.example.com: 192.0.2.1") != narrow.end());
  const auto line = nlohmann::json::parse(watch_authority_ndjson(look));
  CHECK(line["event"] == "authority");
  CHECK(line["lagging"][0]["server"] == "ns2.example.net. (192.0.2.54)");
  CHECK(line["lagging"][0]["gives"] == "old");
  CHECK(line["record_sets"][0]["type"] == "A");
  CHECK(line["text"][0] == named);

  look.changed = false;
  CHECK(WatchView::change_lines(look).empty());
  look.lagging.clear();
  look.unseen = {{key, *DomainName::from_text("example.com"), Seconds(0)}};
  view.take(look);
  CHECK(shows("behind    a site that is not seen from here, for the A of www.example.com; see `settle:` of zone"));
  CHECK(shows("          example.com"));
  CHECK(nlohmann::json::parse(watch_authority_ndjson(look))["unseen"][0]["zone"] == "example.com.");

  view.take(summary(70s));  // nobody gives a fresh old answer any more
  for (const std::string& shown : view.lines(kStart + 71s, 100, 24)) CHECK_FALSE(shown.starts_with("behind"));
}

TEST_CASE("a watch as text: drawn once more when the watch and its questions are gone") {
  auto questions = std::make_unique<WatchQuestions>(two_resolvers());
  WatchView view(*questions);
  questions.reset();
  view.take(summary(61s));
  CHECK(view.lines(kStart + 61s, 79, 24).at(1) ==
        "asking 2 resolvers until all agree; giving up at 2026-10-06T11:00:00Z");
}

TEST_CASE("a watch as text: in 79 columns no sentence is cut, and of a long name the type is seen") {
  WatchQuestions questions = two_resolvers();
  questions.expectations.push_back(questions.expectations[0]);
  questions.expectations[1].key.type = RecordType::kAaaa;
  WatchView view(questions);
  dnsprobe::WatchEvent event = sample(1, dnsprobe::Verdict::kOld, 1s, 40s, true);
  event.key = 1;
  view.take(event);
  event = summary(1s);
  event.forecast.resolvers = 270;
  event.forecast.why = "3 resolvers gave the old answer lately: one 192.0.2.53, two 192.0.2.54, three 192.0.2.55";
  view.take(event);
  const std::string text = join(view.lines(kStart + 1s, 79, 24), " ");
  const auto shows = [&text](const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(shows("level authoritative"));
  CHECK(shows("three 192.0.2.55"));
  CHECK(shows("AAAA www.example"));
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
  CHECK(lines[12] == "          and 26 more");
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
