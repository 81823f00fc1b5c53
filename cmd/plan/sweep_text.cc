#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/sweep.h"
#include "core/text.h"

namespace cutover {

void Sweep::find_text(const RecordSet& set) {
  for (const std::string& rdata : set.rdata) {
    const std::string text = txt_bytes(rdata);
    if (const auto terms = spf_terms(text))
      for (const SpfTerm& term : *terms) find_spf_term(set, *terms, term);
    else
      find_literals_in(set, text);
  }
}

void Sweep::find_spf_term(const RecordSet& set, const std::vector<SpfTerm>& terms, const SpfTerm& term) {
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

std::string Sweep::spf_reason(const std::vector<SpfTerm>& terms, const IpAddress& old,
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

void Sweep::find_spf_host(const RecordSet& set, const SpfTerm& term, const std::string& what) {
  if (term.has_macro) return;
  const DomainName domain = term.domain.value_or(set.name);
  std::vector<DomainName> hosts{domain};
  if (term.kind == SpfTerm::Kind::kMx) {
    hosts.clear();
    if (const RecordSet* mx = zone_.find({domain, RecordType::kMx}))
      for (const std::string& rdata : mx->rdata)
        for (const DomainName& target : names_pointed_at(RecordType::kMx, rdata)) hosts.push_back(target);
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

bool Sweep::host_network_covers_old(const DomainName& host, const SpfTerm& term) const {
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

void Sweep::find_literals(const RecordSet& set) {
  for (const std::string& rdata : set.rdata) find_literals_in(set, rdata);
}

void Sweep::find_literals_in(const RecordSet& set, std::string_view text) {
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

}  // namespace cutover
