#include <optional>

#include "cmd/command.h"
#include "cmd/live_screen.h"
#include "cmd/onlookers.h"
#include "cmd/phases/watch.h"
#include "cmd/report/watch_ndjson.h"
#include "cmd/report/watch_text.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string as_text(const WatchPhaseResult& result) {
  std::string out = "watch: " + printable(result.headline) + "\n";
  for (const std::string& note : result.notes) out += "  note: " + printable(note) + "\n";
  if (!result.next.empty()) out += "next: " + result.next + "\n";
  return out;
}

}  // namespace

ExitCode run_watch(const GlobalOptions& global, const WatchFlags& flags) {
  auto onlookers = open_onlookers(flags.page, flags.metrics, std::chrono::seconds(1));
  if (!onlookers) return tell(onlookers.error());
  return with_cutover(global, [&](Cutover& cutover) {
    WatchPhaseOptions options;
    options.over = flags.encrypted ? Over::kEncrypted : Over::kAsListed;
    if (!flags.give_up.empty()) {
      auto give_up = parse_duration(flags.give_up);
      if (!give_up) return tell(within("--give-up", give_up.error()));
      options.give_up = *give_up;
    }
    const bool stream = global.output == OutputForm::kNdjson || global.output == OutputForm::kJson;
    const bool live = global.output == OutputForm::kText && can_redraw(global);
    std::optional<WatchView> view;  // for lines, where there is no terminal
    LiveScreen screen;
    look_on(*onlookers, cutover, live ? &screen : nullptr);
    show_to(*onlookers, cutover);
    WatchSink sink;
    sink.begun = [&](const WatchQuestions& questions) {
      if (live) screen.begin(questions);
      show_to(*onlookers, cutover);
      onlookers->follower.begin(questions);
      if (stream) return print_result(watch_begun_ndjson(questions));
      view.emplace(questions);
      if (!live)
        for (const std::string& line : view->opening()) log_line(line);
    };
    sink.event = [&](const WatchQuestions& questions, const dnsprobe::WatchEvent& event) {
      if (live) screen.take(event);
      onlookers->follower.take(event);
      if (stream) return print_result(watch_event_ndjson(questions, event));
      if (live) return;
      view->take(event);
      if (const auto line = view->change_line(event)) log_line(*line);
    };
    sink.authority = [&](const WatchQuestions&, const AuthorityLook& look) {
      if (stream) return print_result(watch_authority_ndjson(look));
      if (live) return screen.take(look);
      view->take(look);
      for (const std::string& line : WatchView::change_lines(look)) log_line(line);
    };
    auto result = watch(cutover, options, sink);
    screen.end();
    show_to(*onlookers, cutover);
    screen.close();
    if (!result) {
      notify_end(cutover, "watch", result.error());
      return tell(result.error());
    }
    if (!stop_requested()) notify_end(cutover, "watch", result->exit, result->headline, result->next);
    print_result(stream ? watch_end_ndjson(*result) : as_text(*result));
    return result->exit;
  });
}

}  // namespace cutover
