#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "core/text.h"
#include "tests/scenarios/bad_stage.h"
#include "tests/support/not_run.h"

// Servers that refuse, disagree, go away or stand still, and people who change the zone at the wrong moment: what was
// written is known, what was not is said, and the way forward and the way back both stay open.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;

namespace {

const std::string kOld = "127.0.0.1";
const std::string kNew = "127.0.0.2";

AuthorityOptions serving(const std::vector<std::string>& zones) {
  AuthorityOptions options;
  for (const std::string& zone : zones) options.zones.push_back({zone, small_zone(zone)});
  return options;
}

/// A plan of one zone on one server.
struct Scene {
  Scene() : knot(serving({"example.com"})) {
    plan.servers = {knot.endpoint()};
    desk.write("tsig.key", knot.key().file_text());
    desk.write("cutover.yaml", plan.text());
  }
  void lower() const { expect(desk, {{"lower-ttl", "--yes"}, 0, {}}); }
  void behind_the_back(const std::string& script) const {
    REQUIRE(nsupdate(knot.endpoint(), knot.key(), "zone example.com\n" + script).status == 0);
  }
  std::string www() const { return www_of(knot, "example.com"); }

  Knot knot;
  Desk desk;
  SmallPlan plan;
};

std::vector<std::string> with(std::vector<std::string> args, const std::vector<std::string>& more) {
  args.insert(args.end(), more.begin(), more.end());
  return args;
}

/// Starts the program and holds it at a boundary, lets `meanwhile` happen, lets it go on to its end.
struct Ended {
  int status = -1;
  std::string log;
};
template <class F>
Ended held_at(const Desk& desk, const std::string& boundary, const std::vector<std::string>& args, F&& meanwhile) {
  const auto process = desk.start(args, {"CUTOVER_PAUSE_AT=" + boundary});
  REQUIRE(wait_for_stop(*process));
  meanwhile();
  process->resume();
  const auto status = process->wait_for_end(90s);
  return {status.value_or(-1), process->log()};
}

void has_words(const Ended& run, const std::vector<std::string>& words) {
  for (const std::string& word : words) {
    CAPTURE(word);
    CHECK(run.log.find(word) != std::string::npos);
  }
}

/// The library that gives a program another clock; empty: it is not installed.
std::string fake_clock() {
  for (const auto& folder : std::filesystem::directory_iterator("/usr/lib"))
    if (const auto file = folder.path() / "faketime/libfaketime.so.1"; std::filesystem::exists(file))
      return file.string();
  return {};
}

template <class Server>
void wrong_keys(const std::vector<std::string>& wrong_secret, const std::vector<std::string>& wrong_name) {
  const Server server(serving({"example.com"}));
  CAPTURE(server.product());
  const Desk desk;
  SmallPlan plan;
  plan.servers = {server.endpoint()};
  desk.write("cutover.yaml", plan.text());
  const ZoneImage before = image_of(server, "example.com");
  SharedKey key = server.key();
  key.secret = "bm90LXRoZS1zZWNyZXQtdGhhdC1pdC1zaG91bGQtYmUtYXQtYWxs";
  desk.write("tsig.key", key.file_text());
  expect(desk, {{"lower-ttl", "--yes"}, 1, wrong_secret});
  const Run swapped = expect(desk, {forced_swap(), 1, wrong_secret});
  CHECK(swapped.both().find(key.secret) == std::string::npos);
  key = server.key();
  key.name = "somebody-else";
  desk.write("tsig.key", key.file_text());
  expect(desk, {{"lower-ttl", "--yes"}, 1, wrong_name});
  CHECK(image_of(server, "example.com") == before);
  desk.write("tsig.key", server.key().file_text());
  check_journal_works(desk);
}

template <class Server>
void wrong_clock(const std::string& library, const std::vector<std::string>& ten_minutes_behind,
                 const std::vector<std::string>& ten_minutes_ahead) {
  const Server server(serving({"example.com"}));
  CAPTURE(server.product());
  const Desk desk;
  SmallPlan plan;
  plan.servers = {server.endpoint()};
  desk.write("cutover.yaml", plan.text());
  desk.write("tsig.key", server.key().file_text());
  const ZoneImage before = image_of(server, "example.com");
  const auto environment = [&](const std::string& offset) {
    return std::vector<std::string>{"LD_PRELOAD=" + library, "FAKETIME=" + offset, "DONT_FAKE_MONOTONIC=1"};
  };
  for (const auto& command : {std::vector<std::string>{"lower-ttl", "--yes"}, forced_swap()}) {
    expect(desk, {command, 1, ten_minutes_behind, environment("-600")});
    expect(desk, {command, 1, ten_minutes_ahead, environment("+600")});
  }
  CHECK(image_of(server, "example.com") == before);
  check_journal_works(desk);
}

}  // namespace

TEST_CASE("a wrong TSIG key is told apart as far as the server does") {
  const std::string nothing = "nothing was changed";
  const std::vector<std::string> bad_secret{"'cutover-test", "not with this secret (BADSIG)", "check the secret",
                                            nothing};
  const std::vector<std::string> bad_name{"does not know the TSIG key 'somebody-else", "BADKEY", nothing};
  wrong_keys<Knot>(bad_secret, bad_name);
  wrong_keys<Bind>(bad_secret, bad_name);
  // PowerDNS answers a wrong key and a wrong time alike: one sentence with both causes.
  wrong_keys<PowerDns>({"does not say why", "TSIG key 'cutover-test", "clock", "300 s apart", nothing},
                       {"does not say why", "TSIG key 'somebody-else", "clock", "300 s apart", nothing});
}

TEST_CASE("a clock that is off by ten minutes is told with the difference where the server gives it") {
  const std::string library = fake_clock();
  if (library.empty()) {
    tests::not_run("the program with a clock that is off by ten minutes",
                   "the Debian package faketime is not installed");
    return;
  }
  const Desk probe;
  if (const Run run = probe.cutover({"--version"}, {"LD_PRELOAD=" + library, "FAKETIME=+600"}); run.status != 0) {
    tests::not_run("the program with a clock that is off by ten minutes",
                   "it does not start with libfaketime (a sanitizer's build?): " + run.both());
    return;
  }
  const std::string nothing = "nothing was changed";
  const std::vector<std::string> behind{"BADTIME", "s ahead of this machine's clock", "TSIG allows 300 s",
                                        "set the clock", nothing};
  const std::vector<std::string> ahead{"BADTIME", "s behind this machine's clock", "TSIG allows 300 s", "set the clock",
                                       nothing};
  wrong_clock<Knot>(library, behind, ahead);
  wrong_clock<Bind>(library, behind, ahead);
  const std::vector<std::string> both_causes{"does not say why", "TSIG key 'cutover-test", "300 s apart", nothing};
  wrong_clock<PowerDns>(library, both_causes, both_causes);
}

TEST_CASE("a plan whose `from` is not what is live is refused, and says both values") {
  const Scene scene;
  scene.behind_the_back("update delete www.example.com A\nupdate add www.example.com 2 A 127.0.0.9");
  const ZoneImage before = image_of(scene.knot, "example.com");
  const std::vector<std::string> words{"CLOSED", "no-drift",  "www.example.com. A",
                                       kOld,     "127.0.0.9", "nothing was written"};
  expect(scene.desk, {{"lower-ttl", "--yes"}, 2, words});
  expect(scene.desk, {forced_swap(), 2, words});
  expect(scene.desk, {{"plan"}, 2, {"www.example.com. A", kOld, "127.0.0.9"}});
  CHECK(image_of(scene.knot, "example.com") == before);
  check_journal_works(scene.desk);
}

TEST_CASE("a zone that is changed at the wrong moment") {
  struct Row {
    std::string what, script;
    int swap_status;
    std::string www_after;
  };
  const std::vector<Row> rows{
      {"the value that the plan moves", "update delete www.example.com A\nupdate add www.example.com 1 A 127.0.0.7", 2,
       "127.0.0.7"},
      {"a further value", "update add www.example.com 1 A 127.0.0.7", 2, kOld + " 127.0.0.7"},
      {"it is gone", "update delete www.example.com A", 2, ""},
      {"its TTL is put back", "update delete www.example.com A\nupdate add www.example.com 300 A 127.0.0.1", 2, kOld},
      {"only an unrelated record", "update delete mail.example.com A\nupdate add mail.example.com 60 A 127.0.0.8", 0,
       kNew},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    const Scene between;
    between.lower();
    between.behind_the_back(row.script);
    // Whoever overrides the drain gate may swap under a TTL that rose; a value that moved stops everybody.
    const bool only_ttl = row.what == "its TTL is put back";
    expect(between.desk, {only_ttl ? std::vector<std::string>{"swap", "--yes", "--override",
                                                              "preflight-passed=not what this is about"}
                                   : forced_swap(),
                          row.swap_status,
                          only_ttl               ? std::vector<std::string>{"CLOSED", "ttl-drained"}
                          : row.swap_status == 2 ? std::vector<std::string>{"CLOSED", "no-drift", "www.example.com. A"}
                                                 : std::vector<std::string>{"1 record set swapped"}});
    CHECK(between.www() == row.www_after);

    // The same between the last look and the packet.
    const Scene at_the_end;
    at_the_end.lower();
    const Ended run =
        held_at(at_the_end.desk, "write-before-call", forced_swap(), [&] { at_the_end.behind_the_back(row.script); });
    INFO(run.log);
    CHECK(run.status == row.swap_status);
    if (row.swap_status == 2)
      has_words(run, {"example.com. has changed since it was read: www.example.com. A", "nothing was written",
                      "somebody else"});
    CHECK(at_the_end.www() == row.www_after);
    if (row.swap_status == 0)
      CHECK(look_up_authority(at_the_end.knot.endpoint(), "mail.example.com", "A").rdata ==
            std::vector<std::string>{"127.0.0.8"});
    check_journal_works(at_the_end.desk, row.swap_status);
  }
}

TEST_CASE("an authority that goes away in mid-swap") {
  for (const std::string boundary : {"write-before-call", "provider-before-send", "provider-after-reply"}) {
    for (const std::string then : {"swap", "rollback"}) {
      CAPTURE(boundary, then);
      Scene scene;
      scene.lower();
      const auto before = values_of(scene.knot, "example.com");
      const Ended run =
          held_at(scene.desk, boundary, with(forced_swap(), {"--sync-timeout", "1s"}), [&] { scene.knot.stop(); });
      INFO(run.log);
      CAPTURE(run.status);
      has_words(run, {scene.knot.endpoint().text()});
      // It cannot be looked at; nothing is claimed that is not known.
      if (boundary == "write-before-call") {
        CHECK(run.status == 1);
        has_words(run, {"swap: nothing was written", "was not reached (connection refused); nothing was changed"});
      } else if (boundary == "provider-before-send") {
        CHECK(run.status == 5);
        has_words(run, {"whether the swap was made everywhere is not known", "looking at the live zone",
                        "swap --resume", "cutover rollback"});
      } else {
        CHECK(run.status == 4);
        has_words(run,
                  {"applied at the provider, but not every authoritative address serves it yet", "cutover rollback"});
      }
      expect(scene.desk, {{"status"}, 0, {}});
      expect(scene.desk, {with(forced_swap(), {"--resume"}), 4, {scene.knot.endpoint().text()}});

      scene.knot.start();
      if (then == "swap") {
        expect(scene.desk, {with(forced_swap(), {"--resume"}), 0, {}});
        CHECK(scene.www() == kNew);
        expect(scene.desk, {{"rollback", "--yes"}, 0, {}});
      } else {
        expect(scene.desk, {{"rollback", "--yes"}, 0, {}});
      }
      CHECK(values_of(scene.knot, "example.com") == before);
      check_journal_works(scene.desk);
    }
  }
}

TEST_CASE("the second zone's server goes away: partial, then finished or undone") {
  for (const std::string then : {"swap", "rollback", "rollback while it is away"}) {
    CAPTURE(then);
    Knot first(serving({"one.example"}));
    Knot second(serving({"two.example"}));
    const Desk desk;
    SmallPlan plan;
    plan.zones = {"one.example", "two.example"};
    plan.servers = {first.endpoint(), second.endpoint()};
    desk.write("tsig.key", first.key().file_text());
    desk.write("cutover.yaml", plan.text());
    expect(desk, {{"lower-ttl", "--yes"}, 0, {}});
    const auto before_first = values_of(first, "one.example");
    const auto before_second = values_of(second, "two.example");
    const Ended run = held_at(desk, "provider-after-reply", forced_swap(), [&] { second.stop(); });
    INFO(run.log);
    CHECK(run.status == 5);
    has_words(run, {"partial", "two.example", second.endpoint().text(), "swap --resume", "cutover rollback"});
    CHECK(www_of(first, "one.example") == kNew);
    expect(desk, {{"status"}, 0, {"partial"}});

    if (then == "rollback while it is away") {
      // What can be put back is put back; the rest is said.
      expect(desk, {{"rollback", "--yes"}, 5, {"two.example", second.endpoint().text()}});
      CHECK(www_of(first, "one.example") == kOld);
      second.start();
      expect(desk, {{"rollback", "--yes", "--resume"}, 0, {}});
    } else {
      second.start();
      if (then == "swap") {
        expect(desk, {forced_swap(), 5, {"partial", "--resume", "cutover rollback"}});
        expect(desk, {{"lower-ttl", "--yes"}, 5, {"swap", "--resume", "cutover rollback"}});
        expect(desk, {with(forced_swap(), {"--resume"}), 0, {}});
        CHECK(www_of(first, "one.example") == kNew);
        CHECK(www_of(second, "two.example") == kNew);
      }
      expect(desk, {{"rollback", "--yes"}, 0, {}});
    }
    CHECK(values_of(first, "one.example") == before_first);
    CHECK(values_of(second, "two.example") == before_second);
    check_journal_works(desk);
  }
}

TEST_CASE("half the authoritative servers are stuck on the old serial") {
  Scene scene;
  // It has the same zone, follows nobody, and serves what it was started with.
  const Knot stuck(serving({"example.com"}));
  scene.plan.also = {stuck.endpoint()};
  scene.desk.write("cutover.yaml", scene.plan.text());
  const std::string name = stuck.endpoint().text();
  expect(scene.desk, {{"lower-ttl", "--yes", "--sync-timeout", "1s"}, 4, {name, "ttl=2", "the wait has not begun"}});
  const Run refused = expect(scene.desk, {{"swap", "--yes", "--override", "preflight-passed=not what this is about"},
                                          2,
                                          {"CLOSED", "authoritative-in-sync", name}});
  CHECK(refused.out.find("nothing was written") != std::string::npos);
  CHECK(scene.www() == kOld);
  expect(scene.desk, {with(forced_swap(), {"--sync-timeout", "1s", "--override",
                                           "authoritative-in-sync=that server is being retired"}),
                      4,
                      {"not every authoritative address serves it yet", name + " serves " + kOld, "cutover rollback"}});
  CHECK(scene.www() == kNew);
  CHECK(www_of(stuck, "example.com") == kOld);
  expect(scene.desk, {{"watch", "--give-up", "1s"}, 4, {name}});
  expect(scene.desk, {{"rollback", "--yes"}, 0, {}});
  CHECK(scene.www() == kOld);
  check_journal_works(scene.desk);
}
