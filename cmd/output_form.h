#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace cutover {

/// How a command tells its result on stdout.
enum class OutputForm { kText, kJson, kNdjson, kJunit, kMarkdown, kSarif, kGithub, kMetrics, kHtml };
std::string_view to_text(OutputForm form);

/// `text, json or junit`: for help and errors.
std::string listed(const std::vector<OutputForm>& forms);

/// The form that somebody wrote behind -o (upper or lower case), where `command` has it. kUsage: there is no such form,
/// or this command has not got it: then nothing may be done, since a script would misread what comes instead.
Result<OutputForm> output_form(std::string_view command, const std::string& written,
                               const std::vector<OutputForm>& forms);

}  // namespace cutover
