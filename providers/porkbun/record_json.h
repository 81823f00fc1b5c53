#pragma once
#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::porkbun {

/// A record as the zone's list shows it: its whole name, every number as text. Throws std::exception on anything else.
ListedRecord record_from(const Json& json, const DomainName& zone);

/// What stands beside an ALIAS, from whose target Porkbun answers for A and AAAA, is refused.
void refuse_beside_alias(Listing& listing, const DomainName& name);

/// What is sent for a record: its name below the zone, and numbers as text too.
Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl, const DomainName& zone);

}  // namespace cutover::providers::porkbun
