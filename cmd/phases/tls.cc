#include "cmd/phases/tls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cmd/plan/plan_values.h"
#include "core/text.h"
#include "net/lookup.h"
#include "tlscheck/matrix.h"

namespace cutover {
namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 10> kUsualPorts{{
    {"smtp", 25},
    {"submission", 587},
    {"imap", 143},
    {"pop3", 110},
    {"ftp", 21},
    {"ldap", 389},
    {"xmpp", 5222},
    {"xmpp-server", 5269},
    {"postgres", 5432},
    {"mysql", 3306},
}};

Error no_target(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kUsage,
              fmt::format("'{}' is no target ({}); write HOST, HOST:PORT or an address", printable(text), why));
}

/// Looks up every name that has no address; those that have none become checks.
std::vector<Check> look_up(std::vector<TlsTarget>& targets, net::Loop& loop, const Clock& clock) {
  std::vector<TlsTarget*> unknown;
  std::vector<DomainName> names;
  for (TlsTarget& target : targets) {
    if (!target.at.empty() || target.name.is_root()) continue;
    unknown.push_back(&target);
    names.push_back(target.name);
  }
  if (names.empty()) return {};
  std::vector<Check> checks;
  const auto found = net::lookup_hosts(loop, clock, names, {});
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (found[i] && !found[i]->empty()) {
      unknown[i]->at = *found[i];
      continue;
    }
    Check check;
    check.id = "target-resolves";
    check.name = names[i];
    const bool could_ask = found[i].ok() || found[i].error().code == ErrorCode::kNotFound;
    check.verdict = could_ask ? Verdict::kFail : Verdict::kUndecided;
    check.summary = fmt::format("{} has no address", names[i].host());
    if (!found[i]) check.evidence = found[i].error().message;
    check.advice = "check the spelling, or say with --connect where to ask";
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace

std::uint16_t usual_port(std::string_view starttls) {
  for (const auto& [protocol, port] : kUsualPorts)
    if (protocol == starttls) return port;
  return 443;
}

Result<TlsTarget> read_tls_target(std::string_view text, std::uint16_t usual_port) {
  TlsTarget target;
  target.port = usual_port;
  const std::string_view word = trim(text);
  if (const auto endpoint = Endpoint::from_text(word, usual_port)) {
    target.port = endpoint->port;
    target.at = {endpoint->address};
    return target;
  }
  const auto colon = word.rfind(':');
  std::string_view host = word;
  if (colon != std::string_view::npos) {
    const std::string_view digits = word.substr(colon + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), target.port);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size() || target.port == 0)
      return no_target(text, fmt::format("'{}' is no port", printable(digits)));
    host = word.substr(0, colon);
  }
  auto name = plan_values::read_name(host, DomainName());
  if (!name) return no_target(text, name.error().message);
  if (name->is_root()) return no_target(text, "the root has no certificate");
  target.name = *name;
  return target;
}

Result<std::vector<TlsTarget>> read_tls_lines(std::string_view text, std::string_view file, std::uint16_t usual_port) {
  std::vector<TlsTarget> targets;
  std::size_t number = 0;
  for (const std::string& line : split(text, '\n')) {
    ++number;
    const std::string_view content = trim(std::string_view(line).substr(0, line.find('#')));
    if (content.empty()) continue;
    const auto place = fmt::format("{}:{}", file, number);
    const auto comma = content.find(',');
    auto target = read_tls_target(comma == std::string_view::npos ? content : content.substr(comma + 1), usual_port);
    if (!target) return within(place, target.error());
    if (comma != std::string_view::npos) {
      const auto address = IpAddress::from_text(trim(content.substr(0, comma)));
      if (!address) return within(place, address.error());
      target->at = {*address};
    }
    target->line = number;
    targets.push_back(*std::move(target));
  }
  return targets;
}

Result<PreflightResult> check_tls(const std::vector<TlsTarget>& targets, const std::string& starttls, net::Loop& loop,
                                  const Clock& clock, const PreflightOptions& options) {
  auto anchors = tlscheck::Anchors::load(options.ca_file);
  if (!anchors) return anchors.error();
  const auto second = second_store(options);
  if (!second) return second.error();
  PreflightResult result;
  result.root_store = anchors->text();
  std::vector<TlsTarget> known = targets;
  result.checks = look_up(known, loop, clock);
  std::vector<tlscheck::Target> asked;
  for (const TlsTarget& target : known) {
    const auto add = [&](const IpAddress& address, tlscheck::Side side) {
      asked.push_back({.name = target.name, .endpoint = {address, target.port}, .side = side, .starttls = starttls});
    };
    for (const IpAddress& address : target.at) add(address, tlscheck::Side::kNew);
    for (const IpAddress& address : target.old) add(address, tlscheck::Side::kOld);
  }
  auto found = tlscheck::check_endpoints(
      loop, clock, asked, {.anchors = *anchors, .timeout = options.timeout, .second = *second},
      [&](const tlscheck::EndpointFacts& facts) { result.endpoints.push_back(facts); });
  std::move(found.begin(), found.end(), std::back_inserter(result.checks));
  const Conclusion conclusion = conclude(result.checks, options.fail_on);
  result.exit = conclusion.exit;
  result.headline = conclusion.headline;
  return result;
}

}  // namespace cutover
