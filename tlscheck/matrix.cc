#include "tlscheck/matrix.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "core/text.h"
#include "tlscheck/compare.h"
#include "tlscheck/https_record.h"
#include "tlscheck/revocation.h"
#include "tlscheck/server_rules.h"
#include "tlscheck/survey.h"

namespace cutover::tlscheck {
namespace {

/// What is the same for all targets.
struct Judging {
  const Options& options;
  Times times{};
  /// What was said of a chain, by side and by what came with it in the handshake: the same for every name and address.
  std::map<std::tuple<const ChainFacts*, Side, std::string, std::string>, std::vector<Check>> said{};
};

const std::vector<Check>& chain_checks(Judging& judging, Side side, const Showing& showing) {
  const auto& answer = showing.answer;
  const auto [known, is_new] = judging.said.try_emplace({showing.chain, side, answer.ocsp, answer.sct_list});
  if (is_new)
    known->second = judge_chain(*showing.chain, judging.options.anchors, judging.times, side,
                                {answer.ocsp, scts_in_list(answer.sct_list)});
  return known->second;
}

std::vector<Check> judged(Judging& judging, const Sighting& sighting, const Showing& showing) {
  const auto& target = sighting.target;
  std::vector<Check> checks;
  if (auto named =
          judge_name(*showing.chain, judging.options.anchors, {sighting.asked, target.endpoint.address}, target.side))
    checks.push_back(*std::move(named));
  const auto& of_chain = chain_checks(judging, target.side, showing);
  checks.insert(checks.end(), of_chain.begin(), of_chain.end());
  for (auto& check : checks) attach(sighting, check);
  return checks;
}

std::vector<Check> certificate_checks(Judging& judging, const Sighting& sighting) {
  if (!sighting.usual.done()) return {};
  auto checks = judged(judging, sighting, sighting.usual);
  for (auto& check : checks)
    if (const auto which = which_certificate(sighting);
        check.id == "tls-name" && check.verdict == Verdict::kFail && !which.empty())
      check.evidence += "; " + which;
  if (!sighting.other_keys || !sighting.other_keys->done()) return checks;
  if (auto second = second_certificate_check(sighting, judged(judging, sighting, *sighting.other_keys)))
    checks.push_back(std::move(*second));
  return checks;
}

/// Whether an HTTP client would get as far as a request.
bool is_accepted(const Sighting& sighting, const std::vector<Check>& checks) {
  return sighting.usual.done() && std::none_of(checks.begin(), checks.end(), [](const Check& c) {
           return c.verdict == Verdict::kFail &&
                  (c.id == "tls-version" || c.id == "tls-name" || c.id == "tls-chain" || c.id == "tls-not-yet-valid" ||
                   c.id == "tls-expiry") &&
                  c.severity >= Severity::kWarning;
         });
}

EndpointFacts facts_of(const Sighting& sighting, bool accepted) {
  EndpointFacts out{sighting.target.name, sighting.target.endpoint, sighting.target.side, accepted};
  const auto& answer = sighting.usual.answer;
  out.version = answer.version;
  out.duration = answer.connect_time + answer.handshake_time;
  if (sighting.http) out.http_status = sighting.http->status;
  if (!sighting.usual.done() || sighting.usual.chain->sent.empty()) return out;
  const auto earliest = [](const std::vector<CertificateFacts>& certificates) {
    Instant first = Instant::max();
    for (const auto& one : certificates) first = std::min(first, one.not_after);
    return first;
  };
  out.leaf = sighting.usual.chain->sent.front();
  out.earliest_expiry = earliest(sighting.usual.chain->sent);
  if (sighting.usual.chain->reaches_anchor) out.path_expiry = earliest(sighting.usual.chain->path_facts);
  return out;
}

std::vector<bool> wanted_over_http(const std::vector<Sighting>& sightings,
                                   const std::vector<std::vector<Check>>& checks, const Options& options) {
  std::vector<bool> wanted;
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    const auto& target = sightings[i].target;
    const bool asked = options.depth == Depth::kUsers ? target.http.has_value() : speaks_http(target);
    wanted.push_back(asked && target.starttls.empty() && is_accepted(sightings[i], checks[i]));
  }
  return wanted;
}

/// What issuers publish about the chains that were seen.
std::map<const ChainFacts*, Check> revocations(net::Loop& loop, Instant now, const std::vector<Sighting>& sightings,
                                               const Options& options) {
  std::map<const ChainFacts*, Check> out;
  if (options.depth != Depth::kThorough) return out;
  std::vector<const ChainFacts*> chains;
  for (const Sighting& sighting : sightings)
    if (sighting.usual.done() && out.try_emplace(sighting.usual.chain).second) chains.push_back(sighting.usual.chain);
  RevocationOptions terms;
  terms.timeout = options.timeout;
  auto checks = check_revocation(loop, now, chains, terms);
  for (std::size_t i = 0; i < chains.size(); ++i) out[chains[i]] = std::move(checks[i]);
  return out;
}

/// What DNS says about the certificate of this sighting. CAA is about names, and told with their first address.
std::vector<Check> published_checks(const Judging& judging, const Sighting& sighting, std::set<DomainName>& told) {
  std::vector<Check> out;
  const Target& target = sighting.target;
  if (target.side == Side::kOld || !sighting.usual.done() || !sighting.usual.chain->leaf) return out;
  if (target.caa && told.insert(target.name).second)
    out.push_back(judge_caa(target.name, *target.caa, sighting.usual.chain->sent.front()));
  if (!target.tlsa) return out;
  // The name that the records stand below comes first (RFC 7671 section 5.2.2).
  const DomainName base = target.tlsa->owner.parent().parent();
  Check check = judge_tlsa(*target.tlsa, sighting.usual.answer.chain, judging.options.anchors, {base, sighting.asked},
                           judging.times);
  attach(sighting, check);
  out.push_back(std::move(check));
  return out;
}

/// Whether clients with another root store think the same of the new side's chains; once per chain.
std::vector<Check> second_store_checks(const Judging& judging, const std::vector<Sighting>& sightings) {
  std::vector<Check> out;
  std::set<const ChainFacts*> seen;
  if (!judging.options.second) return out;
  const Anchors &first = judging.options.anchors, &second = *judging.options.second;
  for (const Sighting& sighting : sightings) {
    if (sighting.target.side == Side::kOld || !sighting.usual.done() || !seen.insert(sighting.usual.chain).second)
      continue;
    const ChainFacts there = inspect(sighting.usual.answer.chain, second, moments_of(judging.times));
    const bool here_good = sighting.usual.chain->is_good(), there_good = there.is_good();
    Check check = check_of(sighting, "tls-second-store", Severity::kError,
                           here_good == there_good ? Verdict::kPass : Verdict::kFail);
    check.evidence = fmt::format("{}: {}; {}: {}", first.text(), here_good ? "accepted" : sighting.usual.chain->why,
                                 second.text(), there_good ? "accepted" : there.why);
    check.summary = here_good == there_good ? "both root stores say the same of the certificate"
                                            : fmt::format("the certificate is accepted with the root store {} only",
                                                          printable((here_good ? first : second).path()));
    if (here_good != there_good) check.advice = "have one issued by an authority that all of your clients know";
    out.push_back(std::move(check));
  }
  return out;
}

/// Sightings [first, last) are of one name on one side.
std::vector<Check> same_leaf_checks(const std::vector<Sighting>& sightings, std::size_t first, std::size_t last) {
  std::map<std::uint16_t, std::vector<const Sighting*>> by_port;
  for (std::size_t i = first; i < last; ++i)
    if (!sightings[i].usual.leaf().empty()) by_port[sightings[i].target.endpoint.port].push_back(&sightings[i]);
  std::vector<Check> checks;
  for (const auto& group : by_port) {
    const auto port = group.first;
    const auto& shown = group.second;
    if (shown.size() < 2) continue;
    const bool same = std::all_of(shown.begin(), shown.end(),
                                  [&](const Sighting* s) { return s->usual.leaf() == shown.front()->usual.leaf(); });
    auto check = check_of(*shown.front(), "tls-same-leaf", Severity::kWarning, same ? Verdict::kPass : Verdict::kFail);
    check.endpoint.reset();
    std::vector<std::string> parts;
    for (const auto* sighting : shown)
      parts.push_back(fmt::format("{} sha256 {}", sighting->target.endpoint.text(), sighting->usual.leaf()));
    check.evidence = join(parts, "; ");
    const auto prefix = side_prefix(*shown.front());
    check.summary =
        same ? fmt::format("{}all {} addresses show the same certificate on port {}", prefix, shown.size(), port)
             : fmt::format("{}the addresses show different certificates on port {}", prefix, port);
    if (!same) check.advice = "install the same certificate everywhere, unless each machine is meant to have its own";
    checks.push_back(std::move(check));
  }
  return checks;
}

void append(std::vector<Check>& all, std::vector<Check> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

std::vector<Check> check_endpoints(net::Loop& loop, const Clock& clock, const std::vector<Target>& targets,
                                   const Options& options, const std::function<void(const EndpointFacts&)>& seen) {
  Judging judging{options, {}, {}};
  auto& times = judging.times;
  times.now = clock.now();
  times.swap = std::max(times.now, options.swap.value_or(times.now));
  times.standby_ends = times.swap + options.standby;

  ChainStore chains(options.anchors, moments_of(times));
  auto sightings = survey_tls(loop, targets, options, chains);

  // Every target has its answer; from here on nothing but HTTP touches the network.
  const auto revoked = revocations(loop, times.now, sightings, options);
  std::vector<std::vector<Check>> checks;
  std::set<DomainName> told;
  for (const auto& sighting : sightings) {
    checks.push_back(server_checks(sighting));
    append(checks.back(), certificate_checks(judging, sighting));
    append(checks.back(), published_checks(judging, sighting, told));
    if (const auto said = revoked.find(sighting.usual.chain); said != revoked.end()) {
      Check check = said->second;
      attach(sighting, check);
      checks.back().push_back(std::move(check));
    }
  }
  survey_http(loop, clock, sightings, options, wanted_over_http(sightings, checks, options));

  if (seen)
    for (std::size_t i = 0; i < sightings.size(); ++i)
      seen(facts_of(sightings[i], is_accepted(sightings[i], checks[i])));
  std::vector<Check> all;
  for (std::size_t first = 0, i = 0; i < sightings.size(); ++i) {
    append(checks[i], http_checks(sightings[i]));
    raise_for_hsts(sightings, sightings[i], checks[i]);
    append(all, std::move(checks[i]));
    const bool last_of_group = i + 1 == sightings.size() ||
                               sightings[i + 1].target.name != sightings[first].target.name ||
                               sightings[i + 1].target.side != sightings[first].target.side;
    if (!last_of_group) continue;
    append(all, same_leaf_checks(sightings, first, i + 1));
    first = i + 1;
  }
  append(all, second_store_checks(judging, sightings));
  append(all, compare(sightings));
  append(all, check_https_records(options.https_records, sightings));
  return all;
}

}  // namespace cutover::tlscheck
