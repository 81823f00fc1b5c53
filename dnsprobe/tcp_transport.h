#pragma once
#include <memory>

#include "dnsprobe/transport.h"

namespace cutover::dnsprobe {

/// One TCP connection per question (RFC 1035 section 4.2.2). `loop` and `clock` must outlive it.
std::unique_ptr<ProbeTransport> tcp_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered);

}  // namespace cutover::dnsprobe
