#pragma once
#include <string>

#include "cmd/report/story.h"
#include "core/text.h"

namespace cutover::test {

/// A story with everything in it that a story can have; every text that comes from outside begins with `from_outside`.
inline Story told_story(const std::string& from_outside = "") {
  const Instant start = *parse_instant("2026-10-06T09:00:00Z");
  const auto at = [&](int seconds) { return start + Seconds(seconds); };
  const RecordKey www{*DomainName::from_text("www.example.com"), RecordType::kA};
  const RecordKey txt{*DomainName::from_text("txt.example.com"), RecordType::kTxt};
  const RecordSet old_www{www.name, www.type, Seconds(60), {"192.0.2.1"}};
  const RecordSet new_www{www.name, www.type, Seconds(60), {"203.0.113.1"}};
  const RecordSet new_txt{txt.name, txt.type, Seconds(60), {from_outside + "text"}};

  Story story;
  story.plan_name = from_outside + "example";
  story.plan_file = from_outside + "move.yaml";
  story.plan_hash = "0123456789abcdef0123456789abcdef";
  story.now = at(400);
  story.rehearsal = true;
  story.answer = {false, from_outside + "headline", "`cutover watch`", at(500)};
  story.standby_until = at(7200);
  story.phases = {{Phase::kLowerTtl, {}, StoryPhase::State::kDone, at(-90000), at(-89990), "lowered"},
                  {Phase::kPreflight, {}, StoryPhase::State::kDone, at(-60), at(-50), "passed"},
                  {Phase::kSwap, {}, StoryPhase::State::kDone, at(-5), at(-1), "done"},
                  {Phase::kWatch, Phase::kSwap, StoryPhase::State::kNow, at(0), {}, from_outside + "why"}};
  Gate open;
  open.name = "ttl-drained";
  open.open = true;
  open.why = from_outside + "drained";
  Gate closed;
  closed.name = from_outside + "mine";
  closed.why = from_outside + "said no";
  closed.opens_at = at(900);
  story.gates = {open, closed};
  story.sets = {{*DomainName::from_text("example.com"), www, old_www, new_www, at(-2), at(0), {}, {}},
                {*DomainName::from_text("example.com"), txt, {}, new_txt, at(-2), at(0), {}, {}}};

  Propagation spreading;
  spreading.served_at = at(0);
  spreading.bound = at(60);
  spreading.observed = at(50);
  spreading.level = "authoritative";
  spreading.why = from_outside + "one still holds the old answer";
  StoryResolver one{from_outside + "one 192.0.2.53",  from_outside + "one", "DE",  "Europe", from_outside + "Berlin",
                    dnsprobe::Location{52.5F, 13.4F}, Side::kNew,           "new", {}};
  StoryResolver two{"two 192.0.2.54", "two", "", "", "", {}, Side::kOld, "old-past-ttl", at(450)};
  spreading.resolvers = {one, two};
  spreading.turns = {{at(1), 0, Side::kOld}, {at(2), 1, Side::kOld}, {at(40), 0, Side::kNew}};
  story.propagation = {spreading};

  Check bad;
  bad.id = "tls-name";
  bad.verdict = Verdict::kFail;
  bad.name = www.name;
  bad.endpoint = *Endpoint::from_text("203.0.113.1", 443);
  bad.summary = from_outside + "the certificate is for another name";
  bad.evidence = from_outside + "CN=other";
  bad.advice = "install another one";
  Check good = bad;
  good.id = "tls-chain";
  good.verdict = Verdict::kPass;
  story.checks = {{at(-50), Phase::kPreflight, story.plan_hash, false, {bad, good}}};

  Check slow = bad;
  slow.id = "latency";
  slow.summary = from_outside + "slower than the old side was";
  story.monitoring = {{at(390), Phase::kMonitor, story.plan_hash, false, {slow}}};

  MonitorReport watching;
  watching.at = at(395);
  watching.until = at(7200);
  watching.rounds = 12;
  watching.checks = {slow};
  const Quantiles took{std::chrono::microseconds(1200), std::chrono::microseconds(3400),
                       std::chrono::microseconds(5600)};
  watching.standings = {{www.name, *bad.endpoint, "/" + from_outside, 12, 11, 1, took, took}};
  watching.retire = {open, closed};
  watching.summary = from_outside + "11 of 12 probes answered";
  story.monitor = watching;

  WriteRecord write;
  write.id = 2;
  write.phase = Phase::kSwap;
  write.plan_hash = story.plan_hash;
  write.started = at(-5);
  write.ended = at(-1);
  write.state = WriteState::kDone;
  write.authoritative_at = at(0);
  write.changes = {{*DomainName::from_text("example.com"), {{www, old_www, new_www}, {txt, {}, new_txt}}, {}, {}}};
  IntentRecord call;
  call.id = 1;
  call.at = at(-3);
  call.step = {*DomainName::from_text("example.com"), 1, from_outside + "one UPDATE", "{}", {www, txt}};
  call.outcome = StepOutcome::kApplied;
  call.outcome_at = at(-2);
  call.reply = from_outside + "reply of the API";
  write.intents = {call};
  story.writes = {write};
  story.overrides = {{at(-4), Phase::kSwap, from_outside + "mine", from_outside + "the lag is known"}};
  story.events = {{at(-4), Phase::kSwap, "gate", from_outside + "mine overridden: said no"},
                  {at(1), Phase::kWatch, "behind", from_outside + "ns2 is behind"},
                  {at(300), Phase::kMonitor, "summary", from_outside + "9 of 9 answered in the last 5m"},
                  {at(390), Phase::kMonitor, "breach", from_outside + "latency: slower"}};
  story.estimates = {{"swap", at(0), at(60), at(50), at(55), from_outside + "one", {}}};
  Availability seen;
  seen.visits = 12;
  seen.reached_old = 6;
  seen.reached_new = 5;
  seen.failed = 1;
  seen.first_failure = from_outside + "www.example.com through two";
  seen.over_time = {{at(-10), 6, 0, 0}, {at(10), 0, 5, 1}};
  story.availability = seen;
  return story;
}

}  // namespace cutover::test
