#include <fmt/format.h>

#include "cmd/command.h"
#include "cmd/live_screen.h"
#include "cmd/onlookers.h"
#include "cmd/phases/rehearse.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/rehearsal_text.h"
#include "cmd/report/report_file.h"

namespace cutover {
namespace {

/// A shop that moves to another hosting company: addresses, an alias and a HTTPS record, TTLs of a day.
constexpr std::string_view kDemoPlan = R"(version: 1
name: demo
zones:
  - zone: shop.example
    provider: { type: rfc2136, server: 127.0.0.1, key: env/NOT_USED_IN_A_REHEARSAL }
    authoritative: [127.0.0.1]
    changes:
      - { name: "@", type: A, from: [198.51.100.10], to: [203.0.113.20] }
      - { name: www, type: A, from: [198.51.100.10, 198.51.100.11], to: [203.0.113.20] }
      - { name: www, type: AAAA, from: ["2001:db8:1::10"], to: ["2001:db8:2::20"] }
      - { name: www, type: HTTPS, from: ["1 . alpn=h2 ipv4hint=198.51.100.10"], to: ["1 . alpn=h2 ipv4hint=203.0.113.20"] }
      - { name: static, type: CNAME, from: [edge.old-cdn.example.], to: [edge.new-cdn.example.] }
ttl: { during: 60s, before: 86400s }
endpoints:
  - { names: [shop.example, www.shop.example, static.shop.example], port: 443, http: { path: /healthz, expect: 200 } }
watch: { resolvers: default, samples: 2, give-up: 2h }
standby: 48h
)";

/// Lets everybody follow who wants to. The rehearsal's clock is one that they do not have: they also hear of time
/// passing.
void follow(StoryFollower& follower, LiveScreen& screen, const Plan& plan, const Clock*& clock,
            RehearsalOptions& options) {
  options.moment = [&](const RehearsalMoment& moment) {
    clock = &moment.clock;
    screen.end();
    if (auto told = story_of(moment, plan)) follower.tell(*std::move(told));
  };
  options.watch.begun = [&](const WatchQuestions& questions) {
    screen.begin(questions);
    follower.begin(questions);
  };
  options.watch.event = [&](const WatchQuestions&, const dnsprobe::WatchEvent& event) {
    screen.take(event);
    follower.take(event);
  };
  options.stop = [&] {  // asked in every wait
    if (clock != nullptr) follower.pass(clock->now());
    return stop_requested();
  };
}

ExitCode run(const GlobalOptions& global, const Plan& plan, const RehearseFlags& flags) {
  OutputForm form = OutputForm::kText;
  if (!flags.report.empty()) {
    auto asked = report_form(flags.report);
    if (!asked) return tell(asked.error());
    form = *asked;
  }
  auto onlookers = open_onlookers(flags.page, flags.metrics, std::chrono::milliseconds(250));
  if (!onlookers) return tell(onlookers.error());
  std::optional<Story> last;
  if (!flags.report.empty()) onlookers->follower.add([&](const Story& story) { last = story; });
  heed_signals();
  RehearsalOptions options;
  options.speed = flags.speed;
  options.log = log_line;
  options.stop = stop_requested;
  const Clock* clock = nullptr;
  LiveScreen screen;
  if (global.output == OutputForm::kText && can_redraw(global)) {
    onlookers->follower.add([&](const Story& story) { screen.draw(story); });
    options.log = [&](const std::string& line) { screen.log(line); };
  }
  if (onlookers->follower.is_wanted()) follow(onlookers->follower, screen, plan, clock, options);
  auto result = rehearse(plan, options);
  screen.close();
  if (!result) return tell(result.error());
  print_result(global.output == OutputForm::kText ? rehearsal_as_text(*result) : rehearsal_as_json(*result));
  if (last)
    if (auto written = write_result(flags.report, story_in_form(*last, form)); !written) return tell(written.error());
  return result->exit;
}

}  // namespace

ExitCode run_rehearse(const GlobalOptions& global, const RehearseFlags& flags) {
  auto plan = read_plan(global.plan_file);
  if (!plan) return tell(plan.error());
  return run(global, *plan, flags);
}

ExitCode run_demo(const GlobalOptions& global, const RehearseFlags& flags) {
  auto plan = parse_plan(kDemoPlan, "demo.yaml");
  if (!plan) return tell(plan.error());
  log_line("A shop moves to another hosting company, on a small Internet that exists only on this machine's loopback.");
  log_line(fmt::format(
      "TTLs are a day; the long wait runs {:.0f} times faster. Nothing outside this machine is asked.\n", flags.speed));
  return run(global, *plan, flags);
}

}  // namespace cutover
