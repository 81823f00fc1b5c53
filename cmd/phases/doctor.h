#pragma once
#include <functional>
#include <string>
#include <vector>

#include "cmd/phases/preflight.h"
#include "dnsprobe/path.h"

namespace cutover {

struct DoctorOptions {
  dnsprobe::PathOptions path = dnsprobe::default_path_options();
  /// One DNS over TLS and one DNS over HTTPS resolver each, in resolver syntax, to see whether those get through.
  std::vector<std::string> over_tls{"tls://dns.quad9.net@9.9.9.9", "tls://one.one.one.one@1.1.1.1"};
  std::vector<std::string> over_https{"https://dns.quad9.net/dns-query@9.9.9.9",
                                      "https://cloudflare-dns.com/dns-query@1.1.1.1"};
  std::string ca_file;  ///< of the endpoints' checks; empty: the system's root store
};

struct DoctorResult {
  ExitCode exit = ExitCode::kDone;  ///< kFailed: NO-GO
  std::string headline;             ///< begins with GO or NO-GO
  std::vector<Check> checks;
  std::string next;
};

/// What works from here: plain DNS (UDP and TCP), DNS over TLS and over HTTPS, IPv6, whether something on the way
/// answers for others, the clock against the Date of an HTTPS server, the root store; with a plan also its credentials,
/// its providers and its authoritative servers. Asks `options`'s resolvers on the public Internet, unless every
/// resolver of the plan is a private one: then they are no concern of this plan. Writes nothing. `plan` may be nullptr.
DoctorResult doctor(const Plan* plan, net::Loop& loop, const Clock& clock, const DoctorOptions& options);

}  // namespace cutover
