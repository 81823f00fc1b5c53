#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/message.h"

// One DNSSEC signature against one key. The only place that knows ldns: it gets records that decode() accepted, keys
// and signatures of sensible size, and the signed set as finished bytes, so that none of its record parsers sees
// anything but DNSKEY and RRSIG.

namespace cutover::net {

/// What is wrong with a signature, or with a record set's signatures as a whole.
enum class SignatureFault {
  kNone,
  kExpired,
  kNotYetValid,
  kBadSignature,          ///< the data or the key are not what was signed
  kNoSignature,           ///< the set has no RRSIG
  kNoKey,                 ///< signed by a key that the zone does not show, or the zone shows no key at all
  kDsMismatch,            ///< no key of the zone is one that the parent's DS records name
  kUnsupportedAlgorithm,  ///< nothing here that this program can verify
  kNoDenial,              ///< "does not exist" without a signed NSEC or NSEC3
  kTooMany,               ///< more signatures and keys than anybody should have to try
};
/// A clause for people: `it has expired`.
std::string_view to_text(SignatureFault fault);

/// The fixed part of an RRSIG record's data (RFC 4034 section 3.1).
struct Signature {
  RecordType covered = RecordType::kA;
  unsigned algorithm = 0;
  unsigned labels = 0;
  std::uint32_t expires = 0;  ///< seconds, to be compared by serial number arithmetic (RFC 4034 section 3.1.5)
  unsigned key_tag = 0;
  DomainName signer;
};
/// nullopt where `record` is no RRSIG, or its data do not parse.
std::optional<Signature> read_signature(const Record& record);

/// The fixed part of a DNSKEY record's data (RFC 4034 section 2.1), and its tag (appendix B).
struct PublicKey {
  unsigned flags = 0;
  unsigned protocol = 0;
  unsigned algorithm = 0;
  unsigned tag = 0;
  bool signs_zone() const { return (flags & 0x0100U) != 0 && protocol == 3; }
  bool is_entry_point() const { return (flags & 0x0001U) != 0; }
  bool is_revoked() const { return (flags & 0x0080U) != 0; }  ///< RFC 5011 section 3
};
std::optional<PublicKey> read_public_key(const Record& record);

/// The fields of a DS record (RFC 4034 section 5.1). `digest` is raw bytes.
struct DelegationSigner {
  unsigned key_tag = 0;
  unsigned algorithm = 0;
  unsigned digest_type = 0;
  std::string digest;
};
std::optional<DelegationSigner> read_delegation_signer(std::string_view rdata);

/// RSA with SHA-1 and SHA-2, ECDSA, EdDSA (RFC 8624 section 3.1); SHA-1, SHA-256 and SHA-384 (section 3.3).
bool can_verify(unsigned algorithm);
bool can_digest(unsigned digest_type);
/// Whether `ds` names `key`, a DNSKEY record (RFC 4034 section 5.1.4).
bool names_key(const DelegationSigner& ds, const Record& key);

/// Whether `rrsig` over `set` (records of one name and type, class IN) was made by `key` and holds at `now`. Time is
/// looked at last: kExpired and kNotYetValid mean that the signature is right but for its time.
SignatureFault verify(const std::vector<Record>& set, const Record& rrsig, const Record& key, Instant now);

}  // namespace cutover::net
