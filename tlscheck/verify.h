#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "tlscheck/chain.h"

namespace cutover::tlscheck {

/// Which side of the cutover an endpoint is on. Findings on the old side are warnings at most: it is what a
/// rollback would return to.
enum class Side { kNew, kOld };
std::string_view to_text(Side side);

/// The moments at which a certificate has to be good.
struct Times {
  Instant now{};
  Instant swap{};          ///< `now` where it is not known yet
  Instant standby_ends{};  ///< the old side may go then; not before `swap`
};
std::vector<Instant> moments_of(const Times& times);

/// Whom the certificate has to be for: `name`, or the address itself where the name is the root.
struct Subject {
  DomainName name{};
  IpAddress address{};
};

/// Runs every rule over one chain: tls-name, tls-chain, tls-not-yet-valid, and tls-expiry (new side) or
/// old-side-expiry (old side). One check per rule that applies, in the order of the table in verify.cc. The checks
/// carry no name or endpoint yet.
std::vector<Check> judge(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, const Times& times,
                         Side side);

/// inspect() and judge() in one.
std::vector<Check> verify(const std::vector<std::string>& chain, const Anchors& anchors, const Subject& subject,
                          const Times& times, Side side);

}  // namespace cutover::tlscheck
