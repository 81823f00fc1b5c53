#pragma once
#include <functional>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"
#include "dnsprobe/transport.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

struct SweepOptions {
  int samples = 1;              ///< questions per resolver and record set, one after the other
  std::size_t in_flight = 256;  ///< questions under way at once
  TryOptions tries;
  TransportFactory transport;  ///< empty: socket_transport()
};

/// One answer of one resolver.
struct SweepAnswer {
  std::size_t resolver = 0;  ///< index
  std::size_t key = 0;       ///< index
  Sample sample;
  std::optional<RecordSet> set;    ///< at exactly this name and type, TTL remaining
  std::optional<RecordSet> alias;  ///< the CNAME at this name instead
  std::optional<Seconds> ttl;      ///< remaining, of the set, else the alias, else the negative answer
  bool is_data = false;            ///< NOERROR, NXDOMAIN or SERVFAIL, and for the client subnet that was sent along
  bool subnet_dropped = false;     ///< one of those three, and the client subnet did not come back
};

struct SweepResult {
  Instant started{};
  Instant finished{};
  std::vector<SweepAnswer> answers;  ///< resolver-major, keys, samples in order
};

/// One sweep: what do caches hold now, and for how long. No expectation is needed. `stop` (may be empty) ends it
/// early; the answers are then those that came.
SweepResult sweep(net::Loop& loop, const Clock& clock, const std::vector<RecordKey>& keys,
                  const std::vector<Resolver>& resolvers, const SweepOptions& options,
                  const std::function<bool()>& stop = {});

/// The answers for key number `key` whose remaining TTL is above `low`: caches that still hold what was served before
/// the TTL was lowered. A clamping resolver shows up here too: it holds the answer as long as it says.
std::vector<SweepAnswer> above(const SweepResult& result, std::size_t key, Seconds low);

}  // namespace cutover::dnsprobe
