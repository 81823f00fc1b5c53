#include "cmd/report/assess_text.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover {
namespace {

std::string audit_text(const Audit& audit) {
  const std::string_view mark = audit.severity == Severity::kNote      ? "note   "
                                : audit.severity == Severity::kWarning ? "WARNING"
                                                                       : "ERROR  ";
  return fmt::format("  {}  {}\n", mark, printable(audit.sentence));
}

std::string counted_addresses(std::size_t n) {
  return fmt::format("{} authoritative {}", n, n == 1 ? "address" : "addresses");
}

std::string change_text(const FoundChange& found, const DomainName& zone) {
  const PlannedChange& change = found.change;
  const auto values = [](const std::vector<std::string>& rdata) {
    return rdata.empty() ? std::string("(nothing)") : printable(join(rdata, ", "));
  };
  std::string out = fmt::format("  {} {}  {} -> {}  ttl={}\n", printable(change.name.relative_to(zone)),
                                to_text(change.type), values(change.from), values(change.to), found.ttl.count());
  if (!found.alarm.empty()) out += fmt::format("    !!! {}\n", printable(found.alarm));
  return out;
}

std::string zone_text(const AssessedZone& zone) {
  const Findings& found = zone.findings;
  std::string out = fmt::format("{}  serial {}, {}, {} asked\n", printable(zone.zone.host()), zone.serial,
                                counted(zone.record_sets, "record set"), counted_addresses(zone.servers));
  out += fmt::format("\n{} of the old side to change:\n", counted(found.changes.size(), "record set"));
  for (const FoundChange& change : found.changes) out += change_text(change, zone.zone);
  if (!found.mentions.empty()) {
    out += fmt::format("\n{} that no change touches, each waiting for an `ack` or a change of yours:\n",
                       counted(found.mentions.size(), "mention"));
    for (const FoundMention& mention : found.mentions)
      out += fmt::format("  {}\n      {}\n", printable(mention.text), printable(mention.reason));
  }
  if (!found.followers.empty()) {
    out += "\nMoving along by CNAME:\n";
    for (const Follower& follower : found.followers)
      out += fmt::format("  {} -> {}\n", printable(follower.name.host()), printable(follower.moving.host()));
  }
  out += "\nAudit:\n";
  for (const Severity severity : {Severity::kError, Severity::kWarning, Severity::kNote})
    for (const Audit& audit : zone.audits)
      if (audit.severity == severity) out += audit_text(audit);
  return out;
}

}  // namespace

std::string render_assess_text(const AssessResult& result) {
  std::string out;
  for (const AssessedZone& zone : result.zones) out += zone_text(zone) + "\n";
  for (const Audit& audit : result.audits) out += audit_text(audit);
  if (!result.audits.empty()) out += "\n";
  if (result.plan_file.empty())
    return out + "No plan was written: nothing in these zones can be changed by this mapping.\n";
  out += fmt::format("The plan is in {}: {}, {}.\n", printable(result.plan_file.string()),
                     counted(result.changes(), "change"), counted(result.mentions(), "mention"));
  return out + "Read it and correct it; then `cutover plan` shows when what may happen.\n";
}

}  // namespace cutover
