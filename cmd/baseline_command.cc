#include "cmd/command.h"
#include "cmd/phases/baseline.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/monitor_json.h"
#include "cmd/report/monitor_text.h"
#include "core/text.h"

namespace cutover {

ExitCode run_baseline(const GlobalOptions& global, const BaselineFlags& flags) {
  BaselineOptions options;
  const auto timeout = connection_timeout(flags.timeout);
  if (!timeout) return tell(timeout.error());
  const auto every = parse_duration(flags.every);
  if (!every) return tell(within("--every", every.error()));
  options.probing.ca_file = flags.ca_file;
  options.probing.timeout = *timeout;
  options.rounds = flags.rounds;
  options.every = *every;
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const SystemClock clock;
  heed_signals();
  auto journal = Journal::open(*plan, clock);
  if (!journal) return tell(journal.error());
  net::Loop loop;
  // One line in ten says enough.
  int told = 0;
  const auto result =
      record_baseline(*plan, *journal, loop, clock, options, stop_requested, [&](const std::string& line) {
        if (++told % 10 == 0) log_line(line);
      });
  if (!result) return tell(result.error());
  print_result(global.output == OutputForm::kText ? baseline_as_text(*result) : baseline_as_json(*result));
  return result->exit;
}

}  // namespace cutover
