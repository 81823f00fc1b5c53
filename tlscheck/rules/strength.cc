#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "tlscheck/rules/rules.h"
#include "tlscheck/strength.h"

namespace cutover::tlscheck {
namespace {

std::string key_text(const CertificateFacts& certificate) {
  const auto& key = certificate.key;
  return fmt::format("{}: {} {}", certificate.subject, key.algorithm.empty() ? "unreadable key" : key.algorithm,
                     key.curve.empty() ? std::to_string(key.bits) : key.curve);
}

std::string signature_text(const CertificateFacts& certificate) {
  return fmt::format("{}: signed over {}", certificate.subject,
                     certificate.digest.empty() ? "no digest of its own" : certificate.digest);
}

/// What is looked at: the path, or where there is none, what was sent.
const std::vector<CertificateFacts>& looked_at(const Seen& seen) {
  return seen.chain.path_facts.empty() ? seen.chain.sent : seen.chain.path_facts;
}

struct Worst {
  Weakness weakness;
  std::string subject;
};

void keep_worse(std::optional<Worst>& worst, const std::optional<Weakness>& found, const CertificateFacts& of) {
  if (found && (!worst || found->severity > worst->weakness.severity)) worst = Worst{*found, of.subject};
}

Finding finding_of(const std::optional<Worst>& worst, std::string fine, std::vector<std::string> evidence,
                   std::string advice) {
  if (!worst) return {Verdict::kPass, std::move(fine), join(evidence, "; "), ""};
  return {Verdict::kFail, fmt::format("{} has {}", worst->subject, worst->weakness.what), join(evidence, "; "),
          std::move(advice), worst->weakness.severity};
}

}  // namespace

Finding key_rule(const Seen& seen) {
  std::optional<Worst> worst;
  std::vector<std::string> evidence;
  for (const auto& one : looked_at(seen)) {
    keep_worse(worst, weakness_of_key(one), one);
    evidence.push_back(key_text(one));
  }
  return finding_of(worst, "every key of the path is strong enough", std::move(evidence),
                    "have the certificate issued for an RSA key of 2048 or 3072 bits or a P-256 key, by an authority "
                    "whose own keys are as strong");
}

Finding signature_rule(const Seen& seen) {
  std::optional<Worst> worst;
  std::vector<std::string> evidence;
  const auto& path = looked_at(seen);
  for (std::size_t i = 0; i < path.size(); ++i) {
    // The last one is trusted for what it is; nobody checks how it was signed.
    const bool is_anchor = seen.chain.reaches_anchor && i + 1 == path.size() && i > 0;
    if (is_anchor) continue;
    keep_worse(worst, weakness_of_signature(path[i]), path[i]);
    evidence.push_back(signature_text(path[i]));
  }
  return finding_of(worst, "every signature of the path is over a strong digest", std::move(evidence),
                    "have it issued again under an authority that signs with SHA-256 or better");
}

}  // namespace cutover::tlscheck
