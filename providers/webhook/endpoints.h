#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "providers/listing.h"

namespace cutover::providers::webhook {

// What external-dns and its webhook servers send each other (api/webhook.yaml of external-dns).

inline constexpr std::string_view kMediaType = "application/external.dns.webhook+json;version=1";
/// Whether a Content-Type says so; spaces and capitals do not matter (RFC 9110 section 8.3.1).
bool is_media_type(std::string_view content_type);

/// The domains that a server says it serves; no names: all.
struct Domains {
  std::vector<std::string> included, excluded;  ///< without dots at their ends, lower case
  /// Whether it serves the zone or a part of it.
  bool serve(const DomainName& zone) const;
};
Result<Domains> domains_from(const std::string& body);

/// How values are written there. Of an endpoint's other fields those that belong to it stay with it: they are the id of
/// its records, `"labels":{...},"providerSpecific":[...]`.
Result<void> take_endpoints(const std::string& body, const DomainName& zone, const RecordForm& form, Listing& listing);

/// The body of the POST that makes one change. `kept` is what take_endpoints() made an id of; unused for a creation.
std::string changes_body(const Change& change, const RecordForm& form, const std::string& kept);

/// The endpoints that a change leaves, as POST /adjustendpoints takes them. `live`: the listing they were read into.
std::string wanted_body(const ChangeSet& changes, const RecordForm& form, const Listing& live);
/// Whether the answer to that leaves all of them as they are wanted. kUnsupported, with what would become of one
/// instead; kInvalid: it is no list of endpoints.
Result<void> check_adjusted(const std::string& body, const ChangeSet& changes, const RecordForm& form);

}  // namespace cutover::providers::webhook
