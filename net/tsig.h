#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/result.h"
#include "net/message.h"

namespace cutover::net {

enum class TsigAlgorithm { kHmacSha1, kHmacSha256, kHmacSha384, kHmacSha512 };

/// A shared key. The secret never leaves this value but into a MAC: it has no text form.
struct TsigKey {
  DomainName name;
  TsigAlgorithm algorithm = TsigAlgorithm::kHmacSha256;
  Bytes secret;
};

/// Reads what `tsig-keygen` writes: key "name" { algorithm hmac-sha256; secret "..."; };
/// or the one-line form of nsupdate -y: hmac-sha256:name:base64. Errors never quote the secret.
Result<TsigKey> parse_tsig_key(std::string_view text);

/// What a TSIG check found (RFC 8945 section 5).
enum class TsigStatus {
  kGood,
  kUnsigned,
  kBadKey,
  kBadSig,
  kBadTime,
  kPeerBadKey,
  kPeerBadSig,
  kPeerBadTime,  ///< the peer said so in an error TSIG
};

struct TsigCheck {
  TsigStatus status = TsigStatus::kUnsigned;
  Bytes mac;                           ///< of the checked message
  std::optional<Instant> time_signed;  ///< of the peer, where the MAC was right; for kPeerBadTime the server's own
                                       ///< time (section 5.2.3)
};

/// Appends a TSIG record over `wire` (RFC 8945 section 4.2). `request_mac` is empty for requests.
/// Returns the signed message and its MAC through `mac_out` (nullptr where nobody wants it). `wire` is a
/// whole message without a TSIG record; anything shorter than a header comes back as it is.
Bytes tsig_sign(const Bytes& wire, const TsigKey& key, Instant now, const Bytes& request_mac, Bytes* mac_out);
/// Signs the second or a later message of one TCP answer (section 5.3.1): `prior_mac` is the MAC of the
/// message before it (server side: the lab).
Bytes tsig_sign_next(const Bytes& wire, const TsigKey& key, Instant now, const Bytes& prior_mac, Bytes* mac_out);
/// Makes `wire` an error response with rcode NOTAUTH and the TSIG error `error` (server side: the lab).
/// BADTIME is signed and carries the server's time; BADKEY and BADSIG carry no MAC (section 5.2).
Bytes tsig_sign_error(const Bytes& wire, const TsigKey& key, Instant time_of_request, Instant now,
                      const Bytes& request_mac, Rcode error);

/// Verifies one message: key and algorithm, then the MAC, then `now` against time signed and fudge, in the
/// order of section 5.2. A MAC shorter than the algorithm's is refused. Malformed bytes are kBadSig, or
/// kUnsigned where they hold no TSIG record at all. The header's id is outside the MAC (the original id
/// in the record is inside): comparing ids is the exchange's work.
TsigCheck tsig_verify(std::string_view wire, const TsigKey& key, Instant now, const Bytes& request_mac);

/// Verifies the messages of one TCP stream in order (RFC 8945 section 5.3.1): some in between may be
/// unsigned, at most 99 in a row, the first and the last must be signed. kUnsigned is the answer for each
/// unsigned one: harmless after the first, as long as complete() is true in the end. Any other answer than
/// kGood and kUnsigned is final.
class TsigStream {
 public:
  TsigStream(TsigKey key, Bytes request_mac);
  TsigCheck next(std::string_view wire, Instant now);
  /// True when the last message seen was signed and good: required at the end of the stream.
  bool complete() const { return complete_; }

 private:
  TsigKey key_;
  Bytes prior_mac_;
  Bytes unsigned_bytes_;
  int unsigned_count_ = 0;
  bool first_ = true;
  bool complete_ = false;
  bool broken_ = false;
};

/// The key name of the TSIG record at the end of a message, or nullopt when unsigned (server side).
std::optional<DomainName> tsig_key_name(std::string_view wire);

}  // namespace cutover::net
