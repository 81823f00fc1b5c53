#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/plan_values.h"
#include "cmd/plan/sweep.h"
#include "core/text.h"

namespace cutover {
namespace {

bool is_address(RecordType type) { return type == RecordType::kA || type == RecordType::kAaaa; }
bool is_binding(RecordType type) { return type == RecordType::kHttps || type == RecordType::kSvcb; }

std::vector<std::string> fields_of(std::string_view rdata) {
  std::vector<std::string> fields;
  for (std::string& field : split(rdata, ' '))
    if (!field.empty()) fields.push_back(std::move(field));
  return fields;
}

}  // namespace

std::vector<DomainName> names_pointed_at(RecordType type, std::string_view rdata) {
  const std::vector<std::string> fields = fields_of(rdata);
  std::vector<std::size_t> at;
  switch (type) {
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
    case RecordType::kDname:
    case RecordType::kSoa:
      at = {0};
      break;
    case RecordType::kMx:
      at = {1};
      break;
    case RecordType::kSrv:
      at = {3};
      break;
    case RecordType::kNaptr:
      at = {fields.size() - 1};
      break;
    default:
      break;
  }
  std::vector<DomainName> names;
  for (const std::size_t i : at)
    if (i < fields.size())
      if (auto name = DomainName::from_text(fields[i]); name && !name->is_root()) names.push_back(*name);
  return names;
}

DomainName without_service_labels(const DomainName& name) {
  DomainName base = name;
  while (!base.is_root() && (base.wire()[1] == '_' || (base.is_wildcard() && base.parent().wire()[1] == '_')))
    base = base.parent();
  return base;
}

void Sweep::find_mentions(const RecordSet& set) {
  if (plan_values::is_made_by_signer(set.type) || set.type == RecordType::kDs) return;
  find_delegation(set);
  find_reverse(set);
  if (is_address(set.type)) {
    find_other_family(set);
    find_mapped(set);
    return;
  }
  if (is_binding(set.type)) return find_binding(set);
  find_keys(set);
  if (changed_.count(set.key()) > 0) return;
  if (set.type == RecordType::kTxt || set.type == RecordType::kSpf) return find_text(set);
  find_targets(set);
  if (names_pointed_at(set.type, set.rdata.empty() ? "" : set.rdata[0]).empty()) find_literals(set);
}

void Sweep::find_delegation(const RecordSet& set) {
  if (set.type != RecordType::kNs || set.name == zone_.origin || index_.cut_above(set.name) != set.name) return;
  mention(set.key(), "delegated zone",
          fmt::format("{} is a zone of its own and was not looked into: assess it as well, or acknowledge that nothing "
                      "in it names the old side",
                      set.name.text()),
          About::kUnswept);
}

void Sweep::find_reverse(const RecordSet& set) {
  if (set.type != RecordType::kPtr) return;
  for (const auto& [address, places] : mapping_.addresses)
    if (set.name == reverse_name(address))
      for (const std::string& rdata : set.rdata)
        mention(set.key(), rdata,
                fmt::format(
                    "the reverse entry of the old address {}: the new address needs one too (mail servers look at it), "
                    "and this one goes when the old side is retired",
                    address.text()));
}

void Sweep::find_mapped(const RecordSet& set) {
  if (set.type != RecordType::kAaaa) return;
  for (const std::string& rdata : set.rdata)
    for (const auto& [address, places] : mapping_.addresses)
      if (address.family() == Family::kV4 && literal_address(rdata, address))
        mention(set.key(), rdata,
                "an IPv4-mapped address of the old side: it does not belong into public DNS, remove it");
}

void Sweep::find_keys(const RecordSet& set) {
  const bool alias_of_tlsa =
      set.type == RecordType::kCname && set.name.wire()[1] == '_' && set.name.parent().wire()[1] == '_';
  if (set.type != RecordType::kTlsa && set.type != RecordType::kSshfp && !alias_of_tlsa) return;
  const auto moving = moves(without_service_labels(set.name));
  if (!moving) return;
  if (set.type == RecordType::kSshfp)
    return mention(
        set.key(), "fingerprints",
        fmt::format("{} moves: the new side needs the same host keys, or its fingerprints here", moving->text()),
        About::kGoesAlong);
  if (alias_of_tlsa)
    return mention(set.key(), set.rdata.empty() ? "" : set.rdata[0], tlsa_reason(*moving), About::kGoesAlong);
  mention(set.key(), "DANE", tlsa_reason(*moving), About::kGoesAlong);
}

std::string Sweep::tlsa_reason(const DomainName& moving) {
  return fmt::format(
      "{} moves: publish the digest of the new side's key next to this one, wait a few TTLs, and only then "
      "swap; both have to match during standby",
      moving.text());
}

void Sweep::find_targets(const RecordSet& set) {
  for (const std::string& rdata : set.rdata) {
    for (const DomainName& target : names_pointed_at(set.type, rdata)) {
      if (place_of(target) || (set.type == RecordType::kDname && leads_into_old(target)))
        mention_target(set.key(), target, old_target_reason(set.type, target), About::kOldSide);
      else if (const auto moving = moves(target);
               moving && set.type != RecordType::kCname && set.type != RecordType::kDname)
        mention_target(set.key(), target, moving_target_reason(set.type, target), About::kGoesAlong);
    }
  }
}

void Sweep::mention_target(const RecordKey& key, const DomainName& target, const std::string& reason, About about) {
  const std::size_t before = findings_.mentions.size();
  mention(key, target.text(), reason, about);
  if (findings_.mentions.size() > before) findings_.mentions.back().target = target;
}

bool Sweep::leads_into_old(const DomainName& target) const {
  return std::any_of(mapping_.targets.begin(), mapping_.targets.end(),
                     [&](const auto& move) { return move.first.is_within(target); });
}

std::string Sweep::old_target_reason(RecordType type, const DomainName& target) const {
  const DomainName* place = place_of(target);
  const std::string onward =
      place ? fmt::format("write the change to {} by hand if it moves with the rest", place->text())
            : std::string("write the change by hand if it moves with the rest");
  switch (type) {
    case RecordType::kMx:
      return "mail goes to the old side: mail is moved in its own step, with its queue and its SPF; " + onward;
    case RecordType::kNs:
      return "a name server of the old side: changing name servers is a move of the whole zone, which this plan does "
             "not do";
    case RecordType::kSoa:
      return "the primary server in the SOA, where dynamic updates go: it changes with the DNS provider";
    case RecordType::kDname:
      return "every name beneath is answered from there: " + onward;
    default:
      return fmt::format("the service behind this {} is on the old side: ", to_text(type)) + onward;
  }
}

std::string Sweep::moving_target_reason(RecordType type, const DomainName& target) const {
  switch (type) {
    case RecordType::kMx:
      return fmt::format(
          "mail moves with it: {} gets a new address in this plan. Is the new side ready for mail on port 25? "
          "If mail stays, give it a name of its own first",
          target.text());
    case RecordType::kNs:
      return fmt::format("{} is a name server and moves: its address at the parent has to be changed too",
                         target.text());
    case RecordType::kSoa:
      return fmt::format("{} is the primary server in the SOA and moves: dynamic updates follow it", target.text());
    default:
      return fmt::format(
          "the service moves with it: {} gets a new address in this plan, so the new side has to offer the service "
          "too",
          target.text());
  }
}

}  // namespace cutover
