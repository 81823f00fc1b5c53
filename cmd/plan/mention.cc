#include "cmd/plan/mention.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cmd/plan/service_binding.h"
#include "cmd/plan/txt_words.h"
#include "cmd/plan/zone_index.h"
#include "core/text.h"

// The sweep goes over the zone twice, because the second time needs what the first found:
//
//   1. address and CNAME sets that hold the old side themselves -> changes. A name is said to move when a
//      question for it ends at one of them, through wildcards and the zone's own CNAMEs.
//   2. everything that points at a moving name, goes along with one, or names the old side in another form
//      -> mentions; HTTPS and SVCB sets, whose hints and `ech` belong to the names they go with -> changes
//      where nothing bars it.

namespace cutover {
namespace {

bool is_address(RecordType type) { return type == RecordType::kA || type == RecordType::kAaaa; }
bool is_binding(RecordType type) { return type == RecordType::kHttps || type == RecordType::kSvcb; }

/// Records that a signer makes out of the others: they follow by themselves.
bool is_made_by_signer(RecordType type) {
  switch (type) {
    case RecordType::kRrsig:
    case RecordType::kNsec:
    case RecordType::kNsec3:
    case RecordType::kNsec3param:
    case RecordType::kDnskey:
    case RecordType::kCds:
    case RecordType::kCdnskey:
    case RecordType::kZonemd:
    case RecordType::kDs:
      return true;
    default:
      return false;
  }
}

std::vector<std::string> fields_of(std::string_view rdata) {
  std::vector<std::string> fields;
  for (std::string& field : split(rdata, ' '))
    if (!field.empty()) fields.push_back(std::move(field));
  return fields;
}

/// The names that a record points at, by type (RFC 1035 section 3.3, 2782, 3403, 6672).
std::vector<DomainName> targets_of(RecordType type, std::string_view rdata) {
  const std::vector<std::string> fields = fields_of(rdata);
  std::vector<std::size_t> at;
  switch (type) {
    case RecordType::kNs:
    case RecordType::kCname:
    case RecordType::kPtr:
    case RecordType::kDname:
      at = {0};
      break;
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

/// `www` of `_443._tcp.www`: the name that service labels stand in front of.
DomainName without_service_labels(const DomainName& name) {
  DomainName base = name;
  while (!base.is_root() && (base.wire()[1] == '_' || (base.is_wildcard() && base.parent().wire()[1] == '_')))
    base = base.parent();
  return base;
}

/// As people read a zone: the apex, then names by their labels, then types.
std::pair<std::vector<std::string>, RecordType> reading_order(const RecordKey& key) {
  std::vector<std::string> labels = key.name.labels();
  std::reverse(labels.begin(), labels.end());
  return {std::move(labels), key.type};
}

class Sweep {
 public:
  Sweep(const Zone& zone, const Mapping& mapping, MentionNames names)
      : zone_(zone), mapping_(mapping), names_(names), index_(zone) {}

  Findings run() {
    for (const auto& [key, set] : zone_.sets) find_changes(set);
    // From here the changed names are known, but for what --to adds.
    add_new_family();
    for (const auto& [key, set] : zone_.sets) find_mentions(set);
    find_followers();
    std::stable_sort(findings_.changes.begin(), findings_.changes.end(),
                     [](const FoundChange& a, const FoundChange& b) {
                       return reading_order(a.change.key()) < reading_order(b.change.key());
                     });
    std::stable_sort(
        findings_.mentions.begin(), findings_.mentions.end(),
        [](const FoundMention& a, const FoundMention& b) { return reading_order(a.key) < reading_order(b.key); });
    return std::move(findings_);
  }

 private:
  // --- what every finding needs

  std::string shown(const DomainName& name) const {
    return names_ == MentionNames::kRelative ? name.relative_to(zone_.origin) : name.text();
  }

  using About = FoundMention::About;

  void mention(const RecordKey& key, std::string_view what, const std::string& reason, About about = About::kOldSide) {
    std::string text = printable(fmt::format("{} {} {}", to_text(key.type), shown(key.name), what));
    if (texts_.insert(text).second)
      findings_.mentions.push_back({about, key, std::move(text), printable(reason), std::nullopt});
  }

  FoundChange& change(const RecordSet& set, std::vector<std::string> to) {
    RecordSet after{set.name, set.type, set.ttl, std::move(to)};
    normalize(after);
    FoundChange found;
    found.change = PlannedChange{set.name, set.type, set.rdata, after.rdata, {}};
    found.ttl = set.ttl;
    if (set.name.is_wildcard())
      found.notes.push_back("a wildcard: it answers for every name beneath that has no records of its own");
    findings_.changes.push_back(std::move(found));
    changed_.insert(set.key());
    return findings_.changes.back();
  }

  const std::vector<IpAddress>* places_of(std::string_view rdata) const {
    auto address = IpAddress::from_text(rdata);
    if (!address) return nullptr;
    const auto at = mapping_.addresses.find(*address);
    return at == mapping_.addresses.end() ? nullptr : &at->second;
  }

  const DomainName* place_of(const DomainName& target) const {
    const auto at = mapping_.targets.find(target);
    return at == mapping_.targets.end() ? nullptr : &at->second;
  }

  /// The changed name that a question for `name` ends at, through wildcards and CNAMEs of this zone.
  std::optional<DomainName> moves(const DomainName& name) const {
    DomainName at = name;
    for (int link = 0; link < 16; ++link) {
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

  // --- first pass: changes

  void find_changes(const RecordSet& set) {
    if (is_address(set.type)) return find_address_change(set);
    if (set.type == RecordType::kCname) return find_alias_change(set);
  }

  void find_address_change(const RecordSet& set) {
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

  /// Why an address set that holds an old address is not for this plan to change.
  std::optional<std::string> barred(const RecordSet& set) const {
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

  void find_alias_change(const RecordSet& set) {
    const auto target = alias_target(set);
    const DomainName* place = target ? place_of(*target) : nullptr;
    if (!place) return;
    if (const auto cut = index_.cut_above(set.name)) return mention(set.key(), target->text(), *barred(set));
    change(set, {place->text()});
  }

  /// --to has a family that --from has not: names that move get a set of that family beside the moved one.
  void add_new_family() {
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

  // --- second pass: mentions, HTTPS and SVCB

  void find_mentions(const RecordSet& set) {
    if (is_made_by_signer(set.type)) return;
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
    if (targets_of(set.type, set.rdata.empty() ? "" : set.rdata[0]).empty()) find_literals(set);
  }

  void find_delegation(const RecordSet& set) {
    if (set.type != RecordType::kNs || set.name == zone_.origin || index_.cut_above(set.name) != set.name) return;
    mention(
        set.key(), "delegated zone",
        fmt::format("{} is a zone of its own and was not looked into: assess it as well, or acknowledge that nothing "
                    "in it names the old side",
                    set.name.text()),
        About::kUnswept);
  }

  void find_reverse(const RecordSet& set) {
    if (set.type != RecordType::kPtr) return;
    for (const auto& [address, places] : mapping_.addresses)
      if (set.name == reverse_name(address))
        for (const std::string& rdata : set.rdata)
          mention(
              set.key(), rdata,
              fmt::format(
                  "the reverse entry of the old address {}: the new address needs one too (mail servers look at it), "
                  "and this one goes when the old side is retired",
                  address.text()));
  }

  /// The classic mistake: A moves, AAAA stays, and everybody with IPv6 stays on the old side.
  void find_other_family(const RecordSet& set) {
    if (changed_.count(set.key()) > 0) return;
    const RecordType other = set.type == RecordType::kA ? RecordType::kAaaa : RecordType::kA;
    const FoundChange* moving = findings_.change_of({set.name, other});
    if (!moving) return;
    for (const std::string& rdata : set.rdata) {
      if (is_new_address(rdata)) continue;
      mention(set.key(), rdata,
              fmt::format(
                  "the {} of {} moves and this {} stays: users who prefer {} would stay where they are. Give its "
                  "address in the mapping as well, or acknowledge that it is right already",
                  to_text(other), set.name.text(), to_text(set.type), set.type == RecordType::kAaaa ? "IPv6" : "IPv4"),
              About::kGoesAlong);
    }
  }

  bool is_new_address(std::string_view rdata) const {
    const auto address = IpAddress::from_text(rdata);
    if (!address) return false;
    const auto holds = [&](const std::vector<IpAddress>& list) {
      return std::find(list.begin(), list.end(), *address) != list.end();
    };
    return holds(mapping_.added) || std::any_of(mapping_.addresses.begin(), mapping_.addresses.end(),
                                                [&](const auto& move) { return holds(move.second); });
  }

  void find_mapped(const RecordSet& set) {
    if (set.type != RecordType::kAaaa) return;
    for (const std::string& rdata : set.rdata)
      for (const auto& [address, places] : mapping_.addresses)
        if (address.family() == Family::kV4 && literal_address(rdata, address))
          mention(set.key(), rdata,
                  "an IPv4-mapped address of the old side: it does not belong into public DNS, remove it");
  }

  void find_binding(const RecordSet& set) {
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
      const std::string proposal = old_words.empty() ? "" : fmt::format(" (then: to: {})", join(to, " and "));
      bar =
          "it has `ech`: clients encrypt to a key that the new side may not hold, and then fail. Remove `ech` a TTL "
          "ahead, or "
          "add the change and `swap: {ech: new-side-holds-the-key}` by hand" +
          proposal;
      mention(set.key(), "ech", bar, About::kGoesAlong);
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

  std::vector<std::string> old_words_of(const ServiceBinding& binding) const {
    std::vector<std::string> words;
    for (const IpAddress& hint : hints_of(binding))
      if (mapping_.addresses.count(hint) > 0)
        words.push_back(fmt::format("ipv{}hint={}", hint.family() == Family::kV4 ? 4 : 6, hint.text()));
    if (!binding.target.is_root() && place_of(binding.target)) words.push_back(binding.target.text());
    return words;
  }

  void find_unreadable_binding(const RecordSet& set, std::string_view rdata) {
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

  /// TLSA and SSHFP name the key of the host that answers today (RFC 7671 section 8, RFC 4255).
  void find_keys(const RecordSet& set) {
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

  static std::string tlsa_reason(const DomainName& moving) {
    return fmt::format(
        "{} moves: publish the digest of the new side's key next to this one, wait a few TTLs, and only then "
        "swap; both have to match during standby",
        moving.text());
  }

  void find_text(const RecordSet& set) {
    for (const std::string& rdata : set.rdata) {
      const std::string text = txt_bytes(rdata);
      if (const auto terms = spf_terms(text))
        for (const SpfTerm& term : *terms) find_spf_term(set, *terms, term);
      else
        find_literals_in(set, text);
    }
  }

  void find_spf_term(const RecordSet& set, const std::vector<SpfTerm>& terms, const SpfTerm& term) {
    const std::string what = "spf1 " + term.text;
    switch (term.kind) {
      case SpfTerm::Kind::kIp:
        for (const auto& [address, places] : mapping_.addresses)
          if (term.length > 0 && covers(*term.network, term.length, address))
            mention(set.key(), what, spf_reason(terms, address, places));
        return;
      case SpfTerm::Kind::kA:
      case SpfTerm::Kind::kMx:
        return find_spf_host(set, term, what);
      case SpfTerm::Kind::kInclude:
      case SpfTerm::Kind::kRedirect:
      case SpfTerm::Kind::kOther:
        break;
    }
    if (term.domain && place_of(*term.domain))
      return mention(set.key(), what,
                     "SPF names the old side here: put the new name beside it before the swap if it sends mail");
    for (const auto& [address, places] : mapping_.addresses)
      if (literal_address(term.text, address))
        mention(set.key(), what, "SPF names the old address in a term that is not understood");
  }

  std::string spf_reason(const std::vector<SpfTerm>& terms, const IpAddress& old,
                         const std::vector<IpAddress>& places) const {
    std::vector<std::string> missing;
    for (const IpAddress& place : places) {
      const bool listed = std::any_of(terms.begin(), terms.end(), [&](const SpfTerm& t) {
        return t.kind == SpfTerm::Kind::kIp && covers(*t.network, t.length, place);
      });
      if (!listed) missing.push_back(place.text());
    }
    std::string reason = fmt::format("mail sent from {} is allowed by this: it stays valid during standby", old.text());
    if (!missing.empty())
      reason += fmt::format("; add {} beside it before the swap if the new side sends mail", join(missing, " and "));
    else
      reason += "; the new address is allowed already, so remove this one when the old side is retired";
    return reason;
  }

  void find_spf_host(const RecordSet& set, const SpfTerm& term, const std::string& what) {
    if (term.has_macro) return;
    const DomainName domain = term.domain.value_or(set.name);
    std::vector<DomainName> hosts{domain};
    if (term.kind == SpfTerm::Kind::kMx) {
      hosts.clear();
      if (const RecordSet* mx = zone_.find({domain, RecordType::kMx}))
        for (const std::string& rdata : mx->rdata)
          for (const DomainName& target : targets_of(RecordType::kMx, rdata)) hosts.push_back(target);
    }
    for (const DomainName& host : hosts) {
      if (place_of(host))
        return mention(set.key(), what, fmt::format("SPF allows {}, a name of the old side", host.text()));
      if (moves(host))
        return mention(
            set.key(), what,
            fmt::format(
                "it stands for the address of {}, which moves: from the swap on it allows the new address "
                "and no longer the old one. List the old address by ip4 or ip6 while the old host still sends mail",
                host.text()),
            About::kGoesAlong);
      if (host_network_covers_old(host, term))
        return mention(set.key(), what,
                       fmt::format("the network around {} that it allows holds an old address", host.text()));
    }
  }

  bool host_network_covers_old(const DomainName& host, const SpfTerm& term) const {
    const auto source = index_.source_of(index_.end_of_chain(host));
    if (!source) return false;
    for (const RecordType type : {RecordType::kA, RecordType::kAaaa}) {
      const RecordSet* set = zone_.find({*source, type});
      if (!set) continue;
      for (const std::string& rdata : set->rdata)
        if (auto base = IpAddress::from_text(rdata))
          for (const auto& [address, places] : mapping_.addresses)
            if (covers(*base, type == RecordType::kA ? term.v4_length : term.v6_length, address)) return true;
    }
    return false;
  }

  void find_targets(const RecordSet& set) {
    for (const std::string& rdata : set.rdata) {
      for (const DomainName& target : targets_of(set.type, rdata)) {
        if (place_of(target) || (set.type == RecordType::kDname && leads_into_old(target)))
          mention_target(set.key(), target, old_target_reason(set.type, target), About::kOldSide);
        else if (const auto moving = moves(target);
                 moving && set.type != RecordType::kCname && set.type != RecordType::kDname)
          mention_target(set.key(), target, moving_target_reason(set.type, target), About::kGoesAlong);
      }
    }
  }

  void mention_target(const RecordKey& key, const DomainName& target, const std::string& reason, About about) {
    const std::size_t before = findings_.mentions.size();
    mention(key, target.text(), reason, about);
    if (findings_.mentions.size() > before) findings_.mentions.back().target = target;
  }

  bool leads_into_old(const DomainName& target) const {
    return std::any_of(mapping_.targets.begin(), mapping_.targets.end(),
                       [&](const auto& move) { return move.first.is_within(target); });
  }

  std::string old_target_reason(RecordType type, const DomainName& target) const {
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

  std::string moving_target_reason(RecordType type, const DomainName& target) const {
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

  /// Types without a rule of their own: URI, CAA parameters, HINFO, APL, IPSECKEY, ...
  void find_literals(const RecordSet& set) {
    for (const std::string& rdata : set.rdata) find_literals_in(set, rdata);
  }

  void find_literals_in(const RecordSet& set, std::string_view text) {
    for (const auto& [address, places] : mapping_.addresses)
      if (const auto word = literal_address(text, address))
        mention(set.key(), *word,
                fmt::format("text that names the old address {}: only whoever reads it can say what it should become",
                            address.text()));
    for (const auto& [target, place] : mapping_.targets)
      if (has_literal_name(text, target))
        mention(set.key(), target.host(),
                fmt::format("text that names the old target {}: only whoever reads it can say what it should become",
                            target.text()));
  }

  void find_followers() {
    std::set<DomainName> seen;
    for (const auto& [key, set] : zone_.sets) {
      if (key.type != RecordType::kCname || changed_.count(key) > 0 || key.name.wire()[1] == '_') continue;
      if (const auto moving = moves(key.name); moving && seen.insert(key.name).second)
        findings_.followers.push_back({key.name, *moving});
    }
  }

  const Zone& zone_;
  const Mapping& mapping_;
  MentionNames names_;
  ZoneIndex index_;
  std::set<RecordKey> changed_;
  std::set<std::string> texts_;
  Findings findings_;
};

}  // namespace

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

Findings sweep_mentions(const Zone& zone, const Mapping& mapping, MentionNames names) {
  return Sweep(zone, mapping, names).run();
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
