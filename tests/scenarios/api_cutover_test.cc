// Whole cutovers through providers' APIs: each on a fake of its service, with a name server that serves what the fake
// holds, and the real program. Everything that HTTP can do to a call is done to it, and the program is killed around
// each of its calls. After every one of these the zone is in one of the states that the program tells, and it goes on.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <map>

#include "core/text.h"
#include "tests/scenarios/api_stage.h"

using namespace cutover;
using namespace cutover::stage;
using cutover::servers::ApiFault;
using Stage = ApiStage;

namespace {

const std::vector<std::string> kCommands{"lower-ttl", "swap", "rollback", "restore-ttl"};

/// Exit 0: done. 5: partial. Else: nothing was written. The zone has to agree.
void told_the_truth(Stage& stage, const Run& run, const std::string& command) {
  INFO(command << " ended with " << run.status << ":\n" << run.both());
  const Stage::State from = command == "swap" ? Stage::State::kOld : Stage::State::kNew;
  const Stage::State to = command == "swap" ? Stage::State::kNew : Stage::State::kOld;
  const Stage::State now = stage.state();
  if (run.status == 0) CHECK(now == to);
  if (run.status == 1 || run.status == 2) CHECK(now == from);
  if (run.status == 5) CHECK(now != from);
  CHECK((run.status == 0 || run.status == 1 || run.status == 2 || run.status == 5));
}

struct Trouble {
  std::string what;
  ApiFault::Kind kind;
  int times;
};
const std::vector<Trouble> kTroubles{
    {"500, nothing done", ApiFault::Kind::kFailBefore, 1},
    {"500 after it was done", ApiFault::Kind::kFailAfter, 1},
    {"cut off before", ApiFault::Kind::kCutBefore, 1},
    {"cut off after it was done", ApiFault::Kind::kCutAfter, 1},
    {"a truncated answer", ApiFault::Kind::kTruncated, 1},
    {"half of the JSON", ApiFault::Kind::kHalfJson, 1},
    {"a page in HTML", ApiFault::Kind::kHtml, 1},
    {"throttled once", ApiFault::Kind::kThrottled, 1},
    {"throttled without end", ApiFault::Kind::kThrottled, 5},
    {"an expired token", ApiFault::Kind::kExpired, 1},
};

/// The zone is left with old or new values, all TTLs low; brings it to `to` by running the command again.
void make_good(Stage& stage, const std::string& command, Stage::State to) {
  Run run;
  for (int attempt = 0; attempt < 3; ++attempt) {
    run = stage.cutover(command);
    if (run.status == 0) break;
  }
  INFO(command << " again:\n" << run.both() << "\nthe service heard:\n" << stage.service().log());
  REQUIRE(run.status == 0);
  REQUIRE(stage.state() == to);
}

void through_trouble(const std::string& subject, const std::vector<Trouble>& troubles) {
  INFO(subject);
  Stage stage(subject);
  const Run lowered = stage.cutover("lower-ttl");
  INFO(lowered.both());
  REQUIRE(lowered.status == 0);
  for (const Trouble& trouble : troubles)
    for (const int after : {0, 1})
      for (const std::string command : {"swap", "rollback"}) {
        INFO(trouble.what << ", at call " << after + 1 << " of " << command);
        stage.strike(trouble.kind, Stage::Side::kWrites, after, trouble.times);
        const Run run = stage.cutover(command);
        stage.no_more_faults();
        told_the_truth(stage, run, command);
        make_good(stage, command, command == "swap" ? Stage::State::kNew : Stage::State::kOld);
      }
  const Run restored = stage.cutover("restore-ttl");
  INFO(restored.both() << "\n" << stage.service().log());
  CHECK(restored.status == 0);
  CHECK(stage.sets() == stage.first());
}

/// Boundaries around calls, in the order reached, as NAME#K.
std::vector<std::string> boundaries_of(const Desk& desk, const std::string& log) {
  std::map<std::string, int> count;
  std::vector<std::string> found;
  for (const std::string& name : split(servers::read_text(desk.file(log)), '\n')) {
    if (name.empty()) continue;
    const int k = ++count[name];
    if (name.starts_with("provider-") || name.starts_with("write-")) found.push_back(fmt::format("{}#{}", name, k));
  }
  return found;
}

void killed_everywhere(const std::string& subject) {
  INFO(subject);
  int killed = 0, recovered = 0;
  Stage stage(subject);
  std::map<std::string, std::vector<std::string>> boundaries;
  for (const std::string& command : kCommands) {
    const Run run = stage.cutover(command, {"CUTOVER_BOUNDARY_LOG=" + stage.desk().file("log-" + command)});
    INFO(command << ":\n" << run.both());
    REQUIRE(run.status == 0);
    boundaries[command] = boundaries_of(stage.desk(), "log-" + command);
  }
  REQUIRE(stage.sets() == stage.first());
  // The cutover goes round and round on one zone: after restore-ttl it is as it was.
  REQUIRE(stage.cutover("lower-ttl").status == 0);
  for (const std::string command : {"swap", "rollback"})
    for (const std::string& at : boundaries.at(command)) {
      INFO(command << " killed at " << at);
      if (command == "rollback" && stage.state() != Stage::State::kNew) make_good(stage, "swap", Stage::State::kNew);
      if (command == "swap" && stage.state() != Stage::State::kOld) make_good(stage, "rollback", Stage::State::kOld);
      const Run run = stage.cutover(command, {"CUTOVER_KILL_AT=" + at});
      REQUIRE(run.status == 128 + 9);
      ++killed;
      make_good(stage, command, command == "swap" ? Stage::State::kNew : Stage::State::kOld);
      ++recovered;
    }
  if (stage.state() != Stage::State::kOld) make_good(stage, "rollback", Stage::State::kOld);
  CHECK(stage.cutover("restore-ttl").status == 0);
  CHECK(stage.sets() == stage.first());
  std::cout << fmt::format("{}: killed around calls {}, recovered {}", subject, killed, recovered) << std::endl;
  CHECK(killed >= 8);
}

}  // namespace

TEST_CASE("whatever HTTP does to a call, the zone is in the state that is told, and the cutover goes on", "[trouble]") {
  for (const std::string& subject : tests::faked_subject_names()) through_trouble(subject, kTroubles);
}

TEST_CASE("killed around every call, a cutover through an API goes on, and back", "[killed]") {
  for (const std::string& subject : tests::faked_subject_names()) killed_everywhere(subject);
}

TEST_CASE("a service that does it and never answers", "[silent]") {
  for (const std::string& subject : tests::faked_subject_names())
    through_trouble(subject, {{"no answer after it was done", ApiFault::Kind::kSilentAfter, 1}});
}
