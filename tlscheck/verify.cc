#include "tlscheck/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "tlscheck/rules/rules.h"

namespace cutover::tlscheck {
namespace {

/// Who runs into it.
enum class Reach { kBrowsers, kElsewhere };

struct Rule {
  std::string_view id;
  Severity severity;
  Finding (*judge)(const Seen&);
  Reach reach;
};

constexpr std::string_view kNameId = "tls-name";
/// Says something of a chain that cannot be read; all others need a leaf.
constexpr std::string_view kChainId = "tls-chain";

constexpr std::array<Rule, 14> kRules{{
    {kChainId, Severity::kError, chain_rule, Reach::kBrowsers},
    {"tls-path", Severity::kError, path_rule, Reach::kBrowsers},
    {"tls-chain-order", Severity::kWarning, order_rule, Reach::kElsewhere},
    {"tls-not-yet-valid", Severity::kError, not_yet_valid_rule, Reach::kBrowsers},
    {"tls-expiry", Severity::kError, expiry_rule, Reach::kBrowsers},
    {"tls-renewal", Severity::kWarning, renewal_rule, Reach::kElsewhere},
    {"old-side-expiry", Severity::kWarning, old_side_rule, Reach::kElsewhere},
    {"tls-lifetime", Severity::kWarning, lifetime_rule, Reach::kBrowsers},
    {"tls-key", Severity::kError, key_rule, Reach::kBrowsers},
    {"tls-signature", Severity::kError, signature_rule, Reach::kBrowsers},
    {"tls-sct", Severity::kError, sct_rule, Reach::kBrowsers},
    {"tls-staple", Severity::kError, staple_rule, Reach::kBrowsers},
    {"tls-client-auth", Severity::kNote, client_auth_rule, Reach::kElsewhere},
    {"tls-profile", Severity::kNote, profile_rule, Reach::kElsewhere},
}};

Check check_of(const Seen& seen, std::string_view id, Severity severity, Finding finding) {
  Check check;
  check.id = id;
  check.severity =
      std::min(finding.milder.value_or(severity), seen.side == Side::kOld ? Severity::kWarning : Severity::kError);
  check.verdict = finding.verdict;
  check.summary = std::move(finding.summary);
  check.evidence = std::move(finding.evidence);
  check.advice = std::move(finding.advice);
  return check;
}

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

bool stands_in_the_way(std::string_view id) {
  return id == kNameId || std::any_of(kRules.begin(), kRules.end(), [&](const Rule& rule) {
           return rule.id == id && rule.reach == Reach::kBrowsers;
         });
}

std::vector<Instant> moments_of(const Times& times) {
  std::vector<Instant> moments{times.now};
  if (times.swap > moments.back()) moments.push_back(times.swap);
  if (times.standby_ends > moments.back()) moments.push_back(times.standby_ends);
  return moments;
}

std::optional<Check> judge_name(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, Side side) {
  if (!chain.leaf) return std::nullopt;
  const Times times;
  const Shown shown;
  const Seen seen{chain, anchors, times, side, shown};
  return check_of(seen, kNameId, Severity::kError, name_rule(seen, subject));
}

std::vector<Check> judge_chain(const ChainFacts& chain, const Anchors& anchors, const Times& times, Side side,
                               const Shown& shown) {
  const Seen seen{chain, anchors, times, side, shown};
  std::vector<Check> checks;
  for (const auto& rule : kRules) {
    if (!chain.leaf && rule.id != kChainId) continue;
    auto finding = rule.judge(seen);
    if (finding.verdict == Verdict::kNotApplicable && finding.summary.empty()) continue;
    checks.push_back(check_of(seen, rule.id, rule.severity, std::move(finding)));
  }
  return checks;
}

std::vector<Check> judge(const ChainFacts& chain, const Anchors& anchors, const Subject& subject, const Times& times,
                         Side side, const Shown& shown) {
  std::vector<Check> checks;
  if (auto named = judge_name(chain, anchors, subject, side)) checks.push_back(*std::move(named));
  for (auto& check : judge_chain(chain, anchors, times, side, shown)) checks.push_back(std::move(check));
  return checks;
}

std::vector<Check> verify(const std::vector<std::string>& chain, const Anchors& anchors, const Subject& subject,
                          const Times& times, Side side, const Policy& policy, const Shown& shown) {
  return judge(inspect(chain, anchors, moments_of(times), policy), anchors, subject, times, side, shown);
}

}  // namespace cutover::tlscheck
