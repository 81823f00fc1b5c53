#include "cmd/plan/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cmd/plan/targets.h"
#include "core/text.h"

namespace cutover {
namespace {

Gate closed(std::string name, std::string why) { return Gate{std::move(name), false, std::nullopt, std::move(why)}; }
Gate opened(std::string name, std::string why) { return Gate{std::move(name), true, std::nullopt, std::move(why)}; }

std::string values_of(const std::optional<RecordSet>& set) {
  return set ? printable(join(set->rdata, ", ")) : "nothing";
}
std::string values_of(const std::vector<std::string>& rdata) {
  return rdata.empty() ? "nothing" : printable(join(rdata, ", "));
}

std::string label_of(const SweepRecord& record, std::size_t server) {
  return server < record.servers.size() ? printable(record.servers[server]) : fmt::format("server {}", server);
}

const SweepRecord* last_sweep(const History& history, const DomainName& zone) {
  for (auto at = history.sweeps.rbegin(); at != history.sweeps.rend(); ++at)
    if (at->zone == zone) return &*at;
  return nullptr;
}

/// Why this reading is no proper answer; empty: it is one.
std::string no_answer(const SweepRecord& record, const net::AuthorityReading& reading) {
  const std::string server = label_of(record, reading.server);
  const std::string key = printable(reading.key.text());
  if (reading.outcome != net::Outcome::kAnswered)
    return fmt::format("{} does not answer for {}: {}", server, key,
                       reading.detail.empty() ? std::string(net::to_text(reading.outcome)) : printable(reading.detail));
  if (reading.rcode != net::Rcode::kNoError && reading.rcode != net::Rcode::kNxDomain)
    return fmt::format("{} answers {} for {}", server, net::to_text(reading.rcode), key);
  if (reading.delegated) return fmt::format("{} refers to a child zone for {}", server, key);
  if (!reading.authoritative) return fmt::format("{} answers {} without authority (no AA)", server, key);
  return {};
}

bool holds(const std::optional<RecordSet>& set, const std::vector<std::string>& rdata) {
  return set ? set->rdata == rdata : rdata.empty();
}

using Readings = std::map<RecordKey, std::vector<const net::AuthorityReading*>>;

/// Why the servers do not agree on one planned set; empty: they do.
std::string disagreement(const SweepRecord& record, const Readings& by_key, const PlannedChange& change) {
  const auto at = by_key.find(change.key());
  const auto readings = at == by_key.end() ? std::vector<const net::AuthorityReading*>() : at->second;
  const std::string key = printable(change.key().text());
  if (readings.size() < record.servers.size())
    return fmt::format("{} was not asked of every name server address in the last sweep", key);
  for (const auto* reading : readings)
    if (auto why = no_answer(record, *reading); !why.empty()) return why;
  for (const auto* wanted : {&change.from, &change.to})
    if (std::all_of(readings.begin(), readings.end(),
                    [&](const auto* reading) { return holds(reading->set, *wanted); }))
      return {};
  for (const auto* reading : readings)
    if (!holds(reading->set, change.from))
      return fmt::format("{} serves {} for {}, not {}", label_of(record, reading->server), values_of(reading->set), key,
                         values_of(change.from));
  return {};
}

/// Why the serials differ; empty: they do not.
std::string serial_difference(const SweepRecord& record) {
  std::map<std::uint32_t, std::size_t> first;
  for (std::size_t i = 0; i < record.sweep.serials.size(); ++i) {
    if (!record.sweep.serials[i]) return fmt::format("{} gave no usable SOA answer", label_of(record, i));
    first.emplace(*record.sweep.serials[i], i);
  }
  if (first.size() < 2) return {};
  const auto& [a, with_a] = *first.begin();
  const auto& [b, with_b] = *first.rbegin();
  return fmt::format("{} has serial {} and {} has {}; where the zone is signed or edited all the time, ask again",
                     label_of(record, with_a), a, label_of(record, with_b), b);
}

std::string out_of_sync(const ZonePlan& zone, const History& history) {
  const SweepRecord* record = last_sweep(history, zone.zone);
  if (record == nullptr) return fmt::format("no name server of {} has been asked yet", printable(zone.zone.text()));
  if (!record->without_address.empty())
    return fmt::format("the name server {} of {} has no address", printable(record->without_address.front()),
                       printable(zone.zone.text()));
  if (record->servers.empty())
    return fmt::format("{} has no name server that could be asked", printable(zone.zone.text()));
  Readings by_key;
  for (const auto& reading : record->sweep.readings) by_key[reading.key].push_back(&reading);
  for (const PlannedChange& change : zone.changes)
    if (auto why = disagreement(*record, by_key, change); !change.proxied && !why.empty()) return why;
  return serial_difference(*record);
}

/// Words of a mention, one space between them, so that a line broken differently in YAML is the same mention.
std::string folded(std::string_view text) {
  std::string out;
  for (const char c : trim(text)) {
    const bool space = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!space)
      out += c;
    else if (out.back() != ' ')
      out += ' ';
  }
  return out;
}

bool has_ech(const std::string& rdata) {
  const auto words = split(rdata, ' ');
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    const std::string key = to_lower(word.substr(0, word.find('=')));
    return key == "ech" || key == "key5";
  });
}

}  // namespace

Gate preflight_passed(const Plan& plan, const History& history, Seconds max_age, Instant now) {
  const std::string name = "preflight-passed";
  const auto last = std::find_if(history.checks.rbegin(), history.checks.rend(),
                                 [](const CheckRecord& run) { return run.phase == Phase::kPreflight; });
  if (last == history.checks.rend()) return closed(name, "no preflight has been run; run `cutover preflight`");
  const std::string when = format_instant(last->at);
  if (last->plan_hash != plan.hash)
    return closed(name,
                  fmt::format("the plan was changed after the preflight of {}; run `cutover preflight` again", when));
  if (!last->passed) {
    const auto failed = std::find_if(last->checks.begin(), last->checks.end(),
                                     [](const Check& check) { return check.verdict == Verdict::kFail; });
    return closed(
        name,
        fmt::format(
            "the preflight of {} did not pass{}; mend it and run `cutover preflight` again", when,
            failed == last->checks.end() ? "" : fmt::format(" ({}: {})", failed->id, printable(failed->summary))));
  }
  if (now - last->at > max_age)
    return closed(name, fmt::format("the preflight of {} is older than {}; run `cutover preflight` again", when,
                                    format_duration(max_age)));
  return opened(name, fmt::format("{} passed at {}", counted(last->checks.size(), "check"), when));
}

Gate authoritative_in_sync(const Plan& plan, const History& history) {
  const std::string name = "authoritative-in-sync";
  std::size_t addresses = 0;
  for (const ZonePlan& zone : plan.zones) {
    if (auto why = out_of_sync(zone, history); !why.empty()) return closed(name, std::move(why));
    addresses += last_sweep(history, zone.zone)->servers.size();
  }
  return opened(name, addresses == 1 ? "the one name server address answers as planned"
                                     : fmt::format("all {} name server addresses agree", addresses));
}

Gate no_drift(const std::vector<Drift>& drift) {
  if (drift.empty()) return opened("no-drift", "every record set is as expected");
  const Drift& first = drift.front();
  return closed(
      "no-drift",
      fmt::format("{} holds {}, not {}{}; somebody else changed it: correct the zone or the plan",
                  printable(first.key.text()), printable(first.found), printable(first.expected),
                  drift.size() == 1 ? "" : fmt::format(" (and {} more)", counted(drift.size() - 1, "record set"))));
}

Gate provider_carries(const std::vector<std::string>& refusals) {
  if (refusals.empty()) return opened("provider-carries", "the provider can make every change");
  return closed(
      "provider-carries",
      refusals.front() +
          (refusals.size() == 1 ? "" : fmt::format(" (and {} more)", counted(refusals.size() - 1, "refusal"))));
}

Gate clock_agrees(std::optional<Span> skew) {
  const std::string name = "clock-agrees";
  if (!skew) return opened(name, "no other clock was seen to compare with");
  const std::string size = fmt::format("{:.1f} s", static_cast<double>(skew->count()) / 1e6);
  if (std::chrono::abs(*skew) > kMostSkew)
    return closed(name, fmt::format("this machine's clock and the provider's differ by {}, more than {} s; set the "
                                    "clock (NTP): instants cannot be compared until then",
                                    size, kMostSkew.count()));
  return opened(name, fmt::format("this machine's clock and the provider's differ by {}", size));
}

void close_time_gates(std::vector<Gate>& gates) {
  const auto clock =
      std::find_if(gates.begin(), gates.end(), [](const Gate& gate) { return gate.name == "clock-agrees"; });
  if (clock == gates.end() || clock->open || clock->overridden) return;
  for (Gate& gate : gates) {
    if (gate.name != "ttl-drained" && gate.name != "preflight-passed" && gate.name != "within-window" &&
        gate.name != "standby-over")
      continue;
    gate.open = false;
    gate.opens_at.reset();
    gate.why = fmt::format("the clocks disagree, so this cannot be told ({})", gate.why);
  }
}

Gate within_window(const Plan& plan, Instant now) {
  const std::string name = "within-window";
  if (!plan.window) return opened(name, "the plan has no window");
  const std::string text = fmt::format("{} ({} to {})", printable(plan.window->text),
                                       format_instant(plan.window->opens), format_instant(plan.window->closes));
  if (now < plan.window->opens)
    return Gate{name, false, plan.window->opens, fmt::format("the window {} has not begun", text)};
  if (now >= plan.window->closes)
    return closed(name, fmt::format("the window {} is over; write a new one into the plan", text));
  return opened(name, fmt::format("the window {} is open", text));
}

Gate mentions_acknowledged(const Plan& plan) {
  const std::string name = "mentions-acknowledged";
  std::vector<const Mention*> open;
  for (const Mention& mention : plan.mentions) {
    const bool acked = std::any_of(plan.acks.begin(), plan.acks.end(),
                                   [&](const Ack& ack) { return folded(ack.mention) == folded(mention.text); });
    if (!acked) open.push_back(&mention);
  }
  if (open.empty())
    return opened(name, plan.mentions.empty()
                            ? "nothing else mentions the old side"
                            : fmt::format("each of {} is acknowledged", counted(plan.mentions.size(), "mention")));
  return closed(name, fmt::format("'{}' still names the old side ({}){}; change it, or say in `ack` why it may stay",
                                  printable(open.front()->text), printable(open.front()->reason),
                                  open.size() == 1 ? "" : fmt::format(", and so do {} more", open.size() - 1)));
}

Gate ech_key_held(const Plan& plan) {
  const std::string name = "ech-key-held";
  for (const ZonePlan& zone : plan.zones) {
    for (const PlannedChange& change : zone.changes) {
      if (change.type != RecordType::kHttps && change.type != RecordType::kSvcb) continue;
      const bool ech = std::any_of(change.from.begin(), change.from.end(), has_ech) ||
                       std::any_of(change.to.begin(), change.to.end(), has_ech);
      if (!ech) continue;
      if (plan.new_side_holds_ech_key) return opened(name, "the plan says that the new side holds the ECH key");
      return closed(name, fmt::format("{} has an `ech` parameter: clients with a cached one fail unless the new side "
                                      "holds its key; if it does, write "
                                      "`swap: {{ ech: new-side-holds-the-key }}`",
                                      printable(change.key().text())));
    }
  }
  return opened(name, "no record with `ech` changes");
}

std::optional<Gate> baseline_recorded(const Plan& plan, const History& history) {
  if (!plan.monitor.baseline_required) return std::nullopt;
  const std::string name = "baseline-recorded";
  if (history.baselines.empty())
    return closed(name, "the plan asks for a baseline of the old side, and none is recorded; run `cutover baseline`");
  const BaselineRecord& last = history.baselines.back();
  for (const EndpointTarget& target : targets_of(plan).addresses) {
    if (target.side != TargetSide::kOld) continue;
    const bool known = std::any_of(last.entries.begin(), last.entries.end(), [&](const BaselineEntry& entry) {
      return entry.name == target.name && entry.port == target.port && entry.answered > 0;
    });
    if (!known)
      return closed(name, fmt::format("the baseline of {} has nothing of {} port {}; run `cutover baseline` again",
                                      format_instant(last.at), target.name.host(), target.port));
  }
  return opened(name,
                fmt::format("{} recorded at {}", counted(last.entries.size(), "endpoint"), format_instant(last.at)));
}

}  // namespace cutover
