#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/clock.h"
#include "core/domain_name.h"
#include "tlscheck/anchors.h"
#include "tlscheck/certificate.h"
#include "tlscheck/verify.h"

namespace cutover::tlscheck {

/// A TLSA record (RFC 6698 section 2.1).
struct TlsaRecord {
  std::uint8_t usage = 3;     ///< 0 PKIX-TA, 1 PKIX-EE, 2 DANE-TA, 3 DANE-EE
  std::uint8_t selector = 1;  ///< 0 the certificate, 1 its SubjectPublicKeyInfo
  std::uint8_t matching = 1;  ///< 0 as it is, 1 SHA-256, 2 SHA-512
  std::string data{};         ///< bytes

  friend bool operator==(const TlsaRecord&, const TlsaRecord&) = default;
};

/// Wire format; nullopt where it is too short to be one.
std::optional<TlsaRecord> parse_tlsa(std::string_view rdata);
/// `3 1 1 0d5f…`, as in a zone file.
std::string to_text(const TlsaRecord& record);

/// Whether selector, matching type and data are this certificate's. Unknown parameters match nothing.
bool tlsa_matches(const TlsaRecord& record, const Certificate& certificate);
/// The record that matches it.
TlsaRecord tlsa_for(const Certificate& certificate, std::uint8_t usage = 3, std::uint8_t selector = 1,
                    std::uint8_t matching = 1);

/// RFC 7671 section 5.1: for DANE-EE(3) neither names nor dates count. Some clients check names all the same.
enum class DaneNames { kIgnored, kChecked };

enum class DaneStatus {
  kVerified,
  kRefused,
  kNothingUsable,  ///< no record that a client could use: as if there were none (RFC 7671 section 4.1)
};
struct DaneFacts {
  DaneStatus status = DaneStatus::kNothingUsable;
  std::string why{};  ///< the verifier's reason when refused
  int depth = -1;     ///< which certificate of the path the record matched: 0 is the leaf; -1: none
};

/// What a DANE client makes of `chain` (DER, leaf first) with these records, which it takes for authentic; with their
/// digest agility (RFC 7671 section 9). `names`: the name of the TLSA base domain first, then others that would do
/// (section 5.2.2 ff.). The anchors count for usages 0 and 1 only. Pure.
DaneFacts verify_dane(const std::vector<TlsaRecord>& records, const std::vector<std::string>& chain,
                      const Anchors& anchors, const std::vector<DomainName>& names, Instant at,
                      DaneNames ee_names = DaneNames::kIgnored);

/// Whether a validating resolver vouches for an answer.
enum class Dnssec { kSecure, kInsecure, kBogus };

/// The TLSA record set at the owner name that the swap makes (`_25._tcp.mx.new.example.`), as it stands in DNS.
struct PublishedTlsa {
  DomainName owner{};
  std::vector<TlsaRecord> records{};  ///< empty: there are none
  Dnssec dnssec = Dnssec::kInsecure;
  Seconds ttl{};
  std::optional<Instant> since{};  ///< from when on it is known to have been served like this; empty: not known
};

/// `_25._tcp.mx.example. TTL 60: 3 1 1 0d5f…, …`: how the evidence of `tls-tlsa` begins.
std::string to_text(const PublishedTlsa& published);

/// `tls-tlsa`: the new side's chain verifies against what is published, at each of the moments, and has been published
/// for two TTLs when the swap is made (RFC 7671 section 8.1: clients keep the old set as long as they cached it).
/// Carries no name or endpoint yet.
Check judge_tlsa(const PublishedTlsa& published, const std::vector<std::string>& chain, const Anchors& anchors,
                 const std::vector<DomainName>& names, const Times& times);

}  // namespace cutover::tlscheck
