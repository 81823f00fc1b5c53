#pragma once
#include <string>
#include <vector>

#include "cmd/plan/audit.h"
#include "net/dnssec.h"

namespace cutover {

/// Where the parent and the zone disagree about its name servers and their addresses; names without an address.
/// One sentence each.
std::vector<Audit> audit_delegation(const DomainName& zone, const net::Delegation& delegation);

/// Servers that do not answer or are lame, each with what it does instead of serving the zone; serials and SOA times
/// that differ. Different serials with the same values are a note: each server may sign, or be fed, on its own.
std::vector<Audit> audit_servers(const DomainName& zone, const net::Delegation& delegation,
                                 const net::AuthoritySweep& sweep);

/// What validating resolvers make of the answers: bogus ones are errors, signatures that end before the standby is
/// over, or within three days, are warnings; one note says what was found and what was not validated.
std::vector<Audit> audit_signing(const DomainName& zone, const net::Delegation& delegation,
                                 const std::vector<net::Judgement>& judgements, Instant now, Seconds standby);

/// The sentences of audit_signing that are more than notes.
std::vector<std::string> signing_troubles(const DomainName& zone, const net::Delegation& delegation,
                                          const std::vector<net::Judgement>& judgements, Instant now, Seconds standby);

}  // namespace cutover
