#pragma once
#include <string>

#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::azure {

/// Puts one record set of a list, typed arrays and all, among the records. Throws on a wrong shape, as read_json()
/// expects. kInvalid: it says something that is no record.
Result<void> add_set(Listing& found, const Json& set);

/// `properties` of a record set: TTL and typed array. Whatever else the set has (metadata) is not in it.
Json properties_of(const RecordSet& set);

/// Why Azure cannot hold this data, a clause; empty: it can.
std::string trouble_with(const RecordSet& set);

}  // namespace cutover::providers::azure
