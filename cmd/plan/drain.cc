// The drain gate: from when on can no cache hold an answer for longer than the low TTL?
//
// A cache that asked just before the last authoritative server turned to the low TTL keeps the old TTL in full. So the
// wait is one old TTL, counted from when *every* authoritative address served the low TTL, and both halves are held to
// what was seen:
//
// t0: the end of the second of the first two clean sweeps in a row; two, so that one lucky answer out of a cluster
// behind one address proves nothing. Clean: every address of every name server answered with AA, and with at most the
// low TTL.
// More clean sweeps do not move t0. The settle time is added: the plan's for the zone, and the provider's where its
// success does not mean "serving", since an anycast server shows only its nearest site.
//
// Old TTL: the largest TTL that was ever seen for the set, by any sweep, in the before-image of any write of ours, left
// in any cache; or that the plan declares. For a set that does not exist, the negative TTL (RFC 2308).
//
// Three things can undo a t0. A higher TTL, seen on a server or written by ourselves, undoes it for good: the next two
// clean sweeps make a new one. A server that did not answer, or that is new, and a serial that moved although no write
// of ours explains it, leave a doubt: somebody may have served a higher TTL while nobody looked. A sweep of resolvers
// after it settles the doubt, since a higher TTL would show in caches (and what does show there counts as a ceiling).
// Without one, t0 is the end of two clean sweeps after the doubt.
//
// A zone that is signed inline or holds ACME challenges moves its serial every few seconds and so never loses the doubt
// by waiting; the sweep of resolvers is what opens the gate there.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "cmd/plan/gate.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string every_address(std::size_t count) {
  return count == 1 ? "the one name server address" : fmt::format("all {} name server addresses", count);
}

/// One moment at which something became known about one record set, or about its zone.
struct Evidence {
  enum class Kind {
    kLow,     ///< a sweep: every address served it with at most the low TTL, or as not existing
    kHigh,    ///< a higher TTL was served
    kSilent,  ///< a sweep: nothing high, but some server did not answer properly
    kNoLook,  ///< a sweep that did not ask for this set
  };
  Instant at{};
  Kind kind = Kind::kNoLook;
  std::string what;   ///< why it is not kLow: server and TTL
  std::string doubt;  ///< what happened unseen before it; empty: nothing
  std::size_t addresses = 0;
};

struct SetTimeline {
  std::vector<Evidence> evidence;  ///< oldest first
  Seconds old_ttl{};
  std::string old_ttl_from;  ///< where the old TTL is known from, when not from a server

  void raise(Seconds ttl, std::string from) {
    if (ttl <= old_ttl) return;
    old_ttl = ttl;
    old_ttl_from = std::move(from);
  }
};

/// When one record set has drained, or why that cannot be told.
struct SetDrain {
  std::optional<Instant> opens;
  std::string why;  ///< about this set alone, without its name
  bool wants_authority_sweep = false;
  bool wants_resolver_sweep = false;
};

Instant last_answer(const SweepRecord& record) {
  Instant last = record.sweep.finished;
  for (const auto& reading : record.sweep.readings) last = std::max(last, reading.received);
  return last;
}

std::string label_of(const SweepRecord& record, std::size_t server) {
  return server < record.servers.size() ? printable(record.servers[server]) : fmt::format("server {}", server);
}

// ---- what one sweep says about one set

struct Judged {
  Evidence::Kind kind = Evidence::Kind::kLow;
  std::string what;
};

Judged judge(const SweepRecord& record, const net::AuthorityReading& reading, Seconds low,
             const std::set<RecordKey>& changed) {
  const std::string server = label_of(record, reading.server);
  if (reading.set && reading.set->ttl > low)
    return {Evidence::Kind::kHigh, fmt::format("{} served it with TTL {} s at {}", server, reading.set->ttl.count(),
                                               format_instant(reading.received))};
  // A CNAME in its place (often a wildcard's) is what caches hold; where the swap changes it too, it has a drain of its
  // own.
  if (reading.alias && reading.alias->ttl > low && changed.count(reading.alias->key()) == 0)
    return {Evidence::Kind::kHigh,
            fmt::format("{} answered with a {} of TTL {} s at {}", server, to_text(reading.alias->type),
                        reading.alias->ttl.count(), format_instant(reading.received))};
  if (reading.outcome != net::Outcome::kAnswered)
    return {
        Evidence::Kind::kSilent,
        fmt::format("{} did not answer at {} ({})", server, format_instant(reading.received),
                    reading.detail.empty() ? std::string(net::to_text(reading.outcome)) : printable(reading.detail))};
  if (reading.rcode != net::Rcode::kNoError && reading.rcode != net::Rcode::kNxDomain)
    return {Evidence::Kind::kSilent,
            fmt::format("{} answered {} at {}", server, net::to_text(reading.rcode), format_instant(reading.received))};
  if (reading.delegated)
    return {Evidence::Kind::kSilent, fmt::format("{} refers to a child zone instead of answering", server)};
  if (!reading.authoritative)
    return {Evidence::Kind::kSilent,
            fmt::format("{} answered without authority (no AA) at {}", server, format_instant(reading.received))};
  return {};
}

using Readings = std::vector<const net::AuthorityReading*>;

/// `readings`: those of one record set, in the order of the sweep.
Evidence look_at(const SweepRecord& record, const Readings& readings, Seconds low, const std::set<RecordKey>& changed) {
  Evidence evidence;
  std::set<std::size_t> asked;
  for (const net::AuthorityReading* reading : readings) {
    asked.insert(reading->server);
    Judged judged = judge(record, *reading, low, changed);
    if (evidence.kind == Evidence::Kind::kNoLook) evidence.kind = Evidence::Kind::kLow;
    if (judged.kind == Evidence::Kind::kLow || evidence.kind == Evidence::Kind::kHigh) continue;
    if (evidence.kind == Evidence::Kind::kSilent && judged.kind == Evidence::Kind::kSilent) continue;
    evidence.kind = judged.kind;
    evidence.what = std::move(judged.what);
  }
  evidence.addresses = asked.size();
  if (evidence.kind != Evidence::Kind::kLow) return evidence;
  if (!record.without_address.empty()) {
    evidence.kind = Evidence::Kind::kSilent;
    evidence.what = fmt::format("the name server {} has no address", printable(record.without_address.front()));
  } else if (asked.size() < record.servers.size()) {
    evidence.kind = Evidence::Kind::kSilent;
    evidence.what = fmt::format("only {} of {} name server addresses were asked", asked.size(), record.servers.size());
  }
  return evidence;
}

// ---- what happened unseen between two sweeps of a zone

bool writes_to(const WriteRecord& write, const DomainName& zone) {
  return write.state != WriteState::kNotApplied &&
         std::any_of(write.changes.begin(), write.changes.end(),
                     [&](const ChangeSet& set) { return set.zone == zone && !set.empty(); });
}

/// Whether a write of ours may have been at work on the zone in that time. One that never ended counts to the end.
bool own_write_between(const History& history, const DomainName& zone, Instant from, Instant to) {
  return std::any_of(history.writes.begin(), history.writes.end(), [&](const WriteRecord& write) {
    return writes_to(write, zone) && write.started <= to && (!write.ended || *write.ended >= from);
  });
}

/// Follows the serials and the servers of one zone through its sweeps.
class Serials {
 public:
  Serials(const History& history, const DomainName& zone) : history_(history), zone_(zone) {}

  /// What changed since the sweep before without being seen to; empty: nothing.
  std::string doubt_before(const SweepRecord& record) {
    std::string doubt;
    std::vector<std::uint32_t> shown;
    for (std::size_t i = 0; i < record.servers.size(); ++i) {
      const std::string& label = record.servers[i];
      if (!first_ && servers_.count(label) == 0 && doubt.empty())
        doubt = fmt::format("{} is a new name server", label_of(record, i));
      if (i >= record.sweep.serials.size() || !record.sweep.serials[i]) continue;
      const std::uint32_t serial = *record.sweep.serials[i];
      shown.push_back(serial);
      const auto last = last_.find(label);
      // A serial that any server has shown before is one server catching up with another.
      if (last != last_.end() && last->second != serial && known_.count(serial) == 0 && doubt.empty() &&
          !own_write_between(history_, zone_, previous_started_, record.sweep.finished))
        doubt = fmt::format("the serial of {} moved from {} to {} unobserved before {}", label_of(record, i),
                            last->second, serial, format_instant(record.sweep.finished));
      last_[label] = serial;
    }
    known_.insert(shown.begin(), shown.end());
    servers_ = {record.servers.begin(), record.servers.end()};
    previous_started_ = record.sweep.started;
    first_ = false;
    return doubt;
  }

 private:
  const History& history_;
  const DomainName& zone_;
  std::map<std::string, std::uint32_t> last_;
  std::set<std::uint32_t> known_;
  std::set<std::string> servers_;
  Instant previous_started_{};
  bool first_ = true;
};

// ---- everything known about one zone, found by record set

/// Borrows from the history. A zone may have hundreds of sets, each looked at in every sweep.
struct ZonePast {
  struct Sweep {
    const SweepRecord* record = nullptr;
    Instant last_answer{};
    std::string doubt;
    std::map<RecordKey, Readings> readings;
  };
  std::vector<Sweep> sweeps;                                                               ///< oldest first
  std::map<RecordKey, std::vector<std::pair<const WriteRecord*, const Change*>>> changes;  ///< oldest first
  std::map<RecordKey, std::vector<const ResolverRecord*>> ceilings;                        ///< above the low TTL
};

ZonePast past_of(const History& history, const DomainName& zone, Seconds low) {
  ZonePast past;
  Serials serials(history, zone);
  for (const SweepRecord& record : history.sweeps) {
    if (record.zone != zone) continue;
    past.sweeps.push_back({&record, last_answer(record), serials.doubt_before(record), {}});
    for (const auto& reading : record.sweep.readings) past.sweeps.back().readings[reading.key].push_back(&reading);
  }
  for (const WriteRecord& write : history.writes)
    for (const ChangeSet& set : write.changes)
      if (set.zone == zone)
        for (const Change& change : set.changes) past.changes[change.key].emplace_back(&write, &change);
  for (const ResolverRecord& record : history.resolver_ceilings)
    if (record.ttl && *record.ttl > low) past.ceilings[record.key].push_back(&record);
  return past;
}

/// What `from` holds for `key`, or nothing.
template <class T>
const std::vector<T>& at_key(const std::map<RecordKey, std::vector<T>>& from, const RecordKey& key) {
  static const std::vector<T> nothing;
  const auto at = from.find(key);
  return at == from.end() ? nothing : at->second;
}

// ---- everything known about one set, in order

void add_writes(const ZonePast& past, const RecordKey& key, Seconds low, SetTimeline& timeline) {
  for (const auto& [write, change] : at_key(past.changes, key)) {
    if (change->before) {
      timeline.raise(change->before->ttl, "");
      if (change->before->ttl > low)
        timeline.evidence.push_back({write->started, Evidence::Kind::kHigh,
                                     fmt::format("it had TTL {} s before {} at {}", change->before->ttl.count(),
                                                 to_text(write->phase), format_instant(write->started)),
                                     "", 0});
    }
    if (!change->after || write->state == WriteState::kNotApplied) continue;
    timeline.raise(change->after->ttl, "");
    if (change->after->ttl <= low) continue;
    Instant until = write->ended.value_or(write->started);
    for (const IntentRecord& intent : write->intents) until = std::max({until, intent.at, intent.outcome_at});
    timeline.evidence.push_back({until, Evidence::Kind::kHigh,
                                 fmt::format("{} gave it TTL {} s at {}", to_text(write->phase),
                                             change->after->ttl.count(), format_instant(until)),
                                 "", 0});
  }
}

void add_sweeps(const ZonePast& past, const PlannedChange& change, Seconds low, const std::set<RecordKey>& changed,
                SetTimeline& timeline) {
  for (const ZonePast::Sweep& sweep : past.sweeps) {
    const Readings& readings = at_key(sweep.readings, change.key());
    Evidence evidence = look_at(*sweep.record, readings, low, changed);
    evidence.at = sweep.last_answer;
    evidence.doubt = sweep.doubt;
    timeline.evidence.push_back(std::move(evidence));
    for (const net::AuthorityReading* reading : readings) {
      if (reading->set) timeline.raise(reading->set->ttl, "");
      if (reading->alias && changed.count(reading->alias->key()) == 0)
        timeline.raise(reading->alias->ttl, "of what answers in its place");
      if (change.from.empty() && reading->negative_ttl) timeline.raise(*reading->negative_ttl, "of \"does not exist\"");
    }
  }
}

SetTimeline timeline_of(const Plan& plan, const ZonePast& past, const PlannedChange& change, Seconds low,
                        const std::set<RecordKey>& changed) {
  SetTimeline timeline;
  add_writes(past, change.key(), low, timeline);
  add_sweeps(past, change, low, changed, timeline);
  std::stable_sort(timeline.evidence.begin(), timeline.evidence.end(),
                   [](const Evidence& a, const Evidence& b) { return a.at < b.at; });
  if (!change.from.empty() && plan.ttl.before) timeline.raise(*plan.ttl.before, "declared by the plan");
  for (const ResolverRecord* record : at_key(past.ceilings, change.key()))
    timeline.raise(*record->ttl, "left at the resolver " + printable(record->resolver));
  return timeline;
}

// ---- from the timeline to an instant

using Looks = std::vector<const Evidence*>;

/// The second of the first two clean looks in a row at or after `first`.
std::optional<std::size_t> clean_pair_from(const Looks& looks, std::size_t first) {
  for (std::size_t i = first + 1; i < looks.size(); ++i)
    if (looks[i - 1]->kind == Evidence::Kind::kLow && looks[i]->kind == Evidence::Kind::kLow) return i;
  return std::nullopt;
}

/// The looks since the last high TTL, doubts of sweeps in between carried along to the next look.
std::vector<Evidence> looks_since_high(const SetTimeline& timeline, std::string& high) {
  std::vector<Evidence> looks;
  std::string doubt;
  for (const Evidence& evidence : timeline.evidence) {
    if (!evidence.doubt.empty()) doubt = evidence.doubt;
    if (evidence.kind == Evidence::Kind::kHigh) {
      looks.clear();
      high = evidence.what;
    }
    if (evidence.kind == Evidence::Kind::kLow || evidence.kind == Evidence::Kind::kSilent) {
      looks.push_back(evidence);
      looks.back().doubt = std::exchange(doubt, "");
    }
  }
  return looks;
}

/// Whether resolvers were asked at or after `since`, enough of them answered. What they showed counts as a ceiling.
bool resolvers_asked_since(const Plan& plan, const History& history, const DomainName& zone, Instant since) {
  return std::any_of(
      history.resolver_sweeps.begin(), history.resolver_sweeps.end(), [&](const ResolverSweepRecord& sweep) {
        return sweep.zone == zone && sweep.at >= since && sweep.answered > 0 && sweep.highest_ttl &&
               static_cast<double>(sweep.answered) >= plan.watch.quorum_resolvers * static_cast<double>(sweep.asked);
      });
}

/// The instant until which caches were seen to hold a higher TTL, and who.
void apply_ceilings(const History& history, const ZonePast& past, const DomainName& zone, const RecordKey& key,
                    Seconds low, SetDrain& drain) {
  if (!drain.opens) return;
  for (const ResolverRecord* record : at_key(past.ceilings, key)) {
    if (record->at + *record->ttl <= *drain.opens) continue;
    drain.opens = record->at + *record->ttl;
    drain.why = fmt::format("the resolver {} still had {} s of it at {}", printable(record->resolver),
                            record->ttl->count(), format_instant(record->at));
  }
  for (const ResolverSweepRecord& sweep : history.resolver_sweeps) {
    if (sweep.zone != zone || !sweep.highest_ttl || *sweep.highest_ttl <= low ||
        sweep.at + *sweep.highest_ttl <= *drain.opens)
      continue;
    drain.opens = sweep.at + *sweep.highest_ttl;
    drain.why = fmt::format("a resolver still had {} s left of a record set of its zone at {}",
                            sweep.highest_ttl->count(), format_instant(sweep.at));
  }
}

SetDrain drain_of(const Plan& plan, const History& history, const ZonePast& past, Seconds settle,
                  const DomainName& zone, const PlannedChange& change, Seconds low, const std::set<RecordKey>& changed,
                  Instant now) {
  const SetTimeline timeline = timeline_of(plan, past, change, low, changed);
  SetDrain drain;
  std::string high;
  const std::vector<Evidence> kept = looks_since_high(timeline, high);
  Looks looks;
  for (const Evidence& each : kept) looks.push_back(&each);
  if (looks.empty()) {
    drain.wants_authority_sweep = timeline.evidence.empty();
    drain.why = high.empty() ? "no name server has been asked yet; run `cutover lower-ttl`"
                             : fmt::format("{}; run `cutover lower-ttl`", high);
    return drain;
  }
  if (looks.back()->kind == Evidence::Kind::kSilent) {
    drain.wants_authority_sweep = true;
    drain.why = fmt::format("{}, so it counts as not low", looks.back()->what);
    return drain;
  }
  auto pair = clean_pair_from(looks, 0);
  if (!pair) {
    drain.wants_authority_sweep = true;
    drain.why = fmt::format("{} low at {}, and a second sweep in a row has to find the same{}",
                            every_address(looks.back()->addresses), format_instant(looks.back()->at),
                            high.empty() ? "" : " after " + high);
    return drain;
  }
  // t0 stands unless something happened unseen after it.
  std::string doubt;
  std::size_t last_doubt = 0;
  for (std::size_t i = *pair + 1; i < looks.size(); ++i) {
    const bool silent = looks[i]->kind == Evidence::Kind::kSilent;
    // What the swap creates has only negative answers, and those carry their TTL in a SOA that every sweep sees; no
    // resolver may be asked for what does not exist.
    const bool moved = !looks[i]->doubt.empty() && !change.from.empty();
    if (!silent && !moved) continue;
    last_doubt = i;
    doubt = silent ? looks[i]->what : looks[i]->doubt;
  }
  if (!doubt.empty()) {
    std::size_t recovered = last_doubt;
    while (looks[recovered]->kind != Evidence::Kind::kLow) ++recovered;
    // Not before the settle time is over: a question that reaches a site which still serves the high TTL plants it.
    const Instant may_ask = looks[recovered]->at + settle;
    if (!resolvers_asked_since(plan, history, zone, may_ask)) {
      drain.wants_resolver_sweep = !change.from.empty() && now >= may_ask;
      pair = clean_pair_from(looks, recovered);
      if (!pair) {
        drain.wants_authority_sweep = true;
        drain.why = fmt::format(
            "{}; a sweep of resolvers with nothing above {} s settles it, or two more clean sweeps start the wait of "
            "{} s again",
            doubt, low.count(), timeline.old_ttl.count());
        return drain;
      }
    } else {
      doubt.clear();
    }
  }
  const Instant t0 = looks[*pair]->at + settle;
  drain.opens = t0 + timeline.old_ttl;
  drain.why = fmt::format("old TTL {} s{}, {} low since {}{}{}", timeline.old_ttl.count(),
                          timeline.old_ttl_from.empty() ? "" : fmt::format(" ({})", timeline.old_ttl_from),
                          every_address(looks[*pair]->addresses), format_instant(looks[*pair]->at),
                          settle > Seconds(0) ? fmt::format(", {} s until every site serves it", settle.count()) : "",
                          doubt.empty() ? "" : fmt::format("; counted from there because {}", doubt));
  apply_ceilings(history, past, zone, change.key(), low, drain);
  return drain;
}

void add_once(std::vector<DomainName>& zones, const DomainName& zone) {
  if (std::find(zones.begin(), zones.end(), zone) == zones.end()) zones.push_back(zone);
}

}  // namespace

Seconds settle_time(const ZonePlan& zone, const DrainFacts& facts) {
  return std::max(zone.settle, facts.signal == providers::ChangeSignal::kServing ? Seconds(0) : facts.settle_time);
}

Gate ttl_drained(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts, Instant now) {
  Gate gate;
  gate.name = "ttl-drained";
  std::vector<std::string> timeless;
  std::optional<Instant> latest;
  std::string latest_why;
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < plan.zones.size(); ++i) {
    const ZonePlan& zone = plan.zones[i];
    const DrainFacts fact = i < facts.size() ? facts[i] : DrainFacts{};
    const Seconds low = std::max(plan.ttl.during, fact.ttl_floor);
    std::set<RecordKey> changed;
    for (const PlannedChange& change : zone.changes) changed.insert(change.key());
    const ZonePast past = past_of(history, zone.zone, low);
    for (const PlannedChange& change : zone.changes) {
      if (change.proxied) continue;  // no cache but the provider's own proxy ever held its values
      const SetDrain drain =
          drain_of(plan, history, past, settle_time(zone, fact), zone.zone, change, low, changed, now);
      const std::string key = printable(change.key().text());
      if (drain.wants_authority_sweep) add_once(gate.wants_authority_sweep, zone.zone);
      if (drain.wants_resolver_sweep && (!drain.opens || *drain.opens > now))
        add_once(gate.wants_resolver_sweep, zone.zone);
      if (!drain.opens) {
        timeless.push_back(fmt::format("{}: {}", key, drain.why));
        continue;
      }
      if (*drain.opens > now) ++waiting;
      if (latest && *latest >= *drain.opens) continue;
      latest = drain.opens;
      latest_why = *drain.opens > now
                       ? fmt::format("{} drains until {}: {}", key, format_opening(*drain.opens), drain.why)
                       : fmt::format("{} has drained since {}: {}", key, format_instant(*drain.opens), drain.why);
    }
  }
  gate.open = timeless.empty() && waiting == 0;
  if (!timeless.empty()) {
    gate.why = timeless.front() +
               (timeless.size() > 1 ? fmt::format(" (and {} more)", counted(timeless.size() - 1, "record set")) : "");
    return gate;
  }
  if (!latest) {
    gate.why = "the plan changes no record set that resolvers see, so nothing has to drain";
    return gate;
  }
  gate.opens_at = latest;
  gate.why = latest_why + (waiting > 1 ? fmt::format(" (the last of {})", counted(waiting, "record set")) : "");
  return gate;
}

}  // namespace cutover
