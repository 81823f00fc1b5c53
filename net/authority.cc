#include "net/authority.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/text.h"
#include "net/lookup.h"

namespace cutover::net {
namespace {

constexpr std::chrono::milliseconds kAuthorityTimeout{2000};

std::string listed(const std::set<DomainName>& names) {
  std::vector<std::string> texts;
  for (const DomainName& name : names) texts.push_back(name.text());
  return join(texts, ", ");
}

std::string listed(const std::set<IpAddress>& addresses) {
  std::vector<std::string> texts;
  for (const IpAddress& address : addresses) texts.push_back(address.text());
  return join(texts, ", ");
}

std::set<DomainName> names_of(const RecordSet& set) {
  std::set<DomainName> names;
  for (const std::string& text : set.rdata)
    if (const auto name = DomainName::from_text(text)) names.insert(*name);
  return names;
}

DnsRequest question_to(const Endpoint& server, const DomainName& name, RecordType type,
                       std::chrono::milliseconds timeout) {
  return {.server = server,
          .message = make_query({name, type, RecordClass::kIn}, Recursion::kNotDesired),
          .key = {},
          .timeout = timeout,
          .tries = 2,
          .before_send = {}};
}

/// Why an answer is of no use, as a clause.
std::string trouble_of(const DnsAnswer& answer) {
  if (answer.outcome != Outcome::kAnswered) return answer.detail;
  if (answer.reply.rcode != Rcode::kNoError) return "it answers " + to_text(answer.reply.rcode);
  if (!answer.reply.aa) return "its answer is not authoritative";
  return "its answer has no NS record of the zone";
}

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
        requests.push_back(question_to(server.address, zone_, type, options_.timeout));
    const auto answers = exchange_all(loop_, clock_, requests);
    std::string last_trouble;
    bool denied = false;
    std::map<std::set<DomainName>, std::string> views;
    for (std::size_t i = 0; i < parent_servers_.size(); ++i) {
      const DnsAnswer& ns = answers[2 * i];
      const DnsAnswer& ds = answers[2 * i + 1];
      if (ds.outcome == Outcome::kAnswered && find_set(ds.reply.answer, {zone_, RecordType::kDs})) out_.has_ds = true;
      const RecordKey key{zone_, RecordType::kNs};
      auto set = find_set(ns.reply.authority, key);
      if (!set) set = find_set(ns.reply.answer, key);
      if (ns.outcome != Outcome::kAnswered || !set) {
        denied = denied || (ns.outcome == Outcome::kAnswered && ns.reply.aa);
        last_trouble = fmt::format("{}: {}", parent_servers_[i].label(), trouble_of(ns));
        continue;
      }
      const std::set<DomainName> names = names_of(*set);
      views.emplace(names, parent_servers_[i].label());
      parent_names_.insert(names.begin(), names.end());
      out_.parent_ns_ttl = std::max(out_.parent_ns_ttl, set->ttl);
      for (const DomainName& name : names)
        for (const RecordType type : {RecordType::kA, RecordType::kAaaa})
          if (const auto glue = find_set(ns.reply.additional, {name, type}))
            for (const std::string& text : glue->rdata)
              if (const auto address = IpAddress::from_text(text)) glue_[name].insert(*address);
    }
    if (views.size() > 1)
      for (const auto& [names, server] : views)
        out_.differences.push_back(fmt::format("the parent's servers disagree: {} lists {}", server, listed(names)));
    if (!parent_names_.empty()) return {};
    if (denied)
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is not delegated: its parent {} has no NS records for it ({}); for a private "
                              "zone name its servers with `authoritative:`",
                              zone_.text(), parent_.text(), last_trouble));
    return fail(ErrorCode::kNetwork, fmt::format("no server of {}, the parent of {}, gave a usable answer ({})",
                                                 parent_.text(), zone_.text(), last_trouble));
  }

  // 4. Addresses: glue and what look-ups find, together, since resolvers use either.
  void learn_addresses(const std::set<DomainName>& names) {
    std::vector<DomainName> hosts;
    for (const DomainName& name : names)
      if (!addresses_.contains(name)) hosts.push_back(name);
    const auto found = lookup_hosts(loop_, clock_, hosts, options_);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      std::set<IpAddress>& all = addresses_[hosts[i]];
      if (found[i]) all.insert(found[i]->begin(), found[i]->end());
      const auto glue = glue_.find(hosts[i]);
      if (glue == glue_.end()) continue;
      if (!all.empty() && all != glue->second)
        out_.differences.push_back(fmt::format("the parent's glue for {} is {}, but a look-up finds {}",
                                               hosts[i].text(), listed(glue->second), listed(all)));
      all.insert(glue->second.begin(), glue->second.end());
    }
  }

  // 5. The zone's own NS set, from every server that the parent names.
  void ask_child() {
    std::vector<DnsRequest> requests;
    std::vector<AuthorityServer> asked;
    for (const DomainName& name : parent_names_)
      for (const IpAddress& address : addresses_[name]) {
        asked.push_back({name, {address, options_.port}});
        requests.push_back(question_to(asked.back().address, zone_, RecordType::kNs, options_.timeout));
      }
    const auto answers = exchange_all(loop_, clock_, requests);
    std::map<std::set<DomainName>, std::string> views;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const auto set = find_set(answers[i].reply.answer, {zone_, RecordType::kNs});
      if (answers[i].outcome != Outcome::kAnswered || !answers[i].reply.aa || !set) {
        out_.differences.push_back(fmt::format("the parent names {}, which does not serve the zone: {}",
                                               asked[i].label(), trouble_of(answers[i])));
        continue;
      }
      const std::set<DomainName> names = names_of(*set);
      views.emplace(names, asked[i].label());
      child_names_.insert(names.begin(), names.end());
      out_.child_ns_ttl = std::max(out_.child_ns_ttl, set->ttl);
    }
    if (views.size() > 1)
      for (const auto& [names, server] : views)
        out_.differences.push_back(fmt::format("the zone's servers disagree: {} lists {}", server, listed(names)));
  }

  // 6. The union, and where the two halves differ.
  Delegation assemble() {
    for (const auto& [name, addresses] : addresses_) {
      const bool in_parent = parent_names_.contains(name);
      const bool in_child = child_names_.contains(name);
      if (addresses.empty()) out_.without_address.push_back(name);
      for (const IpAddress& address : addresses)
        out_.servers.push_back({name, {address, options_.port}, in_parent, in_child});
      if (child_names_.empty() || in_parent == in_child) continue;
      out_.differences.push_back(
          in_parent ? fmt::format("{} is a name server at the parent, but not in the zone", name.text())
                    : fmt::format("{} is a name server in the zone, but not at the parent", name.text()));
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
  std::map<DomainName, std::set<IpAddress>> glue_;
  std::map<DomainName, std::set<IpAddress>> addresses_;
  Delegation out_;
};

/// Why a name does not exist at this server, in the reply's own words: a cut below the zone, or the negative TTL.
void read_negative(const Message& reply, const DomainName& zone, AuthorityReading& reading) {
  for (const RecordSet& set : record_sets(reply.authority)) {
    const bool below_zone = set.name != zone && set.name.is_within(zone) && reading.key.name.is_within(set.name);
    // A referral; or the negative answer of a child zone that the same server has.
    if ((set.type == RecordType::kNs && !reply.aa && below_zone) || (set.type == RecordType::kSoa && below_zone))
      reading.delegated = true;
    if (set.type != RecordType::kSoa) continue;
    if (const auto soa = parse_soa(set)) reading.negative_ttl = soa->negative_ttl();
  }
}

AuthorityReading read_answer(const DnsAnswer& answer, std::size_t server, const RecordKey& key,
                             const DomainName& zone) {
  AuthorityReading reading;
  reading.server = server;
  reading.key = key;
  reading.outcome = answer.outcome;
  reading.received = answer.received;
  reading.detail = answer.detail;
  if (answer.outcome != Outcome::kAnswered) return reading;
  const Message& reply = answer.reply;
  reading.rcode = reply.rcode;
  reading.authoritative = reply.aa;
  if (reply.rcode != Rcode::kNoError && reply.rcode != Rcode::kNxDomain) {
    reading.detail = to_text(reply.rcode);
    if (reply.edns && reply.edns->extended_error)
      reading.detail +=
          fmt::format(" (extended error {}{}{})", *reply.edns->extended_error,
                      reply.edns->extended_error_text.empty() ? "" : ": ", printable(reply.edns->extended_error_text));
    return reading;
  }
  reading.set = find_set(reply.answer, key);
  if (key.type != RecordType::kCname) reading.alias = find_set(reply.answer, {key.name, RecordType::kCname});
  if (!reading.set && !reading.alias) read_negative(reply, zone, reading);
  return reading;
}

}  // namespace

std::string AuthorityServer::label() const {
  const std::string where = address.port == 53 ? address.address.text() : address.text();
  return name.is_root() ? where : fmt::format("{} ({})", name.text(), where);
}

Result<Delegation> walk_delegation(Loop& loop, const Clock& clock, const DomainName& zone,
                                   const LookupOptions& options) {
  return Walk(loop, clock, zone, options).run();
}

Delegation fixed_delegation(const std::vector<Endpoint>& servers) {
  Delegation delegation;
  for (const Endpoint& server : servers) delegation.servers.push_back({DomainName(), server});
  return delegation;
}

AuthoritySweep sweep_authority(Loop& loop, const Clock& clock, const Delegation& delegation, const DomainName& zone,
                               const std::vector<RecordKey>& keys) {
  AuthoritySweep sweep;
  sweep.started = clock.now();

  // 1. The SOA of every server: who is there at all?
  std::vector<DnsRequest> questions;
  for (const AuthorityServer& server : delegation.servers)
    questions.push_back(question_to(server.address, zone, RecordType::kSoa, kAuthorityTimeout));
  const std::vector<DnsAnswer> soas = exchange_all(loop, clock, questions);

  // 2. Every key to every server that answered.
  std::vector<DnsRequest> requests;
  for (std::size_t s = 0; s < soas.size(); ++s)
    if (soas[s].outcome == Outcome::kAnswered)
      for (const RecordKey& key : keys)
        requests.push_back(question_to(delegation.servers[s].address, key.name, key.type, kAuthorityTimeout));
  const std::vector<DnsAnswer> answers = exchange_all(loop, clock, requests);

  // 3. Put together, server by server.
  sweep.finished = sweep.started;
  std::size_t next = 0;
  for (std::size_t s = 0; s < soas.size(); ++s) {
    const AuthorityReading soa = read_answer(soas[s], s, {zone, RecordType::kSoa}, zone);
    std::optional<std::uint32_t> serial;
    if (soa.authoritative && soa.set)
      if (const auto parsed = parse_soa(*soa.set)) serial = parsed->serial;
    sweep.serials.push_back(serial);
    sweep.finished = std::max(sweep.finished, soa.received);
    for (const RecordKey& key : keys) {
      const DnsAnswer& answer = soas[s].outcome == Outcome::kAnswered ? answers[next++] : soas[s];
      sweep.readings.push_back(read_answer(answer, s, key, zone));
      sweep.finished = std::max(sweep.finished, sweep.readings.back().received);
    }
  }
  return sweep;
}

}  // namespace cutover::net
