#include "tlscheck/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"

// The rules: one function each, pure, in one table. A new rule is a function and a line in kRules.

namespace cutover::tlscheck {
namespace {

/// Everything a rule may look at.
struct Seen {
  const ChainFacts& chain;
  const Anchors& anchors;
  const Subject& subject;
  const Times& times;
  Side side;

  const CertificateFacts& leaf() const { return chain.sent.front(); }
  std::string_view whose() const { return side == Side::kNew ? "the certificate" : "the old side's certificate"; }
};

/// What a rule found; its id and severity stand in the table.
struct Finding {
  Verdict verdict = Verdict::kPass;
  std::string summary{};
  std::string evidence{};
  std::string advice{};
  std::optional<Severity> milder{};  ///< where this finding weighs less than the rule does
};

constexpr std::size_t kNamesShown = 12;

std::string names_text(const std::vector<std::string>& names) {
  if (names.empty()) return "no names at all";
  const auto shown = std::min(names.size(), kNamesShown);
  auto text = join({names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown)}, ", ");
  if (names.size() > shown) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::string identity(const CertificateFacts& certificate) {
  return fmt::format("{}, issued by {}, sha256 {}", certificate.subject, certificate.issuer, certificate.sha256);
}

std::string validity(const CertificateFacts& certificate) {
  return fmt::format("{} valid from {} to {}", certificate.subject, format_instant(certificate.not_before),
                     format_instant(certificate.not_after));
}

// --- tls-name ---

Finding name_rule(const Seen& seen) {
  const bool by_address = seen.subject.name.is_root();
  const auto whom = by_address ? seen.subject.address.text() : seen.subject.name.host();
  const bool covered = by_address ? covers(seen.chain, seen.subject.address) : covers(seen.chain, seen.subject.name);
  const auto evidence = fmt::format("subjectAltName: {}", names_text(seen.leaf().names));
  if (covered) return {Verdict::kPass, fmt::format("{} is for {}", seen.whose(), whom), evidence};
  if (seen.leaf().names.empty())
    return {Verdict::kFail,
            fmt::format("{} names {} in no subjectAltName; clients ignore the subject's common name (RFC 9525)",
                        seen.whose(), whom),
            fmt::format("{}; subject {}", evidence, seen.leaf().subject),
            "have it issued again with a subjectAltName for each host name"};
  return {Verdict::kFail, fmt::format("{} is not for {}", seen.whose(), whom), evidence,
          fmt::format("install a certificate that covers {} there, or check that the server knows this name (it may "
                      "have shown its default one)",
                      whom)};
}

// --- tls-chain ---

Finding chain_rule(const Seen& seen) {
  const auto& chain = seen.chain;
  if (chain.sent.empty())
    return {Verdict::kFail, fmt::format("{} cannot be read: {}", seen.whose(), chain.why), "",
            "look at what the server has configured"};
  const auto evidence = fmt::format("{}; path: {}; {} sent; root store {}", identity(seen.leaf()),
                                    chain.path.empty() ? "none" : join(chain.path, " <- "),
                                    counted(chain.sent.size(), "certificate"), seen.anchors.text());
  const auto failed = [&](std::string summary, std::string advice) {
    return Finding{Verdict::kFail, std::move(summary), fmt::format("{}; {}", chain.why, evidence), std::move(advice)};
  };
  switch (chain.trust) {
    case Trust::kTrusted:
      return {Verdict::kPass, fmt::format("{} leads to a trusted root", seen.whose()), evidence};
    case Trust::kIncomplete:
      return failed(fmt::format("the chain ends at {}: its issuer {} was neither sent nor is it a trusted root",
                                chain.broken_at, chain.missing_issuer),
                    "configure the server to send the intermediate certificates (the \"full chain\"); browsers may "
                    "hide the gap, curl, "
                    "Java, Python and mail servers do not. For a private authority give its root with --ca-file");
    case Trust::kSelfSigned:
      return failed(
          fmt::format("{} is self-signed", seen.whose()),
          "install one of an authority that clients trust, or give it with --ca-file when it is meant to be so");
    case Trust::kUnknownRoot:
      return failed(fmt::format("{} leads to the root {}, which is not trusted", seen.whose(), chain.broken_at),
                    "install a certificate of an authority that clients trust; for a private authority give its root "
                    "with --ca-file");
    case Trust::kRejected:
      return failed(fmt::format("{} is refused: {} ({})", seen.whose(), chain.why, chain.broken_at),
                    "have it issued again without that fault");
    case Trust::kUnreadable:
      break;  // nothing was sent: above
  }
  return {};
}

// --- tls-not-yet-valid ---

std::string role(const Seen& seen, const Lapse& lapse) {
  return lapse.leaf ? std::string(seen.whose())
                    : fmt::format("the authority's certificate {} in the chain", lapse.certificate.subject);
}

Finding not_yet_valid_rule(const Seen& seen) {
  const auto evidence = validity(seen.leaf());
  const auto& lapses = seen.chain.not_yet_valid;
  if (lapses.empty()) return {Verdict::kPass, fmt::format("{} is valid already", seen.whose()), evidence};
  const auto at_swap =
      std::find_if(lapses.begin(), lapses.end(), [&](const Lapse& l) { return l.at >= seen.times.swap; });
  const auto& worst = at_swap == lapses.end() ? lapses.front() : *at_swap;
  Finding finding;
  finding.verdict = Verdict::kFail;
  finding.evidence = validity(worst.certificate);
  const auto from = format_instant(worst.certificate.not_before);
  if (at_swap == lapses.end()) {
    finding.milder = Severity::kNote;
    finding.summary = fmt::format("{} becomes valid on {}, after now and before the swap", role(seen, worst), from);
    finding.advice = "nothing, as long as the swap is not made earlier";
    return finding;
  }
  finding.summary = fmt::format("{} is valid from {} only", role(seen, worst), from);
  finding.advice = "wait until then, check this machine's clock, or have a certificate issued that is valid now";
  return finding;
}

// --- tls-expiry and old-side-expiry ---

/// The first lapse that hurts, the leaf's own before others of the same moment.
const Lapse* first_expired(const ChainFacts& chain) {
  const Lapse* first = nullptr;
  for (const auto& lapse : chain.expired)
    if (first == nullptr || (lapse.at == first->at && lapse.leaf && !first->leaf)) first = &lapse;
  return first;
}

std::string expiry_evidence(const Seen& seen) {
  std::vector<std::string> parts;
  for (const auto& one : seen.chain.sent)
    parts.push_back(fmt::format("{} not after {}{}", one.subject, format_instant(one.not_after),
                                one.in_path ? "" : " (sent, but no path needs it)"));
  return join(parts, "; ");
}

std::string when(const Lapse& lapse, const Times& times) {
  const auto limit = lapse.certificate.not_after;
  if (limit <= times.now)
    return fmt::format("expired on {}, {} ago", format_instant(limit), format_duration(times.now - limit));
  if (limit <= times.swap)
    return fmt::format("expires on {}, before the swap on {}", format_instant(limit), format_instant(times.swap));
  return fmt::format("expires on {}, before the end of standby on {}", format_instant(limit),
                     format_instant(times.standby_ends));
}

Finding expiry_rule(const Seen& seen) {
  if (seen.side == Side::kOld) return {Verdict::kNotApplicable};
  const auto* lapse = first_expired(seen.chain);
  const auto evidence = expiry_evidence(seen);
  if (lapse == nullptr) {
    const auto limit = seen.leaf().not_after;
    return {Verdict::kPass,
            fmt::format("valid until {}, {} beyond the end of standby", format_instant(limit),
                        format_duration(limit - seen.times.standby_ends)),
            evidence};
  }
  return {Verdict::kFail, fmt::format("{} {}", role(seen, *lapse), when(*lapse, seen.times)), evidence,
          lapse->leaf ? "renew it on the new side before the swap; HTTP-01 validation reaches the new side only once "
                        "DNS has moved, so use DNS-01 or "
                        "copy certificate and key from the old side"
                      : "have the server send the authority's current intermediate certificate"};
}

Finding old_side_rule(const Seen& seen) {
  if (seen.side == Side::kNew) return {Verdict::kNotApplicable};
  const auto* lapse = first_expired(seen.chain);
  const auto evidence = expiry_evidence(seen);
  if (lapse == nullptr)
    return {Verdict::kPass,
            fmt::format("a rollback finds a valid certificate on the old side until {}",
                        format_instant(seen.leaf().not_after)),
            evidence};
  return {Verdict::kFail,
          fmt::format("{} {}: from then on a rollback leads users to a certificate error", role(seen, *lapse),
                      when(*lapse, seen.times)),
          evidence,
          "renew it on the old side before the swap (HTTP-01 validation no longer reaches it afterwards), or plan a "
          "shorter standby"};
}

// --- the table ---

struct Rule {
  std::string_view id;
  Severity severity;
  Finding (*judge)(const Seen&);
  bool needs_leaf;  ///< not applicable where nothing could be read
};

constexpr std::array<Rule, 5> kRules{{
    {"tls-name", Severity::kError, name_rule, true},
    {"tls-chain", Severity::kError, chain_rule, false},
    {"tls-not-yet-valid", Severity::kError, not_yet_valid_rule, true},
    {"tls-expiry", Severity::kError, expiry_rule, true},
    {"old-side-expiry", Severity::kWarning, old_side_rule, true},
}};

}  // namespace

std::string_view to_text(Side side) {
  switch (side) {
    case Side::kNew:
      return "new";
    case Side::kOld:
      return "old";
  }
  return "new";
}

std::vector<Instant> moments_of(const Times& times) {
  std::vector<Instant> moments{times.now};
  if (times.swap > moments.back()) moments.push_back(times.swap);
  if (times.standby_ends > moments.back()) moments.push_back(times.standby_ends);
  return moments;
}

std::vector<Check> judge(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, const Times& times,
                         Side side) {
  const Seen seen{chain, anchors, subject, times, side};
  std::vector<Check> checks;
  for (const auto& rule : kRules) {
    const bool applies = !rule.needs_leaf || chain.leaf.has_value();
    auto finding = applies ? rule.judge(seen) : Finding{Verdict::kNotApplicable};
    if (finding.verdict == Verdict::kNotApplicable) continue;
    Check check;
    check.id = rule.id;
    check.severity =
        std::min(finding.milder.value_or(rule.severity), side == Side::kOld ? Severity::kWarning : Severity::kError);
    check.verdict = finding.verdict;
    check.summary = std::move(finding.summary);
    check.evidence = std::move(finding.evidence);
    check.advice = std::move(finding.advice);
    checks.push_back(std::move(check));
  }
  return checks;
}

std::vector<Check> verify(const std::vector<std::string>& chain, const Anchors& anchors, const Subject& subject,
                          const Times& times, Side side) {
  return judge(inspect(chain, anchors, moments_of(times)), anchors, subject, times, side);
}

}  // namespace cutover::tlscheck
