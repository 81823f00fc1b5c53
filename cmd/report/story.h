#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/phases/monitor.h"
#include "cmd/phases/plan_view.h"
#include "cmd/phases/rehearse.h"
#include "cmd/phases/watch.h"
#include "cmd/plan/gate.h"
#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"

namespace cutover {

/// What an answer means for somebody who looks at a picture: four classes instead of twelve verdicts.
/// kNew: the value that is spreading. kOld: old, old-past-ttl, behind, stale or mixed. kOther: other, negative,
/// servfail. kSilent: refused, filtered, intercepted, unreachable, or not asked yet.
enum class Side : std::uint8_t { kSilent, kNew, kOld, kOther };
std::string_view to_text(Side side);
Side side_of(dnsprobe::Verdict verdict);

/// One phase on the phase line.
struct StoryPhase {
  enum class State { kAhead, kNow, kDone, kPartial };
  Phase phase = Phase::kAssess;
  std::optional<Phase> of;  ///< kWatch: the write whose spreading it watches
  State state = State::kAhead;
  std::optional<Instant> started;
  std::optional<Instant> ended;
  std::string text;  ///< one sentence for people
};
std::string_view to_text(StoryPhase::State state);

/// How far one record set has come, by levels; an empty instant: not yet.
struct StorySet {
  DomainName zone;
  RecordKey key;
  std::optional<RecordSet> before;
  std::optional<RecordSet> after;
  std::optional<Instant> accepted;       ///< the provider took the call
  std::optional<Instant> authoritative;  ///< every name server, every address
  std::optional<Instant> sampled;        ///< resolvers agree, see dnsprobe::Level
  std::optional<Instant> bounded;        ///< no cache that honours TTLs holds the old answer
};

struct StoryResolver {
  std::string id;
  std::string operator_name;
  std::string country;                         ///< ISO 3166 alpha-2; empty: everywhere or not known
  std::string continent;                       ///< `Europe`; empty where `country` is
  std::string place;                           ///< city; empty where not known
  std::optional<dnsprobe::Location> location;  ///< only where its site is known
  Side side = Side::kSilent;                   ///< over all record sets: old before other before silent before new
  std::string verdict;                         ///< the one that decided `side`
  std::optional<Instant> expires_at;           ///< the longest-lived old entry seen there
};

/// One resolver changed sides. All curves are made of these.
struct Turn {
  Instant at{};
  std::size_t resolver = 0;  ///< index into Propagation::resolvers
  Side side = Side::kSilent;
};

/// The spreading of one write: the swap, or the rollback that undid it.
struct Propagation {
  Phase of = Phase::kSwap;
  Instant served_at{};                ///< every authoritative address served the new values
  Instant bound{};                    ///< sound; see dnsprobe::Forecast::bound
  std::optional<Instant> observed;    ///< see dnsprobe::Forecast::observed
  std::optional<Instant> sampled_at;  ///< the level `sampled` was reached, and not lost again
  std::optional<Instant> converged_at;
  std::optional<Instant> ended_at;  ///< nobody watches any more, converged or not
  std::string level;                ///< of dnsprobe::Level
  std::string why;                  ///< what is still missing, or that it has converged
  std::vector<StoryResolver> resolvers;
  std::vector<Turn> turns;  ///< oldest first
};

/// The one question of everybody who looks: can I go on, and if not, when?
struct StoryAnswer {
  bool go = false;
  std::string headline;             ///< one sentence
  std::string next;                 ///< what to do, a command where there is one
  std::optional<Instant> opens_at;  ///< when time alone makes `go` true
};

/// The whole account of one cutover at one moment, as a value: the terminal, the live page, the report and the
/// metrics are pictures of it, and none of them knows more.
struct Story {
  std::string plan_name;
  std::string plan_file;  ///< its name without folders
  std::string plan_hash;
  Instant now{};
  bool rehearsal = false;
  StoryAnswer answer;
  std::vector<StoryPhase> phases;  ///< in the order of a cutover
  std::vector<Gate> gates;         ///< before the next write
  std::vector<StorySet> sets;
  std::vector<Propagation> propagation;  ///< oldest first; the last one is the live one
  std::vector<CheckRecord> checks;       ///< finished preflights, oldest first
  std::vector<CheckRecord> monitoring;   ///< finished monitors, oldest first
  std::optional<MonitorReport> monitor;  ///< the last round of a monitor that runs; those who run it put it there
  std::vector<WriteRecord> writes;
  std::vector<OverrideRecord> overrides;
  std::vector<EventRecord> events;
  std::optional<Instant> standby_until;      ///< the old side is the way back until then; empty: nothing stands swapped
  bool restore_overdue = false;              ///< the original TTLs should be back by now
  std::vector<EstimateCheck> estimates;      ///< estimates against truth; a rehearsal only
  std::optional<Availability> availability;  ///< what visitors met; a rehearsal only
};

/// From what is on disk: no packet is sent. `facts` as for status_of(); `gates` as the caller last saw them, or empty:
/// those that plan and journal can tell.
Result<Story> story_of(const Plan& plan, const Journal& journal, const std::vector<DrainFacts>& facts,
                       std::vector<Gate> gates, Instant now);

/// The same of a rehearsal; `plan` is the one that is rehearsed, as the person wrote it.
Result<Story> story_of(const RehearsalMoment& moment, const Plan& plan);

/// Keeps a Propagation up to date while a watch runs: give it everything a WatchSink is told.
class SpreadingStory {
 public:
  explicit SpreadingStory(const WatchQuestions& questions);
  /// The same out of the journal: watches of one write, oldest first, and every answer since the first of them began.
  SpreadingStory(Phase of, const std::vector<const WatchRecord*>& watches, const std::vector<ResolverRecord>& answers);

  void take(const dnsprobe::WatchEvent& event);
  const Propagation& now() const { return propagation_; }

 private:
  struct Answer {
    std::size_t resolver = 0;
    std::size_t key = 0;
    dnsprobe::Verdict verdict = dnsprobe::Verdict::kUnreachable;
    Instant at{};
    std::optional<Instant> expires;
  };
  struct Held {
    std::optional<dnsprobe::Verdict> verdict;  ///< empty: not asked yet
    std::optional<Instant> old_until;
  };
  void make_room(std::size_t keys);
  void take(const Answer& answer);
  void take(const WatchMark& mark);

  Propagation propagation_;
  std::size_t keys_ = 0;
  std::vector<Held> held_;  ///< resolver-major
};

/// Puts the latest of a running watch into the story: propagation, levels, answer and phase line. `story` is what
/// story_of() made when the watch began, or later; of the same write.
void update(Story& story, const Propagation& spreading, Instant now);

}  // namespace cutover
