#include "tlscheck/server_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "net/starttls.h"
#include "tlscheck/survey.h"

namespace cutover::tlscheck {
namespace {

constexpr std::chrono::seconds kMostSkew{5};

std::string milliseconds(std::chrono::microseconds span) {
  return fmt::format("{:.1f} ms", static_cast<double>(span.count()) / 1000);
}

std::string question(const Sighting& sighting) {
  auto text = fmt::format("SNI {}", sighting.asked.is_root() ? "none" : sighting.asked.host());
  const auto& target = sighting.target;
  if (!target.starttls.empty()) text += fmt::format(", STARTTLS {}", printable(target.starttls));
  if (target.connect_to) text += fmt::format(", dialled {}", target.connect_to->text());
  return text;
}

/// What kept a handshake from coming about.
struct Obstacle {
  std::string_view id;
  std::string_view advice;
};

Obstacle alert_obstacle(const net::TlsAnswer& answer) {
  if (answer.alert == "unrecognized_name")
    return {"tls-unknown-name", "configure this name, with its certificate, on the server at that address"};
  if (answer.asks_client_certificate || answer.alert == "certificate_required")
    return {"tls-client-certificate", "switch the demand for client certificates off, unless all clients have one"};
  return {"tls-handshake", "configure this name, with its certificate, on the server at that address"};
}

Obstacle obstacle_of(const Sighting& sighting) {
  const auto& answer = sighting.usual.answer;
  switch (answer.outcome) {
    case net::TlsOutcome::kHandshake:
      return {"tls-connect", ""};
    case net::TlsOutcome::kRefused:
      return {"tls-connect", "start the server there, or check port, listen address and firewall"};
    case net::TlsOutcome::kTimeout:
      if (answer.connect_time.count() > 0)
        return {"tls-stalled", "look at the server: it takes connections and does not answer in them"};
      return {"tls-connect", "check that the machine is up, its routes, and the firewalls between here and there"};
    case net::TlsOutcome::kUnreachable:
      return {"tls-connect", "check that the machine is up, its routes, and the firewalls between here and there"};
    case net::TlsOutcome::kNotAsked:
      return {"tls-connect", sighting.target.endpoint.address.family() == Family::kV6
                                 ? "run this check from a machine that has IPv6"
                                 : "run this check from a machine that can reach this address"};
    case net::TlsOutcome::kAlert:
      return alert_obstacle(answer);
    case net::TlsOutcome::kNotTls:
      return {"tls-not-spoken", "check the port, and whether TLS is switched on there"};
    case net::TlsOutcome::kClosed:
      return {"tls-closed", "look at the server's log: it ended the connection by itself"};
    case net::TlsOutcome::kNoStarttls:
      return {"tls-starttls", "switch STARTTLS on at that server, or correct `starttls` in the plan"};
    case net::TlsOutcome::kFailed:
      return {"tls-handshake", "look at the server's TLS configuration"};
  }
  return {"tls-connect", ""};
}

Check unknown_protocol(const Sighting& sighting) {
  auto check = check_of(sighting, "tls-connect", Severity::kError, Verdict::kUndecided);
  const auto known = net::Starttls::protocols();
  check.summary = fmt::format("STARTTLS for {} is not known to this program ({} are)",
                              printable(sighting.target.starttls), fmt::join(known.begin(), known.end(), ", "));
  check.advice = "check this endpoint by other means";
  return check;
}

Check connect_check(const Sighting& sighting) {
  const auto& answer = sighting.usual.answer;
  if (!can_be_asked(sighting.target)) return unknown_protocol(sighting);
  const bool undecided = answer.outcome == net::TlsOutcome::kNotAsked;
  const auto obstacle = obstacle_of(sighting);
  auto check = check_of(sighting, obstacle.id, Severity::kError, undecided ? Verdict::kUndecided : Verdict::kFail);
  check.evidence = question(sighting);
  if (!sighting.usual.done()) {
    check.summary = fmt::format("{}no TLS connection: {}", side_prefix(sighting), answer.detail);
    check.advice = obstacle.advice;
    return check;
  }
  check.verdict = Verdict::kPass;
  check.summary = fmt::format("{}answers with {}", side_prefix(sighting), answer.version);
  check.evidence += fmt::format(", connected in {}, handshake in {}", milliseconds(answer.connect_time),
                                milliseconds(answer.handshake_time));
  if (!answer.alpn.empty()) check.evidence += fmt::format(", ALPN {}", answer.alpn);
  if (const auto key = key_text(answer); !key.empty()) check.evidence += fmt::format(", key {}", key);
  return check;
}

bool is_old(const std::string& version) { return version == "TLSv1" || version == "TLSv1.1"; }

Check version_check(const Sighting& sighting) {
  const auto& version = sighting.usual.answer.version;
  const bool old = is_old(version);
  auto check = check_of(sighting, "tls-version", Severity::kError, old ? Verdict::kFail : Verdict::kPass);
  check.summary = old ? fmt::format("{}the server speaks {} at best, which browsers and current libraries refuse",
                                    side_prefix(sighting), version)
                      : fmt::format("{}{} is current", side_prefix(sighting), version);
  check.evidence = fmt::format("negotiated {}", version);
  if (old) check.advice = "switch TLS 1.2 and 1.3 on";
  return check;
}

std::string versions_text(const std::set<net::TlsVersion>& versions) {
  std::vector<std::string> parts;
  for (const auto version : versions) parts.emplace_back(net::to_text(version));
  return join(parts, ", ");
}

/// RFC 8996 forbids TLS 1.0 and 1.1.
Check old_versions_check(const Sighting& sighting) {
  const auto& versions = sighting.shared->versions;
  const bool old = versions.contains(net::TlsVersion::k10) || versions.contains(net::TlsVersion::k11);
  auto check = check_of(sighting, "tls-old-versions", Severity::kWarning, old ? Verdict::kFail : Verdict::kPass);
  check.summary =
      fmt::format("{}the server {} TLS 1.0 or 1.1", side_prefix(sighting), old ? "still speaks" : "does not speak");
  check.evidence = fmt::format("handshakes came about with {}", versions_text(versions));
  if (old) check.advice = "switch them off, unless clients of before 2014 are still to be served (RFC 8996)";
  return check;
}

Check client_certificate_check(const Sighting& sighting) {
  auto check = check_of(sighting, "tls-client-certificate", Severity::kWarning, Verdict::kFail);
  check.summary = fmt::format("{}the server asks for a client certificate", side_prefix(sighting));
  check.evidence = question(sighting) + ": a CertificateRequest came in the handshake";
  check.advice = "switch it off where it is not meant so: browsers ask their users which certificate to show";
  return check;
}

Check status_check(const Sighting& sighting) {
  const auto& target = sighting.target;
  auto check = check_of(sighting, "http-status", Severity::kError, Verdict::kPass);
  if (!sighting.http) {
    check.verdict = Verdict::kNotApplicable;
    check.summary = fmt::format("{}not asked: no connection that a client would accept", side_prefix(sighting));
    return check;
  }
  const auto& http = *sighting.http;
  const int expected = target.http->status;
  if (!http.trouble.empty()) {
    check.verdict = Verdict::kFail;
    check.summary = fmt::format("{}no HTTP answer: {}", side_prefix(sighting), http.trouble);
    check.evidence = fmt::format("{}, expected {}", http.url, expected);
    check.advice = "look at the server's log at this moment";
    return check;
  }
  check.summary = fmt::format("{}answers {}", side_prefix(sighting), http.status);
  check.evidence = fmt::format("{} answered {}, expected {}", http.url, http.status, expected);
  if (!http.location.empty()) check.evidence += fmt::format(", location {}", http.location);
  if (http.status == expected) return check;
  check.verdict = Verdict::kFail;
  check.summary = fmt::format("{}answers {} instead of {}", side_prefix(sighting), http.status, expected);
  check.advice = "make the site answer as expected there, or correct `expect` in the plan";
  return check;
}

Check clock_check(const Sighting& sighting) {
  const auto skew = *sighting.http->skew;
  const bool wrong = std::chrono::abs(skew) > kMostSkew;
  auto check = check_of(sighting, "clock", Severity::kWarning, wrong ? Verdict::kFail : Verdict::kPass);
  const auto size = format_duration(std::chrono::abs(skew));
  check.summary = wrong ? fmt::format("{}the server's clock is {} {} this machine's", side_prefix(sighting), size,
                                      skew.count() > 0 ? "ahead of" : "behind")
                        : fmt::format("{}the server's clock and this machine's agree", side_prefix(sighting));
  check.evidence = fmt::format("Date in the answer of {}", sighting.http->url);
  if (wrong)
    check.advice = "set the wrong one of the two: certificates are not yet or no longer valid by a wrong clock";
  return check;
}

}  // namespace

std::vector<Check> server_checks(const Sighting& sighting) {
  std::vector<Check> checks{connect_check(sighting)};
  if (!sighting.usual.done()) return checks;
  checks.push_back(version_check(sighting));
  if (sighting.first_at_address && !is_old(sighting.usual.answer.version))
    checks.push_back(old_versions_check(sighting));
  if (sighting.usual.answer.asks_client_certificate) checks.push_back(client_certificate_check(sighting));
  return checks;
}

std::vector<Check> http_checks(const Sighting& sighting) {
  std::vector<Check> checks;
  if (sighting.target.http) checks.push_back(status_check(sighting));
  if (sighting.http && sighting.http->skew) checks.push_back(clock_check(sighting));
  return checks;
}

std::string which_certificate(const Sighting& sighting) {
  if (!sighting.shared || !sighting.shared->without_name) return "";
  const auto& other = *sighting.shared->without_name;
  if (!other.done()) return fmt::format("without SNI no certificate is shown ({})", other.answer.detail);
  if (other.leaf() == sighting.usual.leaf())
    return "it is the default certificate of that address: the one without SNI";
  return "it is not the default certificate of that address: another virtual host answered";
}

std::optional<Check> second_certificate_check(const Sighting& sighting, const std::vector<Check>& judged) {
  if (!sighting.other_keys || !sighting.other_keys->done()) return std::nullopt;
  const auto& other = *sighting.other_keys;
  // A server may show the certificate it has, whatever was offered.
  if (other.leaf() == sighting.usual.leaf()) return std::nullopt;
  const Check* worst = nullptr;
  for (const auto& check : judged)
    if (check.verdict == Verdict::kFail && check.severity >= Severity::kWarning &&
        (worst == nullptr || check.severity > worst->severity))
      worst = &check;
  auto check = check_of(sighting, "tls-second-certificate", worst == nullptr ? Severity::kError : worst->severity,
                        worst == nullptr ? Verdict::kPass : Verdict::kFail);
  const auto key = key_text(other.answer);
  check.evidence = fmt::format("offering {} only: sha256 {}", key, other.leaf());
  if (worst == nullptr) {
    check.summary = fmt::format("{}the {} certificate, which the server has beside the {} one, is good as well",
                                side_prefix(sighting), key, key_text(sighting.usual.answer));
    return check;
  }
  check.summary = fmt::format("{}the {} certificate, which only some clients get to see, fails {}: {}",
                              side_prefix(sighting), key, worst->id, worst->summary);
  check.evidence += "; " + worst->evidence;
  check.advice = "the server has two certificates: mend this one too. " + worst->advice;
  return check;
}

}  // namespace cutover::tlscheck
