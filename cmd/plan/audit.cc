#include "cmd/plan/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "cmd/plan/authority_audit.h"
#include "cmd/plan/service_binding.h"
#include "cmd/plan/txt_words.h"
#include "cmd/plan/zone_index.h"
#include "core/text.h"

namespace cutover {
namespace {

bool is_address(RecordType type) { return type == RecordType::kA || type == RecordType::kAaaa; }

std::string seconds_and_words(Seconds ttl) {
  return ttl < Seconds(60) ? fmt::format("{} s", ttl.count())
                           : fmt::format("{} s ({})", ttl.count(), format_duration(ttl));
}

/// At most three items by name, the rest by number.
std::string some_of(const std::vector<std::string>& items) {
  constexpr std::size_t kShown = 3;
  if (items.size() <= kShown) return join(items, ", ");
  return fmt::format("{} and {} more", join({items.begin(), items.begin() + kShown}, ", "), items.size() - kShown);
}

class Auditor {
 public:
  explicit Auditor(const AuditInput& input) : in_(input), index_(input.zone) {}

  std::vector<Audit> run() {
    nothing_to_do();
    ttls();
    negative_ttl();
    families();
    wildcards();
    chains();
    bindings();
    mail();
    certificates();
    dnssec();
    signatures();
    servers();
    provider();
    return std::move(audits_);
  }

 private:
  template <class... Args>
  void say(std::string_view id, Severity severity, fmt::format_string<Args...> text, Args&&... args) {
    audits_.push_back({std::string(id), severity, printable(fmt::format(text, std::forward<Args>(args)...))});
  }

  void add(std::vector<Audit> more) {
    audits_.insert(audits_.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }

  std::set<DomainName> changed_names() const {
    std::set<DomainName> names;
    for (const FoundChange& found : in_.findings.changes)
      if (is_address(found.change.type) || found.change.type == RecordType::kCname) names.insert(found.change.name);
    return names;
  }

  void nothing_to_do() {
    if (!in_.findings.changes.empty()) return;
    say("nothing-moves", Severity::kError,
        "no record set of {} holds the old side in a form that can be changed ({} without a change): is it the right "
        "zone, and are "
        "these its real addresses? A proxied or flattened name shows other ones",
        in_.zone.origin.text(), counted(in_.findings.mentions.size(), "mention"));
  }

  // --- time

  void ttls() {
    std::vector<std::string> high, low;
    const FoundChange* highest = nullptr;
    for (const FoundChange& found : in_.findings.changes) {
      if (found.change.from.empty()) continue;
      (found.ttl > in_.during ? high : low).push_back(found.change.key().text());
      if (!highest || found.ttl > highest->ttl) highest = &found;
    }
    if (!highest) return;
    if (high.empty())
      return say("ttl-low", Severity::kNote, "TTL already {} s or less on everything that changes: no lowering needed",
                 highest->ttl.count());
    say("ttl-high", highest->ttl > Seconds(86400) ? Severity::kWarning : Severity::kNote,
        "the longest TTL among what changes is {} at {}: `lower-ttl`, then the swap may follow {} later",
        seconds_and_words(highest->ttl), highest->change.key().text(), format_duration(highest->ttl));
    if (!low.empty())
      say("ttl-partly-low", Severity::kNote, "no lowering needed, TTL at most {1} s already: {0}", some_of(low),
          in_.during.count());
    unequal_families();
    unequal_servers();
  }

  void unequal_families() {
    for (const DomainName& name : changed_names()) {
      const RecordSet* a = in_.zone.find({name, RecordType::kA});
      const RecordSet* aaaa = in_.zone.find({name, RecordType::kAaaa});
      if (a && aaaa && a->ttl != aaaa->ttl)
        say("ttl-differs", Severity::kNote, "{} has A with TTL {} s and AAAA with {} s: the longer one rules",
            name.text(), a->ttl.count(), aaaa->ttl.count());
    }
  }

  void unequal_servers() {
    if (!in_.sweep || !in_.delegation) return;
    std::map<RecordKey, std::map<std::int64_t, std::vector<std::string>>> seen;
    for (const net::AuthorityReading& reading : in_.sweep->readings)
      if (reading.set && reading.authoritative && in_.findings.change_of(reading.key))
        seen[reading.key][reading.set->ttl.count()].push_back(in_.delegation->servers[reading.server].label());
    for (const auto& [key, by_ttl] : seen) {
      if (by_ttl.size() > 1) {
        const auto& [longest, labels] = *by_ttl.rbegin();
        say("ttl-differs", Severity::kWarning,
            "{} is served with different TTLs, from {} s to {} s (the longest by {}): the longest counts", key.text(),
            by_ttl.begin()->first, longest, some_of(labels));
      } else if (const RecordSet* own = in_.zone.find(key); own && own->ttl.count() != by_ttl.begin()->first) {
        say("ttl-differs", Severity::kWarning,
            "{} has TTL {} s at the provider and {} s where it is served: the larger one counts", key.text(),
            own->ttl.count(), by_ttl.begin()->first);
      }
    }
  }

  void negative_ttl() {
    std::vector<std::string> added;
    for (const FoundChange& found : in_.findings.changes)
      if (found.change.from.empty()) added.push_back(found.change.key().text());
    const Soa soa = longest_negative_soa();
    const Seconds ttl = soa.negative_ttl();
    if (added.empty()) {
      if (!in_.findings.changes.empty())
        say("negative-ttl", Severity::kNote,
            "the swap adds no name and no type: the zone's negative TTL ({}) does not matter", seconds_and_words(ttl));
      return;
    }
    say("negative-ttl", ttl > Seconds(3600) ? Severity::kWarning : Severity::kNote,
        "the swap adds {}: who asked for it before may hold \"does not exist\" for {} (the smaller of the SOA's "
        "minimum, {} s, and its TTL, {} s)",
        some_of(added), seconds_and_words(ttl), soa.minimum.count(), soa.ttl.count());
  }

  /// The provider's SOA, or a server's whose negative answers last longer.
  Soa longest_negative_soa() const {
    Soa longest = in_.zone.soa;
    if (!in_.sweep) return longest;
    for (const auto& set : in_.sweep->soas) {
      if (!set) continue;
      const auto soa = parse_soa(*set);
      if (soa && soa->negative_ttl() > longest.negative_ttl()) longest = *soa;
    }
    return longest;
  }

  // --- names

  void families() {
    std::vector<std::string> dropped, half, v4_only;
    for (const DomainName& name : changed_names()) {
      const FoundChange* a = in_.findings.change_of({name, RecordType::kA});
      const FoundChange* aaaa = in_.findings.change_of({name, RecordType::kAaaa});
      const RecordSet* live_a = in_.zone.find({name, RecordType::kA});
      const RecordSet* live_aaaa = in_.zone.find({name, RecordType::kAaaa});
      for (const FoundChange* found : {a, aaaa})
        if (found && found->change.to.empty()) dropped.push_back(found->change.key().text());
      if ((a && !aaaa && live_aaaa) || (aaaa && !a && live_a)) half.push_back(name.text());
      if (a && !aaaa && !live_aaaa) v4_only.push_back(name.text());
    }
    if (!dropped.empty())
      say("family-removed", Severity::kWarning, "to be REMOVED, since the mapping has no new address: {}",
          some_of(dropped));
    if (!half.empty())
      say("dual-stack", Severity::kWarning,
          "one address family of {} moves and the other stays: users are split between the sides by how they connect",
          some_of(half));
    if (!v4_only.empty())
      say("dual-stack", Severity::kNote, "no AAAA at {}: there is no second family to forget", some_of(v4_only));
    else if (half.empty() && dropped.empty() && !changed_names().empty())
      say("dual-stack", Severity::kNote, "both address families move together wherever a name has both");
  }

  void wildcards() {
    for (const FoundChange& found : in_.findings.changes) {
      const PlannedChange& change = found.change;
      if (change.name.is_wildcard()) shadowed(change);
      if (!change.to.empty() || has_other_records(change)) continue;
      if (const auto wildcard = index_.wildcard_over(change.name))
        say("wildcard-uncovered", Severity::kWarning,
            "with {} removed nothing is left at that name, and {} answers for it", change.key().text(),
            wildcard->text());
    }
  }

  bool has_other_records(const PlannedChange& removed) const {
    return std::any_of(in_.zone.sets.begin(), in_.zone.sets.end(), [&](const auto& entry) {
      const auto& [key, set] = entry;
      if (!key.name.is_within(removed.name) || key == removed.key() || key.type == RecordType::kRrsig ||
          key.type == RecordType::kNsec)
        return false;
      const FoundChange* found = in_.findings.change_of(key);
      return !found || !found->change.to.empty();
    });
  }

  /// Names that a reader of `*.example.com` may think it covers, and that answer for themselves (RFC 4592).
  void shadowed(const PlannedChange& wildcard) {
    std::set<std::string> names;
    for (const auto& [key, set] : in_.zone.sets) {
      const bool beneath =
          key.name.is_within(wildcard.name.parent()) && key.name != wildcard.name.parent() && !key.name.is_wildcard();
      const bool answers = is_address(key.type) || key.type == RecordType::kCname;
      if (beneath && answers && !in_.findings.change_of(key) && key.name.wire()[1] != '_')
        names.insert(key.name.text());
    }
    if (!names.empty())
      say("wildcard", Severity::kNote,
          "{} moves; names with records of their own stay, since it does not reach them: {}", wildcard.name.text(),
          some_of({names.begin(), names.end()}));
  }

  void chains() {
    for (const FoundChange& found : in_.findings.changes) {
      if (found.change.type != RecordType::kCname || found.change.to.empty()) continue;
      const auto target = DomainName::from_text(found.change.to[0]);
      if (!target) continue;
      if (!target->is_within(in_.zone.origin))
        say("chain-outside", Severity::kNote,
            "{} will lead to {} outside this zone: its addresses and their TTLs are in other hands, and caches keep "
            "each link for itself",
            found.change.name.text(), target->text());
      else if (!index_.source_of(*target))
        say("chain-broken", Severity::kError, "{} will lead to {}, which does not exist in this zone",
            found.change.name.text(), target->text());
    }
    if (!in_.findings.followers.empty()) {
      std::vector<std::string> names;
      for (const Follower& follower : in_.findings.followers) names.push_back(follower.name.text());
      say("follows", Severity::kNote,
          "moving along by CNAME, so that the new side's certificate has to cover it as well: {}", some_of(names));
    }
  }

  void bindings() {
    for (const auto& [key, set] : in_.zone.sets) {
      if (key.type != RecordType::kHttps || in_.findings.change_of(key) || changed_names().count(key.name) == 0)
        continue;
      for (const std::string& rdata : set.rdata) {
        const auto binding = parse_service_binding(rdata);
        if (!binding || binding->priority == 0) continue;
        std::vector<std::string> wants;
        for (const char* name : {"alpn", "port"})
          if (const auto* parameter = binding->find(name))
            wants.push_back(fmt::format("{} {}", name, parameter->value));
        if (!wants.empty())
          say("https-goes-along", Severity::kNote,
              "the HTTPS record of {} stays and promises {}: the new side has to offer the same", key.name.text(),
              join(wants, " and "));
        if (!hints_of(*binding).empty())
          say("https-hints", Severity::kWarning,
              "the HTTPS record of {} hints at addresses that are not in the mapping ({}): are they the old side too?",
              key.name.text(), rdata);
      }
    }
  }

  // --- mail

  void mail() {
    for (const auto& [key, set] : in_.zone.sets)
      if (key.type == RecordType::kTxt) spf(set);
    const DomainName& apex = in_.zone.origin;
    const bool apex_moves = changed_names().count(apex) > 0;
    if (apex_moves && !in_.zone.find({apex, RecordType::kMx}))
      say("implicit-mx", Severity::kNote,
          "{} has no MX, so mail for it goes to its address, which moves (RFC 5321 section 5.1); publish `MX 0 .` if "
          "it takes no mail",
          apex.text());
  }

  void spf(const RecordSet& set) {
    std::size_t records = 0;
    for (const std::string& rdata : set.rdata) {
      const auto terms = spf_terms(txt_bytes(rdata));
      if (!terms) continue;
      ++records;
      std::set<std::string> missing;
      for (const auto& [old, places] : in_.mapping.addresses) {
        if (!listed(*terms, old)) continue;
        for (const IpAddress& place : places)
          if (!listed(*terms, place)) missing.insert(place.text());
      }
      if (!missing.empty())
        say("spf-new-address", Severity::kWarning,
            "the SPF record of {} lists the old address and not {}: mail from the new side would fail", set.name.text(),
            join({missing.begin(), missing.end()}, ", "));
    }
    if (records > 1)
      say("spf-multiple", Severity::kWarning,
          "{} has {} SPF records, which receivers treat as an error (RFC 7208 section 4.5)", set.name.text(), records);
  }

  static bool listed(const std::vector<SpfTerm>& terms, const IpAddress& address) {
    return std::any_of(terms.begin(), terms.end(), [&](const SpfTerm& term) {
      return term.kind == SpfTerm::Kind::kIp && covers(*term.network, term.length, address);
    });
  }

  // --- certificates

  void certificates() {
    if (in_.findings.changes.empty()) return;
    std::map<DomainName, std::vector<std::string>> found;  // CAA owner -> names under its rule
    bool any_free = false;
    for (const DomainName& name : changed_names()) {
      const auto owner = caa_owner(name);
      if (owner)
        found[*owner].push_back(name.text());
      else
        any_free = true;
      if (in_.findings.change_of({name, RecordType::kCname}) && owner)
        say("caa-chain", Severity::kNote,
            "{} will be a CNAME: a CA looks for CAA at the new target first, and climbs from {} only if it finds none",
            name.text(), name.text());
    }
    for (const auto& [owner, names] : found) {
      const RecordSet& set = *in_.zone.find({owner, RecordType::kCaa});
      say("caa", Severity::kNote, "CAA at {} rules who may issue for {}: {}. The new side's CA has to be among them",
          owner.text(), some_of(names), join(set.rdata, ", "));
    }
    if (found.empty() && any_free)
      say("caa", Severity::kNote, "no CAA in this zone: any CA may issue for the new side");
    acme();
  }

  /// The CAA set that counts for a name, climbing to the zone's apex (RFC 8659 section 3).
  std::optional<DomainName> caa_owner(const DomainName& name) const {
    for (DomainName at = name;; at = at.parent()) {
      if (in_.zone.find({at, RecordType::kCaa})) return at;
      if (at == in_.zone.origin || at.is_root()) return std::nullopt;
    }
  }

  void acme() {
    for (const DomainName& name : changed_names()) {
      auto challenge = DomainName::from_text("_acme-challenge", name.is_wildcard() ? name.parent() : name);
      if (!challenge) continue;
      if (const RecordSet* cname = in_.zone.find({*challenge, RecordType::kCname}))
        say("acme-delegated", Severity::kNote,
            "{} is handed to {}: certificates by DNS-01 are made there, so the new side needs access to it or its own",
            challenge->text(), join(cname->rdata, ", "));
    }
  }

  // --- DNSSEC

  bool served_signed() const {
    if (!in_.sweep) return false;
    return std::any_of(in_.sweep->readings.begin(), in_.sweep->readings.end(),
                       [](const net::AuthorityReading& r) { return r.key.type == RecordType::kDnskey && r.set; });
  }

  void dnssec() {
    if (in_.judgements && in_.delegation)
      return add(audit_signing(in_.zone.origin, *in_.delegation, *in_.judgements, in_.now, in_.standby));
    const bool signed_here = in_.zone.find({in_.zone.origin, RecordType::kDnskey}) || served_signed();
    const bool has_ds = in_.delegation && in_.delegation->has_ds;
    const bool asked_for_keys =
        in_.sweep && std::any_of(in_.sweep->readings.begin(), in_.sweep->readings.end(), [](const auto& r) {
          return r.key.type == RecordType::kDnskey && r.outcome == net::Outcome::kAnswered;
        });
    if (has_ds && !signed_here && asked_for_keys)
      return say("dnssec-broken", Severity::kError,
                 "the parent has a DS for {} and no server shows a DNSKEY: validating resolvers fail already, repair "
                 "that first",
                 in_.zone.origin.text());
    if (signed_here)
      say("dnssec", Severity::kNote, "the zone is signed: a swap of values under the same signer needs nothing more");
    else
      say("dnssec", Severity::kNote, "the zone is not signed: no DNSSEC step needed");
  }

  void signatures() {
    std::optional<Instant> first;
    std::string owner;
    for (const auto& [key, set] : in_.zone.sets) {
      if (key.type != RecordType::kRrsig) continue;
      for (const std::string& rdata : set.rdata) {
        const auto expires = expiry_of(rdata);
        if (expires && (!first || *expires < *first)) {
          first = *expires;
          owner = key.name.text();
        }
      }
    }
    const bool told =
        std::any_of(audits_.begin(), audits_.end(), [](const Audit& a) { return a.id == "rrsig-expiry"; });
    if (told || !first || *first > in_.now + in_.standby) return;
    const bool over = *first <= in_.now;
    say("rrsig-expiry", over ? Severity::kError : Severity::kWarning, "a signature at {} {} at {}: {}", owner,
        over ? "expired" : "expires", format_instant(*first),
        over ? "validating resolvers fail already" : "make sure that it is renewed during the cutover");
  }

  /// The fifth field of an RRSIG, YYYYMMDDHHmmSS (RFC 4034 section 3.2).
  static std::optional<Instant> expiry_of(const std::string& rdata) {
    const std::vector<std::string> fields = split(rdata, ' ');
    if (fields.size() < 6 || fields[4].size() != 14) return std::nullopt;
    const std::string& f = fields[4];
    const auto at = parse_instant(fmt::format("{}-{}-{}T{}:{}:{}Z", f.substr(0, 4), f.substr(4, 2), f.substr(6, 2),
                                              f.substr(8, 2), f.substr(10, 2), f.substr(12, 2)));
    if (!at) return std::nullopt;
    return *at;
  }

  // --- who serves it, and who holds it

  void servers() {
    if (!in_.delegation) return;
    const net::Delegation& delegation = *in_.delegation;
    add(audit_delegation(in_.zone.origin, delegation));
    if (delegation.parent_ns_ttl > Seconds::zero())
      say("ns-ttl", Severity::kNote,
          "the delegation has TTL {} at the parent and {} here: that matters for a move of name servers only, not for "
          "this one",
          seconds_and_words(delegation.parent_ns_ttl), seconds_and_words(delegation.child_ns_ttl));
    if (in_.sweep) add(audit_servers(in_.zone.origin, delegation, *in_.sweep));
  }

  void provider() {
    if (!in_.capabilities) return;
    const providers::Capabilities& can = *in_.capabilities;
    if (const Seconds low = providers::settable_ttl(can, in_.during); low != in_.during)
      say("ttl-floor", Severity::kWarning,
          "the provider cannot set a TTL of {} s ({}): the plan's low TTL will be {} s", in_.during.count(),
          can.ttl_steps.value.empty() ? can.ttl_floor.why : can.ttl_steps.why, low.count());
    std::vector<std::string> unsupported;
    for (const FoundChange& found : in_.findings.changes)
      if (!can.types.value.empty() &&
          std::find(can.types.value.begin(), can.types.value.end(), found.change.type) == can.types.value.end())
        unsupported.push_back(found.change.key().text());
    if (!unsupported.empty())
      say("type-unsupported", Severity::kError, "the provider cannot write {} ({})", some_of(unsupported),
          can.types.why);
    const std::size_t sets = in_.findings.changes.size();
    if (sets > 1 &&
        (can.atomic.value == providers::AtomicScope::kNone || can.atomic.value == providers::AtomicScope::kRecordSet))
      say("not-atomic", Severity::kWarning,
          "the provider changes the {} one after the other: for a moment old and new are mixed",
          counted(sets, "record set"));
    else if (can.atomic_limit.value > 0 && sets > can.atomic_limit.value)
      say("not-atomic", Severity::kWarning, "the provider takes {} at once and {} change: they go in several calls",
          counted(can.atomic_limit.value, "record set"), sets);
  }

  const AuditInput& in_;
  ZoneIndex index_;
  std::vector<Audit> audits_;
};

}  // namespace

std::vector<Audit> audit_zone(const AuditInput& input) { return Auditor(input).run(); }

std::vector<Audit> audit_mapping(const Mapping& mapping, const std::vector<const Zone*>& zones) {
  std::vector<std::string> unused;
  const auto is_mentioned = [&](const Mapping& alone) {
    return std::any_of(zones.begin(), zones.end(), [&](const Zone* zone) {
      const Findings found = sweep_mentions(*zone, alone);
      return !found.changes.empty() ||
             std::any_of(found.mentions.begin(), found.mentions.end(),
                         [](const FoundMention& mention) { return mention.about != FoundMention::About::kUnswept; });
    });
  };
  for (const auto& [address, places] : mapping.addresses) {
    Mapping alone;
    alone.addresses.emplace(address, places);
    if (!is_mentioned(alone)) unused.push_back(address.text());
  }
  for (const auto& [target, place] : mapping.targets) {
    Mapping alone;
    alone.targets.emplace(target, place);
    if (!is_mentioned(alone)) unused.push_back(target.text());
  }
  std::vector<Audit> audits;
  for (const std::string& value : unused)
    audits.push_back(
        {"old-side-unseen", Severity::kWarning,
         fmt::format("{} is given as old and appears nowhere: mistyped, or in a zone that was not looked into?",
                     value)});
  return audits;
}

}  // namespace cutover
