#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "tlscheck/rules/rules.h"

// Whether the certificates are valid when it counts: now, at the swap, to the end of standby.

namespace cutover::tlscheck {
namespace {

std::string role(const Seen& seen, const Lapse& lapse) {
  return lapse.leaf ? std::string(seen.whose())
                    : fmt::format("the authority's certificate {} in the chain", lapse.certificate.subject);
}

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

/// Browsers may find another path where an intermediate has lapsed.
std::string_view hidden_text(const Seen& seen) {
  return seen.chain.building.is_good() ? "; clients that build paths (browsers, Go, Java) find another one, which "
                                         "hides it; strict clients (curl, OpenSSL, Python, mail servers) fail"
                                       : "";
}

}  // namespace

// --- tls-not-yet-valid ---

Finding not_yet_valid_rule(const Seen& seen) {
  const auto evidence = validity_text(seen.leaf());
  const auto& lapses = seen.chain.not_yet_valid;
  if (lapses.empty()) return {Verdict::kPass, fmt::format("{} is valid already", seen.whose()), evidence};
  const auto at_swap =
      std::find_if(lapses.begin(), lapses.end(), [&](const Lapse& l) { return l.at >= seen.times.swap; });
  const auto& worst = at_swap == lapses.end() ? lapses.front() : *at_swap;
  Finding finding;
  finding.verdict = Verdict::kFail;
  finding.evidence = validity_text(worst.certificate);
  const auto from = format_instant(worst.certificate.not_before);
  if (at_swap == lapses.end()) {
    finding.milder = Severity::kNote;
    finding.summary = fmt::format("{} becomes valid on {}, after now and before the swap", role(seen, worst), from);
    finding.advice = "nothing, as long as the swap is not made earlier";
    return finding;
  }
  finding.summary = fmt::format("{} is valid from {} only{}", role(seen, worst), from, hidden_text(seen));
  finding.advice = "wait until then, check this machine's clock, or have a certificate issued that is valid now";
  return finding;
}

// --- tls-expiry ---

Finding expiry_rule(const Seen& seen) {
  if (seen.side == Side::kOld) return {Verdict::kNotApplicable};
  const auto* lapse = first_expired(seen.chain);
  const auto evidence = expiry_evidence(seen);
  if (lapse == nullptr) {
    const auto limit = seen.leaf().not_after;
    return {
        Verdict::kPass,
        fmt::format("valid until {}, {} {}", format_instant(limit), format_duration(limit - seen.times.standby_ends),
                    seen.times.standby_ends == seen.times.now ? "from now" : "beyond the end of standby"),
        evidence};
  }
  return {Verdict::kFail,
          fmt::format("{} {}{}", role(seen, *lapse), when(*lapse, seen.times), lapse->leaf ? "" : hidden_text(seen)),
          evidence,
          lapse->leaf ? "renew it on the new side before the swap; HTTP-01 validation reaches the new side only once "
                        "DNS has moved, so use DNS-01 or copy certificate and key from the old side"
                      : "have the server send the authority's current intermediate certificate"};
}

// --- tls-renewal ---

Finding renewal_rule(const Seen& seen) {
  if (seen.side == Side::kOld || first_expired(seen.chain) != nullptr) return {Verdict::kNotApplicable};
  constexpr std::chrono::hours kShortLived{10 * 24};
  const auto& leaf = seen.leaf();
  const auto lifetime = leaf.not_after - leaf.not_before;
  const auto left = leaf.not_after - seen.times.standby_ends;
  const auto evidence = fmt::format("{}; {} of {} left at the end of standby", validity_text(leaf),
                                    format_duration(left), format_duration(lifetime));
  if (left >= lifetime / 3)
    return {Verdict::kPass, fmt::format("{} has a third of its lifetime left at the end of standby", seen.whose()),
            evidence};
  // Those of a few days are renewed all the time: nobody has to be told that one is due.
  const auto milder = lifetime <= kShortLived ? std::optional(Severity::kNote) : std::nullopt;
  return {Verdict::kFail,
          fmt::format("{} has {} left at the end of standby, less than a third of its lifetime: its renewal falls due "
                      "around the cutover",
                      seen.whose(), format_duration(left)),
          evidence,
          "renew it before the swap, or see to it that the new side can renew by itself (HTTP-01 validation reaches it "
          "only once DNS has moved; DNS-01 does not depend on that)",
          milder};
}

// --- old-side-expiry ---

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

}  // namespace cutover::tlscheck
