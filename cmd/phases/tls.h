#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cmd/phases/preflight.h"

namespace cutover {

/// One thing to check without a plan.
struct TlsTarget {
  DomainName name;  ///< the root: an address by itself
  std::uint16_t port = 443;
  std::vector<IpAddress> at;   ///< empty: the addresses that the name has now
  std::vector<IpAddress> old;  ///< of an old side, to compare with; may be empty
  std::size_t line = 0;        ///< of the file that names it; 0: none does
};

/// The usual port of a protocol of net/starttls.h; 443 for the empty word and every other one.
std::uint16_t usual_port(std::string_view starttls);

/// Reads `www.example.com`, `mail.example.com:465`, `192.0.2.1`, `[2001:db8::1]:8443`. kUsage otherwise.
Result<TlsTarget> read_tls_target(std::string_view text, std::uint16_t usual_port);

/// Reads lines of `ADDRESS, NAME[:PORT]`, or `NAME[:PORT]` alone; empty lines and `#` comments are passed over.
/// kInvalid names the line; `file` is how it is called.
Result<std::vector<TlsTarget>> read_tls_lines(std::string_view text, std::string_view file, std::uint16_t usual_port);

/// Looks up what has no address yet and checks everything. A name without an address is a failed check.
Result<PreflightResult> check_tls(const std::vector<TlsTarget>& targets, const std::string& starttls, net::Loop& loop,
                                  const Clock& clock, const PreflightOptions& options);

}  // namespace cutover
