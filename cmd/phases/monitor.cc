#include "cmd/phases/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "cmd/phases/sampling.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/external_gate.h"
#include "core/text.h"

namespace cutover {
namespace {

constexpr Seconds kMinute{60};
constexpr Seconds kHour{3600};
/// How often all being as it was is journalled.
constexpr Seconds kSummaries{600};

/// What stands before a shell as it is.
std::string quoted(const std::string& word) {
  if (!word.empty() &&
      word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == std::string::npos)
    return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// The plan file, wherever the command is pasted.
std::string place_of(const Plan& plan) {
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(plan.file, ignored);
  return quoted((ignored ? plan.file : absolute).string());
}

bool is_break(const Check& check) { return check.verdict == Verdict::kFail && check.severity == Severity::kError; }

/// Probes tell whether there is an answer, and with which status; certificates are what a look adds to that.
bool told_by_probes(const Check& check) {
  static constexpr std::string_view kProbed[] = {"tls-connect", "tls-stalled", "tls-closed", "http-status", "clock"};
  return std::find(std::begin(kProbed), std::end(kProbed), check.id) != std::end(kProbed);
}

/// For preflight the old side is only what to compare with; here it is where users would be sent back to.
bool shuts_users_out(const Check& check) {
  static constexpr std::string_view kShut[] = {"tls-connect",   "tls-stalled",       "tls-closed",   "tls-unknown-name",
                                               "tls-handshake", "tls-not-spoken",    "tls-starttls", "tls-name",
                                               "tls-chain",     "tls-not-yet-valid", "tls-expiry",   "http-status"};
  return std::find(std::begin(kShut), std::end(kShut), check.id) != std::end(kShut);
}

/// Whether a closed gate breaks the monitor: the plan's `abort` names it.
bool is_criterion(const Plan& plan, const std::string& gate) {
  return std::find(plan.abort.begin(), plan.abort.end(), "gate-" + gate) != plan.abort.end();
}

Check gate_as_check(const Plan& plan, const Gate& gate) {
  Check check;
  check.id = "gate-" + gate.name;
  check.severity = is_criterion(plan, gate.name) ? Severity::kError : Severity::kNote;
  check.verdict = gate.open ? Verdict::kPass : Verdict::kFail;
  check.summary = gate.why;
  return check;
}

/// One monitor, from its first round to its end.
class Monitoring {
 public:
  Monitoring(Cutover& cutover, const MonitorOptions& options, const MonitorSink& sink, History history, Instant until)
      : cutover_(cutover),
        options_(options),
        sink_(sink),
        history_(std::move(history)),
        watchdog_(cutover.plan.monitor,
                  history_.baselines.empty() ? std::vector<BaselineEntry>() : history_.baselines.back().entries) {
    result_.last.until = until;
    standby_end_ = standby_end(cutover.plan, history_);
    if (history_.baselines.empty())
      result_.notes.push_back(
          "no baseline was recorded before the swap, so latency and bodies are held against nothing");
  }

  Result<MonitorResult> run() {
    Instant due = cutover_.clock.now();
    while (true) {
      if (auto made = round(); !made) return made.error();
      if (!result_.broken.empty() && standing_rollback(history_) == nullptr) return broken();
      if (standing_rollback(history_) != nullptr) return rolled_back();
      const Instant now = cutover_.clock.now();
      if (now >= result_.last.until) return over();
      due = std::min(std::max(due + cutover_.plan.monitor.every, now), result_.last.until);
      cutover_.loop.wait_until(cutover_.clock, due, cutover_.stop);
      if (cutover_.stop && cutover_.stop()) return stopped();
    }
  }

 private:
  Result<void> round() {
    const Instant began = cutover_.clock.now();
    // Other commands go on meanwhile: a rollback, restore-ttl.
    if (auto history = cutover_.journal.history()) history_ = *std::move(history);
    standby_end_ = standby_end(cutover_.plan, history_);
    if (!looked_at_ || began - *looked_at_ >= options_.look_every) resolve();
    auto samples = probe_round(cutover_.loop, cutover_.clock, targets_, options_.probing);
    if (!samples) return samples.error();
    for (const ProbeSample& sample : *samples) decided_ = decided_ || sample.outcome != ProbeSample::Outcome::kNotAsked;
    const Instant now = cutover_.clock.now();
    MonitorReport& report = result_.last;
    report.at = now;
    ++report.rounds;
    report.checks = watchdog_.judge(*samples, now);
    report.standings = watchdog_.standings();
    look(now);
    ask_gates(now);
    for (const auto& part : {unresolved_, certificates_, old_side_}) add(part);
    for (const Gate& gate : external_) report.checks.push_back(gate_as_check(cutover_.plan, gate));
    for (const Check& check : report.checks)
      if (is_break(check)) result_.broken.push_back(check);
    drop_unconfirmed();
    report.summary = summary();
    tell(now);
    return {};
  }

  void add(const std::vector<Check>& checks) {
    result_.last.checks.insert(result_.last.checks.end(), checks.begin(), checks.end());
  }

  /// The endpoints of the new side that users are sent to: those of names that are swapped.
  void resolve() {
    unresolved_.clear();
    targets_ = endpoints_of(cutover_.plan, TargetSide::kNew, cutover_.loop, cutover_.clock, unresolved_);
    for (Check& check : unresolved_) check.severity = Severity::kWarning;
    const auto later = not_swapped_yet(cutover_.plan, history_);
    const auto is_later = [&](const DomainName& name) {
      return std::any_of(later.begin(), later.end(), [&](const RecordKey& key) { return key.name == name; });
    };
    std::erase_if(targets_, [&](const EndpointTarget& target) { return is_later(target.name); });
  }

  bool is_way_back(Instant now) const { return standby_end_ && now < *standby_end_; }

  /// Certificates and the old side; again in the very next round where something failed there.
  void look(Instant now) {
    const bool again = any_failed(certificates_, Severity::kError) || any_failed(old_side_, Severity::kError);
    if (looked_at_ && now - *looked_at_ < options_.look_every && !again) {
      confirmed_ = false;
      return;
    }
    confirmed_ = again;
    looked_at_ = now;
    certificates_ = check_new_side(cutover_, options_.probing);
    std::erase_if(certificates_, [&](const Check& check) { return told_by_probes(check) || !is_swapped(check); });
    old_side_.clear();
    if (!is_way_back(now)) return;
    for (Check check : check_old_side(cutover_, options_.probing)) {
      if (check.id == "clock") continue;
      check.summary = fmt::format("the way back: {} ({})", check.summary, check.id);
      if (shuts_users_out(check)) check.severity = Severity::kError;
      check.id = "old-side";
      old_side_.push_back(std::move(check));
    }
  }

  bool is_swapped(const Check& check) const {
    return !check.name || std::any_of(targets_.begin(), targets_.end(),
                                      [&](const EndpointTarget& target) { return target.name == *check.name; });
  }

  /// One failed look breaks nothing before a second one.
  void drop_unconfirmed() {
    std::erase_if(result_.broken, [this](const Check& check) {
      if (check.id.starts_with("gate-")) return closed_[check.id.substr(5)] < 2;
      return !confirmed_ && (check.id == "old-side" || check.id.starts_with("tls-"));
    });
  }

  void ask_gates(Instant now) {
    if (!gates_at_ || now - *gates_at_ >= kMinute) {
      gates_at_ = now;
      external_.clear();
      ask_external();
    }
    result_.last.retire = retire_gates(cutover_.plan, history_, now);
    for (const ExternalGate& gate : cutover_.plan.gates)
      for (const Gate& asked : external_)
        if (gate.before == GateBefore::kRetire && asked.name == gate.name) result_.last.retire.push_back(asked);
    tell_of_gates(now);
  }

  void ask_external() {
    for (const ExternalGate& gate : cutover_.plan.gates) {
      if (gate.before != GateBefore::kRetire && !is_criterion(cutover_.plan, gate.name)) continue;
      external_.push_back(evaluate(gate, cutover_.plan, cutover_.loop, cutover_.clock));
      int& closed = closed_[gate.name];
      closed = external_.back().open ? 0 : closed + 1;
    }
  }

  void tell_of_gates(Instant now) {
    const bool open = all_open(result_.last.retire);
    if (open && !retire_open_)
      cutover_.notify(NoticeEvent::kGate, "the old side may be retired",
                      "the bound has passed, standby is over, the TTLs are back, and its gates are open", "");
    retire_open_ = open;
    if (standby_end_ && now >= *standby_end_ && !standby_told_ && result_.last.rounds > 1)
      cutover_.notify(NoticeEvent::kGate, "standby is over",
                      "restore-ttl is open since " + format_instant(*standby_end_),
                      "cutover restore-ttl " + place_of(cutover_.plan));
    standby_told_ = standby_end_ && now >= *standby_end_;
    if (standby_end_ && now > *standby_end_) tell_if_overdue(cutover_);
  }

  std::string summary() const {
    std::size_t asked = 0, answered = 0, errors = 0;
    std::chrono::microseconds slowest{};
    for (const Watchdog::Standing& standing : result_.last.standings) {
      asked += standing.asked;
      answered += standing.answered;
      errors += standing.http_errors;
      slowest = std::max(slowest, standing.took.p95);
    }
    std::size_t warnings = 0;
    for (const Check& check : result_.last.checks)
      warnings += check.verdict == Verdict::kFail && check.severity >= Severity::kWarning ? 1 : 0;
    return fmt::format("{} of {} answered in the last {}, {}, p95 at most {:.1f} ms, {}", answered,
                       counted(asked, "probe"), format_duration(watchdog_.window()), counted(errors, "HTTP error"),
                       static_cast<double>(slowest.count()) / 1000,
                       warnings == 0 ? "nothing to report" : counted(warnings, "finding"));
  }

  void tell(Instant now) {
    if (sink_.round) sink_.round(result_.last);
    if (minute_ && now - *minute_ < kMinute && result_.broken.empty()) return;
    minute_ = now;
    const bool well = !any_failed(result_.last.checks, Severity::kWarning);
    if (!summed_up_ || now - *summed_up_ >= kSummaries || well != summed_up_well_) {
      summed_up_ = now;
      summed_up_well_ = well;
      keep("summary", result_.last.summary);
    }
    if (sink_.minute) sink_.minute(result_.last);
  }

  /// Watching is worth more than its record: said once.
  void keep(const std::string& kind, const std::string& text) {
    if (auto kept = cutover_.journal.record_event(Phase::kMonitor, kind, text); !kept && !journal_told_) {
      journal_told_ = true;
      cutover_.log("this is no longer journalled: " + kept.error().message);
    }
  }

  MonitorResult broken() {
    const bool new_side = std::any_of(result_.broken.begin(), result_.broken.end(),
                                      [](const Check& check) { return check.id != "old-side"; });
    for (const Check& check : result_.broken) keep("breach", fmt::format("{}: {}", check.id, sentence_of(check)));
    static_cast<void>(
        cutover_.journal.record_checks(Phase::kMonitor, cutover_.plan.hash, false, result_.last.checks).ok());
    const Check& first = result_.broken.front();
    result_.exit = ExitCode::kFailed;
    result_.headline = fmt::format("{} broke: {}", first.id, sentence_of(first));
    if (result_.broken.size() > 1) result_.headline += fmt::format(", and {} more", result_.broken.size() - 1);
    if (new_side && any_failed(old_side_, Severity::kError))
      result_.headline += "; the old side does not look well either";
    result_.next =
        new_side ? rollback_command(cutover_.plan) : "mend the old side: as long as standby runs it is the way back";
    cutover_.notify(NoticeEvent::kFailure, fmt::format("monitor: {} broke", first.id), result_.headline, result_.next);
    return std::move(result_);
  }

  MonitorResult over() {
    gates_at_.reset();  // what stands at the end is as it is now, not as it was up to a minute ago
    ask_gates(cutover_.clock.now());
    result_.exit = decided_ ? ExitCode::kDone : ExitCode::kGaveUp;
    result_.headline = decided_ ? "the time is over, and no criterion broke: " + result_.last.summary
                                : "nothing could be asked: the new side has no address, or this machine no route to it";
    result_.next = !decided_ ? "run `cutover monitor` from a machine that reaches the new side"
                   : all_open(result_.last.retire)
                       ? "the old side may go"
                       : "keep the old side until every retire gate is open (`cutover status`)";
    keep(decided_ ? "over" : "undecided", result_.headline);
    static_cast<void>(
        cutover_.journal.record_checks(Phase::kMonitor, cutover_.plan.hash, decided_, result_.last.checks).ok());
    return std::move(result_);
  }

  MonitorResult rolled_back() {
    result_.broken.clear();
    result_.headline = "the swap was rolled back meanwhile: users are on the old side again";
    result_.next = "`cutover watch` until users are back, then `cutover restore-ttl`";
    keep("over", result_.headline);
    return std::move(result_);
  }

  MonitorResult stopped() {
    result_.exit = ExitCode::kGaveUp;
    result_.headline = "stopped; nothing had broken. `cutover monitor` goes on";
    keep("stopped", result_.headline);
    return std::move(result_);
  }

  Cutover& cutover_;
  const MonitorOptions& options_;
  const MonitorSink& sink_;
  History history_;
  Watchdog watchdog_;
  MonitorResult result_;
  std::optional<Instant> standby_end_;
  std::vector<EndpointTarget> targets_;
  std::vector<Check> unresolved_, certificates_, old_side_;
  std::vector<Gate> external_;
  std::map<std::string, int> closed_;  ///< by gate: how often in a row
  std::optional<Instant> looked_at_, gates_at_, minute_, summed_up_;
  bool confirmed_ = false, decided_ = false, retire_open_ = false, standby_told_ = false, journal_told_ = false;
  bool summed_up_well_ = true;
};

}  // namespace

std::string rollback_command(const Plan& plan) {
  return fmt::format("cutover rollback {} --yes --plan-hash {}", place_of(plan), plan.hash);
}

void tell_if_overdue(Cutover& cutover) {
  auto history = cutover.journal.history();
  if (!history) return;
  const Instant now = cutover.clock.now();
  const auto over = standby_end(cutover.plan, *history);
  if (!over || now <= *over) return;
  for (const Gate& gate : retire_gates(cutover.plan, *history, now))
    if (gate.name == "ttl-restored" && gate.open) return;
  for (const EventRecord& event : history->events)
    if (event.kind == "overdue" && event.at > now - kHour) return;
  const std::string text = fmt::format("standby ended {}; the TTLs are still low: restore-ttl is overdue by {}",
                                       format_instant(*over), format_duration(now - *over));
  static_cast<void>(cutover.journal.record_event(Phase::kRestoreTtl, "overdue", text).ok());
  cutover.notify(NoticeEvent::kOverdue, "restore-ttl is overdue", text,
                 "cutover restore-ttl " + place_of(cutover.plan));
}

Result<MonitorResult> monitor(Cutover& cutover, const MonitorOptions& options, const MonitorSink& sink) {
  auto history = cutover.journal.history();
  if (!history) return history.error();
  if (standing_rollback(*history) != nullptr)
    return fail(ErrorCode::kNotFound,
                "the swap was rolled back, so users are on the old side and there is no new side to monitor");
  const auto swaps = swap_writes_since_rollback(*history);
  if (swaps.empty())
    return fail(ErrorCode::kNotFound,
                "nothing has been swapped yet, so there is nothing to monitor; `cutover swap` comes first");
  const WriteRecord& swap = *swaps.back();
  const Instant since = swap.authoritative_at.value_or(swap.ended.value_or(swap.started));
  Instant until = since + cutover.plan.monitor.duration;
  if (options.at_most) until = std::min(until, cutover.clock.now() + *options.at_most);
  if (auto kept = cutover.journal.record_event(Phase::kMonitor, "begun", "until " + format_instant(until)); !kept)
    return kept.error();
  Monitoring monitoring(cutover, options, sink, *std::move(history), until);
  return monitoring.run();
}

}  // namespace cutover
