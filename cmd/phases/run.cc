#include "cmd/phases/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "cmd/phases/writing.h"
#include "cmd/plan/applied.h"
#include "cmd/plan/approval.h"
#include "core/text.h"

namespace cutover {
namespace {

/// A preflight this old is made afresh right before the swap.
constexpr Seconds kFreshPreflight{3600};
constexpr int kAttempts = 10;        ///< at a provider or name server that cannot be reached
constexpr int kPartialAttempts = 3;  ///< to finish a partial write
constexpr Seconds kApprovalLook{2};

bool may_pass(const Error& error) { return error.code == ErrorCode::kNetwork || error.code == ErrorCode::kTimeout; }

/// One member function per stage, in order. Each gives the stage that comes next; nullopt: it ends here, and
/// `result_` says how.
class Run {
 public:
  Run(Cutover& cutover, const RunOptions& options, const RunSink& sink)
      : cutover_(cutover), options_(options), sink_(sink) {
    writing_ = options.writing;
    writing_.consent = PhaseOptions::Consent::kGiven;
    writing_.unfinished = PhaseOptions::Unfinished::kResume;
  }

  Result<RunResult> go() {
    auto history = cutover_.journal.history();
    if (!history) return history.error();
    std::optional<RunStage> stage = run_stage(cutover_.plan, *history);
    while (stage && *stage != RunStage::kFinished) {
      result_.stage = stage_ = *stage;
      tell(RunMoment::Kind::kStage, opening_words());
      stage = step();
    }
    if (stage) finish();
    return std::move(result_);
  }

 private:
  std::optional<RunStage> step() {
    switch (stage_) {
      case RunStage::kLowerTtl:
        return lower();
      case RunStage::kToSwap:
        return to_swap();
      case RunStage::kWatch:
        return watch_it(RunStage::kStandby);
      case RunStage::kStandby:
        return stand_by();
      case RunStage::kRestoreTtl:
      case RunStage::kRestoreAfterRollback:
        return restore();
      case RunStage::kWatchRollback:
        return watch_rollback();
      case RunStage::kFinished:
        break;
    }
    return RunStage::kFinished;
  }

  std::optional<RunStage> lower() {
    auto lowered = attempt([&] { return lower_ttl(cutover_, writing_); });
    if (!lowered) return fault(lowered.error());
    if (lowered->exit == ExitCode::kDone || lowered->exit == ExitCode::kGaveUp) {
      tell(RunMoment::Kind::kStage, lowered->headline);
      return RunStage::kToSwap;  // name servers that lag keep the drain gate closed
    }
    return end(*lowered);
  }

  // ---- to the swap

  std::optional<RunStage> to_swap() {
    for (;;) {
      auto view = attempt([&] { return view_swap(cutover_, writing_); });
      if (!view) return fault(view.error());
      note_opened(view->gates);
      const bool in_place = nothing_in(view->changes) && view->gates.front().open;
      if (!in_place && !all_open(view->gates)) {
        if (!open_one(view->gates)) return std::nullopt;
        continue;
      }
      if (!in_place && !(still_fresh() && approved(view->gates))) {
        if (cutover_.stop && cutover_.stop()) return stopped();
        continue;
      }
      if (auto next = swap_now()) return *next;
      if (ended_) return std::nullopt;
    }
  }

  /// Brings a closed gate nearer to opening. False: it ends here.
  bool open_one(const std::vector<Gate>& gates) {
    const Gate* needs_preflight = nullptr;
    const Gate* others = nullptr;
    std::optional<Instant> until;
    for (const Gate& gate : gates) {
      if (gate.open || gate.overridden) continue;
      switch (at_gate(gate, cutover_.plan)) {
        case AtGate::kNeedsAPerson:
          give_up(ExitCode::kClosed, fmt::format("gate {} is closed: {}", gate.name, gate.why),
                  "mend it, or override it by name in `cutover swap`; then start `cutover run` again");
          return false;
        case AtGate::kPreflight:
          needs_preflight = &gate;
          break;
        case AtGate::kWaitUntil:
          until = std::max(until.value_or(*gate.opens_at), *gate.opens_at);
          break;
        case AtGate::kLookAgain:
          others = &gate;
          break;
      }
    }
    // A certificate that is wrong is better known a day ahead: the first preflight does not wait for the drain.
    if (needs_preflight != nullptr && (!until || !preflighted_)) {
      if (!check_new_side()) return false;
      if (!passed_ && !until)
        return wait(cutover_.clock.now() + options_.look_again, "the new side does not pass preflight", gates);
      return true;
    }
    if (until) return wait(*until, fmt::format("the swap opens at {}", format_opening(*until)), gates);
    return wait(cutover_.clock.now() + options_.look_again,
                fmt::format("gate {} is closed: {}", others->name, others->why), gates);
  }

  bool check_new_side() {
    preflighted_ = true;
    auto checked = attempt(
        [&] { return preflight(cutover_.plan, &cutover_.journal, cutover_.loop, cutover_.clock, options_.checks); });
    if (!checked) {
      fault(checked.error());
      return false;
    }
    passed_ = checked->exit == ExitCode::kDone;
    preflight_at_ = cutover_.clock.now();
    std::string text = "preflight: " + checked->headline;
    for (const Check& check : checked->checks)
      if (check.verdict == Verdict::kFail && check.severity == Severity::kError) {
        text += "; " + sentence_of(check);
        break;
      }
    tell(passed_ ? RunMoment::Kind::kStage : RunMoment::Kind::kTrouble, text, passed_ ? "" : checked->next);
    return true;
  }

  /// Whether the last preflight is of this hour and of this process; else it is made, and everything is looked at
  /// again.
  bool still_fresh() {
    if (preflight_at_ && cutover_.clock.now() - *preflight_at_ < kFreshPreflight) return true;
    check_new_side();
    return false;
  }

  bool approved(const std::vector<Gate>& gates) {
    if (!cutover_.plan.approve || approved_) return true;
    auto word = approval_of(cutover_.plan);
    if (!word) {
      tell(RunMoment::Kind::kTrouble, word.error().message);
    } else if (*word) {
      approved_ = true;
      const std::string text = fmt::format("approved by {} at {}", printable((**word).by), format_instant((**word).at));
      tell(RunMoment::Kind::kStage, text);
      keep(Phase::kSwap, "approved", text);
      return true;
    }
    wait(cutover_.clock.now() + kApprovalLook, "every gate is open, and the plan wants a person's approval", gates,
         fmt::format("cutover approve {}", cutover_.plan.file.string()));
    return false;
  }

  /// The stage that follows; nullopt: look at everything again, or it has ended.
  std::optional<RunStage> swap_now() {
    PhaseOptions options = writing_;
    options.last_look = [&](const std::vector<ChangeSet>& changes) {
      return check_named_targets(cutover_, options_.checks, changes);
    };
    auto swapped = attempt([&] { return swap(cutover_, options); });
    if (!swapped) return fault(swapped.error());
    switch (swapped->exit) {
      case ExitCode::kDone:
      case ExitCode::kGaveUp:  // written, and not served everywhere yet: the watch goes on looking
        tell(swapped->exit == ExitCode::kDone ? RunMoment::Kind::kStage : RunMoment::Kind::kTrouble, swapped->headline,
             swapped->next);
        return RunStage::kWatch;
      case ExitCode::kPartial:
        if (++partial_ > kPartialAttempts) return end(*swapped);
        tell(RunMoment::Kind::kTrouble, swapped->headline, swapped->next);
        wait(cutover_.clock.now() + options_.look_again, "the swap is partial and is tried again", {});
        return std::nullopt;
      case ExitCode::kFailed:
        tell(RunMoment::Kind::kTrouble, swapped->headline, swapped->next);
        wait(cutover_.clock.now() + options_.look_again, swapped->headline, {});
        return std::nullopt;
      case ExitCode::kClosed:
        return std::nullopt;
      case ExitCode::kError:
        break;
    }
    return end(*swapped);
  }

  // ---- after it

  std::optional<RunStage> watch_it(RunStage next) {
    auto seen = attempt([&] { return watch(cutover_, options_.watch, sink_.watch); });
    if (!seen) return fault(seen.error());
    if (cutover_.stop && cutover_.stop()) return stopped();
    if (seen->exit == ExitCode::kDone) {
      tell(RunMoment::Kind::kStage, seen->headline);
      keep(Phase::kWatch, "converged", seen->headline);  // also where there was nothing to watch
      return next;
    }
    tell(RunMoment::Kind::kTrouble, seen->headline, seen->next);
    if (stage_ == RunStage::kWatch && aborts_on("not-converged")) return roll_back("the swap did not converge");
    if (!wait(cutover_.clock.now() + options_.look_again, "the watch goes on", {})) return std::nullopt;
    return stage_;
  }

  std::optional<RunStage> watch_rollback() {
    // One that was cut off is finished first; one that is done is left as it is.
    auto history = cutover_.journal.history();
    if (!history) return fault(history.error());
    if (const WriteRecord* last = standing_rollback(*history); last == nullptr || last->state != WriteState::kDone)
      return roll_back("the rollback was cut off");
    return watch_it(RunStage::kRestoreAfterRollback);
  }

  std::optional<RunStage> stand_by() {
    auto history = cutover_.journal.history();
    if (!history) return fault(history.error());
    const auto swaps = swap_writes_since_rollback(*history);
    const WriteRecord& last = *swaps.back();
    const Instant over = last.authoritative_at.value_or(last.ended.value_or(last.started)) + cutover_.plan.standby;
    while (cutover_.clock.now() < over) {
      if (!options_.look_after) {
        if (!wait(over, "standby: the old side stays ready", {})) return std::nullopt;
        continue;
      }
      tell(RunMoment::Kind::kWaiting, "standby: the sites are looked after, the old side stays ready", "", over);
      auto broken = options_.look_after(cutover_, over);
      if (!broken) return fault(broken.error());
      if (cutover_.stop && cutover_.stop()) return stopped();
      for (const std::string& criterion : *broken)
        if (aborts_on(criterion))
          return roll_back(fmt::format("`{}` broke, and the plan says to abort then", criterion));
      if (!broken->empty() &&
          !wait(std::min(over, cutover_.clock.now() + options_.look_again), join(*broken, ", ") + " broke", {}))
        return std::nullopt;
    }
    return RunStage::kRestoreTtl;
  }

  std::optional<RunStage> roll_back(const std::string& why) {
    tell(RunMoment::Kind::kTrouble, "rolling back: " + why);
    keep(Phase::kRollback, "abort", why);
    for (;;) {
      auto back = attempt([&] { return rollback(cutover_, writing_); });
      if (!back) return fault(back.error());
      if (back->exit == ExitCode::kDone || back->exit == ExitCode::kGaveUp) {
        tell(RunMoment::Kind::kTrouble, back->headline, back->next);
        return RunStage::kWatchRollback;
      }
      if (back->exit != ExitCode::kPartial || ++partial_ > kPartialAttempts) return end(*back);
      if (!wait(cutover_.clock.now() + options_.look_again, "the rollback is partial and is tried again", {}))
        return std::nullopt;
    }
  }

  std::optional<RunStage> restore() {
    for (;;) {
      PhaseOptions options = writing_;
      options.at_closed_gate = PhaseOptions::AtClosedGate::kWait;
      auto restored = attempt([&] { return restore_ttl(cutover_, options); });
      if (!restored) return fault(restored.error());
      if (cutover_.stop && cutover_.stop() && restored->exit != ExitCode::kDone) return stopped();
      if (restored->exit == ExitCode::kDone) return RunStage::kFinished;
      if (restored->exit != ExitCode::kClosed && restored->exit != ExitCode::kGaveUp) return end(*restored);
      if (!wait(cutover_.clock.now() + options_.look_again, restored->headline, restored->gates)) return std::nullopt;
    }
  }

  void finish() {
    auto history = cutover_.journal.history();
    const bool back = history && standing_rollback(*history) != nullptr;
    result_.stage = stage_ = RunStage::kFinished;
    result_.exit = back ? ExitCode::kFailed : ExitCode::kDone;
    result_.headline = back ? "the cutover was rolled back, and the original TTLs are back"
                            : "finished: everything is swapped, standby is over and the original TTLs are back";
    result_.next = back ? "mend what made it go back; a new cutover starts with `cutover assess`" : "`cutover report`";
    tell(RunMoment::Kind::kDone, result_.headline, result_.next);
  }

  // ---- shared by the stages

  std::string opening_words() const {
    switch (stage_) {
      case RunStage::kLowerTtl:
        return "lowering the TTLs";
      case RunStage::kToSwap:
        return "on the way to the swap";
      case RunStage::kWatch:
        return "watching the swap spread";
      case RunStage::kStandby:
        return "standby";
      case RunStage::kRestoreTtl:
      case RunStage::kRestoreAfterRollback:
        return "restoring the TTLs";
      case RunStage::kWatchRollback:
        return "watching users come back";
      case RunStage::kFinished:
        break;
    }
    return "finished";
  }

  /// What may pass by itself is waited out.
  template <class Call>
  auto attempt(Call&& call) -> decltype(call()) {
    for (int tried = 1;; ++tried) {
      auto got = call();
      if (got || !may_pass(got.error()) || tried == kAttempts) return got;
      tell(RunMoment::Kind::kTrouble, got.error().message);
      cutover_.loop.wait_until(cutover_.clock, cutover_.clock.now() + options_.look_again, cutover_.stop);
      if (cutover_.stop && cutover_.stop()) return got;
    }
  }

  /// False: stop() said so, and it ends here.
  bool wait(Instant until, const std::string& what, const std::vector<Gate>& gates, const std::string& next = "") {
    if (what != waiting_for_) tell(RunMoment::Kind::kWaiting, what, next, until, gates);
    waiting_for_ = what;
    cutover_.loop.wait_until(cutover_.clock, until, cutover_.stop);
    if (!cutover_.stop || !cutover_.stop()) return true;
    stopped();
    return false;
  }

  void note_opened(const std::vector<Gate>& gates) {
    for (const Gate& gate : gates) {
      if (!gate.open) {
        closed_.insert(gate.name);
      } else if (closed_.erase(gate.name) != 0) {
        tell(RunMoment::Kind::kOpened, fmt::format("gate {} is open: {}", gate.name, gate.why), "", std::nullopt,
             gates);
        keep(Phase::kSwap, "gate", fmt::format("{} opened: {}", gate.name, gate.why));
      }
    }
  }

  bool aborts_on(const std::string& criterion) const {
    const std::string word = criterion.starts_with("tls-") ? "tls" : criterion;
    const auto& abort = cutover_.plan.abort;
    return std::find(abort.begin(), abort.end(), word) != abort.end();
  }

  void tell(RunMoment::Kind kind, std::string text, std::string next = {}, std::optional<Instant> until = std::nullopt,
            std::vector<Gate> gates = {}) {
    if (kind != RunMoment::Kind::kWaiting) waiting_for_.clear();
    if (sink_.told)
      sink_.told({kind, cutover_.clock.now(), stage_, std::move(text), std::move(next), std::move(gates), until});
  }

  /// The story of a run is worth less than the run: what cannot be kept is said and no more.
  void keep(Phase phase, const std::string& kind, const std::string& text) {
    if (auto kept = cutover_.journal.record_event(phase, kind, text); !kept)
      result_.notes.push_back(kept.error().message);
  }

  std::optional<RunStage> give_up(ExitCode exit, std::string headline, std::string next) {
    result_.exit = exit;
    result_.headline = std::move(headline);
    result_.next = std::move(next);
    ended_ = true;
    tell(exit == ExitCode::kDone ? RunMoment::Kind::kDone : RunMoment::Kind::kTrouble, result_.headline, result_.next);
    return std::nullopt;
  }
  std::optional<RunStage> end(const PhaseResult& phase) {
    result_.notes.insert(result_.notes.end(), phase.notes.begin(), phase.notes.end());
    for (const Gate& gate : phase.gates)
      if (!gate.open && !gate.overridden) result_.notes.push_back(fmt::format("gate {}: {}", gate.name, gate.why));
    return give_up(phase.exit, phase.headline, phase.next);
  }
  std::optional<RunStage> fault(const Error& error) {
    if (cutover_.stop && cutover_.stop()) return stopped();
    return give_up(error.code == ErrorCode::kPartial ? ExitCode::kPartial : ExitCode::kError, error.message,
                   "mend that and start `cutover run` again: it goes on where it stands");
  }
  std::optional<RunStage> stopped() {
    result_.exit = ExitCode::kGaveUp;
    result_.headline = fmt::format("stopped at {}; nothing is lost", to_text(stage_));
    result_.next = "`cutover run` goes on from here; `cutover status` says where this is";
    ended_ = true;
    return std::nullopt;
  }

  Cutover& cutover_;
  const RunOptions& options_;
  const RunSink& sink_;
  PhaseOptions writing_;
  RunResult result_;
  RunStage stage_ = RunStage::kLowerTtl;
  bool preflighted_ = false, passed_ = false, approved_ = false;
  bool ended_ = false;  ///< result_ is final
  std::optional<Instant> preflight_at_;
  int partial_ = 0;
  std::string waiting_for_;       ///< told once
  std::set<std::string> closed_;  ///< gates that were seen closed
};

}  // namespace

Result<RunResult> run(Cutover& cutover, const RunOptions& options, const RunSink& sink) {
  return Run(cutover, options, sink).go();
}

}  // namespace cutover
