#include <filesystem>

#include "cmd/command.h"
#include "cmd/phases/doctor.h"
#include "cmd/plan/plan_file.h"
#include "cmd/progress.h"
#include "cmd/report/doctor_text.h"

namespace cutover {
ExitCode run_doctor(const GlobalOptions& global, const DoctorFlags& flags) {
  // Without a plan only the machine is looked at; a plan that was named has to be there.
  std::optional<Plan> plan;
  if (!flags.plan_file.empty() || std::filesystem::exists(global.plan_file)) {
    auto read = read_plan(flags.plan_file.empty() ? global.plan_file : flags.plan_file);
    if (!read) return tell(read.error());
    plan = *std::move(read);
  }
  const SystemClock clock;
  net::Loop loop;
  DoctorOptions options;
  options.ca_file = flags.ca_file;
  Progress progress(global, loop, "doctor");
  const DoctorResult result = doctor(plan ? &*plan : nullptr, loop, clock, options);
  progress.finish();
  const CheckReport report{
      plan ? "doctor for " + plan->name : "doctor", clock.now(), result.checks, "", result.headline, result.next};
  print_result(checks_in_form(global, report, doctor_as_text));
  return result.exit;
}

}  // namespace cutover
