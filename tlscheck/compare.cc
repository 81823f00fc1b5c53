#include "tlscheck/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

#include "core/text.h"

// One function per difference, in one table; each looks at what the whole old side does and at one new address.

namespace cutover::tlscheck {
namespace {

using Sightings = std::vector<const Sighting*>;

struct Found {
  std::string summary{};
  std::string evidence{};
  std::string advice{};
  std::optional<Severity> milder{};  ///< where this one weighs less than the table says
};
using Finding = std::optional<Found>;

bool any(const Sightings& sightings, bool (*is)(const Sighting&)) {
  return std::any_of(sightings.begin(), sightings.end(), [&](const Sighting* s) { return is(*s); });
}
const CertificateFacts* leaf_of(const Showing& showing) {
  return showing.leaf().empty() ? nullptr : &showing.chain->sent.front();
}

// --- names ---

/// RFC 9525 section 6.3: equal, or `*` for the whole leftmost label.
bool is_covered(std::string_view name, const std::set<std::string>& certified) {
  if (certified.contains(std::string(name))) return true;
  const auto dot = name.find('.');
  return dot != std::string_view::npos && certified.contains("*" + std::string(name.substr(dot)));
}

void add_names(const Showing& showing, std::set<std::string>& names) {
  if (const auto* leaf = leaf_of(showing))
    for (const auto& name : leaf->names) names.insert(to_lower(name));
}

/// All certificates of one port and protocol.
struct Service {
  std::set<std::string> new_names{};  ///< in any certificate of the new side
  std::set<std::string> checked{};    ///< names that are asked for there
  std::map<std::string, std::pair<const Sighting*, const Showing*>> old_leaves{};  ///< by fingerprint
  const Sighting* first_new = nullptr;
};

std::vector<Service> services_of(const std::vector<Sighting>& sightings) {
  std::map<std::tuple<std::uint16_t, std::string>, Service> services;
  for (const auto& sighting : sightings) {
    if (!sighting.usual.done()) continue;
    const auto& target = sighting.target;
    auto& service = services[{target.endpoint.port, target.starttls}];
    service.checked.insert(target.name.is_root() ? target.endpoint.address.text() : target.name.host());
    std::vector<const Showing*> shown{&sighting.usual};
    if (sighting.other_keys && sighting.other_keys->done()) shown.push_back(&*sighting.other_keys);
    for (const auto* showing : shown) {
      if (target.side == Side::kNew)
        add_names(*showing, service.new_names);
      else if (!showing->leaf().empty())
        service.old_leaves.try_emplace(showing->leaf(), &sighting, showing);
    }
    if (target.side == Side::kNew && service.first_new == nullptr) service.first_new = &sighting;
  }
  std::vector<Service> out;
  for (auto& service : services) out.push_back(std::move(service.second));
  return out;
}

void compare_names(const Service& service, std::vector<Check>& checks) {
  if (service.first_new == nullptr) return;
  for (const auto& old : service.old_leaves) {
    std::set<std::string> served;
    add_names(*old.second.second, served);
    std::vector<std::string> lost;
    std::vector<std::string> checked;
    for (const auto& name : served)
      if (!is_covered(name, service.new_names)) lost.push_back(name);
    for (const auto& name : service.checked)
      if (is_covered(name, served) && !is_covered(name, service.new_names)) checked.push_back(name);
    if (lost.empty() && checked.empty()) continue;
    auto check = check_of(*service.first_new, "compare-names", checked.empty() ? Severity::kWarning : Severity::kError,
                          Verdict::kFail);
    check.name = old.second.first->target.name;
    check.endpoint.reset();
    const auto& named = checked.empty() ? lost : checked;
    check.summary = fmt::format("the old side's certificate is for {}, which no certificate of the new side is for{}",
                                join(named, ", "), checked.empty() ? "; nothing in the plan asks for them" : "");
    check.evidence = fmt::format("old certificate sha256 {} at {}, not on the new side: {}", old.first,
                                 old.second.first->target.endpoint.text(), join(lost, ", "));
    check.advice = checked.empty() ? "make sure that nobody uses them any more, or have them certified on the new side"
                                   : "have a certificate issued for the new side that covers them, before the swap";
    checks.push_back(std::move(check));
  }
}

// --- one new address against the old side ---

Finding issuer(const Sightings& olds, const Sighting& now) {
  const auto* mine = leaf_of(now.usual);
  if (mine == nullptr) return std::nullopt;
  std::string issuers;
  for (const auto* old : olds) {
    const auto* leaf = leaf_of(old->usual);
    if (leaf == nullptr || leaf->issuer == mine->issuer) return std::nullopt;
    issuers = leaf->issuer;
  }
  return Found{
      fmt::format("another authority: {} issued the certificate, on the old side {} did", mine->issuer, issuers),
      fmt::format("old {}, new {}", issuers, mine->issuer),
      "see that CAA allows it, and that clients that pin the old authority are told"};
}

Finding key(const Sightings& olds, const Sighting& now) {
  const auto has = [](const Sighting& s, net::TlsKeys keys) {
    return s.usual.answer.keys == keys || (s.other_keys && s.other_keys->done() && s.other_keys->answer.keys == keys);
  };
  if (now.other_keys && !now.other_keys->answered()) return std::nullopt;
  const auto lost = [&](net::TlsKeys keys) {
    return !has(now, keys) && std::any_of(olds.begin(), olds.end(), [&](const Sighting* s) { return has(*s, keys); });
  };
  const auto evidence =
      fmt::format("old {}{}, new {}{}", key_text(olds.front()->usual.answer),
                  olds.front()->other_keys && olds.front()->other_keys->done() ? " and others" : "",
                  key_text(now.usual.answer), now.other_keys && now.other_keys->done() ? " and others" : "");
  if (lost(net::TlsKeys::kRsa))
    return Found{"the old side has an RSA certificate, which old clients need; the new side has none", evidence,
                 "add an RSA certificate beside the ECDSA one, or make sure that no such client is left"};
  if (!lost(net::TlsKeys::kEcdsa)) return std::nullopt;
  return Found{"the old side has an ECDSA certificate, the new side an RSA one only", evidence,
               "nothing, unless clients pin the key", Severity::kNote};
}

Finding chain(const Sightings& olds, const Sighting& now) {
  if (now.usual.chain->trust != Trust::kIncomplete) return std::nullopt;
  if (!any(olds, [](const Sighting& s) { return s.usual.chain->trust == Trust::kTrusted; })) return std::nullopt;
  return Found{
      "the old side sends its intermediate certificates, the new side does not: browsers hide that, all "
      "other clients fail",
      fmt::format("{} sent, {} is missing", counted(now.usual.chain->sent.size(), "certificate"),
                  now.usual.chain->missing_issuer),
      "configure the new side to send the full chain"};
}

std::set<net::TlsVersion> versions_of(const Sightings& sightings) {
  std::set<net::TlsVersion> all;
  for (const auto* sighting : sightings)
    if (sighting->shared) all.insert(sighting->shared->versions.begin(), sighting->shared->versions.end());
  return all;
}

Finding versions(const Sightings& olds, const Sighting& now) {
  if (!now.shared) return std::nullopt;
  std::vector<std::string> lost;
  bool matters = false;
  for (const auto version : versions_of(olds)) {
    if (now.shared->versions.contains(version) || now.shared->unsure.contains(version)) continue;
    lost.emplace_back(net::to_text(version));
    matters = matters || version >= net::TlsVersion::k12;
  }
  if (lost.empty()) return std::nullopt;
  Found found{fmt::format("the old side speaks {}, the new side does not", join(lost, ", ")), "", ""};
  std::vector<std::string> spoken;
  for (const auto version : now.shared->versions) spoken.emplace_back(net::to_text(version));
  found.evidence = fmt::format("the new side speaks {}", join(spoken, ", "));
  found.advice = matters ? "switch it on on the new side" : "nothing, unless clients of before 2014 are to be served";
  if (!matters) found.milder = Severity::kNote;
  return found;
}

Finding alpn(const Sightings& olds, const Sighting& now) {
  if (now.usual.answer.alpn == "h2") return std::nullopt;
  if (!any(olds, [](const Sighting& s) { return s.usual.answer.alpn == "h2"; })) return std::nullopt;
  return Found{"the old side speaks HTTP/2, the new side does not",
               fmt::format("ALPN: old h2, new {}", now.usual.answer.alpn.empty() ? "none" : now.usual.answer.alpn),
               "switch HTTP/2 on on the new side: pages load slower without, and gRPC does not work"};
}

/// max-age=0 tells browsers to forget (RFC 6797 section 6.1.1).
bool has_hsts(const Sighting& sighting) {
  return sighting.http && sighting.http->hsts && sighting.http->hsts->max_age.count() > 0;
}
bool answered(const Sighting& sighting) { return sighting.http && sighting.http->trouble.empty(); }

Finding hsts(const Sightings& olds, const Sighting& now) {
  if (!answered(now) || has_hsts(now) || !any(olds, has_hsts)) return std::nullopt;
  return Found{"the old side sends Strict-Transport-Security, the new side does not",
               fmt::format("no such header in the answer of {}", now.http->url),
               "send it from the new side too: what browsers remember runs out"};
}

Finding http(const Sightings& olds, const Sighting& now) {
  if (!answered(now)) return std::nullopt;
  const Sighting* other = nullptr;
  for (const auto* old : olds) {
    if (!answered(*old)) continue;
    if (old->http->status == now.http->status && old->http->location == now.http->location) return std::nullopt;
    other = old;
  }
  if (other == nullptr) return std::nullopt;
  const auto told = [](const HttpSeen& seen) {
    return seen.location.empty() ? fmt::format("{}", seen.status) : fmt::format("{} to {}", seen.status, seen.location);
  };
  return Found{fmt::format("the old side answers {}, the new side {}", told(*other->http), told(*now.http)),
               fmt::format("{} at {} and {}", now.http->url, other->target.endpoint.text(), now.target.endpoint.text()),
               "make both sides answer alike, unless the difference is meant"};
}

bool asks_client(const Sighting& sighting) { return sighting.usual.answer.asks_client_certificate; }

Finding client_certificate(const Sightings& olds, const Sighting& now) {
  if (!asks_client(now) || any(olds, asks_client)) return std::nullopt;
  return Found{"the new side asks for a client certificate, the old side does not", "",
               "switch it off: clients that have none may be turned away"};
}

bool covers_without_name(const Sighting& sighting) {
  return sighting.shared && sighting.shared->without_name && sighting.shared->without_name->done() &&
         covers(*sighting.shared->without_name->chain, sighting.asked);
}

Finding without_name(const Sightings& olds, const Sighting& now) {
  if (now.asked.is_root() || !now.shared || covers_without_name(now) || !any(olds, covers_without_name))
    return std::nullopt;
  if (now.shared->without_name && !now.shared->without_name->answered()) return std::nullopt;
  const auto* shown = now.shared->without_name ? leaf_of(*now.shared->without_name) : nullptr;
  return Found{"clients without SNI get a certificate for the name on the old side, not on the new",
               shown == nullptr ? "without SNI the new side shows none"
                                : fmt::format("without SNI the new side shows {}", shown->subject),
               "make this name the default there, unless no such client (old libraries, health checks) is left"};
}

struct Difference {
  std::string_view id;
  Severity severity;
  Finding (*find)(const Sightings& olds, const Sighting& now);
};
constexpr std::array<Difference, 9> kDifferences{{
    {"compare-issuer", Severity::kNote, issuer},
    {"compare-key", Severity::kWarning, key},
    {"compare-chain", Severity::kError, chain},
    {"compare-versions", Severity::kWarning, versions},
    {"compare-alpn", Severity::kWarning, alpn},
    {"compare-hsts", Severity::kWarning, hsts},
    {"compare-http", Severity::kWarning, http},
    {"compare-client-certificate", Severity::kError, client_certificate},
    {"compare-default", Severity::kWarning, without_name},
}};

Check certificate_check(const Sightings& olds, const Sighting& now) {
  auto check = check_of(now, "compare-certificate", Severity::kNote, Verdict::kPass);
  const auto mine = now.usual.leaf();
  const bool same = std::any_of(olds.begin(), olds.end(), [&](const Sighting* s) { return s->usual.leaf() == mine; });
  check.summary = same ? "the same certificate on both sides" : "another certificate than on the old side";
  check.evidence = fmt::format("old sha256 {} at {}, new sha256 {}", olds.front()->usual.leaf(),
                               olds.front()->target.endpoint.text(), mine);
  return check;
}

/// What users see of one name at one port.
struct Sides {
  Sightings olds{};
  Sightings news{};
};

void compare_sides(const Sides& sides, std::vector<Check>& checks) {
  if (sides.olds.empty()) return;
  for (const auto* now : sides.news) {
    checks.push_back(certificate_check(sides.olds, *now));
    for (const auto& difference : kDifferences) {
      auto found = difference.find(sides.olds, *now);
      if (!found) continue;
      auto check = check_of(*now, difference.id, found->milder.value_or(difference.severity), Verdict::kFail);
      check.summary = std::move(found->summary);
      check.evidence = std::move(found->evidence);
      check.advice = std::move(found->advice);
      checks.push_back(std::move(check));
    }
  }
}

/// The name whose HSTS the browsers of `name` remember.
const Sighting* hsts_for(const std::vector<Sighting>& sightings, const DomainName& name) {
  for (const auto& sighting : sightings) {
    if (sighting.target.side != Side::kOld || !has_hsts(sighting) || sighting.asked.is_root()) continue;
    if (name == sighting.asked || (sighting.http->hsts->include_subdomains && name.is_within(sighting.asked)))
      return &sighting;
  }
  return nullptr;
}

}  // namespace

std::vector<Check> compare(const std::vector<Sighting>& sightings) {
  std::map<std::tuple<DomainName, std::uint16_t, std::string>, Sides> groups;
  for (const auto& sighting : sightings) {
    if (!sighting.usual.done()) continue;
    const auto& target = sighting.target;
    auto& sides = groups[{target.name, target.endpoint.port, target.starttls}];
    (target.side == Side::kOld ? sides.olds : sides.news).push_back(&sighting);
  }
  std::vector<Check> checks;
  for (const auto& group : groups) compare_sides(group.second, checks);
  for (const auto& service : services_of(sightings)) compare_names(service, checks);
  return checks;
}

void raise_for_hsts(const std::vector<Sighting>& sightings, const Sighting& sighting, std::vector<Check>& checks) {
  if (sighting.target.side == Side::kOld) return;
  const auto* taught = hsts_for(sightings, sighting.asked);
  if (taught == nullptr) return;
  for (auto& check : checks) {
    const bool counts = check.verdict == Verdict::kFail && check.severity >= Severity::kWarning &&
                        (check.id == "tls-second-certificate" || stands_in_the_way(check.id));
    if (!counts) continue;
    check.severity = Severity::kError;
    check.evidence +=
        fmt::format("{}the old side sends HSTS for {} (max-age {} s): browsers let nobody pass",
                    check.evidence.empty() ? "" : "; ", taught->asked.host(), taught->http->hsts->max_age.count());
  }
}

}  // namespace cutover::tlscheck
