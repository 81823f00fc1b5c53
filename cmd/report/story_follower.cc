#include "cmd/report/story_follower.h"

#include "cmd/report/metrics_file.h"
#include "cmd/report/story_metrics.h"

namespace cutover {

void StoryFollower::tell(Story story) {
  if (!is_wanted()) return;
  spreading_.reset();
  story_ = std::move(story);
  show(story_->now);
}

void StoryFollower::begin(const WatchQuestions& questions) {
  if (is_wanted()) spreading_.emplace(questions);
}

void StoryFollower::take(const dnsprobe::WatchEvent& event) {
  if (!spreading_) return;
  spreading_->take(event);
  pass(event.at);
}

void StoryFollower::pass(Instant now) {
  if (story_ && std::chrono::steady_clock::now() - shown_ >= every_) show(now);
}

void StoryFollower::show(Instant now) {
  shown_ = std::chrono::steady_clock::now();
  if (spreading_)
    update(*story_, spreading_->now(), now);
  else
    story_->now = now;
  for (const auto& each : shows_) each(*story_);
}

std::function<void(const Story&)> into_metrics_file(std::string file, std::function<void(const std::string&)> log) {
  return [file = std::move(file), log = std::move(log), has_failed = false](const Story& story) mutable {
    auto written = write_metrics_file(file, story_as_metrics(story));
    if (!written && !has_failed && log) log(written.error().message);
    has_failed = !written;
  };
}

}  // namespace cutover
