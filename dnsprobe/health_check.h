#pragma once
#include <cstdint>
#include <functional>
#include <vector>

#include "core/clock.h"
#include "dnsprobe/health.h"
#include "dnsprobe/resolver.h"
#include "dnsprobe/transport.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

struct HealthCheckOptions {
  HealthQuestions questions;
  std::size_t in_flight = 256;  ///< resolvers being asked at once; each gets one question at a time
  TryOptions tries;
  std::uint32_t seed = 1;      ///< of the labels that do not exist
  TransportFactory transport;  ///< empty: socket_transport()
};

struct HealthCheckResult {
  std::vector<Health> health;  ///< one per resolver, in their order
  std::vector<bool> asked;     ///< false: `stop` came before its first answer, so its health is not known
  std::uint64_t questions = 0;
};

/// Asks every resolver the questions, one after the other, and judges them together. Whoever is silent or refuses at
/// the first question is not asked another. `progress` (may be empty) gets how many resolvers are done; `stop` (may be
/// empty) is asked at least every 20 ms.
HealthCheckResult check_health(net::Loop& loop, const Clock& clock, const std::vector<Resolver>& resolvers,
                               const HealthCheckOptions& options, const std::function<void(std::size_t done)>& progress,
                               const std::function<bool()>& stop);

}  // namespace cutover::dnsprobe
