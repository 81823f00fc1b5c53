#include "cmd/plan/plan_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::size_t kColumns = 110;
constexpr std::uint16_t kDnsPort = 53;

bool is_address(RecordType type) { return type == RecordType::kA || type == RecordType::kAaaa; }

/// `# ...`, wrapped; nothing in `text` can end the comment.
std::string comment(std::size_t indent, std::string_view text) {
  const std::string lead = std::string(indent, ' ') + "#";
  const std::string onward = lead + (text.starts_with("- ") ? "  " : "");
  std::string out;
  std::string line = lead;
  for (const std::string& word : split(printable(text), ' ')) {
    if (word.empty()) continue;
    if (line.size() > onward.size() && line.size() + 1 + word.size() > kColumns) {
      out += line + "\n";
      line = onward;
    }
    line += " " + word;
  }
  return out + line + "\n";
}

/// A name as a plan may have it. A colon or a slash in one is written by its number: plain it would be read as a URL's.
std::string name_scalar(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (c == ':' || c == '/')
      out += fmt::format("\\{:03}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return yaml_scalar(out);
}

std::string list_of(const std::vector<std::string>& values) {
  std::vector<std::string> scalars;
  for (const std::string& value : values) scalars.push_back(yaml_scalar(value));
  return "[" + join(scalars, ", ") + "]";
}

std::string list_of(const std::vector<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& address : addresses) texts.push_back(address.text());
  return list_of(texts);
}

std::string list_of(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> texts;
  for (const Endpoint& endpoint : endpoints)
    texts.push_back(endpoint.port == kDnsPort ? endpoint.address.text() : endpoint.text());
  return list_of(texts);
}

std::string audit_line(const Audit& audit) {
  return audit.severity == Severity::kNote
             ? "- " + audit.sentence
             : fmt::format("- {}: {}", audit.severity == Severity::kError ? "ERROR" : "WARNING", audit.sentence);
}

/// Where the names of a zone that move can be tried: guesses for a person to prune.
class Guesses {
 public:
  Guesses(const PlanDraft& draft, const DraftZone& zone) : draft_(draft), zone_(zone) {
    find_mail_hosts();
    for (const FoundChange& found : zone.findings.changes) add_changed(found.change);
    for (const Follower& follower : zone.findings.followers) add_follower(follower);
  }

  std::string text() const {
    std::string out;
    for (const std::string& name : web_) out += fmt::format("  - {{ names: [{}], port: 443 }}\n", name_scalar(name));
    for (const auto& [name, addresses] : following_)
      out += fmt::format("  - {{ names: [{}], port: 443, old: {}, new: {} }}   # by CNAME\n", name_scalar(name),
                         list_of(addresses.old_side), list_of(addresses.new_side));
    for (const std::string& name : mail_)
      out += fmt::format("  - {{ names: [{}], port: 25, starttls: smtp }}   # named in an MX\n", name_scalar(name));
    for (const std::string& name : unknown_)
      out += fmt::format(
          "  # - {{ names: [{}], port: 443, old: [], new: [] }}   # by CNAME: fill in where its target leads\n",
          name_scalar(name));
    return out;
  }

 private:
  struct Sides {
    std::vector<IpAddress> old_side, new_side;
  };

  void find_mail_hosts() {
    for (const FoundMention& mention : zone_.findings.mentions)
      if (mention.key.type == RecordType::kMx && mention.target) mail_hosts_.insert(*mention.target);
  }

  void add_changed(const PlannedChange& change) {
    const bool reaches = is_address(change.type) || change.type == RecordType::kCname;
    if (!reaches || change.to.empty() || change.name.wire()[1] == '_') return;
    if (!seen_.insert(change.name).second) return;
    (mail_hosts_.count(change.name) > 0 ? mail_ : web_).push_back(change.name.host());
  }

  void add_follower(const Follower& follower) {
    Sides sides;
    for (const DraftZone& zone : draft_.zones) {
      for (const FoundChange& found : zone.findings.changes) {
        if (found.change.name != follower.moving || !is_address(found.change.type)) continue;
        add_addresses(found.change.from, sides.old_side);
        add_addresses(found.change.to, sides.new_side);
      }
    }
    if (sides.new_side.empty())
      unknown_.push_back(follower.name.host());
    else
      following_.emplace_back(follower.name.host(), std::move(sides));
  }

  static void add_addresses(const std::vector<std::string>& rdata, std::vector<IpAddress>& out) {
    for (const std::string& text : rdata)
      if (auto address = IpAddress::from_text(text)) out.push_back(*address);
  }

  const PlanDraft& draft_;
  const DraftZone& zone_;
  std::set<DomainName> mail_hosts_, seen_;
  std::vector<std::string> web_, mail_, unknown_;
  std::vector<std::pair<std::string, Sides>> following_;
};

std::string change_text(const FoundChange& found, const DomainName& zone) {
  const PlannedChange& change = found.change;
  std::string about = change.from.empty() ? fmt::format("{}: new", change.key().text())
                                          : fmt::format("{}, TTL {} s", change.key().text(), found.ttl.count());
  if (!change.from.empty() && found.ttl >= Seconds(60)) about += fmt::format(" ({})", format_duration(found.ttl));
  if (!found.notes.empty()) about += "; " + join(found.notes, "; ");
  std::string out = comment(6, about);
  if (!found.alarm.empty()) out += comment(6, "!!! " + found.alarm);
  return out + fmt::format("      - {{ name: {}, type: {}, from: {}, to: {}{} }}\n",
                           name_scalar(change.name.relative_to(zone)), to_text(change.type), list_of(change.from),
                           list_of(change.to), change.proxied ? ", proxied: true" : "");
}

std::string provider_text(const providers::ProviderConfig& provider) {
  std::string out = fmt::format("    provider:\n      type: {}\n", yaml_scalar(provider.type));
  for (const auto& [name, value] : provider.options)
    out += fmt::format("      {}: {}\n", yaml_scalar(name), yaml_scalar(value));
  return out;
}

std::string zone_text(const DraftZone& zone) {
  std::string out;
  for (const Audit& audit : zone.audits)
    if (audit.severity != Severity::kNote || !zone.findings.changes.empty()) out += comment(2, audit_line(audit));
  if (zone.findings.changes.empty()) return comment(2, fmt::format("{}: nothing to change", zone.zone.host())) + out;
  out = comment(2, fmt::format("{}: serial {}, {}", zone.zone.host(), zone.serial,
                               counted(zone.record_sets, "record set"))) +
        out;
  out += fmt::format("  - zone: {}\n", name_scalar(zone.zone.host())) + provider_text(zone.provider);
  if (!zone.authoritative.empty()) out += fmt::format("    authoritative: {}\n", list_of(zone.authoritative));
  if (!zone.view.empty()) out += fmt::format("    view: {}\n", yaml_scalar(zone.view));
  out += "    changes:\n";
  for (const FoundChange& found : zone.findings.changes) out += change_text(found, zone.zone);
  return out;
}

std::string endpoints_text(const PlanDraft& draft) {
  std::string guesses;
  for (const DraftZone& zone : draft.zones) guesses += Guesses(draft, zone).text();
  if (guesses.find("\n  - ") == std::string::npos && !guesses.starts_with("  - "))
    return guesses.empty() ? "" : "# endpoints:\n" + guesses + "\n";
  return "# Guessed from the names that move: remove what serves no TLS, correct the ports, add `http: { path: "
         "/healthz, expect: 200 }`.\n"
         "# Addresses come from `changes` where none are given.\nendpoints:\n" +
         guesses + "\n";
}

std::string mentions_text(const PlanDraft& draft) {
  std::vector<const FoundMention*> mentions;
  std::set<std::string> seen;
  for (const DraftZone& zone : draft.zones)
    for (const FoundMention& mention : zone.findings.mentions)
      if (seen.insert(mention.text).second) mentions.push_back(&mention);
  if (mentions.empty()) return "";
  std::string out =
      "# These name the old side, or go along with it, and no change above touches them. Each keeps `swap` closed "
      "until it is\n"
      "# acknowledged below, or until a change is added and the mention removed.\nmentions:\n";
  for (const FoundMention* mention : mentions)
    out += fmt::format("  - mention: {}\n    reason: {}\n", yaml_scalar(mention->text), yaml_scalar(mention->reason));
  out += "\n# To acknowledge one, remove the # before `ack:` and before its line, and say why.\n# ack:\n";
  for (const FoundMention* mention : mentions)
    out += fmt::format("#   - {{ mention: {}, why: \"\" }}\n", yaml_scalar(mention->text));
  return out + "\n";
}

}  // namespace

std::string yaml_scalar(std::string_view text) {
  // Plain: letters first, and nothing that YAML, or a reader of YAML 1.1, could take for something else.
  static const std::set<std::string> kWords{"null", "true", "false", "yes", "no", "on", "off", "y", "n"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const bool safe = std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_' || c == '/';
  });
  const bool dotted_quad =
      std::count(text.begin(), text.end(), '.') == 3 && text.find_first_not_of("0123456789.") == std::string_view::npos;
  if (!text.empty() && safe && ((is_letter(text.front()) && kWords.count(to_lower(text)) == 0) || dotted_quad))
    return std::string(text);
  std::string out = "\"";
  for (const char c : printable(text)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string write_plan(const PlanDraft& draft) {
  std::string out = comment(0, fmt::format("Written by `cutover assess` at {}. Read it, correct it, keep it in git.",
                                           format_instant(draft.made)));
  for (const Audit& audit : draft.audits) out += comment(0, audit_line(audit));
  out += fmt::format("version: 1\nname: {}\nzones:\n", yaml_scalar(draft.name));
  for (const DraftZone& zone : draft.zones) out += zone_text(zone);
  out += fmt::format("\nttl: {{ during: {}s }}\n", draft.during.count());
  out += "# swap: { window: \"2026-10-06T09:00/11:00 Europe/Berlin\" }\n";
  out += "standby: 48h\n\n";
  out += endpoints_text(draft);
  out += mentions_text(draft);
  if (!draft.lookup.empty()) out += fmt::format("lookup: {}\n", list_of(draft.lookup));
  return out;
}

}  // namespace cutover
