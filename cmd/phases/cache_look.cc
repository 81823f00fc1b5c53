#include "cmd/phases/cache_look.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/watched_resolvers.h"
#include "core/text.h"
#include "dnsprobe/sweep.h"

namespace cutover {
namespace {

constexpr Seconds kExpirySlack{2};

std::vector<RecordKey> existing_keys(const ZonePlan& zone) {
  std::vector<RecordKey> keys;
  for (const PlannedChange& change : zone.changes)
    if (!change.from.empty() && !change.proxied) keys.push_back(change.key());
  return keys;
}

struct Tally {
  ResolverSweepRecord sweep;
  std::vector<ResolverRecord> high;
  std::vector<std::string> stretching;  ///< resolvers that keep everything longer than they are told
};

/// A resolver that showed more than the low TTL, and shows it again after that entry had to end although every
/// authority served the low TTL all the while, stretches TTLs by itself: it says nothing about the authorities.
bool stretches_ttls(const std::vector<ResolverRecord>& ceilings, const std::string& resolver, const RecordKey& key,
                    Instant now) {
  return std::any_of(ceilings.begin(), ceilings.end(), [&](const ResolverRecord& seen) {
    return seen.resolver == resolver && seen.key == key && seen.ttl && seen.at + *seen.ttl + kExpirySlack < now;
  });
}

Tally tally(const dnsprobe::SweepResult& seen, const std::vector<RecordKey>& keys,
            const std::vector<dnsprobe::Resolver>& resolvers, Phase phase, Seconds low,
            const std::vector<ResolverRecord>& ceilings) {
  Tally out;
  out.sweep.at = seen.finished;
  out.sweep.asked = resolvers.size();
  std::vector<std::size_t> usable(resolvers.size(), 0);
  for (const dnsprobe::SweepAnswer& answer : seen.answers) {
    if (!answer.is_data) continue;
    ++usable[answer.resolver];
    if (!answer.ttl) continue;
    const dnsprobe::Resolver& resolver = resolvers[answer.resolver];
    if (*answer.ttl > low && stretches_ttls(ceilings, resolver.id, keys[answer.key], answer.sample.received)) {
      if (std::find(out.stretching.begin(), out.stretching.end(), resolver.id) == out.stretching.end())
        out.stretching.push_back(resolver.id);
      continue;
    }
    out.sweep.highest_ttl = std::max(out.sweep.highest_ttl.value_or(Seconds{}), *answer.ttl);
    if (*answer.ttl <= low) continue;
    out.high.push_back(ResolverRecord{answer.sample.received, phase, resolver.id, resolver.operator_name,
                                      keys[answer.key], "above-low-ttl", answer.ttl,
                                      answer.set ? answer.set->rdata : std::vector<std::string>{}, ""});
  }
  out.sweep.answered = static_cast<std::size_t>(
      std::count_if(usable.begin(), usable.end(), [&](std::size_t n) { return n >= keys.size(); }));
  return out;
}

}  // namespace

Result<std::vector<std::string>> look_at_caches(Cutover& cutover, Phase phase, const std::vector<DomainName>& zones) {
  std::vector<std::string> told;
  const auto watched = watched_resolvers(cutover);
  if (!watched) return watched.error();
  if (!watched->interception.empty()) {
    told.push_back(
        fmt::format("no resolver was asked: something on the way answers in their place ({})", watched->interception));
    return told;
  }
  const std::vector<dnsprobe::Resolver>& resolvers = watched->resolvers;
  auto history = cutover.journal.history();
  if (!history) return history.error();
  for (const ZoneAtWork& zone : cutover.zones) {
    if (std::find(zones.begin(), zones.end(), zone.plan->zone) == zones.end()) continue;
    const auto keys = existing_keys(*zone.plan);
    if (keys.empty()) continue;
    const Seconds low = zone.low_ttl;
    cutover.log(fmt::format("{}: asking {} what they still hold", zone.plan->zone.text(),
                            counted(resolvers.size(), "resolver")));
    dnsprobe::SweepOptions options;
    options.samples = std::max(1, cutover.plan.watch.samples);
    const auto seen = dnsprobe::sweep(cutover.loop, cutover.clock, keys, resolvers, options, cutover.stop);
    Tally result = tally(seen, keys, resolvers, phase, low, history->resolver_ceilings);
    result.sweep.zone = zone.plan->zone;
    if (auto kept = cutover.journal.record_resolvers(result.high); !kept) return kept.error();
    if (auto kept = cutover.journal.record_resolver_sweep(result.sweep); !kept) return kept.error();
    for (const ResolverRecord& record : result.high) {
      std::string line = fmt::format("{} holds {} for another {}", printable(record.resolver), record.key.text(),
                                     format_duration(*record.ttl));
      if (std::find(told.begin(), told.end(), line) == told.end()) told.push_back(std::move(line));
    }
    for (const std::string& resolver : result.stretching)
      told.push_back(fmt::format("{} keeps answers longer than their TTL says; its users turn later than the bound",
                                 printable(resolver)));
    told.push_back(fmt::format("{}: {} of {} answered; the longest remaining TTL is {}", zone.plan->zone.text(),
                               result.sweep.answered, counted(result.sweep.asked, "resolver"),
                               result.sweep.highest_ttl ? format_duration(*result.sweep.highest_ttl) : "not known"));
  }
  return told;
}

}  // namespace cutover
