#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/check.h"
#include "core/domain_name.h"
#include "tlscheck/certificate.h"

namespace cutover::tlscheck {

/// A CAA record (RFC 8659 section 4.1).
struct CaaRecord {
  std::uint8_t flags = 0;  ///< 128: critical
  std::string tag{};       ///< `issue`; case does not matter
  std::string value{};     ///< `letsencrypt.org; validationmethods=dns-01`
};

/// Wire format; nullopt where it is none.
std::optional<CaaRecord> parse_caa(std::string_view rdata);
/// `0 issue "letsencrypt.org"`, safe to print.
std::string to_text(const CaaRecord& record);

/// Which properties count (RFC 8659 sections 4.2 and 4.3): of wildcards `issuewild`, where there is one.
enum class CaaKind { kHost, kWildcard };

enum class CaaVerdict {
  kAllowed,
  kForbidden,
  kUnknown,  ///< whose domain names these authorities go by is not known here
};
struct CaaFacts {
  CaaVerdict verdict = CaaVerdict::kAllowed;
  std::string why{};     ///< one clause for people
  std::string limits{};  ///< parameters of the property that allows it (RFC 8657): accounts, validation methods
};

/// The domain names under which an authority looks for itself in CAA records, by the organisation that stands as the
/// issuer in its certificates. Empty: not known here.
std::vector<std::string> caa_domains_of(std::string_view organization);

/// Whether an authority that goes by `domains` may issue, under the record set that a climb from the name found
/// (section 3: the nearest ancestor's that has one; none at all: everybody may).
CaaFacts judge_caa(const std::vector<CaaRecord>& records, const std::vector<std::string>& domains, CaaKind kind);

/// The record set as it will be after the swap.
struct ClimbedCaa {
  DomainName owner{};  ///< where it was found; the root where there is none
  std::vector<CaaRecord> records{};
};

/// `tls-caa`: the issuer of the new side's certificate may issue again, in standby and later. Carries no endpoint.
Check judge_caa(const DomainName& name, const ClimbedCaa& climbed, const CertificateFacts& leaf);

}  // namespace cutover::tlscheck
