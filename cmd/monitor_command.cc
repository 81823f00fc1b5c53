#include "cmd/command.h"
#include "cmd/live_screen.h"
#include "cmd/notify/notifier.h"
#include "cmd/onlookers.h"
#include "cmd/phases/monitor.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/monitor_json.h"
#include "cmd/report/monitor_text.h"
#include "core/text.h"

namespace cutover {
namespace {

Result<MonitorOptions> options_of(const MonitorFlags& flags) {
  MonitorOptions options;
  options.probing.ca_file = flags.ca_file;
  const auto timeout = connection_timeout(flags.timeout);
  if (!timeout) return timeout.error();
  options.probing.timeout = *timeout;
  if (!flags.at_most.empty()) {
    const auto at_most = parse_duration(flags.at_most);
    if (!at_most) return within("--for", at_most.error());
    options.at_most = *at_most;
  }
  return options;
}

std::string in_form(OutputForm form, const MonitorResult& result) {
  if (form == OutputForm::kJson) return monitor_as_json(result);
  return form == OutputForm::kNdjson ? monitor_end_ndjson(result) : monitor_as_text(result);
}

}  // namespace

ExitCode run_monitor(const GlobalOptions& global, const MonitorFlags& flags) {
  const auto options = options_of(flags);
  if (!options) return tell(options.error());
  auto onlookers = open_onlookers(flags.page, flags.metrics, std::chrono::seconds(1));
  if (!onlookers) return tell(onlookers.error());
  heed_signals();
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const SystemClock clock;
  // Beside the other commands, not before them: nobody may have to end a monitor before a rollback.
  auto journal = Journal::open_beside(*plan, clock);
  if (!journal) return tell(journal.error());
  net::Loop loop;
  Cutover cutover{*plan, *journal, loop, clock, {log_line, nullptr}, stop_requested, {}};
  Notifier notifier(*plan, &*journal, loop, clock, [&cutover](const std::string& line) { cutover.log(line); });
  cutover.telling.notify = [&notifier](const Notice& notice) { notifier.tell(notice); };
  LiveScreen screen;
  const bool live = global.output == OutputForm::kText && can_redraw(global);
  look_on(*onlookers, cutover, live ? &screen : nullptr);
  MonitorSink sink;
  sink.round = [&](const MonitorReport& report) { show_to(*onlookers, cutover, {}, &report); };
  sink.minute = [&](const MonitorReport& report) {
    if (global.output == OutputForm::kNdjson) return print_result(monitor_minute_ndjson(report));
    if (!live) log_line(monitor_line(report));
  };
  const auto result = monitor(cutover, *options, sink);
  screen.close();
  if (result) print_result(in_form(global.output, *result));
  notifier.finish(stop_requested);
  return result ? result->exit : tell(result.error());
}

}  // namespace cutover
