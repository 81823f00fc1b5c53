#include "dnsprobe/health.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "dnsprobe/health_file.h"
#include "tests/dnsprobe/story.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

HealthReply says(std::vector<std::string> values, Seconds ttl = 60s) {
  HealthReply out;
  out.outcome = net::Outcome::kAnswered;
  out.values = std::move(values);
  out.ttl = ttl;
  out.rtt = 10ms;
  return out;
}
HealthReply fails(net::Rcode rcode) {
  HealthReply out = says({});
  out.rcode = rcode;
  out.ttl.reset();
  return out;
}
HealthReply nothing() { return {}; }
HealthReply coded(HealthReply reply, std::uint16_t code) {
  reply.extended_error = code;
  return reply;
}

HealthQuestions questions() {
  HealthQuestions out = public_questions();
  out.known = {{kName, RecordType::kA}, {"192.0.2.1"}};
  out.suspects = {{kName, RecordType::kA}};
  out.brief_ttl = 60s;
  return out;
}

/// A resolver without a fault.
HealthReplies sound() {
  HealthReplies out;
  out.known = {says({"192.0.2.1"}), says({"192.0.2.1"}), says({"192.0.2.1"})};
  out.suspects = {says({"192.0.2.7"})};
  out.absent = fails(net::Rcode::kNxDomain);
  out.bogus = fails(net::Rcode::kServFail);
  out.brief = says({"x"}, 60s);
  return out;
}

/// One resolver among four sound ones of other operators.
Health judged(const HealthReplies& replies, const HealthQuestions& asked = questions()) {
  std::vector<Resolver> resolvers;
  for (const char* text : {"a=192.0.2.11", "b=192.0.2.12", "c=192.0.2.13", "d=192.0.2.14", "it=192.0.2.15"})
    resolvers.push_back(*parse_resolver(text));
  return judge_health(asked, resolvers, {sound(), sound(), sound(), sound(), replies}, kZero).back();
}

HealthReplies with(const std::function<void(HealthReplies&)>& change) {
  HealthReplies out = sound();
  change(out);
  return out;
}

}  // namespace

TEST_CASE("a resolver without a fault") {
  const Health health = judged(sound());
  CHECK(health.condition == Condition::kAnswers);
  CHECK(health.filters == Known::kNo);
  CHECK(health.rewrites == Known::kNo);
  CHECK(health.validates == Known::kYes);
  CHECK_FALSE(health.ttl_floor);
  CHECK(health.checked == kZero);
  CHECK(health.detail.empty());
}

TEST_CASE("whether it can be asked") {
  struct Row {
    const char* says;
    std::vector<HealthReply> known;
    Condition condition;
    const char* detail;
  };
  const std::vector<Row> rows = {
      {"silent", {nothing()}, Condition::kSilent, "timeout"},
      {"never asked", {}, Condition::kSilent, "not asked"},
      {"refuses", {fails(net::Rcode::kRefused)}, Condition::kRefuses, "REFUSED"},
      {"does not know the question", {fails(net::Rcode::kNotImp)}, Condition::kRefuses, "NOTIMP"},
      {"another address", {says({"203.0.113.9"})}, Condition::kMisleads, "www.example.com. A is 203.0.113.9 here"},
      {"no such name",
       {fails(net::Rcode::kNxDomain)},
       Condition::kMisleads,
       "says that there is no www.example.com. A"},
      {"no such record", {says({})}, Condition::kMisleads, "says that there is no www.example.com. A"},
      {"broken", {fails(net::Rcode::kServFail)}, Condition::kMisleads, "SERVFAIL for www.example.com. A"},
      {"one answer got lost", {nothing(), says({"192.0.2.1"}), nothing()}, Condition::kAnswers, ""},
      {"one of several addresses", {says({"192.0.2.1", "192.0.2.2"})}, Condition::kAnswers, ""},
  };
  for (const Row& row : rows) {
    INFO(row.says);
    const Health health = judged(with([&](HealthReplies& r) { r.known = row.known; }));
    CHECK(health.condition == row.condition);
    CHECK(health.detail == row.detail);
    if (row.condition != Condition::kAnswers) CHECK(health.filters == Known::kUnknown);
  }
}

TEST_CASE("what a block looks like") {
  struct Row {
    const char* says;
    HealthReply suspect;
    Known filters;
  };
  const std::vector<Row> rows = {
      {"as everybody", says({"192.0.2.7"}), Known::kNo},
      {"no such name", fails(net::Rcode::kNxDomain), Known::kYes},
      {"no such record", says({}), Known::kYes},
      {"nowhere", says({"0.0.0.0"}), Known::kYes},
      {"a block page", says({"203.0.113.61"}), Known::kYes},
      {"refused by name", fails(net::Rcode::kRefused), Known::kYes},
      {"blocked, it says", coded(fails(net::Rcode::kServFail), 15), Known::kYes},
      {"not for us, it says", coded(fails(net::Rcode::kServFail), 18), Known::kUnknown},
      {"no answer", nothing(), Known::kUnknown},
      {"broken", fails(net::Rcode::kServFail), Known::kUnknown},
  };
  for (const Row& row : rows) {
    INFO(row.says);
    CHECK(judged(with([&](HealthReplies& r) { r.suspects = {row.suspect}; })).filters == row.filters);
  }
}

TEST_CASE("a suspect that nobody resolves any more accuses nobody") {
  std::vector<Resolver> resolvers;
  std::vector<HealthReplies> replies;
  for (const char* text : {"a=192.0.2.11", "b=192.0.2.12", "c=192.0.2.13"}) {
    resolvers.push_back(*parse_resolver(text));
    replies.push_back(with([](HealthReplies& r) { r.suspects = {fails(net::Rcode::kNxDomain)}; }));
  }
  for (const Health& health : judge_health(questions(), resolvers, replies, kZero))
    CHECK(health.filters == Known::kUnknown);
}

TEST_CASE("many addresses of one operator do not make their answer the right one") {
  HealthQuestions asked = questions();
  asked.known.values.clear();
  std::vector<Resolver> resolvers;
  std::vector<HealthReplies> replies;
  const auto add = [&](const std::string& text, const std::string& value) {
    resolvers.push_back(*parse_resolver(text));
    replies.push_back(with([&](HealthReplies& r) { r.known = {says({value})}; }));
  };
  for (int i = 0; i < 8; ++i) add("loud=198.51.100." + std::to_string(i + 1), "203.0.113.9");
  add("a=192.0.2.11", "192.0.2.1");
  add("b=192.0.2.12", "192.0.2.1");
  const auto judgement = judge_health(asked, resolvers, replies, kZero);
  CHECK(judgement.front().condition == Condition::kMisleads);
  CHECK(judgement.back().condition == Condition::kAnswers);
  // One against one: nobody knows, nobody is accused.
  const auto undecided = judge_health(asked, {resolvers[0], resolvers[8]}, {replies[0], replies[8]}, kZero);
  CHECK(undecided[0].condition == Condition::kAnswers);
  CHECK(undecided[1].condition == Condition::kAnswers);
}

TEST_CASE("rewriting, validating, stretching") {
  CHECK(judged(with([](auto& r) { r.absent = says({"203.0.113.80"}); })).rewrites == Known::kYes);
  CHECK(judged(with([](auto& r) { r.absent = says({}); })).rewrites == Known::kNo);
  CHECK(judged(with([](auto& r) { r.absent = nothing(); })).rewrites == Known::kUnknown);
  CHECK(judged(with([](auto& r) { r.absent.reset(); })).rewrites == Known::kUnknown);
  CHECK(judged(with([](auto& r) { r.bogus = says({"192.0.2.9"}); })).validates == Known::kNo);
  CHECK(judged(with([](auto& r) { r.bogus = nothing(); })).validates == Known::kUnknown);
  CHECK(judged(with([](auto& r) { r.bogus = fails(net::Rcode::kNxDomain); })).validates == Known::kUnknown);
  CHECK(judged(with([](auto& r) { r.brief = says({"x"}, 300s); })).ttl_floor == Seconds(300));
  CHECK_FALSE(judged(with([](auto& r) { r.brief = says({"x"}, 61s); })).ttl_floor);
  CHECK_FALSE(judged(with([](auto& r) { r.brief = says({"x"}, 12s); })).ttl_floor);
}

TEST_CASE("where everybody shows a higher TTL, its owner has raised it") {
  std::vector<Resolver> resolvers;
  std::vector<HealthReplies> replies;
  for (int i = 0; i < 5; ++i) {
    resolvers.push_back(*parse_resolver("op" + std::to_string(i) + "=192.0.2." + std::to_string(i + 1)));
    replies.push_back(with([](HealthReplies& r) { r.brief = says({"x"}, 120s); }));
  }
  replies.back().brief = says({"x"}, 600s);
  const auto judgement = judge_health(questions(), resolvers, replies, kZero);
  CHECK_FALSE(judgement.front().ttl_floor);
  CHECK(judgement.back().ttl_floor == Seconds(600));
}

TEST_CASE("the median of the round trips that came back") {
  const auto after = [](std::chrono::milliseconds rtt) {
    HealthReply out = says({"192.0.2.1"});
    out.rtt = rtt;
    return out;
  };
  const Health health = judged(with([&](HealthReplies& r) {
    r.known = {after(90ms), nothing(), after(10ms), after(20ms)};
  }));
  CHECK(health.rtt == std::chrono::microseconds(20000));
  CHECK_FALSE(judged(with([](HealthReplies& r) { r.known = {nothing()}; })).rtt);
}

TEST_CASE("a check is good for seven days, and not from the future") {
  Health health;
  health.checked = kZero;
  CHECK(is_fresh(health, kZero));
  CHECK(is_fresh(health, kZero + kHealthLasts));
  CHECK_FALSE(is_fresh(health, kZero + kHealthLasts + 1s));
  CHECK(is_fresh(health, kZero - 5min));
  CHECK_FALSE(is_fresh(health, kZero - 6min));
}

TEST_CASE("a reply is the records of the type asked for, behind aliases too") {
  const RecordSet alias{kName, RecordType::kCname, 20s, {"other.example.com."}};
  const RecordSet target{*DomainName::from_text("other.example.com"), RecordType::kA, 300s, {"192.0.2.1"}};
  const HealthReply reply = health_reply(answer(0s, {alias, target}), RecordType::kA);
  CHECK(reply.values == std::vector<std::string>{"192.0.2.1"});
  CHECK(reply.ttl == Seconds(20));
  CHECK(health_reply(silence(0s), RecordType::kA).outcome == net::Outcome::kTimeout);
}

TEST_CASE("what was found reads back as it was written") {
  HealthBook book;
  Health full;
  full.checked = kZero;
  full.condition = Condition::kMisleads;
  full.rtt = std::chrono::microseconds(1234);
  full.filters = Known::kYes;
  full.rewrites = Known::kNo;
  full.ttl_floor = 300s;
  full.detail = "a\tb\nc";
  book["192.0.2.1"] = full;
  book["https://doh.example/dns-query@192.0.2.2"] = Health{};
  book["https://doh.example/dns-query@192.0.2.2"].checked = kZero;
  const auto again = parse_health(health_text(book), "book");
  INFO((again ? "" : again.error().message));
  REQUIRE(again);
  REQUIRE(again->size() == 2);
  const Health& read = again->at("192.0.2.1");
  CHECK(read.checked == kZero);
  CHECK(read.condition == Condition::kMisleads);
  CHECK(read.rtt == full.rtt);
  CHECK(read.filters == Known::kYes);
  CHECK(read.rewrites == Known::kNo);
  CHECK(read.validates == Known::kUnknown);
  CHECK(read.ttl_floor == full.ttl_floor);
  CHECK(read.detail.find('\t') == std::string::npos);

  for (const char* damaged : {"resolver\n", "x", "resolver\tchecked\n"}) CHECK_FALSE(parse_health(damaged, "book"));
  std::string text = health_text(book);
  text.replace(text.find("misleads"), 8, "dreaming");
  const auto wrong = parse_health(text, "book");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kCorrupt);
  CHECK(wrong.error().message.find("book:3:") == 0);
}

TEST_CASE("the book is made with its folder, forgets after 90 days, and is put in place whole") {
  const test::TemporaryFolder folder;
  const auto file = folder.path() / "state" / "cutover" / "resolver-health.tsv";
  CHECK(read_health(file)->empty());
  HealthBook book;
  book["192.0.2.1"].checked = kZero;
  book["192.0.2.2"].checked = kZero - std::chrono::hours(24 * 91);
  REQUIRE(write_health(file, book, kZero));
  const auto again = read_health(file);
  REQUIRE(again);
  CHECK(again->size() == 1);
  CHECK(again->count("192.0.2.1") == 1);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(file.parent_path())) {
    (void)entry;
    ++files;
  }
  CHECK(files == 1);
  CHECK_FALSE(write_health("/dev/null/x/book.tsv", book, kZero));
}
