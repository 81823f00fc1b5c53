#pragma once
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "cmd/plan/mention.h"
#include "core/zone.h"
#include "net/authority.h"

namespace cutover {

/// One authoritative server that answers something else than the provider holds.
struct HorizonDifference {
  std::size_t server = 0;  ///< index into Delegation::servers
  RecordKey key;
  std::string held;  ///< at the provider
  std::string served;
  /// `ns1 (192.0.2.1) serves www.example.com. A 192.0.2.7, and the provider holds 198.51.100.10`
  std::string sentence(const net::Delegation& delegation) const;
};

/// What to ask the authoritative servers before a plan is made of a zone: everything that changes or is
/// mentioned, both address families and HTTPS at every name that moves, the apex's NS and DNSKEY.
/// Names at or below a zone cut are left out, since others answer for them.
std::vector<RecordKey> keys_of_interest(const Zone& zone, const Findings& findings);

/// Values in which an authoritative answer and the provider's view differ; TTLs, serials and what a signer
/// adds do not count. Servers that do not answer, or not with authority, say nothing here.
std::vector<HorizonDifference> compare_views(const Zone& zone, const net::AuthoritySweep& sweep);

/// Servers that merely lag: their serial is before another server's, and that server has no difference.
std::set<std::size_t> lagging_servers(const net::AuthoritySweep& sweep,
                                      const std::vector<HorizonDifference>& differences);

}  // namespace cutover
