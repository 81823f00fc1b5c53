#pragma once
#include <string>

#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::digitalocean {

/// One record of a list. Throws on a wrong shape, as read_json() expects.
ListedRecord record_from(const Json& json, const DomainName& zone);

/// What a record is created with or becomes, but for its name; null what the type does not have.
Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl);

}  // namespace cutover::providers::digitalocean
