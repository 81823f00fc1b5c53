#include "cmd/plan/snapshot.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/temporary_folder.h"

using namespace cutover;
using test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

constexpr Instant kNow = Instant(Seconds(1'800'000'000)) + Span(250'000);

/// Sets an environment variable (nullptr: unsets it) for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    value == nullptr ? unsetenv(name) : setenv(name, value, 1);
  }
  ~Variable() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

Plan plan_in(const fs::path& folder) {
  Plan plan;
  plan.name = "example";
  plan.file = folder / "move.yaml";
  plan.hash = "0123456789abcdef0123";
  return plan;
}

ChangeSet swap_of_www() {
  const DomainName www = *DomainName::from_text("www.example.com.");
  const DomainName fresh = *DomainName::from_text("new.example.com.");
  ChangeSet set;
  set.zone = *DomainName::from_text("example.com.");
  set.guard_serial = 7;
  set.changes = {{{www, RecordType::kA},
                  RecordSet{www, RecordType::kA, Seconds(60), {"192.0.2.1"}},
                  RecordSet{www, RecordType::kA, Seconds(60), {"192.0.2.2"}}},
                 {{fresh, RecordType::kA}, std::nullopt, RecordSet{fresh, RecordType::kA, Seconds(60), {"192.0.2.3"}}}};
  return set;
}

const std::vector<providers::InverseScript> kScripts = {
    {"rollback-example.com.nsupdate", "nsupdate -k KEYFILE rollback-example.com.nsupdate", "#!/bin/sh\n"}};

std::string text_of(const fs::path& file) {
  std::stringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

mode_t mode_of(const fs::path& file) {
  struct stat info {};
  REQUIRE(stat(file.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

}  // namespace

TEST_CASE("the way back lies beside the plan and, a second time, under the user's state") {
  TemporaryFolder folder;
  TemporaryFolder home;
  const Variable xdg("XDG_STATE_HOME", home.path().c_str());
  umask(0);
  const Plan plan = plan_in(folder.path());
  const auto back = write_way_back(plan, Phase::kSwap, 3, kNow, {swap_of_www()}, kScripts);
  umask(022);
  REQUIRE(back);
  CHECK(back->notes.empty());
  std::vector<fs::path> expected;
  for (const fs::path& base : {folder.path() / "move.cutover", home.path() / "cutover" / "example-0123456789ab"}) {
    expected.push_back(base / "snapshot-swap-3.json");
    expected.push_back(base / "undo-swap-3" / "rollback-example.com.nsupdate");
    expected.push_back(base / "undo-swap-3" / "README.txt");
  }
  CHECK(back->paths == expected);
  for (const fs::path& path : back->paths) {
    INFO(path);
    CHECK(mode_of(path) == (path.extension() == ".nsupdate" ? 0700 : 0600));
    CHECK(mode_of(path.parent_path()) == 0700);
  }
  CHECK(text_of(expected[0]) == text_of(expected[3]));
  CHECK(text_of(expected[1]) == "#!/bin/sh\n");
  const std::string readme = text_of(expected[2]);
  CHECK_THAT(readme, Catch::Contains("nsupdate -k KEYFILE rollback-example.com.nsupdate") &&
                         Catch::Contains("--from-snapshot ../snapshot-swap-3.json"));
  CHECK_THAT(readme,
             Catch::Contains("www.example.com. A\n    was      TTL 60 s: 192.0.2.1\n    becomes  TTL 60 s: 192.0.2.2"));
  CHECK_THAT(readme, Catch::Contains("new.example.com. A\n    was      not there"));
  // Nothing half written stays behind.
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) CHECK(entry.path().extension() != ".new");
}

TEST_CASE("a snapshot that is read again holds what was written") {
  TemporaryFolder folder;
  const Variable xdg("XDG_STATE_HOME", nullptr);
  const Variable home("HOME", folder.path().c_str());
  const auto back = write_way_back(plan_in(folder.path()), Phase::kSwap, 3, kNow, {swap_of_www()}, {});
  REQUIRE(back);
  REQUIRE(back->paths.size() == 4);
  CHECK(back->paths[2] ==
        folder.path() / ".local" / "state" / "cutover" / "example-0123456789ab" / "snapshot-swap-3.json");
  for (const fs::path& path : {back->paths[0], back->paths[2]}) {
    const auto snapshot = read_snapshot(path);
    REQUIRE(snapshot);
    CHECK(snapshot->plan_name == "example");
    CHECK(snapshot->plan_hash == "0123456789abcdef0123");
    CHECK(snapshot->phase == Phase::kSwap);
    CHECK(snapshot->write == 3);
    CHECK(snapshot->at == kNow);
    CHECK(snapshot->changes == std::vector{swap_of_www()});
  }
}

TEST_CASE("without a home there is no copy, and that is said; without the state folder nothing goes on") {
  TemporaryFolder folder;
  const Variable home("HOME", nullptr);
  {
    const Variable xdg("XDG_STATE_HOME", "relative/paths/are/ignored");
    const auto back = write_way_back(plan_in(folder.path()), Phase::kLowerTtl, 1, kNow, {swap_of_www()}, kScripts);
    REQUIRE(back);
    CHECK(back->paths.size() == 3);
    REQUIRE(back->notes.size() == 1);
    CHECK_THAT(back->notes[0], Catch::Contains("no second copy"));
  }
  std::ofstream(folder.path() / "file") << "x";
  {
    const Variable xdg("XDG_STATE_HOME", (folder.path() / "file").c_str());
    const auto back = write_way_back(plan_in(folder.path()), Phase::kLowerTtl, 1, kNow, {swap_of_www()}, kScripts);
    REQUIRE(back);
    CHECK(back->paths.size() == 3);
    REQUIRE(back->notes.size() == 1);
    CHECK_THAT(back->notes[0], Catch::Contains("no second copy under"));
  }
  Plan plan = plan_in(folder.path() / "file");
  const auto none = write_way_back(plan, Phase::kSwap, 1, kNow, {swap_of_www()}, kScripts);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kIo);
  CHECK_THAT(none.error().message, Catch::Contains("nothing was changed in any zone"));
}

TEST_CASE("writing the same way back again replaces it") {
  TemporaryFolder folder;
  const Variable xdg("XDG_STATE_HOME", (folder.path() / "state").c_str());
  const Plan plan = plan_in(folder.path());
  REQUIRE(write_way_back(plan, Phase::kSwap, 3, kNow, {}, kScripts));
  const auto again = write_way_back(plan, Phase::kSwap, 3, kNow, {swap_of_www()}, kScripts);
  REQUIRE(again);
  CHECK(read_snapshot(again->paths[0])->changes.size() == 1);
}

TEST_CASE("a provider's file name cannot leave the folder") {
  TemporaryFolder folder;
  const Variable xdg("XDG_STATE_HOME", (folder.path() / "state").c_str());
  const auto back = write_way_back(plan_in(folder.path()), Phase::kSwap, 3, kNow, {}, {{"../../evil", "sh", "x"}});
  REQUIRE(back);
  CHECK(back->paths[1].filename() == "_.._.._evil");
}

TEST_CASE("what is no snapshot is refused with a reason") {
  TemporaryFolder folder;
  const auto file = folder.path() / "s.json";
  CHECK(read_snapshot(file).error().code == ErrorCode::kNotFound);
  struct Row {
    const char* text;
    const char* why;
  };
  const Row rows[] = {
      {"", "parse error"},
      {"[]", "cannot use value()"},
      {"{}", "no snapshot of this program"},
      {R"({"schema":"cutover-snapshot","version":2})", "it has version 2"},
      {R"({"schema":"cutover-snapshot","version":1})", "plan_name"},
      {R"({"schema":"cutover-snapshot","version":1,"plan_name":"a","plan_hash":"b","write":1,"phase":"dance","at":"2026-01-01T00:00:00Z","changes":[]})",
       "no phase"},
      {R"({"schema":"cutover-snapshot","version":1,"plan_name":"a","plan_hash":"b","write":1,"phase":"swap","at":"soon","changes":[]})",
       "no instant"},
      {R"({"schema":"cutover-snapshot","version":1,"plan_name":"a","plan_hash":"b","write":1,"phase":"swap","at":"2026-01-01T00:00:00Z","changes":[{}]})",
       "change set"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    std::ofstream(file) << row.text;
    const auto snapshot = read_snapshot(file);
    REQUIRE_FALSE(snapshot);
    CHECK(snapshot.error().code == ErrorCode::kCorrupt);
    CHECK_THAT(snapshot.error().message, Catch::Contains(row.why));
  }
}
