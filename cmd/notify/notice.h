#pragma once
#include <string>
#include <string_view>

#include "core/clock.h"

namespace cutover {

/// What people can ask to be told of; the words of a plan's `notify: events`.
enum class NoticeEvent {
  kGate,     ///< a gate that was waited for has opened
  kPhase,    ///< a phase is done
  kFailure,  ///< a phase failed, or a criterion of `monitor` broke
  kOverdue,  ///< standby is over and the TTLs are still low
};
std::string_view to_text(NoticeEvent event);

/// One thing that people are told, wherever they are.
struct Notice {
  Instant at{};
  NoticeEvent event = NoticeEvent::kPhase;
  std::string plan;   ///< its name
  std::string title;  ///< one line: `swap: done`
  std::string text;   ///< what happened, a sentence or a few
  std::string next;   ///< what to do now, a command to paste where there is one; may be empty
};

/// The form of a webhook's body.
enum class NoticeForm { kJson, kSlack, kTeams };

// Bodies, all of them JSON in UTF-8. Text is made printable, cut to a length that every service takes, and escaped for
// its medium: what stands in it can be no markup. `held_back`: how many notices were not sent since the last one.

/// {"schema":1,"program":"cutover","plan":..,"event":..,"at":..,"title":..,"text":..,"next":..,"held_back":0}
std::string notice_as_json(const Notice& notice, std::size_t held_back);
/// Slack's incoming webhooks: {"text":..}, with & < > as entities and mrkdwn off.
std::string notice_as_slack(const Notice& notice, std::size_t held_back);
/// Webhooks of Teams' Workflows: a message with one Adaptive Card, whose text runs know no Markdown.
std::string notice_as_teams(const Notice& notice, std::size_t held_back);
std::string notice_as(NoticeForm form, const Notice& notice, std::size_t held_back);

}  // namespace cutover
