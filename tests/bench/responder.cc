#include "tests/bench/responder.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace cutover::bench {

namespace {

std::vector<std::string> command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), own_folder() + "/probe_responder");
  return arguments;
}

std::vector<std::string> for_caches(const Simulation& simulation, std::size_t resolvers) {
  return {"caches", std::to_string(resolvers), std::to_string(simulation.change.time_since_epoch().count()),
          std::to_string(simulation.ttl.count()), std::to_string(simulation.seed)};
}

}  // namespace

std::string own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

Responder::Responder(const Simulation& simulation, std::size_t resolvers)
    : Responder(for_caches(simulation, resolvers)) {}

Responder::Responder(std::vector<std::string> arguments)
    : process_(command(std::move(arguments)), folder_.file("responder.log")) {
  const bool said = servers::wait_until(std::chrono::seconds(20), [this] {
    return !process_.running() || process_.log().find('\n') != std::string::npos;
  });
  port_ = static_cast<std::uint16_t>(std::atoi(process_.log().c_str()));
  if (!said || port_ == 0) throw std::runtime_error("probe_responder did not start: " + process_.log());
}

std::vector<dnsprobe::Resolver> Responder::resolvers(std::size_t count, std::size_t per_operator) const {
  std::vector<dnsprobe::Resolver> out(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t address = address_of(i);
    const char bytes[4] = {static_cast<char>(address >> 24), static_cast<char>(address >> 16),
                           static_cast<char>(address >> 8), static_cast<char>(address)};
    out[i].endpoint = Endpoint{*IpAddress::from_bytes({bytes, 4}), port_};
    out[i].id = out[i].endpoint->text();
    out[i].operator_name = fmt::format("operator-{}", i / per_operator);
  }
  return out;
}

}  // namespace cutover::bench
