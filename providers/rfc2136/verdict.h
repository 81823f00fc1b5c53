#pragma once
#include <optional>
#include <string>

#include "net/exchange.h"

namespace cutover::providers::rfc2136 {

/// Who was asked for what, for the sentence of an error.
struct Conversation {
  std::string server;  ///< as the plan names it
  DomainName zone;
  std::optional<DomainName> key;  ///< name of the TSIG key; empty: unsigned
};

/// What an answer to an UPDATE means; nullopt: done. See RFC 2136 section 2.2 for the rcodes, RFC 8945 section 5.2
/// for the errors of TSIG.
std::optional<Error> verdict_on_update(const Conversation& talk, const net::DnsAnswer& answer);
/// What an answer to a query means; nullopt: usable (NOERROR or NXDOMAIN).
std::optional<Error> verdict_on_query(const Conversation& talk, const net::DnsAnswer& answer);

}  // namespace cutover::providers::rfc2136
