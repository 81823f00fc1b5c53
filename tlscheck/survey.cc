#include "tlscheck/survey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <tuple>

#include "core/text.h"
#include "net/http.h"
#include "net/http_date.h"
#include "net/starttls.h"

namespace cutover::tlscheck {
namespace {

/// What a wildcard is asked as: any name below it would do.
constexpr std::string_view kWildcardLabel = "cutover-check";

DomainName asked_name(const DomainName& name) {
  if (!name.is_wildcard()) return name;
  const auto asked = DomainName::from_text(fmt::format("{}.{}", kWildcardLabel, name.parent().text()));
  return asked ? *asked : name;  // too long for the label: asked as it is, and the server will not know it
}

std::vector<Sighting> sorted(const std::vector<Target>& targets) {
  std::vector<Sighting> out;
  for (const auto& target : targets) {
    Sighting sighting;
    sighting.target = target;
    sighting.asked = asked_name(target.name);
    out.push_back(std::move(sighting));
  }
  const auto order = [](const Sighting& s) {
    return std::tuple(s.target.name, s.target.side, s.target.endpoint, s.target.starttls);
  };
  std::stable_sort(out.begin(), out.end(), [&](const Sighting& a, const Sighting& b) { return order(a) < order(b); });
  return out;
}

net::TlsRequest request_of(const Sighting& sighting, const Options& options) {
  const auto& target = sighting.target;
  net::TlsRequest request;
  request.connect_to = target.connect_to.value_or(target.endpoint);
  if (!sighting.asked.is_root()) request.server_name = sighting.asked.host();
  // Offered where HTTP is spoken only: a server of something else may refuse to go on.
  if (target.starttls.empty() && speaks_http(target)) request.alpn = {"h2", "http/1.1"};
  request.starttls = target.starttls;
  request.starttls_domain = request.server_name;
  request.timeout = options.timeout;
  return request;
}

/// Handshakes of one pass, and what is done with each answer.
class Pass {
 public:
  void add(net::TlsRequest request, std::function<void(Showing)> then) {
    requests_.push_back(std::move(request));
    then_.push_back(std::move(then));
  }
  void run(net::Loop& loop, const Options& options, ChainStore& chains) {
    auto answers = net::tls_all(loop, requests_, options.in_flight);
    // First what is known, then what is made of it: the old side's chain may fill a gap of the new one's.
    for (const auto& answer : answers) chains.learn(answer.chain);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      Showing showing;
      if (answers[i].outcome == net::TlsOutcome::kHandshake) showing.chain = &chains.of(answers[i].chain);
      showing.answer = std::move(answers[i]);
      then_[i](std::move(showing));
    }
  }

 private:
  std::vector<net::TlsRequest> requests_;
  std::vector<std::function<void(Showing)>> then_;
};

/// The sightings of one address and port that went well, and what they share.
struct Address {
  std::vector<Sighting*> sightings;
  std::shared_ptr<AddressSeen> seen = std::make_shared<AddressSeen>();
};

std::vector<Address> addresses_of(std::vector<Sighting>& sightings) {
  std::map<std::tuple<Side, Endpoint, Endpoint, std::string>, Address> groups;
  for (auto& sighting : sightings) {
    if (!sighting.usual.done()) continue;
    const auto& target = sighting.target;
    groups[{target.side, target.endpoint, target.connect_to.value_or(target.endpoint), target.starttls}]
        .sightings.push_back(&sighting);
  }
  std::vector<Address> out;
  for (auto& group : groups) {
    auto& address = group.second;
    address.sightings.front()->first_at_address = true;
    for (auto* sighting : address.sightings) sighting->shared = address.seen;
    out.push_back(std::move(address));
  }
  return out;
}

std::optional<net::TlsVersion> version_of(const std::string& text) {
  for (const auto version : {net::TlsVersion::k10, net::TlsVersion::k11, net::TlsVersion::k12, net::TlsVersion::k13})
    if (text == net::to_text(version)) return version;
  return std::nullopt;
}

void add_version_probe(Pass& pass, const Address& address, const Options& options, net::TlsVersion highest) {
  auto request = request_of(*address.sightings.front(), options);
  request.highest = highest;
  pass.add(std::move(request), [seen = address.seen, highest](const Showing& showing) {
    const auto version = version_of(showing.answer.version);
    if (showing.done() && version) seen->versions.insert(*version);
    if (showing.answered()) return;
    seen->unsure.insert(highest);
    if (highest == net::TlsVersion::k11) seen->unsure.insert(net::TlsVersion::k10);  // which is not asked for any more
  });
}

/// The default certificate, and the versions below the one that was negotiated.
void add_address_probes(Pass& pass, const Address& address, const Options& options) {
  const auto& first = *address.sightings.front();
  const auto best = version_of(first.usual.answer.version);
  if (best) address.seen->versions.insert(*best);
  if (!first.asked.is_root()) {
    auto request = request_of(first, options);
    request.server_name.clear();
    pass.add(std::move(request), [seen = address.seen](Showing showing) { seen->without_name = std::move(showing); });
  }
  if (best == net::TlsVersion::k13) add_version_probe(pass, address, options, net::TlsVersion::k12);
  if (best >= net::TlsVersion::k12) add_version_probe(pass, address, options, net::TlsVersion::k11);
}

void add_other_keys(Pass& pass, Sighting& sighting, const Options& options) {
  const auto shown = sighting.usual.answer.keys;
  if (!sighting.usual.done() || shown == net::TlsKeys::kAny) return;
  auto request = request_of(sighting, options);
  request.keys = shown == net::TlsKeys::kRsa ? net::TlsKeys::kEcdsa : net::TlsKeys::kRsa;
  pass.add(std::move(request), [&sighting](Showing showing) { sighting.other_keys = std::move(showing); });
}

// --- HTTP ---

std::string url_of(const Sighting& sighting) {
  const auto& target = sighting.target;
  const auto at = target.endpoint;
  std::string host = sighting.asked.host();
  if (sighting.asked.is_root())
    host = at.address.family() == Family::kV6 ? "[" + at.address.text() + "]" : at.address.text();
  const auto port = at.port == 443 ? std::string() : fmt::format(":{}", at.port);
  const auto path = target.http ? target.http->path : std::string("/");
  return fmt::format("https://{}{}{}{}", host, port, path.substr(0, 1) == "/" ? "" : "/", path);
}

/// How far the server's Date lies outside of the request, which took its time by our clock. A Date is whole seconds,
/// rounded down (RFC 9110 section 6.6.1).
Span skew_of(Instant date, Instant began, Instant ended) {
  if (date > ended) return date - ended;
  const auto latest = date + std::chrono::seconds(1);
  return latest < began ? latest - began : Span(0);
}

HttpSeen seen_of(const Clock& clock, const std::string& url, const Result<net::HttpResponse>& response) {
  HttpSeen seen;
  seen.url = printable(url);
  if (!response) {
    seen.trouble = response.error().message;
    return seen;
  }
  seen.status = response->status;
  seen.location = printable(response->header("location").substr(0, 200));
  seen.hsts = parse_hsts(response->header("strict-transport-security"));
  const auto date = net::parse_http_date(response->header("date"));
  // Real time as this clock counts it: a rehearsal's runs faster.
  const auto real_second = static_cast<double>(clock.real(std::chrono::seconds(1)).count());
  if (!date || real_second <= 0) return seen;
  const auto counted_span = [&](std::chrono::steady_clock::duration real) {
    const auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(real).count();
    return Span(std::llround(static_cast<double>(nanoseconds) / real_second * 1e6));
  };
  const auto ended = clock.now() - counted_span(std::chrono::steady_clock::now() - response->finished);
  seen.skew = skew_of(*date, ended - counted_span(response->elapsed), ended);
  return seen;
}

}  // namespace

bool speaks_http(const Target& target) {
  return target.http.has_value() || (target.endpoint.port == 443 && target.starttls.empty());
}

bool can_be_asked(const Target& target) { return target.starttls.empty() || net::Starttls::known(target.starttls); }

std::vector<Sighting> survey_tls(net::Loop& loop, const std::vector<Target>& targets, const Options& options,
                                 ChainStore& chains) {
  auto sightings = sorted(targets);
  Pass usual;
  for (auto& sighting : sightings)
    if (can_be_asked(sighting.target))
      usual.add(request_of(sighting, options), [&sighting](Showing showing) { sighting.usual = std::move(showing); });
  usual.run(loop, options, chains);
  if (options.depth == Depth::kUsers) return sightings;

  // Who answered the ordinary question is asked the unusual ones.
  const auto addresses = addresses_of(sightings);
  Pass unusual;
  for (auto& sighting : sightings) add_other_keys(unusual, sighting, options);
  for (const auto& address : addresses) add_address_probes(unusual, address, options);
  unusual.run(loop, options, chains);

  // Who speaks TLS 1.1 may speak 1.0, which no other question shows.
  Pass oldest;
  for (const auto& address : addresses)
    if (address.seen->versions.contains(net::TlsVersion::k11))
      add_version_probe(oldest, address, options, net::TlsVersion::k10);
  oldest.run(loop, options, chains);
  return sightings;
}

void survey_http(net::Loop& loop, const Clock& clock, std::vector<Sighting>& sightings, const Options& options,
                 const std::vector<bool>& wanted) {
  std::vector<net::HttpRequest> requests;
  std::vector<Sighting*> asked;
  for (std::size_t i = 0; i < sightings.size(); ++i) {
    if (!wanted[i]) continue;
    const auto& target = sightings[i].target;
    net::HttpRequest request;
    request.url = url_of(sightings[i]);
    request.connect_to = target.connect_to.value_or(target.endpoint);
    request.ca_file = options.anchors.path();
    request.timeout = options.timeout;
    request.max_body = 64 * 1024;
    requests.push_back(std::move(request));
    asked.push_back(&sightings[i]);
  }
  const auto responses = net::http_all(loop, requests, options.in_flight);
  for (std::size_t i = 0; i < responses.size(); ++i) asked[i]->http = seen_of(clock, requests[i].url, responses[i]);
}

}  // namespace cutover::tlscheck
