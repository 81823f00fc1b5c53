#pragma once
#include <optional>
#include <string>
#include <vector>

#include "net/signature.h"

namespace cutover::net {

/// The records of one set in a section, class IN.
std::vector<Record> records_of(const std::vector<Record>& section, const RecordKey& key);

struct SetSignature {
  Record record;
  Signature fields;
};
/// The RRSIG records over the set of `key` in a section.
std::vector<SetSignature> signatures_over(const std::vector<Record>& section, const RecordKey& key);

/// Whether the signatures over a set hold.
struct VerifiedSet {
  SignatureFault fault = SignatureFault::kNoSignature;
  std::optional<Instant> expires{};  ///< of the valid signature that lasts longest, else of the one that tells most
  bool from_wildcard = false;        ///< the signed name is a wildcard that stood in for this one
  std::string evidence{};            ///< `signed by key 12345 (algorithm 13) until 2026-01-01T00:00:00Z`
};

/// Is there one signature over the set of `key` in `section`, made by `zone` with one of `keys` (DNSKEY records), that
/// holds at `now` (RFC 4035 section 5.3)? One is enough.
VerifiedSet verify_set(const std::vector<Record>& section, const RecordKey& key, const DomainName& zone,
                       const std::vector<Record>& keys, Instant now);

}  // namespace cutover::net
