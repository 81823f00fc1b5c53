#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "tests/scenarios/bad_stage.h"
#include "tests/support/not_run.h"

// Bad plans, bad keys, bad journals and commands out of their order: each ends with a sentence that says what is
// wrong and what to do, and nothing is lost.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;

namespace {

/// One server for every row; only rows that fail use its zone, so that it never changes.
struct Scene {
  Scene() : knot(options()) {
    desk.write("tsig.key", knot.key().file_text());
    plan.servers = {knot.endpoint()};
    desk.write("cutover.yaml", plan.text());
    before = image_of(knot, "example.com");
  }
  static AuthorityOptions options() {
    AuthorityOptions options;
    options.zones = {{"example.com", small_zone("example.com")}};
    return options;
  }
  void check_nothing_lost() const {
    CHECK(image_of(knot, "example.com") == before);
    desk.write("tsig.key", knot.key().file_text());
    desk.write("cutover.yaml", plan.text());
    check_journal_works(desk);
  }
  std::string journal() const { return desk.file("cutover.cutover/journal.db"); }

  Knot knot;
  Desk desk;
  SmallPlan plan;
  ZoneImage before;
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

}  // namespace

TEST_CASE("a plan that is wrong says where, and what to write instead") {
  struct Row {
    std::string what, with;
    std::vector<std::string> words;
  };
  const std::string change = "{ name: www, type: A, from: [127.0.0.1], to: [127.0.0.2] }";
  const std::vector<Row> rows{
      {"ttl: { during", "tll: { during", {"cutover.yaml:9:1", "no key 'tll'", "did you mean 'ttl'"}},
      {"to: [127.0.0.2]", "to: [127.0.0.256]", {"cutover.yaml:8:55", "127.0.0.256", "IPv4 address"}},
      {"name: www", "name: www.example.net.", {"cutover.yaml:8:9", "www.example.net", "outside the zone example.com"}},
      {change,
       change + "\n      - { name: www, type: CNAME, from: [], to: [lb.example.com.] }",
       {"cutover.yaml:9:", "CNAME", "www.example.com", "other"}},
      {"type: rfc2136", "type: rfc2163", {"cutover.yaml:5:23", "rfc2163", "rfc2136"}},
      {"version: 1", "version: 9", {"cutover.yaml:1:10", "version 1"}},
      {"    changes:", "    changes: [", {"cutover.yaml:"}},
      {"[127.0.0.1], to", "127.0.0.1, to", {"cutover.yaml:8:37", "list"}},
      {"example.com", "exa mple..com", {"cutover.yaml:4:11"}},
  };
  const Scene scene;
  for (const Row& row : rows) {
    CAPTURE(row.what, row.with);
    scene.desk.write("cutover.yaml", replaced(scene.plan.text(), row.what, row.with));
    for (const std::string command : {"plan", "lower-ttl", "swap", "status"}) {
      std::vector<std::string> args{command};
      if (command == "lower-ttl" || command == "swap") args.push_back("--yes");
      expect(scene.desk, {args, 1, row.words});
    }
    // A plan that cannot be read leaves no state folder behind.
    CHECK_FALSE(std::filesystem::exists(scene.desk.file("cutover.cutover")));
  }
  scene.check_nothing_lost();
}

TEST_CASE("a plan file that cannot be read says which and why") {
  const Scene scene;
  scene.desk.write("empty.yaml", "");
  scene.desk.write("comment.yaml", "# nothing yet\n");
  scene.desk.write("binary.yaml", std::string("\x7f"
                                              "ELF\x00\x01\xff\xfe",
                                              8));
  std::filesystem::create_directory(scene.desk.file("folder.yaml"));
  const std::vector<Expected> rows{
      {{"plan", "nowhere.yaml"}, 1, {"no plan file nowhere.yaml", "cutover assess"}},
      {{"plan", "empty.yaml"}, 1, {"empty.yaml:1:1", "empty", "cutover assess"}},
      {{"plan", "comment.yaml"}, 1, {"comment.yaml", "empty"}},
      {{"plan", "binary.yaml"}, 1, {"binary.yaml"}},
      {{"plan", "folder.yaml"}, 1, {"folder.yaml is a folder", "give the plan file in it"}},
      {{"swap", "folder.yaml", "--yes"}, 1, {"folder.yaml is a folder", "give the plan file in it"}},
  };
  for (const Expected& row : rows) expect(scene.desk, row);

  // Root reads everything, so the right to do so is taken away first.
  scene.desk.write("secret.yaml", scene.plan.text(), 0000);
  std::vector<std::string> argv{std::getenv("CUTOVER_PROGRAM"), "plan", "secret.yaml"};
  if (geteuid() == 0) argv.insert(argv.begin(), {"setpriv", "--bounding-set", "-dac_override,-dac_read_search"});
  const Run run = scene.desk.run(argv);
  INFO(run.both());
  CHECK(run.status == 1);
  CHECK(run.err.find("secret.yaml") != std::string::npos);
  CHECK(run.err.find("Permission denied") != std::string::npos);
  scene.check_nothing_lost();
}

TEST_CASE("a key or a server that is no good is refused before anything is sent") {
  const Scene scene;
  const std::string good = scene.knot.key().file_text();
  struct Row {
    std::string text;
    unsigned mode;
    std::vector<std::string> words;
  };
  const std::vector<Row> rows{
      {good, 0644, {"tsig.key", "chmod 600"}},
      {good, 0640, {"tsig.key", "chmod 600"}},
      {"", 0600, {"tsig.key", "empty"}},
      {"key \"broken\" {", 0600, {"the key of " + scene.knot.endpoint().text(), "tsig-keygen"}},
      {"key \"k\" { algorithm hmac-sha256; secret \"!!!\"; };", 0600, {"the key of ", "base64"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text, row.mode);
    scene.desk.write("tsig.key", row.text, row.mode);
    const Run run = expect(scene.desk, {{"lower-ttl", "--yes"}, 1, row.words});
    CHECK(run.both().find(scene.knot.key().secret) == std::string::npos);
  }
  // What only the provider can judge is told with the place of its zone.
  scene.desk.write("tsig.key", good);
  scene.desk.write("cutover.yaml", replaced(scene.plan.text(), "server: \"" + scene.knot.endpoint().text(),
                                            "server: \"127.0.0.1:99999"));
  expect(scene.desk,
         {{"lower-ttl", "--yes"}, 1, {"cutover.yaml:4:5: zone example.com", "'127.0.0.1:99999' is no server"}});
  scene.desk.write("cutover.yaml", scene.plan.text());
  std::filesystem::remove(scene.desk.file("tsig.key"));
  expect(scene.desk, {{"lower-ttl", "--yes"}, 1, {"tsig.key", "No such file"}});
  scene.desk.write("cutover.yaml", replaced(scene.plan.text(), "file/tsig.key", "env/NOT_SET_HERE"));
  expect(scene.desk,
         {{"lower-ttl", "--yes"}, 1, {"env/NOT_SET_HERE", "neither NOT_SET_HERE", "is set in the environment"}});
  scene.check_nothing_lost();
}

TEST_CASE("commands out of their order say what comes first, and write nothing") {
  const Scene scene;
  const std::uint16_t closed = free_port("127.0.0.2");
  scene.desk.write("closed.yaml", scene.plan.text() +
                                      fmt::format("endpoints: [ {{ names: [www.example.com], port: {} }} ]\n", closed));
  const std::vector<Expected> rows{
      {{"status"}, 0, {}},
      {{"swap", "--yes"}, 2, {"CLOSED", "preflight-passed", "ttl-drained"}},
      {{"watch"}, 1, {"nothing has been swapped yet", "cutover swap"}},
      {{"rollback", "--yes"}, 0, {"nothing was swapped"}},
      {{"restore-ttl", "--yes"}, 0, {"every TTL is what it was before"}},
      {{"swap", "--yes", "--override", "no-such-gate=because"}, 1, {"no-such-gate", "no gate of swap", "ttl-drained"}},
      {{"swap", "--yes", "--override", "ttl-drained"}, 1, {"--override 'ttl-drained' has no reason", "ttl-drained=\""}},
      {{"swap", "--yes", "--override", "ttl-drained= "}, 1, {"--override ttl-drained needs a reason"}},
      {{"lower-ttl", "--yes", "--override", "ttl-drained=because"},
       1,
       {"ttl-drained", "no gate of lower-ttl", "no-drift"}},
      {{"lower-ttl", "--yes", "--plan-hash", "0123456789abcdef"},
       2,
       {"not the plan that was reviewed", "0123456789abcdef", "cutover plan"}},
      {{"swap", "--yes", "--plan-hash", ""}, 1, {"--plan-hash is empty", "cutover plan"}},
      {{"rollback", "--yes", "--plan-hash", "0123456789abcdef"}, 2, {"not the plan that was reviewed"}},
      {{"swap", "--yes", "--only", "ftp"}, 1, {"--only 'ftp'", "no name that the plan changes"}},
      {{"lower-ttl", "--yes", "--sync-timeout", "soon"}, 1, {"--sync-timeout", "soon"}},
      {{"watch", "--give-up", "-5s"}, 1, {"--give-up"}},
      {{"lower-ttl"}, 2, {"not agreed to; nothing was written", "--yes"}},
      {{"preflight", "closed.yaml"}, 3, {fmt::format("127.0.0.2:{}", closed), "refused"}},
      {{"preflight", "closed.yaml", "--ca-file", "nowhere.pem"}, 1, {"nowhere.pem"}},
      {{"swop"}, 1, {"no command", "cutover swap"}},
      {{}, 1, {"a command is missing"}},
  };
  for (const Expected& row : rows) {
    expect(scene.desk, row);
    CHECK(image_of(scene.knot, "example.com") == scene.before);
  }
  scene.check_nothing_lost();
}

TEST_CASE("a journal that is not ours, or damaged, is left as it is byte for byte") {
  const Scene scene;
  expect(scene.desk, {{"plan"}, 2, {}});
  const std::string good = read_text(scene.journal());
  REQUIRE(good.size() > 4096);
  const auto with_byte = [&](std::size_t at, char value) {
    std::string text = good;
    text[at] = value;
    return text;
  };
  std::string random;
  for (unsigned i = 0, state = 7; i < 20000; ++i)
    random += static_cast<char>((state = state * 1103515245 + 12345) >> 16);
  std::string torn = good;
  for (std::size_t at = 4096; at < torn.size(); ++at) torn[at] = static_cast<char>(torn[at] ^ 0x5a);
  struct Row {
    std::string what, bytes;
    std::vector<std::string> words;
  };
  const std::vector<Row> rows{
      {"of a later version", with_byte(63, 9), {"journal.db", "version 9", "knows version 1"}},
      {"of another application", with_byte(68, 'X'), {"journal.db", "another application"}},
      {"random bytes", random, {"journal.db", "not a SQLite database"}},
      {"empty", "", {"journal.db", "not a SQLite database"}},
      {"cut short", good.substr(0, 4096 + 100), {"journal.db", "damaged"}},
      {"corrupted", torn, {"journal.db", "damaged"}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    write_text(scene.journal(), row.bytes);
    const std::string rollback = read_text(scene.journal() + "-journal");
    for (const std::string command : {"lower-ttl", "swap", "rollback", "restore-ttl"}) {
      auto words = row.words;
      words.insert(words.end(), {"nothing was changed", "rollback --from-snapshot"});
      expect(scene.desk, {{command, "--yes"}, 1, words});
    }
    expect(scene.desk, {{"status"}, 1, row.words});
    expect(scene.desk, {{"watch"}, 1, row.words});
    CHECK(read_text(scene.journal()) == row.bytes);
    CHECK(read_text(scene.journal() + "-journal") == rollback);
    CHECK(image_of(scene.knot, "example.com") == scene.before);
  }
  // As it was, it still works.
  write_text(scene.journal(), good);
  scene.check_nothing_lost();
}

TEST_CASE("of two processes on one plan the second is told who holds it") {
  Scene scene;
  const auto first = scene.desk.start({"lower-ttl", "--yes"}, {"CUTOVER_PAUSE_AT=write-before-call"});
  REQUIRE(wait_for_stop(*first));
  const std::string pid = fmt::format("pid {}", first->pid());
  for (const std::string command : {"lower-ttl", "swap", "rollback", "restore-ttl", "plan", "watch"}) {
    std::vector<std::string> args{command};
    if (command != "plan" && command != "watch") args.push_back("--yes");
    expect(scene.desk, {args, 1, {pid, "another cutover process", "cutover status"}});
  }
  expect(scene.desk, {{"status"}, 0, {}});
  CHECK(image_of(scene.knot, "example.com") == scene.before);

  // The first one was not disturbed.
  first->resume();
  CHECK(wait_until(std::chrono::seconds(60), [&] { return !first->running(); }));
  INFO(first->log());
  CHECK(look_up_authority(scene.knot.endpoint(), "www.example.com", "A").ttl_s == kBadLowTtl);
  expect(scene.desk, {{"lower-ttl", "--yes"}, 0, {"every TTL is low already"}});
  check_journal_works(scene.desk);
}

TEST_CASE("a full disk at the journal stops the write before anything is sent") {
  Scene scene;
  const std::string small = scene.desk.file("small");
  std::filesystem::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=256k,mode=0700") != 0) {
    tests::not_run("a full disk at the journal", "a small tmpfs cannot be mounted here (wants root and CAP_SYS_ADMIN)");
    return;
  }
  struct Unmount {
    const std::string& at;
    ~Unmount() { umount2(at.c_str(), MNT_DETACH); }
  } const unmount{small};
  scene.desk.write("small/tsig.key", scene.knot.key().file_text());
  scene.desk.write("small/cutover.yaml", scene.plan.text());
  const std::string filler = small + "/filler";
  const auto fill = [&] {
    std::ofstream out(filler, std::ios::binary | std::ios::app);
    for (const std::size_t chunk : {4096UL, 1UL})
      while (out.write(std::string(chunk, 'x').data(), static_cast<std::streamsize>(chunk)).flush()) continue;
  };

  // Full before there is a journal.
  fill();
  expect(scene.desk, {{"lower-ttl", "--yes", "small/cutover.yaml"}, 1, {"small", "full"}});
  CHECK(image_of(scene.knot, "example.com") == scene.before);
  std::filesystem::remove(filler);

  // Full once there is one.
  expect(scene.desk, {{"plan", "small/cutover.yaml"}, 2, {}});
  fill();
  expect(scene.desk, {{"lower-ttl", "--yes", "small/cutover.yaml"}, 1, {"journal.db", "disk full", "Make room"}});
  expect(scene.desk, {{"status", "small/cutover.yaml"}, 0, {}});
  CHECK(image_of(scene.knot, "example.com") == scene.before);

  // Full between the intent and the outcome: the write is made, its outcome is not on record, and the next run
  // reads it from the live zone.
  std::filesystem::remove(filler);
  const auto paused =
      scene.desk.start({"lower-ttl", "--yes", "small/cutover.yaml"}, {"CUTOVER_PAUSE_AT=provider-after-reply"});
  REQUIRE(wait_for_stop(*paused));
  // The room that the rollback journal keeps between two commits would do for the outcome.
  std::filesystem::remove(small + "/cutover.cutover/journal.db-journal");
  fill();
  paused->resume();
  CHECK(wait_until(std::chrono::seconds(60), [&] { return !paused->running(); }));
  INFO(paused->log());
  CHECK(paused->log().find("disk full") != std::string::npos);
  CHECK(look_up_authority(scene.knot.endpoint(), "www.example.com", "A").ttl_s == kBadLowTtl);
  std::filesystem::remove(filler);
  expect(scene.desk, {{"lower-ttl", "--yes", "small/cutover.yaml"},
                      0,
                      {"cut off", "it had been applied", "every TTL is low already"}});
  expect(scene.desk, {{"status", "small/cutover.yaml"}, 0, {}});
}
