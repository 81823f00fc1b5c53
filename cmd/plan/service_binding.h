#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/mapping.h"

namespace cutover {

/// A HTTPS or SVCB record taken apart (RFC 9460 section 2.1).
struct ServiceBinding {
  struct Parameter {
    std::string key;    ///< lower case
    std::string value;  ///< without the quotes around it; empty for keys without a value
    bool quoted = false;
  };
  std::uint16_t priority = 0;  ///< 0: an alias
  DomainName target;           ///< the root stands for the owner name in service mode
  std::vector<Parameter> parameters;

  const Parameter* find(std::string_view key) const;
  std::string text() const;
};

/// kInvalid for what cannot be rewritten without guessing: the \# form of RFC 3597, numbered forms of the
/// hint keys (`key4`), quotes that do not close.
Result<ServiceBinding> parse_service_binding(std::string_view rdata);

/// Every address in the ipv4hint and ipv6hint parameters.
std::vector<IpAddress> hints_of(const ServiceBinding& binding);

/// The binding with old hints and an old target replaced. A hint list that ends up empty goes away;
/// kUnsupported when `mandatory` lists it, since the record would then be malformed (RFC 9460 section 8).
Result<ServiceBinding> moved(const ServiceBinding& binding, const Mapping& mapping);

}  // namespace cutover
