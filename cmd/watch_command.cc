#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>
#include <optional>

#include "cmd/command.h"
#include "cmd/onlookers.h"
#include "cmd/phases/watch.h"
#include "cmd/report/watch_ndjson.h"
#include "cmd/report/watch_text.h"
#include "core/text.h"

namespace cutover {
namespace {

/// Draws the view over itself, at most a few times a second, and puts the cursor below it again.
class LiveScreen {
 public:
  void draw(const WatchView& view, Instant now) {
    const auto real = std::chrono::steady_clock::now();
    if (real - drawn_at_ < std::chrono::milliseconds(200)) return;
    drawn_at_ = real;
    redraw(view, now);
  }
  void redraw(const WatchView& view, Instant now) {
    winsize size{};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    const std::size_t width = size.ws_col >= 20 ? size.ws_col : 80;
    const std::size_t height = size.ws_row >= 5 ? size.ws_row - 1U : 24;
    std::string out = up();
    const auto lines = view.lines(now, width - 1, height);
    for (const std::string& line : lines) out += "\x1b[2K" + line + "\n";
    out += "\x1b[J";
    std::cerr << out << std::flush;
    shown_ = lines.size();
  }

 private:
  std::string up() const { return shown_ == 0 ? std::string() : "\x1b[" + std::to_string(shown_) + "A\r"; }
  std::size_t shown_ = 0;
  std::chrono::steady_clock::time_point drawn_at_{};
};

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
    show_to(*onlookers, cutover);
    WatchPhaseOptions options;
    options.over = flags.encrypted ? Over::kEncrypted : Over::kAsListed;
    if (!flags.give_up.empty()) {
      auto give_up = parse_duration(flags.give_up);
      if (!give_up) return tell(within("--give-up", give_up.error()));
      options.give_up = *give_up;
    }
    const bool stream = global.output == OutputForm::kNdjson || global.output == OutputForm::kJson;
    const bool live = global.output == OutputForm::kText && is_interactive(global);
    std::optional<WatchView> view;
    LiveScreen screen;
    WatchSink sink;
    sink.begun = [&](const WatchQuestions& questions) {
      show_to(*onlookers, cutover);
      onlookers->follower.begin(questions);
      if (stream) return print_result(watch_begun_ndjson(questions));
      view.emplace(questions);
      for (const std::string& line : view->opening()) log_line(line);
    };
    sink.event = [&](const WatchQuestions& questions, const dnsprobe::WatchEvent& event) {
      onlookers->follower.take(event);
      if (stream) return print_result(watch_event_ndjson(questions, event));
      view->take(event);
      if (live) return screen.draw(*view, cutover.clock.now());
      if (const auto line = view->change_line(event)) log_line(*line);
    };
    sink.authority = [&](const WatchQuestions&, const AuthorityLook& look) {
      if (stream) return print_result(watch_authority_ndjson(look));
      view->take(look);
      if (live) return screen.draw(*view, cutover.clock.now());
      for (const std::string& line : WatchView::change_lines(look)) log_line(line);
    };
    auto result = watch(cutover, options, sink);
    show_to(*onlookers, cutover);
    if (!result) {
      notify_end(cutover, "watch", result.error());
      return tell(result.error());
    }
    if (!stop_requested()) notify_end(cutover, "watch", result->exit, result->headline, result->next);
    if (live && view) screen.redraw(*view, cutover.clock.now());
    print_result(stream ? watch_end_ndjson(*result) : as_text(*result));
    return result->exit;
  });
}

}  // namespace cutover
