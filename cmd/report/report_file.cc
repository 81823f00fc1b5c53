#include "cmd/report/report_file.h"

#include <fmt/format.h>

#include <filesystem>

#include "cmd/report/story_document.h"
#include "cmd/report/story_html.h"
#include "cmd/report/story_json.h"
#include "core/text.h"

namespace cutover {

std::string story_in_form(const Story& story, OutputForm form) {
  switch (form) {
    case OutputForm::kJson:
    case OutputForm::kNdjson:
      return story_as_json(story) + "\n";
    case OutputForm::kMarkdown:
      return document_as_markdown(document_of(story));
    case OutputForm::kHtml:
      return story_as_html(story);
    case OutputForm::kText:
    case OutputForm::kJunit:
    case OutputForm::kSarif:
    case OutputForm::kGithub:
    case OutputForm::kMetrics:
      break;
  }
  return document_as_text(document_of(story));
}

Result<OutputForm> report_form(const std::string& file) {
  const std::string extension = to_lower(std::filesystem::path(file).extension().string());
  if (extension == ".html" || extension == ".htm") return OutputForm::kHtml;
  if (extension == ".md" || extension == ".markdown") return OutputForm::kMarkdown;
  if (extension == ".json") return OutputForm::kJson;
  if (extension == ".txt") return OutputForm::kText;
  return fail(ErrorCode::kUsage, fmt::format("--report {}: the form of a report follows from the file's name, which "
                                             "ends with .html, .md, .json or .txt",
                                             printable(file)));
}

}  // namespace cutover
