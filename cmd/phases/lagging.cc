#include "cmd/phases/lagging.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/live.h"
#include "core/text.h"

namespace cutover {
namespace {

using Gives = LaggingServer::Gives;

constexpr Seconds kSoonest{5};
constexpr Seconds kLatest{300};
/// While a look is under way the watch stands still; where servers are silent it takes seconds.
constexpr int kShareOfLooking = 10;

std::string values(const RecordSet& set) { return printable(join(set.rdata, ", ")); }

/// nullopt: it gives the new answer.
std::optional<LaggingServer> judge(const std::string& server, const net::AuthorityReading& reading,
                                   const dnsprobe::Expectation& expected) {
  LaggingServer out{server, reading.key, Gives::kOther, ""};
  const auto unclear = [&out](const std::string& why) {
    out.gives = Gives::kNoAnswer;
    out.detail = printable(why);
    return out;
  };
  if (reading.outcome != net::Outcome::kAnswered)
    return unclear(reading.detail.empty() ? std::string(net::to_text(reading.outcome)) : reading.detail);
  if (reading.rcode != net::Rcode::kNoError && reading.rcode != net::Rcode::kNxDomain)
    return unclear(net::to_text(reading.rcode));
  if (!reading.authoritative) return unclear("no authority (AA)");
  const std::optional<RecordSet>&old_set = expected.old_set, &new_set = expected.new_set;
  if (!reading.set && !new_set) return std::nullopt;
  if (reading.set && new_set && same_values(*reading.set, *new_set)) return std::nullopt;
  if (reading.set) out.detail = values(*reading.set);
  if (!reading.set && !old_set) out.gives = Gives::kNotYet;
  if (reading.set && old_set && same_values(*reading.set, *old_set)) out.gives = Gives::kOld;
  return out;
}

/// The zone that a name belongs to; of a zone and its child, the child. One past the last: none.
std::size_t zone_of(const std::vector<ZoneAtWork>& zones, const DomainName& name) {
  std::size_t found = zones.size();
  for (std::size_t i = 0; i < zones.size(); ++i) {
    const DomainName& zone = zones[i].plan->zone;
    if (name.is_within(zone) && (found == zones.size() || zone.is_within(zones[found].plan->zone))) found = i;
  }
  return found;
}

bool are_all_known(const std::vector<LaggingServer>& servers, const std::optional<AuthorityLook>& last) {
  return std::all_of(servers.begin(), servers.end(), [&last](const LaggingServer& server) {
    return last && std::find(last->lagging.begin(), last->lagging.end(), server) != last->lagging.end();
  });
}

/// `A of www.example.com`
std::string of_name(const RecordKey& key) {
  return fmt::format("{} of {}", to_text(key.type), printable(key.name.host()));
}

}  // namespace

std::string_view to_text(Gives gives) {
  switch (gives) {
    case Gives::kOld:
      return "old";
    case Gives::kNotYet:
      return "not-yet";
    case Gives::kOther:
      return "other";
    case Gives::kNoAnswer:
      return "no-answer";
  }
  return "?";
}

std::string sentence(const LaggingServer& server) {
  const std::string who = printable(server.server);
  switch (server.gives) {
    case Gives::kOld:
      return fmt::format("{} still serves the old {}: {}", who, of_name(server.key), server.detail);
    case Gives::kNotYet:
      return fmt::format("{} does not have the {} yet", who, of_name(server.key));
    case Gives::kOther:
      return server.detail.empty()
                 ? fmt::format("{} has no {}, which is neither the old nor the new answer", who, of_name(server.key))
                 : fmt::format("{} serves {} for the {}, neither the old nor the new answer", who, server.detail,
                               of_name(server.key));
    case Gives::kNoAnswer:
      return fmt::format("{} gives no answer that counts for the {} ({}), so it may be the one that is behind", who,
                         of_name(server.key), server.detail);
  }
  return "";
}

std::string sentence(const UnseenSite& site) {
  const std::string zone = printable(site.zone.host());
  return fmt::format(
      "resolvers still fetch the old {}, and every address answers the new value from here: probably a site of an "
      "anycast name server that is not seen from here; {}",
      of_name(site.key),
      site.settle > Seconds(0)
          ? fmt::format("it takes longer than the `settle: {}` of zone {} in the plan", format_duration(site.settle),
                        zone)
          : fmt::format("say with `settle:` of zone {} in the plan how long its sites take (5m, say)", zone));
}

std::vector<std::string> sentences(const AuthorityLook& look) {
  std::vector<std::string> out;
  for (const LaggingServer& each : look.lagging) out.push_back(sentence(each));
  for (const UnseenSite& each : look.unseen) out.push_back(sentence(each));
  return out;
}

AuthorityLook judge_lag(const ZonePlan& zone, Seconds settle, const net::Delegation& delegation,
                        const net::AuthoritySweep& sweep, const std::vector<dnsprobe::Expectation>& expectations) {
  AuthorityLook out;
  out.at = sweep.finished;
  for (const dnsprobe::Expectation& expected : expectations) {
    out.keys.push_back(expected.key);
    const std::size_t before = out.lagging.size();
    for (const DomainName& name : delegation.without_address)
      out.lagging.push_back({name.text(), expected.key, Gives::kNoAnswer, "it has no address"});
    for (const net::AuthorityReading& reading : sweep.readings) {
      if (reading.key != expected.key) continue;
      if (auto found = judge(delegation.servers[reading.server].label(), reading, expected))
        out.lagging.push_back(*std::move(found));
    }
    if (out.lagging.size() == before) out.unseen.push_back({expected.key, zone.zone, settle});
  }
  return out;
}

LagSearch::LagSearch(Cutover& cutover, const std::vector<dnsprobe::Expectation>& expectations)
    : cutover_(cutover), expectations_(expectations), wanted_(expectations.size(), false) {}

void LagSearch::note(std::size_t key, const dnsprobe::Observation& seen) {
  if (seen.verdict == dnsprobe::Verdict::kBehind && !seen.known_cache) wanted_[key] = true;
}

bool LagSearch::is_due() const {
  Seconds pace = kLatest;
  bool is_wanted = false;
  for (std::size_t i = 0; i < wanted_.size(); ++i) {
    if (!wanted_[i]) continue;
    is_wanted = true;
    pace = std::min(pace, std::max(kSoonest, expectations_[i].low_ttl));
  }
  if (!is_wanted || (cutover_.stop && cutover_.stop())) return false;
  return !last_ || cutover_.clock.now() >= last_->at + std::max<Span>(pace, kShareOfLooking * last_took_);
}

Result<std::optional<AuthorityLook>> LagSearch::look_when_due() {
  if (!is_due()) return std::optional<AuthorityLook>();
  auto seen = look();
  if (!seen) return seen.error();
  wanted_.assign(wanted_.size(), false);
  seen->changed = !last_ || last_->lagging != seen->lagging || last_->unseen != seen->unseen;
  if (auto kept = keep_in_mind(*seen); !kept) return kept.error();
  last_ = *seen;
  return std::optional(*std::move(seen));
}

Result<AuthorityLook> LagSearch::look() {
  AuthorityLook out;
  const Instant started = cutover_.clock.now();
  const auto facts = drain_facts(cutover_.zones);
  for (std::size_t i = 0; i < cutover_.zones.size(); ++i) {
    const ZoneAtWork& zone = cutover_.zones[i];
    std::vector<dnsprobe::Expectation> asked;
    std::vector<RecordKey> keys;
    for (std::size_t k = 0; k < expectations_.size(); ++k)
      if (wanted_[k] && zone_of(cutover_.zones, expectations_[k].key.name) == i) {
        asked.push_back(expectations_[k]);
        keys.push_back(asked.back().key);
      }
    if (keys.empty()) continue;
    const net::AuthoritySweep swept = sweep(cutover_, zone, keys);
    AuthorityLook of_zone = judge_lag(*zone.plan, settle_time(*zone.plan, facts[i]), zone.delegation, swept, asked);
    if (!are_all_known(of_zone.lagging, last_))
      if (auto kept = keep(cutover_, zone, Phase::kWatch, swept); !kept) return kept.error();
    out.at = std::max(out.at, of_zone.at);
    out.keys.insert(out.keys.end(), of_zone.keys.begin(), of_zone.keys.end());
    out.lagging.insert(out.lagging.end(), of_zone.lagging.begin(), of_zone.lagging.end());
    out.unseen.insert(out.unseen.end(), of_zone.unseen.begin(), of_zone.unseen.end());
  }
  last_took_ = cutover_.clock.now() - started;
  return out;
}

/// The journal gets what is new; what is said again is only later.
Result<void> LagSearch::keep_in_mind(const AuthorityLook& look) {
  for (const std::string& each : sentences(look)) {
    const auto known = std::find_if(found_.begin(), found_.end(), [&](const Found& f) { return f.sentence == each; });
    if (known != found_.end()) {
      known->last = look.at;
      continue;
    }
    found_.push_back({each, look.at});
    if (auto kept = cutover_.journal.record_event(Phase::kWatch, "behind", each); !kept) return kept.error();
  }
  return {};
}

std::vector<std::string> LagSearch::story() const {
  std::vector<std::string> out;
  for (const Found& each : found_)
    out.push_back(fmt::format("{} (seen so until {})", each.sentence, format_instant(each.last)));
  return out;
}

}  // namespace cutover
