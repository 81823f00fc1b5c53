#include "cmd/output_form.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover {
namespace {

constexpr OutputForm kForms[] = {OutputForm::kText,   OutputForm::kJson,     OutputForm::kNdjson,
                                 OutputForm::kJunit,  OutputForm::kMarkdown, OutputForm::kSarif,
                                 OutputForm::kGithub, OutputForm::kMetrics,  OutputForm::kHtml};

}  // namespace

std::string_view to_text(OutputForm form) {
  switch (form) {
    case OutputForm::kText:
      return "text";
    case OutputForm::kJson:
      return "json";
    case OutputForm::kNdjson:
      return "ndjson";
    case OutputForm::kJunit:
      return "junit";
    case OutputForm::kMarkdown:
      return "markdown";
    case OutputForm::kSarif:
      return "sarif";
    case OutputForm::kGithub:
      return "github";
    case OutputForm::kMetrics:
      return "metrics";
    case OutputForm::kHtml:
      return "html";
  }
  return "unknown";
}

std::string listed(const std::vector<OutputForm>& forms) {
  std::string out;
  for (std::size_t i = 0; i < forms.size(); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : i + 1 == forms.size() ? " or " : ", ", to_text(forms[i]));
  return out;
}

Result<OutputForm> output_form(std::string_view command, const std::string& written,
                               const std::vector<OutputForm>& forms) {
  const std::string word = to_lower(written);
  for (const OutputForm form : forms)
    if (word == to_text(form)) return form;
  const bool exists =
      std::any_of(std::begin(kForms), std::end(kForms), [&](OutputForm f) { return word == to_text(f); });
  return fail(ErrorCode::kUsage,
              fmt::format("-o {}: {}, so nothing was done; `cutover {}` gives its result as {}", printable(written),
                          exists ? fmt::format("`cutover {}` has no such form", command) : "there is no such form",
                          command, listed(forms)));
}

}  // namespace cutover
