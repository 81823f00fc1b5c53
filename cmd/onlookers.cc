#include "cmd/onlookers.h"

#include "cmd/command.h"
#include "cmd/live_screen.h"
#include "cmd/report/metrics_file.h"
#include "cmd/report/story_metrics.h"

namespace cutover {

Result<Onlookers> open_onlookers(const PageFlags& page, const std::string& metrics, std::chrono::milliseconds every) {
  if (!metrics.empty())
    if (auto good = check_metrics_file(metrics); !good) return good.error();
  auto opened = open_page(page);
  if (!opened) return opened.error();
  Onlookers out{std::move(*opened), StoryFollower(every)};
  if (out.page)
    out.follower.add([page = out.page.get()](const Story& story) {
      page->publish(story);
      page->publish_metrics(story_as_metrics(story));
    });
  if (!metrics.empty()) out.follower.add(into_metrics_file(metrics, log_line));
  return out;
}

void look_on(Onlookers& onlookers, Cutover& cutover, LiveScreen* screen) {
  if (screen != nullptr) {
    onlookers.follower.add([screen](const Story& story) { screen->draw(story); });
    cutover.telling.log = [screen](const std::string& line) { screen->log(line); };
  }
  cutover.stop = [&] {  // asked in every wait
    onlookers.follower.pass(cutover.clock.now());
    return stop_requested();
  };
}

void show_to(Onlookers& onlookers, const Cutover& cutover, const std::vector<Gate>& gates,
             const MonitorReport* monitor) {
  if (!onlookers.follower.is_wanted()) return;
  auto story = story_of(cutover.plan, cutover.journal, drain_facts(cutover.zones), gates, cutover.clock.now());
  if (!story) return log_line("the account for the page and the metrics: " + story.error().message);
  if (monitor != nullptr) story->monitor = *monitor;
  onlookers.follower.tell(std::move(*story));
}

}  // namespace cutover
