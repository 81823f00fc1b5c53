#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "tlscheck/lifetime.h"
#include "tlscheck/rules/rules.h"

// What binds public authorities: the CA/Browser Forum and the browsers' own policies.

namespace cutover::tlscheck {
namespace {

/// Certificates issued before are judged by older policies, which none of them can have outlived.
const Instant& sct_policy_from() {
  static const Instant from = *parse_instant("2022-04-15T00:00:00Z");
  return from;
}

/// From then on Chrome's root program (version 1.8, section 1.3.2) takes no leaf that is for clients, too.
const Instant& client_auth_until() {
  static const Instant until = *parse_instant("2027-03-15T00:00:00Z");
  return until;
}

std::string day_text(Instant at) { return format_instant(at).substr(0, 10); }

}  // namespace

Finding lifetime_rule(const Seen& seen) {
  if (!seen.is_public()) return not_public(seen);
  const auto& leaf = seen.leaf();
  const auto has = lifetime(leaf.not_before, leaf.not_after);
  const auto evidence = fmt::format("{}, {} s in all", validity_text(leaf), has.count());
  const auto limit = limit_on(leaf.not_before);
  if (!limit)
    return {Verdict::kNotEffective,
            fmt::format("{} was issued before {}, when the limits on lifetimes begin", seen.whose(),
                        day_text(lifetime_limits().front().from)),
            evidence};
  const auto rule = fmt::format("certificates issued from {} on may live {} days", day_text(limit->from), limit->days);
  if (judge_lifetime(*limit, leaf.not_before, leaf.not_after) == Verdict::kPass)
    return {Verdict::kPass, fmt::format("{} lives no longer than it may: {}", seen.whose(), rule), evidence};
  return {Verdict::kFail,
          fmt::format("{} lives {}, too long for a public authority: {}", seen.whose(), format_duration(has), rule),
          evidence,
          fmt::format("have it issued again for {} days at most; browsers may refuse it as it is. For an authority of "
                      "your own give its root with --ca-file",
                      limit->days)};
}

Finding sct_rule(const Seen& seen) {
  if (!seen.is_public()) return not_public(seen);
  const auto& leaf = seen.leaf();
  std::set<std::string> embedded;
  std::set<std::string> delivered;
  for (const auto& one : leaf.scts) embedded.insert(one.log);
  for (const auto& one : seen.shown.scts) delivered.insert(one.log);
  std::vector<std::string> logs;
  for (const auto& log : embedded) logs.push_back("log " + log);
  for (const auto& log : delivered) logs.push_back("log " + log + " (in the handshake)");
  const auto needed = static_cast<std::size_t>(scts_needed(lifetime(leaf.not_before, leaf.not_after)));
  const auto evidence = fmt::format("{} embedded; {}", counted(leaf.scts.size(), "timestamp"),
                                    logs.empty() ? "no log" : join(logs, ", "));
  if (leaf.not_before < sct_policy_from())
    return {Verdict::kNotEffective,
            fmt::format("{} was issued before {}, when today's policies on transparency logs begin", seen.whose(),
                        day_text(sct_policy_from())),
            evidence};
  // In the handshake two are enough, whatever the lifetime.
  constexpr std::size_t kNeededInHandshake = 2;
  if (embedded.size() >= needed || delivered.size() >= kNeededInHandshake)
    return {Verdict::kPass,
            fmt::format("timestamps of {} distinct logs, {} are needed", std::max(embedded.size(), delivered.size()),
                        needed),
            evidence};
  return {Verdict::kFail,
          fmt::format("timestamps of {} distinct logs where browsers want {}: they refuse {}", embedded.size(), needed,
                      seen.whose()),
          evidence, "have it issued again, logged for certificate transparency (every public authority can)"};
}

Finding client_auth_rule(const Seen& seen) {
  if (!seen.is_public()) return not_public(seen);
  const auto& leaf = seen.leaf();
  const bool both = std::find(leaf.purposes.begin(), leaf.purposes.end(), "clientAuth") != leaf.purposes.end();
  const auto evidence =
      fmt::format("extended key usage {}", leaf.purposes.empty() ? "none" : join(leaf.purposes, ", "));
  if (!both) return {Verdict::kPass, fmt::format("{} is for servers only", seen.whose()), evidence};
  if (leaf.not_before < client_auth_until())
    return {Verdict::kNotEffective,
            fmt::format("{} may serve as a client's, too; browsers' root programs end that on {}, so where it is used "
                        "so, its successor cannot be",
                        seen.whose(), day_text(client_auth_until())),
            evidence};
  return {Verdict::kFail,
          fmt::format("{} is for clients, too, which browsers do not take of certificates issued from {} on",
                      seen.whose(), day_text(client_auth_until())),
          evidence,
          "have it issued for servers only, and another one, of an authority for clients, where one is needed"};
}

}  // namespace cutover::tlscheck
