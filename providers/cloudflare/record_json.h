#pragma once
#include <string>

#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::cloudflare {

/// The TTL of a record that leaves it to Cloudflare; the only one of a proxied record.
inline constexpr int kAutomatic = 1;

/// One record of a list. Throws on a wrong shape, as read_json() expects.
ListedRecord record_from(const Json& json, const DomainName& zone);

/// What a record is created with, or what of it changes: content, or `data` for the types that Cloudflare takes in
/// pieces, and the TTL. A patch of these leaves comment, tags and settings alone.
Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl);

}  // namespace cutover::providers::cloudflare
