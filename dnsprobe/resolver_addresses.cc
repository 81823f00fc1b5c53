#include "dnsprobe/resolver_addresses.h"

#include <charconv>
#include <cstdint>
#include <string_view>

#include "net/lookup.h"

namespace cutover::dnsprobe {
namespace {

/// The port that a resolver without an endpoint is asked at: the URL's, else the transport's own.
std::uint16_t port_of(const Resolver& resolver) {
  if (resolver.transport == Transport::kTls) return 853;
  std::string_view host = resolver.url;
  host.remove_prefix(std::min(host.size(), std::string_view("https://").size()));
  host = host.substr(0, host.find('/'));
  std::uint16_t port = 443;
  if (const auto colon = host.rfind(':'); colon != std::string_view::npos)
    std::from_chars(host.data() + colon + 1, host.data() + host.size(), port);
  return port;
}

}  // namespace

void find_addresses(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                    std::vector<Resolver>& resolvers) {
  std::vector<std::size_t> wanted;
  std::vector<DomainName> hosts;
  for (std::size_t i = 0; i < resolvers.size(); ++i) {
    if (resolvers[i].endpoint) continue;
    auto host = DomainName::from_text(resolvers[i].tls_name);
    if (!host) continue;
    wanted.push_back(i);
    hosts.push_back(*std::move(host));
  }
  if (hosts.empty()) return;
  const auto found = net::lookup_hosts(loop, clock, hosts, lookup);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Resolver& resolver = resolvers[wanted[i]];
    if (found[i] && !found[i]->empty()) resolver.endpoint = Endpoint{found[i]->front(), port_of(resolver)};
  }
}

}  // namespace cutover::dnsprobe
