#include "cmd/report/story_document.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/report/story_digest.h"
#include "core/text.h"

namespace cutover {
namespace {

using Table = DocumentTable;
using Section = DocumentSection;

std::string instant_text(const std::optional<Instant>& at) { return at ? format_instant(*at) : std::string(); }

std::string values_text(const std::optional<RecordSet>& set) {
  return set ? fmt::format("{} (TTL {})", join(set->rdata, ", "), format_duration(set->ttl)) : "does not exist";
}

/// `after 1m 2s`, `3s before`.
std::string relative_text(const std::optional<Instant>& at, Instant to) {
  if (!at) return "";
  return *at >= to ? "after " + format_duration(*at - to) : format_duration(to - *at) + " before";
}

Section summary_section(const Story& story) {
  Section out{"summary", "In short", summary_of(story), {}};
  out.sentences.push_back(fmt::format("Now: {}.", story.answer.headline));
  if (!story.answer.next.empty())
    out.sentences.push_back(
        fmt::format("Next: {}{}.", story.answer.next,
                    story.answer.opens_at && *story.answer.opens_at > story.now
                        ? fmt::format(" (time opens it at {})", format_opening(*story.answer.opens_at))
                        : ""));
  return out;
}

Section records_section(const Story& story) {
  Table table{"", {"Record set", "Before", "After", "Accepted", "Authoritative", "Sampled", "Bounded"}, {}};
  for (const StorySet& set : story.sets)
    table.rows.push_back({set.key.text(), values_text(set.before), values_text(set.after), instant_text(set.accepted),
                          instant_text(set.authoritative), instant_text(set.sampled), instant_text(set.bounded)});
  return {"records", "Record sets, and how far the last write of each has come", {}, {std::move(table)}};
}

Section timeline_section(const Story& story) {
  Table phases{"Phases", {"Phase", "State", "Began", "Ended", "What"}, {}};
  for (const StoryPhase& each : story.phases)
    phases.rows.push_back({std::string(to_text(each.phase)), std::string(to_text(each.state)),
                           instant_text(each.started), instant_text(each.ended), each.text});
  Table moments{"Everything that happened", {"At", "Phase", "What"}, {}};
  for (const StoryMoment& each : moments_of(story))
    moments.rows.push_back({format_instant(each.at), each.phase, each.text});
  return {"timeline", "Timeline", {}, {std::move(phases), std::move(moments)}};
}

void add_write(const WriteRecord& write, std::vector<Table>& out) {
  Table changes{fmt::format("Write {}: {}, {}, {}", write.id, to_text(write.phase), to_text(write.state),
                            format_instant(write.started)),
                {"Record set", "Before", "After"},
                {}};
  for (const ChangeSet& set : write.changes)
    for (const Change& change : set.changes)
      changes.rows.push_back({change.key.text(), values_text(change.before), values_text(change.after)});
  Table calls{fmt::format("Calls of write {}", write.id), {"At", "Outcome", "Known at", "Call", "Reply"}, {}};
  for (const IntentRecord& call : write.intents)
    calls.rows.push_back({format_instant_ms(call.at),
                          call.outcome ? std::string(to_text(*call.outcome)) : "none on record",
                          call.outcome ? format_instant_ms(call.outcome_at) : "", call.step.summary, call.reply});
  out.push_back(std::move(changes));
  out.push_back(std::move(calls));
}

Section gates_section(const Story& story) {
  Section out{"gates", "Gates and overrides", {}, {}};
  Table now{"As they stand", {"Gate", "State", "Opens", "Why"}, {}};
  for (const Gate& gate : story.gates)
    now.rows.push_back({gate.name,
                        gate.open         ? "open"
                        : gate.overridden ? "overridden"
                                          : "CLOSED",
                        gate.opens_at ? format_opening(*gate.opens_at) : "", gate.why});
  Table then{"As they stood when a write was decided on", {"At", "Phase", "Gate"}, {}};
  for (const EventRecord& each : story.events)
    if (each.kind == "gate")
      then.rows.push_back({format_instant(each.at), std::string(to_text(each.phase)), each.text});
  Table overrides{"Overridden by hand", {"At", "Phase", "Gate", "Reason"}, {}};
  for (const OverrideRecord& each : story.overrides)
    overrides.rows.push_back({format_instant(each.at), std::string(to_text(each.phase)), each.gate, each.reason});
  if (story.overrides.empty()) out.sentences.push_back("No gate was overridden.");
  out.tables = {std::move(now), std::move(overrides), std::move(then)};
  return out;
}

Table group_table(const std::string& caption, const std::string& group, const std::vector<GroupCounts>& groups,
                  const Propagation& spreading) {
  const bool is_back = spreading.of == Phase::kRollback;
  Table table{caption,
              {group, is_back ? "Back" : "New", is_back ? "Not yet back" : "Old", "Other", "No answer", "Last turned"},
              {}};
  table.place = Table::Place::kFolded;
  for (const GroupCounts& each : groups)
    table.rows.push_back({each.name, std::to_string(each.now.fresh), std::to_string(each.now.old),
                          std::to_string(each.now.other), std::to_string(each.now.silent),
                          relative_text(each.last_turned, spreading.served_at)});
  return table;
}

Table resolver_table(const Propagation& spreading) {
  Table table{"Every resolver", {"Resolver", "Operator", "Place", "Verdict", "Turned", "Old answer until"}, {}};
  table.place = Table::Place::kOnScreens;
  const auto turned = turned_at(spreading);
  for (std::size_t i = 0; i < spreading.resolvers.size(); ++i) {
    const StoryResolver& each = spreading.resolvers[i];
    table.rows.push_back({each.id, each.operator_name,
                          join(each.place.empty() ? std::vector<std::string>{each.country}
                                                  : std::vector<std::string>{each.place, each.country},
                               ", "),
                          each.verdict.empty() ? "not asked" : each.verdict,
                          relative_text(turned[i], spreading.served_at), instant_text(each.expires_at)});
  }
  return table;
}

/// Those that hold the others up: still old, or something else.
Table holding_table(const Propagation& spreading) {
  constexpr std::size_t kMost = 30;
  Table table{"Not turned", {"Resolver", "Operator", "Verdict", "Old answer until"}, {}};
  for (const Side side : {Side::kOld, Side::kOther, Side::kSilent})
    for (const StoryResolver& each : spreading.resolvers)
      if (each.side == side && table.rows.size() < kMost)
        table.rows.push_back({each.id, each.operator_name, each.verdict.empty() ? "not asked" : each.verdict,
                              instant_text(each.expires_at)});
  return table;
}

Section spreading_section(const Propagation& spreading, std::size_t nth) {
  Section out{fmt::format("spreading-{}", nth),
              spreading.of == Phase::kSwap ? "How the swap spread" : "How the rollback spread",
              {},
              {}};
  const SideCounts now = counts_of(spreading);
  const Instant zero = spreading.served_at;
  out.sentences.push_back(fmt::format("Every name server served the {} values from {} on.",
                                      spreading.of == Phase::kSwap ? "new" : "old", format_instant(zero)));
  out.sentences.push_back(fmt::format("Bound: {} ({}); no cache that honours TTLs gives the earlier answer after it.",
                                      format_instant(spreading.bound), relative_text(spreading.bound, zero)));
  if (spreading.observed)
    out.sentences.push_back(fmt::format("Observed estimate: {} ({}), from the longest remaining TTL that was seen.",
                                        format_instant(*spreading.observed), relative_text(spreading.observed, zero)));
  out.sentences.push_back(
      fmt::format("Resolvers: {} with this write's values, {} with the earlier ones, {} with "
                  "something else, {} without a usable answer.",
                  now.fresh, now.old, now.other, now.silent));
  out.sentences.push_back(fmt::format("Level {}: {}.", spreading.level, spreading.why));
  if (spreading.converged_at)
    out.sentences.push_back(fmt::format("Converged at {} ({}).", format_instant(*spreading.converged_at),
                                        relative_text(spreading.converged_at, zero)));
  out.tables = {group_table("By operator", "Operator", by_operator(spreading), spreading),
                group_table("By continent", "Continent", by_continent(spreading), spreading), holding_table(spreading),
                resolver_table(spreading)};
  return out;
}

std::string name_of(const Check& check) {
  return fmt::format("{}{}", check.name ? check.name->host() : "",
                     check.endpoint ? " at " + check.endpoint->text() : "");
}

Section certificates_section(const Story& story) {
  Section out{"certificates", "Certificates and endpoints", {}, {}};
  for (const CheckRecord& record : story.checks) {
    std::size_t passed = 0;
    Table bad{fmt::format("Not passed at {}", format_instant(record.at)),
              {"Check", "Severity", "Verdict", "Where", "What", "Evidence", "What to do"},
              {}};
    Table all{fmt::format("Every check of {}", format_instant(record.at)),
              {"Check", "Verdict", "Where", "What", "Evidence"},
              {}};
    all.place = Table::Place::kOnScreens;
    for (const Check& check : record.checks) {
      if (check.verdict == Verdict::kPass) ++passed;
      if (check.verdict == Verdict::kFail || check.verdict == Verdict::kUndecided)
        bad.rows.push_back({check.id, std::string(to_text(check.severity)), std::string(to_text(check.verdict)),
                            name_of(check), check.summary, check.evidence, check.advice});
      all.rows.push_back(
          {check.id, std::string(to_text(check.verdict)), name_of(check), check.summary, check.evidence});
    }
    out.sentences.push_back(fmt::format("Preflight at {}: {}, {} of {} passed.", format_instant(record.at),
                                        record.passed ? "passed" : "FAILED", passed,
                                        counted(record.checks.size(), "check")));
    out.tables.push_back(std::move(bad));
    if (&record == &story.checks.back()) out.tables.push_back(std::move(all));
  }
  return out;
}

/// The monitor's own probes: each minute's sentence, and every criterion at the end.
Section monitor_section(const Story& story) {
  Section out{"monitor", "Monitoring of the new side", {}, {}};
  Table minutes{"Every minute", {"At", "What", "Summary"}, {}};
  minutes.place = Table::Place::kOnScreens;
  for (const EventRecord& event : story.events) {
    if (event.phase != Phase::kMonitor) continue;
    minutes.rows.push_back({format_instant(event.at), event.kind, event.text});
    if (event.kind == "breach")
      out.sentences.push_back(fmt::format("Broke at {}: {}.", format_instant(event.at), event.text));
  }
  if (!minutes.rows.empty())
    out.sentences.push_back(fmt::format("Last word, at {}: {}.", minutes.rows.back()[0], minutes.rows.back()[2]));
  if (!story.monitoring.empty()) {
    const CheckRecord& last = story.monitoring.back();
    Table criteria{fmt::format("Criteria at {}", format_instant(last.at)),
                   {"Criterion", "Severity", "Verdict", "Where", "What", "Evidence"},
                   {}};
    for (const Check& check : last.checks)
      criteria.rows.push_back({check.id, std::string(to_text(check.severity)), std::string(to_text(check.verdict)),
                               name_of(check), check.summary, check.evidence});
    out.tables.push_back(std::move(criteria));
  }
  out.tables.push_back(std::move(minutes));
  return out;
}

Section visitors_section(const Availability& seen) {
  Section out{"visitors", "What visitors met", {}, {}};
  out.sentences.push_back(fmt::format("{}: {} reached the old side, {} the new side, {} failed.",
                                      counted(seen.visits, "visit"), seen.reached_old, seen.reached_new, seen.failed));
  if (!seen.first_failure.empty()) out.sentences.push_back(fmt::format("First failure: {}.", seen.first_failure));
  return out;
}

Section estimates_section(const Story& story) {
  Table table{"", {"Of", "Bound", "Observed estimate", "Last cache really turned", "Whose", "Said converged"}, {}};
  for (const EstimateCheck& each : story.estimates)
    table.rows.push_back({each.of, relative_text(each.bound, each.served_at),
                          relative_text(each.observed, each.served_at), relative_text(each.last_turned, each.served_at),
                          each.last_holder, relative_text(each.converged_at, each.served_at)});
  return {"estimates",
          "Estimates against what the caches really held",
          {"Counted from the moment when every name server served the new values. Only a rehearsal can know the truth; "
           "a cache that turns after the bound stretches TTLs."},
          {std::move(table)}};
}

}  // namespace

Document document_of(const Story& story) {
  Document out;
  out.title = fmt::format("Cutover {}{}", story.plan_name, story.rehearsal ? " (rehearsal)" : "");
  out.subtitle = fmt::format("Plan {} with hash {}; as of {}", story.plan_file, story.plan_hash.substr(0, 12),
                             format_instant(story.now));
  out.sections.push_back(summary_section(story));
  for (std::size_t i = 0; i < story.propagation.size(); ++i)
    out.sections.push_back(spreading_section(story.propagation[i], i));
  if (std::any_of(story.events.begin(), story.events.end(),
                  [](const EventRecord& event) { return event.phase == Phase::kMonitor; }))
    out.sections.push_back(monitor_section(story));
  if (story.availability) out.sections.push_back(visitors_section(*story.availability));
  if (!story.estimates.empty()) out.sections.push_back(estimates_section(story));
  out.sections.push_back(records_section(story));
  out.sections.push_back(timeline_section(story));
  if (!story.writes.empty()) {
    Section writes{"writes", "What was written", {}, {}};
    for (const WriteRecord& write : story.writes) add_write(write, writes.tables);
    out.sections.push_back(std::move(writes));
  }
  out.sections.push_back(gates_section(story));
  if (!story.checks.empty()) out.sections.push_back(certificates_section(story));
  return out;
}

}  // namespace cutover
