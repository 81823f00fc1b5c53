// A program as the provider, and everything that can become of one run of it: the zone is in the state that is told,
// and the same command goes on from there. The zone is a file that BIND serves; the program is the Python example
// behind a shell script with moods.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/examples.h"

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;

namespace {

constexpr const char* kZone =
    R"(example.com. 3600 IN SOA ns1.example.com. hostmaster.example.com. 7 7200 900 1209600 300
example.com. 3600 IN NS ns1.example.com.
ns1.example.com. 3600 IN A 127.0.0.1
www.example.com. 300 IN A 127.0.2.10
shop.example.com. 300 IN A 127.0.2.20
)";

/// Each mood strikes one apply, and is over then.
constexpr const char* kMoody = R"SH(#!/bin/sh
request=$(cat)
pass() { printf '%s' "$request" | cutover-provider-flatzone; }
case $request in
*'"request":"apply"'*) echo apply >> runs ;;
*) pass; exit ;;
esac
mood=$(cat mood 2>/dev/null)
rm -f mood
case $mood in
lost) pass > /dev/null; echo "the line went dead" >&2; exit 1 ;;
hanging) pass > /dev/null; sleep 1000 ;;
dead) kill -9 $$ ;;
confused) echo "applied, I think" ;;
half) request=$(printf '%s' "$request" | jq -c '.changes |= .[:1]'); pass > /dev/null
  echo '{"protocol":1,"outcome":"partial","message":"one of two"}' ;;
firm) echo '{"protocol":1,"outcome":"refused","message":"not on a Friday"}' ;;
*) pass ;;
esac
)SH";

class Scene {
 public:
  Scene() : bind_(options()) {
    tests::examples_on_path();
    path_ = std::getenv("PATH");
    setenv("PATH", (desk_.path() + ":" + path_).c_str(), 1);
    desk_.write("cutover-provider-moody", kMoody, 0755);
    const std::string server = bind_.endpoint().text();
    desk_.write("cutover.yaml",
                fmt::format("version: 1\nname: program\nzones:\n  - zone: example.com\n"
                            "    provider: {{ type: moody, file: {}, reload: \"{}\", timeout: 5s }}\n"
                            "    authoritative: [\"{}\"]\n    changes:\n"
                            "      - {{ name: www, type: A, from: [127.0.2.10], to: [127.0.113.10] }}\n"
                            "      - {{ name: shop, type: A, from: [127.0.2.20], to: [127.0.113.20] }}\n"
                            "ttl: {{ during: 60s }}\nwatch: {{ resolvers: [\"{}\"] }}\nlookup: [\"{}\"]\n",
                            bind_.zone_file("example.com"), bind_.publish_command(), server, server, server));
  }
  ~Scene() { setenv("PATH", path_.c_str(), 1); }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  void mood(const std::string& mood) const { desk_.write("mood", mood); }
  Run cutover(std::vector<std::string> args, const std::vector<std::string>& environment = {}) const {
    args.emplace_back("--yes");
    if (args[0] == "swap")
      for (const char* gate : {"ttl-drained", "preflight-passed"})
        args.insert(args.end(), {"--override", fmt::format("{}=a test", gate)});
    return desk_.cutover(args, environment);
  }
  /// How many sets are served with this TTL.
  int served_with(long ttl_s) const {
    int n = 0;
    for (const char* name : {"www.example.com", "shop.example.com"})
      n += look_up_authority(bind_.endpoint(), name, "A").ttl_s == ttl_s;
    return n;
  }
  std::vector<std::string> values() const { return values_of(bind_, "example.com"); }
  long runs() const {
    const std::string text = read_text(desk_.file("runs"));
    return std::count(text.begin(), text.end(), '\n');
  }

 private:
  static AuthorityOptions options() {
    AuthorityOptions options;
    options.zones = {{"example.com", kZone}};
    options.read_only = true;
    return options;
  }
  Bind bind_;
  Desk desk_;
  std::string path_;
};

}  // namespace

TEST_CASE("a program that made the change and did not say so: the program looks, and finds it made") {
  for (const std::string mood : {"lost", "hanging"}) {
    INFO(mood);
    const Scene scene;
    scene.mood(mood);
    const Run lowered = scene.cutover({"lower-ttl"});
    INFO(lowered.both());
    CHECK(lowered.status == 0);
    CHECK(lowered.both().find("looking at the live zone") != std::string::npos);
    CHECK(scene.served_with(60) == 2);
    CHECK(scene.runs() == 1);
  }
}

TEST_CASE("a program that did nothing and did not say so: nothing is said to be written, and the command goes on") {
  for (const std::string mood : {"dead", "confused", "firm"}) {
    INFO(mood);
    const Scene scene;
    scene.mood(mood);
    const Run lowered = scene.cutover({"lower-ttl"});
    INFO(lowered.both());
    CHECK(lowered.status == 1);
    CHECK(scene.served_with(300) == 2);
    const Run again = scene.cutover({"lower-ttl"});
    INFO(again.both());
    CHECK(again.status == 0);
    CHECK(scene.served_with(60) == 2);
    CHECK(scene.runs() == 2);
  }
}

TEST_CASE("a program that made half of it: told as partial, resumed, or undone") {
  const Scene scene;
  const auto before = scene.values();
  REQUIRE(scene.cutover({"lower-ttl"}).status == 0);
  scene.mood("half");
  const Run half = scene.cutover({"swap"});
  INFO(half.both());
  REQUIRE(half.status == 5);
  SECTION("resumed") {
    const Run resumed = scene.cutover({"swap", "--resume"});
    INFO(resumed.both());
    CHECK(resumed.status == 0);
    for (const char* value : {"127.0.113.10", "127.0.113.20"})
      CHECK(join(scene.values(), "\n").find(value) != std::string::npos);
  }
  SECTION("undone") {}
  const Run undone = scene.cutover({"rollback"});
  INFO(undone.both());
  CHECK(undone.status == 0);
  CHECK(scene.values() == before);
}

TEST_CASE("killed around a run, the same command finishes it, with one run in all") {
  for (const std::string at : {"provider-before-send", "provider-after-reply"}) {
    INFO(at);
    const Scene scene;
    const Run killed = scene.cutover({"lower-ttl"}, {"CUTOVER_KILL_AT=" + at});
    INFO(killed.both());
    REQUIRE(killed.status == 128 + 9);
    CHECK(scene.served_with(at == "provider-before-send" ? 300 : 60) == 2);
    const Run again = scene.cutover({"lower-ttl"});
    INFO(again.both());
    CHECK(again.status == 0);
    CHECK(scene.served_with(60) == 2);
    CHECK(scene.runs() == 1);
  }
}

namespace {

const std::vector<std::string> kBothWays{"swap", "rollback"};

bool served(const Scene& scene, const std::string& value) {
  return join(scene.values(), "\n").find(value) != std::string::npos;
}
/// kMixed: one set is new and one old.
enum class State { kOld, kNew, kMixed };
State state_of(const Scene& scene) {
  const int old_ones = served(scene, "127.0.2.10") + served(scene, "127.0.2.20");
  const int new_ones = served(scene, "127.0.113.10") + served(scene, "127.0.113.20");
  REQUIRE(old_ones + new_ones == 2);
  return new_ones == 0 ? State::kOld : old_ones == 0 ? State::kNew : State::kMixed;
}
State end_of(const std::string& command) { return command == "swap" ? State::kNew : State::kOld; }

/// Brings the zone to where `command` starts.
void set_out(const Scene& scene, const std::string& command) {
  const std::string before = command == "swap" ? "rollback" : "swap";
  if (state_of(scene) == end_of(before)) return;
  const Run run = scene.cutover({before, "--resume"});
  INFO(run.both());
  REQUIRE(run.status == 0);
}

}  // namespace

TEST_CASE("whatever becomes of a run of swap or rollback: the state is told, and the command goes on") {
  const Scene scene;
  const auto before = scene.values();
  REQUIRE(scene.cutover({"lower-ttl"}).status == 0);
  for (const std::string& command : kBothWays)
    for (const std::string mood : {"lost", "hanging", "dead", "confused", "firm", "half"}) {
      INFO(command << ", " << mood);
      set_out(scene, command);
      const State start = state_of(scene);
      scene.mood(mood);
      const Run run = scene.cutover({command});
      INFO(run.both());
      const State now = state_of(scene);
      CHECK((run.status == 0 || run.status == 1 || run.status == 5));
      if (run.status == 0) CHECK(now == end_of(command));
      if (run.status == 1) CHECK(now == start);
      if (run.status == 5) CHECK(now == State::kMixed);
      const Run again = scene.cutover({command, "--resume"});
      INFO(again.both());
      CHECK(again.status == 0);
      CHECK(state_of(scene) == end_of(command));
    }
  CHECK(scene.values() == before);
}

TEST_CASE("killed at each boundary of swap and rollback, through a program: resumed, or rolled back at once") {
  const Scene scene;
  const auto before = scene.values();
  REQUIRE(scene.cutover({"lower-ttl"}).status == 0);
  int killed = 0;
  for (const std::string& command : kBothWays)
    for (const std::string at : {"write-way-back-saved", "write-before-call", "provider-before-send",
                                 "provider-after-reply", "write-after-call"}) {
      set_out(scene, command);
      INFO(command << " killed at " << at);
      REQUIRE(scene.cutover({command}, {"CUTOVER_KILL_AT=" + at}).status == 128 + 9);
      // The program's run makes both sets or none.
      CHECK(state_of(scene) != State::kMixed);
      const std::string then = ++killed % 2 == 0 ? "rollback" : command;
      const Run next = scene.cutover({then, "--resume"});
      INFO(next.both());
      CHECK(next.status == 0);
      CHECK(state_of(scene) == end_of(then));
    }
  CHECK(scene.values() == before);
}
