#pragma once
#include <chrono>
#include <optional>
#include <vector>

#include "core/check.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "net/loop.h"

namespace cutover::tlscheck {

/// A name at one new address, on the port that a certificate authority asks: 80 (RFC 8555 section 8.3).
struct AcmeTarget {
  DomainName name{};
  Endpoint endpoint{};
};

struct AcmeOptions {
  Severity severity = Severity::kNote;
  std::chrono::milliseconds timeout{5000};
  std::size_t in_flight = 64;
};

/// Whether the new side could renew its certificates by HTTP-01 once DNS points there: asks each address for a token
/// that does not exist. One check `acme-http-01` per target, in order. Any answer of a web server passes, 404 above
/// all; nobody there, a failing server and a redirect to another host do not. Names that HTTP-01 cannot validate
/// (wildcards, bare addresses) are left out.
std::vector<Check> check_acme_paths(net::Loop& loop, const std::vector<AcmeTarget>& targets,
                                    const AcmeOptions& options);

}  // namespace cutover::tlscheck
