#include "cmd/report/check_report.h"

#include <algorithm>

#include "core/text.h"

namespace cutover {
namespace {

Outlook outlook_of(const Check& check) {
  switch (check.verdict) {
    case Verdict::kPass:
      return Outlook::kPassed;
    case Verdict::kUndecided:
      return Outlook::kUndecided;
    case Verdict::kNotApplicable:
    case Verdict::kNotEffective:
      return Outlook::kNothing;
    case Verdict::kFail:
      break;
  }
  switch (check.severity) {
    case Severity::kError:
      return Outlook::kFailed;
    case Severity::kWarning:
      return Outlook::kWarned;
    case Severity::kNote:
      return Outlook::kPassed;
  }
  return Outlook::kFailed;
}

}  // namespace

bool is_finding(const Check& check) { return check.verdict == Verdict::kFail || check.verdict == Verdict::kUndecided; }

std::string subject_of(const Check& check) {
  std::string out = check.name ? check.name->host() : "";
  if (check.endpoint) out += (out.empty() ? "" : " at ") + check.endpoint->text();
  return out;
}

std::size_t line_of(const CheckReport& report, const Check& check) {
  const CheckPlace* best = nullptr;
  for (const CheckPlace& place : report.places) {
    if (!check.name || place.name != *check.name) continue;
    if (check.endpoint && place.endpoint == check.endpoint) return place.line;
    if (best == nullptr) best = &place;
  }
  return best == nullptr ? 1 : best->line;
}

std::string_view to_text(Outlook outlook) {
  switch (outlook) {
    case Outlook::kFailed:
      return "FAIL";
    case Outlook::kUndecided:
      return "UNDECIDED";
    case Outlook::kWarned:
      return "WARN";
    case Outlook::kPassed:
      return "PASS";
    case Outlook::kNothing:
      return "N/A";
  }
  return "FAIL";
}

Outlook outlook_of(const std::vector<const Check*>& checks) {
  auto worst = Outlook::kNothing;
  for (const auto* check : checks) worst = std::min(worst, outlook_of(*check));
  return worst;
}

std::vector<CheckGroup> groups_of(const CheckReport& report) {
  std::vector<CheckGroup> groups;
  for (const auto& check : report.checks) {
    const auto name = check.name ? printable(check.name->host()) : "-";
    const auto where = check.endpoint ? check.endpoint->text() : "all addresses";
    auto at = std::find_if(groups.begin(), groups.end(),
                           [&](const CheckGroup& g) { return g.name == name && g.where == where; });
    if (at == groups.end()) at = groups.insert(groups.end(), {name, where, {}});
    at->checks.push_back(&check);
  }
  return groups;
}

}  // namespace cutover
