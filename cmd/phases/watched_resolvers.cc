#include "cmd/phases/watched_resolvers.h"

#include "dnsprobe/catalogue.h"
#include "dnsprobe/resolver_addresses.h"

namespace cutover {

Result<std::vector<dnsprobe::Resolver>> watched_resolvers(Cutover& cutover) {
  auto resolvers = dnsprobe::resolvers_from(cutover.plan.watch.resolvers);
  if (!resolvers) return resolvers.error();
  if (auto known = dnsprobe::check_must(cutover.plan.watch.must, *resolvers); !known) return known.error();
  net::LookupOptions lookup;
  lookup.servers = cutover.plan.lookup;
  dnsprobe::find_addresses(cutover.loop, cutover.clock, lookup, *resolvers);
  return resolvers;
}

}  // namespace cutover
