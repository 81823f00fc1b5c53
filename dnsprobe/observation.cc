#include "dnsprobe/observation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.h"
#include "core/zone.h"

namespace cutover::dnsprobe {

namespace {

constexpr Span kSameEntry = std::chrono::seconds(2);
constexpr Span kOneSecond = std::chrono::seconds(1);
/// Entries remembered per resolver and record set: enough for the sites that one place reaches.
constexpr std::size_t kRememberedEntries = 16;

struct VerdictName {
  Verdict verdict;
  std::string_view name;
};
constexpr std::array<VerdictName, kVerdictCount> kNames = {{{Verdict::kNew, "new"},
                                                            {Verdict::kOld, "old"},
                                                            {Verdict::kOldPastTtl, "old-past-ttl"},
                                                            {Verdict::kBehind, "behind"},
                                                            {Verdict::kStale, "stale"},
                                                            {Verdict::kMixed, "mixed"},
                                                            {Verdict::kOther, "other"},
                                                            {Verdict::kNegative, "negative"},
                                                            {Verdict::kServfail, "servfail"},
                                                            {Verdict::kRefused, "refused"},
                                                            {Verdict::kFiltered, "filtered"},
                                                            {Verdict::kUnreachable, "unreachable"}}};

/// RFC 8914 section 4: the codes that matter here.
enum ExtendedError : std::uint16_t {
  kStaleAnswer = 3,
  kForged = 4,
  kBlocked = 15,
  kCensored = 16,
  kFilteredCode = 17,
  kStaleNxdomain = 19
};

bool marks_stale(const Sample& sample) {
  return sample.extended_error == kStaleAnswer || sample.extended_error == kStaleNxdomain;
}

std::string with_extended_error(const Sample& sample, std::string text) {
  if (!sample.extended_error) return text;
  text += fmt::format("{}extended error {}", text.empty() ? "" : ", ", *sample.extended_error);
  if (!sample.extended_error_text.empty()) text += fmt::format(" \"{}\"", printable(sample.extended_error_text));
  return text;
}

/// What an answer holds at exactly the name that was asked for.
struct Link {
  const RecordSet* set = nullptr;    ///< of the type asked for
  const RecordSet* alias = nullptr;  ///< the CNAME in its place
};

Link link_of(const RecordKey& key, const Sample& sample) {
  Link out;
  for (const RecordSet& set : sample.answer) {
    if (set.name != key.name) continue;
    if (set.type == key.type) out.set = &set;
    if (set.type == RecordType::kCname && key.type != RecordType::kCname) out.alias = &set;
  }
  return out;
}

using Values = std::vector<std::string>;
const Values& values_of(const std::optional<RecordSet>& set) {
  static const Values none;
  return set ? set->rdata : none;
}

bool holds(const Values& values, const std::string& value) {
  return std::binary_search(values.begin(), values.end(), value);
}

/// How a set compares with the old and the new one.
enum class Match { kNew, kOld, kPartOfOld, kPartOfNew, kMixed, kNeither };

Match match(const Values& found, const Expectation& expectation) {
  const Values& old_values = values_of(expectation.old_set);
  const Values& new_values = values_of(expectation.new_set);
  if (found == new_values) return Match::kNew;
  if (found == old_values) return Match::kOld;
  std::size_t only_old = 0, in_new = 0, shared = 0, foreign = 0;
  for (const std::string& value : found) {
    const bool is_in_old = holds(old_values, value), is_in_new = holds(new_values, value);
    if (is_in_old && is_in_new)
      ++shared;
    else if (is_in_old)
      ++only_old;
    else if (is_in_new)
      ++in_new;
    else
      ++foreign;
  }
  if (only_old > 0) return in_new + foreign > 0 ? Match::kMixed : Match::kPartOfOld;
  if (in_new + shared > 0 && foreign == 0) return Match::kPartOfNew;
  return Match::kNeither;
}

/// Block pages of Cisco OpenDNS stand in 146.112.61.0/24.
bool is_block_page(const Values& found) {
  const auto is_page = [](const std::string& value) { return value.starts_with("146.112.61."); };
  return !found.empty() && std::all_of(found.begin(), found.end(), is_page);
}

/// The entry that this answer came from, where it was seen before. Entries that hold the old answer and others are
/// never the same, even when they end together.
template <class History>
auto entry_of(History& history, Instant expires, Span slack, bool of_old) -> decltype(history.caches.data()) {
  for (auto& entry : history.caches) {
    if (is_old(entry.verdict) != of_old) continue;
    if (expires - slack <= entry.expires + kSameEntry && entry.expires - entry.slack <= expires + kSameEntry)
      return &entry;
  }
  return nullptr;
}

/// The old answer has come: which of old, behind, old-past-ttl is it? The order of the questions matters.
Verdict judge_old(const Expectation& expectation, const Sample& sample, Seconds ttl, const ResolverHistory& history) {
  const Instant expires = sample.received + ttl;
  // An entry that was seen before counts down and keeps its verdict.
  if (ttl > Seconds::zero()) {
    const CacheView* known = entry_of(history, expires, sample.received - sample.asked, true);
    if (known != nullptr && known->verdict != Verdict::kMixed) return known->verdict;
  }
  // Could an honest cache that was filled before the change hold it? Then nobody is to be accused.
  const Instant at_the_earliest = sample.asked + ttl;
  if (at_the_earliest <= bound_of(expectation) + kSameEntry) return Verdict::kOld;
  // It was put there after the change, or it is kept too long. A full TTL at first sight is a fresh fetch. More than
  // the authorities served, and more than was ever seen here, is a clamp: that entry may be older than the change.
  const Seconds full = std::max(held_ttl(expectation), history.largest_ttl);
  const bool is_clamped = ttl > full + Seconds(1);
  if (!is_clamped && ttl + Seconds(1) >= full && full > Seconds(1)) return Verdict::kBehind;
  for (const CacheView& entry : history.caches)
    if (entry.verdict == Verdict::kBehind) return Verdict::kBehind;
  for (const CacheView& entry : history.caches)
    if (is_old(entry.verdict) && entry.expires + kSameEntry < sample.asked) return Verdict::kOldPastTtl;
  return Verdict::kOld;
}

bool is_positive_or_negative(net::Rcode rcode) {
  return rcode == net::Rcode::kNoError || rcode == net::Rcode::kNxDomain;
}

/// Failures that hold no answer to compare. nullopt: go on and compare.
std::optional<Verdict> judge_failure(const Sample& sample, std::string& detail) {
  if (sample.outcome != net::Outcome::kAnswered) {
    detail = printable(sample.detail.empty() ? std::string(net::to_text(sample.outcome)) : sample.detail);
    return Verdict::kUnreachable;
  }
  if (is_positive_or_negative(sample.rcode)) return std::nullopt;
  detail = with_extended_error(sample, net::to_text(sample.rcode));
  if (marks_filtered(sample.extended_error)) return Verdict::kFiltered;
  switch (sample.rcode) {
    case net::Rcode::kServFail:
      return Verdict::kServfail;
    case net::Rcode::kRefused:
    case net::Rcode::kNotImp:
    case net::Rcode::kFormErr:
    case net::Rcode::kNotAuth:
      return Verdict::kRefused;
    case net::Rcode::kNoError:
    case net::Rcode::kNxDomain:
    case net::Rcode::kYxDomain:
    case net::Rcode::kYxRrset:
    case net::Rcode::kNxRrset:
    case net::Rcode::kNotZone:
    case net::Rcode::kBadSig:
    case net::Rcode::kBadKey:
    case net::Rcode::kBadTime:
    case net::Rcode::kBadTrunc:
      break;
  }
  return Verdict::kOther;
}

bool is_filtered_answer(const Expectation& expectation, const Sample& sample, const Link& link,
                        const ResolverHistory& history) {
  if (marks_filtered(sample.extended_error)) return true;
  const Values none;
  const Values& found = link.set != nullptr ? link.set->rdata : none;
  if (is_sinkhole(found) || (history.filters && is_block_page(found))) return true;
  // Some filters say NXDOMAIN without the SOA that a real one carries.
  return history.filters && sample.rcode == net::Rcode::kNxDomain && sample.answer.empty() && !sample.negative_ttl &&
         (expectation.old_set || expectation.new_set);
}

Verdict judge_answer(const Expectation& expectation, const Sample& sample, const Link& link, std::optional<Seconds> ttl,
                     const ResolverHistory& history, std::string& detail) {
  static const Values none;
  const Values& found = link.set != nullptr ? link.set->rdata : none;
  const Match matched = match(found, expectation);
  if (matched == Match::kNew) return Verdict::kNew;
  if (matched != Match::kOld && is_filtered_answer(expectation, sample, link, history)) {
    detail = with_extended_error(sample, found.empty() ? "blocked" : "answers " + printable(join(found, " ")));
    return Verdict::kFiltered;
  }
  switch (matched) {
    case Match::kNew:
      break;
    case Match::kOld:
    case Match::kPartOfOld:
      if (marks_stale(sample)) {
        detail = with_extended_error(sample, "");
        return Verdict::kStale;
      }
      if (matched == Match::kPartOfOld) detail = "a part of the old set";
      // Where nothing was before, an absence that no honest cache can still hold sends nobody to the old side: it is an
      // answer of its own (a filter's, say), not the old one.
      if (const Verdict verdict = judge_old(expectation, sample, ttl.value_or(Seconds::zero()), history);
          verdict == Verdict::kBehind || expectation.old_set || link.alias != nullptr ||
          sample.asked <= bound_of(expectation) + kSameEntry)
        return verdict;
      break;
    case Match::kMixed:
      return Verdict::kMixed;
    case Match::kPartOfNew:
      detail = "a part of the new set";
      return Verdict::kOther;
    case Match::kNeither:
      break;
  }
  if (!found.empty()) return Verdict::kOther;
  if (link.alias != nullptr) {
    detail = "is an alias of " + printable(join(link.alias->rdata, " "));
    return Verdict::kOther;
  }
  detail = with_extended_error(sample, sample.rcode == net::Rcode::kNxDomain ? "NXDOMAIN" : "no data");
  return Verdict::kNegative;
}

/// The one among the old entries alive that ends last and counts for the estimate.
const CacheView* last_old_entry(const ResolverHistory& history, Instant now) {
  const CacheView* last = nullptr;
  for (const CacheView& entry : history.caches) {
    const bool counts =
        entry.verdict == Verdict::kOld || entry.verdict == Verdict::kMixed || entry.verdict == Verdict::kBehind;
    if (counts && entry.expires > now && (last == nullptr || entry.expires > last->expires)) last = &entry;
  }
  return last;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  for (const VerdictName& entry : kNames)
    if (entry.verdict == verdict) return entry.name;
  return "?";
}

Result<Verdict> verdict_from_text(std::string_view text) {
  for (const VerdictName& entry : kNames)
    if (entry.name == text) return entry.verdict;
  return fail(ErrorCode::kInvalid, fmt::format("\"{}\" is no verdict of a resolver's answer", printable(text)));
}

bool marks_filtered(std::optional<std::uint16_t> extended_error) {
  return extended_error == kForged || extended_error == kBlocked || extended_error == kCensored ||
         extended_error == kFilteredCode;
}

bool is_sinkhole(const std::vector<std::string>& values) {
  const auto is_nowhere = [](const std::string& value) { return value == "0.0.0.0" || value == "::"; };
  return !values.empty() && std::all_of(values.begin(), values.end(), is_nowhere);
}

bool is_data(Verdict verdict) {
  switch (verdict) {
    case Verdict::kNew:
    case Verdict::kOld:
    case Verdict::kOldPastTtl:
    case Verdict::kBehind:
    case Verdict::kStale:
    case Verdict::kMixed:
    case Verdict::kOther:
    case Verdict::kNegative:
    case Verdict::kServfail:
      return true;
    case Verdict::kRefused:
    case Verdict::kFiltered:
    case Verdict::kUnreachable:
      return false;
  }
  return false;
}

bool is_old(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOld:
    case Verdict::kOldPastTtl:
    case Verdict::kBehind:
    case Verdict::kStale:
    case Verdict::kMixed:
      return true;
    case Verdict::kNew:
    case Verdict::kOther:
    case Verdict::kNegative:
    case Verdict::kServfail:
    case Verdict::kRefused:
    case Verdict::kFiltered:
    case Verdict::kUnreachable:
      return false;
  }
  return false;
}

Seconds held_ttl(const Expectation& expectation) {
  return expectation.old_set ? expectation.low_ttl : std::max(expectation.low_ttl, expectation.negative_ttl);
}

Instant bound_of(const Expectation& expectation) { return expectation.new_since + held_ttl(expectation); }

Instant ask_from(const Expectation& expectation) { return expectation.old_set ? Instant{} : expectation.new_since; }

Sample sample_of(const net::DnsAnswer& answer, Instant asked) {
  Sample out;
  out.asked = asked;
  out.received = answer.received;
  out.rtt = answer.rtt;
  out.outcome = answer.outcome;
  out.over_tcp = answer.over_tcp;
  out.detail = answer.detail;
  if (answer.outcome != net::Outcome::kAnswered) return out;
  const net::Message& reply = answer.reply;
  out.rcode = reply.rcode;
  out.authenticated = reply.ad;
  out.answer = net::record_sets(reply.answer);
  out.has_signatures = std::any_of(out.answer.begin(), out.answer.end(),
                                   [](const RecordSet& set) { return set.type == RecordType::kRrsig; });
  for (const RecordSet& set : net::record_sets(reply.authority))
    if (set.type == RecordType::kSoa)
      if (const auto soa = parse_soa(set)) out.negative_ttl = soa->negative_ttl();
  if (reply.edns) {
    out.extended_error = reply.edns->extended_error;
    out.extended_error_text = printable(reply.edns->extended_error_text);
    out.site = printable(reply.edns->nsid);
    out.client_subnet = reply.edns->client_subnet;
  }
  return out;
}

Observation judge(const Expectation& expectation, const Sample& sample, const ResolverHistory& history) {
  Observation out;
  out.at = sample.received;
  out.slack = std::max(Span::zero(), sample.received - sample.asked);
  out.rtt = sample.rtt;
  out.site = sample.site;
  out.over_tcp = sample.over_tcp;
  if (const auto failure = judge_failure(sample, out.detail)) {
    out.verdict = *failure;
    return out;
  }
  const Link link = link_of(expectation.key, sample);
  const RecordSet* judged = link.set != nullptr ? link.set : link.alias;
  out.ttl = judged != nullptr ? std::optional(judged->ttl) : sample.negative_ttl;
  if (judged != nullptr) out.rdata = judged->rdata;
  if (out.ttl) out.expires = sample.received + *out.ttl;
  out.verdict = judge_answer(expectation, sample, link, out.ttl, history, out.detail);
  if (out.rdata.size() > kKeptValues) {
    out.detail += fmt::format("{}{} values in all, the first {} kept", out.detail.empty() ? "" : "; ", out.rdata.size(),
                              kKeptValues);
    out.rdata.resize(kKeptValues);
  }
  if (out.expires) out.known_cache = entry_of(history, *out.expires, out.slack, is_old(out.verdict)) != nullptr;
  return out;
}

void remember(ResolverHistory& history, const Observation& observation) {
  if (!is_data(observation.verdict) || !observation.expires) return;
  if (is_old(observation.verdict) && observation.ttl)
    history.largest_ttl = std::max(history.largest_ttl, *observation.ttl);
  const Instant latest = *observation.expires, earliest = latest - observation.slack - kOneSecond;
  if (CacheView* known = entry_of(history, *observation.expires, observation.slack, is_old(observation.verdict))) {
    known->last_seen = observation.at;
    // Two entries may end within the 2 s that count as one: then they have nothing in common, and the later one counts.
    if (earliest > known->latest || latest < known->earliest) {
      known->latest = std::max(known->latest, latest);
      return;
    }
    known->earliest = std::max(known->earliest, earliest);
    known->latest = std::min(known->latest, latest);
    return;
  }
  history.caches.push_back({*observation.expires, observation.slack, earliest, latest, observation.at, observation.at,
                            observation.verdict, observation.site});
  ++history.entries_seen;
  // The first entry stays: its expiry is what tells "kept too long" from "another cache".
  if (history.caches.size() > kRememberedEntries) history.caches.erase(history.caches.begin() + 1);
}

std::optional<Instant> old_until(const ResolverHistory& history, Instant now) {
  const CacheView* last = last_old_entry(history, now);
  return last == nullptr ? std::nullopt : std::optional(last->expires);
}

std::optional<Ending> old_ending(const ResolverHistory& history, Instant now) {
  const CacheView* last = last_old_entry(history, now);
  return last == nullptr ? std::nullopt : std::optional(Ending{last->earliest, last->latest});
}

std::string_view to_text(TtlHabit habit) {
  switch (habit) {
    case TtlHabit::kNone:
      return "none";
    case TtlHabit::kHoldsLonger:
      return "holds-longer";
    case TtlHabit::kKeepsPast:
      return "keeps-past";
    case TtlHabit::kServesExpired:
      return "serves-expired";
  }
  return "?";
}

TtlFinding ttl_finding(const Expectation& expectation, const TtlFinding& known, const Observation& seen) {
  if (!is_old(seen.verdict) || !seen.ttl) return known;
  TtlFinding out = known;
  out.ttl = std::max(known.ttl, *seen.ttl);
  if (seen.verdict == Verdict::kStale)
    out.habit = std::max(known.habit, TtlHabit::kServesExpired);
  else if (seen.verdict == Verdict::kOldPastTtl)
    out.habit = std::max(known.habit, TtlHabit::kKeepsPast);
  else if (*seen.ttl > held_ttl(expectation) + Seconds(1))
    out.habit = std::max(known.habit, TtlHabit::kHoldsLonger);
  return out;
}

}  // namespace cutover::dnsprobe
