#pragma once
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/endpoint.h"
#include "dnsprobe/resolver.h"
#include "net/exchange.h"
#include "net/loop.h"

namespace cutover::dnsprobe {

/// A resolver whose operator is known by how it names itself: CH TXT `id.server` (RFC 4892).
struct Witness {
  enum class Identity {
    kQuad9,      ///< `res710.qbre1.rrdns.pch.net`, as Quad9's own documentation says to test for interception
    kCloudflare  ///< an airport: `yul01`
  };
  std::string operator_name;
  Identity identity = Identity::kQuad9;
  Endpoint v4;
  Endpoint v6;
};

struct PathOptions {
  std::vector<Witness> witnesses;
  /// Addresses that run no DNS: whoever answers from there stands on the way.
  std::vector<Endpoint> canaries;
  std::chrono::milliseconds timeout{1500};  ///< of one try, real time
  int tries = 2;
};
/// Quad9 and Cloudflare, and addresses of RFC 5737 and RFC 3849 that nobody has.
PathOptions default_path_options();

/// What this machine's path to plain DNS is like.
enum class Way {
  kOpen,        ///< somebody answered
  kClosed,      ///< nobody answered
  kIntercepted  ///< something on the way answers in the place of every resolver
};
std::string_view to_text(Way way);

struct PathReport {
  Way udp = Way::kClosed;             ///< UDP/53 over IPv4
  Way tcp = Way::kClosed;             ///< TCP/53 over IPv4
  Way udp6 = Way::kClosed;            ///< UDP/53 over IPv6
  std::string interception;           ///< over IPv4, one sentence: what gives it away; empty: nothing does
  std::string interception6;          ///< over IPv6
  std::vector<std::string> evidence;  ///< one printable clause per question: who was asked what, and what came
};

/// One question of the test and its answer.
struct PathAnswer {
  enum class Kind { kCanary, kIdentity, kTcp };
  Kind kind = Kind::kCanary;
  std::size_t witness = 0;  ///< index; not for canaries
  Endpoint asked;
  net::DnsAnswer answer;
};
/// Reads the answers, IPv4 and IPv6 each for itself: they may take different ways. Pure. Interception is claimed when a
/// canary answers, or when every witness that answered calls itself something that its operator never does; one odd
/// witness among several is no proof.
PathReport judge_path(const PathOptions& options, const std::vector<PathAnswer>& answers);

/// Asks: an address without DNS, who the witnesses say they are, and whether TCP and IPv6 work. All at once; takes
/// `timeout` times `tries` of real time at most.
PathReport test_path(net::Loop& loop, const Clock& clock, const PathOptions& options);

/// Whether questions to this address leave for the public Internet: not loopback, private (RFC 1918, RFC 4193),
/// shared (RFC 6598) or link-local. What stays at home cannot be intercepted on the way.
bool is_public(const IpAddress& address);

/// Whether its answers come over plain DNS across the public Internet, so that something on the way could give them.
bool can_be_intercepted(const Resolver& resolver);
/// What gives away that something answers in the place of any of these resolvers; empty: nothing does. A network that
/// intercepts IPv4 alone leaves those alone that are asked over IPv6.
std::string interception_of(const PathReport& report, const std::vector<Resolver>& resolvers);

}  // namespace cutover::dnsprobe
