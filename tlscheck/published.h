#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "net/authority.h"
#include "net/loop.h"
#include "tlscheck/caa.h"
#include "tlscheck/dane.h"

namespace cutover::tlscheck {

/// What the swap makes of names: the target of the alias that it puts there, or nothing where it ends one.
using PlannedAliases = std::map<DomainName, std::optional<DomainName>>;

/// The CAA record sets that will count for `names` after the swap (RFC 8659 section 3): of the name itself, else of the
/// nearest ancestor that has one; aliases are followed at each step, the planned ones as planned. In the order of the
/// names. An authority that cannot look one up does not issue: what could not be looked up is an error here too.
std::vector<Result<ClimbedCaa>> climb_caa(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                                          const std::vector<DomainName>& names, const PlannedAliases& planned);

struct TlsaQuestion {
  DomainName name{};
  std::uint16_t port = 443;
  friend bool operator==(const TlsaQuestion&, const TlsaQuestion&) = default;
};
/// The TLSA record sets that will count after the swap, in the order of the questions: at the target of the alias that
/// the swap makes, where there is one and it has some, else at the name (RFC 7671 section 7). Secure: the resolver says
/// that it has validated the answer (AD), so that the way to it has to be trusted as well.
std::vector<Result<PublishedTlsa>> find_tlsa(net::Loop& loop, const Clock& clock, const net::LookupOptions& lookup,
                                             const std::vector<TlsaQuestion>& questions, const PlannedAliases& planned);

}  // namespace cutover::tlscheck
