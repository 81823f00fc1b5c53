#include "dnsprobe/observation.h"

#include <catch2/catch.hpp>

#include "tests/dnsprobe/story.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

using Verdicts = std::vector<std::string>;

namespace {

std::string verdict(const Expectation& expectation, const Sample& sample, const ResolverHistory& history = {}) {
  return std::string(to_text(judge(expectation, sample, history).verdict));
}

Expectation change(std::vector<std::string> before, std::vector<std::string> after) {
  Expectation out = a_change();
  out.old_set = before.empty() ? std::nullopt : std::optional(addresses(before, 60s));
  out.new_set = after.empty() ? std::nullopt : std::optional(addresses(after, 60s));
  return out;
}

RecordSet alias(const char* target, Seconds ttl = 60s) { return {kName, RecordType::kCname, ttl, {target}}; }

}  // namespace

TEST_CASE("verdicts have names that can be read back") {
  for (std::size_t i = 0; i < kVerdictCount; ++i) {
    const auto each = static_cast<Verdict>(i);
    CHECK(to_text(each) != "?");
    CHECK(*verdict_from_text(to_text(each)) == each);
  }
  CHECK_FALSE(verdict_from_text("fine"));
}

TEST_CASE("answers are compared as sets with the old and the new one") {
  struct Row {
    std::vector<std::string> before, after, found;
    const char* verdict;
  };
  const Row row = GENERATE(values<Row>({
      {{"192.0.2.1"}, {"203.0.113.1"}, {"203.0.113.1"}, "new"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {"192.0.2.1"}, "old"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {"192.0.2.1", "203.0.113.1"}, "mixed"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {"192.0.2.1", "198.51.100.7"}, "mixed"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {"198.51.100.7"}, "other"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {"203.0.113.1", "198.51.100.7"}, "other"},
      {{"192.0.2.1"}, {"203.0.113.1"}, {}, "negative"},
      // Pools: a part of the old set still sends users to the old side; a part of the new one does not.
      {{"192.0.2.1", "192.0.2.2"}, {"203.0.113.1"}, {"192.0.2.2"}, "old"},
      {{"192.0.2.1"}, {"203.0.113.1", "203.0.113.2"}, {"203.0.113.2"}, "other"},
      // An address that stays is neither.
      {{"192.0.2.1", "192.0.2.9"}, {"203.0.113.1", "192.0.2.9"}, {"192.0.2.9"}, "other"},
      {{"192.0.2.1", "192.0.2.9"}, {"203.0.113.1", "192.0.2.9"}, {"192.0.2.1", "192.0.2.9"}, "old"},
      {{"192.0.2.1", "192.0.2.9"}, {"203.0.113.1", "192.0.2.9"}, {"203.0.113.1", "192.0.2.9"}, "new"},
      // One is added, one is taken away.
      {{"192.0.2.1"}, {"192.0.2.1", "203.0.113.1"}, {"192.0.2.1"}, "old"},
      {{"192.0.2.1", "203.0.113.1"}, {"203.0.113.1"}, {"192.0.2.1", "203.0.113.1"}, "old"},
      {{"192.0.2.1", "203.0.113.1"}, {"203.0.113.1"}, {"192.0.2.1"}, "old"},
      // Created and removed sets.
      {{}, {"203.0.113.1"}, {}, "old"},
      {{}, {"203.0.113.1"}, {"203.0.113.1"}, "new"},
      {{}, {"203.0.113.1"}, {"198.51.100.7"}, "other"},
      {{"192.0.2.1"}, {}, {}, "new"},
      {{"192.0.2.1"}, {}, {"192.0.2.1"}, "old"},
  }));
  const Sample sample = row.found.empty() ? answer(10s, {}) : answer(10s, {addresses(row.found, 30s)});
  CHECK(verdict(change(row.before, row.after), sample) == row.verdict);
}

TEST_CASE("only the link at the name itself is judged") {
  SECTION("a CNAME change: the addresses behind it do not matter") {
    Expectation expectation = a_change();
    expectation.key.type = RecordType::kCname;
    expectation.old_set = alias("lb.old.example.net.");
    expectation.new_set = alias("lb.new.example.net.");
    const RecordSet target{*DomainName::from_text("lb.new.example.net."), RecordType::kA, 5s, {"192.0.2.77"}};
    const Observation seen = judge(expectation, answer(10s, {target, alias("lb.new.example.net.", 41s)}), {});
    CHECK(seen.verdict == Verdict::kNew);
    CHECK(seen.ttl == 41s);
    CHECK(seen.rdata == std::vector<std::string>{"lb.new.example.net."});
    CHECK(verdict(expectation, answer(10s, {alias("lb.old.example.net.", 30s)})) == "old");
    CHECK(verdict(expectation, answer(10s, {alias("lb.third.example.net.")})) == "other");
  }
  SECTION("an alias instead of addresses means that there are no addresses at the name") {
    CHECK(verdict(change({"192.0.2.1"}, {}), answer(10s, {alias("cdn.example.net.")})) == "new");
    CHECK(verdict(change({"192.0.2.1"}, {"203.0.113.1"}), answer(10s, {alias("cdn.example.net.")})) == "other");
    const Observation seen = judge(change({}, {"203.0.113.1"}), answer(10s, {alias("cdn.example.net.", 17s)}), {});
    CHECK(seen.verdict == Verdict::kOld);
    CHECK(seen.ttl == 17s);
  }
  SECTION("a broken target behind the right CNAME is not this record's fault") {
    Expectation expectation = a_change();
    expectation.key.type = RecordType::kCname;
    expectation.old_set = alias("lb.old.example.net.");
    expectation.new_set = alias("lb.new.example.net.");
    Sample sample = answer(10s, {alias("lb.new.example.net.")});
    sample.rcode = net::Rcode::kNxDomain;
    CHECK(verdict(expectation, sample) == "new");
  }
}

TEST_CASE("failures: SERVFAIL is data, refusals and silence are not") {
  const Expectation expectation = a_change();
  struct Row {
    Sample sample;
    const char* verdict;
    bool data;
  };
  Sample garbage = silence(10s);
  garbage.outcome = net::Outcome::kGarbage;
  Sample unreachable = silence(10s);
  unreachable.outcome = net::Outcome::kUnreachable;
  const std::vector<Row> rows = {
      {failure(10s, net::Rcode::kServFail), "servfail", true},
      {failure(10s, net::Rcode::kNxDomain), "negative", true},
      {failure(10s, net::Rcode::kYxDomain), "other", true},
      {failure(10s, net::Rcode::kRefused), "refused", false},
      {failure(10s, net::Rcode::kNotImp), "refused", false},
      {failure(10s, net::Rcode::kFormErr), "refused", false},
      {with_code(failure(10s, net::Rcode::kRefused), 18), "refused", false},
      {silence(10s), "unreachable", false},
      {garbage, "unreachable", false},
      {unreachable, "unreachable", false},
  };
  for (const Row& row : rows) {
    const Observation seen = judge(expectation, row.sample, {});
    CHECK(std::string(to_text(seen.verdict)) == row.verdict);
    CHECK(is_data(seen.verdict) == row.data);
    CHECK_FALSE(is_old(seen.verdict));
    CHECK_FALSE(seen.detail.empty());
  }
}

TEST_CASE("filters are recognised by what they answer") {
  const Expectation expectation = a_change();
  ResolverHistory filters;
  filters.filters = true;
  Sample real_nxdomain = failure(10s, net::Rcode::kNxDomain);
  real_nxdomain.negative_ttl = 300s;
  for (const std::uint16_t code : std::vector<std::uint16_t>{4, 15, 16, 17})
    CHECK(verdict(expectation, with_code(failure(10s, net::Rcode::kNxDomain), code)) == "filtered");
  CHECK(verdict(expectation, with_code(failure(10s, net::Rcode::kRefused), 15)) == "filtered");
  CHECK(verdict(expectation, answer(10s, {addresses({"0.0.0.0"}, 60s)})) == "filtered");
  CHECK(verdict(change({"0.0.0.0"}, {"203.0.113.1"}), answer(10s, {addresses({"0.0.0.0"}, 30s)})) == "old");
  CHECK(verdict(expectation, answer(10s, {addresses({"146.112.61.106"}, 60s)}), filters) == "filtered");
  CHECK(verdict(expectation, answer(10s, {addresses({"146.112.61.106"}, 60s)})) == "other");
  CHECK(verdict(expectation, failure(10s, net::Rcode::kNxDomain), filters) == "filtered");
  CHECK(verdict(expectation, real_nxdomain, filters) == "negative");
  CHECK(verdict(expectation, with_code(new_answer(10s), 15)) == "new");
}

TEST_CASE("one honest cache counts down and turns") {
  CHECK(verdicts(a_change(), {old_answer(1s, 40s), old_answer(11s, 30s), old_answer(41s, 0s), new_answer(42s)}) ==
        Verdicts{"old", "old", "old", "new"});
}

TEST_CASE("the old answer with a full TTL after the change comes from an authority that is behind") {
  SECTION("fetched at the very change: honest") {
    CHECK(verdicts(a_change(), {old_answer(1s, 60s)}) == Verdicts{"old"});
  }
  SECTION("fetched well after it") {
    CHECK(verdicts(a_change(), {old_answer(20s, 60s)}) == Verdicts{"behind"});
    CHECK(verdicts(a_change(), {old_answer(20s, 59s)}) == Verdicts{"behind"});
  }
  SECTION("the entry keeps that verdict while it counts down, and its successors have it too") {
    CHECK(verdicts(a_change(), {old_answer(20s, 60s), old_answer(40s, 40s), old_answer(100s, 40s)}) ==
          Verdicts{"behind", "behind", "behind"});
  }
  SECTION("after its own entry had expired") {
    CHECK(verdicts(a_change(), {old_answer(1s, 30s), old_answer(32s, 60s)}) == Verdicts{"old", "behind"});
  }
  SECTION("time on the way is not held against it: the reply may be as old as the question") {
    Sample slow = old_answer(20s, 60s);
    slow.asked = kZero + 1s;
    CHECK(verdict(a_change(), slow) == "old");
  }
  SECTION("a cache whose limit is lower than the TTL never shows a full one, and is told apart later") {
    CHECK(verdicts(a_change(300s), {old_answer(1s, 30s), old_answer(40s, 30s)}) == Verdicts{"old", "old"});
  }
}

TEST_CASE("the old answer beyond the expiry first seen for it is old-past-ttl") {
  SECTION("served again and again with a constant TTL") {
    CHECK(
        verdicts(a_change(), {old_answer(1s, 50s), old_answer(61s, 30s), old_answer(70s, 30s), old_answer(80s, 30s)}) ==
        Verdicts{"old", "old-past-ttl", "old-past-ttl", "old-past-ttl"});
  }
  SECTION("a constant TTL does not drag the expiry along in small steps") {
    std::vector<Sample> samples = {old_answer(31s, 30s)};
    for (int i = 1; i <= 60; ++i) samples.push_back(old_answer(31s + i * 1s, 30s));
    const auto seen = verdicts(a_change(), samples);
    CHECK(seen.front() == "old");
    CHECK(seen.back() == "old-past-ttl");
  }
  SECTION("served with TTL zero") {
    CHECK(verdicts(a_change(), {old_answer(1s, 50s), old_answer(70s, 0s)}) == Verdicts{"old", "old-past-ttl"});
  }
  SECTION("within the second that rounding costs it is merely old") {
    CHECK(verdicts(a_change(), {old_answer(1s, 59s), old_answer(61s, 0s)}) == Verdicts{"old", "old"});
  }
  SECTION("nobody is accused on first sight") {
    CHECK(verdicts(a_change(), {old_answer(100s, 7s)}) == Verdicts{"old"});
  }
}

TEST_CASE("several caches behind one address are told apart") {
  // The entry seen first is over at 11 s; the others were there all the time and are honest.
  CHECK(verdicts(a_change(), {old_answer(1s, 10s), old_answer(15s, 30s), old_answer(16s, 40s), new_answer(17s),
                              old_answer(30s, 15s), old_answer(31s, 25s), new_answer(60s)}) ==
        Verdicts{"old", "old", "old", "new", "old", "old", "new"});
  ResolverHistory history;
  for (const Sample& sample : {old_answer(1s, 10s), old_answer(2s, 30s), old_answer(3s, 8s), old_answer(4s, 28s)})
    remember(history, judge(a_change(), sample, history));
  CHECK(history.entries_seen == 2);
  CHECK(old_until(history, kZero + 5s) == kZero + 32s);
  CHECK(old_until(history, kZero + 32s) == std::nullopt);
}

TEST_CASE("a minimum-TTL clamp counts down from its own value") {
  const auto seen = verdicts(a_change(), {old_answer(5s, 2395s), old_answer(100s, 2300s), old_answer(2340s, 60s)});
  CHECK(seen == Verdicts{"old", "old", "old"});
  SECTION("its larger TTL is learned: full is what it showed before") {
    CHECK(verdicts(a_change(), {old_answer(5s, 2395s), old_answer(2500s, 2395s)}) == Verdicts{"old", "behind"});
  }
}

TEST_CASE("stale answers that say so") {
  CHECK(verdict(a_change(), with_code(old_answer(100s, 30s), 3)) == "stale");
  CHECK(verdict(a_change(), with_code(new_answer(100s), 3)) == "new");
  Sample gone = with_code(failure(100s, net::Rcode::kNxDomain), 19);
  CHECK(verdict(change({}, {"203.0.113.1"}), gone) == "stale");
}

TEST_CASE("a created set: the cached absence is the old answer and lives as long as negative answers") {
  Expectation expectation = change({}, {"203.0.113.1"});
  CHECK(held_ttl(expectation) == 900s);
  CHECK(bound_of(expectation) == kZero + 900s);
  Sample absent = failure(500s, net::Rcode::kNxDomain);
  absent.negative_ttl = 400s;
  const Observation seen = judge(expectation, absent, {});
  CHECK(seen.verdict == Verdict::kOld);
  CHECK(seen.ttl == 400s);
  CHECK(seen.expires == kZero + 900s);
  absent.negative_ttl = 900s;
  CHECK(verdict(expectation, absent) == "behind");
}

TEST_CASE("old entries that are no estimate") {
  ResolverHistory history;
  for (const Sample& sample : {old_answer(1s, 30s), old_answer(70s, 20s), with_code(old_answer(71s, 30s), 3)})
    remember(history, judge(a_change(), sample, history));
  CHECK(old_until(history, kZero + 72s) == std::nullopt);
}

TEST_CASE("what is remembered of one resolver is bounded") {
  ResolverHistory history;
  for (int i = 0; i < 500; ++i)
    remember(history, judge(a_change(86400s), old_answer(1s, Seconds(100 + 10 * i)), history));
  CHECK(history.entries_seen == 500);
  CHECK(history.caches.size() <= 16);
  CHECK(history.caches.front().expires == kZero + 101s);
}

TEST_CASE("text from the network is shown safely") {
  Sample sample = failure(1s, net::Rcode::kServFail);
  sample.extended_error = 22;
  sample.extended_error_text = "\x1b[2Jbad";
  const Observation seen = judge(a_change(), sample, {});
  CHECK(seen.detail.find('\x1b') == std::string::npos);
  CHECK(seen.detail.find("extended error 22") != std::string::npos);
}
