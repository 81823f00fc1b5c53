#pragma once
#include <string_view>

#include "net/exchange.h"

namespace cutover::net {

/// What an authoritative server makes of a question for the zone's own SOA or NS set. Everything between kServes and
/// kSilent is lame (RFC 9499 section 7): it is named for the zone and does not serve it.
enum class ServerStanding {
  kUnknown,           ///< it was not asked
  kServes,            ///< with authority
  kNotAuthoritative,  ///< it answers, without AA: out of a cache, or by a referral to the zone's own servers
  kUpwardReferral,    ///< it points to servers of the root or of another zone above
  kRefused,
  kServFail,  ///< it should have the zone and could not load or transfer it, or it has expired
  kOtherError,
  kNoRecords,  ///< with authority, and without the records that every zone has at its top
  kSilent,     ///< no answer
};
bool is_lame(ServerStanding standing);
/// A clause for people, the server being its subject: `refuses to answer for the zone`.
std::string_view to_text(ServerStanding standing);

ServerStanding standing_of(const DnsAnswer& answer, const RecordKey& asked);

/// A question for an authoritative server: RD=0, tried twice.
DnsRequest authority_question(const Endpoint& server, const RecordKey& key, std::chrono::milliseconds timeout);

}  // namespace cutover::net
