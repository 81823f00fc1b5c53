#include "cmd/report/story_metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "cmd/report/story_digest.h"
#include "core/text.h"

namespace cutover {
namespace {

/// Families in the order they are first named; the text format wants all samples of one together.
class Families {
 public:
  explicit Families(const std::string& plan) : plan_(metric_label("plan", plan)) {}

  void add(const std::string& name, std::string_view help, const std::vector<std::string>& labels, double value) {
    std::string& lines = lines_of(name, help);
    lines += fmt::format("{}{{{}{}{}}} {}\n", name, plan_, labels.empty() ? "" : ",", join(labels, ","), value);
  }
  void add(const std::string& name, std::string_view help, const std::vector<std::string>& labels,
           const std::optional<Instant>& at) {
    if (!at) return;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(at->time_since_epoch()).count();
    std::string& lines = lines_of(name, help);
    lines += fmt::format("{}{{{}{}{}}} {}.{:03}\n", name, plan_, labels.empty() ? "" : ",", join(labels, ","),
                         ms / 1000, ms % 1000);
  }
  std::string text() const {
    std::string out;
    for (const Family& each : families_) out += each.head + each.lines;
    return out;
  }

 private:
  struct Family {
    std::string name, head, lines;
  };
  std::string& lines_of(const std::string& name, std::string_view help) {
    const auto at = std::find_if(families_.begin(), families_.end(), [&](const Family& f) { return f.name == name; });
    if (at != families_.end()) return at->lines;
    families_.push_back({name, fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n", name, help), ""});
    return families_.back().lines;
  }
  const std::string plan_;
  std::vector<Family> families_;
};

std::string label(std::string_view name, std::string_view value) { return metric_label(name, value); }
double truth(bool is_so) { return is_so ? 1 : 0; }

void add_state(const Story& story, Families& out) {
  out.add("cutover_info", "The plan; the value is always 1.",
          {label("file", story.plan_file), label("hash", story.plan_hash)}, 1);
  out.add("cutover_rehearsal", "Whether this is a rehearsal, with a clock of its own.", {}, truth(story.rehearsal));
  out.add("cutover_updated_timestamp_seconds", "When these numbers were made.", {}, std::optional(story.now));
  out.add("cutover_go", "Whether the next step may be taken now.", {}, truth(story.answer.go));
  out.add("cutover_opens_timestamp_seconds", "When time alone opens the next step.", {}, story.answer.opens_at);
  out.add("cutover_standby_until_timestamp_seconds", "Until when the old side is the way back.", {},
          story.standby_until);
  out.add("cutover_restore_overdue", "Whether the original TTLs should be back by now.", {},
          truth(story.restore_overdue));
}

void add_phases(const Story& story, Families& out) {
  using State = StoryPhase::State;
  for (const StoryPhase& phase : story.phases) {
    const std::vector<std::string> which{label("phase", to_text(phase.phase)),
                                         label("of", phase.of ? to_text(*phase.of) : "")};
    for (const State state : {State::kAhead, State::kNow, State::kDone, State::kPartial}) {
      auto labels = which;
      labels.push_back(label("state", to_text(state)));
      out.add("cutover_phase", "Which state each phase is in: 1 for that one.", labels, truth(phase.state == state));
    }
    out.add("cutover_phase_started_timestamp_seconds", "When a phase began.", which, phase.started);
    out.add("cutover_phase_ended_timestamp_seconds", "When a phase ended.", which, phase.ended);
  }
}

void add_gates(const Story& story, Families& out) {
  for (const Gate& gate : story.gates) {
    const std::vector<std::string> which{label("gate", gate.name)};
    out.add("cutover_gate_open", "Whether a gate before the next write is open.", which, truth(gate.open));
    out.add("cutover_gate_overridden", "Whether somebody overrode a gate.", which, truth(gate.overridden));
    out.add("cutover_gate_opens_timestamp_seconds", "When time alone opens a closed gate.", which,
            gate.open ? std::nullopt : gate.opens_at);
  }
  out.add("cutover_overrides", "Gates overridden by hand so far.", {}, static_cast<double>(story.overrides.size()));
}

void add_sets(const Story& story, Families& out) {
  for (const StorySet& set : story.sets)
    for (const auto& [level, at] : {std::pair("accepted", set.accepted), std::pair("authoritative", set.authoritative),
                                    std::pair("sampled", set.sampled), std::pair("bounded", set.bounded)})
      out.add("cutover_record_set_level", "Whether the last write of a record set has reached a level.",
              {label("zone", set.zone.host()), label("name", set.key.name.host()), label("type", to_text(set.key.type)),
               label("level", level)},
              truth(at.has_value()));
}

void add_counts(const SideCounts& counts, std::vector<std::string> labels, Families& out) {
  for (const auto& [side, count] : {std::pair(Side::kNew, counts.fresh), std::pair(Side::kOld, counts.old),
                                    std::pair(Side::kOther, counts.other), std::pair(Side::kSilent, counts.silent)}) {
    labels.push_back(label("side", to_text(side)));
    out.add("cutover_resolvers", "Resolvers by what they give: the value that spreads, the one before, or neither.",
            labels, static_cast<double>(count));
    labels.pop_back();
  }
}

void add_spreading(const Propagation& spreading, Families& out) {
  const std::vector<std::string> which{label("of", to_text(spreading.of))};
  out.add("cutover_served_timestamp_seconds", "When every name server served a write.", which,
          std::optional(spreading.served_at));
  out.add("cutover_bound_timestamp_seconds", "From when on no cache that honours TTLs gives the answer before a write.",
          which, std::optional(spreading.bound));
  out.add("cutover_observed_timestamp_seconds", "When the longest-lived answer that was seen ends.", which,
          spreading.observed);
  out.add("cutover_converged", "Whether a write has converged.", which, truth(spreading.converged_at.has_value()));
  out.add("cutover_converged_timestamp_seconds", "When a write had converged.", which, spreading.converged_at);
  for (const GroupCounts& group : by_continent(spreading))
    add_counts(group.now, {which.front(), label("continent", group.name)}, out);
}

void add_checks(const Story& story, Families& out) {
  if (story.checks.empty()) return;
  const CheckRecord& last = story.checks.back();
  out.add("cutover_preflight_passed", "Whether the last preflight passed.", {}, truth(last.passed));
  out.add("cutover_preflight_timestamp_seconds", "When the last preflight was made.", {}, std::optional(last.at));
  std::map<std::pair<std::string, std::string>, int> by_verdict;
  std::map<std::vector<std::string>, bool> accepted;
  for (const Check& check : last.checks) {
    ++by_verdict[{std::string(to_text(check.severity)), std::string(to_text(check.verdict))}];
    if (!check.name || !check.endpoint) continue;
    bool& is_good =
        accepted
            .try_emplace({label("name", check.name->host()), label("address", check.endpoint->address.text()),
                          label("port", std::to_string(check.endpoint->port))},
                         true)
            .first->second;
    if (check.severity == Severity::kError && (check.verdict == Verdict::kFail || check.verdict == Verdict::kUndecided))
      is_good = false;
  }
  for (const auto& [of, count] : by_verdict)
    out.add("cutover_preflight_checks", "Checks of the last preflight.",
            {label("severity", of.first), label("verdict", of.second)}, count);
  for (const auto& [which, is_good] : accepted)
    out.add("probe_success", "Whether a TLS handshake came about and no client would refuse the certificate.", which,
            truth(is_good));
}

/// What the last minutes' probes of a monitor that runs came to.
void add_monitor(const MonitorReport& report, Families& out) {
  for (const Watchdog::Standing& one : report.standings) {
    const std::vector<std::string> where{label("name", one.name.host()), label("address", one.endpoint.address.text()),
                                         label("port", std::to_string(one.endpoint.port)), label("path", one.path)};
    const auto count = [&](const char* name, const char* help, std::size_t value) {
      out.add(name, help, where, static_cast<double>(value));
    };
    count("cutover_monitor_probes", "Probes of the window that were asked.", one.asked);
    count("cutover_monitor_probes_answered", "Probes of the window that got an answer.", one.answered);
    count("cutover_monitor_probes_http_errors", "Answers of the window with another status than is expected.",
          one.http_errors);
    const auto quantiles = [&](const char* name, const char* help, const Quantiles& took) {
      for (const auto& [percentile, value] :
           {std::pair("50", took.p50), std::pair("95", took.p95), std::pair("99", took.p99)}) {
        std::vector<std::string> with = where;
        with.push_back(label("percentile", percentile));
        out.add(name, help, with, std::chrono::duration<double>(value).count());
      }
    };
    quantiles("cutover_monitor_duration_seconds", "How long answers of the window took.", one.took);
    if (one.baseline)
      quantiles("cutover_monitor_baseline_duration_seconds", "How long they took before the swap.", *one.baseline);
  }
  for (const Gate& gate : report.retire)
    out.add("cutover_retire_gate_open", "Whether this gate before the old side is retired is open.",
            {label("gate", gate.name)}, truth(gate.open));
}

void add_monitoring(const Story& story, Families& out) {
  if (story.monitor) add_monitor(*story.monitor, out);
  if (story.monitoring.empty()) return;
  const CheckRecord& last = story.monitoring.back();
  out.add("cutover_monitor_passed", "Whether the last finished monitor ended without a broken criterion.", {},
          truth(last.passed));
  out.add("cutover_monitor_timestamp_seconds", "When the last finished monitor ended.", {}, std::optional(last.at));
}

void add_writes(const Story& story, Families& out) {
  std::map<std::pair<std::string, std::string>, int> by_state;
  for (const WriteRecord& write : story.writes)
    ++by_state[{std::string(to_text(write.phase)), std::string(to_text(write.state))}];
  for (const auto& [of, count] : by_state)
    out.add("cutover_writes", "Writes so far.", {label("phase", of.first), label("state", of.second)}, count);
}

void add_visits(const Availability& seen, Families& out) {
  for (const auto& [where, count] :
       {std::pair("old", seen.reached_old), std::pair("new", seen.reached_new), std::pair("nowhere", seen.failed)})
    out.add("cutover_rehearsal_visits", "Visits of a rehearsal by the side they reached.", {label("reached", where)},
            static_cast<double>(count));
}

}  // namespace

std::string metric_label(std::string_view name, std::string_view value) {
  std::string out = std::string(name) + "=\"";
  for (const char c : printable(value)) {
    if (c == '\\' || c == '"') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string story_as_metrics(const Story& story) {
  Families out(story.plan_name);
  add_state(story, out);
  add_phases(story, out);
  add_gates(story, out);
  add_sets(story, out);
  // A write that was undone and made again is told by its last time: a series must not come twice.
  for (std::size_t i = 0; i < story.propagation.size(); ++i) {
    const bool is_last =
        std::none_of(story.propagation.begin() + static_cast<std::ptrdiff_t>(i) + 1, story.propagation.end(),
                     [&](const Propagation& p) { return p.of == story.propagation[i].of; });
    if (is_last) add_spreading(story.propagation[i], out);
  }
  add_checks(story, out);
  add_monitoring(story, out);
  add_writes(story, out);
  if (story.availability) add_visits(*story.availability, out);
  return out.text();
}

}  // namespace cutover
