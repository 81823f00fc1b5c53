#include "cmd/report/story_html.h"

#include <fmt/format.h>

#include "cmd/page/assets.h"
#include "cmd/plan/digest.h"
#include "cmd/report/assets.h"
#include "cmd/report/document.h"
#include "cmd/report/story_document.h"
#include "cmd/report/story_json.h"
#include "core/text.h"

namespace cutover {
namespace {

/// What the policy allows to run or to style: exactly this text.
std::string source_of(const std::string& text) { return "'sha256-" + to_base64(sha256(text)) + "'"; }

std::string picture(std::string_view kind) {
  return fmt::format("<div class=\"figure drawn-only\" data-picture=\"{}\"></div>\n", kind);
}
std::string list_picture(std::string_view kind) {
  return fmt::format("<ul class=\"{0} drawn-only\" data-picture=\"{0}\"></ul>\n", kind);
}

std::string spreading_pictures(const std::string& nth) {
  const auto of = [&](std::string_view kind) {
    return fmt::format("<div class=\"figure\" data-picture=\"{}\" data-of=\"{}\"></div>\n", kind, nth);
  };
  return fmt::format(
      "<div class=\"drawn-only\">\n<ul class=\"legend\" data-picture=\"legend\" data-of=\"{0}\"></ul>\n{1}{2}"
      "<div class=\"pair\">\n<div><h3>By operator</h3><ul class=\"strips\" data-picture=\"operators\" "
      "data-of=\"{0}\"></ul></div>\n<div><h3>By continent</h3><ul class=\"strips\" data-picture=\"continents\" "
      "data-of=\"{0}\"></ul></div>\n</div>\n</div>\n",
      nth, of("spread"), of("map"));
}

constexpr std::string_view kVisitorKey =
    "<p class=\"key drawn-only\"><span class=\"new\">reached the new side</span> <span class=\"old\">reached the old "
    "side</span> <span class=\"failed\">failed</span></p>\n";

std::string pictures_of(const DocumentSection& section) {
  constexpr std::string_view kSpreading = "spreading-";
  if (section.id.rfind(kSpreading, 0) == 0) return spreading_pictures(section.id.substr(kSpreading.size()));
  if (section.id == "timeline") return list_picture("phases");
  if (section.id == "certificates") return picture("certificates");
  if (section.id == "visitors") return picture("visitors") + std::string(kVisitorKey);
  return "";
}

bool ended_well(const Story& story) {
  return !story.restore_overdue &&
         (story.answer.go || (!story.propagation.empty() && story.propagation.back().converged_at));
}

std::string section_text(const DocumentSection& section, const Story& story) {
  const bool is_summary = section.id == "summary";
  const std::string headline =
      is_summary ? "<p class=\"headline\">" + for_html(story.answer.headline) + "</p>\n" : std::string();
  return fmt::format("<section id=\"{}\"{}>\n<h2>{}</h2>\n{}{}{}</section>\n", section.id,
                     is_summary && ended_well(story) ? " class=\"good-end\"" : "", for_html(section.title), headline,
                     pictures_of(section), section_as_html(section));
}

}  // namespace

std::string story_as_html(const Story& story) {
  const Document document = document_of(story);
  const std::string style = std::string(kPicturesCss) + std::string(kReportCss);
  const std::string script = std::string(kPicturesJs) + std::string(kReportJs);
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src {}; style-src {}; "
      "base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"referrer\" content=\"no-referrer\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n",
      source_of(script), source_of(style), for_html(document.title));
  out += "<style>" + style + "</style>\n</head>\n<body>\n<header>\n";
  out += "<h1>" + for_html(document.title) + "</h1>\n<p>" + for_html(document.subtitle) + "</p>\n<nav>";
  for (const DocumentSection& section : document.sections)
    out += fmt::format("<a href=\"#{}\">{}</a> ", section.id, for_html(section.title));
  out += "</nav>\n</header>\n<main>\n";
  for (const DocumentSection& section : document.sections) out += section_text(section, story);
  out +=
      "</main>\n<footer>Made by cutover from its journal. This file holds everything it shows; all times are UTC "
      "unless they say otherwise.</footer>\n";
  out += "<script type=\"application/json\" id=\"story\">" + for_script(story_as_json(story)) + "</script>\n";
  return out + "<script>" + script + "</script>\n</body>\n</html>\n";
}

}  // namespace cutover
