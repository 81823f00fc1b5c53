#include <fmt/format.h>

#include <algorithm>

#include "cmd/command.h"
#include "cmd/plan/plan_keys.h"
#include "cmd/report/providers_json.h"
#include "cmd/report/providers_text.h"
#include "core/text.h"

namespace cutover {

ExitCode run_providers_list(const GlobalOptions& global) {
  const auto all = providers::catalog();
  switch (global.output) {
    case OutputForm::kJson:
      print_result(providers_as_json(all));
      return ExitCode::kDone;
    case OutputForm::kMarkdown:
      print_result(providers_as_markdown(all));
      return ExitCode::kDone;
    case OutputForm::kText:
    case OutputForm::kNdjson:
    case OutputForm::kJunit:
    case OutputForm::kSarif:
    case OutputForm::kGithub:
    case OutputForm::kMetrics:
    case OutputForm::kHtml:
      break;
  }
  print_result(providers_as_text(all));
  return ExitCode::kDone;
}

ExitCode run_providers_show(const GlobalOptions& global, const std::string& name) {
  const auto all = providers::catalog();
  const auto entry =
      std::find_if(all.begin(), all.end(), [&](const providers::Entry& each) { return each.type == name; });
  if (entry == all.end()) {
    std::vector<std::string> types;
    for (const providers::Entry& each : all) types.emplace_back(each.type);
    const std::string meant = plan_keys::nearest(name, types);
    return tell(fail(ErrorCode::kUsage, fmt::format("there is no provider '{}'; {}", printable(name),
                                                    meant.empty() ? "the providers are " + join(types, ", ")
                                                                  : fmt::format("did you mean '{}'?", meant))));
  }
  print_result(global.output == OutputForm::kJson ? provider_as_json(*entry) : provider_as_text(*entry));
  return ExitCode::kDone;
}

}  // namespace cutover
