#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <vector>

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

/// A HTTPS record (RFC 9460) as it will be, in the parts that are held against the new side.
struct HttpsRecord {
  DomainName owner{};
  std::uint16_t priority = 1;       ///< 0: alias mode
  DomainName target{};              ///< the root: the owner itself
  std::vector<std::string> alpn{};  ///< `h2`, `h3`
  bool no_default_alpn = false;
  std::uint16_t port = 443;
  std::vector<IpAddress> hints{};  ///< ipv4hint and ipv6hint
  std::string text{};              ///< the whole value, for people
};

struct Options {
  Anchors anchors;
  std::optional<Instant> swap{};  ///< empty: now
  Seconds standby{};
  std::chrono::milliseconds timeout{10000};
  std::size_t in_flight = 400;  ///< connections: well below the usual 1024 descriptors of a process
  Depth depth = Depth::kThorough;
  std::optional<Anchors> second{};  ///< other roots that clients may have: where both do not agree, that is told
  std::vector<HttpsRecord> https_records{};  ///< of the new side: see https_record.h
};

}  // namespace cutover::tlscheck
