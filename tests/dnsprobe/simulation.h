#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dnsprobe/watch.h"

// Whole cutovers in virtual time. An authority with several name-server addresses turns to the new values, address by
// address; caches of the lab fetch from it for users who ask at random; and a Survey is played against their resolvers
// as dnsprobe::watch() plays it. The simulation knows who holds what until when, and holds the Survey's words to it.

namespace cutover::dnsprobe::simulated {

enum class Nature : std::uint8_t {
  kHonest,         ///< one cache; what has TTL 0 is gone
  kToZero,         ///< one cache, which still answers in the second in which it shows TTL 0
  kSeveral,        ///< two to five caches of either kind behind one address, each question meets any of them
  kShortMaximum,   ///< holds everything shorter than the TTL says
  kLongMinimum,    ///< and longer
  kServesExpired,  ///< RFC 8767, marked or not
  kKeepsPast,      ///< goes on with the old answer for a while, 30 s on it
  kFails,
  kRefuses,
  kFilters,
  kSilent,
  kBored,  ///< honest, but answers a few questions only
};
inline constexpr std::size_t kNatureCount = 12;
/// Whether its users never get an answer beyond its TTL (but for the rounding second).
bool honours_ttls(Nature nature);

/// What kind of world. Everything else is drawn from the seed: TTLs, what is changed, created and removed, how many
/// resolvers, when their users ask.
struct Mix {
  std::string name;
  std::array<int, kNatureCount> shares{};  ///< weights, by Nature
  double loss = 0;                         ///< of single datagrams, 0..1
  std::chrono::milliseconds longest_way{60};
  /// A site of one name-server address that we do not see turns later than all that we see.
  enum class Lag {
    kNone,
    kDeclared,    ///< within the settle time
    kUndeclared,  ///< there is no settle time
  };
  Lag lag = Lag::kNone;
};
/// Those of the error table, from honest caches to everything at once.
std::vector<Mix> mixes();

struct Outcome {
  WatchEnd end = WatchEnd::kStopped;
  bool is_false = false;        ///< converged, while a resolver that answers and honours TTLs could give the old answer
  bool others_are_old = false;  ///< converged, while one that does not honour TTLs could
  /// The observed estimate after the first round against when the last cache of a resolver that answered turned.
  std::optional<double> error_s;
  bool is_within_spread = true;  ///< that moment lies between Spread::earliest and latest
  double after_bound_s = 0;      ///< how long after the bound the last cache that honours TTLs gave the old answer
  double late_s = 0;             ///< how long after the bound and that cache it was called converged
  std::size_t questions = 0;
  std::size_t unsure = 0;           ///< answers for which nobody outside could tell `behind` from another verdict
  std::vector<std::string> faults;  ///< wrong verdicts, questions too early or too many: a sentence each
};

/// Plays one cutover. The same mix and seed, the same outcome.
Outcome play(const Mix& mix, std::uint64_t seed);

}  // namespace cutover::dnsprobe::simulated
