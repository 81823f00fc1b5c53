#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/plan/monitoring.h"
#include "cmd/plan/plan.h"
#include "core/change_set.h"
#include "core/check.h"
#include "core/clock.h"
#include "dnsprobe/resolver.h"
#include "net/authority.h"
#include "providers/provider.h"

namespace cutover {

enum class Phase { kAssess, kLowerTtl, kPreflight, kSwap, kWatch, kRollback, kRestoreTtl, kBaseline, kMonitor };
std::string_view to_text(Phase phase);
Result<Phase> phase_from_text(std::string_view text);

/// How one provider call ended, as far as is known.
enum class StepOutcome {
  kApplied,
  kNotApplied,  ///< the provider said no, or the live zone shows it never happened
  kUnknown,     ///< sent, no answer: must be settled from the live zone before anything else
  kForeign,     ///< settled from the live zone: somebody else has changed these sets since
};
std::string_view to_text(StepOutcome outcome);

enum class WriteState {
  kOpen,  ///< begun and not ended: the process died, or is at it
  kDone,
  kNotApplied,  ///< ended without any change
  kPartial,     ///< some steps applied, some not
};
std::string_view to_text(WriteState state);

struct IntentRecord {
  std::int64_t id = 0;
  Instant at{};
  providers::Step step;
  std::optional<StepOutcome> outcome;  ///< the latest recorded (kUnknown may be settled later); empty: none
  Instant outcome_at{};
  std::string reply;
};

/// One writing command: what it set out to do, call by call, and how far it came.
struct WriteRecord {
  std::int64_t id = 0;
  Phase phase = Phase::kSwap;
  std::string plan_hash;
  Instant started{};
  std::optional<Instant> ended;
  WriteState state = WriteState::kOpen;
  std::vector<ChangeSet> changes;  ///< one per zone; `before` sides are the before-images
  std::vector<IntentRecord> intents;
  std::optional<Instant> authoritative_at;  ///< when every authoritative address served the result
};

/// One sweep over the authoritative servers of a zone.
struct SweepRecord {
  std::int64_t id = 0;
  Phase phase = Phase::kLowerTtl;
  DomainName zone;
  std::vector<std::string> servers;          ///< labels
  std::vector<std::string> without_address;  ///< NS names that did not resolve
  net::AuthoritySweep sweep;
};

struct OverrideRecord {
  Instant at{};
  Phase phase = Phase::kSwap;
  std::string gate;
  std::string reason;
};

/// A finished set of checks (preflight).
struct CheckRecord {
  Instant at{};
  Phase phase = Phase::kPreflight;
  std::string plan_hash;
  bool passed = false;
  std::vector<Check> checks;
};

/// One answer of one resolver (or of one cache behind it).
struct ResolverRecord {
  Instant at{};
  Phase phase = Phase::kWatch;
  std::string resolver;
  std::string operator_name;
  RecordKey key;
  std::string verdict;
  std::optional<Seconds> ttl;  ///< remaining, of the judged link
  std::vector<std::string> rdata;
  std::string detail;
};

/// One round of questions to resolvers about every existing record set of a zone that the swap changes:
/// what the drain gate wants when a serial moved and nobody saw why.
struct ResolverSweepRecord {
  Instant at{};  ///< receipt of the last answer
  DomainName zone;
  std::size_t asked = 0;               ///< resolvers
  std::size_t answered = 0;            ///< resolvers with a usable answer for every record set
  std::optional<Seconds> highest_ttl;  ///< the longest remaining TTL that any of them showed
};

/// A moment worth telling: phase started, gate opened, converged, clock skew seen.
struct EventRecord {
  Instant at{};
  Phase phase = Phase::kSwap;
  std::string kind;
  std::string text;
};

/// Whom a watch asks.
struct WatchedResolver {
  std::string id;
  std::string operator_name;
  std::string country;  ///< ISO 3166 alpha-2; empty where it has none
  std::string place;
  std::optional<dnsprobe::Location> location;
};

/// How far a watch has come: noted when its level changes, and at its end.
struct WatchMark {
  Instant at{};
  std::string level;  ///< of dnsprobe::Level
  Instant bound{};
  std::optional<Instant> observed;
  std::optional<Instant> converged_at;
  std::string why;
  bool is_last = false;
};

/// One watch: the frame of the answers (resolver_records()) that came while it ran.
struct WatchRecord {
  std::int64_t id = 0;
  std::int64_t write = 0;  ///< the write whose spreading is watched
  Instant begun{};
  Instant served_at{};  ///< every authoritative address served the new values
  Instant bound{};      ///< as known at the beginning
  std::vector<RecordKey> keys;
  std::vector<WatchedResolver> resolvers;
  std::vector<WatchMark> marks;  ///< oldest first
};

/// What the old side was like before the swap.
struct BaselineRecord {
  Instant at{};
  std::string plan_hash;
  std::vector<BaselineEntry> entries;
};

/// One notice at one hook: what rates are limited by. Holds no URL.
struct NoticeRecord {
  Instant at{};
  std::string hook;         ///< as the plan names it: `env/HOOK_URL`
  std::string fingerprint;  ///< the same for the same notice
  bool sent = false;        ///< false: held back, or it failed
};

/// Everything the journal knows, oldest first. A value: gates and renderers work on it.
struct History {
  std::string plan_name;
  std::vector<WriteRecord> writes;
  std::vector<SweepRecord> sweeps;
  std::vector<OverrideRecord> overrides;
  std::vector<CheckRecord> checks;
  std::vector<EventRecord> events;
  std::vector<ResolverSweepRecord> resolver_sweeps;
  std::vector<BaselineRecord> baselines;
  std::vector<ResolverRecord> resolver_ceilings;  ///< answers with a TTL above the low one, after it was lowered

  /// The last write of a phase, or nullptr. The pointer lives as long as the value is unchanged.
  const WriteRecord* last_write(Phase phase) const;
};

/// The durable memory of one cutover: SQLite, one file beside the plan, rollback journal, synchronous
/// EXTRA, one writer (flock). Every record_* call is on disk when it returns.
class Journal {
 public:
  /// Opens or makes `<plan stem>.cutover/journal.db` beside the plan file and takes the writer's lock.
  /// kBusy: another cutover process holds it (its pid is named). kCorrupt: not ours, damaged, or of a
  /// newer version; nothing is changed then. kIo: disk full and the like.
  static Result<Journal> open(const Plan& plan, const Clock& clock);
  /// Without the lock, for a process that watches for days beside the commands that write DNS: it may record what no
  /// gate rests on (events, checks of its own, notices), and nothing else. kNotFound when there is none yet.
  static Result<Journal> open_beside(const Plan& plan, const Clock& clock);
  /// Without the lock, read-only; works while another process writes. kNotFound when there is none yet.
  static Result<Journal> open_for_reading(const Plan& plan, const Clock& clock);
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  /// Begins a write with the before-images. From here to end_write() it is "open".
  Result<std::int64_t> begin_write(Phase phase, const std::string& plan_hash, const std::vector<ChangeSet>& changes);
  Result<std::int64_t> record_intent(std::int64_t write, const providers::Step& step);
  Result<void> record_outcome(std::int64_t intent, StepOutcome outcome, const std::string& reply);
  Result<void> end_write(std::int64_t write, WriteState state);
  Result<void> record_authoritative(std::int64_t write, Instant at);

  Result<void> record_sweep(const SweepRecord& sweep);
  /// Gates and reasons, in one transaction.
  Result<void> record_overrides(Phase phase, const std::vector<std::pair<std::string, std::string>>& overrides);
  Result<void> record_checks(Phase phase, const std::string& plan_hash, bool passed, const std::vector<Check>& checks);
  Result<void> record_event(Phase phase, const std::string& kind, const std::string& text);
  /// Several of one kind, in one transaction.
  Result<void> record_events(Phase phase, const std::string& kind, const std::vector<std::string>& texts);
  Result<void> record_resolver_sweep(const ResolverSweepRecord& sweep);
  Result<void> record_baseline(const BaselineRecord& baseline);
  Result<void> record_notice(const NoticeRecord& notice);
  /// One transaction for all of them.
  Result<void> record_resolvers(const std::vector<ResolverRecord>& records);
  /// Begins a watch; its id, `begun` and marks are not looked at.
  Result<std::int64_t> begin_watch(const WatchRecord& watch);
  Result<void> record_watch_mark(std::int64_t watch, const WatchMark& mark);

  Result<History> history() const;
  /// Oldest first.
  Result<std::vector<NoticeRecord>> notices_since(Instant since) const;
  /// The last write of a phase, until record_authoritative() says since when it is served; nullopt: there is none.
  Result<std::optional<std::int64_t>> unconfirmed_write(Phase phase) const;
  /// Every resolver record, for reports; the history holds only those that gates need.
  Result<std::vector<ResolverRecord>> resolver_records(Phase phase) const;
  /// Every watch, oldest first; those of a program that did not note them yet are missing.
  Result<std::vector<WatchRecord>> watches() const;
  const std::filesystem::path& folder() const;

 private:
  struct Impl;
  enum class Rows { kReadOnly, kAdded };
  static Result<Journal> open_without_lock(const Plan& plan, const Clock& clock, Rows rows);
  explicit Journal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The state folder of a plan: `<plan stem>.cutover` beside the plan file.
std::filesystem::path state_folder(const Plan& plan);

}  // namespace cutover
