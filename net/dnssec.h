#pragma once
#include <optional>
#include <string>
#include <vector>

#include "net/authority.h"
#include "net/signature.h"

// What a validating resolver would make of what each authoritative server answers (RFC 4033 to 4035). Every server is
// judged by itself: one that serves broken signatures is found beside ten that do not.
//
// Not validated, and said so in every judgement it concerns (Unproven): the DS records themselves, or that there are
// none, which means the chain from the root to the parent; that an NSEC or NSEC3 set really covers the name that does
// not exist, or the name that a wildcard stood in for.

namespace cutover::net {

enum class Trust {
  kSecure,     ///< the signatures verify, from the anchor down
  kInsecure,   ///< nobody validates: the parent has no DS, or none of a kind that can be used (RFC 4035 section 5.2)
  kBogus,      ///< validating resolvers answer SERVFAIL
  kUndecided,  ///< no usable answer, or the name lies below a zone cut
};
std::string_view to_text(Trust trust);

/// What the keys of a zone are held against.
struct TrustAnchor {
  enum class Kind {
    kDs,       ///< the parent's DS records
    kNone,     ///< the parent was asked and has none
    kOwnKeys,  ///< no parent was asked: the zone's keys vouch for themselves
  } kind = Kind::kOwnKeys;
  std::vector<std::string> ds{};  ///< canonical DS data
};
TrustAnchor anchor_of(const Delegation& delegation);

/// What a verdict of kSecure leaves open.
enum class Unproven {
  kParentChain,  ///< the DS records are taken as the parent's servers answered them
  kOwnKeys,      ///< nobody above vouches for the keys
  kDenial,       ///< the NSEC or NSEC3 records are signed; that they cover the name was not checked
  kWildcard,     ///< likewise for the name that a wildcard stood in for
};
std::string_view to_text(Unproven unproven);

/// A zone's DNSKEY set, as one server shows it.
struct ZoneKeys {
  DomainName zone;
  Trust trust = Trust::kUndecided;
  SignatureFault fault = SignatureFault::kNone;
  TrustAnchor::Kind anchor = TrustAnchor::Kind::kOwnKeys;
  std::vector<Record> keys{};        ///< DNSKEY records that may sign the zone; empty where it is not signed
  std::optional<Instant> expires{};  ///< when the set's longest valid signature ends
  std::string evidence{};            ///< key tags and algorithms, for people
};

/// What one server's answer about one record set is worth.
struct Judgement {
  std::size_t server = 0;  ///< index into Delegation::servers
  RecordKey key;
  Trust trust = Trust::kUndecided;
  SignatureFault fault = SignatureFault::kNone;  ///< why bogus; kUnsupportedAlgorithm also where insecure
  bool is_signed = false;                        ///< the zone shows keys, whether or not anybody looks at them
  /// When validation begins to fail: the earliest end among the answer's sets and the DNSKEY set, where of several
  /// valid signatures over one set the one that lasts longest counts, since resolvers need only one.
  std::optional<Instant> expires{};
  std::vector<Unproven> unproven{};
  std::string evidence{};  ///< one clause: `signed by key 12345 (algorithm 13)`
};

/// Pure. `reply` answers the question for the zone's DNSKEY set with DO=1.
ZoneKeys judge_keys(const DomainName& zone, const Message& reply, const TrustAnchor& anchor, Instant now);
/// Pure. `reply` answers the question for `key` with DO=1; `server` of the judgement stays 0.
Judgement judge_answer(const ZoneKeys& keys, const RecordKey& key, const Message& reply, Instant now);

/// Asks every server for its DNSKEY set and, where that can be trusted, for every key (RD=0, DO=1), and judges each
/// answer by the moment it came. Server-major, keys in the order given.
std::vector<Judgement> validate_authority(Loop& loop, const Clock& clock, const Delegation& delegation,
                                          const DomainName& zone, const std::vector<RecordKey>& keys);

}  // namespace cutover::net
