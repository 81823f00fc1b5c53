#pragma once
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "net/loop.h"
#include "tlscheck/anchors.h"
#include "tlscheck/verify.h"

namespace cutover::tlscheck {

struct HttpExpectation {
  std::string path = "/";
  int status = 200;
};

/// One name at one address.
struct Target {
  DomainName name{};                     ///< SNI and certificate; the root: the address itself, without SNI.
                                         ///< Of a wildcard, one name below it is asked for
  Endpoint endpoint{};                   ///< address and port as users see them: what checks and reports show
  std::optional<Endpoint> connect_to{};  ///< what is really dialled where that differs (a rehearsal's loopback)
  Side side = Side::kNew;
  std::string starttls{};                 ///< empty, `smtp`, `imap`, `pop3`; others are kUndecided, and say so
  std::optional<HttpExpectation> http{};  ///< asked over TLS when the certificate is accepted
};

struct Options {
  Anchors anchors;
  std::optional<Instant> swap{};  ///< empty: now
  Seconds standby{};
  std::chrono::milliseconds timeout{10000};
  std::size_t in_flight = 64;
};

/// Called with every check as soon as it is known.
using CheckSink = std::function<void(const Check&)>;

/// Asks all targets in one fan-out and judges what they show; each distinct chain is verified once. Ids:
///   tls-connect        a handshake came about. No answer and every refusal is kFail, kUndecided only when this
///                      machine cannot ask (no route for the address family)
///   tls-version        TLS 1.2 or later
///   tls-name, tls-chain, tls-not-yet-valid, tls-expiry, old-side-expiry   see verify.h
///   http-status        the status that was expected
///   tls-same-leaf      all addresses of a name and port show the same certificate (a warning)
/// Sorted by name, side, endpoint, then in the order above; tls-same-leaf follows its last endpoint.
std::vector<Check> check_endpoints(net::Loop& loop, const Clock& clock, const std::vector<Target>& targets,
                                   const Options& options, const CheckSink& sink = {});

}  // namespace cutover::tlscheck
