#include <fmt/format.h>

#include "core/text.h"
#include "tlscheck/ocsp.h"
#include "tlscheck/rules/rules.h"

namespace cutover::tlscheck {
namespace {

std::string demand_text(const Seen& seen) {
  return seen.leaf().must_staple ? "the certificate demands one (TLS feature, RFC 7633)"
                                 : "the certificate demands none";
}

Finding without_staple(const Seen& seen) {
  const auto responders =
      seen.leaf().ocsp_urls.empty() ? std::string("no responder is named") : join(seen.leaf().ocsp_urls, ", ");
  const auto evidence = fmt::format("no OCSP response stapled; {}; {}", demand_text(seen), responders);
  if (!seen.leaf().must_staple) return {Verdict::kPass, "no OCSP response is stapled, and none has to be", evidence};
  return {
      Verdict::kFail,
      fmt::format("{} demands a stapled OCSP response, and the server sends none: Firefox refuses it", seen.whose()),
      evidence,
      "switch stapling on at the server (nginx: ssl_stapling with a resolver; Apache: SSLUseStapling), or have the "
      "certificate issued without must-staple; some authorities no longer run responders"};
}

std::string update_text(const OcspFacts& facts) {
  return fmt::format("this update {}, next update {}", format_instant(facts.this_update),
                     facts.next_update ? format_instant(*facts.next_update) : "not told");
}

}  // namespace

Finding staple_rule(const Seen& seen) {
  if (!seen.shown.staple)
    return seen.leaf().must_staple
               ? Finding{Verdict::kUndecided, "a stapled OCSP response is demanded, and none was asked for", "", ""}
               : Finding{Verdict::kNotApplicable, "no stapled OCSP response was asked for"};
  if (seen.shown.staple->empty()) return without_staple(seen);
  if (seen.chain.certificates.size() < 2)
    return {Verdict::kNotApplicable, "an OCSP response is stapled; without the issuer nobody can read it"};
  const auto facts = read_ocsp(*seen.shown.staple, *seen.chain.leaf, seen.chain.certificates[1], seen.times.now);
  const auto evidence = fmt::format("{} bytes stapled; {}; {}", seen.shown.staple->size(), demand_text(seen),
                                    facts.why.empty() ? update_text(facts) : facts.why);
  switch (facts.status) {
    case OcspStatus::kGood:
      return {Verdict::kPass, "the stapled OCSP response says good", evidence};
    case OcspStatus::kRevoked:
      return {Verdict::kFail,
              fmt::format("{} is revoked, its own stapled OCSP response says: {}", seen.whose(), facts.why), evidence,
              "have a new one issued for a new key, and find out why"};
    case OcspStatus::kUnknown:
    case OcspStatus::kOther:
    case OcspStatus::kOutOfDate:
    case OcspStatus::kUntrusted:
    case OcspStatus::kRefused:
    case OcspStatus::kUnreadable:
      break;
  }
  // Clients that look at it at all refuse it; where none is demanded, leaving it out would do.
  const auto milder = seen.leaf().must_staple ? std::nullopt : std::optional(Severity::kWarning);
  return {Verdict::kFail, fmt::format("the stapled OCSP response is of no use: {}", facts.why), evidence,
          "look at how the server gets its OCSP responses (its clock, its cache, the way to the responder)", milder};
}

}  // namespace cutover::tlscheck
