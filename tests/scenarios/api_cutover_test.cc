// Whole cutovers through providers' APIs: each on a fake of its service, with a name server that serves what the fake
// holds, and the real program. Everything that HTTP can do to a call is done to it, and the program is killed around
// each of its calls. After every one of these the zone is in one of the states that the program tells, and it goes on.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <thread>

#include "core/text.h"
#include "lab/authority.h"
#include "lab/loop_thread.h"
#include "net/message.h"
#include "tests/providers/subject.h"
#include "tests/scenarios/stage.h"

using namespace cutover;
using namespace cutover::stage;
using cutover::servers::ApiFault;
using tests::Subject;

namespace {

/// What the plan changes: a single value, several that become others, a name that becomes an alias.
struct Planned {
  std::string name, type;
  std::vector<std::string> from, to;
};
const std::vector<Planned> kPlanned{
    {"www", "A", {"192.0.2.10"}, {"203.0.113.10"}},
    {"pool",
     "A",
     {"192.0.2.21", "192.0.2.22", "192.0.2.23"},
     {"192.0.2.22", "203.0.113.21", "203.0.113.22", "203.0.113.24"}},
    {"old", "A", {"192.0.2.40"}, {}},
    {"old", "CNAME", {}, {"www.example.com."}},
};

std::vector<RecordKey> planned_keys() {
  std::vector<RecordKey> keys;
  for (const Planned& planned : kPlanned)
    keys.push_back({tests::name(planned.name), *record_type_from_text(planned.type)});
  return keys;
}

using Values = std::map<RecordKey, std::vector<std::string>>;

Values values_of_side(std::vector<std::string> Planned::*side) {
  Values values;
  for (const Planned& planned : kPlanned)
    if (!(planned.*side).empty())
      values[{tests::name(planned.name), *record_type_from_text(planned.type)}] = planned.*side;
  return values;
}

/// The service's fake, a name server that follows it, and a desk with the plan.
class Stage {
 public:
  explicit Stage(const std::string& subject)
      : subject_(tests::make_subject(subject)), provider_(subject_->open(loop_, clock_)) {
    REQUIRE(provider_);
    open_authority();
    first_ = sets();
    publish();
    follower_ = std::thread([this] { follow(); });
    write_plan();
  }
  ~Stage() {
    over_ = true;
    follower_.join();
    lab_.stop();
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  servers::ApiFake& service() { return *subject_->fake(); }
  bool is_write(const servers::ApiRequest& request) const { return subject_->is_write(request); }
  const Desk& desk() const { return desk_; }
  Run cutover(const std::string& command, const std::vector<std::string>& environment = {}) const {
    std::vector<std::string> args{command, "--yes", "--resume"};
    // What is tested is the writing, not the waiting.
    if (command == "swap")
      for (const char* gate : {"ttl-drained", "preflight-passed"})
        args.insert(args.end(), {"--override", fmt::format("{}=a test", gate)});
    if (command == "restore-ttl") args.insert(args.end(), {"--override", "standby-over=a test"});
    const Run run = desk_.cutover(args, environment);
    for (const std::string& secret : subject_->secrets()) CHECK(run.both().find(secret) == std::string::npos);
    return run;
  }

  /// The planned sets as the service holds them now.
  std::map<RecordKey, RecordSet> sets() {
    auto found = (*provider_)->read_sets(tests::name("@"), planned_keys());
    INFO((found ? "" : found.error().message));
    REQUIRE(found);
    found->sets.erase({tests::name("@"), RecordType::kSoa});
    return found->sets;
  }
  const std::map<RecordKey, RecordSet>& first() const { return first_; }
  enum class State { kOld, kNew, kMixed };
  State state() {
    Values values;
    for (const auto& [key, set] : sets()) values[key] = set.rdata;
    return values == values_of_side(&Planned::from) ? State::kOld
           : values == values_of_side(&Planned::to) ? State::kNew
                                                    : State::kMixed;
  }

 private:
  void open_authority() {
    const auto zone = net::parse_zone_file(
        "@ 3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 3600 IN NS ns1\n"
        "ns1 3600 IN A 127.0.0.1\n",
        tests::name("@"));
    lab::AuthoritySpec spec;
    spec.zones = {*zone};
    spec.addresses = {{*Endpoint::from_text(servers::own_address(), 0), {}}};
    auto authority = lab::Authority::open(lab_.loop(), clock_, std::move(spec));
    REQUIRE(authority);
    authority_ = std::move(*authority);
    lab_.start();
  }
  /// Makes the name server serve `sets`.
  void publish(const std::map<RecordKey, RecordSet>& sets) {
    for (const RecordKey& key : planned_keys())
      if (sets.count(key) == 0 && authority_->lookup(key)) static_cast<void>(authority_->remove_record_set(key).ok());
    for (const auto& [key, set] : sets)
      if (authority_->lookup(key) != set) static_cast<void>(authority_->set_record_set(set).ok());
  }
  void publish() { publish(first_); }
  /// As the service's own name servers would: soon after each write.
  void follow() {
    net::Loop loop;
    auto reader = subject_->open(loop, clock_);
    int seen = 0;
    while (!over_ && reader) {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      const int now = subject_->fake()->writes();
      if (now == seen) continue;
      // The write may still be under way: it is looked at again until nothing more comes.
      auto found = (*reader)->read_sets(tests::name("@"), planned_keys());
      if (!found) continue;
      found->sets.erase({tests::name("@"), RecordType::kSoa});
      publish(found->sets);
      std::this_thread::sleep_for(std::chrono::milliseconds(60));
      if (auto again = (*reader)->read_sets(tests::name("@"), planned_keys())) {
        again->sets.erase({tests::name("@"), RecordType::kSoa});
        publish(again->sets);
        seen = now;
      }
    }
  }
  void write_plan() const {
    std::string options = fmt::format("type: {}", subject_->config.type);
    for (const auto& [key, value] : subject_->config.options)
      options += fmt::format(
          ", {}: \"{}\"", key,
          value.starts_with("file/") ? "file/" + subject_->config.base_folder + "/" + value.substr(5) : value);
    const std::string authority = authority_->endpoints().at(0).text();
    std::string changes;
    const auto list = [](const std::vector<std::string>& values) { return join(values, ", "); };
    for (const Planned& planned : kPlanned)
      changes += fmt::format("      - {{ name: {}, type: {}, from: [{}], to: [{}] }}\n", planned.name, planned.type,
                             list(planned.from), list(planned.to));
    desk_.write("cutover.yaml",
                fmt::format("version: 1\nname: api\nzones:\n  - zone: example.com\n    provider: {{ {} }}\n"
                            "    authoritative: [\"{}\"]\n    changes:\n{}ttl: {{ during: 60s }}\n"
                            "watch: {{ resolvers: [\"{}\"] }}\nlookup: [\"{}\"]\n",
                            options, authority, changes, authority, authority));
  }

  net::Loop loop_;
  SystemClock clock_;
  std::unique_ptr<Subject> subject_;
  Result<std::unique_ptr<providers::Provider>> provider_;
  lab::LoopThread lab_;
  std::unique_ptr<lab::Authority> authority_;
  std::map<RecordKey, RecordSet> first_;
  Desk desk_;
  std::atomic<bool> over_{false};
  std::thread follower_;
};

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
        stage.service().strike({.kind = trouble.kind,
                                .times = trouble.times,
                                .after = after,
                                .retry_after = std::chrono::seconds(0),
                                .when = [&](const servers::ApiRequest& r) { return stage.is_write(r); }});
        const Run run = stage.cutover(command);
        stage.service().no_more_faults();
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
