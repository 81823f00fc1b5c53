#include "cmd/plan/mention.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/sweep.h"
#include "core/text.h"

namespace cutover {
namespace {

/// As people read a zone: the apex, then names by their labels, then types.
std::pair<std::vector<std::string>, RecordType> reading_order(const RecordKey& key) {
  std::vector<std::string> labels = key.name.labels();
  std::reverse(labels.begin(), labels.end());
  return {std::move(labels), key.type};
}

}  // namespace

Findings Sweep::run() {
  for (const auto& [key, set] : zone_.sets) find_changes(set);
  // From here the changed names are known, but for what --to adds.
  add_new_family();
  for (const auto& [key, set] : zone_.sets) find_mentions(set);
  find_followers();
  std::stable_sort(findings_.changes.begin(), findings_.changes.end(), [](const FoundChange& a, const FoundChange& b) {
    return reading_order(a.change.key()) < reading_order(b.change.key());
  });
  std::stable_sort(
      findings_.mentions.begin(), findings_.mentions.end(),
      [](const FoundMention& a, const FoundMention& b) { return reading_order(a.key) < reading_order(b.key); });
  return std::move(findings_);
}

std::string Sweep::shown(const DomainName& name) const {
  return options_.names == MentionNames::kRelative ? name.relative_to(zone_.origin) : name.text();
}

void Sweep::mention(const RecordKey& key, std::string_view what, const std::string& reason, About about) {
  std::string text = printable(fmt::format("{} {} {}", to_text(key.type), shown(key.name), what));
  if (texts_.insert(text).second)
    findings_.mentions.push_back({about, key, std::move(text), printable(reason), std::nullopt});
}

std::string_view to_text(FoundMention::About about) {
  switch (about) {
    case FoundMention::About::kOldSide:
      return "old-side";
    case FoundMention::About::kGoesAlong:
      return "goes-along";
    case FoundMention::About::kUnswept:
      return "unswept";
  }
  return "old-side";
}

const FoundChange* Findings::change_of(const RecordKey& key) const {
  const auto at =
      std::find_if(changes.begin(), changes.end(), [&](const FoundChange& c) { return c.change.key() == key; });
  return at == changes.end() ? nullptr : &*at;
}

Findings sweep_mentions(const Zone& zone, const Mapping& mapping, const SweepOptions& options) {
  return Sweep(zone, mapping, options).run();
}

std::map<DomainName, DomainName> moving_names(const Findings& findings) {
  std::map<DomainName, DomainName> names;
  for (const FoundChange& found : findings.changes) {
    const RecordType type = found.change.type;
    if (type == RecordType::kA || type == RecordType::kAaaa || type == RecordType::kCname)

      names.emplace(found.change.name, found.change.name);
  }
  for (const Follower& follower : findings.followers) names.emplace(follower.name, follower.moving);
  return names;
}

DomainName reverse_name(const IpAddress& address) {
  const std::string bytes = address.bytes();
  std::string text;
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    const auto value = static_cast<unsigned char>(*byte);
    if (address.family() == Family::kV4)
      text += fmt::format("{}.", value);
    else
      text += fmt::format("{:x}.{:x}.", value & 0xfU, value >> 4);
  }
  return *DomainName::from_text(text + (address.family() == Family::kV4 ? "in-addr.arpa." : "ip6.arpa."));
}

}  // namespace cutover
