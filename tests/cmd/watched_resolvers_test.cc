#include "cmd/phases/watched_resolvers.h"

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>

#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using dnsprobe::Condition;
using dnsprobe::HealthBook;
using dnsprobe::Source;

namespace {

const Instant kNow = *parse_instant("2026-10-06T09:00:00Z");

dnsprobe::Resolver resolver(const std::string& text, Source source) {
  dnsprobe::Resolver out = *dnsprobe::parse_resolver(text);
  out.source = source;
  return out;
}

dnsprobe::Health found(Condition condition, Seconds ago = Seconds(60)) {
  dnsprobe::Health out;
  out.condition = condition;
  out.checked = kNow - ago;
  return out;
}

std::vector<std::string> ids(const WatchedResolvers& asked) {
  std::vector<std::string> out;
  for (const dnsprobe::Resolver& each : asked.resolvers) out.push_back(each.id);
  return out;
}

using Ids = std::vector<std::string>;

/// An environment variable that has its old value back at the end.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    setenv(name, value.c_str(), 1);
  }
  ~Variable() {
    if (before_)
      setenv(name_, before_->c_str(), 1);
    else
      unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("who is asked depends on whose word it is and what the last check found") {
  struct Row {
    const char* says;
    Source source;
    std::optional<dnsprobe::Health> health;
    bool asked;
  };
  const Seconds long_ago = dnsprobe::kHealthLasts + Seconds(1);
  const std::vector<Row> rows = {
      {"named, never checked", Source::kNamed, std::nullopt, true},
      {"named, dead", Source::kNamed, found(Condition::kSilent), true},
      {"catalogue, never checked", Source::kCatalogue, std::nullopt, true},
      {"catalogue, alive", Source::kCatalogue, found(Condition::kAnswers), true},
      {"catalogue, dead", Source::kCatalogue, found(Condition::kSilent), false},
      {"catalogue, refusing", Source::kCatalogue, found(Condition::kRefuses), false},
      {"catalogue, misleading", Source::kCatalogue, found(Condition::kMisleads), false},
      {"catalogue, dead last month", Source::kCatalogue, found(Condition::kSilent, long_ago), true},
      {"imported, never checked", Source::kImported, std::nullopt, false},
      {"imported, alive", Source::kImported, found(Condition::kAnswers), true},
      {"imported, alive last month", Source::kImported, found(Condition::kAnswers, long_ago), false},
      {"imported, dead", Source::kImported, found(Condition::kSilent), false},
  };
  for (const Row& row : rows) {
    INFO(row.says);
    HealthBook book;
    if (row.health) book["192.0.2.2"] = *row.health;
    const auto asked =
        worth_asking({resolver("192.0.2.1", Source::kNamed), resolver("it=192.0.2.2", row.source)}, {}, book, kNow);
    REQUIRE(asked);
    CHECK(ids(*asked) == (row.asked ? Ids{"192.0.2.1", "it 192.0.2.2"} : Ids{"192.0.2.1"}));
    CHECK(asked->notes.size() == (row.asked ? 0 : 1));
    // Whom the plan wants to agree is asked in any case: leaving it out would make it agree.
    CHECK(ids(*worth_asking({resolver("it=192.0.2.2", row.source)}, {"IT"}, book, kNow)) == Ids{"it 192.0.2.2"});
  }
}

TEST_CASE("who was left out is said, with the numbers and the remedy") {
  HealthBook book;
  book["192.0.2.2"] = found(Condition::kSilent);
  book["192.0.2.3"] = found(Condition::kRefuses);
  const auto asked = worth_asking({resolver("192.0.2.1", Source::kNamed), resolver("192.0.2.2", Source::kCatalogue),
                                   resolver("192.0.2.3", Source::kCatalogue), resolver("192.0.2.4", Source::kImported)},
                                  {}, book, kNow);
  REQUIRE(asked);
  REQUIRE(asked->notes.size() == 2);
  CHECK(asked->notes[0].find("2 resolvers left out by the last check (1 silent, 1 refusing, 0 misleading)") == 0);
  CHECK(asked->notes[1].find("1 resolver of imported lists left out") == 0);
  CHECK(asked->notes[1].find("resolvers check --list") != std::string::npos);
}

TEST_CASE("nobody left is an error that says why") {
  const auto asked = worth_asking({resolver("192.0.2.4", Source::kImported)}, {}, {}, kNow);
  REQUIRE_FALSE(asked);
  CHECK(asked.error().message.find("nobody is left to ask; 1 resolver of imported lists") != std::string::npos);
}

TEST_CASE("a resolver that was seen to filter is asked as one that filters") {
  HealthBook book;
  book["192.0.2.2"] = found(Condition::kAnswers);
  book["192.0.2.2"].filters = dnsprobe::Known::kYes;
  const auto asked = worth_asking({resolver("192.0.2.2", Source::kCatalogue)}, {}, book, kNow);
  REQUIRE(asked);
  CHECK(asked->resolvers.front().filtering);
}

TEST_CASE("a plan's list is asked by what this user's last check found") {
  const test::TemporaryFolder folder;
  const Variable xdg("XDG_STATE_HOME", folder.path() / "state");
  std::ofstream(folder.path() / "mine.tsv") << "resolver\toperator\tsource\n192.0.2.1\tone\ta list\n"
                                               "192.0.2.2\ttwo\ta list\n192.0.2.3\town\t-\n";
  Plan plan;
  plan.file = folder.path() / "move.yaml";
  plan.watch.resolvers = {"file/mine.tsv"};

  // Nothing was checked yet: only the author's own word counts.
  auto asked = resolvers_of_plan(plan, kNow);
  INFO((asked ? "" : asked.error().message));
  REQUIRE(asked);
  CHECK(ids(*asked) == Ids{"own 192.0.2.3"});
  CHECK(asked->notes.size() == 1);

  HealthBook book;
  book["192.0.2.1"] = found(Condition::kAnswers);
  book["192.0.2.2"] = found(Condition::kSilent);
  const auto file = folder.path() / "state" / "cutover" / "resolver-health.tsv";
  REQUIRE(dnsprobe::write_health(file, book, kNow));
  CHECK(ids(*resolvers_of_plan(plan, kNow)) == Ids{"one 192.0.2.1", "own 192.0.2.3"});

  plan.watch.must = {"two"};
  CHECK(resolvers_of_plan(plan, kNow)->resolvers.size() == 3);
  plan.watch.must = {"three"};
  CHECK(resolvers_of_plan(plan, kNow).error().code == ErrorCode::kUsage);

  // A book that cannot be read does not hold up a watch, and is not believed.
  plan.watch.must.clear();
  std::ofstream(file) << "damaged\n";
  asked = resolvers_of_plan(plan, kNow);
  REQUIRE(asked);
  CHECK(ids(*asked) == Ids{"own 192.0.2.3"});
  REQUIRE(asked->notes.size() == 2);
  CHECK(asked->notes.back().find("what checks found is not used") != std::string::npos);
}
