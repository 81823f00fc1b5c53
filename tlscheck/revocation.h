#pragma once
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "net/loop.h"
#include "tlscheck/chain.h"

namespace cutover::tlscheck {

struct RevocationOptions {
  std::chrono::milliseconds timeout{10000};  ///< of one download, real time
  std::size_t in_flight = 16;
  std::size_t max_size = 32U << 20;  ///< of one list
};

/// What issuers publish about the certificates of each chain, below its anchor: the lists that they name (RFC 5280
/// section 4.2.1.13), and the OCSP responders of those that still name one. Every URL is asked once, over plain HTTP as
/// they are; nothing but http:// is asked. One check `tls-revocation` per chain, in their order:
///   kFail          one of them is revoked
///   kPass          the leaf is not, by its issuer's own word
///   kUndecided     nobody could be asked about it. A note: clients look the other way too (soft-fail)
///   kNotApplicable it names nobody, or the chain leads nowhere
/// The checks carry no name or endpoint yet.
std::vector<Check> check_revocation(net::Loop& loop, Instant now, const std::vector<const ChainFacts*>& chains,
                                    const RevocationOptions& options = {});

}  // namespace cutover::tlscheck
