#include "dnsprobe/share.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "dnsprobe/catalogue.h"

using namespace cutover::dnsprobe;

namespace {

enum Answer : std::size_t { kNewOne, kOldOne, kAnswers };

struct Row {
  std::string text;
  std::string country;
  std::vector<std::size_t> says;
};

Shares shares(const std::vector<Row>& rows) {
  std::vector<Resolver> resolvers;
  std::vector<Opinion> opinions;
  for (const Row& row : rows) {
    resolvers.push_back(*parse_resolver(row.text));
    resolvers.back().country = row.country;
    for (const std::size_t answer : row.says) opinions.push_back({resolvers.size() - 1, answer});
  }
  return shares_of(resolvers, opinions, kAnswers);
}

}  // namespace

TEST_CASE("an operator with eighty addresses is one voice") {
  std::vector<Row> rows;
  for (int i = 0; i < 80; ++i) rows.push_back({"many=192.0.2." + std::to_string(i + 1), "DE", {kNewOne}});
  rows.push_back({"one=198.51.100.1", "DE", {kOldOne}});
  const Shares out = shares(rows);
  CHECK(out.everybody.resolvers == 81);
  CHECK(out.everybody.operators == 2);
  CHECK(out.everybody.weight[kNewOne] == Approx(0.5));
  CHECK(out.everybody.weight[kOldOne] == Approx(0.5));
}

TEST_CASE("an operator that is of two minds shares its voice") {
  const Shares out = shares({{"many=192.0.2.1", "", {kNewOne}},
                             {"Many=192.0.2.2", "", {kOldOne}},
                             {"many=192.0.2.3", "", {kOldOne}},
                             {"one=192.0.2.4", "", {kNewOne}}});
  CHECK(out.everybody.weight[kOldOne] == Approx(1.0 / 3));
  CHECK(out.everybody.weight[kNewOne] == Approx(2.0 / 3));
  CHECK(out.countries.empty());
}

TEST_CASE("in each country an operator has a voice of its own") {
  const Shares out = shares({{"many=192.0.2.1", "DE", {kNewOne}},
                             {"many=192.0.2.2", "FR", {kOldOne}},
                             {"one=192.0.2.3", "FR", {kNewOne}},
                             {"silent=192.0.2.4", "ES", {}}});
  REQUIRE(out.countries.size() == 2);
  CHECK(out.countries[0].country == "DE");
  CHECK(out.countries[0].weight[kNewOne] == Approx(1.0));
  CHECK(out.countries[1].country == "FR");
  CHECK(out.countries[1].weight[kNewOne] == Approx(0.5));
  CHECK(out.everybody.weight[kNewOne] == Approx(0.75));
  CHECK(out.everybody.operators == 2);  // who said nothing has no voice
}

TEST_CASE("two record sets share one resolver's part") {
  const Shares out = shares({{"a=192.0.2.1", "", {kNewOne, kOldOne}}, {"b=192.0.2.2", "", {kNewOne, kNewOne}}});
  CHECK(out.everybody.weight[kNewOne] == Approx(0.75));
  CHECK(out.everybody.resolvers == 2);
}

TEST_CASE("nobody said anything: nothing has a weight") {
  const Shares out = shares({{"a=192.0.2.1", "DE", {}}});
  CHECK(out.everybody.operators == 0);
  CHECK(std::accumulate(out.everybody.weight.begin(), out.everybody.weight.end(), 0.0) == 0.0);
  // Opinions about nobody, or of no known kind, are passed over.
  CHECK(shares_of({}, {{3, 0}}, kAnswers).everybody.operators == 0);
}

TEST_CASE("an anycast address counts in no country unless its site is known") {
  Resolver resolver = *parse_resolver("a=192.0.2.1");
  CHECK(is_placeless(resolver));
  resolver.country = "DE";
  CHECK_FALSE(is_placeless(resolver));
  resolver.anycast = true;
  CHECK(is_placeless(resolver));
  CHECK(shares_of({resolver}, {{0, kNewOne}}, kAnswers).countries.empty());
  resolver.location = Location{52.5F, 13.4F};
  CHECK_FALSE(is_placeless(resolver));
}

TEST_CASE("weights add up to one, in the world and in every country") {
  const std::vector<Resolver> all = default_resolvers();
  std::vector<Opinion> opinions;
  for (std::size_t i = 0; i < all.size(); ++i) opinions.push_back({i, i % kAnswers});
  const Shares out = shares_of(all, opinions, kAnswers);
  const auto sum = [](const Share& share) { return std::accumulate(share.weight.begin(), share.weight.end(), 0.0); };
  CHECK(sum(out.everybody) == Approx(1.0));
  CHECK(out.everybody.resolvers == all.size());
  CHECK(out.countries.size() > 60);
  for (const Share& share : out.countries) CHECK(sum(share) == Approx(1.0));
}
