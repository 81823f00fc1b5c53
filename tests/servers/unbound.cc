#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "tests/servers/servers.h"

namespace cutover::servers {

Unbound::Unbound(UnboundOptions options) {
  if (options.address.empty()) options.address = own_address();
  if (options.port == 0) options.port = free_port(options.address);
  endpoint_ = *Endpoint::from_text(options.address, options.port);

  // outgoing-interface on loopback makes it impossible for a stray question to leave the machine.
  std::string text = fmt::format(
      "server:\n  directory: \"{0}\"\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n  do-daemonize: no\n  "
      "use-syslog: no\n"
      "  logfile: \"\"\n  verbosity: 1\n  num-threads: 1\n  interface: {1}\n  port: {2}\n  do-ip6: no\n  "
      "outgoing-interface: {1}\n"
      "  access-control: 127.0.0.0/8 allow\n  do-not-query-localhost: no\n  module-config: \"iterator\"\n"
      "  cache-min-ttl: {3}\n  cache-max-ttl: {4}\n  cache-max-negative-ttl: {5}\n  serve-expired: {6}\n  "
      "hide-identity: no\n"
      "  local-zone: \".\" refuse\n",
      folder_.path(), options.address, options.port, options.cache_min_ttl, options.cache_max_ttl,
      options.cache_max_negative_ttl, options.serve_expired ? "yes" : "no");
  for (const auto& stub : options.stubs) text += fmt::format("  local-zone: \"{}.\" transparent\n", stub.first);
  if (options.tcp_only) text += "  do-udp: no\n  udp-upstream-without-downstream: yes\n";
  text += options.extra + "\nremote-control:\n  control-enable: no\n";
  for (const auto& stub : options.stubs) {
    text += fmt::format("stub-zone:\n  name: \"{}\"\n  stub-prime: no\n", stub.first);
    for (const Endpoint& server : stub.second)
      text += fmt::format("  stub-addr: {}@{}\n", server.address.text(), server.port);
  }
  process_ = std::make_unique<Process>(
      std::vector<std::string>{"unbound", "-d", "-c", folder_.write("unbound.conf", text)}, folder_.file("log"));
  // Any reply proves that it lives; the root's is REFUSED and fills no cache.
  const bool ready = wait_until(std::chrono::seconds(10), [&] {
    return !process_->running() ||
           (options.tcp_only ? accepts_tcp(endpoint_) : ask(endpoint_, DomainName(), 6, true).has_value());
  });
  if (!ready || !process_->running())
    throw std::runtime_error(fmt::format("Unbound on {} does not answer:\n{}", endpoint_.text(), log()));
}

void Unbound::pause() const { process_->pause(); }
void Unbound::resume() const { process_->resume(); }

}  // namespace cutover::servers
