#include "core/check.h"

#include <algorithm>

namespace cutover {

std::string_view to_text(Severity severity) {
  switch (severity) {
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kNotApplicable:
      return "not-applicable";
    case Verdict::kNotEffective:
      return "not-effective";
    case Verdict::kUndecided:
      return "undecided";
  }
  return "undecided";
}

bool any_failed(const std::vector<Check>& checks, Severity threshold) {
  return std::any_of(checks.begin(), checks.end(),
                     [&](const Check& c) { return c.verdict == Verdict::kFail && c.severity >= threshold; });
}

bool any_undecided(const std::vector<Check>& checks) {
  return std::any_of(checks.begin(), checks.end(), [](const Check& c) { return c.verdict == Verdict::kUndecided; });
}

}  // namespace cutover
