#include "cmd/plan/journal.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>
#include <stdexcept>

#include "cmd/plan/journal_codec.h"
#include "core/boundary.h"
#include "core/codec.h"
#include "core/text.h"
#include "net/loop.h"

namespace cutover {
namespace {

using journal_codec::from_micros;
using journal_codec::to_micros;

// "CuOv": tells our file from any other SQLite database.
constexpr std::uint32_t kApplicationId = 0x43754f76;
constexpr std::uint32_t kVersion = 1;
// A reader holds the shared lock for as long as it reads the history; a writer waits that long for its commit.
constexpr int kBusyTimeoutMs = 20000;

constexpr const char* kSchema = R"sql(
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE write (id INTEGER PRIMARY KEY, phase TEXT NOT NULL, plan_hash TEXT NOT NULL, started INTEGER NOT NULL,
  ended INTEGER, state TEXT NOT NULL, authoritative_at INTEGER);
CREATE TABLE change_set (write INTEGER NOT NULL REFERENCES write(id), ordinal INTEGER NOT NULL, zone TEXT NOT NULL,
  json TEXT NOT NULL, PRIMARY KEY (write, ordinal));
CREATE TABLE intent (id INTEGER PRIMARY KEY, write INTEGER NOT NULL REFERENCES write(id), at INTEGER NOT NULL,
  zone TEXT NOT NULL, ordinal INTEGER NOT NULL, summary TEXT NOT NULL, request TEXT NOT NULL, touches TEXT NOT NULL);
CREATE INDEX intent_of_write ON intent(write);
CREATE TABLE outcome (id INTEGER PRIMARY KEY, intent INTEGER NOT NULL REFERENCES intent(id), at INTEGER NOT NULL,
  outcome TEXT NOT NULL, reply TEXT NOT NULL);
CREATE INDEX outcome_of_intent ON outcome(intent);
CREATE TABLE sweep (id INTEGER PRIMARY KEY, phase TEXT NOT NULL, zone TEXT NOT NULL, finished INTEGER NOT NULL,
  json TEXT NOT NULL);
CREATE TABLE gate_override (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, phase TEXT NOT NULL, gate TEXT NOT NULL,
  reason TEXT NOT NULL);
CREATE TABLE check_run (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, phase TEXT NOT NULL, plan_hash TEXT NOT NULL,
  passed INTEGER NOT NULL, json TEXT NOT NULL);
CREATE TABLE event (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, phase TEXT NOT NULL, kind TEXT NOT NULL,
  text TEXT NOT NULL);
CREATE TABLE resolver_sweep (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, zone TEXT NOT NULL, asked INTEGER NOT NULL,
  answered INTEGER NOT NULL, highest_ttl_s INTEGER);
CREATE TABLE resolver_record (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, phase TEXT NOT NULL, resolver TEXT NOT NULL,
  operator TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL, verdict TEXT NOT NULL, ttl_s INTEGER,
  above_low INTEGER NOT NULL, rdata TEXT NOT NULL, detail TEXT NOT NULL);
CREATE INDEX resolver_ceiling ON resolver_record(id) WHERE above_low = 1;
CREATE INDEX resolver_of_phase ON resolver_record(phase);
)sql";

// Tables that came later and that gates do not need: a program that does not know them reads all the rest as ever, so
// the version stays. A journal of before has none until somebody writes to it.
constexpr const char* kLaterTables = R"sql(
CREATE TABLE IF NOT EXISTS watch (id INTEGER PRIMARY KEY, write INTEGER NOT NULL, begun INTEGER NOT NULL,
  json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS watch_mark (id INTEGER PRIMARY KEY, watch INTEGER NOT NULL, json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS baseline (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, plan_hash TEXT NOT NULL,
  json TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notice (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, hook TEXT NOT NULL,
  fingerprint TEXT NOT NULL, sent INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS notice_at ON notice(at);
)sql";

template <class E>
using Words = std::vector<std::pair<E, std::string_view>>;

const Words<Phase>& phases() {
  static const Words<Phase> words{{Phase::kAssess, "assess"},
                                  {Phase::kLowerTtl, "lower-ttl"},
                                  {Phase::kPreflight, "preflight"},
                                  {Phase::kSwap, "swap"},
                                  {Phase::kWatch, "watch"},
                                  {Phase::kRollback, "rollback"},
                                  {Phase::kRestoreTtl, "restore-ttl"},
                                  {Phase::kBaseline, "baseline"},
                                  {Phase::kMonitor, "monitor"}};
  return words;
}

const Words<StepOutcome>& step_outcomes() {
  static const Words<StepOutcome> words{{StepOutcome::kApplied, "applied"},
                                        {StepOutcome::kNotApplied, "not-applied"},
                                        {StepOutcome::kUnknown, "unknown"},
                                        {StepOutcome::kForeign, "foreign"}};
  return words;
}

const Words<WriteState>& write_states() {
  static const Words<WriteState> words{{WriteState::kOpen, "open"},
                                       {WriteState::kDone, "done"},
                                       {WriteState::kNotApplied, "not-applied"},
                                       {WriteState::kPartial, "partial"}};
  return words;
}

template <class E>
std::string_view word_of(const Words<E>& words, E value) {
  for (const auto& [each, word] : words)
    if (each == value) return word;
  return "?";
}

/// Reading the journal throws on damage; history() and its like turn that into kCorrupt in one place.
struct Damaged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

template <class E>
E value_of(const Words<E>& words, const std::string& text) {
  for (const auto& [each, word] : words)
    if (word == text) return each;
  throw Damaged("unknown word '" + printable(text) + "'");
}

template <class T>
T or_damaged(Result<T> result) {
  if (!result) throw Damaged(result.error().message);
  return *std::move(result);
}

constexpr std::string_view kWayOut =
    "nothing was changed. Keep the file for inspection, move it out of the folder, and put the zone back, where "
    "needed, "
    "with `cutover rollback --from-snapshot` and the newest snapshot-swap file in this folder";

Error corrupt(const std::filesystem::path& file, std::string_view what) {
  return fail(ErrorCode::kCorrupt, fmt::format("the journal {} {}; {}", file.string(), what, kWayOut));
}

Error io(const std::filesystem::path& path, std::string_view doing, int error) {
  const std::string_view hint =
      error == ENOSPC || error == EDQUOT ? " (disk full); make room and run the same command again" : "";
  return fail(ErrorCode::kIo, fmt::format("cannot {} {}: {}{}", doing, path.string(), std::strerror(error), hint));
}

Error from_sqlite(const SQLite::Exception& e, const std::filesystem::path& file, std::string_view doing) {
  switch (e.getErrorCode()) {
    case SQLITE_FULL:
      return fail(
          ErrorCode::kIo,
          fmt::format("cannot {} in the journal {}: disk full; what was recorded before is safe. {}", doing,
                      file.string(), "Make room and run the same command again: it goes on from the live zone"));
    case SQLITE_IOERR:
      return fail(ErrorCode::kIo,
                  fmt::format("cannot {} in the journal {}: {} (disk full, over quota, or a failing disk); "
                              "what was recorded before is safe. See to the disk and run the same command "
                              "again: it goes on from the live zone",
                              doing, file.string(), e.what()));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return corrupt(file, fmt::format("is damaged ({})", e.what()));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(ErrorCode::kBusy,
                  fmt::format("cannot {} in the journal {}: another program keeps it locked (a backup, "
                              "or sqlite3 left open?); end that one and run the same command again",
                              doing, file.string()));
    default:
      return fail(ErrorCode::kIo, fmt::format("cannot {} in the journal {}: {}", doing, file.string(), e.what()));
  }
}

std::uint32_t big_endian(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

/// Looks at the header (SQLite file format, section 1.3) without SQLite, so that a file that is not ours stays
/// untouched. Its fields never change after the rename that brings the file to life.
Result<void> check_header(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::array<char, 100> header{};
  if (!in) return io(file, "read", errno);
  in.read(header.data(), header.size());
  if (in.gcount() != static_cast<std::streamsize>(header.size()) ||
      std::memcmp(header.data(), "SQLite format 3", 16) != 0)
    return corrupt(file, "is not a SQLite database");
  if (big_endian(header.data() + 68) != kApplicationId) return corrupt(file, "is a database of another application");
  if (const auto version = big_endian(header.data() + 60); version != kVersion)
    return corrupt(file, fmt::format("has version {} and this program knows version {}: use the cutover that wrote it",
                                     version, kVersion));
  return {};
}

Result<void> sync_folder(const std::filesystem::path& folder) {
  const net::Descriptor fd(open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || fsync(fd.get()) != 0) return io(folder, "sync the folder", errno);
  return {};
}

Result<void> make_folder(const std::filesystem::path& folder) {
  if (mkdir(folder.c_str(), 0700) == 0) return sync_folder(folder.parent_path());
  if (errno != EEXIST) return io(folder, "make the state folder", errno);
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) return io(folder, "use as the state folder", ENOTDIR);
  return {};
}

/// Takes the writer's lock; it lasts as long as the descriptor, whatever becomes of the process.
Result<net::Descriptor> take_lock(const std::filesystem::path& folder) {
  const auto file = folder / "lock";
  net::Descriptor fd(open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return io(file, "open", errno);
  if (flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return io(file, "lock", errno);
    std::array<char, 32> holder{};
    const auto n = pread(fd.get(), holder.data(), holder.size() - 1, 0);
    const std::string pid(trim(std::string_view(holder.data(), n > 0 ? static_cast<std::size_t>(n) : 0)));
    return fail(
        ErrorCode::kBusy,
        fmt::format("another cutover process{} is working on this plan (it holds {}); wait for it to end, or look "
                    "with `cutover status`",
                    pid.empty() ? "" : " (pid " + printable(pid) + ")", file.string()));
  }
  const std::string pid = fmt::format("{}\n", getpid());
  if (ftruncate(fd.get(), 0) != 0 || pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()))
    return io(file, "write", errno);
  return fd;
}

/// The rollback journal stays beside the file, its header zeroed and synced at the end of each commit: as durable as
/// deleting it and syncing the folder, and a third of the time.
void set_pragmas(SQLite::Database& db) {
  db.setBusyTimeout(kBusyTimeoutMs);
  db.exec("PRAGMA journal_mode=PERSIST");
  db.exec("PRAGMA journal_size_limit=1048576");
  db.exec("PRAGMA synchronous=EXTRA");
  db.exec("PRAGMA foreign_keys=ON");
}

/// Makes the database under another name and renames it, so that journal.db is whole from its first moment.
Result<void> create_database(const std::filesystem::path& file, const std::string& plan_name, Instant now) {
  auto fresh = file;
  fresh += ".new";
  unlink(fresh.c_str());
  unlink((fresh.string() + "-journal").c_str());
  // One that was left behind by a file of this name would be played back into the new one.
  unlink((file.string() + "-journal").c_str());
  const net::Descriptor fd(open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return io(fresh, "make", errno);
  try {
    SQLite::Database db(fresh.string(), SQLite::OPEN_READWRITE);
    // Nobody reads it before the rename, and it is synced as a whole before that.
    db.exec("PRAGMA journal_mode=OFF");
    db.exec("PRAGMA synchronous=OFF");
    SQLite::Transaction transaction(db);
    db.exec(fmt::format("PRAGMA application_id={}", kApplicationId));
    db.exec(fmt::format("PRAGMA user_version={}", kVersion));
    db.exec(kSchema);
    db.exec(kLaterTables);
    SQLite::Statement meta(db, "INSERT INTO meta (key, value) VALUES ('plan_name', ?), ('created_us', ?)");
    meta.bind(1, plan_name);
    meta.bind(2, std::to_string(to_micros(now)));
    meta.exec();
    transaction.commit();
  } catch (const SQLite::Exception& e) {
    unlink(fresh.c_str());
    return from_sqlite(e, fresh, "make the tables");
  }
  if (fsync(fd.get()) != 0) return io(fresh, "write", errno);
  if (rename(fresh.c_str(), file.c_str()) != 0) return io(file, "make", errno);
  return sync_folder(file.parent_path());
}

}  // namespace

std::string_view to_text(Phase phase) { return word_of(phases(), phase); }
std::string_view to_text(StepOutcome outcome) { return word_of(step_outcomes(), outcome); }
std::string_view to_text(WriteState state) { return word_of(write_states(), state); }

Result<Phase> phase_from_text(std::string_view text) {
  std::vector<std::string> known;
  for (const auto& [phase, word] : phases()) {
    if (word == text) return phase;
    known.emplace_back(word);
  }
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no phase; the phases are {}", printable(text), join(known, ", ")));
}

const WriteRecord* History::last_write(Phase phase) const {
  for (auto at = writes.rbegin(); at != writes.rend(); ++at)
    if (at->phase == phase) return &*at;
  return nullptr;
}

std::filesystem::path state_folder(const Plan& plan) {
  return plan.file.parent_path() / (plan.file.stem().string() + ".cutover");
}

struct Journal::Impl {
  std::filesystem::path folder;
  std::filesystem::path file;
  const Clock& clock;
  Seconds low_ttl;
  net::Descriptor lock;  ///< empty when opened for reading
  SQLite::Database db;
  std::vector<SweepRecord> sweeps;  ///< those that history() has read so far: what is recorded never changes

  Impl(const Plan& plan, const Clock& clock_, net::Descriptor lock_)
      : folder(state_folder(plan)),
        file(folder / "journal.db"),
        clock(clock_),
        low_ttl(plan.ttl.during),
        lock(std::move(lock_)),
        // Readers too: after a crash in mid commit SQLite has to roll the file back before it can be read.
        db(file.string(), SQLite::OPEN_READWRITE, kBusyTimeoutMs) {}

  Result<void> verify() {
    SQLite::Statement check(db, "PRAGMA quick_check(1)");
    if (!check.executeStep() || check.getColumn(0).getString() != "ok")
      return corrupt(file, fmt::format("is damaged ({})", printable(check.getColumn(0).getString())));
    return {};
  }

  std::int64_t now() const { return to_micros(clock.now()); }

  /// Runs `body` as one transaction that is on disk when this returns.
  template <class F>
  Result<std::int64_t> commit(std::string_view doing, F&& body) {
    try {
      SQLite::Transaction transaction(db, SQLite::TransactionBehavior::IMMEDIATE);
      const std::int64_t id = body();
      transaction.commit();
      return id;
    } catch (const SQLite::Exception& e) {
      return from_sqlite(e, file, doing);
    }
  }

  template <class... Args>
  std::int64_t insert(const char* sql, const Args&... args) {
    SQLite::Statement statement(db, sql);
    int at = 0;
    (bind(statement, ++at, args), ...);
    if (statement.exec() != 1) throw SQLite::Exception("no such row", SQLITE_ERROR);
    return db.getLastInsertRowid();
  }

  static void bind(SQLite::Statement& s, int at, std::int64_t value) { s.bind(at, value); }
  static void bind(SQLite::Statement& s, int at, const std::string& value) { s.bind(at, value); }
  static void bind(SQLite::Statement& s, int at, std::string_view value) { s.bind(at, std::string(value)); }
  static void bind(SQLite::Statement& s, int at, const std::optional<Seconds>& value) {
    if (value) {
      s.bind(at, static_cast<std::int64_t>(value->count()));
    } else {
      s.bind(at);
    }
  }

  std::vector<WriteRecord> read_writes();
  void read_intents(std::vector<WriteRecord>& writes);
  void read_new_sweeps();
  std::vector<ResolverRecord> read_resolvers(const char* where, const std::optional<std::string>& argument);
};

namespace {

Result<void> done(const Result<std::int64_t>& id) {
  if (!id) return id.error();
  return {};
}

std::int64_t integer(SQLite::Statement& row, int column) { return row.getColumn(column).getInt64(); }
std::string text(SQLite::Statement& row, int column) { return row.getColumn(column).getString(); }
Instant instant(SQLite::Statement& row, int column) { return from_micros(integer(row, column)); }
Phase phase(SQLite::Statement& row, int column) { return value_of(phases(), text(row, column)); }
std::optional<Instant> maybe_instant(SQLite::Statement& row, int column) {
  return row.isColumnNull(column) ? std::nullopt : std::optional(instant(row, column));
}
std::optional<Seconds> maybe_seconds(SQLite::Statement& row, int column) {
  return row.isColumnNull(column) ? std::nullopt : std::optional(Seconds(integer(row, column)));
}
DomainName name(SQLite::Statement& row, int column) { return or_damaged(DomainName::from_text(text(row, column))); }

bool has_table(SQLite::Database& db, const char* table) { return db.tableExists(table); }

template <class F>
void each_row(SQLite::Database& db, const char* sql, F&& take) {
  SQLite::Statement row(db, sql);
  while (row.executeStep()) take(row);
}

}  // namespace

Journal::Journal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Result<Journal> Journal::open(const Plan& plan, const Clock& clock) {
  const auto folder = state_folder(plan);
  const auto file = folder / "journal.db";
  if (auto made = make_folder(folder); !made) return made.error();
  auto lock = take_lock(folder);
  if (!lock) return lock.error();
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    if (auto made = create_database(file, plan.name, clock.now()); !made) return made.error();
  if (auto ours = check_header(file); !ours) return ours.error();
  try {
    auto impl = std::make_unique<Impl>(plan, clock, *std::move(lock));
    if (auto whole = impl->verify(); !whole) return whole.error();
    set_pragmas(impl->db);
    if (!impl->db.tableExists("watch_mark")) impl->db.exec(kLaterTables);
    return Journal(std::move(impl));
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, file, "read");
  }
}

Result<Journal> Journal::open_without_lock(const Plan& plan, const Clock& clock, Rows rows) {
  const auto file = state_folder(plan) / "journal.db";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored))
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no journal yet ({}): nothing has been done with this plan", file.string()));
  if (auto ours = check_header(file); !ours) return ours.error();
  try {
    auto impl = std::make_unique<Impl>(plan, clock, net::Descriptor());
    if (rows == Rows::kReadOnly)
      impl->db.exec("PRAGMA query_only=ON");
    else
      set_pragmas(impl->db);
    if (auto whole = impl->verify(); !whole) return whole.error();
    return Journal(std::move(impl));
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, file, "read");
  }
}

Result<Journal> Journal::open_for_reading(const Plan& plan, const Clock& clock) {
  return open_without_lock(plan, clock, Rows::kReadOnly);
}

Result<Journal> Journal::open_beside(const Plan& plan, const Clock& clock) {
  return open_without_lock(plan, clock, Rows::kAdded);
}

Result<std::int64_t> Journal::begin_write(Phase phase, const std::string& plan_hash,
                                          const std::vector<ChangeSet>& changes) {
  boundary("journal-begin-before");
  auto id = impl_->commit("begin a write", [&] {
    const auto write = impl_->insert("INSERT INTO write (phase, plan_hash, started, state) VALUES (?, ?, ?, ?)",
                                     to_text(phase), plan_hash, impl_->now(), to_text(WriteState::kOpen));
    std::int64_t ordinal = 0;
    for (const ChangeSet& set : changes)
      impl_->insert("INSERT INTO change_set (write, ordinal, zone, json) VALUES (?, ?, ?, ?)", write, ++ordinal,
                    set.zone.text(), to_json(set));
    return write;
  });
  if (id) boundary("journal-begin-after");
  return id;
}

Result<std::int64_t> Journal::record_intent(std::int64_t write, const providers::Step& step) {
  boundary("journal-intent-before");
  auto id = impl_->commit("record an intent", [&] {
    return impl_->insert(
        "INSERT INTO intent (write, at, zone, ordinal, summary, request, touches) VALUES (?, ?, ?, ?, ?, ?, ?)", write,
        impl_->now(), step.zone.text(), static_cast<std::int64_t>(step.ordinal), step.summary, step.request,
        journal_codec::encode_keys(step.touches));
  });
  if (id) boundary("journal-intent-after");
  return id;
}

Result<void> Journal::record_outcome(std::int64_t intent, StepOutcome outcome, const std::string& reply) {
  boundary("journal-outcome-before");
  const auto id = impl_->commit("record an outcome", [&] {
    return impl_->insert("INSERT INTO outcome (intent, at, outcome, reply) VALUES (?, ?, ?, ?)", intent, impl_->now(),
                         to_text(outcome), reply);
  });
  if (id) boundary("journal-outcome-after");
  return done(id);
}

Result<void> Journal::end_write(std::int64_t write, WriteState state) {
  boundary("journal-end-before");
  const auto id = impl_->commit("end a write", [&] {
    return impl_->insert("UPDATE write SET ended = ?, state = ? WHERE id = ?", impl_->now(), to_text(state), write);
  });
  if (id) boundary("journal-end-after");
  return done(id);
}

Result<void> Journal::record_authoritative(std::int64_t write, Instant at) {
  boundary("journal-authoritative-before");
  const auto id = impl_->commit("record when the servers agreed", [&] {
    return impl_->insert("UPDATE write SET authoritative_at = ? WHERE id = ?", to_micros(at), write);
  });
  if (id) boundary("journal-authoritative-after");
  return done(id);
}

Result<void> Journal::record_sweep(const SweepRecord& sweep) {
  return done(impl_->commit("record a sweep", [&] {
    return impl_->insert("INSERT INTO sweep (phase, zone, finished, json) VALUES (?, ?, ?, ?)", to_text(sweep.phase),
                         sweep.zone.text(), to_micros(sweep.sweep.finished), journal_codec::encode_sweep(sweep));
  }));
}

Result<void> Journal::record_overrides(Phase phase, const std::vector<std::pair<std::string, std::string>>& overrides) {
  if (overrides.empty()) return {};
  return done(impl_->commit("record an override", [&] {
    std::int64_t last = 0;
    for (const auto& [gate, reason] : overrides)
      last = impl_->insert("INSERT INTO gate_override (at, phase, gate, reason) VALUES (?, ?, ?, ?)", impl_->now(),
                           to_text(phase), gate, reason);
    return last;
  }));
}

Result<void> Journal::record_checks(Phase phase, const std::string& plan_hash, bool passed,
                                    const std::vector<Check>& checks) {
  return done(impl_->commit("record checks", [&] {
    return impl_->insert("INSERT INTO check_run (at, phase, plan_hash, passed, json) VALUES (?, ?, ?, ?, ?)",
                         impl_->now(), to_text(phase), plan_hash, static_cast<std::int64_t>(passed),
                         journal_codec::encode_checks(checks));
  }));
}

Result<void> Journal::record_event(Phase phase, const std::string& kind, const std::string& text) {
  return done(impl_->commit("record an event", [&] {
    return impl_->insert("INSERT INTO event (at, phase, kind, text) VALUES (?, ?, ?, ?)", impl_->now(), to_text(phase),
                         kind, text);
  }));
}

Result<void> Journal::record_events(Phase phase, const std::string& kind, const std::vector<std::string>& texts) {
  if (texts.empty()) return {};
  return done(impl_->commit("record events", [&] {
    std::int64_t last = 0;
    for (const std::string& text : texts)
      last = impl_->insert("INSERT INTO event (at, phase, kind, text) VALUES (?, ?, ?, ?)", impl_->now(),
                           to_text(phase), kind, text);
    return last;
  }));
}

Result<std::int64_t> Journal::begin_watch(const WatchRecord& watch) {
  return impl_->commit("begin a watch", [&] {
    return impl_->insert("INSERT INTO watch (write, begun, json) VALUES (?, ?, ?)", watch.write, impl_->now(),
                         journal_codec::encode_watch(watch));
  });
}

Result<void> Journal::record_watch_mark(std::int64_t watch, const WatchMark& mark) {
  return done(impl_->commit("record how far a watch came", [&] {
    return impl_->insert("INSERT INTO watch_mark (watch, json) VALUES (?, ?)", watch, journal_codec::encode_mark(mark));
  }));
}

Result<void> Journal::record_resolver_sweep(const ResolverSweepRecord& sweep) {
  return done(impl_->commit("record a sweep of resolvers", [&] {
    return impl_->insert("INSERT INTO resolver_sweep (at, zone, asked, answered, highest_ttl_s) VALUES (?, ?, ?, ?, ?)",
                         to_micros(sweep.at), sweep.zone.text(), static_cast<std::int64_t>(sweep.asked),
                         static_cast<std::int64_t>(sweep.answered), sweep.highest_ttl);
  }));
}

Result<void> Journal::record_baseline(const BaselineRecord& baseline) {
  return done(impl_->commit("record the baseline", [&] {
    impl_->db.exec(kLaterTables);
    return impl_->insert("INSERT INTO baseline (at, plan_hash, json) VALUES (?, ?, ?)", to_micros(baseline.at),
                         baseline.plan_hash, to_json(baseline.entries));
  }));
}

Result<void> Journal::record_notice(const NoticeRecord& notice) {
  return done(impl_->commit("record a notice", [&] {
    impl_->db.exec(kLaterTables);
    return impl_->insert("INSERT INTO notice (at, hook, fingerprint, sent) VALUES (?, ?, ?, ?)", to_micros(notice.at),
                         notice.hook, notice.fingerprint, static_cast<std::int64_t>(notice.sent));
  }));
}

Result<void> Journal::record_resolvers(const std::vector<ResolverRecord>& records) {
  if (records.empty()) return {};
  return done(impl_->commit("record resolver answers", [&]() -> std::int64_t {
    SQLite::Statement row(
        impl_->db,
        "INSERT INTO resolver_record (at, phase, resolver, operator, name, type, verdict, ttl_s, above_low, "
        "rdata, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    for (const ResolverRecord& record : records) {
      row.reset();
      row.bind(1, to_micros(record.at));
      row.bind(2, std::string(to_text(record.phase)));
      row.bind(3, record.resolver);
      row.bind(4, record.operator_name);
      row.bind(5, record.key.name.text());
      row.bind(6, to_text(record.key.type));
      row.bind(7, record.verdict);
      Impl::bind(row, 8, record.ttl);
      row.bind(9, record.ttl && *record.ttl > impl_->low_ttl ? 1 : 0);
      row.bind(10, journal_codec::encode_strings(record.rdata));
      row.bind(11, record.detail);
      row.exec();
    }
    return 0;
  }));
}

std::vector<WriteRecord> Journal::Impl::read_writes() {
  std::vector<WriteRecord> writes;
  each_row(db, "SELECT id, phase, plan_hash, started, ended, state, authoritative_at FROM write ORDER BY id",
           [&](auto& row) {
             WriteRecord write;
             write.id = integer(row, 0);
             write.phase = cutover::phase(row, 1);
             write.plan_hash = text(row, 2);
             write.started = instant(row, 3);
             write.ended = maybe_instant(row, 4);
             write.state = value_of(write_states(), text(row, 5));
             write.authoritative_at = maybe_instant(row, 6);
             writes.push_back(std::move(write));
           });
  const auto find = [&](std::int64_t id) -> WriteRecord& {
    const auto at = std::lower_bound(writes.begin(), writes.end(), id,
                                     [](const WriteRecord& w, std::int64_t i) { return w.id < i; });
    if (at == writes.end() || at->id != id)
      throw Damaged(fmt::format("something belongs to write {}, which is not there", id));
    return *at;
  };
  each_row(db, "SELECT write, json FROM change_set ORDER BY write, ordinal",
           [&](auto& row) { find(integer(row, 0)).changes.push_back(or_damaged(change_set_from_json(text(row, 1)))); });
  each_row(db, "SELECT write, id, at, zone, ordinal, summary, request, touches FROM intent ORDER BY id",
           [&](auto& row) {
             IntentRecord intent;
             intent.id = integer(row, 1);
             intent.at = instant(row, 2);
             intent.step = {name(row, 3), static_cast<int>(integer(row, 4)), text(row, 5), text(row, 6),
                            or_damaged(journal_codec::decode_keys(text(row, 7)))};
             find(integer(row, 0)).intents.push_back(std::move(intent));
           });
  read_intents(writes);
  return writes;
}

void Journal::Impl::read_new_sweeps() {
  SQLite::Statement row(db, "SELECT id, phase, json FROM sweep WHERE id > ? ORDER BY id");
  row.bind(1, sweeps.empty() ? std::int64_t{0} : sweeps.back().id);
  while (row.executeStep()) {
    SweepRecord sweep = or_damaged(journal_codec::decode_sweep(text(row, 2)));
    sweep.id = integer(row, 0);
    sweep.phase = cutover::phase(row, 1);
    sweeps.push_back(std::move(sweep));
  }
}

/// The last outcome of each intent counts.
void Journal::Impl::read_intents(std::vector<WriteRecord>& writes) {
  std::map<std::int64_t, IntentRecord*> intents;
  for (WriteRecord& write : writes)
    for (IntentRecord& intent : write.intents) intents[intent.id] = &intent;
  each_row(db, "SELECT intent, at, outcome, reply FROM outcome ORDER BY id", [&](auto& row) {
    const auto at = intents.find(integer(row, 0));
    if (at == intents.end()) throw Damaged("an outcome belongs to no intent");
    at->second->outcome_at = instant(row, 1);
    at->second->outcome = value_of(step_outcomes(), text(row, 2));
    at->second->reply = text(row, 3);
  });
}

std::vector<ResolverRecord> Journal::Impl::read_resolvers(const char* where,
                                                          const std::optional<std::string>& argument) {
  std::vector<ResolverRecord> records;
  SQLite::Statement row(
      db, fmt::format("SELECT at, phase, resolver, operator, name, type, verdict, ttl_s, rdata, detail FROM "
                      "resolver_record WHERE {} ORDER BY id",
                      where));
  if (argument) row.bind(1, *argument);
  while (row.executeStep()) {
    ResolverRecord record;
    record.at = instant(row, 0);
    record.phase = cutover::phase(row, 1);
    record.resolver = text(row, 2);
    record.operator_name = text(row, 3);
    record.key = {name(row, 4), or_damaged(record_type_from_text(text(row, 5)))};
    record.verdict = text(row, 6);
    record.ttl = maybe_seconds(row, 7);
    record.rdata = or_damaged(journal_codec::decode_strings(text(row, 8)));
    record.detail = text(row, 9);
    records.push_back(std::move(record));
  }
  return records;
}

Result<History> Journal::history() const {
  try {
    SQLite::Transaction one_moment(impl_->db);
    History history;
    each_row(impl_->db, "SELECT value FROM meta WHERE key = 'plan_name'",
             [&](auto& row) { history.plan_name = text(row, 0); });
    history.writes = impl_->read_writes();
    impl_->read_new_sweeps();
    history.sweeps = impl_->sweeps;
    each_row(impl_->db, "SELECT at, phase, gate, reason FROM gate_override ORDER BY id", [&](auto& row) {
      history.overrides.push_back({instant(row, 0), cutover::phase(row, 1), text(row, 2), text(row, 3)});
    });
    each_row(impl_->db, "SELECT at, phase, plan_hash, passed, json FROM check_run ORDER BY id", [&](auto& row) {
      history.checks.push_back({instant(row, 0), cutover::phase(row, 1), text(row, 2), integer(row, 3) != 0,
                                or_damaged(journal_codec::decode_checks(text(row, 4)))});
    });
    each_row(impl_->db, "SELECT at, phase, kind, text FROM event ORDER BY id", [&](auto& row) {
      history.events.push_back({instant(row, 0), cutover::phase(row, 1), text(row, 2), text(row, 3)});
    });
    each_row(
        impl_->db, "SELECT at, zone, asked, answered, highest_ttl_s FROM resolver_sweep ORDER BY id", [&](auto& row) {
          history.resolver_sweeps.push_back({instant(row, 0), name(row, 1), static_cast<std::size_t>(integer(row, 2)),
                                             static_cast<std::size_t>(integer(row, 3)), maybe_seconds(row, 4)});
        });
    if (has_table(impl_->db, "baseline"))
      each_row(impl_->db, "SELECT at, plan_hash, json FROM baseline ORDER BY id", [&](auto& row) {
        history.baselines.push_back({instant(row, 0), text(row, 1), or_damaged(baseline_from_json(text(row, 2)))});
      });
    history.resolver_ceilings = impl_->read_resolvers("above_low = 1", std::nullopt);
    return history;
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, impl_->file, "read the history");
  } catch (const Damaged& e) {
    return corrupt(impl_->file, fmt::format("is damaged ({})", e.what()));
  }
}

Result<std::vector<NoticeRecord>> Journal::notices_since(Instant since) const {
  try {
    std::vector<NoticeRecord> records;
    if (!has_table(impl_->db, "notice")) return records;
    SQLite::Statement row(impl_->db, "SELECT at, hook, fingerprint, sent FROM notice WHERE at >= ? ORDER BY id");
    row.bind(1, to_micros(since));
    while (row.executeStep()) records.push_back({instant(row, 0), text(row, 1), text(row, 2), integer(row, 3) != 0});
    return records;
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, impl_->file, "read the notices");
  }
}

Result<std::optional<std::int64_t>> Journal::unconfirmed_write(Phase phase) const {
  try {
    SQLite::Statement row(impl_->db, "SELECT id, authoritative_at FROM write WHERE phase = ? ORDER BY id DESC LIMIT 1");
    row.bind(1, std::string(to_text(phase)));
    if (!row.executeStep() || !row.isColumnNull(1)) return std::optional<std::int64_t>();
    return std::optional(integer(row, 0));
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, impl_->file, "look for the last write");
  }
}

Result<std::vector<ResolverRecord>> Journal::resolver_records(Phase phase) const {
  try {
    return impl_->read_resolvers("phase = ?", std::string(to_text(phase)));
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, impl_->file, "read the resolver answers");
  } catch (const Damaged& e) {
    return corrupt(impl_->file, fmt::format("is damaged ({})", e.what()));
  }
}

Result<std::vector<WatchRecord>> Journal::watches() const {
  try {
    std::vector<WatchRecord> watches;
    if (!impl_->db.tableExists("watch_mark")) return watches;
    SQLite::Transaction one_moment(impl_->db);
    std::map<std::int64_t, std::size_t> by_id;
    each_row(impl_->db, "SELECT id, write, begun, json FROM watch ORDER BY id", [&](auto& row) {
      WatchRecord watch = or_damaged(journal_codec::decode_watch(text(row, 3)));
      watch.id = integer(row, 0);
      watch.write = integer(row, 1);
      watch.begun = instant(row, 2);
      by_id[watch.id] = watches.size();
      watches.push_back(std::move(watch));
    });
    each_row(impl_->db, "SELECT watch, json FROM watch_mark ORDER BY id", [&](auto& row) {
      const auto at = by_id.find(integer(row, 0));
      if (at == by_id.end()) throw Damaged("a mark belongs to no watch");
      watches[at->second].marks.push_back(or_damaged(journal_codec::decode_mark(text(row, 1))));
    });
    return watches;
  } catch (const SQLite::Exception& e) {
    return from_sqlite(e, impl_->file, "read the watches");
  } catch (const Damaged& e) {
    return corrupt(impl_->file, fmt::format("is damaged ({})", e.what()));
  }
}

const std::filesystem::path& Journal::folder() const { return impl_->folder; }

}  // namespace cutover
