#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "providers/api.h"
#include "providers/route53/batch.h"

namespace cutover::providers::route53 {

/// Finds hosted zones and reads what is in them. Errors are those of Api::read; the sentences say whose.
class ZoneReader {
 public:
  /// `zone_id` as the plan has it; empty: the one public zone of the name is looked up. Borrows `api`.
  ZoneReader(const Api& api, std::string zone_id) : api_(api), zone_id_(std::move(zone_id)) {}

  /// Asked once for each zone. kNotFound: there is none, or only private ones; kUsage: several, or the plan's id is
  /// that of another zone. The sentence names the ids.
  Result<std::string> id_of(const DomainName& zone);
  /// The id as far as it is known by now; may be empty.
  std::string known_id(const DomainName& zone) const;

  Result<Listing> whole(const DomainName& zone);
  /// At least what is at the names of `keys` and at the apex.
  Result<Listing> around(const DomainName& zone, const std::vector<RecordKey>& keys);

 private:
  Result<std::string> looked_up(const DomainName& zone) const;
  /// Record sets from a place in the zone on, page by page, until `take` says no.
  Result<void> list_from(const std::string& first, const DomainName& zone,
                         const std::function<bool(const ListedSet&)>& take);
  Result<Listing> finished(Listing listing, const DomainName& zone) const;

  const Api& api_;
  std::string zone_id_;
  std::map<DomainName, std::string> ids_;
};

/// What every path begins with.
inline constexpr std::string_view kVersion = "/2013-04-01/";
/// `/2013-04-01/hostedzone/ID/rrset`
std::string rrset_path(const std::string& id);

}  // namespace cutover::providers::route53
