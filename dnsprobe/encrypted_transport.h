#pragma once
#include <memory>

#include "core/clock.h"
#include "dnsprobe/transport.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

/// DNS over TLS (RFC 7858, the Strict profile of RFC 8310). One connection per server and name, kept for all its
/// questions and opened anew when the server closes it (RFC 7766 section 6.2.4: what was under way is asked again,
/// once). `options.timeout` times `options.tries` is the time for one question, connecting included. `loop` and `clock`
/// must outlive what the factory makes.
std::unique_ptr<ProbeTransport> tls_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered);

/// DNS over HTTPS (RFC 8484), POST, HTTP/2 where the server has it, connections kept, at most 64 questions under way at
/// once. TTLs are lessened by the Age of the reply (RFC 8484 section 5.1). Trust, times and lifetimes as
/// tls_transport().
std::unique_ptr<ProbeTransport> https_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                                ProbeTransport::Answered answered);

}  // namespace cutover::dnsprobe
