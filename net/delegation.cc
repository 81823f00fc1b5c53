#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "net/authority.h"
#include "net/lookup.h"

namespace cutover::net {
namespace {

std::set<DomainName> names_of(const RecordSet& set) {
  std::set<DomainName> names;
  for (const std::string& text : set.rdata)
    if (const auto name = DomainName::from_text(text)) names.insert(*name);
  return names;
}

bool is_error(Rcode rcode) { return rcode != Rcode::kNoError && rcode != Rcode::kNxDomain; }

/// Why an answer is of no use, as a clause.
std::string trouble_of(const DnsAnswer& answer) {
  if (answer.outcome != Outcome::kAnswered) return answer.detail;
  if (answer.reply.rcode != Rcode::kNoError) return "it answers " + to_text(answer.reply.rcode);
  if (!answer.reply.aa) return "its answer is not authoritative";
  return "its answer has no NS record of the zone";
}

using Addresses = std::map<DomainName, std::set<IpAddress>>;
/// What servers say, and the first of them to say it.
template <class Item>
using Views = std::map<std::set<Item>, std::string>;

/// One walk. The steps stand in the order in which they happen.
class Walk {
 public:
  Walk(Loop& loop, const Clock& clock, const DomainName& zone, const LookupOptions& options)
      : loop_(loop), clock_(clock), zone_(zone), options_(options) {}

  Result<Delegation> run() {
    if (zone_.is_root())
      return fail(ErrorCode::kUnsupported, "the root zone has no parent; name its servers with `authoritative:`");
    if (auto found = find_parent_zone(); !found) return found.error();
    // The zone that delegates is known by name: which servers have it?
    if (auto found = find_parent_servers(); !found) return found.error();
    if (auto asked = ask_parent(); !asked) return asked.error();
    // The parent's half is known: names, glue, TTL, DS.
    learn_addresses(parent_names_);
    ask_child();
    // Both halves are known. Names that only the child has get their addresses, too.
    learn_addresses(child_names_);
    ask_child_addresses();
    // Every address is known: the parent's, the zone's, and what a resolver finds.
    compare_glue();
    return assemble();
  }

 private:
  // 1. The nearest ancestor with a SOA of its own.
  Result<void> find_parent_zone() {
    for (parent_ = zone_.parent();; parent_ = parent_.parent()) {
      const auto reply =
          ask_resolvers(loop_, clock_, {{parent_, RecordType::kSoa, RecordClass::kIn}}, options_).front();
      if (!reply) return within(fmt::format("finding the parent of {}", zone_.text()), reply.error());
      if (find_set(reply->answer, {parent_, RecordType::kSoa})) return {};
      if (parent_.is_root())
        return fail(ErrorCode::kNetwork,
                    fmt::format("finding the parent of {}: the look-up resolver knows no zone above it, not even "
                                "the root; name the zone's servers with `authoritative:`",
                                zone_.text()));
    }
  }

  // 2. Every address of every name server of the parent.
  Result<void> find_parent_servers() {
    const auto reply = ask_resolvers(loop_, clock_, {{parent_, RecordType::kNs, RecordClass::kIn}}, options_).front();
    if (!reply) return within(fmt::format("finding the servers of {}", parent_.text()), reply.error());
    const auto set = find_set(reply->answer, {parent_, RecordType::kNs});
    const std::set<DomainName> names = set ? names_of(*set) : std::set<DomainName>();
    const std::vector<DomainName> hosts(names.begin(), names.end());
    const auto found = lookup_hosts(loop_, clock_, hosts, options_);
    for (std::size_t i = 0; i < hosts.size(); ++i)
      if (found[i])
        for (const IpAddress& address : *found[i]) parent_servers_.push_back({hosts[i], {address, options_.port}});
    if (!parent_servers_.empty()) return {};
    return fail(ErrorCode::kNetwork, fmt::format("no address of a name server of {}, the parent of {}, could be found",
                                                 parent_.text(), zone_.text()));
  }

  // 3. What each of them says about the zone: a referral, or an answer where it serves the child as well.
  Result<void> ask_parent() {
    std::vector<DnsRequest> requests;
    for (const AuthorityServer& server : parent_servers_)
      for (const RecordType type : {RecordType::kNs, RecordType::kDs})
        requests.push_back(authority_question(server.address, {zone_, type}, options_.timeout));
    const auto answers = exchange_all(loop_, clock_, requests);
    std::string last_trouble;
    bool denied = false;
    Views<DomainName> views;
    Views<std::string> ds_views;
    for (std::size_t i = 0; i < parent_servers_.size(); ++i) {
      const DnsAnswer& ns = answers[2 * i];
      const std::string label = parent_servers_[i].label();
      read_ds(answers[2 * i + 1], label, ds_views);
      const RecordKey key{zone_, RecordType::kNs};
      auto set = find_set(ns.reply.authority, key);
      if (!set) set = find_set(ns.reply.answer, key);
      if (ns.outcome != Outcome::kAnswered || !set) {
        denied = denied || (ns.outcome == Outcome::kAnswered && ns.reply.aa);
        last_trouble = fmt::format("{}: {}", label, trouble_of(ns));
        continue;
      }
      const std::set<DomainName> names = names_of(*set);
      views.emplace(names, label);
      parent_names_.insert(names.begin(), names.end());
      out_.parent_ns_ttl = std::max(out_.parent_ns_ttl, set->ttl);
      // An answer with authority is the zone's own: what comes with it is no glue.
      if (!ns.reply.aa) read_glue(ns.reply, names);
    }
    tell_views(DelegationDifference::Kind::kParentViews, views);
    if (ds_views.size() > 1)
      for (const auto& [ds, server] : ds_views)
        out_.differences.push_back(
            {.kind = DelegationDifference::Kind::kParentDs, .server = server, .ds = {ds.begin(), ds.end()}});
    if (!parent_names_.empty()) return {};
    if (denied)
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is not delegated: its parent {} has no NS records for it ({}); for a private "
                              "zone name its servers with `authoritative:`",
                              zone_.text(), parent_.text(), last_trouble));
    return fail(ErrorCode::kNetwork, fmt::format("no server of {}, the parent of {}, gave a usable answer ({})",
                                                 parent_.text(), zone_.text(), last_trouble));
  }

  void read_ds(const DnsAnswer& answer, const std::string& server, Views<std::string>& views) {
    if (answer.outcome != Outcome::kAnswered || !answer.reply.aa || answer.reply.rcode != Rcode::kNoError) return;
    // A server of the zone alone answers from its apex, where no DS belongs: only what comes from above counts.
    const auto set = find_set(answer.reply.answer, {zone_, RecordType::kDs});
    if (!set && std::any_of(answer.reply.authority.begin(), answer.reply.authority.end(), [&](const Record& record) {
          return record.type == RecordType::kSoa && record.name == zone_;
        }))
      return;
    out_.asked_for_ds = true;
    views.emplace(set ? std::set<std::string>(set->rdata.begin(), set->rdata.end()) : std::set<std::string>(), server);
    if (!set) return;
    out_.has_ds = true;
    if (!out_.ds) out_.ds = *set;
    out_.ds->rdata.insert(out_.ds->rdata.end(), set->rdata.begin(), set->rdata.end());
    normalize(*out_.ds);
  }

  void read_glue(const Message& referral, const std::set<DomainName>& names) {
    referred_ = true;
    for (const DomainName& name : names)
      for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
        add_addresses(referral.additional, {name, type}, glue_);
  }

  static void add_addresses(const std::vector<Record>& section, const RecordKey& key, Addresses& to) {
    if (const auto set = find_set(section, key))
      for (const std::string& text : set->rdata)
        if (const auto address = IpAddress::from_text(text)) to[key.name].insert(*address);
  }

  void tell_views(DelegationDifference::Kind kind, const Views<DomainName>& views) {
    if (views.size() < 2) return;
    for (const auto& [names, server] : views)
      out_.differences.push_back({.kind = kind, .server = server, .names = {names.begin(), names.end()}});
  }

  // 4. Addresses: glue and what look-ups find, together, since resolvers use either.
  void learn_addresses(const std::set<DomainName>& names) {
    std::vector<DomainName> hosts;
    for (const DomainName& name : names)
      if (!addresses_.contains(name)) hosts.push_back(name);
    const auto found = lookup_hosts(loop_, clock_, hosts, options_);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      std::set<IpAddress>& all = addresses_[hosts[i]];
      if (found[i]) {
        looked_up_[hosts[i]].insert(found[i]->begin(), found[i]->end());
        all.insert(found[i]->begin(), found[i]->end());
      }
      if (const auto glue = glue_.find(hosts[i]); glue != glue_.end())
        all.insert(glue->second.begin(), glue->second.end());
    }
  }

  // 5. The zone's own NS set, from every server that the parent names.
  void ask_child() {
    const RecordKey key{zone_, RecordType::kNs};
    std::vector<DnsRequest> requests;
    std::vector<AuthorityServer> asked;
    for (const DomainName& name : parent_names_)
      for (const IpAddress& address : addresses_[name]) {
        asked.push_back({name, {address, options_.port}});
        requests.push_back(authority_question(asked.back().address, key, options_.timeout));
      }
    const auto answers = exchange_all(loop_, clock_, requests);
    Views<DomainName> views;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const ServerStanding standing = standing_of(answers[i], key);
      standings_[asked[i].address] = standing;
      if (standing != ServerStanding::kServes) continue;
      const auto set = find_set(answers[i].reply.answer, key);
      const std::set<DomainName> names = names_of(*set);
      views.emplace(names, asked[i].label());
      child_names_.insert(names.begin(), names.end());
      out_.child_ns_ttl = std::max(out_.child_ns_ttl, set->ttl);
      serving_.insert(asked[i].address);
    }
    tell_views(DelegationDifference::Kind::kChildViews, views);
  }

  // 6. The addresses that the zone itself gives its servers' names, from those that serve it.
  void ask_child_addresses() {
    std::vector<RecordKey> keys;
    std::vector<DnsRequest> requests;
    for (const auto& [name, known] : addresses_)
      if (name.is_within(zone_))
        for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
          for (const Endpoint& server : serving_) {
            keys.push_back({name, type});
            requests.push_back(authority_question(server, keys.back(), options_.timeout));
          }
    const auto answers = exchange_all(loop_, clock_, requests);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].outcome != Outcome::kAnswered || !answers[i].reply.aa || is_error(answers[i].reply.rcode))
        continue;
      own_[keys[i].name];  // asked and answered, even where it has none of this family
      add_addresses(answers[i].reply.answer, keys[i], own_);
    }
    for (const auto& [name, addresses] : own_) addresses_[name].insert(addresses.begin(), addresses.end());
  }

  // 7. Glue against what its name really has. A name in the zone cannot be found without it (RFC 9471).
  void compare_glue() {
    if (!referred_) return;
    for (const DomainName& name : parent_names_) {
      const auto own = own_.find(name);
      const bool by_zone = own != own_.end();
      if (!by_zone && !looked_up_.contains(name)) continue;
      const std::set<IpAddress>& served = by_zone ? own->second : looked_up_[name];
      for (const Family family : {Family::kV4, Family::kV6}) {
        DelegationDifference difference{.kind = DelegationDifference::Kind::kGlueDiffers,
                                        .name = name,
                                        .glue = of_family(glue_[name], family),
                                        .served = of_family(served, family)};
        if (!by_zone) difference.source = DelegationDifference::Source::kLookup;
        // The parent need not repeat what others serve.
        const bool may_be_missing = !name.is_within(zone_) && difference.glue.empty();
        if (difference.glue == difference.served || may_be_missing) continue;
        if (difference.glue.empty()) difference.kind = DelegationDifference::Kind::kGlueMissing;
        out_.differences.push_back(std::move(difference));
      }
    }
  }

  static std::vector<IpAddress> of_family(const std::set<IpAddress>& addresses, Family family) {
    std::vector<IpAddress> out;
    for (const IpAddress& address : addresses)
      if (address.family() == family) out.push_back(address);
    return out;
  }

  // 8. The union, and where the two halves differ.
  Delegation assemble() {
    for (const auto& [name, addresses] : addresses_) {
      const bool in_parent = parent_names_.contains(name);
      const bool in_child = child_names_.contains(name);
      if (addresses.empty()) out_.without_address.push_back(name);
      for (const IpAddress& address : addresses) {
        const Endpoint at{address, options_.port};
        const auto standing = standings_.find(at);
        out_.servers.push_back({name, at, in_parent, in_child,
                                standing == standings_.end() ? ServerStanding::kUnknown : standing->second});
      }
      if (child_names_.empty() || in_parent == in_child) continue;
      out_.differences.push_back(
          {.kind = in_parent ? DelegationDifference::Kind::kOnlyAtParent : DelegationDifference::Kind::kOnlyInChild,
           .name = name});
    }
    return std::move(out_);
  }

  Loop& loop_;
  const Clock& clock_;
  const DomainName& zone_;
  const LookupOptions& options_;
  DomainName parent_;
  std::vector<AuthorityServer> parent_servers_;
  std::set<DomainName> parent_names_;
  std::set<DomainName> child_names_;
  bool referred_ = false;  ///< a server of the parent answered by a referral, which is where glue is
  Addresses glue_;
  Addresses looked_up_;
  Addresses own_;        ///< what the zone's servers say of names in the zone
  Addresses addresses_;  ///< all of these
  std::map<Endpoint, ServerStanding> standings_;
  std::set<Endpoint> serving_;
  Delegation out_;
};

}  // namespace

Result<Delegation> walk_delegation(Loop& loop, const Clock& clock, const DomainName& zone,
                                   const LookupOptions& options) {
  return Walk(loop, clock, zone, options).run();
}

}  // namespace cutover::net
