#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <iostream>
#include <map>

#include "cmd/plan/journal.h"
#include "cmd/plan/plan_file.h"
#include "core/codec.h"
#include "core/text.h"
#include "tests/scenarios/stage.h"

// kill -9 at every boundary that the program names: around each durable commit of the journal and around each
// packet of a write. After each, the next command is run, and zone and journal are compared with a run that was left
// alone. Each trial has a plan of two zones of its own on one real server.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;

namespace {

const std::vector<std::string> kWriting{"lower-ttl", "swap", "rollback", "restore-ttl"};
constexpr int kTrials = 40;

std::vector<std::string> command_line(const std::string& command) {
  std::vector<std::string> args{command, "--yes", "--resume"};
  // What is tested is the writing, not the waiting.
  if (command == "swap")
    for (const char* gate : {"ttl-drained", "preflight-passed"})
      args.insert(args.end(), {"--override", fmt::format("{}=crash test", gate)});
  if (command == "restore-ttl") args.insert(args.end(), {"--override", "standby-over=crash test"});
  return args;
}

/// The server that all trials share; each takes two zones that nobody used yet.
class Theatre {
 public:
  Theatre() : knot_(options()) {}
  Knot& knot() { return knot_; }
  int next_trial() {
    REQUIRE(used_ < kTrials);
    return used_++;
  }
  static std::string zone(int trial, char which) { return fmt::format("{}{}.example", which, trial); }

 private:
  static AuthorityOptions options() {
    AuthorityOptions options;
    for (int trial = 0; trial < kTrials; ++trial)
      for (const char which : {'a', 'b'}) {
        const std::string origin = zone(trial, which);
        options.zones.push_back({origin, fmt::format("$ORIGIN {}.\n$TTL 3600\n@ IN SOA ns1 hostmaster 7 7200 900 "
                                                     "1209600 300\n@ IN NS ns1\nns1 IN A 127.0.0.1\n"
                                                     "www IN A 127.0.1.1\nmoved IN A 127.0.1.1\n",
                                                     origin)});
      }
    return options;
  }
  Knot knot_;
  int used_ = 0;
};

struct Trial {
  explicit Trial(Theatre& in) : theatre(in), number(in.next_trial()) {
    std::string zones;
    for (const char which : {'a', 'b'})
      zones += fmt::format(
          "  - zone: {}\n    provider: {{ type: rfc2136, server: \"{}\", key: file/tsig.key }}\n    authoritative: "
          "[\"{}\"]\n    changes:\n"
          "      - {{ name: www, type: A, from: [127.0.1.1], to: [127.0.1.2] }}\n"
          "      - {{ name: moved, type: A, from: [127.0.1.1], to: [] }}\n      - {{ name: moved, type: CNAME, from: "
          "[], to: [www] }}\n",
          Theatre::zone(number, which), theatre.knot().endpoint().text(), theatre.knot().endpoint().text());
    desk.write("tsig.key", theatre.knot().key().file_text());
    desk.write("cutover.yaml", "version: 1\nname: crash\nzones:\n" + zones +
                                   "ttl: { during: 60s }\nwatch: { resolvers: [\"" + theatre.knot().endpoint().text() +
                                   "\"] }\nlookup: [\"" + theatre.knot().endpoint().text() + "\"]\n");
  }

  /// Both zones, with TTLs, without what depends on the trial's number.
  std::vector<std::string> zone_lines() const {
    std::vector<std::string> lines;
    for (const char which : {'a', 'b'})
      for (std::string line :
           transferred_lines(theatre.knot().endpoint(), theatre.knot().key(), Theatre::zone(number, which))) {
        const std::string origin = Theatre::zone(number, which);
        for (std::size_t at = line.find(origin); at != std::string::npos; at = line.find(origin))
          line.replace(at, origin.size(), std::string(1, which) + ".zone");
        lines.push_back(line);
      }
    return lines;
  }

  History history() const {
    auto plan = read_plan(desk.file("cutover.yaml"));
    REQUIRE(plan.ok());
    const SystemClock clock;
    auto journal = Journal::open_for_reading(*plan, clock);
    REQUIRE(journal.ok());
    auto known = journal->history();
    REQUIRE(known.ok());
    return *known;
  }

  bool has_journal() const { return std::filesystem::exists(desk.file("cutover.cutover/journal.db")); }

  Theatre& theatre;
  const int number;
  Desk desk;
};

/// What the journal says in the end, without instants and trial numbers: per finished write its phase, its changes
/// and how often each call was applied.
std::vector<std::string> story_of(const Trial& trial) {
  std::vector<std::string> story;
  for (const WriteRecord& write : trial.history().writes) {
    if (write.state == WriteState::kNotApplied) continue;
    std::string line = fmt::format("{} {}", to_text(write.phase), to_text(write.state));
    for (ChangeSet set : write.changes) {
      set.guard_serial.reset();
      set.guard_soa.reset();
      std::string text = to_json(set);
      for (const char which : {'a', 'b'}) {
        const std::string origin = Theatre::zone(trial.number, which);
        for (std::size_t at = text.find(origin); at != std::string::npos; at = text.find(origin))
          text.replace(at, origin.size(), std::string(1, which) + ".zone");
      }
      line += " " + text;
    }
    std::map<std::string, int> applied;
    for (const IntentRecord& intent : write.intents) {
      CHECK(intent.outcome.has_value());
      if (intent.outcome == StepOutcome::kApplied) ++applied[intent.step.zone.text().substr(0, 1)];
    }
    for (const auto& [zone, times] : applied) line += fmt::format(" {}:{}", zone, times);
    story.push_back(line);
  }
  return story;
}

/// Whatever was sent, the way back was on disk before: a journalled call without an undo script is a failure.
bool way_back_is_there(const Trial& trial) {
  if (!trial.has_journal()) return true;
  for (const WriteRecord& write : trial.history().writes) {
    if (write.intents.empty()) continue;
    bool found = false;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(trial.desk.file("cutover.cutover")))
      if (entry.path().extension() == ".nsupdate" && entry.file_size() > 0 &&
          entry.path().string().find(fmt::format("{}-{}", to_text(write.phase), write.id)) != std::string::npos)
        found = true;
    if (!found) return false;
  }
  return true;
}

struct Undisturbed {
  std::map<std::string, std::vector<std::string>> boundaries;  ///< per command, in the order reached, as NAME#K
  std::vector<std::string> zone_lines;
  std::vector<std::string> story;
};

Undisturbed undisturbed(Theatre& theatre) {
  Undisturbed seen;
  Trial trial(theatre);
  for (const std::string& command : kWriting) {
    const std::string log = trial.desk.file("boundaries-" + command);
    const Run run = trial.desk.cutover(command_line(command), {"CUTOVER_BOUNDARY_LOG=" + log});
    INFO(command << ":\n" << run.both());
    REQUIRE(run.status == 0);
    std::map<std::string, int> count;
    for (const std::string& name : split(read_text(log), '\n'))
      if (!name.empty()) seen.boundaries[command].push_back(fmt::format("{}#{}", name, ++count[name]));
    REQUIRE(seen.boundaries[command].size() >= 8);
  }
  seen.zone_lines = trial.zone_lines();
  seen.story = story_of(trial);
  return seen;
}

}  // namespace

namespace {

/// Kills `victim` at each of its boundaries, a fresh cutover each time, and goes on as a person would.
void kill_everywhere(const std::string& victim) {
  Theatre theatre;
  const Undisturbed expected = undisturbed(theatre);
  int killed = 0;
  int recovered = 0;
  for (const std::string& at : expected.boundaries.at(victim)) {
    Trial trial(theatre);
    bool went_well = true;
    std::string told;
    for (const std::string& command : kWriting) {
      if (command == victim) {
        const Run run = trial.desk.cutover(command_line(command), {"CUTOVER_KILL_AT=" + at});
        REQUIRE(run.status == 128 + 9);
        ++killed;
        went_well = way_back_is_there(trial) && went_well;
      }
      const Run run = trial.desk.cutover(command_line(command));
      told += command + ":\n" + run.both();
      went_well = run.status == 0 && went_well;
    }
    INFO(victim << " killed at " << at << "\n" << told);
    const bool same_zone = trial.zone_lines() == expected.zone_lines;
    const bool same_story = story_of(trial) == expected.story;
    CHECK(went_well);
    CHECK(same_zone);
    CHECK(same_story);
    if (went_well && same_zone && same_story) ++recovered;
  }
  std::cout << victim << ": boundaries killed: " << killed << ", recovered: " << recovered << std::endl;
  CHECK(killed == recovered);
  CHECK(killed >= 8);
}

}  // namespace

TEST_CASE("lower-ttl killed at every boundary ends as if nothing had happened", "[lower-ttl]") {
  kill_everywhere("lower-ttl");
}
TEST_CASE("swap killed at every boundary ends as if nothing had happened", "[swap]") { kill_everywhere("swap"); }
TEST_CASE("rollback killed at every boundary ends as if nothing had happened", "[rollback]") {
  kill_everywhere("rollback");
}
TEST_CASE("restore-ttl killed at every boundary ends as if nothing had happened", "[restore-ttl]") {
  kill_everywhere("restore-ttl");
}

TEST_CASE("a swap killed at any boundary can be rolled back by the very next command", "[way-back]") {
  Theatre theatre;
  const Undisturbed expected = undisturbed(theatre);
  Trial untouched(theatre);
  const auto before = untouched.zone_lines();
  int killed = 0;
  for (const std::string& at : expected.boundaries.at("swap")) {
    Trial trial(theatre);
    REQUIRE(trial.desk.cutover(command_line("lower-ttl")).status == 0);
    REQUIRE(trial.desk.cutover(command_line("swap"), {"CUTOVER_KILL_AT=" + at}).status == 128 + 9);
    ++killed;
    const Run back = trial.desk.cutover(command_line("rollback"));
    INFO("killed at " << at << "\n" << back.both());
    CHECK(back.status == 0);
    const Run restored = trial.desk.cutover(command_line("restore-ttl"));
    INFO(restored.both());
    CHECK(restored.status == 0);
    CHECK(trial.zone_lines() == before);
  }
  CHECK(killed >= 8);
}
