#pragma once
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "dnsprobe/forecast.h"
#include "dnsprobe/schedule.h"
#include "dnsprobe/watch.h"

namespace cutover::dnsprobe {

/// The memory of a watch: which question is due, what an answer means, where everybody stands. Knows no socket and no
/// clock, so that a whole watch can be played through in a test. Expectations and resolvers must outlive it.
class Survey {
 public:
  struct Question {
    std::uint64_t ticket = 0;  ///< comes back with the answer
    std::size_t resolver = 0;
    std::size_t key = 0;
  };

  Survey(const std::vector<Expectation>& expectations, const std::vector<Resolver>& resolvers, Terms terms,
         std::uint32_t seed, Instant now);

  /// The next question that is due at `now`, taken: it is under way until answered(). nullopt: none is due.
  std::optional<Question> take(Instant now);
  /// When the next question is due, apart from those under way; empty: nobody is to be asked again.
  std::optional<Instant> next_due() const;
  /// Judges the answer to a question that was taken, and plans the next one.
  WatchEvent answered(std::uint64_t ticket, const Sample& sample);
  /// How many questions of this ticket have been answered or given up.
  std::uint32_t asked(std::uint64_t ticket) const { return tracks_[ticket].standing.asked; }
  /// The question under way takes so long that it shall not hold up convergence: the answers before it stand, and the
  /// one to come is judged as ever.
  void mark_slow(std::uint64_t ticket);

  /// See Tally: `now` never goes back.
  Forecast forecast(Instant now) { return tally_.at(now); }
  Tally::Outlook outlook(Instant now) { return tally_.outlook(now); }
  std::size_t size() const { return tracks_.size(); }
  /// Nobody is to be asked again and nothing is under way.
  bool exhausted() const { return queue_.empty() && under_way_ == 0; }
  /// Every resolver has been asked for every record set at least once.
  bool everyone_asked() const { return unasked_ == 0; }
  std::size_t under_way() const { return under_way_; }
  /// Those of them that are not slow.
  std::size_t quick_under_way() const { return under_way_ - slow_; }
  std::optional<Instant> last_old_seen_at() const { return last_old_seen_at_; }
  std::vector<TrackResult> results() const;

 private:
  void note_late_authority(std::uint64_t ticket);
  void raise_bound(Instant bound, Instant now);

  struct Track {
    Turn turn;
    ResolverHistory history;
    Standing standing;
    Observation last;
    std::optional<Instant> first_new_at;
    std::optional<Instant> last_old_at;
    TtlFinding ttl;
    bool is_slow = false;     ///< its question under way
    bool was_behind = false;  ///< its last old answer came fresh from an authority
  };
  struct Due {
    Instant at;
    std::size_t track;
    friend bool operator>(const Due& a, const Due& b) { return a.at != b.at ? a.at > b.at : a.track > b.track; }
  };

  const std::vector<Expectation>& expectations_;
  const std::vector<Resolver>& resolvers_;
  const int samples_;
  Pace pace_;
  Tally tally_;
  std::vector<Track> tracks_;  ///< resolver-major
  std::priority_queue<Due, std::vector<Due>, std::greater<>> queue_;
  std::size_t under_way_ = 0;
  std::size_t slow_ = 0;
  std::size_t unasked_ = 0;
  std::optional<Instant> last_old_seen_at_;
};

}  // namespace cutover::dnsprobe
