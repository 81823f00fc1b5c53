#include "cmd/phases/doctor.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "dnsprobe/catalogue.h"
#include "dnsprobe/sweep.h"
#include "net/http.h"
#include "net/http_date.h"
#include "providers/catalog.h"
#include "tlscheck/anchors.h"

namespace cutover {
namespace {

/// Whoever takes longer to say what time it is does not know it well enough.
constexpr std::chrono::seconds kClockPatience{5};

Check passed(std::string id, std::string summary) {
  Check out;
  out.id = std::move(id);
  out.summary = std::move(summary);
  return out;
}

Check failed(std::string id, Severity severity, std::string summary, std::string advice) {
  Check out = passed(std::move(id), std::move(summary));
  out.severity = severity;
  out.verdict = Verdict::kFail;
  out.advice = std::move(advice);
  return out;
}

Check not_applicable(std::string id, std::string summary) {
  Check out = passed(std::move(id), std::move(summary));
  out.verdict = Verdict::kNotApplicable;
  return out;
}

/// Whether any resolver that the plan watches is reached across the public Internet.
bool needs_the_internet(const Plan* plan) {
  if (plan == nullptr) return true;
  const auto resolvers = dnsprobe::resolvers_from(plan->watch.resolvers, plan->file.parent_path());
  if (!resolvers) return true;
  return std::any_of(resolvers->begin(), resolvers->end(), [](const dnsprobe::Resolver& resolver) {
    return !resolver.endpoint || dnsprobe::is_public(resolver.endpoint->address);
  });
}

struct Encrypted {
  bool tls = false;
  bool https = false;
};

/// How one encrypted transport fared.
struct Tried {
  bool replied = false;
  std::string failure;  ///< of the last that did not reply
};

Check encrypted_check(std::string id, const std::string& what, const Tried& tried, std::string advice) {
  if (tried.replied) return passed(std::move(id), what + " gets through");
  return failed(std::move(id), Severity::kWarning,
                fmt::format("{} does not get through: {}", what, printable(tried.failure)), std::move(advice));
}

/// Asks all of them at once for the root's name servers. Any reply will do, a refusal too: it came over the connection
/// that was to be tried, from a server that proved its name.
Encrypted check_encrypted(net::Loop& loop, const Clock& clock, const DoctorOptions& options,
                          std::vector<Check>& checks) {
  std::vector<dnsprobe::Resolver> resolvers;
  for (const auto* texts : {&options.over_tls, &options.over_https})
    for (const std::string& text : *texts)
      if (auto one = dnsprobe::parse_resolver(text)) resolvers.push_back(*std::move(one));
  Tried tls, https;
  for (const auto& answer :
       dnsprobe::sweep(loop, clock, {{DomainName(), RecordType::kNs}}, resolvers, dnsprobe::SweepOptions()).answers) {
    Tried& tried = resolvers[answer.resolver].transport == dnsprobe::Transport::kTls ? tls : https;
    if (answer.sample.outcome == net::Outcome::kAnswered)
      tried.replied = true;
    else
      tried.failure = answer.sample.detail;
  }
  checks.push_back(encrypted_check("dns-over-tls", "DNS over TLS (port 853)", tls,
                                   "open TCP port 853 outwards, or leave tls:// resolvers out of the plan"));
  checks.push_back(encrypted_check("dns-over-https", "DNS over HTTPS", https,
                                   "open TCP port 443 outwards, or leave https:// resolvers out of the plan"));
  return {tls.replied, https.replied};
}

Check check_ipv6(const dnsprobe::PathReport& path, const std::string& advice) {
  switch (path.udp6) {
    case dnsprobe::Way::kOpen:
      return passed("ipv6", "IPv6 works, and nothing on the way answers for others");
    case dnsprobe::Way::kClosed:
      return failed("ipv6", Severity::kWarning, "IPv6 does not work from here",
                    "check AAAA endpoints from a machine that has IPv6: from here they cannot be seen");
    case dnsprobe::Way::kIntercepted:
      break;
  }
  return failed(
      "ipv6", Severity::kWarning,
      fmt::format("over IPv6 something on the way answers in the place of every resolver: {}", path.interception6),
      advice);
}

void check_path(const dnsprobe::PathReport& path, const Encrypted& encrypted, std::vector<Check>& checks) {
  const bool way_out = encrypted.tls || encrypted.https;
  const Severity severity = way_out ? Severity::kWarning : Severity::kError;
  const std::string advice = way_out ? "`cutover watch --encrypted` asks the resolvers over TLS or HTTPS instead"
                                     : "run from another network: from here no resolver can be asked";
  Check udp = passed("dns-over-udp", "plain DNS over UDP gets through, and nothing on the way answers for others");
  if (path.udp == dnsprobe::Way::kClosed)
    udp = failed("dns-over-udp", severity, "plain DNS over UDP (port 53) does not get through", advice);
  if (path.udp == dnsprobe::Way::kIntercepted)
    udp = failed("dns-over-udp", severity,
                 fmt::format("something on the way answers in the place of every resolver: {}", path.interception),
                 advice);
  udp.evidence = join(path.evidence, "; ");
  checks.push_back(std::move(udp));
  checks.push_back(path.tcp == dnsprobe::Way::kOpen
                       ? passed("dns-over-tcp", "plain DNS over TCP gets through")
                       : failed("dns-over-tcp", Severity::kWarning, "plain DNS over TCP (port 53) does not get through",
                                "open TCP port 53 outwards: answers too long for UDP cannot be read without it"));
  checks.push_back(check_ipv6(path, advice));
}

/// The clock against what HTTPS servers put into Date (RFC 9110 section 6.6.1), give or take how long the answer took.
Check check_clock(net::Loop& loop, const Clock& clock, const DoctorOptions& options) {
  std::vector<net::HttpRequest> requests;
  for (const std::string& text : options.over_https) {
    const auto resolver = dnsprobe::parse_resolver(text);
    if (!resolver) continue;
    net::HttpRequest request;
    request.method = "HEAD";
    request.url = resolver->url;
    request.connect_to = resolver->endpoint;
    request.timeout = kClockPatience;
    requests.push_back(std::move(request));
  }
  const auto replies = net::http_all(loop, requests);
  const Instant now = clock.now();
  for (const auto& reply : replies) {
    if (!reply) continue;
    const auto date = net::parse_http_date(reply->header("date"));
    if (!date) continue;
    const auto skew = std::chrono::duration_cast<std::chrono::seconds>(now - *date);
    if (std::chrono::abs(skew) <= kMostSkew + std::chrono::duration_cast<std::chrono::seconds>(reply->elapsed))
      return passed("clock", fmt::format("this clock agrees with {}'s within {} s", printable(reply->remote),
                                         std::max<std::int64_t>(1, std::chrono::abs(skew).count())));
    return failed("clock", Severity::kError,
                  fmt::format("this clock is {} s {} {}'s", std::chrono::abs(skew).count(),
                              skew.count() > 0 ? "ahead of" : "behind", printable(reply->remote)),
                  "set the clock (NTP): every time gate depends on it, and signed updates are refused");
  }
  Check out = failed("clock", Severity::kWarning, "nobody could be asked what time it is",
                     "make sure that this machine's clock is kept by NTP");
  out.verdict = Verdict::kUndecided;
  return out;
}

Check check_root_store(const std::string& ca_file) {
  const auto anchors = tlscheck::Anchors::load(ca_file);
  if (anchors) return passed("root-store", fmt::format("trusted roots: {}", anchors->text()));
  return failed("root-store", Severity::kError, anchors.error().message, "install the package ca-certificates");
}

Check check_provider(const Plan& plan, const ZonePlan& zone, net::Loop& loop, const Clock& clock) {
  const std::string id = "provider";
  auto provider = providers::make_provider(zone.provider, {loop, clock, lookup_of(plan)});
  Result<providers::Provider::Sets> read = provider ? (*provider)->read_sets(zone.zone, planned_keys(zone))
                                                    : Result<providers::Provider::Sets>(provider.error());
  Check out =
      read ? passed(id, fmt::format("{}: the credentials read the zone, serial {}", zone.zone.text(), read->soa.serial))
           : failed(id, Severity::kError, fmt::format("{}: {}", zone.zone.text(), read.error().message),
                    "mend that before the day: nothing of this zone can be changed, nor put back");
  out.name = zone.zone;
  return out;
}

Check check_authorities(const Plan& plan, const ZonePlan& zone, net::Loop& loop, const Clock& clock) {
  const auto delegation = net::find_delegation(loop, clock, zone.zone, zone.authoritative, lookup_of(plan));
  if (!delegation)
    return failed("authoritative", Severity::kError,
                  fmt::format("{}: {}", zone.zone.text(), delegation.error().message),
                  "mend the delegation, or name the servers under `authoritative:`");
  const auto swept = net::sweep_authority(loop, clock, *delegation, zone.zone, {});
  std::vector<std::string> silent;
  for (std::size_t i = 0; i < swept.serials.size(); ++i)
    if (!swept.serials[i]) silent.push_back(delegation->servers[i].label());
  for (const DomainName& name : delegation->without_address) silent.push_back(name.text() + " (no address)");
  Check out = silent.empty()
                  ? passed("authoritative", fmt::format("{}: {} answer with authority", zone.zone.text(),
                                                        counted(swept.serials.size(), "name-server address")))
                  : failed("authoritative", Severity::kError,
                           fmt::format("{}: no authoritative answer from {}", zone.zone.text(), join(silent, ", ")),
                           "mend those servers: until all serve the low TTL, the drain gate cannot open");
  out.name = zone.zone;
  return out;
}

void check_plan(const Plan& plan, net::Loop& loop, const Clock& clock, std::vector<Check>& checks) {
  for (const ZonePlan& zone : plan.zones) {
    checks.push_back(check_provider(plan, zone, loop, clock));
    checks.push_back(check_authorities(plan, zone, loop, clock));
  }
}

void conclude(DoctorResult& result, const Plan* plan) {
  const std::string what = plan == nullptr ? "from here" : fmt::format("for {} from here", plan->name);
  const bool go = !any_failed(result.checks, Severity::kError);
  const bool warned = any_failed(result.checks, Severity::kWarning) || any_undecided(result.checks);
  result.exit = go ? ExitCode::kDone : ExitCode::kFailed;
  result.headline =
      fmt::format("{} {}{}", go ? "GO" : "NO-GO", what, go && warned ? ", with the reservations above" : "");
  if (!go) result.next = "mend what failed, and run `cutover doctor` again";
}

}  // namespace

DoctorResult doctor(const Plan* plan, net::Loop& loop, const Clock& clock, const DoctorOptions& options) {
  DoctorResult result;
  if (needs_the_internet(plan)) {
    const Encrypted encrypted = check_encrypted(loop, clock, options, result.checks);
    check_path(dnsprobe::test_path(loop, clock, options.path), encrypted, result.checks);
    result.checks.push_back(check_clock(loop, clock, options));
  } else {
    result.checks.push_back(not_applicable("path",
                                           "every resolver of the plan is private: the path to the public ones "
                                           "is no concern of it"));
  }
  result.checks.push_back(check_root_store(options.ca_file));
  if (plan != nullptr) check_plan(*plan, loop, clock, result.checks);
  conclude(result, plan);
  return result;
}

}  // namespace cutover
