#include "cmd/command.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/report_file.h"

namespace cutover {

ExitCode run_report(const GlobalOptions& global) {
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const SystemClock clock;
  auto journal = Journal::open_for_reading(*plan, clock);
  if (!journal) return tell(journal.error());
  auto story = story_of(*plan, *journal, careful_drain_facts(*plan, clock), {}, clock.now());
  if (!story) return tell(story.error());
  print_result(story_in_form(*story, global.output));
  return ExitCode::kDone;
}

}  // namespace cutover
