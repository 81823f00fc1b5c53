#include "cmd/plan/authority_audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/text.h"

namespace cutover {
namespace {

/// A signature that ends sooner is told, whatever the standby: signers renew days ahead.
constexpr std::chrono::hours kSoon{72};

template <class... Args>
Audit audit(std::string_view id, Severity severity, fmt::format_string<Args...> text, Args&&... args) {
  return {std::string(id), severity, printable(fmt::format(text, std::forward<Args>(args)...))};
}

/// At most `shown` items by name, the rest by number.
std::string some_of(const std::vector<std::string>& items, std::size_t shown = 3) {
  if (items.size() <= shown) return join(items, ", ");
  return fmt::format("{} and {} more", join({items.begin(), items.begin() + static_cast<std::ptrdiff_t>(shown)}, ", "),
                     items.size() - shown);
}

template <class Item>
std::string listed(const std::vector<Item>& items) {
  std::vector<std::string> texts;
  for (const Item& item : items) texts.push_back(item.text());
  return texts.empty() ? "nothing" : join(texts, ", ");
}

std::string sentence(const DomainName& zone, const net::DelegationDifference& d) {
  using Kind = net::DelegationDifference::Kind;
  const std::string family = !d.served.empty() ? (d.served[0].family() == Family::kV4 ? "IPv4" : "IPv6")
                             : !d.glue.empty() ? (d.glue[0].family() == Family::kV4 ? "IPv4" : "IPv6")
                                               : "";
  switch (d.kind) {
    case Kind::kParentViews:
      return fmt::format("the parent's servers disagree about who serves {}: {} lists {}", zone.text(), d.server,
                         listed(d.names));
    case Kind::kParentDs:
      return fmt::format("the parent's servers disagree about the DS records of {}: {} has {}", zone.text(), d.server,
                         d.ds.empty() ? "none" : join(d.ds, ", "));
    case Kind::kChildViews:
      return fmt::format("the zone's servers disagree about who serves {}: {} lists {}", zone.text(), d.server,
                         listed(d.names));
    case Kind::kOnlyAtParent:
      return fmt::format("{} is a name server at the parent, but not in the zone", d.name.text());
    case Kind::kOnlyInChild:
      return fmt::format("{} is a name server in the zone, but not at the parent: resolvers may ask it or not",
                         d.name.text());
    case Kind::kGlueMissing:
      return fmt::format("the parent has no {} glue for {}, whose address the zone gives as {}", family, d.name.text(),
                         listed(d.served));
    case Kind::kGlueDiffers:
      return fmt::format("the parent's {} glue for {} is {}, but {} {}: resolvers that come by the glue ask there",
                         family, d.name.text(), listed(d.glue),
                         d.source == net::DelegationDifference::Source::kZone ? "the zone gives" : "a look-up finds",
                         listed(d.served));
  }
  return {};
}

// --- servers ----------------------------------------------------------------------------------------------------

/// Whether all servers that answer give the same sets, TTLs included; keys of a zone may differ between its signers.
bool same_everywhere(const net::AuthoritySweep& sweep) {
  std::map<RecordKey, std::optional<RecordSet>> first;
  for (const net::AuthorityReading& reading : sweep.readings) {
    if (reading.outcome != net::Outcome::kAnswered || !reading.authoritative) continue;
    if (reading.key.type == RecordType::kDnskey || reading.key.type == RecordType::kSoa) continue;
    const auto [at, fresh] = first.emplace(reading.key, reading.set);
    if (!fresh && at->second != reading.set) return false;
  }
  return true;
}

struct Reached {
  bool answered = false;
  std::string why;
};

Reached reached(const net::AuthoritySweep& sweep, std::size_t server) {
  Reached out;
  for (const net::AuthorityReading& reading : sweep.readings) {
    if (reading.server != server) continue;
    if (reading.outcome == net::Outcome::kAnswered && (reading.authoritative || reading.delegated))
      out.answered = true;
    else if (out.why.empty())
      out.why = reading.detail.empty() && reading.outcome != net::Outcome::kAnswered
                    ? std::string(net::to_text(reading.outcome))
                    : reading.detail;
  }
  return out;
}

std::string named_by(const net::AuthorityServer& server) {
  if (server.in_parent && server.in_child) return "the parent and the zone name it";
  if (server.in_parent) return "the parent names it";
  return server.in_child ? "the zone names it" : "it was given as a server of the zone";
}

void tell_serials(const net::Delegation& delegation, const net::AuthoritySweep& sweep, std::vector<Audit>& out) {
  std::optional<std::uint32_t> newest;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < std::min(sweep.serials.size(), delegation.servers.size()); ++i) {
    if (!sweep.serials[i]) continue;
    if (!newest || serial_is_after(*sweep.serials[i], *newest)) newest = *sweep.serials[i];
    all.push_back(fmt::format("{} at {}", delegation.servers[i].label(), *sweep.serials[i]));
  }
  const auto is_other = [&](const auto& serial) { return serial && *serial != *newest; };
  if (std::none_of(sweep.serials.begin(), sweep.serials.end(), is_other)) return;
  if (same_everywhere(sweep)) {
    out.push_back(audit("serials-differ", Severity::kNote,
                        "the servers have different serials and give the same answers ({}): normal where each signs "
                        "or is fed on its own, else a transfer is under way",
                        some_of(all, 6)));
    return;
  }
  for (std::size_t i = 0; i < std::min(sweep.serials.size(), delegation.servers.size()); ++i)
    if (is_other(sweep.serials[i]))
      out.push_back(audit("server-behind", Severity::kWarning, "{} is at serial {}, others are at {}",
                          delegation.servers[i].label(), *sweep.serials[i], *newest));
}

void tell_soa(const net::Delegation& delegation, const net::AuthoritySweep& sweep, std::vector<Audit>& out) {
  std::set<std::pair<Seconds, Seconds>> seen;
  std::vector<std::string> all;
  for (std::size_t i = 0; i < std::min(sweep.soas.size(), delegation.servers.size()); ++i) {
    if (!sweep.soas[i]) continue;
    const auto soa = parse_soa(*sweep.soas[i]);
    if (!soa || !seen.emplace(soa->minimum, soa->ttl).second) continue;
    all.push_back(fmt::format("{} has MINIMUM {} s and TTL {} s", delegation.servers[i].label(), soa->minimum.count(),
                              soa->ttl.count()));
  }
  if (seen.size() > 1)
    out.push_back(audit("soa-differs", Severity::kWarning,
                        "the servers' SOA records differ in what rules \"does not exist\" in caches: {}",
                        some_of(all)));
}

// --- signing ----------------------------------------------------------------------------------------------------

/// Judgements of one server that fail for the same reason are one sentence.
void tell_bogus(const net::Delegation& delegation, const std::vector<net::Judgement>& judgements,
                std::vector<Audit>& out) {
  std::map<std::tuple<std::size_t, net::SignatureFault, std::string>, std::vector<std::string>> groups;
  for (const net::Judgement& judgement : judgements)
    if (judgement.trust == net::Trust::kBogus)
      groups[{judgement.server, judgement.fault, judgement.evidence}].push_back(judgement.key.text());
  for (const auto& [group, keys] : groups) {
    const auto& [server, fault, evidence] = group;
    out.push_back(audit("dnssec-bogus", Severity::kError,
                        "{} gives an answer that fails validation for {}: {}{}. Validating resolvers answer SERVFAIL "
                        "where they ask it; repair the signing first",
                        delegation.servers[server].label(), some_of(keys), net::to_text(fault),
                        evidence.empty() ? "" : " (" + evidence + ")"));
  }
}

void tell_expiry(const net::Delegation& delegation, const std::vector<net::Judgement>& judgements, Instant now,
                 Seconds standby, std::vector<Audit>& out) {
  const net::Judgement* first = nullptr;
  for (const net::Judgement& judgement : judgements)
    if (judgement.trust == net::Trust::kSecure && judgement.expires &&
        (first == nullptr || *judgement.expires < *first->expires))
      first = &judgement;
  if (first == nullptr || *first->expires > now + std::max<Span>(standby, kSoon)) return;
  out.push_back(audit("rrsig-expiry", Severity::kWarning,
                      "the signatures over {} at {} end at {}, in {}: make sure that they are renewed during the "
                      "cutover",
                      first->key.text(), delegation.servers[first->server].label(), format_instant(*first->expires),
                      format_duration(*first->expires - now)));
}

Audit summary(const DomainName& zone, const std::vector<net::Judgement>& judgements) {
  std::set<net::Unproven> open;
  bool is_signed = false, undecided = false;
  const net::Judgement* insecure = nullptr;
  const net::Judgement* secure = nullptr;
  for (const net::Judgement& judgement : judgements) {
    is_signed = is_signed || judgement.is_signed;
    if (judgement.trust == net::Trust::kInsecure) insecure = &judgement;
    if (judgement.trust == net::Trust::kSecure) secure = &judgement;
    undecided = undecided || judgement.trust == net::Trust::kUndecided;
    open.insert(judgement.unproven.begin(), judgement.unproven.end());
  }
  if (secure != nullptr) {
    std::vector<std::string> texts;
    for (const net::Unproven each : open) texts.emplace_back(net::to_text(each));
    return audit("dnssec", Severity::kNote,
                 "the zone is signed, and its signatures verify: a swap of values under the same signer needs nothing "
                 "more. Not validated: {}",
                 join(texts, "; "));
  }
  if (insecure != nullptr && is_signed)
    return audit("dnssec", Severity::kNote, "the zone is signed, but no resolver validates it: {}", insecure->evidence);
  if (insecure != nullptr) return audit("dnssec", Severity::kNote, "the zone is not signed: no DNSSEC step needed");
  return audit("dnssec", Severity::kNote, "whether {} is signed, and rightly, could not be found out: {}", zone.text(),
               judgements.empty() ? "nobody was asked" : judgements.front().evidence);
}

}  // namespace

std::vector<Audit> audit_delegation(const DomainName& zone, const net::Delegation& delegation) {
  std::vector<Audit> out;
  for (const net::DelegationDifference& difference : delegation.differences)
    out.push_back(audit("delegation", Severity::kWarning, "{}", sentence(zone, difference)));
  for (const DomainName& name : delegation.without_address)
    out.push_back(audit("server-without-address", Severity::kWarning,
                        "the name server {} has no address: it counts as not in sync until it has", name.text()));
  return out;
}

std::vector<Audit> audit_servers(const DomainName& zone, const net::Delegation& delegation,
                                 const net::AuthoritySweep& sweep) {
  std::vector<Audit> out;
  for (std::size_t i = 0; i < delegation.servers.size(); ++i) {
    const std::string label = delegation.servers[i].label();
    const net::ServerStanding standing =
        i < sweep.standings.size() ? sweep.standings[i] : net::ServerStanding::kUnknown;
    const Reached got = reached(sweep, i);
    if (net::is_lame(standing))
      out.push_back(audit("server-lame", Severity::kWarning,
                          "{} is lame for {}: it {}{}. Since {}, it closes the gates until it serves the zone", label,
                          zone.text(), net::to_text(standing), got.why.empty() ? "" : " (" + got.why + ")",
                          named_by(delegation.servers[i])));
    else if (!got.answered)
      out.push_back(audit("server-silent", Severity::kWarning,
                          "{} does not answer ({}): it counts as not low and not in sync", label,
                          got.why.empty() ? "no reading" : got.why));
  }
  tell_serials(delegation, sweep, out);
  tell_soa(delegation, sweep, out);
  return out;
}

std::vector<Audit> audit_signing(const DomainName& zone, const net::Delegation& delegation,
                                 const std::vector<net::Judgement>& judgements, Instant now, Seconds standby) {
  std::vector<Audit> out;
  tell_bogus(delegation, judgements, out);
  const bool bogus = !out.empty();
  tell_expiry(delegation, judgements, now, standby, out);
  if (!bogus) out.push_back(summary(zone, judgements));
  return out;
}

std::vector<std::string> signing_troubles(const DomainName& zone, const net::Delegation& delegation,
                                          const std::vector<net::Judgement>& judgements, Instant now, Seconds standby) {
  std::vector<std::string> out;
  for (Audit& each : audit_signing(zone, delegation, judgements, now, standby))
    if (each.severity != Severity::kNote) out.push_back(std::move(each.sentence));
  return out;
}

}  // namespace cutover
