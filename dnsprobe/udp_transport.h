#pragma once
#include <memory>

#include "dnsprobe/transport.h"

namespace cutover::dnsprobe {

/// Questions over UDP through a small pool of randomly bound sockets, many datagrams per system call. A reply counts
/// only when it comes from the address and port that was asked, to the socket that asked, with the id and the question
/// letter by letter as sent; anything else is counted (Sample::wrong_replies) and the wait goes on. A truncated reply
/// is asked again through `tcp`. `loop`, `clock` and `tcp` must outlive it; `answered` may ask again at once.
std::unique_ptr<ProbeTransport> udp_transport(net::Loop& loop, const Clock& clock, const TryOptions& options,
                                              ProbeTransport::Answered answered, ProbeTransport& tcp);

}  // namespace cutover::dnsprobe
