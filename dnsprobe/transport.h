#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/clock.h"
#include "core/record_set.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

/// Times of one try, in real time: the network does not know about scaled clocks.
struct TryOptions {
  std::chrono::milliseconds timeout{2000};
  int tries = 2;
  double most_per_second = 5000;             ///< datagrams to everybody together; 0: no limit
  double most_per_resolver_per_second = 50;  ///< questions; 0: no limit
};

/// Carries questions to resolvers. One answer per question, whenever it comes: a slow resolver holds up nobody.
class ProbeTransport {
 public:
  /// Receives the ticket that was given to ask(), once; called from the loop, never from inside ask().
  /// May ask again at once; must not destroy the transport.
  using Answered = std::function<void(std::uint64_t ticket, Sample sample)>;

  virtual ~ProbeTransport() = default;
  /// Asks; see probe_query(). `resolver` and `key` are not needed after the call returns.
  virtual void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) = 0;
  /// How long the limits hold back the question that was asked last before it leaves, in real time.
  virtual std::chrono::nanoseconds held_back() const { return {}; }
};

/// How an engine gets its transport: with where the answers shall go. Destroying it cancels what is under way.
using TransportFactory = std::function<std::unique_ptr<ProbeTransport>(ProbeTransport::Answered)>;

/// Real sockets: the transport of each resolver as it says. `loop` and `clock` must outlive what the factory makes.
TransportFactory socket_transport(net::Loop& loop, const Clock& clock, TryOptions options);

}  // namespace cutover::dnsprobe
