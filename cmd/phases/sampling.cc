#include "cmd/phases/sampling.h"

#include <fmt/format.h>

#include <algorithm>

#include "cmd/plan/digest.h"
#include "net/http.h"
#include "net/socket.h"

namespace cutover {
namespace {

using Outcome = ProbeSample::Outcome;

ProbeSample sample_of(const EndpointTarget& target, Instant at) {
  ProbeSample sample;
  sample.at = at;
  sample.name = target.name;
  sample.endpoint = {target.address, target.port};
  if (target.http) {
    sample.path = target.http->path;
    sample.expected_status = target.http->status;
  }
  return sample;
}

Endpoint dialled(const EndpointTarget& target, const PreflightOptions& options) {
  const Endpoint endpoint{target.address, target.port};
  return options.route ? options.route(endpoint) : endpoint;
}

/// The name to ask for: of a wildcard any one below it, the same as preflight's.
std::string host_of(const DomainName& name) {
  const std::string host = name.host();
  return name.is_wildcard() ? "cutover-check" + host.substr(1) : host;
}

net::HttpRequest request_of(const EndpointTarget& target, const PreflightOptions& options) {
  net::HttpRequest request;
  request.url = fmt::format("https://{}:{}{}", host_of(target.name), target.port, target.http->path);
  request.connect_to = dialled(target, options);
  request.ca_file = options.ca_file;
  request.timeout = options.timeout;
  return request;
}

void take_answer(const Result<net::HttpResponse>& reply, const EndpointTarget& target, ProbeSample& sample) {
  if (!reply) {
    sample.detail = reply.error().message;
    return;
  }
  sample.outcome = Outcome::kAnswered;
  sample.took = reply->elapsed;
  sample.status = reply->status;
  sample.body_hash = sha256_hex(reply->body);
  if (!target.http->body.empty())
    sample.marker = reply->body.find(target.http->body) == std::string::npos ? ProbeSample::Marker::kMissing
                                                                             : ProbeSample::Marker::kFound;
}

/// Connecting a datagram socket asks the kernel for a route, and sends nothing.
bool has_route(const Endpoint& to) { return net::connect_socket(net::SocketKind::kUdp, to).ok(); }

bool by_http(const EndpointTarget& target) { return target.http && target.starttls.empty(); }

void probe_http(net::Loop& loop, const std::vector<EndpointTarget>& targets, const PreflightOptions& options,
                std::vector<ProbeSample>& samples) {
  std::vector<net::HttpRequest> requests;
  for (const EndpointTarget& target : targets)
    if (by_http(target)) requests.push_back(request_of(target, options));
  if (requests.empty()) return;
  const auto replies = net::http_all(loop, requests);
  std::size_t next = 0;
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (by_http(targets[i])) take_answer(replies[next++], targets[i], samples[i]);
}

/// The sentence of the first check that speaks against an endpoint.
const Check* fault_of(const std::vector<Check>& checks, const ProbeSample& sample) {
  for (const Check& check : checks)
    if (check.name == sample.name && check.endpoint == sample.endpoint && check.severity == Severity::kError &&
        (check.verdict == Verdict::kFail || check.verdict == Verdict::kUndecided))
      return &check;
  return nullptr;
}

Result<void> probe_tls(net::Loop& loop, const Clock& clock, const std::vector<EndpointTarget>& targets,
                       const PreflightOptions& options, std::vector<ProbeSample>& samples) {
  std::vector<tlscheck::Target> asked;
  for (const EndpointTarget& target : targets) {
    if (by_http(target)) continue;
    tlscheck::Target one;
    one.name = target.name;
    one.endpoint = {target.address, target.port};
    if (options.route) one.connect_to = options.route(one.endpoint);
    one.side = target.side == TargetSide::kNew ? tlscheck::Side::kNew : tlscheck::Side::kOld;
    one.starttls = target.starttls;
    asked.push_back(std::move(one));
  }
  if (asked.empty()) return {};
  auto anchors = tlscheck::Anchors::load(options.ca_file);
  if (!anchors) return anchors.error();
  tlscheck::Options terms{.anchors = *anchors};
  terms.timeout = options.timeout;
  terms.depth = tlscheck::Depth::kUsers;
  std::vector<tlscheck::EndpointFacts> facts;
  const auto checks = tlscheck::check_endpoints(loop, clock, asked, terms,
                                                [&](const tlscheck::EndpointFacts& one) { facts.push_back(one); });
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (by_http(targets[i])) continue;
    ProbeSample& sample = samples[i];
    const auto fact = std::find_if(facts.begin(), facts.end(), [&](const tlscheck::EndpointFacts& one) {
      return one.name == sample.name && one.endpoint == sample.endpoint;
    });
    const Check* fault = fault_of(checks, sample);
    if (fact != facts.end() && fact->accepted) {
      sample.outcome = Outcome::kAnswered;
      sample.took = fact->duration;
    } else if (fault != nullptr) {
      if (fault->verdict == Verdict::kUndecided) sample.outcome = Outcome::kNotAsked;
      sample.detail = fault->summary;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<ProbeSample>> probe_round(net::Loop& loop, const Clock& clock,
                                             const std::vector<EndpointTarget>& targets,
                                             const PreflightOptions& options) {
  std::vector<ProbeSample> samples;
  for (const EndpointTarget& target : targets) samples.push_back(sample_of(target, clock.now()));
  probe_http(loop, targets, options, samples);
  if (auto probed = probe_tls(loop, clock, targets, options, samples); !probed) return probed.error();
  for (std::size_t i = 0; i < targets.size(); ++i)
    if (samples[i].outcome == Outcome::kFailed && !has_route(dialled(targets[i], options))) {
      samples[i].outcome = Outcome::kNotAsked;
      samples[i].detail = "this machine has no route there";
    }
  return samples;
}

}  // namespace cutover
