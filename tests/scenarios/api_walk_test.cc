// Every provider with an API: whole cutovers through it, back and forth on one zone. The program is killed around each
// of the calls that swap and rollback make; what comes after it, the same command or the way back, meets trouble of
// another kind each time, until every kind has struck a write and a read. After each of these the program has told
// truly in which state it left the zone, and the next command brings it to an end: nothing lost, nothing doubled.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cctype>
#include <chrono>
#include <iostream>
#include <set>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/api_stage.h"

using namespace cutover;
using namespace cutover::stage;
using Kind = servers::ApiFault::Kind;
using Side = ApiStage::Side;
using State = ApiStage::State;

namespace {

struct Trouble {
  const char* what;
  Kind kind;
  int times;
  Side side;
  bool operator==(const Trouble& other) const { return std::string(what) == other.what && side == other.side; }
};
constexpr int kWithoutEnd = 1000;
const std::vector<Trouble> kTroubles{
    {"500, nothing done", Kind::kFailBefore, 1, Side::kWrites},
    {"500", Kind::kFailBefore, 1, Side::kReads},
    {"500 after it was done", Kind::kFailAfter, 1, Side::kWrites},
    {"500 without end", Kind::kFailBefore, kWithoutEnd, Side::kReads},
    {"cut off before", Kind::kCutBefore, 1, Side::kWrites},
    {"cut off", Kind::kCutBefore, 1, Side::kReads},
    {"cut off after it was done", Kind::kCutAfter, 1, Side::kWrites},
    {"a truncated answer", Kind::kTruncated, 1, Side::kReads},
    {"done, a truncated answer", Kind::kTruncated, 1, Side::kWrites},
    {"half of the JSON", Kind::kHalfJson, 1, Side::kReads},
    {"done, half of the JSON", Kind::kHalfJson, 1, Side::kWrites},
    {"a page in HTML", Kind::kHtml, 1, Side::kReads},
    {"done, a page in HTML", Kind::kHtml, 1, Side::kWrites},
    {"throttled twice", Kind::kThrottled, 2, Side::kReads},
    {"throttled twice", Kind::kThrottled, 2, Side::kWrites},
    {"throttled without end", Kind::kThrottled, kWithoutEnd, Side::kReads},
    {"throttled without end", Kind::kThrottled, kWithoutEnd, Side::kWrites},
    {"an expired token", Kind::kExpired, kWithoutEnd, Side::kReads},
    {"an expired token", Kind::kExpired, kWithoutEnd, Side::kWrites},
    {"no answer", Kind::kSilentBefore, 1, Side::kReads},
    {"no answer after it was done", Kind::kSilentAfter, 1, Side::kWrites},
};

std::string text_of(const Trouble& trouble) {
  return fmt::format("{} ({})", trouble.what, trouble.side == Side::kReads ? "read" : "write");
}

struct Failed : std::runtime_error {
  using std::runtime_error::runtime_error;
};
void must(bool holds, const std::string& what) {
  if (!holds) throw Failed(what);
}

/// What the program says of a write that was cut off, from the live zone; nullopt: it speaks of none.
std::optional<State> told_of(const std::string& output) {
  // `the swap begun ... is partial: 2 of 4 record sets in force`; the run's own end is told without figures.
  const std::string_view partial = " is partial: ";
  for (auto at = output.find(partial); at != std::string::npos; at = output.find(partial, at + 1))
    if (std::isdigit(static_cast<unsigned char>(output[at + partial.size()])) != 0) return State::kMixed;
  if (output.find("was cut off before it changed anything") != std::string::npos) return State::kOld;
  if (output.find("is complete in the live zone") != std::string::npos ||
      output.find("is laid out at the provider and not known to be in force") != std::string::npos)
    return State::kNew;
  return std::nullopt;
}

const std::string kBothWays[] = {"swap", "rollback"};
State start_of(const std::string& command) { return command == "swap" ? State::kOld : State::kNew; }
State end_of(const std::string& command) { return command == "swap" ? State::kNew : State::kOld; }

/// One provider's cutovers.
class Walk {
 public:
  explicit Walk(const std::string& subject) : stage_(subject), left_(kTroubles) {}

  void go() {
    const auto began = std::chrono::steady_clock::now();
    undisturbed();
    refused();
    for (const std::string& command : kBothWays)
      for (std::size_t i = 0; i < boundaries_.at(command).size(); ++i) killed(command, boundaries_.at(command)[i]);
    for (const std::string& command : kBothWays) meddled_with(command);
    // What found no call to strike so far, the reads and writes of whole commands in turn.
    std::vector<Trouble> rest = left_;
    for (std::size_t i = 0; i < rest.size(); ++i) troubled(kBothWays[i % 2], rest[i]);
    end();
    took_ = std::chrono::steady_clock::now() - began;
  }
  std::string summary() const {
    return fmt::format("{} killed at {} boundaries, {} of {} kinds of trouble on writes and reads, {} runs, {:.0f} s{}",
                       title_, killed_, struck_.size(), kTroubles.size(), stage_.runs(),
                       std::chrono::duration<double>(took_).count(), refused_);
  }

 private:
  /// One whole cutover that nobody disturbs: the boundaries of its calls, and how many these are.
  void undisturbed() {
    title_ = stage_.subject().title;
    for (const std::string command : {"lower-ttl", "swap", "rollback", "restore-ttl"}) {
      stage_.calls_since();
      const std::string log = stage_.desk().file("boundaries-" + command);
      const Run run = stage_.cutover(command, {"CUTOVER_BOUNDARY_LOG=" + log});
      must(run.status == 0, fmt::format("{} by itself:\n{}\n{}", command, run.both(), stage_.service().log()));
      calls_[command] = stage_.calls_since();
      std::map<std::string, int> count;
      std::string last;
      for (const std::string& name : split(servers::read_text(log), '\n')) {
        if (name.empty()) continue;
        const int k = ++count[name];
        // Between these nothing happens: one of the two is as good as both.
        const bool same = (last == "write-before-call" && name == "provider-before-send") ||
                          (last == "provider-after-reply" && name == "write-after-call");
        if (!same && (name.starts_with("provider-") || name.starts_with("write-")))
          boundaries_[command].push_back(fmt::format("{}#{}", name, k));
        last = name;
      }
      must(command == "restore-ttl" || command == "lower-ttl" || stage_.state() == end_of(command),
           command + " by itself leaves something else");
    }
    must(stage_.sets() == stage_.first(), "after a whole cutover the zone is not as it was");
    must(stage_.cutover("lower-ttl").status == 0, "lower-ttl");
  }

  /// What the provider does not carry, by what it declares, is refused before any call, and the reason is told.
  void refused() {
    const providers::Capabilities& can = stage_.capabilities();
    const Seconds low = providers::settable_ttl(can, Seconds(60));
    if (low != Seconds(60)) refused_ += fmt::format("; refused: a TTL under {} s ({})", low.count(), can.ttl_floor.why);
    const std::vector<RecordType>& types = can.types.value;
    if (types.empty() || std::find(types.begin(), types.end(), RecordType::kHttps) != types.end()) return;
    stage_.write_plan("refused.yaml", {{"hint", "HTTPS", {}, {"1 . ipv4hint=127.0.113.10"}}});
    stage_.calls_since();
    const Run run = stage_.cutover("swap", {}, "refused.yaml");
    must(run.status == 1 || run.status == 2, fmt::format("HTTPS: ended with {}:\n{}", run.status, run.both()));
    must(stage_.calls_since().writes == 0, "HTTPS: refused, and yet a call was made");
    must(run.both().find("HTTPS") != std::string::npos, "HTTPS: refused without a word of it:\n" + run.both());
    refused_ += fmt::format("; refused: HTTPS ({})", can.types.why);
  }

  void killed(const std::string& command, const std::string& at) {
    where_ = fmt::format("{} killed at {}", command, at);
    bring_to(start_of(command));
    const Run run = stage_.cutover(command, {"CUTOVER_KILL_AT=" + at});
    must(run.status == 128 + 9, fmt::format("{}: ended with {}:\n{}", where_, run.status, run.both()));
    ++killed_;
    const State left = stage_.state();
    // A person goes on, or thinks better of it.
    const std::string next = command == "swap" && killed_ % 3 == 0 ? "rollback" : command;
    const Run then = struck_by(next, next_trouble());
    check_told(command, left, then);
    if (then.status == 0) return;
    // Undisturbed at last.
    make_good(next);
  }

  /// Somebody else edits a set of the plan between a kill and what comes after it.
  void meddled_with(const std::string& command) {
    where_ = fmt::format("somebody else's edit after {} was killed", command);
    bring_to(start_of(command));
    const auto& boundaries = boundaries_.at(command);
    const std::string& at = boundaries.at(boundaries.size() / 2);
    must(stage_.cutover(command, {"CUTOVER_KILL_AT=" + at}).status == 128 + 9, where_ + ": not killed");
    const RecordKey pool{tests::name("pool"), RecordType::kA};
    const RecordSet before = stage_.sets().at(pool);
    RecordSet foreign = before;
    foreign.rdata = {"127.0.100.77"};
    stage_.edit_behind(foreign);
    const ApiStage::Sets edited = stage_.sets();
    const Run run = stage_.cutover(command);
    where_ += fmt::format(":\n{}", run.both());
    must(run.status == 2 || run.status == 5, fmt::format("ended with {}, {}", run.status, where_));
    must(run.both().find("pool.example.com") != std::string::npos &&
             run.both().find("127.0.100.77") != std::string::npos,
         "does not name what somebody else changed, " + where_);
    must(stage_.sets().at(pool) == edited.at(pool), "spoils what somebody else changed, " + where_);
    if (run.status == 2) must(stage_.sets() == edited, "says that nothing was written, " + where_);
    stage_.edit_behind(before);
    make_good(command);
  }

  void troubled(const std::string& command, const Trouble& trouble) {
    Run run;
    // A read is not struck while the name server is being brought up to date.
    for (int attempt = 0; attempt < 3 && struck_.count(text_of(trouble)) == 0; ++attempt) {
      where_ = command;
      bring_to(start_of(command));
      run = struck_by(command, trouble);
    }
    must(struck_.count(text_of(trouble)) > 0, fmt::format("{}: {} found nothing to strike", command, text_of(trouble)));
    if (run.status != 0) make_good(command);
  }

  /// Runs a command with a trouble at one of its calls; each time another.
  Run struck_by(const std::string& command, const Trouble& trouble) {
    where_ += fmt::format(", {} with: {}", command, text_of(trouble));
    const ApiStage::Calls calls = calls_.at(command);
    const int all = trouble.side == Side::kReads ? calls.reads : calls.writes;
    const int after = all == 0 ? 0 : turn_++ % std::min(all, 5);
    const ApiStage::Sets before = stage_.sets();
    const int struck = stage_.service().struck();
    stage_.service().forget_requests();
    stage_.strike(trouble.kind, trouble.side, after, trouble.times);
    const Run run = stage_.cutover(command);
    const bool hit = stage_.service().struck() > struck;
    const std::string lie = lies(stage_, run, command, before);
    stage_.no_more_faults();
    if (hit) {
      struck_.insert(text_of(trouble));
      left_.erase(std::remove(left_.begin(), left_.end(), trouble), left_.end());
    }
    must(lie.empty(), where_ + ": " + lie);
    must(hit || run.status == 0, fmt::format("{}: ended with {}, undisturbed:\n{}", where_, run.status, run.both()));
    return run;
  }

  /// The first run that nobody disturbs ends it.
  void make_good(const std::string& command) {
    const Run run = stage_.cutover(command);
    must(run.status == 0, fmt::format("{}, then undisturbed: ended with {}:\n{}\nthe service heard:\n{}", where_,
                                      run.status, run.both(), stage_.service().log()));
    must(stage_.state() == end_of(command), where_ + ": says done, and it is not:\n" + run.both());
  }

  /// What is said of a cut-off write is what the zone was.
  void check_told(const std::string& command, State left, const Run& run) {
    const auto told = told_of(run.both());
    // Whether anything kept it from looking: it says so, too.
    const bool able = run.status == 0 && run.both().find("is not known everywhere") == std::string::npos;
    must(!able || told, where_ + ": does not say what became of it:\n" + run.both());
    if (!told) return;
    // All values and not all TTLs.
    if (told == State::kMixed && left == end_of(command) && run.both().find("half-way") != std::string::npos) return;
    const State meant = *told == State::kMixed ? State::kMixed
                        : *told == State::kNew ? end_of(command)
                                               : start_of(command);
    must(meant == left, where_ + ": says something else of it than is true:\n" + run.both());
  }

  void bring_to(State wanted) {
    if (stage_.state() == wanted) return;
    const std::string command = wanted == State::kOld ? "rollback" : "swap";
    const Run run = stage_.cutover(command);
    must(run.status == 0 && stage_.state() == wanted,
         fmt::format("{} in between, after {}: ended with {}:\n{}", command, where_, run.status, run.both()));
  }

  void end() {
    where_ = "at the end";
    bring_to(State::kOld);
    const Run run = stage_.cutover("restore-ttl");
    must(run.status == 0, "restore-ttl at the end:\n" + run.both());
    must(stage_.sets() == stage_.first(), "at the end the zone is not as it was");
  }

  Trouble next_trouble() {
    if (left_.empty()) left_ = kTroubles;
    std::rotate(left_.begin(), left_.begin() + 1, left_.end());
    return left_.back();
  }

  ApiStage stage_;
  std::string title_, where_, refused_;
  std::map<std::string, std::vector<std::string>> boundaries_;
  std::map<std::string, ApiStage::Calls> calls_;
  std::vector<Trouble> left_;
  std::set<std::string> struck_;
  int killed_ = 0, turn_ = 0;
  std::chrono::steady_clock::duration took_{};
};

/// All subjects side by side: most of the time the program waits.
void walk() {
  const std::vector<std::string> subjects = tests::faked_subject_names();
  REQUIRE_FALSE(subjects.empty());
  std::vector<std::unique_ptr<Walk>> walks;
  for (const std::string& subject : subjects) walks.push_back(std::make_unique<Walk>(subject));
  std::vector<std::string> trouble(subjects.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < walks.size(); ++i)
    threads.emplace_back([&, i] {
      try {
        walks[i]->go();
      } catch (const std::exception& error) {
        trouble[i] = error.what();
      }
    });
  for (std::thread& thread : threads) thread.join();
  for (std::size_t i = 0; i < walks.size(); ++i) {
    std::cout << walks[i]->summary() << "\n";
    INFO(subjects[i] << ": " << trouble[i]);
    CHECK(trouble[i].empty());
  }
}

}  // namespace

TEST_CASE("killed at every boundary and met by every kind of trouble, a cutover through an API goes on, and back",
          "[.][walk]") {
  walk();
}

TEST_CASE("a rollback whose zone cannot be read does not say that some of it is written", "[told]") {
  ApiStage stage("deSEC");
  for (const char* command : {"lower-ttl", "swap"}) REQUIRE(stage.cutover(command).status == 0);
  REQUIRE(stage.cutover("rollback", {"CUTOVER_KILL_AT=write-way-back-saved"}).status == 128 + 9);
  stage.strike(Kind::kFailBefore, Side::kReads, 0, kWithoutEnd);
  const Run run = stage.cutover("rollback");
  stage.no_more_faults();
  INFO(run.both());
  CHECK(run.status == 5);
  CHECK(run.both().find("whether the rollback was made everywhere is not known") != std::string::npos);
  CHECK(run.both().find("some record sets are written") == std::string::npos);
  CHECK(stage.state() == State::kNew);
  const Run again = stage.cutover("rollback");
  INFO(again.both());
  CHECK(again.status == 0);
  CHECK(stage.state() == State::kOld);
}

TEST_CASE("a write of which a TTL alone is missing is told as half-way, not as four of four and partial", "[told]") {
  ApiStage stage("Linode");
  REQUIRE(stage.cutover("lower-ttl").status == 0);
  // Its last call but one creates the alias, with Linode's own TTL.
  const std::string log = stage.desk().file("boundaries");
  REQUIRE(stage.cutover("swap", {"CUTOVER_BOUNDARY_LOG=" + log}).status == 0);
  const std::vector<std::string> reached = split(servers::read_text(log), '\n');
  const auto calls = std::count(reached.begin(), reached.end(), "write-after-call");
  REQUIRE(stage.cutover("rollback").status == 0);
  REQUIRE(stage.cutover("swap", {fmt::format("CUTOVER_KILL_AT=write-after-call#{}", calls - 1)}).status == 128 + 9);
  REQUIRE(stage.state() == State::kNew);
  const Run run = stage.cutover("swap");
  INFO(run.both());
  CHECK(run.status == 0);
  CHECK(run.both().find("4 of 4 record sets in force, 1 of them half-way") != std::string::npos);
}
