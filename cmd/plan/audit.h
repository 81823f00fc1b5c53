#pragma once
#include <string>
#include <vector>

#include "cmd/plan/mention.h"
#include "core/check.h"
#include "net/authority.h"
#include "net/dnssec.h"
#include "providers/capabilities.h"

namespace cutover {

/// Something about a zone that matters for the move, or that someone may worry about and need not.
struct Audit {
  std::string id;  ///< stable, kebab-case: `ttl-high`, `dual-stack`
  Severity severity = Severity::kNote;
  std::string sentence;
};

/// Everything the audits look at. The pointers may be null where nobody was asked.
struct AuditInput {
  const Zone& zone;
  const Mapping& mapping;
  const Findings& findings;
  Seconds during{60};  ///< the low TTL that the plan will have
  Seconds standby{172800};
  Instant now{};
  const net::Delegation* delegation = nullptr;
  const net::AuthoritySweep* sweep = nullptr;
  const std::vector<net::Judgement>* judgements = nullptr;  ///< of what the servers answered
  const providers::Capabilities* capabilities = nullptr;
};

/// Pure. In the order of a cutover: TTLs, families, what goes along, certificates, DNSSEC, servers, provider.
std::vector<Audit> audit_zone(const AuditInput& input);

/// Old addresses and targets that no zone mentions: mistyped, or somewhere else.
std::vector<Audit> audit_mapping(const Mapping& mapping, const std::vector<const Zone*>& zones);

}  // namespace cutover
