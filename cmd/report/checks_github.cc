#include "cmd/report/checks_github.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover {
namespace {

/// What would end a command or a property early is written as the runner reads it back: % and, in properties, : and ,
/// too. printable() has left no line breaks.
std::string escaped(const std::string& text, std::string_view special) {
  std::string out;
  for (const char c : printable(text)) {
    if (special.find(c) == std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}
std::string property(const std::string& text) { return escaped(text, "%:,"); }
std::string message(const std::string& text) { return escaped(text, "%"); }

std::string_view command_of(const Check& check) {
  if (check.verdict == Verdict::kUndecided && check.severity != Severity::kNote) return "warning";
  switch (check.severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNote:
      break;
  }
  return "notice";
}

}  // namespace

std::string checks_as_github(const CheckReport& report) {
  std::string out;
  for (const Check& check : report.checks) {
    if (!is_finding(check)) continue;
    out += fmt::format("::{} ", command_of(check));
    if (!report.file.empty()) out += fmt::format("file={},line={},", property(report.file), line_of(report, check));
    out += fmt::format("title={}::", property(check.id));
    if (const std::string what = subject_of(check); !what.empty()) out += message(what) + ": ";
    if (check.verdict == Verdict::kUndecided) out += "not decided: ";
    out += message(check.summary);
    if (!check.advice.empty()) out += message("; " + check.advice);
    out += "\n";
  }
  return out + printable(report.title + ": " + report.headline) + "\n";
}

}  // namespace cutover
