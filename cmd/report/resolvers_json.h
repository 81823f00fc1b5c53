#pragma once
#include <string>
#include <vector>

#include "cmd/report/resolvers_text.h"
#include "dnsprobe/catalogue.h"

namespace cutover {

/// {"schema":1,"resolvers":[{"operator","service","tier","class","resolver","transports":[..],"address_v4","address_v6",
/// "country","continent","place","latitude","longitude","asn","anycast","filtering","dnssec","ecs","tls_name","https_url",
/// "verified","note"}]}; what is not known is null.
std::string catalogue_as_json(const std::vector<dnsprobe::CatalogueEntry>& entries);
/// The same objects, one a line, each with "schema":1.
std::string catalogue_as_ndjson(const std::vector<dnsprobe::CatalogueEntry>& entries);

/// {"schema":1,"form","list","rows","taken","duplicates","not_spoken":{"DNSCrypt":n},"bad_rows","bad":[{"line","why"}]}
std::string import_as_json(const dnsprobe::ImportedList& list, const std::string& written);

/// {"schema":1,"resolvers":[{"resolver","operator","condition","rtt_us","filters","rewrites","validates","ttl_floor_s",
/// "checked","detail"}],"notes":[..],"remembered"}
std::string health_as_json(const HealthReport& report);
/// The same objects, one a line, each with "schema":1.
std::string health_as_ndjson(const HealthReport& report);

}  // namespace cutover
