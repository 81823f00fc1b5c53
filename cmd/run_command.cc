#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/command.h"
#include "cmd/live_screen.h"
#include "cmd/onlookers.h"
#include "cmd/phases/monitor.h"
#include "cmd/phases/run.h"
#include "cmd/phases/writing.h"
#include "cmd/plan/approval.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/monitor_text.h"
#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kGoesOn =
    "nothing: this goes on by itself; Ctrl-C stops it, and `cutover run` goes on from there";

std::string_view to_text(RunMoment::Kind kind) {
  switch (kind) {
    case RunMoment::Kind::kStage:
      return "stage";
    case RunMoment::Kind::kWaiting:
      return "waiting";
    case RunMoment::Kind::kOpened:
      return "opened";
    case RunMoment::Kind::kTrouble:
      return "trouble";
    case RunMoment::Kind::kDone:
      return "done";
  }
  return "?";
}

std::string as_line(const RunMoment& moment) {
  std::string line = fmt::format("{}  {:<11} {}{}", format_instant(moment.at), to_text(moment.stage),
                                 moment.kind == RunMoment::Kind::kTrouble ? "TROUBLE: " : "", printable(moment.text));
  if (moment.until) line += fmt::format(" (until {})", format_instant(*moment.until));
  if (!moment.next.empty()) line += "; next: " + printable(moment.next);
  return line;
}

std::string as_ndjson(const RunMoment& moment) {
  Json json{{"schema", 1},
            {"event", to_text(moment.kind)},
            {"at", format_instant(moment.at)},
            {"stage", to_text(moment.stage)},
            {"text", moment.text}};
  json["next"] = moment.next.empty() ? Json() : Json(moment.next);
  json["until"] = moment.until ? Json(format_instant(*moment.until)) : Json();
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string as_text(const RunResult& result) {
  std::string out = fmt::format("run: {}\n", printable(result.headline));
  for (const std::string& note : result.notes) out += "  note: " + printable(note) + "\n";
  if (!result.next.empty()) out += "next: " + printable(result.next) + "\n";
  return out;
}

std::string as_json(const RunResult& result) {
  Json json{{"schema", 1},
            {"command", "run"},
            {"exit", static_cast<int>(result.exit)},
            {"stage", to_text(result.stage)},
            {"headline", result.headline},
            {"notes", result.notes},
            {"next", result.next}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string agreement(const Plan& plan) {
  return fmt::format(
      "run all phases of {} (plan hash {}): TTLs are lowered now, the swap follows when its gates open{}?", plan.name,
      plan.hash.substr(0, 12), plan.approve ? " and you have approved it" : "");
}

/// What of a moment people elsewhere are told: what only they can do, what opened, what went wrong, and each stage.
void notify_of(const Cutover& cutover, const RunMoment& moment) {
  const auto tell = [&](NoticeEvent event) {
    cutover.notify(event, fmt::format("run: {}", to_text(moment.stage)), moment.text, moment.next);
  };
  switch (moment.kind) {
    case RunMoment::Kind::kStage:
    case RunMoment::Kind::kDone:
      return tell(NoticeEvent::kPhase);
    case RunMoment::Kind::kWaiting:
      if (!moment.next.empty()) tell(NoticeEvent::kGate);
      return;
    case RunMoment::Kind::kOpened:
      return tell(NoticeEvent::kGate);
    case RunMoment::Kind::kTrouble:
      return tell(NoticeEvent::kFailure);
  }
}

/// Looks after the new side through the standby, as `monitor` does.
Result<std::vector<std::string>> look_after(Cutover& cutover, Instant until, const PreflightOptions& checks,
                                            Onlookers& onlookers) {
  MonitorOptions options;
  options.probing = checks;
  options.at_most = std::max(std::chrono::ceil<Seconds>(until - cutover.clock.now()), Seconds(1));
  MonitorSink sink;
  sink.round = [&](const MonitorReport& report) { show_to(onlookers, cutover, {}, &report); };
  sink.minute = [&](const MonitorReport& report) { cutover.log(monitor_line(report)); };
  auto seen = monitor(cutover, options, sink);
  if (!seen) return seen.error();
  std::vector<std::string> broken;
  for (const Check& check : seen->broken) broken.push_back(check.id);
  return broken;
}

}  // namespace

ExitCode run_run(const GlobalOptions& global, const RunFlags& flags) {
  auto onlookers = open_onlookers(flags.page, flags.metrics, std::chrono::seconds(1));
  if (!onlookers) return tell(onlookers.error());
  return with_cutover(global, [&](Cutover& cutover) {
    auto writing = phase_options(flags.writing, cutover.plan);
    if (!writing) return tell(writing.error());
    if (!flags.writing.yes && !(cutover.telling.confirm && cutover.telling.confirm(agreement(cutover.plan)))) {
      log_line("run: nobody agreed, so nothing was begun; --yes agrees where nobody can be asked");
      return ExitCode::kClosed;
    }
    RunOptions options;
    options.writing = *std::move(writing);
    options.checks.ca_file = flags.writing.ca_file;
    options.watch.over = flags.encrypted ? Over::kEncrypted : Over::kAsListed;
    auto look_again = parse_duration(flags.look_again);
    if (!look_again) return tell(within("--look-again", look_again.error()));
    options.look_again = *look_again;
    options.look_after = [&](Cutover& working, Instant until) {
      return look_after(working, until, options.checks, *onlookers);
    };
    const bool stream = global.output == OutputForm::kNdjson;
    LiveScreen screen;
    const bool live = global.output == OutputForm::kText && can_redraw(global);
    look_on(*onlookers, cutover, live ? &screen : nullptr);
    RunSink sink;
    bool in_trouble = false;
    sink.told = [&](const RunMoment& moment) {
      notify_of(cutover, moment);
      tell_if_overdue(cutover);
      if (stream)
        print_result(as_ndjson(moment));
      else
        cutover.log(as_line(moment));
      screen.end();
      // What was to be mended stays to be mended while the run only waits for that.
      if (moment.kind != RunMoment::Kind::kWaiting || !moment.next.empty() || !in_trouble)
        screen.say_next(moment.next.empty() ? kGoesOn : moment.next);
      if (moment.kind != RunMoment::Kind::kWaiting)
        in_trouble = moment.kind == RunMoment::Kind::kTrouble && !moment.next.empty();
      show_to(*onlookers, cutover, moment.gates);
    };
    sink.watch.begun = [&](const WatchQuestions& questions) {
      screen.begin(questions);
      show_to(*onlookers, cutover);
      onlookers->follower.begin(questions);
    };
    sink.watch.event = [&](const WatchQuestions&, const dnsprobe::WatchEvent& event) {
      screen.take(event);
      onlookers->follower.take(event);
    };
    sink.watch.authority = [&](const WatchQuestions&, const AuthorityLook& look) {
      screen.take(look);
      for (const std::string& line : WatchView::change_lines(look)) cutover.log(line);
    };
    auto result = run(cutover, options, sink);
    screen.close();
    if (!result) {
      notify_end(cutover, "run", result.error());
      return tell(result.error());
    }
    if (!stop_requested()) notify_end(cutover, "run", result->exit, result->headline, result->next);
    print_result(global.output == OutputForm::kText ? as_text(*result) : as_json(*result));
    return result->exit;
  });
}

ExitCode run_approve(const GlobalOptions& global, const WriteFlags& flags) {
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  auto options = phase_options(flags, *plan);
  if (!options) return tell(options.error());
  if (auto reviewed = check_plan_hash(*plan, *options); !reviewed) return tell(reviewed.error());
  auto given = approve(*plan, SystemClock().now());
  if (!given) return tell(given.error());
  if (global.output == OutputForm::kText)
    print_result(
        fmt::format("approve: the swap of {} with the plan hash {} is approved; `cutover run` goes on when its "
                    "gates are open\n",
                    plan->name, plan->hash));
  else
    print_result(Json{
        {"schema", 1},
        {"command", "approve"},
        {"exit", 0},
        {"at", format_instant(given->at)},
        {"plan_hash", given->plan_hash},
        {"by",
         given->by}}.dump());
  return ExitCode::kDone;
}

}  // namespace cutover
