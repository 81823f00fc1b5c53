#include <fmt/format.h>

#include <filesystem>
#include <stdexcept>

#include "tests/servers/servers.h"

namespace cutover::servers {
namespace {

/// Without the modules that would ask the root, and without the root's trust anchor: it validates nothing.
constexpr std::string_view kAlone =
    "modules.unload('ta_update')\nmodules.unload('ta_signal_query')\nmodules.unload('priming')\n"
    "modules.unload('detect_time_skew')\nmodules.unload('detect_time_jump')\ntrust_anchors.remove('.')\n"
    "cache.size = 10*MB\ncache.min_ttl(0)\n";

std::string stub_rule(const std::pair<std::string, std::vector<Endpoint>>& stub) {
  std::string servers;
  for (const Endpoint& server : stub.second)
    servers += fmt::format("{}'{}@{}'", servers.empty() ? "" : ", ", server.address.text(), server.port);
  return fmt::format("policy.add(policy.suffix(policy.STUB({{{}}}), policy.todnames({{'{}.'}})))\n", servers,
                     stub.first);
}

}  // namespace

KnotResolver::KnotResolver(const KnotResolverOptions& options)
    : endpoint_(*Endpoint::from_text(options.addresses.at(0), 53)) {
  std::string text(kAlone);
  const bool encrypted = !options.certificate.empty();
  if (encrypted) text += fmt::format("net.tls('{}', '{}')\n", options.certificate, options.key);
  for (const std::string& address : options.addresses) {
    text += fmt::format("net.listen('{}', 53, {{ kind = 'dns' }})\n", address);
    if (encrypted)
      text += fmt::format("net.listen('{0}', 853, {{ kind = 'tls' }})\nnet.listen('{0}', 443, {{ kind = 'doh2' }})\n",
                          address);
  }
  for (const auto& stub : options.stubs) text += stub_rule(stub);
  text += "policy.add(policy.all(policy.REFUSE))\n";
  std::filesystem::create_directory(folder_.file("run"));
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"kresd", "-n", "-q", "-c", folder_.write("kresd.conf", text), folder_.file("run")},
      folder_.file("log"));
  const bool ready = wait_until(std::chrono::seconds(10), [this] {
    return !process_->running() || ask(endpoint_, DomainName(), 6, true).has_value();
  });
  if (!ready || !process_->running())
    throw std::runtime_error(fmt::format("Knot Resolver on {} does not answer:\n{}", endpoint_.text(), log()));
}

}  // namespace cutover::servers
