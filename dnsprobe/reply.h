#pragma once
#include <string_view>

#include "core/domain_name.h"
#include "core/result.h"
#include "dnsprobe/observation.h"
#include "dnsprobe/resolver.h"

namespace cutover::dnsprobe {

/// Reads a reply from the wire straight into what a verdict needs: rcode, answer, negative TTL, extended error, site.
/// Every record is looked at, whatever its section: what net::decode() takes for malformed is kInvalid here too, and
/// otherwise the result is what sample_of() makes of the decoded message, without making that message.
/// Leaves the times and the outcome of `sample` alone. `question`: where the caller has compared the question already,
/// the name in it; it is then not read again.
Result<void> read_reply(std::string_view wire, Sample& sample, const DomainName* question = nullptr);

/// Whether a reply is to what was sent along: one that names another client subnet has to be dropped (RFC 7871
/// sections 7.3 and 11.2). Naming none is allowed: the resolver does not know the option, or drops it.
bool is_for(const Asking& asking, const Sample& sample);

}  // namespace cutover::dnsprobe
