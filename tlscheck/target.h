#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "tlscheck/anchors.h"
#include "tlscheck/caa.h"
#include "tlscheck/dane.h"
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
  std::string starttls{};                 ///< empty, or a protocol of net/starttls.h; others are kUndecided, and say so
  std::optional<HttpExpectation> http{};  ///< asked over TLS when the certificate is accepted
  std::optional<ClimbedCaa> caa{};        ///< as it will be after the swap; empty: nothing is said of it
  std::optional<PublishedTlsa> tlsa{};    ///< the same
};

/// How much is asked of each address.
enum class Depth {
  kUsers,     ///< what an ordinary client sees: one handshake, one request where one is expected
  kThorough,  ///< and everything that other clients see, which is what old and new are compared by
};

struct Options {
  Anchors anchors;
  std::optional<Instant> swap{};  ///< empty: now
  Seconds standby{};
  std::chrono::milliseconds timeout{10000};
  std::size_t in_flight = 256;
  Depth depth = Depth::kThorough;
};

}  // namespace cutover::tlscheck
