#include "cmd/phases/preflight.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/phases/tlsa_past.h"
#include "cmd/plan/service_binding.h"
#include "cmd/plan/targets.h"
#include "core/text.h"
#include "net/authority.h"
#include "tlscheck/acme_path.h"
#include "tlscheck/matrix.h"
#include "tlscheck/published.h"

namespace cutover {
namespace {

tlscheck::Target target_of(const EndpointTarget& planned, const PreflightOptions& options) {
  tlscheck::Target target;
  target.name = planned.name;
  target.endpoint = {planned.address, planned.port};
  if (options.route) target.connect_to = options.route(target.endpoint);
  target.side = planned.side == TargetSide::kNew ? tlscheck::Side::kNew : tlscheck::Side::kOld;
  target.starttls = planned.starttls;
  if (planned.http) target.http = tlscheck::HttpExpectation{planned.http->path, planned.http->status};
  return target;
}

/// A name that is the target of a CNAME, looked up now: its addresses are somebody else's and may change any day.
void resolve(const NamedTarget& named, const Plan& plan, net::Loop& loop, const Clock& clock,
             std::vector<EndpointTarget>& targets, std::vector<Check>& checks) {
  auto addresses = net::lookup_host(loop, clock, named.target, lookup_of(plan));
  if (!addresses || addresses->empty()) {
    Check check;
    check.id = "target-resolves";
    check.name = named.name;
    check.severity = named.side == TargetSide::kNew ? Severity::kError : Severity::kWarning;
    const bool could_ask = addresses.ok() || addresses.error().code == ErrorCode::kNotFound;
    check.verdict = could_ask ? Verdict::kFail : Verdict::kUndecided;
    check.summary =
        fmt::format("{} is to be an alias of {}, which has no address", named.name.host(), named.target.host());
    if (!addresses) check.evidence = addresses.error().message;
    check.advice = "make the target exist before the swap, or mend the plan";
    checks.push_back(std::move(check));
    return;
  }
  for (const IpAddress& address : *addresses)
    targets.push_back({named.name, address, named.endpoint.port, named.side, named.endpoint.starttls,
                       named.endpoint.http, named.endpoint.at});
}

/// What the swap makes of the names that it changes.
tlscheck::PlannedAliases planned_aliases(const Plan& plan) {
  tlscheck::PlannedAliases out;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& change : zone.changes) {
      if (change.type != RecordType::kCname) continue;
      out[change.name] = std::nullopt;
      if (!change.to.empty())
        if (auto target = DomainName::from_text(change.to.front())) out[change.name] = *target;
    }
  return out;
}

Check not_looked_up(std::string id, const DomainName& name, const Error& error) {
  Check check;
  check.id = std::move(id);
  check.severity = Severity::kNote;
  check.verdict = Verdict::kUndecided;
  check.name = name;
  check.summary = error.message;
  check.advice = "run preflight where a resolver answers, or name one with `lookup:` in the plan";
  return check;
}

/// When the swap is to be: the window's opening, or now.
Instant swap_of(const Plan& plan, Instant now) { return plan.window ? std::max(now, plan.window->opens) : now; }

/// Says since when a TLSA set has been served, where earlier preflights saw it for long enough; else that is not known:
/// it may have been there before they looked.
void date(tlscheck::PublishedTlsa& published, const std::vector<CheckRecord>& past, Instant swap) {
  const auto seen = tlsa_past(past, published);
  if (!seen) return;
  published.ttl = std::max(published.ttl, seen->ttl);
  if (seen->since + 2 * published.ttl <= swap) published.since = seen->since;
}

/// Gives the targets of the new side what DNS says about their certificates.
void look_up_published(const Plan& plan, net::Loop& loop, const Clock& clock, const std::vector<CheckRecord>& past,
                       std::vector<tlscheck::Target>& targets, std::vector<Check>& checks) {
  std::vector<DomainName> names;
  std::vector<tlscheck::TlsaQuestion> services;
  for (const tlscheck::Target& target : targets) {
    if (target.side == tlscheck::Side::kOld || target.name.is_root()) continue;
    if (std::find(names.begin(), names.end(), target.name) == names.end()) names.push_back(target.name);
    const tlscheck::TlsaQuestion service{target.name, target.endpoint.port};
    if (std::find(services.begin(), services.end(), service) == services.end()) services.push_back(service);
  }
  const auto planned = planned_aliases(plan);
  const auto caa = tlscheck::climb_caa(loop, clock, lookup_of(plan), names, planned);
  auto tlsa = tlscheck::find_tlsa(loop, clock, lookup_of(plan), services, planned);
  for (auto& found : tlsa)
    if (found) date(*found, past, swap_of(plan, clock.now()));
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!caa[i]) checks.push_back(not_looked_up("tls-caa", names[i], caa[i].error()));
  for (std::size_t i = 0; i < services.size(); ++i)
    if (!tlsa[i]) checks.push_back(not_looked_up("tls-tlsa", services[i].name, tlsa[i].error()));
  for (tlscheck::Target& target : targets) {
    if (target.side == tlscheck::Side::kOld) continue;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == target.name && caa[i]) target.caa = *caa[i];
    for (std::size_t i = 0; i < services.size(); ++i)
      if (services[i] == tlscheck::TlsaQuestion{target.name, target.endpoint.port} && tlsa[i]) target.tlsa = *tlsa[i];
  }
}

/// What is asked: all targets of a plan, or some.
struct Question {
  std::function<bool(TargetSide, const DomainName&)> wanted;
  std::function<bool(const NamedTarget&)> wanted_named;
  tlscheck::Depth depth = tlscheck::Depth::kThorough;
  enum class Published { kLeftOut, kLookedUp } published = Published::kLeftOut;
  std::vector<CheckRecord> past{};  ///< of earlier preflights
};

/// Every HTTPS record that the plan will put in place, in the parts that are checked. What cannot be taken apart is
/// left to the mentions.
std::vector<tlscheck::HttpsRecord> https_records_of(const Plan& plan) {
  std::vector<tlscheck::HttpsRecord> records;
  for (const ZonePlan& zone : plan.zones)
    for (const PlannedChange& change : zone.changes)
      for (const std::string& value : change.to) {
        const auto binding = parse_service_binding(value);
        if (change.type != RecordType::kHttps || !binding) continue;
        tlscheck::HttpsRecord record;
        record.owner = change.name;
        record.priority = binding->priority;
        record.target = binding->target;
        if (const auto* alpn = binding->find("alpn")) record.alpn = split(alpn->value, ',');
        record.no_default_alpn = binding->find("no-default-alpn") != nullptr;
        if (const auto* port = binding->find("port"))
          if (const auto at = Endpoint::from_text("0.0.0.0:" + port->value, 443)) record.port = at->port;
        record.hints = hints_of(*binding);
        record.text = value;
        records.push_back(std::move(record));
      }
  return records;
}

/// Port 80 of every new address that serves HTTPS.
std::vector<tlscheck::AcmeTarget> acme_targets_of(const std::vector<tlscheck::Target>& targets) {
  std::vector<tlscheck::AcmeTarget> out;
  for (const tlscheck::Target& target : targets)
    if (target.side == tlscheck::Side::kNew && target.starttls.empty() && target.endpoint.port == 443)
      out.push_back({target.name, {target.endpoint.address, 80}});
  return out;
}

struct Checked {
  std::vector<Check> checks;
  std::vector<tlscheck::EndpointFacts> endpoints;
  std::string root_store;
};

Result<Checked> check(const Plan& plan, net::Loop& loop, const Clock& clock, const PreflightOptions& options,
                      const Question& question) {
  auto anchors = tlscheck::Anchors::load(options.ca_file);
  if (!anchors) return anchors.error();
  const auto second = second_store(options);
  if (!second) return second.error();
  Checked out;
  out.root_store = anchors->text();
  const Targets planned = targets_of(plan);
  std::vector<EndpointTarget> targets;
  for (const EndpointTarget& target : planned.addresses)
    if (question.wanted(target.side, target.name)) targets.push_back(target);
  for (const NamedTarget& named : planned.named)
    if (question.wanted_named(named)) resolve(named, plan, loop, clock, targets, out.checks);
  std::vector<tlscheck::Target> asked;
  for (const EndpointTarget& target : targets) asked.push_back(target_of(target, options));
  if (question.published == Question::Published::kLookedUp)
    look_up_published(plan, loop, clock, question.past, asked, out.checks);
  tlscheck::Options terms{.anchors = *anchors};
  terms.second = *second;
  terms.swap = swap_of(plan, clock.now());
  terms.standby = plan.standby;
  terms.timeout = options.timeout;
  terms.depth = question.depth;
  if (question.depth == tlscheck::Depth::kThorough) terms.https_records = https_records_of(plan);
  const auto add = [&](std::vector<Check> found) { out.checks.insert(out.checks.end(), found.begin(), found.end()); };
  add(tlscheck::check_endpoints(loop, clock, asked, terms,
                                [&](const tlscheck::EndpointFacts& facts) { out.endpoints.push_back(facts); }));
  if (options.http_01) add(tlscheck::check_acme_paths(loop, acme_targets_of(asked), {.severity = *options.http_01}));
  return out;
}

std::vector<Check> checks_or_trouble(Result<Checked> checked) {
  if (checked) return std::move(checked->checks);
  Check trouble;
  trouble.id = "preflight";
  trouble.verdict = Verdict::kUndecided;
  trouble.summary = checked.error().message;
  return {std::move(trouble)};
}

}  // namespace

Result<std::optional<tlscheck::Anchors>> second_store(const PreflightOptions& options) {
  if (options.second_ca_file.empty()) return std::optional<tlscheck::Anchors>();
  auto anchors = tlscheck::Anchors::load(options.second_ca_file);
  if (!anchors) return anchors.error();
  return std::optional(*std::move(anchors));
}

Conclusion conclude(const std::vector<Check>& checks, Severity fail_on) {
  const auto count = [&](Verdict verdict, Severity at_least) {
    return static_cast<std::size_t>(std::count_if(
        checks.begin(), checks.end(), [&](const Check& c) { return c.verdict == verdict && c.severity >= at_least; }));
  };
  if (checks.empty()) return {ExitCode::kFailed, "nothing could be checked"};
  if (const auto failed = count(Verdict::kFail, fail_on); failed > 0)
    return {ExitCode::kFailed, fmt::format("{} failed at {} or above, out of {}", counted(failed, "check"),
                                           to_text(fail_on), checks.size())};
  if (count(Verdict::kUndecided, fail_on) > 0)
    return {ExitCode::kGaveUp, fmt::format("nothing failed, but {} could not be decided from here",
                                           counted(count(Verdict::kUndecided, Severity::kNote), "check"))};
  return {ExitCode::kDone, fmt::format("passed: {}, none failed", counted(checks.size(), "check"))};
}

Result<PreflightResult> preflight(const Plan& plan, Journal* journal, net::Loop& loop, const Clock& clock,
                                  const PreflightOptions& options) {
  std::vector<CheckRecord> past;
  if (journal != nullptr) {
    auto history = journal->history();
    if (!history) return history.error();
    past = std::move(history->checks);
  }
  auto checked = check(plan, loop, clock, options,
                       {[](TargetSide, const DomainName&) { return true; }, [](const NamedTarget&) { return true; },
                        tlscheck::Depth::kThorough, Question::Published::kLookedUp, std::move(past)});
  if (!checked) return checked.error();
  PreflightResult result;
  result.root_store = checked->root_store;
  result.checks = std::move(checked->checks);
  result.endpoints = std::move(checked->endpoints);
  for (const std::string& sentence : targets_of(plan).without) {
    Check missing;
    missing.id = "endpoint-address";
    missing.verdict = Verdict::kFail;
    missing.summary = sentence;
    missing.advice = "give the endpoint its `new:` addresses in the plan";
    result.checks.push_back(std::move(missing));
  }
  const Conclusion conclusion = conclude(result.checks, options.fail_on);
  result.exit = conclusion.exit;
  result.headline = conclusion.headline;
  if (result.checks.empty()) {
    result.headline = "the plan names nothing that could be checked";
    result.next = "add `endpoints` to the plan";
  } else if (result.exit == ExitCode::kFailed) {
    result.next = "mend the new side and run preflight again; the swap stays closed until it passes";
  } else if (result.exit == ExitCode::kGaveUp) {
    result.next = "run preflight from a machine that reaches those addresses";
  } else {
    result.next = "`cutover swap` when the old TTL has drained";
  }
  if (journal != nullptr)
    if (auto kept = journal->record_checks(Phase::kPreflight, plan.hash, result.exit == ExitCode::kDone, result.checks);
        !kept)
      return kept.error();
  return result;
}

std::vector<Check> check_named_targets(Cutover& cutover, const PreflightOptions& options,
                                       const std::vector<ChangeSet>& changes) {
  const auto changes_to = [&](const NamedTarget& named) {
    for (const ChangeSet& set : changes)
      for (const Change& change : set.changes)
        if (named.side == TargetSide::kNew && change.key.name == named.name && change.key.type == RecordType::kCname &&
            change.after)
          return true;
    return false;
  };
  const Targets planned = targets_of(cutover.plan);
  if (std::none_of(planned.named.begin(), planned.named.end(), changes_to)) return {};
  return checks_or_trouble(check(cutover.plan, cutover.loop, cutover.clock, options,
                                 {[](TargetSide, const DomainName&) { return false; }, changes_to}));
}

std::vector<Check> check_new_side(Cutover& cutover, const PreflightOptions& options) {
  return checks_or_trouble(
      check(cutover.plan, cutover.loop, cutover.clock, options,
            {[](TargetSide side, const DomainName&) { return side == TargetSide::kNew; },
             [](const NamedTarget& named) { return named.side == TargetSide::kNew; }, tlscheck::Depth::kUsers}));
}

std::vector<EndpointTarget> endpoints_of(const Plan& plan, TargetSide side, net::Loop& loop, const Clock& clock,
                                         std::vector<Check>& unresolved) {
  const Targets planned = targets_of(plan);
  std::vector<EndpointTarget> targets;
  for (const EndpointTarget& target : planned.addresses)
    if (target.side == side) targets.push_back(target);
  for (const NamedTarget& named : planned.named)
    if (named.side == side) resolve(named, plan, loop, clock, targets, unresolved);
  return targets;
}

std::vector<Check> check_old_side(Cutover& cutover, const PreflightOptions& options) {
  PreflightOptions hurried = options;
  hurried.timeout = std::chrono::seconds(2);
  return checks_or_trouble(
      check(cutover.plan, cutover.loop, cutover.clock, hurried,
            {[](TargetSide side, const DomainName&) { return side == TargetSide::kOld; },
             [](const NamedTarget& named) { return named.side == TargetSide::kOld; }, tlscheck::Depth::kUsers}));
}

}  // namespace cutover
