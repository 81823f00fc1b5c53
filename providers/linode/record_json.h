#pragma once
#include <string>

#include "providers/json_body.h"
#include "providers/listing.h"

namespace cutover::providers::linode {

/// One record of a list; one without a TTL of its own has `default_ttl`. Throws on a wrong shape, as read_json()
/// expects.
ListedRecord record_from(const Json& json, const DomainName& zone, Seconds default_ttl);

/// What a record is created with or becomes, but for its type and TTL. `_sip._tcp` is told in two words, without the
/// `_`; the name of every other record is relative, and empty for the zone itself.
Json fields_of(const RecordKey& key, const ApiData& data, const DomainName& zone);

/// Whether an SRV record's owner is `_service._protocol` right below the zone, the only one that can be told.
bool can_own_srv(const DomainName& name, const DomainName& zone);

}  // namespace cutover::providers::linode
