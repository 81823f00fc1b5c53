#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "cmd/page/open_page.h"
#include "cmd/phases/cutover.h"
#include "cmd/report/story_follower.h"

namespace cutover {

class LiveScreen;

/// Everybody who looks on while a command works: the live page of --http, the file of --metrics.
struct Onlookers {
  std::unique_ptr<LivePage> page;  ///< nullptr: not wanted
  StoryFollower follower;
};

/// Opens what was asked for; `metrics` empty: none. `every`: how often they are shown something, in real time.
/// kUsage, kIo: names the flag.
Result<Onlookers> open_onlookers(const PageFlags& page, const std::string& metrics, std::chrono::milliseconds every);

/// They look on while a command works on `cutover`: `screen` is drawn and takes the log (nullptr: there is none), and
/// in every wait time passes for everybody. All three outlive that work.
void look_on(Onlookers& onlookers, Cutover& cutover, LiveScreen* screen);

/// The account so far, out of the journal; that it cannot be had is logged and does not hold up the work.
/// `gates`: as last seen; empty: those that plan and journal can tell. `monitor`: the last round of one that runs;
/// nullptr: none does.
void show_to(Onlookers& onlookers, const Cutover& cutover, const std::vector<Gate>& gates = {},
             const MonitorReport* monitor = nullptr);

}  // namespace cutover
