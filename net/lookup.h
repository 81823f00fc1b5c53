#pragma once
#include <vector>

#include "net/authority.h"

namespace cutover::net {

/// The servers of `options`, or the system's where it names none.
std::vector<Endpoint> lookup_servers(const LookupOptions& options);

/// Asks the look-up resolvers (RD=1) all questions at once; what one resolver does not answer, or answers SERVFAIL or
/// REFUSED, goes to the next. One reply per question, in order: NOERROR or NXDOMAIN.
std::vector<Result<Message>> ask_resolvers(Loop& loop, const Clock& clock, const std::vector<Question>& questions,
                                           const LookupOptions& options);

/// The addresses of many hosts through ask_resolvers, in order; CNAME chains in the replies are followed.
std::vector<Result<std::vector<IpAddress>>> lookup_hosts(Loop& loop, const Clock& clock,
                                                         const std::vector<DomainName>& hosts,
                                                         const LookupOptions& options);

}  // namespace cutover::net
