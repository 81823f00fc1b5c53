#pragma once
#include <set>
#include <string>
#include <string_view>

#include "core/change_set.h"
#include "core/zone.h"

namespace cutover::providers::powerdns {

/// What GET .../zones/ID says; with a filter in the request only some record sets.
struct ZoneReply {
  enum class Extent { kWhole, kSome } extent = Extent::kWhole;
  Zone zone{};                     ///< `soa` is filled where the SOA set is among the sets
  std::string kind{};              ///< `Native`, `Master`, `Slave`, ...
  std::string soa_edit_api{};      ///< how a PATCH moves the serial; empty: it does not
  std::set<RecordKey> disabled{};  ///< sets that have records which are kept and not served
};

/// kInvalid: it is not what PowerDNS 4.7 says.
Result<ZoneReply> zone_reply(std::string_view json, const DomainName& origin);

/// The body of the one PATCH that makes `changes`: deletions first, so that a name is free for the CNAME, or of the
/// CNAME, that takes their place. Comments stay: a body that does not name them leaves them alone.
std::string patch_body(const ChangeSet& changes);

/// The zone's name in a path: `example.com.`; what is neither a letter, a digit, a dot nor a hyphen becomes =XX.
std::string zone_id(const DomainName& zone);

/// kUnsupported for what is not changed through this API, with the reason; kInvalid for names outside the zone.
Result<void> check(const ChangeSet& changes);

}  // namespace cutover::providers::powerdns
