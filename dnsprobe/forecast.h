#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"
#include "dnsprobe/schedule.h"

namespace cutover::dnsprobe {

/// How far a change has come. Each level needs the one before. Traffic at the old side ("drained") is not seen here.
enum class Level { kNone, kAccepted, kInSync, kAuthoritative, kSampled, kBounded };
std::string_view to_text(Level level);

/// Where one resolver stands with one record set.
struct Standing {
  std::size_t resolver = 0;                 ///< index into the resolvers
  std::size_t key = 0;                      ///< index into the expectations
  Verdict current = Verdict::kUnreachable;  ///< of the last answer, data or not
  std::vector<Verdict> recent;              ///< of the last K answers that were data, oldest first
  std::optional<Instant> old_until;         ///< see dnsprobe::old_until()
  int consecutive_no_data = 0;
  Stage stage = Stage::kSampling;
  std::uint32_t asked = 0;                          ///< questions that were answered or given up
  std::optional<Ending> old_ending = std::nullopt;  ///< see dnsprobe::old_ending(); empty: only old_until is known
};

/// What has to be true to call it done.
struct Terms {
  int samples = 2;                ///< K
  double quorum_resolvers = 0.5;  ///< share of all resolvers asked, 0..1
  double quorum_operators = 0.5;  ///< share of all operators asked, 0..1
  std::vector<std::string> must;  ///< operator names or addresses (see is_named_by())
};

/// What stands behind the observed estimate. One entry per resolver and record set: the one there that ends last.
struct Spread {
  std::size_t entries = 0;  ///< old ones, seen and still alive
  Instant half{};           ///< by then half of them have ended, and
  Instant most{};           ///< by then nine in ten
  Instant earliest{};       ///< the last one ends at this moment at the earliest, and
  Instant latest{};         ///< at this one at the latest, if it honours its TTL
};

struct Forecast {
  Instant at{};
  Instant bound{};                  ///< sound: max over record sets of bound_of(), and see Tally::raise_bound()
  std::optional<Instant> observed;  ///< likely end of the longest-lived old entry seen and still alive; empty: none
  Spread spread;                    ///< of `observed`
  /// The old side may not be retired before this moment: no cache that honours TTLs gives the old answer any more, nor
  /// does any entry that was seen, however long it is kept. Not enough by itself: traffic has to have ended too.
  Instant retire_from{};
  std::size_t resolvers = 0, answered = 0, settled = 0;
  std::size_t operators = 0, operators_answered = 0, operators_settled = 0;
  std::array<std::size_t, kVerdictCount> counts{};  ///< resolver × record set, by current verdict, once asked
  std::vector<std::size_t> holding;                 ///< resolvers with an old answer among their last K
  std::vector<std::string> must_missing;            ///< entries of `must` that do not agree (yet)
  bool quorum_answered = false;                     ///< enough resolvers and operators gave data
  bool bounded = false;                             ///< the bound has passed
  bool sampled = false;                             ///< quorum settled, nobody holding, every must agrees
  bool converged = false;
  Level level = Level::kAuthoritative;
  std::string why;  ///< one sentence: what is still missing, or that it has converged
};

/// The two estimates, the level, and whether it has converged. Pure.
///
/// A resolver has *answered* when it gave data for every record set; it drops out again when its last three
/// questions brought no data and no old entry of it is alive (what it says today is then unknown). It is *settled*
/// when its last K data answers for every record set were new, and *holding* when any of them was old,
/// old-past-ttl, behind, stale or mixed. An operator has answered or settled when one of its resolvers has, and
/// none of its resolvers is holding for the latter.
///
/// Converged: the bound has passed by kBoundMargin; the quorums of resolvers and of operators are met by
/// those that answered *and* by those that settled; nobody is holding; every `must` entry has a settled resolver and
/// none that answered something else; every settled resolver has been asked once more after the bound; and no resolver
/// is in the middle of a round (nor still to be asked for the first time).
/// SERVFAIL, other and negative answers are data: they count as answered and not as settled, so that a few of
/// them do not hold convergence and many do. Refused, filtered and unreachable are no data: they stay in
/// the denominators and can only make an outcome undecided.
Forecast forecast(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers,
                  const std::vector<Standing>& standings, const Terms& terms, Instant now);

/// The same, kept up to date: it costs a few additions per change however many resolvers there are, and whether it is
/// over is known at any time without a look at everybody. Expectations and resolvers must outlive it.
class Tally {
 public:
  Tally(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers, Terms terms);

  /// Where this resolver now stands with this record set (see Standing::resolver and key). What was never given counts
  /// as nothing at all.
  void update(const Standing& standing);
  /// The old answer was served later than the expectations say: no cache can be taken to have turned before `bound`.
  void raise_bound(Instant bound) { bound_ = std::max(bound_, bound); }

  struct Outlook {
    bool quorum_answered = false;
    bool converged = false;
  };
  /// Those two of forecast(), cheaply. `now` never goes back.
  Outlook outlook(Instant now);
  /// forecast() of everything that was given to update().
  Forecast at(Instant now);

 private:
  /// What one standing adds.
  struct Share {
    Instant old_until{};  ///< the zero of time: nothing old is known
    Ending old_ending{};  ///< of the same entry
    Verdict current = Verdict::kUnreachable;
    bool asked = false, sampling = false, answered = false, settled = false, confirmed = false, holding = false;
    bool lapsing = false;  ///< its answers count only as long as something old of it is alive
  };
  /// One resolver over all record sets: how many of them.
  struct OfResolver {
    std::uint32_t answered = 0, settled = 0, confirmed = 0, holding = 0;
  };
  /// How many of its resolvers.
  struct OfOperator {
    std::uint32_t answered = 0, settled = 0, holding = 0;
  };
  enum class Sign { kAdd, kTakeAway };

  Share share_of(const Standing& standing) const;
  void replace(std::size_t track, const Share& share);
  void count(std::size_t track, Sign sign);
  void count_resolver(std::size_t resolver, Sign sign);
  void count_operator(std::size_t resolver, Sign sign);
  void let_lapse(Instant now);
  bool agrees(const std::vector<std::size_t>& named) const;
  bool quorum_answered() const;
  bool quorum_settled() const;
  bool is_sampled() const;
  void estimate(Instant now, Forecast& out) const;
  bool is_bounded(Instant now) const { return now >= bound_ + kBoundMargin; }

  const std::vector<Resolver>& resolvers_;
  const Terms terms_;
  const std::size_t keys_;
  Instant bound_{};
  std::vector<Share> shares_;  ///< resolver-major
  std::vector<OfResolver> of_resolvers_;
  std::vector<OfOperator> of_operators_;
  std::vector<std::uint32_t> operator_of_;               ///< by resolver
  std::vector<std::vector<std::size_t>> named_by_must_;  ///< resolvers, by entry of Terms::must
  std::array<std::size_t, kVerdictCount> counts_{};
  std::size_t sampling_ = 0;
  std::size_t answered_ = 0, settled_ = 0, unconfirmed_ = 0, holding_ = 0;
  std::size_t operators_answered_ = 0, operators_settled_ = 0;
  Instant next_lapse_ = Instant::max();
};

}  // namespace cutover::dnsprobe
