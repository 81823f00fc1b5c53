#pragma once
#include <map>
#include <string>
#include <vector>

#include "core/domain_name.h"
#include "core/endpoint.h"
#include "core/result.h"

namespace cutover {

/// What moves where, as the person said it with --from and --to, or with --map.
struct Mapping {
  /// Old address -> what takes its place. Empty: nothing does, and it leaves the sets it is in.
  std::map<IpAddress, std::vector<IpAddress>> addresses;
  /// Old target name (of a CNAME, HTTPS, ...) -> new one.
  std::map<DomainName, DomainName> targets;
  /// New addresses of a family that the old side does not have: names that move get a new set.
  std::vector<IpAddress> added;

  bool empty() const { return addresses.empty() && targets.empty(); }
};

/// `--from A... --to B...`: addresses and names (U-labels are taken too), paired in order within IPv4, IPv6 and names.
/// One new value takes the place of several old ones; several new addresses take the place of one old one. A family
/// without any new address is removed (the old side's AAAA must not stay behind); a family without any old one is
/// added. kUsage for counts that leave a doubt: the sentence says to use --map.
Result<Mapping> mapping_from_sides(const std::vector<std::string>& from, const std::vector<std::string>& to);

/// `--map OLD=NEW...`; `OLD=none` removes; an OLD given twice gets both. kUsage for a pair of two
/// families or of an address and a name, since that changes a record's type.
Result<Mapping> mapping_from_pairs(const std::vector<std::string>& pairs);

}  // namespace cutover
