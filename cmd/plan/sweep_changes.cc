#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/sweep.h"
#include "core/text.h"

namespace cutover {
namespace {

bool is_address(RecordType type) { return type == RecordType::kA || type == RecordType::kAaaa; }

}  // namespace

const std::vector<IpAddress>* Sweep::places_of(std::string_view rdata) const {
  auto address = IpAddress::from_text(rdata);
  if (!address) return nullptr;
  const auto at = mapping_.addresses.find(*address);
  return at == mapping_.addresses.end() ? nullptr : &at->second;
}

const DomainName* Sweep::place_of(const DomainName& target) const {
  const auto at = mapping_.targets.find(target);
  return at == mapping_.targets.end() ? nullptr : &at->second;
}

std::optional<DomainName> Sweep::moves(const DomainName& name) const {
  DomainName at = name;
  for (int link = 0; link < 16; ++link) {
    if (const auto elsewhere = options_.moving_elsewhere.find(at); elsewhere != options_.moving_elsewhere.end())
      return elsewhere->second;
    const auto source = index_.source_of(at);
    if (!source || index_.cut_above(at)) return std::nullopt;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kCname})
      if (changed_.count({*source, type}) > 0) return *source;
    const RecordSet* cname = zone_.find({*source, RecordType::kCname});
    const auto target = cname ? alias_target(*cname) : std::nullopt;
    if (!target) return std::nullopt;
    at = *target;
  }
  return std::nullopt;
}

FoundChange& Sweep::change(const RecordSet& set, std::vector<std::string> to) {
  RecordSet after{set.name, set.type, set.ttl, std::move(to)};
  normalize(after);
  FoundChange found;
  found.change = PlannedChange{set.name, set.type, set.rdata, after.rdata, {}};
  found.ttl = set.ttl;
  if (may_be_proxied(set.type) && zone_.proxied.count(set.name) != 0) {
    found.change.proxied = true;
    found.notes.push_back("the origin behind the provider's proxy: no TTL to lower, no drain, no watch");
  }
  if (set.name.is_wildcard())
    found.notes.push_back("a wildcard: it answers for every name beneath that has no records of its own");
  findings_.changes.push_back(std::move(found));
  changed_.insert(set.key());
  return findings_.changes.back();
}

std::optional<std::string> Sweep::barred(const RecordSet& set) const {
  const auto cut = index_.cut_above(set.name);
  if (cut && index_.is_name_server(set.name))
    return fmt::format(
        "glue for the delegated zone {}: it is changed together with that zone's own address record, "
        "and the old name server has to answer until then",
        cut->text());
  if (cut)
    return fmt::format(
        "it lies in or below the delegated zone {}, whose servers answer for it: change it there and remove it here",
        cut->text());
  if (index_.is_name_server(set.name))
    return "the address of a name server: the parent zone or the registry may hold it as glue, with a TTL of its "
           "own; "
           "move the name server in a separate step, new one first";
  return std::nullopt;
}

void Sweep::find_changes(const RecordSet& set) {
  if (is_address(set.type)) return find_address_change(set);
  if (set.type == RecordType::kCname) return find_alias_change(set);
}

void Sweep::find_address_change(const RecordSet& set) {
  std::vector<std::string> old;
  std::vector<std::string> to;
  for (const std::string& rdata : set.rdata) {
    if (const auto* places = places_of(rdata)) {
      old.push_back(rdata);
      for (const IpAddress& place : *places) to.push_back(place.text());
    } else {
      to.push_back(rdata);
    }
  }
  if (old.empty()) return;
  if (const auto why = barred(set)) {
    for (const std::string& rdata : old) mention(set.key(), rdata, *why);
    return;
  }
  FoundChange& found = change(set, to);
  if (found.change.to.empty()) {
    found.alarm = fmt::format("this REMOVES the {} of {}, because its address has no successor. ", to_text(set.type),
                              set.name.text());
    found.alarm += set.type == RecordType::kAaaa
                       ? "Users with IPv6 will come over IPv4; left alone, they would stay on the old side. "
                       : "Users without IPv6 will not reach it any more. ";
    found.alarm += "Has the new side an address after all? Write it into `to`";
  } else if (old.size() < set.rdata.size()) {
    found.notes.push_back(fmt::format("{} of {} addresses moves, the others stay", old.size(), set.rdata.size()));
  }
}

void Sweep::find_alias_change(const RecordSet& set) {
  const auto target = alias_target(set);
  const DomainName* place = target ? place_of(*target) : nullptr;
  if (!place) return;
  if (const auto cut = index_.cut_above(set.name)) return mention(set.key(), target->text(), *barred(set));
  change(set, {place->text()});
}

void Sweep::add_new_family() {
  if (mapping_.added.empty()) return;
  for (const Family family : {Family::kV4, Family::kV6}) {
    const RecordType type = family == Family::kV4 ? RecordType::kA : RecordType::kAaaa;
    std::vector<std::string> to;
    for (const IpAddress& address : mapping_.added)
      if (address.family() == family) to.push_back(address.text());
    if (to.empty()) continue;
    const std::vector<FoundChange> moved_now = findings_.changes;
    for (const FoundChange& beside : moved_now) {
      if (!is_address(beside.change.type) || beside.change.type == type || beside.change.to.empty()) continue;
      if (zone_.find({beside.change.name, type})) continue;  // find_other_family() speaks of it
      RecordSet none{beside.change.name, type, beside.ttl, {}};
      FoundChange& created = change(none, to);
      created.notes.push_back(
          fmt::format("a new record set beside the {}: caches may hold \"does not exist\" for up to {}",
                      to_text(beside.change.type), format_duration(zone_.soa.negative_ttl())));
    }
  }
}

void Sweep::find_binding(const RecordSet& set) {
  std::vector<std::string> to;
  std::vector<std::string> old_words;
  bool has_ech = false;
  std::string bar;
  for (const std::string& rdata : set.rdata) {
    auto binding = parse_service_binding(rdata);
    if (!binding) {
      find_unreadable_binding(set, rdata);
      to.push_back(rdata);
      continue;
    }
    const std::vector<std::string> words = old_words_of(*binding);
    old_words.insert(old_words.end(), words.begin(), words.end());
    const DomainName host = binding->target.is_root() ? without_service_labels(set.name) : binding->target;
    has_ech = has_ech || (binding->find("ech") && (!words.empty() || moves(host)));
    auto rewritten = moved(*binding, mapping_);
    if (!rewritten) bar = rewritten.error().message;
    to.push_back(rewritten && !words.empty() ? rewritten->text() : rdata);
  }
  if (const auto cut = index_.cut_above(set.name); cut && !old_words.empty()) bar = *barred(set);
  if (has_ech) {
    const std::string proposal = old_words.empty() ? "" : fmt::format(" as to: {}", join(to, " and "));
    old_words.insert(old_words.begin(), "ech");
    return mention(
        set.key(), join(old_words, " "),
        "clients encrypt to a key that the new side may not hold, and then fail. Remove `ech` a TTL ahead, or add the "
        "change" +
            proposal + " and `swap: { ech: new-side-holds-the-key }` by hand",
        About::kGoesAlong);
  }
  if (old_words.empty()) return;
  if (!bar.empty()) {
    for (const std::string& word : old_words) mention(set.key(), word, bar);
    return;
  }
  FoundChange& found = change(set, to);
  if (found.change.to == found.change.from) {
    findings_.changes.pop_back();
    changed_.erase(set.key());
    return;
  }
  found.notes.push_back(
      "moves in the same change as the addresses, since clients may connect to the hints alone (RFC 9460 section "
      "7.3); "
      "the new side has to speak the same alpn and port");
}

std::vector<std::string> Sweep::old_words_of(const ServiceBinding& binding) const {
  std::vector<std::string> words;
  for (const IpAddress& hint : hints_of(binding))
    if (mapping_.addresses.count(hint) > 0)
      words.push_back(fmt::format("ipv{}hint={}", hint.family() == Family::kV4 ? 4 : 6, hint.text()));
  if (!binding.target.is_root() && place_of(binding.target)) words.push_back(binding.target.text());
  return words;
}

void Sweep::find_unreadable_binding(const RecordSet& set, std::string_view rdata) {
  const bool goes_along = moves(without_service_labels(set.name)).has_value();
  std::string what;
  for (const auto& [address, places] : mapping_.addresses)
    if (auto word = literal_address(rdata, address)) what = *word;
  if (!what.empty() || goes_along)
    mention(set.key(), what.empty() ? "in a foreign form" : what,
            "its parameters are in a form that cannot be rewritten safely, and may hint at the old side: write the "
            "change by hand",
            what.empty() ? About::kGoesAlong : About::kOldSide);
}

void Sweep::find_other_family(const RecordSet& set) {
  if (changed_.count(set.key()) > 0) return;
  const RecordType other = set.type == RecordType::kA ? RecordType::kAaaa : RecordType::kA;
  const FoundChange* moving = findings_.change_of({set.name, other});
  if (!moving) return;
  for (const std::string& rdata : set.rdata) {
    if (is_new_address(rdata)) continue;
    mention(set.key(), rdata,
            fmt::format("the {} of {} moves and this {} stays: users who prefer {} would stay where they are. Give its "
                        "address in the mapping as well, or acknowledge that it is right already",
                        to_text(other), set.name.text(), to_text(set.type),
                        set.type == RecordType::kAaaa ? "IPv6" : "IPv4"),
            About::kGoesAlong);
  }
}

bool Sweep::is_new_address(std::string_view rdata) const {
  const auto address = IpAddress::from_text(rdata);
  if (!address) return false;
  const auto holds = [&](const std::vector<IpAddress>& list) {
    return std::find(list.begin(), list.end(), *address) != list.end();
  };
  return holds(mapping_.added) || std::any_of(mapping_.addresses.begin(), mapping_.addresses.end(),
                                              [&](const auto& move) { return holds(move.second); });
}

void Sweep::find_followers() {
  std::set<DomainName> seen;
  for (const auto& [key, set] : zone_.sets) {
    if (key.type != RecordType::kCname || changed_.count(key) > 0 || key.name.wire()[1] == '_') continue;
    if (const auto moving = moves(key.name); moving && seen.insert(key.name).second)
      findings_.followers.push_back({key.name, *moving});
  }
}

}  // namespace cutover
