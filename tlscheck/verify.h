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

/// What was shown beside the chain, as far as it was asked for.
struct Shown {
  std::optional<std::string> staple{};  ///< OCSP response in DER; empty text: none was stapled; nullopt: not asked for
  std::vector<SctFacts> scts{};         ///< those that came in the handshake and not in the certificate
};

/// Runs every rule over one chain. One check per rule that applies to that side, in this order:
///   tls-name           the subjectAltName covers the name (RFC 9525)
///   tls-chain          a strict client finds a path to an anchor (see ChainFacts)
///   tls-path           a client that builds paths does
///   tls-chain-order    nothing missing, needless or out of order in what is sent (RFC 8446 section 4.4.2)
///   tls-not-yet-valid  valid from before the swap
///   tls-expiry         valid to the end of standby (new side)
///   tls-renewal        a third of the lifetime is left by then (new side)
///   old-side-expiry    the way back stays open (old side)
///   tls-lifetime       no longer than public authorities may issue on its day (Baseline Requirements section 6.3.2)
///   tls-key            key strength, the anchor's included
///   tls-signature      no MD5 or SHA-1 below the anchor
///   tls-sct            timestamps of enough logs for browsers (public authorities)
///   tls-staple         a stapled OCSP response is good; one is there where the certificate demands it (RFC 7633)
///   tls-client-auth    the certificate may serve as a client's, too, which the next one may not
///   tls-profile        faults that no client minds today
/// kNotApplicable and kNotEffective are results, with a sentence why. The checks carry no name or endpoint yet.
std::vector<Check> judge(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, const Times& times,
                         Side side, const Shown& shown = {});

/// Whether a browser shows what failed there as a page in the way, past which HSTS lets nobody (RFC 6797 section 8.4).
bool stands_in_the_way(std::string_view id);

/// judge() in its two parts: what depends on the name, and what is the same for all names with this chain.
/// The name is not asked about where there is no leaf.
std::optional<Check> judge_name(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, Side side);
std::vector<Check> judge_chain(const ChainFacts& chain, const Anchors& anchors, const Times& times, Side side,
                               const Shown& shown = {});

/// inspect() and judge() in one.
std::vector<Check> verify(const std::vector<std::string>& chain, const Anchors& anchors, const Subject& subject,
                          const Times& times, Side side, const Policy& policy = {}, const Shown& shown = {});

}  // namespace cutover::tlscheck
