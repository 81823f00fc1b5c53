#pragma once
#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::ovh {

/// One record. `by_default` is the TTL of those that have none of their own (0). Throws on a wrong shape, as
/// read_json() expects.
ListedRecord record_from(const Json& json, const DomainName& zone, Seconds by_default);

}  // namespace cutover::providers::ovh
