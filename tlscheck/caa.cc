#include "tlscheck/caa.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

/// Organisations as they stand in certificates, by a part that is theirs alone, in lower case, and what their practice
/// statements and CCADB's list of CAA identifiers name. As of November 2026; authorities merge, so look again.
struct Authority {
  std::string_view organization;
  std::string_view domains;  ///< separated by spaces
};
constexpr std::array<Authority, 30> kAuthorities{{
    {"let's encrypt", "letsencrypt.org"},
    {"internet security research group", "letsencrypt.org"},
    {"google trust services", "pki.goog"},
    {"digicert",
     "digicert.com www.digicert.com digicert.ne.jp thawte.com geotrust.com rapidssl.com symantec.com "
     "quovadisglobal.com"},
    {"quovadis", "quovadisglobal.com digicert.com"},
    {"geotrust", "geotrust.com digicert.com"},
    {"thawte", "thawte.com digicert.com"},
    {"sectigo", "sectigo.com usertrust.com trust-provider.com comodo.com comodoca.com entrust.net affirmtrust.com"},
    {"usertrust", "sectigo.com usertrust.com trust-provider.com comodo.com comodoca.com"},
    {"comodo ca", "comodoca.com comodo.com sectigo.com usertrust.com trust-provider.com"},
    {"zerossl", "sectigo.com zerossl.com"},
    {"amazon", "amazon.com amazontrust.com awstrust.com amazonaws.com aws.amazon.com"},
    {"globalsign", "globalsign.com"},
    {"godaddy", "godaddy.com starfieldtech.com"},
    {"starfield", "starfieldtech.com godaddy.com"},
    {"entrust", "entrust.net affirmtrust.com"},
    {"affirmtrust", "affirmtrust.com entrust.net"},
    {"ssl corp", "ssl.com"},
    {"identrust", "identrust.com"},
    {"microsoft corporation", "microsoft.com"},
    {"apple inc", "pki.apple.com"},
    {"certainly", "certainly.com"},
    {"buypass", "buypass.com"},
    {"actalis", "actalis.it"},
    {"asseco data systems", "certum.pl certum.eu"},
    {"d-trust", "d-trust.net dtrust.de d-trust.de"},
    {"deutsche telekom security", "telesec.de"},
    {"swisssign", "swisssign.com"},
    {"hellenic academic and research", "harica.gr"},
    {"trustasia", "trustasia.com"},
}};

std::string tag_of(const CaaRecord& record) { return to_lower(record.tag); }

bool is_known(const std::string& tag) {
  static const std::array<std::string_view, 7> known{"issue",        "issuewild", "iodef",   "contactemail",
                                                     "contactphone", "issuemail", "issuevmc"};
  return std::find(known.begin(), known.end(), tag) != known.end();
}

/// Issuer and parameters of an `issue` or `issuewild` value (section 4.2). What is malformed names nobody.
struct Grant {
  std::string issuer{};
  std::string parameters{};
};
Grant grant_of(const CaaRecord& record) {
  const auto semicolon = record.value.find(';');
  const auto issuer = trim(std::string_view(record.value).substr(0, semicolon));
  const bool well_formed = std::all_of(issuer.begin(), issuer.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
  if (!well_formed) return {};
  return {to_lower(issuer), semicolon == std::string::npos
                                ? std::string()
                                : printable(trim(std::string_view(record.value).substr(semicolon + 1)))};
}

std::vector<Grant> grants_of(const std::vector<CaaRecord>& records, std::string_view tag) {
  std::vector<Grant> out;
  for (const auto& record : records)
    if (tag_of(record) == tag) out.push_back(grant_of(record));
  return out;
}

std::string issuers_text(const std::vector<Grant>& grants) {
  std::vector<std::string> issuers;
  for (const auto& grant : grants)
    if (!grant.issuer.empty()) issuers.push_back(grant.issuer);
  return issuers.empty() ? "nobody" : join(issuers, ", ");
}

std::string set_text(const ClimbedCaa& climbed) {
  if (climbed.records.empty()) return "no CAA records up to the root";
  std::vector<std::string> records;
  for (const auto& record : climbed.records) records.push_back(to_text(record));
  return fmt::format("{} CAA {}", climbed.owner.text(), join(records, ", "));
}

/// Whether the name is covered by a wildcard only.
CaaKind kind_of(const DomainName& name, const CertificateFacts& leaf) {
  const auto is_it = [&](const std::string& san) { return to_lower(san) == name.host(); };
  const bool exact = std::any_of(leaf.names.begin(), leaf.names.end(), is_it);
  return name.is_wildcard() || !exact ? CaaKind::kWildcard : CaaKind::kHost;
}

}  // namespace

std::optional<CaaRecord> parse_caa(std::string_view rdata) {
  if (rdata.size() < 3) return std::nullopt;
  const auto tag_size = static_cast<unsigned char>(rdata[1]);
  if (tag_size == 0 || rdata.size() < 2U + tag_size) return std::nullopt;
  return CaaRecord{static_cast<std::uint8_t>(rdata[0]), std::string(rdata.substr(2, tag_size)),
                   std::string(rdata.substr(2U + tag_size))};
}

std::string to_text(const CaaRecord& record) {
  return fmt::format("{} {} \"{}\"", record.flags, printable(record.tag), printable(record.value));
}

std::vector<std::string> caa_domains_of(std::string_view organization) {
  const auto lower = to_lower(organization);
  for (const auto& authority : kAuthorities)
    if (lower.find(authority.organization) != std::string::npos) return split(authority.domains, ' ');
  return {};
}

CaaFacts judge_caa(const std::vector<CaaRecord>& records, const std::vector<std::string>& domains, CaaKind kind) {
  constexpr std::uint8_t kCritical = 128;
  for (const auto& record : records)
    if ((record.flags & kCritical) != 0 && !is_known(tag_of(record)))
      return {CaaVerdict::kForbidden,
              fmt::format("the critical property {} is one that authorities do not know", printable(record.tag)), ""};
  auto grants = kind == CaaKind::kWildcard ? grants_of(records, "issuewild") : std::vector<Grant>();
  if (grants.empty()) grants = grants_of(records, "issue");
  if (grants.empty()) return {CaaVerdict::kAllowed, "nobody is kept from issuing", ""};
  const auto who = issuers_text(grants);
  if (who == "nobody") return {CaaVerdict::kForbidden, "nobody may issue", ""};
  if (domains.empty()) return {CaaVerdict::kUnknown, fmt::format("only {} may issue", who), ""};
  for (const auto& grant : grants)
    if (std::find(domains.begin(), domains.end(), grant.issuer) != domains.end())
      return {CaaVerdict::kAllowed, fmt::format("{} may issue", grant.issuer), grant.parameters};
  return {CaaVerdict::kForbidden, fmt::format("only {} may issue", who), ""};
}

Check judge_caa(const DomainName& name, const ClimbedCaa& climbed, const CertificateFacts& leaf) {
  Check check;
  check.id = "tls-caa";
  check.severity = Severity::kWarning;
  check.name = name;
  const auto& organization = leaf.issuer_organization;
  const auto domains = caa_domains_of(organization);
  const auto whom = organization.empty() ? leaf.issuer : organization;
  const auto facts = judge_caa(climbed.records, domains, kind_of(name, leaf));
  check.evidence = fmt::format("{}; issuer {}{}{}", set_text(climbed), whom,
                               domains.empty() ? "" : ", which goes by " + join(domains, ", "),
                               facts.limits.empty() ? "" : "; with " + facts.limits);
  switch (facts.verdict) {
    case CaaVerdict::kAllowed:
      check.verdict = Verdict::kPass;
      check.summary = fmt::format("{} may issue for {} again", whom, name.host());
      if (!facts.limits.empty()) check.summary += fmt::format(", within limits: {}", facts.limits);
      break;
    case CaaVerdict::kUnknown:
      check.verdict = Verdict::kUndecided;
      check.severity = Severity::kNote;
      check.summary = fmt::format("{}; whether that is {} is not known here", facts.why, whom);
      check.advice = "look up the name that the authority goes by in CAA records, and compare";
      break;
    case CaaVerdict::kForbidden:
      check.verdict = Verdict::kFail;
      check.summary = fmt::format("{} cannot renew the certificate for {}: {}", whom, name.host(), facts.why);
      check.advice = domains.empty() ? "have the CAA records name the authority"
                                     : fmt::format("add `{} CAA 0 issue \"{}\"` before the renewal is due",
                                                   climbed.owner.text(), domains.front());
      break;
  }
  return check;
}

}  // namespace cutover::tlscheck
