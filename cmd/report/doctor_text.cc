#include "cmd/report/doctor_text.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover {

std::string doctor_as_text(const CheckReport& report, TextStyle style) {
  std::string out;
  for (const Check& check : report.checks) {
    const Outlook outlook = outlook_of({&check});
    out += fmt::format("{} {:<15} {}\n", verdict_word(outlook, style), check.id, printable(check.summary));
    if (check.verdict != Verdict::kPass && !check.evidence.empty())
      for (const std::string& clause : split(check.evidence, ';'))
        out += fmt::format("{:<25} seen: {}\n", "", printable(trim(clause)));
    if (!check.advice.empty()) out += fmt::format("{:<25} do:   {}\n", "", printable(check.advice));
  }
  out += printable(report.headline) + "\n";
  if (!report.next.empty()) out += "next: " + report.next + "\n";
  return out;
}

}  // namespace cutover
