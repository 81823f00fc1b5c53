#include "cmd/plan/journal.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <sstream>

#include "tests/support/temporary_folder.h"

using namespace cutover;
using test::TemporaryFolder;

namespace {

constexpr Instant kStart = Instant(Seconds(1'790'000'000)) + Span(123456);

DomainName dn(std::string_view text) { return *DomainName::from_text(text); }

Plan plan_in(const std::filesystem::path& folder) {
  Plan plan;
  plan.name = "example";
  plan.file = folder / "move.yaml";
  plan.ttl.during = Seconds(60);
  return plan;
}

ChangeSet one_change() {
  const RecordKey key{dn("www.example.com."), RecordType::kA};
  ChangeSet set;
  set.zone = dn("example.com.");
  set.changes = {{key, RecordSet{key.name, key.type, Seconds(60), {"192.0.2.1"}},
                  RecordSet{key.name, key.type, Seconds(60), {"192.0.2.2"}}}};
  set.guard_serial = 7;
  return set;
}

providers::Step one_step() {
  return {dn("example.com."), 1, "UPDATE example.com.", R"({"a":1})", {{dn("www.example.com."), RecordType::kA}}};
}

SweepRecord one_sweep() {
  SweepRecord record;
  record.phase = Phase::kLowerTtl;
  record.zone = dn("example.com.");
  record.servers = {"ns1.example.com. (192.0.2.53)", "ns2.example.com. ([2001:db8::53]:5353)"};
  record.without_address = {"ns3.example.com."};
  record.sweep.started = kStart;
  record.sweep.finished = kStart + Span(250000);
  record.sweep.serials = {2026010101U, std::nullopt};
  net::AuthorityReading good;
  good.key = {dn("www.example.com."), RecordType::kA};
  good.outcome = net::Outcome::kAnswered;
  good.authoritative = true;
  good.set = RecordSet{good.key.name, good.key.type, Seconds(60), {"192.0.2.1"}};
  good.received = kStart + Span(1000);
  net::AuthorityReading negative;
  negative.server = 1;
  negative.key = {dn("new.example.com."), RecordType::kAaaa};
  negative.outcome = net::Outcome::kAnswered;
  negative.rcode = net::Rcode::kNxDomain;
  negative.authoritative = true;
  negative.negative_ttl = Seconds(300);
  negative.detail = "bytes that are not UTF-8: \xff";
  net::AuthorityReading silent;
  silent.server = 1;
  silent.key = good.key;
  silent.outcome = net::Outcome::kUnreachable;
  silent.alias = RecordSet{good.key.name, RecordType::kCname, Seconds(5), {"lb.example.net."}};
  silent.delegated = true;
  record.sweep.readings = {good, negative, silent};
  return record;
}

Check one_check() {
  Check check;
  check.id = "tls-expiry";
  check.severity = Severity::kWarning;
  check.verdict = Verdict::kFail;
  check.name = dn("www.example.com.");
  check.endpoint = *Endpoint::from_text("192.0.2.2:443", 443);
  check.summary = "expires soon";
  check.evidence = "notAfter 2026-01-01";
  check.advice = "renew";
  return check;
}

ResolverRecord answer_of(const std::string& resolver, std::optional<Seconds> ttl) {
  return {kStart, Phase::kWatch, resolver,      "example", {dn("www.example.com."), RecordType::kA},
          "old",  ttl,           {"192.0.2.1"}, "detail"};
}

/// Runs `body` in a child; returns its wait status. The child's _exit code is what body returns.
int in_child(const std::function<int()>& body) {
  const pid_t pid = fork();
  if (pid == 0) _exit(body());
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  return status;
}

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream all;
  all << in.rdbuf();
  return all.str();
}

void run_sql(const std::filesystem::path& file, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

}  // namespace

TEST_CASE("everything written comes back from a reopened journal") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  std::int64_t write = 0;
  {
    auto journal = Journal::open(plan, clock);
    REQUIRE(journal);
    write = *journal->begin_write(Phase::kSwap, "abc", {one_change()});
    clock.advance(Seconds(1));
    const auto intent = journal->record_intent(write, one_step());
    REQUIRE(intent);
    clock.advance(Seconds(1));
    CHECK(journal->record_outcome(*intent, StepOutcome::kUnknown, "{}"));
    clock.advance(Seconds(1));
    CHECK(journal->record_outcome(*intent, StepOutcome::kApplied, R"({"rcode":0})"));
    CHECK(journal->end_write(write, WriteState::kDone));
    CHECK(*journal->unconfirmed_write(Phase::kSwap) == write);
    CHECK_FALSE(*journal->unconfirmed_write(Phase::kRollback));
    CHECK(journal->record_authoritative(write, kStart + Seconds(9)));
    CHECK_FALSE(*journal->unconfirmed_write(Phase::kSwap));
    CHECK(journal->record_sweep(one_sweep()));
    CHECK(journal->record_overrides(Phase::kSwap, {{"ttl-drained", "we must"}}));
    CHECK(journal->record_checks(Phase::kPreflight, "abc", false, {one_check()}));
    CHECK(journal->record_event(Phase::kWatch, "converged", "all \xff new"));
    CHECK(journal->record_resolver_sweep({kStart, dn("example.com."), 5, 4, Seconds(44)}));
    CHECK(journal->record_resolver_sweep({kStart, dn("example.com."), 5, 0, std::nullopt}));
    CHECK(journal->record_resolvers({answer_of("192.0.2.8", Seconds(61)), answer_of("192.0.2.9", Seconds(60)),
                                     answer_of("192.0.2.10", std::nullopt)}));
  }
  auto journal = Journal::open(plan, clock);
  REQUIRE(journal);
  const auto history = journal->history();
  REQUIRE(history);
  CHECK(history->plan_name == "example");
  REQUIRE(history->writes.size() == 1);
  const WriteRecord& record = history->writes[0];
  CHECK(record.id == write);
  CHECK(record.phase == Phase::kSwap);
  CHECK(record.plan_hash == "abc");
  CHECK(record.started == kStart);
  CHECK(record.ended == kStart + Seconds(3));
  CHECK(record.state == WriteState::kDone);
  CHECK(record.authoritative_at == kStart + Seconds(9));
  CHECK(record.changes == std::vector{one_change()});
  REQUIRE(record.intents.size() == 1);
  CHECK(record.intents[0].at == kStart + Seconds(1));
  CHECK(record.intents[0].step.request == one_step().request);
  CHECK(record.intents[0].step.touches == one_step().touches);
  CHECK(record.intents[0].outcome == StepOutcome::kApplied);
  CHECK(record.intents[0].outcome_at == kStart + Seconds(3));
  CHECK(record.intents[0].reply == R"({"rcode":0})");
  CHECK(history->last_write(Phase::kSwap) == &record);
  CHECK(history->last_write(Phase::kRollback) == nullptr);

  REQUIRE(history->sweeps.size() == 1);
  const SweepRecord want = one_sweep();
  const SweepRecord& got = history->sweeps[0];
  CHECK(got.phase == want.phase);
  CHECK(got.zone == want.zone);
  CHECK(got.servers == want.servers);
  CHECK(got.without_address == want.without_address);
  CHECK(got.sweep.started == want.sweep.started);
  CHECK(got.sweep.finished == want.sweep.finished);
  CHECK(got.sweep.serials == want.sweep.serials);
  REQUIRE(got.sweep.readings.size() == want.sweep.readings.size());
  for (std::size_t i = 0; i < want.sweep.readings.size(); ++i) {
    const auto& a = got.sweep.readings[i];
    const auto& b = want.sweep.readings[i];
    CHECK(a.server == b.server);
    CHECK(a.key == b.key);
    CHECK(a.outcome == b.outcome);
    CHECK(a.rcode == b.rcode);
    CHECK(a.authoritative == b.authoritative);
    CHECK(a.set == b.set);
    CHECK(a.alias == b.alias);
    CHECK(a.delegated == b.delegated);
    CHECK(a.negative_ttl == b.negative_ttl);
    CHECK(a.received == b.received);
  }
  REQUIRE(history->overrides.size() == 1);
  CHECK(history->overrides[0].gate == "ttl-drained");
  CHECK(history->overrides[0].reason == "we must");
  REQUIRE(history->checks.size() == 1);
  CHECK_FALSE(history->checks[0].passed);
  REQUIRE(history->checks[0].checks.size() == 1);
  CHECK(history->checks[0].checks[0].endpoint == one_check().endpoint);
  CHECK(history->checks[0].checks[0].name == one_check().name);
  CHECK(history->checks[0].checks[0].verdict == Verdict::kFail);
  CHECK(history->checks[0].checks[0].severity == Severity::kWarning);
  CHECK(history->checks[0].checks[0].advice == "renew");
  REQUIRE(history->events.size() == 1);
  CHECK(history->events[0].kind == "converged");
  REQUIRE(history->resolver_sweeps.size() == 2);
  CHECK(history->resolver_sweeps[0].answered == 4);
  CHECK(history->resolver_sweeps[0].highest_ttl == Seconds(44));
  CHECK_FALSE(history->resolver_sweeps[1].highest_ttl);
  REQUIRE(history->resolver_ceilings.size() == 1);
  CHECK(history->resolver_ceilings[0].resolver == "192.0.2.8");
  CHECK(history->resolver_ceilings[0].ttl == Seconds(61));
  CHECK(history->resolver_ceilings[0].rdata == std::vector<std::string>{"192.0.2.1"});
  CHECK(journal->resolver_records(Phase::kWatch)->size() == 3);
  CHECK(journal->resolver_records(Phase::kSwap)->empty());
}

TEST_CASE("a history that was read before has what was recorded since, once and in order") {
  const TemporaryFolder folder;
  const VirtualClock clock(kStart);
  auto journal = Journal::open(plan_in(folder.path()), clock);
  REQUIRE(journal);
  CHECK(journal->history()->sweeps.empty());
  for (std::size_t count = 1; count <= 3; ++count) {
    SweepRecord sweep = one_sweep();
    sweep.sweep.finished += Seconds(static_cast<std::int64_t>(count));
    CHECK(journal->record_sweep(sweep));
    const auto history = journal->history();
    REQUIRE(history);
    REQUIRE(history->sweeps.size() == count);
    CHECK(history->sweeps.back().sweep.finished == sweep.sweep.finished);
    CHECK(history->sweeps.front().sweep.finished == one_sweep().sweep.finished + Seconds(1));
  }
}

TEST_CASE("the state folder and its files belong to their owner alone") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const auto journal = Journal::open(plan_in(folder.path()), clock);
  REQUIRE(journal);
  CHECK(journal->folder() == folder.path() / "move.cutover");
  struct stat info {};
  REQUIRE(stat(journal->folder().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  for (const char* file : {"journal.db", "lock"}) {
    REQUIRE(stat((journal->folder() / file).c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("an intent for a write that is not there is refused") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  auto journal = Journal::open(plan_in(folder.path()), clock);
  REQUIRE(journal);
  CHECK_FALSE(journal->record_intent(42, one_step()));
  CHECK_FALSE(journal->record_outcome(42, StepOutcome::kApplied, ""));
  CHECK_FALSE(journal->end_write(42, WriteState::kDone));
  CHECK(journal->history()->writes.empty());
}

TEST_CASE("a second writer is told who the first one is; a dead one leaves no lock") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  {
    const auto first = Journal::open(plan, clock);
    REQUIRE(first);
    const auto second = Journal::open(plan, clock);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == ErrorCode::kBusy);
    CHECK_THAT(second.error().message, Catch::Contains("pid " + std::to_string(getpid())));
  }
  const int status = in_child([&] {
    const auto journal = Journal::open(plan, clock);
    if (journal) kill(getpid(), SIGKILL);
    return 1;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(Journal::open(plan, clock));
}

TEST_CASE("reading needs no lock and works beside a writer") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  const auto none = Journal::open_for_reading(plan, clock);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kNotFound);

  auto writer = Journal::open(plan, clock);
  REQUIRE(writer);
  const auto write = writer->begin_write(Phase::kSwap, "abc", {one_change()});
  REQUIRE(write);
  auto reader = Journal::open_for_reading(plan, clock);
  REQUIRE(reader);
  CHECK(reader->history()->writes.size() == 1);
  CHECK(writer->record_intent(*write, one_step()));
  CHECK(reader->history()->writes.at(0).intents.size() == 1);
  CHECK_FALSE(reader->record_event(Phase::kSwap, "x", "y"));
}

TEST_CASE("a reader that keeps reading never sees half a transaction and never stops the writer") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  REQUIRE(Journal::open(plan, clock));
  const pid_t pid = fork();
  if (pid == 0) {
    auto writer = Journal::open(plan, clock);
    if (!writer) _exit(2);
    for (int i = 0; i < 40; ++i)
      if (!writer->begin_write(Phase::kSwap, "abc", {one_change(), one_change()})) _exit(3);
    _exit(0);
  }
  auto reader = Journal::open_for_reading(plan, clock);
  REQUIRE(reader);
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    const auto history = reader->history();
    REQUIRE(history);
    for (const WriteRecord& write : history->writes) REQUIRE(write.changes.size() == 2);
  }
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(reader->history()->writes.size() == 40);
}

TEST_CASE("killed at each boundary, the journal holds what was durable before it and nothing twice") {
  struct Row {
    const char* at;
    std::size_t writes, intents, outcomes;
    WriteState state;
  };
  const Row rows[] = {
      {"journal-begin-before", 0, 0, 0, WriteState::kOpen},   {"journal-begin-after", 1, 0, 0, WriteState::kOpen},
      {"journal-intent-before", 1, 0, 0, WriteState::kOpen},  {"journal-intent-after", 1, 1, 0, WriteState::kOpen},
      {"journal-outcome-before", 1, 1, 0, WriteState::kOpen}, {"journal-outcome-after", 1, 1, 1, WriteState::kOpen},
      {"journal-end-before", 1, 1, 1, WriteState::kOpen},     {"journal-end-after", 1, 1, 1, WriteState::kDone},
  };
  for (const Row& row : rows) {
    INFO(row.at);
    TemporaryFolder folder;
    VirtualClock clock(kStart);
    const Plan plan = plan_in(folder.path());
    const int status = in_child([&] {
      setenv("CUTOVER_KILL_AT", row.at, 1);
      auto journal = Journal::open(plan, clock);
      const auto write = journal->begin_write(Phase::kSwap, "abc", {one_change()});
      const auto intent = journal->record_intent(*write, one_step());
      return journal->record_outcome(*intent, StepOutcome::kApplied, "") &&
                     journal->end_write(*write, WriteState::kDone)
                 ? 0
                 : 1;
    });
    CHECK(WIFSIGNALED(status));
    auto journal = Journal::open(plan, clock);
    REQUIRE(journal);
    const auto history = journal->history();
    REQUIRE(history->writes.size() == row.writes);
    if (row.writes == 0) continue;
    CHECK(history->writes[0].changes == std::vector{one_change()});
    CHECK(history->writes[0].state == row.state);
    REQUIRE(history->writes[0].intents.size() == row.intents);
    if (row.intents > 0) CHECK(history->writes[0].intents[0].outcome.has_value() == (row.outcomes > 0));
  }
}

TEST_CASE("killed in the middle of many commits, every acknowledged record is there") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  std::size_t acknowledged = 0;
  for (int round = 0; round < 4; ++round) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t pid = fork();
    if (pid == 0) {
      close(ends[0]);
      auto journal = Journal::open(plan, clock);
      const auto write = journal->begin_write(Phase::kSwap, "abc", {one_change()});
      while (journal->record_intent(*write, one_step()))
        if (::write(ends[1], "x", 1) != 1) _exit(1);
      _exit(1);
    }
    close(ends[1]);
    char byte = 0;
    for (int i = 0; i < 20 + 7 * round; ++i) REQUIRE(read(ends[0], &byte, 1) == 1);
    kill(pid, SIGKILL);
    acknowledged += static_cast<std::size_t>(20 + 7 * round);
    while (read(ends[0], &byte, 1) == 1) ++acknowledged;
    close(ends[0]);
    REQUIRE(waitpid(pid, nullptr, 0) == pid);

    auto journal = Journal::open(plan, clock);
    REQUIRE(journal);
    const auto history = journal->history();
    std::size_t found = 0;
    for (const WriteRecord& write : history->writes) found += write.intents.size();
    // The kill may fall between a commit and its acknowledgement, once a round.
    CHECK(found >= acknowledged);
    CHECK(found <= acknowledged + static_cast<std::size_t>(round) + 1);
    CHECK(history->writes.size() == static_cast<std::size_t>(round) + 1);
  }
}

TEST_CASE("a journal that is not ours, of another version or damaged is refused and stays as it is") {
  TemporaryFolder folder;
  VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  const auto file = folder.path() / "move.cutover" / "journal.db";
  {
    auto journal = Journal::open(plan, clock);
    REQUIRE(journal);
    for (int i = 0; i < 50; ++i) REQUIRE(journal->record_event(Phase::kSwap, "kind", std::string(500, 'x')));
  }
  std::string expected;
  SECTION("another version") {
    run_sql(file, "PRAGMA user_version=2");
    expected = "has version 2";
  }
  SECTION("another application") {
    run_sql(file, "PRAGMA application_id=1");
    expected = "another application";
  }
  SECTION("not a database") {
    std::ofstream(file, std::ios::trunc) << "version: 1\n";
    expected = "is not a SQLite database";
  }
  SECTION("empty") {
    std::ofstream(file, std::ios::trunc).flush();
    expected = "is not a SQLite database";
  }
  SECTION("bytes gone wrong inside") {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(file);
    for (std::uintmax_t at = 4096; at < size; at += 512) {
      out.seekp(static_cast<std::streamoff>(at));
      out.write("\xde\xad\xbe\xef\xde\xad\xbe\xef", 8);
    }
    expected = "is damaged";
  }
  SECTION("cut off") {
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    expected = "is damaged";
  }
  const std::string before = bytes_of(file);
  for (const auto open : {&Journal::open, &Journal::open_for_reading}) {
    const auto journal = open(plan, clock);
    REQUIRE_FALSE(journal);
    CHECK(journal.error().code == ErrorCode::kCorrupt);
    CHECK_THAT(journal.error().message, Catch::Contains(expected) && Catch::Contains("nothing was changed"));
    CHECK(bytes_of(file) == before);
  }
}

namespace {

/// Fills the journal until it says no, then makes room and checks that every acknowledged event is still there
/// and that it goes on. 0 when all is well; runs in a child.
int fill_and_recover(const Plan& plan, const std::function<void()>& make_room) {
  VirtualClock clock(kStart);
  auto journal = Journal::open(plan, clock);
  if (!journal) return 10;
  std::size_t written = 0;
  Result<void> result;
  while ((result = journal->record_event(Phase::kSwap, "kind", std::string(2000, 'x'))).ok())
    if (++written > 2000) return 11;
  if (result.error().code != ErrorCode::kIo || result.error().message.find("disk full") == std::string::npos) return 12;
  const auto write = journal->begin_write(Phase::kSwap, "abc", std::vector<ChangeSet>(200, one_change()));
  if (write || write.error().code != ErrorCode::kIo) return 13;
  if (journal->history()->events.size() != written) return 14;
  make_room();
  if (!journal->record_event(Phase::kSwap, "kind", "room again")) return 15;
  const auto history = journal->history();
  return history->events.size() == written + 1 && history->writes.empty() ? 0 : 16;
}

}  // namespace

TEST_CASE("full disk, as a file size limit: an error, nothing lost, and on it goes with room") {
  TemporaryFolder folder;
  const int status = in_child([&] {
    signal(SIGXFSZ, SIG_IGN);
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t all = limit.rlim_max;
    limit.rlim_cur = 200 * 1024;
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) return 20;
    return fill_and_recover(plan_in(folder.path()), [&] {
      limit.rlim_cur = all;
      setrlimit(RLIMIT_FSIZE, &limit);
    });
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("full disk, as a small file system: an error, nothing lost, and on it goes with room") {
  TemporaryFolder folder;
  const int status = in_child([&] {
    // Root mounts in a mount namespace of its own, everyone else in a user namespace.
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return 77;
    mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr);
    if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=512k") != 0) return 77;
    return fill_and_recover(plan_in(folder.path()),
                            [&] { mount("none", folder.path().c_str(), "tmpfs", MS_REMOUNT, "size=8m"); });
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) {
    WARN("NOT RUN: this user may not mount a file system here; the file size limit above stands in for it");
  } else {
    CHECK(WEXITSTATUS(status) == 0);
  }
}

TEST_CASE("a baseline and notices are kept; a journal of before has none, and takes them all the same") {
  const TemporaryFolder folder;
  const VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  { REQUIRE(Journal::open(plan, clock)); }
  const auto file = (folder.path() / "move.cutover" / "journal.db").string();
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  sqlite3_exec(db, "DROP TABLE IF EXISTS baseline; DROP TABLE IF EXISTS notice", nullptr, nullptr, nullptr);
  sqlite3_close(db);

  auto journal = Journal::open(plan, clock);
  REQUIRE(journal);
  CHECK(journal->history()->baselines.empty());
  CHECK(journal->notices_since(Instant{})->empty());
  BaselineEntry entry;
  entry.name = dn("www.example.com.");
  entry.answered = 3;
  entry.body_hash = "ab";
  REQUIRE(journal->record_baseline({kStart, "hash", {entry}}));
  REQUIRE(journal->record_notice({kStart - Seconds(10), "env/HOOK", "phase: swap", true}));
  REQUIRE(journal->record_notice({kStart, "env/HOOK", "phase: swap", false}));
  const auto history = journal->history();
  REQUIRE(history);
  REQUIRE(history->baselines.size() == 1);
  CHECK(history->baselines[0].at == kStart);
  CHECK(history->baselines[0].entries.at(0).answered == 3);
  CHECK(journal->notices_since(kStart - Seconds(60))->size() == 2);
  const auto late = journal->notices_since(kStart);
  REQUIRE(late->size() == 1);
  CHECK_FALSE(late->at(0).sent);
  CHECK(late->at(0).fingerprint == "phase: swap");
}

TEST_CASE("who watches beside the writer keeps nobody out, and sees what the writer does") {
  const TemporaryFolder folder;
  const VirtualClock clock(kStart);
  const Plan plan = plan_in(folder.path());
  CHECK(Journal::open_beside(plan, clock).error().code == ErrorCode::kNotFound);
  auto writer = Journal::open(plan, clock);
  REQUIRE(writer);
  auto beside = Journal::open_beside(plan, clock);
  REQUIRE(beside);
  REQUIRE(beside->record_event(Phase::kMonitor, "summary", "all is well"));
  REQUIRE(writer->begin_write(Phase::kSwap, "hash", {one_change()}));
  CHECK(beside->history()->writes.size() == 1);
  CHECK(writer->history()->events.size() == 1);
  CHECK(to_text(writer->history()->events[0].phase) == "monitor");
}
