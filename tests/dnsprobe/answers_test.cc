#include "dnsprobe/answers.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/dnsprobe/story.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

const RecordKey kQuestion{kName, RecordType::kA};

DomainName name(std::string_view text) { return *DomainName::from_text(text); }

RecordSet a_of(std::string_view owner, Seconds ttl, std::vector<std::string> values) {
  RecordSet set{name(owner), RecordType::kA, ttl, std::move(values)};
  normalize(set);
  return set;
}

RecordSet alias(std::string_view owner, Seconds ttl, const std::string& target) {
  return {name(owner), RecordType::kCname, ttl, {target}};
}

Sample negative(net::Rcode rcode, Seconds ttl) {
  Sample out = failure(0s, rcode);
  out.negative_ttl = ttl;
  return out;
}

Sample with_rcode(Sample sample, net::Rcode rcode) {
  sample.rcode = rcode;
  return sample;
}

SweepAnswer of(Sample sample, std::size_t resolver = 0, std::size_t key = 0) {
  SweepAnswer out;
  out.resolver = resolver;
  out.key = key;
  out.sample = std::move(sample);
  return out;
}

std::string chain_text(const std::vector<ChainLink>& chain) {
  std::string out;
  for (const ChainLink& link : chain)
    out += fmt::format("{}{} {} {}", out.empty() ? "" : ", ", link.name.text(), link.target.text(), link.ttl.count());
  return out;
}

std::string ttl_text(const std::optional<Seconds>& ttl) { return ttl ? std::to_string(ttl->count()) : "-"; }

/// `www -> n1 -> n2 -> ...`, `links` aliases long, and the address at its end.
Sample long_chain(int links) {
  std::vector<RecordSet> sets;
  std::string at = "www.example.com.";
  for (int i = 1; i <= links; ++i) {
    const std::string next = fmt::format("n{}.example.net.", i);
    sets.push_back(alias(at, 60s, next));
    at = next;
  }
  sets.push_back(a_of(at, 60s, {"203.0.113.1"}));
  return answer(0s, sets);
}

std::vector<Resolver> four_resolvers() {
  std::vector<Resolver> out{*parse_resolver("alpha=192.0.2.1"), *parse_resolver("alpha=192.0.2.2"),
                            *parse_resolver("beta=192.0.2.3"), *parse_resolver("gamma=192.0.2.4")};
  out[0].country = "DE";
  out[1].country = "DE";
  out[2].country = "US";
  return out;
}

}  // namespace

TEST_CASE("an answer is read to the end of its chain, and says what it is") {
  struct Row {
    const char* what;
    Sample sample;
    AnswerKind kind;
    std::vector<std::string> values;
    const char* chain;
    const char* ttl;
  };
  const auto www = "www.example.com.";
  const auto row = GENERATE_COPY(values<Row>({
      {"the set itself",
       answer(0s, {a_of(www, 40s, {"203.0.113.2", "203.0.113.1"})}),
       AnswerKind::kValues,
       {"203.0.113.1", "203.0.113.2"},
       "",
       "40"},
      {"an alias and what it leads to: users keep it as long as the shortest link",
       answer(0s, {alias(www, 300s, "lb.example.net."), a_of("lb.example.net", 20s, {"203.0.113.1"})}),
       AnswerKind::kValues,
       {"203.0.113.1"},
       "www.example.com. lb.example.net. 300",
       "20"},
      {"links in any order, the shortest in the middle",
       answer(0s, {a_of("edge.example.org", 60s, {"203.0.113.1"}), alias("lb.example.net", 7s, "edge.example.org."),
                   alias(www, 300s, "lb.example.net.")}),
       AnswerKind::kValues,
       {"203.0.113.1"},
       "www.example.com. lb.example.net. 300, lb.example.net. edge.example.org. 7",
       "7"},
      {"an address of somebody else is none of ours",
       answer(0s, {a_of("other.example.com", 60s, {"203.0.113.1"})}),
       AnswerKind::kNoData,
       {},
       "",
       "-"},
      {"an alias to nowhere",
       answer(0s, {alias(www, 300s, "gone.example.net.")}),
       AnswerKind::kDanglingAlias,
       {},
       "www.example.com. gone.example.net. 300",
       "300"},
      {"an alias whose target does not exist (NXDOMAIN is about the end of the chain, RFC 2308 section 2.1)",
       with_rcode(answer(0s, {alias(www, 300s, "gone.example.net.")}), net::Rcode::kNxDomain),
       AnswerKind::kDanglingAlias,
       {},
       "www.example.com. gone.example.net. 300",
       "300"},
      {"the longest chain that is followed", long_chain(16), AnswerKind::kValues, {"203.0.113.1"}, nullptr, "60"},
      {"one link more", long_chain(17), AnswerKind::kDanglingAlias, {}, nullptr, "60"},
      {"no such name", negative(net::Rcode::kNxDomain, 900s), AnswerKind::kNxDomain, {}, "", "900"},
      {"no such type", negative(net::Rcode::kNoError, 900s), AnswerKind::kNoData, {}, "", "900"},
      {"SERVFAIL", failure(0s, net::Rcode::kServFail), AnswerKind::kServfail, {}, "", "-"},
      {"REFUSED", failure(0s, net::Rcode::kRefused), AnswerKind::kRefused, {}, "", "-"},
      {"FORMERR", failure(0s, net::Rcode::kFormErr), AnswerKind::kRefused, {}, "", "-"},
      {"silence", silence(0s), AnswerKind::kUnreachable, {}, "", "-"},
      {"a sinkhole", answer(0s, {a_of(www, 60s, {"0.0.0.0"})}), AnswerKind::kFiltered, {"0.0.0.0"}, "", "60"},
      {"censored, it says itself (RFC 8914 code 16)",
       with_code(failure(0s, net::Rcode::kNxDomain), 16),
       AnswerKind::kFiltered,
       {},
       "",
       "-"},
      {"blocked, although an address comes with it (code 15)",
       with_code(answer(0s, {a_of(www, 60s, {"198.51.100.9"})}), 15),
       AnswerKind::kFiltered,
       {"198.51.100.9"},
       "",
       "60"},
      {"stale is no filter (code 3)",
       with_code(answer(0s, {a_of(www, 30s, {"203.0.113.1"})}), 3),
       AnswerKind::kValues,
       {"203.0.113.1"},
       "",
       "30"},
  }));
  INFO(row.what);
  const ReadAnswer read = read_to_the_end(kQuestion, of(row.sample));
  CHECK(to_text(read.kind) == to_text(row.kind));
  CHECK(read.values == row.values);
  if (row.chain != nullptr) CHECK(chain_text(read.chain) == row.chain);
  CHECK(read.chain.size() <= 16);
  CHECK(ttl_text(read.ttl) == row.ttl);
}

TEST_CASE("aliases in a circle end, and are an alias to nowhere") {
  const Sample circle =
      answer(0s, {alias("www.example.com", 60s, "b.example.com."), alias("b.example.com", 60s, "www.example.com.")});
  const ReadAnswer read = read_to_the_end(kQuestion, of(circle));
  CHECK(read.kind == AnswerKind::kDanglingAlias);
  CHECK(read.chain.size() == 16);
}

TEST_CASE("who asks for the alias gets the alias, not what it leads to") {
  const Sample sample =
      answer(0s, {alias("www.example.com", 300s, "lb.example.net."), a_of("lb.example.net", 20s, {"203.0.113.1"})});
  const ReadAnswer read = read_to_the_end({kName, RecordType::kCname}, of(sample));
  CHECK(read.kind == AnswerKind::kValues);
  CHECK(read.values == std::vector<std::string>{"lb.example.net."});
  CHECK(read.chain.empty());
  CHECK(ttl_text(read.ttl) == "300");
}

TEST_CASE("silence, a refusal and a filter say nothing about what users get; everything else does") {
  for (const AnswerKind kind : {AnswerKind::kValues, AnswerKind::kDanglingAlias, AnswerKind::kNoData,
                                AnswerKind::kNxDomain, AnswerKind::kServfail})
    CHECK(is_data(kind));
  for (const AnswerKind kind : {AnswerKind::kFiltered, AnswerKind::kRefused, AnswerKind::kUnreachable})
    CHECK_FALSE(is_data(kind));
}

TEST_CASE("equal answers are one group: TTLs are its range, operators are counted once, places per answer") {
  SweepResult seen;
  seen.answers = {of(old_answer(0s, 50s), 0), of(old_answer(0s, 12s), 1), of(old_answer(0s, 31s), 2),
                  of(new_answer(0s, 60s), 3)};
  const auto groups = group_answers(seen, {kQuestion}, 0, four_resolvers());
  REQUIRE(groups.size() == 2);
  CHECK(groups[0].values == std::vector<std::string>{"192.0.2.1"});
  CHECK(groups[0].answers == std::vector<std::size_t>{0, 1, 2});
  CHECK(groups[0].operators == std::set<std::string>{"alpha", "beta"});
  CHECK(groups[0].share == Approx(2.0 / 3));
  CHECK(groups[0].countries == std::map<std::string, std::size_t>{{"DE", 2}, {"US", 1}});
  CHECK(ttl_text(groups[0].shortest_ttl) == "12");
  CHECK(ttl_text(groups[0].longest_ttl) == "50");
  CHECK(groups[1].values == std::vector<std::string>{"203.0.113.1"});
  CHECK(groups[1].countries == std::map<std::string, std::size_t>{{"-", 1}});
  CHECK(groups[1].share == Approx(1.0 / 3));
}

TEST_CASE("the same addresses behind another alias are another answer") {
  const auto through = [](const std::string& target) {
    return answer(0s, {alias("www.example.com", 60s, target), a_of(target, 60s, {"203.0.113.1"})});
  };
  SweepResult seen;
  seen.answers = {of(through("lb.example.net."), 0), of(through("lb.example.org."), 1), of(new_answer(0s), 2)};
  CHECK(group_answers(seen, {kQuestion}, 0, four_resolvers()).size() == 3);
}

TEST_CASE("answers with data come first however few they are, then the larger group; other questions stay out") {
  SweepResult seen;
  seen.answers = {of(silence(0s), 0),
                  of(silence(0s), 1),
                  of(new_answer(0s), 2),
                  of(negative(net::Rcode::kNxDomain, 60s), 3),
                  of(negative(net::Rcode::kNxDomain, 30s), 3),
                  of(old_answer(0s, 5s), 0, 1)};
  const auto groups = group_answers(seen, {kQuestion, {kName, RecordType::kAaaa}}, 0, four_resolvers());
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].kind == AnswerKind::kNxDomain);
  CHECK(groups[0].answers.size() == 2);
  CHECK(groups[0].operators.size() == 1);
  CHECK(groups[1].kind == AnswerKind::kValues);
  CHECK(groups[2].kind == AnswerKind::kUnreachable);
  CHECK_FALSE(groups[2].shortest_ttl);
}
