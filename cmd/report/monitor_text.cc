#include "cmd/report/monitor_text.h"

#include <fmt/format.h>

#include "cmd/report/columns.h"
#include "cmd/report/phase_text.h"
#include "cmd/report/wrapped.h"
#include "core/text.h"

namespace cutover {
namespace {

std::string ms(std::chrono::microseconds span) {
  return fmt::format("{:.1f}", static_cast<double>(span.count()) / 1000);
}

std::string latencies(const Quantiles& took) {
  return fmt::format("p50 {} p95 {} p99 {} ms", ms(took.p50), ms(took.p95), ms(took.p99));
}

bool is_told(const Check& check) {
  return check.verdict == Verdict::kUndecided ||
         (check.verdict == Verdict::kFail && check.severity >= Severity::kWarning);
}

std::string finding(const Check& check) {
  const std::string_view word = check.verdict == Verdict::kUndecided ? "UNDECIDED"
                                : check.severity == Severity::kError ? "FAIL"
                                                                     : "WARN";
  std::string where = check.name ? printable(check.name->host()) : std::string();
  if (check.endpoint) where += " at " + check.endpoint->text();
  std::string out = fmt::format("  {:<9} {} {}: {}\n", word, check.id, where, printable(check.summary));
  if (!check.evidence.empty()) out += fmt::format("            {}\n", printable(check.evidence));
  return out;
}

}  // namespace

std::string monitor_line(const MonitorReport& report) {
  std::string out = fmt::format("{} {}", format_instant(report.at), printable(report.summary));
  std::size_t shown = 0;
  for (const Check& check : report.checks) {
    if (!is_told(check) || ++shown > 3) continue;
    out += fmt::format("; {}{}: {}", check.id, check.name ? " " + check.name->host() : "", printable(check.summary));
  }
  for (const Gate& gate : report.retire)
    for (const Check& check : report.checks)
      if (check.id == "gate-" + gate.name) out += fmt::format("; {}: {}", gate.name, printable(gate.why));
  return out;
}

std::vector<std::string> monitor_screen(const MonitorReport& report, Instant now, std::size_t width) {
  std::vector<std::string> lines = wrapped("monitor   ", printable(report.summary), width);
  std::string text = fmt::format("          round {}, until {}", report.rounds, format_instant(report.until));
  text += report.until > now ? fmt::format(" (in {})\n", format_duration(report.until - now)) : "\n";
  for (const Check& check : report.checks)
    if (is_told(check)) text += finding(check);
  // What a narrow screen cuts off stands last.
  Columns table({"answered", "errors", "p50", "p95", "p99 ms", "before: p95", "endpoint"});
  for (const Watchdog::Standing& one : report.standings)
    table.add({fmt::format("{} of {}", one.answered, one.asked), std::to_string(one.http_errors), ms(one.took.p50),
               ms(one.took.p95), ms(one.took.p99), one.baseline ? ms(one.baseline->p95) : "",
               fmt::format("{}{} {}", one.name.host(), one.path, one.endpoint.text())});
  if (!report.standings.empty()) text += table.text();
  if (!report.retire.empty()) text += "before the old side is retired\n" + gates_as_text(report.retire, now);
  text.pop_back();
  for (std::string& line : split(text, '\n')) lines.push_back(std::move(line));
  return lines;
}

std::string monitor_as_text(const MonitorResult& result) {
  std::string out = fmt::format("monitor: {}\n", printable(result.headline));
  for (const Check& check : result.last.checks)
    if (is_told(check)) out += finding(check);
  for (const Watchdog::Standing& one : result.last.standings) {
    out += fmt::format("  {} at {}: {} of {} answered, {} HTTP errors, {}\n", printable(one.name.host()),
                       one.endpoint.text(), one.answered, one.asked, one.http_errors, latencies(one.took));
    if (one.baseline) out += fmt::format("    baseline {}\n", latencies(*one.baseline));
  }
  if (!result.last.retire.empty())
    out += "before the old side is retired\n" + gates_as_text(result.last.retire, result.last.at);
  for (const std::string& note : result.notes) out += "note: " + printable(note) + "\n";
  if (!result.next.empty()) out += "next: " + result.next + "\n";
  return out;
}

std::string baseline_as_text(const BaselineResult& result) {
  std::string out = fmt::format("baseline: {}\n", printable(result.headline));
  for (const BaselineEntry& entry : result.entries) {
    out +=
        fmt::format("  {} port {} {}: {} of {} answered, {}", printable(entry.name.host()), entry.port,
                    entry.family == Family::kV4 ? "IPv4" : "IPv6", entry.answered, entry.asked, latencies(entry.took));
    if (entry.status != 0)
      out += fmt::format(", status {}, body {}", entry.status,
                         entry.marker == ProbeSample::Marker::kFound     ? "as wanted"
                         : entry.marker == ProbeSample::Marker::kMissing ? "without the text that is wanted"
                         : entry.body_hash.empty()                       ? "varies"
                                                                         : entry.body_hash.substr(0, 16));
    out += "\n";
  }
  for (const std::string& note : result.notes) out += "  note: " + printable(note) + "\n";
  if (!result.next.empty()) out += "next: " + result.next + "\n";
  return out;
}

}  // namespace cutover
