#include <fmt/format.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <thread>

#include "cmd/page/open_page.h"
#include "tests/page/told_story.h"

// page_stage [bind=ADDRESS:PORT] [resolvers=N] [bound=SECONDS] [every=MS] [hostile=1] [monitor=1] [before=1]
// [token=TOKEN]
//
// Serves a told story until it is ended with SIGTERM; prints the address, and at the end what it cost:
// `cpu_us=.. real_us=.. published=..`.

namespace {

volatile sig_atomic_t ended = 0;
void on_signal(int) { ended = 1; }

}  // namespace

int main(int argc, char** argv) {
  using namespace cutover;
  std::map<std::string, std::string> asked{
      {"bind", "127.0.0.1:0"}, {"resolvers", "200"}, {"bound", "60"}, {"every", "1000"}};
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    asked[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
  }
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigaction(SIGTERM, &action, nullptr);

  const auto bind = page_address(asked["bind"]);
  auto page = bind ? LivePage::start({*bind, asked["token"]}) : Result<LivePage>(bind.error());
  if (!page) {
    fmt::print(stderr, "page_stage: {}\n", page.error().message);
    return 1;
  }
  tests::ToldOptions options;
  options.resolvers = std::stoul(asked["resolvers"]);
  options.bound = Seconds(std::stol(asked["bound"]));
  options.hostile = asked.contains("hostile");
  options.monitor = asked.contains("monitor");
  const SystemClock clock;
  const auto began = std::chrono::steady_clock::now();
  const std::clock_t cpu = std::clock();
  tests::ToldStory story(options, clock.now() + Seconds(asked.contains("before") ? 90 : 0));
  fmt::print("{}\n", page->url());
  std::fflush(stdout);
  std::size_t published = 0;
  double telling = 0;
  for (auto next = began; ended == 0; std::this_thread::sleep_for(std::chrono::milliseconds(5))) {
    if (std::chrono::steady_clock::now() < next) continue;
    next += std::chrono::milliseconds(std::stol(asked["every"]));
    const std::clock_t before = std::clock();
    const Story told = asked.contains("before") ? story.before() : story.at(clock.now());
    telling += static_cast<double>(std::clock() - before);
    page->publish(told);
    ++published;
  }
  const double spent = (static_cast<double>(std::clock() - cpu) - telling) * 1e6 / CLOCKS_PER_SEC;
  fmt::print("cpu_us={:.0f} real_us={} published={}\n", spent,
             std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - began).count(),
             published);
  return 0;
}
