#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/forecast.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"
#include "dnsprobe/transport.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

struct WatchOptions {
  int samples = 2;                      ///< K
  double quorum_resolvers = 0.5;        ///< 0..1
  double quorum_operators = 0.5;        ///< 0..1
  std::vector<std::string> must;        ///< operators or addresses; see check_must()
  Instant give_up_at{};                 ///< by the clock
  std::uint32_t seed = 1;               ///< of the jitter; the same seed asks at the same times
  std::size_t in_flight = 256;          ///< questions under way at once
  TryOptions tries;                     ///< real time
  Span tick = std::chrono::seconds(1);  ///< a summary at most this often by the clock, and at most 20 a real second
  TransportFactory transport;           ///< empty: socket_transport()
};

/// Something to show or to journal. Indices are into the vectors given to watch().
struct WatchEvent {
  enum class Kind { kSample, kSummary };
  Kind kind = Kind::kSample;
  Instant at{};
  // kSample
  std::size_t resolver = 0;
  std::size_t key = 0;
  Observation observation;
  bool verdict_changed = false;  ///< differs from this resolver's last verdict for this record set (or is its first)
  // kSummary
  Forecast forecast;
};

enum class WatchEnd {
  kConverged,
  kGaveUp,     ///< give_up_at came while old answers, or too few new ones, were still seen
  kUndecided,  ///< too few answers to tell, at give_up_at or because nobody is left to ask
  kStopped,    ///< stop() said so
};
std::string_view to_text(WatchEnd end);

/// The whole story of one resolver and one record set.
struct TrackResult {
  std::size_t resolver = 0;
  std::size_t key = 0;
  Observation last;  ///< the last answer; verdict unreachable when there never was one
  std::uint32_t asked = 0;
  std::size_t caches_seen = 0;  ///< distinct cache entries behind the address
  bool settled = false;         ///< K consecutive new answers
  std::optional<Instant> first_new_at;
  std::optional<Instant> last_old_at;
  TtlFinding ttl;  ///< what it was seen to do to TTLs
};

struct WatchResult {
  WatchEnd end = WatchEnd::kStopped;
  Instant started{};
  Instant ended{};
  Forecast forecast;                                  ///< at the end
  std::optional<Instant> observed_after_first_round;  ///< the observed estimate once everybody had been asked
  std::optional<Instant> converged_at;
  std::optional<Instant> last_old_seen_at;
  std::uint64_t questions = 0;
  std::vector<TrackResult> tracks;  ///< resolver-major, keys in the order given
};

/// Asks every resolver for every record set until it has converged, `give_up_at` comes or `stop` says so (asked at
/// least every 20 ms of real time, and after every answer). Give it questions whose new value is at every
/// authoritative server already: a question asked earlier would plant the old answer, or its absence, in caches.
/// Each sample goes to `sink` when it is judged. With honest resolvers it ends within about 2 s after the bound,
/// and never before the last cache turned. A question that takes more than a second of real time does not hold up
/// convergence any longer; it is still waited for otherwise. Runs on any clock; waits are in clock time, network
/// timeouts in real time.
WatchResult watch(net::Loop& loop, const Clock& clock, const std::vector<Expectation>& expectations,
                  const std::vector<Resolver>& resolvers, const WatchOptions& options,
                  const std::function<void(const WatchEvent&)>& sink, const std::function<bool()>& stop);

}  // namespace cutover::dnsprobe
