#include "cmd/report/phase_text.h"

#include <fmt/format.h>

#include "cmd/phases/writing.h"
#include "core/text.h"

namespace cutover {

std::string gates_as_text(const std::vector<Gate>& gates, Instant now) {
  std::string out;
  for (const Gate& gate : gates) {
    const std::string_view word = gate.open ? "open" : gate.overridden ? "overridden" : "CLOSED";
    out += fmt::format("  {:<10} {:<22} {}\n", word, printable(gate.name), printable(gate.why));
    if (!gate.open && gate.opens_at)
      out += fmt::format("  {:<10} {:<22} opens {} (in {})\n", "", "", format_opening(*gate.opens_at),
                         format_duration(*gate.opens_at - now));
  }
  return out;
}

std::string phase_as_text(const PhaseResult& result, Instant now) {
  std::string out = fmt::format("{}: {}\n", to_text(result.phase), printable(result.headline));
  for (const std::string& note : result.notes) out += fmt::format("  note: {}\n", printable(note));
  const bool written =
      result.exit == ExitCode::kDone || result.exit == ExitCode::kGaveUp || result.exit == ExitCode::kPartial;
  for (const ChangeSet& set : result.changes) {
    if (set.empty()) continue;
    out += fmt::format("zone {}{}\n", set.zone.text(), written ? "" : " (not written)");
    for (const std::string& line : diff_lines(set)) out += "  " + line + "\n";
  }
  for (const Check& check : result.checks)
    if (check.verdict == Verdict::kFail)
      out += fmt::format("  {} {}: {}\n", to_text(check.severity), check.id, sentence_of(check));
  if (!result.gates.empty()) out += "gates\n" + gates_as_text(result.gates, now);
  if (!result.way_back.empty()) {
    out += "way back (also without this program)\n";
    for (const auto& path : result.way_back) out += fmt::format("  {}\n", path.string());
  }
  if (!result.next.empty()) out += fmt::format("next: {}\n", result.next);
  return out;
}

}  // namespace cutover
