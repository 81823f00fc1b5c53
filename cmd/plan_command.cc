#include "cmd/command.h"
#include "cmd/phases/plan_view.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/assets.h"
#include "cmd/report/plan_text.h"

namespace cutover {

ExitCode run_plan(const GlobalOptions& global) {
  return with_cutover(global, [&](Cutover& cutover) {
    auto view = view_plan(cutover);
    if (!view) return tell(view.error());
    print_result(global.output == OutputForm::kText ? plan_as_text(*view, cutover.clock.now()) : plan_as_json(*view));
    return view->exit;
  });
}

ExitCode run_status(const GlobalOptions& global) {
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const SystemClock clock;
  History history;
  auto journal = Journal::open_for_reading(*plan, clock);
  if (journal) {
    auto known = journal->history();
    if (!known) return tell(known.error());
    history = std::move(*known);
  } else if (journal.error().code != ErrorCode::kNotFound) {
    return tell(journal.error());
  }
  const auto facts = careful_drain_facts(*plan, clock);
  const Status status = status_of(*plan, history, facts, clock.now());
  print_result(global.output == OutputForm::kText ? status_as_text(status, *plan, clock.now())
                                                  : status_as_json(status, *plan));
  return ExitCode::kDone;
}

ExitCode run_schema(const std::string& what) {
  print_result(what == "story" ? std::string(kStorySchema) : plan_schema());
  return ExitCode::kDone;
}

}  // namespace cutover
