#include "cmd/notify/notice.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostTitle = 200;
constexpr std::size_t kMostText = 2000;

/// Made printable and cut at a character's end.
std::string fit(const std::string& text, std::size_t most) {
  std::string out = printable(text);
  if (out.size() <= most) return out;
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0U) == 0x80U) --end;
  return out.substr(0, end) + "...";
}

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string held(std::size_t held_back) {
  return held_back == 0 ? std::string() : fmt::format("{} held back since the last one", counted(held_back, "notice"));
}

std::string headline(const Notice& notice) {
  return fmt::format("cutover {}: {}", fit(notice.plan, kMostTitle), fit(notice.title, kMostTitle));
}

/// & < > are all that Slack reads in text without mrkdwn (api.slack.com, "Formatting text for app surfaces").
std::string slack_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else
      out += c;
  }
  return out;
}

/// A line of an Adaptive Card. Text runs know no Markdown, text blocks do.
Json card_line(std::string text, std::string_view look) {
  Json run{{"type", "TextRun"}, {"text", std::move(text)}};
  if (look == "bold") run["weight"] = "Bolder";
  if (look == "code") run["fontType"] = "Monospace";
  return {{"type", "RichTextBlock"}, {"inlines", Json::array({std::move(run)})}};
}

}  // namespace

std::string_view to_text(NoticeEvent event) {
  switch (event) {
    case NoticeEvent::kGate:
      return "gate";
    case NoticeEvent::kPhase:
      return "phase";
    case NoticeEvent::kFailure:
      return "failure";
    case NoticeEvent::kOverdue:
      return "overdue";
  }
  return "phase";
}

std::string notice_as_json(const Notice& notice, std::size_t held_back) {
  return dump(Json{{"schema", 1},
                   {"program", "cutover"},
                   {"plan", fit(notice.plan, kMostTitle)},
                   {"event", to_text(notice.event)},
                   {"at", format_instant(notice.at)},
                   {"title", fit(notice.title, kMostTitle)},
                   {"text", fit(notice.text, kMostText)},
                   {"next", fit(notice.next, kMostText)},
                   {"held_back", held_back}});
}

std::string notice_as_slack(const Notice& notice, std::size_t held_back) {
  std::string text = headline(notice);
  for (const std::string& line : {fit(notice.text, kMostText), fit(notice.next, kMostText), held(held_back)})
    if (!line.empty()) text += "\n" + line;
  return dump(Json{{"text", slack_escaped(text)}, {"mrkdwn", false}});
}

std::string notice_as_teams(const Notice& notice, std::size_t held_back) {
  Json body = Json::array({card_line(headline(notice), "bold")});
  if (!notice.text.empty()) body.push_back(card_line(fit(notice.text, kMostText), ""));
  if (!notice.next.empty()) body.push_back(card_line(fit(notice.next, kMostText), "code"));
  if (held_back > 0) body.push_back(card_line(held(held_back), ""));
  body.push_back(card_line(format_instant(notice.at), ""));
  Json card{{"$schema", "http://adaptivecards.io/schemas/adaptive-card.json"},
            {"type", "AdaptiveCard"},
            {"version", "1.4"},
            {"body", std::move(body)}};
  Json attachment{{"contentType", "application/vnd.microsoft.card.adaptive"},
                  {"contentUrl", nullptr},
                  {"content", std::move(card)}};
  return dump(Json{{"type", "message"}, {"attachments", Json::array({std::move(attachment)})}});
}

std::string notice_as(NoticeForm form, const Notice& notice, std::size_t held_back) {
  switch (form) {
    case NoticeForm::kJson:
      return notice_as_json(notice, held_back);
    case NoticeForm::kSlack:
      return notice_as_slack(notice, held_back);
    case NoticeForm::kTeams:
      return notice_as_teams(notice, held_back);
  }
  return notice_as_json(notice, held_back);
}

}  // namespace cutover
