#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "dnsprobe/resolver.h"
#include "tests/bench/simulated_caches.h"
#include "tests/servers/process.h"

namespace cutover::bench {

/// The program probe_responder, which stands beside the running one, as a child process.
class Responder {
 public:
  /// One and the same answer to everybody.
  Responder() : Responder(std::vector<std::string>{"plain"}) {}
  Responder(const Simulation& simulation, std::size_t resolvers);

  std::uint16_t port() const { return port_; }
  /// The first so many of its addresses; every operator has `per_operator` of them.
  std::vector<dnsprobe::Resolver> resolvers(std::size_t count, std::size_t per_operator = 20) const;

 private:
  explicit Responder(std::vector<std::string> arguments);
  servers::TempFolder folder_;
  servers::Process process_;
  std::uint16_t port_ = 0;
};

/// The folder of the running program.
std::string own_folder();

}  // namespace cutover::bench
