#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <thread>

#include "cmd/page/live_page.h"
#include "cmd/report/story_metrics.h"
#include "tests/bench/measure.h"
#include "tests/page/told_story.h"
#include "tests/servers/process.h"

namespace cutover::bench {
namespace {

constexpr std::size_t kResolvers = 5000;
constexpr Seconds kBound{30};

/// CPU of this process, all threads, in percent of a core, while `visitors` read a story that turns all its resolvers
/// within half a minute. Making the story up is not counted, reading it is.
double share_of_a_core(std::size_t visitors) {
  auto page = LivePage::start({{*IpAddress::from_text("127.0.0.1"), 0}, ""});
  if (!page) throw std::runtime_error(page.error().message);
  const SystemClock clock;
  tests::ToldStory told({kResolvers, kBound, false}, clock.now());
  page->publish(told.at(clock.now()));
  std::vector<std::unique_ptr<servers::Process>> reading;
  const servers::TempFolder folder;
  for (std::size_t i = 0; i < visitors; ++i)
    reading.push_back(std::make_unique<servers::Process>(
        std::vector<std::string>{"curl", "--silent", "--no-buffer", "--max-time", "60", "--output", "/dev/null",
                                 page->url() + "events"},
        folder.file(fmt::format("curl-{}", i))));
  std::this_thread::sleep_for(std::chrono::seconds(1));
  double made_up = 0;
  const double before = own_cpu_us();
  const auto began = std::chrono::steady_clock::now();
  for (auto next = began; next < began + kBound; next += std::chrono::seconds(1)) {
    std::this_thread::sleep_until(next);
    const double at = own_cpu_us();
    const Story story = told.at(clock.now());
    made_up += own_cpu_us() - at;
    page->publish(story);
    page->publish_metrics(story_as_metrics(story));
  }
  const double spent = own_cpu_us() - before - made_up;
  const double real = std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began).count();
  return 100 * spent / real;
}

/// What tests/page/browser.mjs prints: `longest_task_ms=12.5 long_tasks=0`.
double figure_in(const std::string& text, const std::string& name) {
  const auto at = text.find(name + "=");
  if (at == std::string::npos) throw std::runtime_error("the browser did not say " + name + ":\n" + text);
  return std::stod(text.substr(at + name.size() + 1));
}

}  // namespace

std::vector<Row> measure_page() {
  std::vector<Row> rows;
  const Figure core(5.0, "% of a core");
  for (const std::size_t visitors : {std::size_t{1}, std::size_t{32}})
    rows.push_back({fmt::format("page, 5,000 resolvers, {} visitors", visitors),
                    {share_of_a_core(visitors), "% of a core"},
                    "what was promised",
                    core,
                    "<= 1.0 x"});
  const char* packages = std::getenv("CUTOVER_BROWSER_PACKAGES");
  if (packages == nullptr || *packages == '\0' || !std::filesystem::exists("/usr/bin/chromium")) {
    fmt::print("(the page in a browser is not measured: chromium, or its npm packages, are not there)\n");
    return rows;
  }
  const std::string script = std::string(CUTOVER_BENCH_FOLDER) + "/../page/browser.mjs";
  const auto seen = servers::run_program({"node", script, "load"}, {}, std::chrono::seconds(150));
  if (seen.status != 0) throw std::runtime_error(seen.output);
  const Figure task(50.0, "ms");
  rows.push_back({"page in Chromium, longest task",
                  {figure_in(seen.output, "longest_task_ms"), "ms"},
                  "what was promised",
                  task,
                  "<= 1.0 x"});
  // Where other programs keep the machine busy, a task's real time is theirs as well.
  rows.push_back({"the same, its CPU",
                  {figure_in(seen.output, "longest_task_cpu_ms"), "ms"},
                  "what was promised",
                  task,
                  "<= 1.0 x"});
  return rows;
}

}  // namespace cutover::bench
