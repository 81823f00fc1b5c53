#include "lab/patience.h"

#include <algorithm>

namespace cutover::lab {
namespace {

constexpr std::chrono::milliseconds kTurn{20};

}  // namespace

void Patience::start(std::chrono::milliseconds time, std::function<void()> then) {
  left_ = time;
  then_ = std::move(then);
  take_turn();
}

void Patience::take_turn() {
  const std::chrono::milliseconds turn = std::min(left_, kTurn);
  turn_ = loop_.after(turn, [this, turn] {
    left_ -= turn;
    if (left_.count() > 0) return take_turn();
    // Last, and from a local: it may start this again, or destroy it.
    const auto then = std::move(then_);
    then();
  });
}

}  // namespace cutover::lab
