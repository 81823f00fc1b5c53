#include "cmd/phases/live.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::chrono::milliseconds kSweepPause{200};
constexpr std::chrono::seconds kLeastRealWait{2};

bool matches(const Wanted& wanted, const std::optional<RecordSet>& served) {
  if (!wanted.set || !served) return !wanted.set && !served;
  if (!same_values(*wanted.set, *served))
    return wanted.match == Wanted::Match::kTtlAtMost && served->ttl <= wanted.set->ttl;
  switch (wanted.match) {
    case Wanted::Match::kValues:
      return true;
    case Wanted::Match::kValuesAndTtl:
      return served->ttl == wanted.set->ttl;
    case Wanted::Match::kTtlAtMost:
      return served->ttl <= wanted.set->ttl;
  }
  return false;
}

std::string describe(const std::optional<RecordSet>& set) {
  if (!set) return "nothing";
  return fmt::format("{} ttl={}", printable(join(set->rdata, ", ")), set->ttl.count());
}

const PlannedChange* planned(const ZonePlan& zone, const RecordKey& key) {
  const auto at = std::find_if(zone.changes.begin(), zone.changes.end(),
                               [&](const PlannedChange& change) { return change.key() == key; });
  return at == zone.changes.end() ? nullptr : &*at;
}

/// By set that the plan makes or removes: the wildcards that answer for it while it is not there (RFC 4592), from the
/// closest one up.
using Coverings = std::map<RecordKey, std::vector<RecordKey>>;

Coverings coverings_of(const ZonePlan& zone, const std::vector<RecordKey>& keys) {
  Coverings out;
  for (const RecordKey& key : keys) {
    const PlannedChange* change = planned(zone, key);
    if (change == nullptr || (!change->from.empty() && !change->to.empty()) || key.name == zone.zone) continue;
    for (DomainName above = key.name.parent(); above.is_within(zone.zone); above = above.parent()) {
      const auto wildcard = DomainName::from_text("*." + above.text());
      if (wildcard && *wildcard != key.name) out[key].push_back({*wildcard, key.type});
      if (above == zone.zone) break;
    }
  }
  return out;
}

/// A set that is not there and that a wildcard answers for is not there: what answers stands in its place, as a CNAME
/// of that name would.
void tell_wildcards_apart(const ZonePlan& zone, const Coverings& coverings, net::AuthoritySweep& seen) {
  std::map<std::pair<std::size_t, RecordKey>, RecordSet> served;
  for (const net::AuthorityReading& reading : seen.readings)
    if (reading.set) served.emplace(std::pair(reading.server, reading.key), *reading.set);
  for (net::AuthorityReading& reading : seen.readings) {
    const auto covering = coverings.find(reading.key);
    if (covering == coverings.end() || !reading.set) continue;
    const PlannedChange& change = *planned(zone, reading.key);
    if (reading.set->rdata == (change.from.empty() ? change.to : change.from)) continue;
    for (const RecordKey& wildcard : covering->second) {
      const auto at = served.find({reading.server, wildcard});
      if (at == served.end() || at->second.rdata != reading.set->rdata) continue;
      reading.alias = at->second;
      reading.set.reset();
      break;
    }
  }
}

}  // namespace

std::optional<RecordSet> LiveZone::at_provider(const RecordKey& key) const {
  const auto at = provider.sets.find(key);
  if (at == provider.sets.end()) return std::nullopt;
  return at->second;
}

std::string proxy_mismatch(const ZonePlan& zone, const providers::Provider::Sets& live, const RecordKey& key) {
  const PlannedChange* change = planned(zone, key);
  if (change == nullptr || (!may_be_proxied(key.type) && !change->proxied)) return {};
  const bool proxied = live.proxied.count(key.name) != 0;
  if (proxied == change->proxied) return {};
  return proxied ? fmt::format(
                       "{} is proxied: resolvers see the provider's own addresses and not these; write `proxied: true` "
                       "at this change, and it is made at the provider without drain and watch, or switch the proxy "
                       "off for it first",
                       key.text())
                 : fmt::format(
                       "{} is not proxied, although the plan says so: resolvers see its values; remove `proxied` from "
                       "this change, so that its TTL is lowered and its spreading watched",
                       key.text());
}

std::vector<std::string> LiveZone::not_carried(const ZoneAtWork& zone, const ChangeSet& changes) const {
  std::vector<std::string> why;
  for (const PlannedChange& change : zone.plan->changes)
    if (std::string wrong = proxy_mismatch(*zone.plan, provider, change.key()); !wrong.empty())
      why.push_back(std::move(wrong));
  for (const Change& change : changes.changes)
    if (const auto at = provider.refused.find(change.key); at != provider.refused.end())
      why.push_back(fmt::format("{} {}", change.key.text(), at->second));
  if (!why.empty() || changes.empty()) return why;
  if (const auto steps = zone.provider->steps(changes); !steps) why.push_back(steps.error().message);
  return why;
}

net::AuthoritySweep sweep(Cutover& cutover, const ZoneAtWork& zone, const std::vector<RecordKey>& keys) {
  const Coverings coverings = coverings_of(*zone.plan, keys);
  std::vector<RecordKey> asked = keys;
  for (const auto& [key, wildcards] : coverings)
    for (const RecordKey& wildcard : wildcards)
      if (std::find(asked.begin(), asked.end(), wildcard) == asked.end()) asked.push_back(wildcard);
  auto seen = net::sweep_authority(cutover.loop, cutover.clock, zone.delegation, zone.plan->zone, asked);
  tell_wildcards_apart(*zone.plan, coverings, seen);
  std::erase_if(seen.readings, [&](const net::AuthorityReading& reading) {
    return std::find(keys.begin(), keys.end(), reading.key) == keys.end();
  });
  return seen;
}

Result<void> keep(Cutover& cutover, const ZoneAtWork& zone, Phase phase, const net::AuthoritySweep& seen) {
  SweepRecord record;
  record.phase = phase;
  record.zone = zone.plan->zone;
  for (const auto& server : zone.delegation.servers) record.servers.push_back(server.label());
  for (const auto& name : zone.delegation.without_address) record.without_address.push_back(name.text());
  record.sweep = seen;
  return cutover.journal.record_sweep(record);
}

Result<LiveZone> look(Cutover& cutover, ZoneAtWork& zone, Phase phase, const std::vector<RecordKey>& keys) {
  LiveZone live;
  auto sets = zone.provider->read_sets(zone.plan->zone, keys);
  if (!sets) return within("reading " + zone.plan->zone.text() + " at its provider", sets.error());
  live.provider = std::move(*sets);
  live.sweep = sweep(cutover, zone, keys);
  if (auto kept = keep(cutover, zone, phase, live.sweep); !kept) return kept.error();
  return live;
}

std::vector<std::string> not_serving(const net::Delegation& delegation, const net::AuthoritySweep& swept,
                                     const std::vector<Wanted>& wanted) {
  std::vector<std::string> faults;
  std::map<RecordKey, const Wanted*> by_key;
  for (const Wanted& each : wanted) by_key.emplace(each.key, &each);
  for (const DomainName& name : delegation.without_address)
    faults.push_back(fmt::format("{} has no address", printable(name.text())));
  for (const net::AuthorityReading& reading : swept.readings) {
    const std::string server = printable(delegation.servers[reading.server].label());
    const auto at = by_key.find(reading.key);
    if (at == by_key.end()) continue;
    const Wanted* want = at->second;
    if (reading.outcome != net::Outcome::kAnswered) {
      faults.push_back(
          fmt::format("{} does not answer for {}: {}", server, reading.key.text(),
                      printable(reading.detail.empty() ? std::string(to_text(reading.outcome)) : reading.detail)));
    } else if (reading.rcode != net::Rcode::kNoError && reading.rcode != net::Rcode::kNxDomain) {
      faults.push_back(fmt::format("{} answers {} for {}", server, to_text(reading.rcode), reading.key.text()));
    } else if (!reading.authoritative) {
      faults.push_back(fmt::format("{} answers {} without authority (no AA)", server, reading.key.text()));
    } else if (!matches(*want, reading.set)) {
      faults.push_back(fmt::format("{} serves {} for {}, not {}", server, describe(reading.set), reading.key.text(),
                                   describe(want->set)));
    }
  }
  return faults;
}

Result<ReadBack> wait_until_served(Cutover& cutover, Phase phase, const std::vector<std::vector<Wanted>>& wanted,
                                   Seconds timeout, int clean_sweeps) {
  ReadBack result;
  const Instant give_up = cutover.clock.now() + timeout;
  const auto real_give_up = std::chrono::steady_clock::now() + kLeastRealWait;
  std::vector<std::vector<RecordKey>> keys(wanted.size());
  for (std::size_t zone = 0; zone < wanted.size(); ++zone)
    for (const Wanted& want : wanted[zone]) keys[zone].push_back(want.key);
  int clean = 0;
  bool told = false;
  while (true) {
    std::vector<std::string> faults;
    Instant finished{};
    for (std::size_t zone = 0; zone < wanted.size(); ++zone) {
      if (wanted[zone].empty()) continue;
      const ZoneAtWork& at_work = cutover.zones[zone];
      const net::AuthoritySweep seen = sweep(cutover, at_work, keys[zone]);
      auto found = not_serving(at_work.delegation, seen, wanted[zone]);
      // Clean sweeps are evidence for the gates; of those that find a server behind, the first is enough.
      if (found.empty() || !told)
        if (auto kept = keep(cutover, at_work, phase, seen); !kept) return kept.error();
      faults.insert(faults.end(), found.begin(), found.end());
      finished = std::max(finished, seen.finished);
    }
    if (faults.empty()) {
      if (!result.served_at) result.served_at = finished;
      if (++clean >= clean_sweeps) return result;
    } else {
      clean = 0;
      result.served_at.reset();
      if (!told) cutover.log(fmt::format("waiting for {}: {}", counted(faults.size(), "answer"), faults.front()));
      told = true;
      result.not_serving = faults;
      const bool time_is_up = cutover.clock.now() >= give_up && std::chrono::steady_clock::now() >= real_give_up;
      if (time_is_up || (cutover.stop && cutover.stop())) return result;
    }
    pause(cutover.loop, kSweepPause);
  }
}

}  // namespace cutover
