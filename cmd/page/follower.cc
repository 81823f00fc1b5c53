#include "cmd/page/follower.h"

namespace cutover {

void PageFollower::tell(Story story) {
  if (page_ == nullptr) return;
  spreading_.reset();
  story_ = std::move(story);
  show(story_->now);
}

void PageFollower::begin(const WatchQuestions& questions) {
  if (page_ != nullptr) spreading_.emplace(questions);
}

void PageFollower::take(const dnsprobe::WatchEvent& event) {
  if (!spreading_) return;
  spreading_->take(event);
  pass(event.at);
}

void PageFollower::pass(Instant now) {
  if (story_ && std::chrono::steady_clock::now() - shown_ >= every_) show(now);
}

void PageFollower::show(Instant now) {
  shown_ = std::chrono::steady_clock::now();
  if (spreading_)
    update(*story_, spreading_->now(), now);
  else
    story_->now = now;
  page_->publish(*story_);
}

}  // namespace cutover
