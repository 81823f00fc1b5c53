#include "cmd/command.h"
#include "cmd/phases/preflight.h"
#include "cmd/plan/plan_file.h"
#include "cmd/plan/targets.h"
#include "cmd/progress.h"
#include "cmd/report/checks_text.h"

namespace cutover {
namespace {

/// The lines that findings are shown at.
std::vector<CheckPlace> places_of(const Plan& plan) {
  std::vector<CheckPlace> out;
  const Targets targets = targets_of(plan);
  for (const EndpointTarget& one : targets.addresses)
    out.push_back({one.name, Endpoint{one.address, one.port}, static_cast<std::size_t>(one.at.line)});
  for (const NamedTarget& one : targets.named)
    out.push_back({one.name, std::nullopt, static_cast<std::size_t>(one.endpoint.at.line)});
  return out;
}

}  // namespace

ExitCode run_preflight(const GlobalOptions& global, const PreflightFlags& flags) {
  const auto saved = saved_forms("preflight", flags.save);
  if (!saved) return tell(saved.error());
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  const auto timeout = connection_timeout(flags.timeout);
  if (!timeout) return tell(timeout.error());
  const SystemClock clock;
  net::Loop loop;
  // In CI there may be no journal and no right to make one: the checks are worth the same.
  auto journal = Journal::open(*plan, clock);
  if (!journal) log_line("not journalled, so `swap` will not know of it: " + journal.error().message);
  PreflightOptions options;
  options.ca_file = flags.ca_file;
  options.second_ca_file = flags.second_ca_file;
  options.fail_on = severity_from(flags.fail_on);
  if (flags.http_01 != "off") options.http_01 = severity_from(flags.http_01);
  options.timeout = *timeout;
  Progress progress(global, loop, "preflight of " + plan->name);
  auto result = preflight(*plan, journal ? &*journal : nullptr, loop, clock, options);
  progress.finish();
  if (!result) return tell(result.error());
  const CheckReport report{"preflight of " + plan->name,
                           clock.now(),
                           result->checks,
                           result->root_store,
                           result->headline,
                           result->next,
                           global.plan_file,
                           places_of(*plan),
                           result->endpoints};
  print_result(checks_in_form(global, report, checks_as_text));
  if (auto written = save_checks(*saved, report, checks_as_text); !written) return tell(written.error());
  return result->exit;
}

}  // namespace cutover
