#include "tlscheck/sighting.h"

#include <fmt/format.h>

#include <algorithm>

namespace cutover::tlscheck {

bool Showing::answered() const {
  switch (answer.outcome) {
    case net::TlsOutcome::kHandshake:
    case net::TlsOutcome::kAlert:
    case net::TlsOutcome::kNotTls:
    case net::TlsOutcome::kClosed:
    case net::TlsOutcome::kFailed:
      return true;
    case net::TlsOutcome::kRefused:
    case net::TlsOutcome::kTimeout:
    case net::TlsOutcome::kUnreachable:
    case net::TlsOutcome::kNotAsked:
    case net::TlsOutcome::kNoStarttls:
      return false;
  }
  return false;
}

void attach(const Sighting& sighting, Check& check) {
  if (sighting.target.side == Side::kOld) check.severity = std::min(check.severity, Severity::kWarning);
  if (!sighting.target.name.is_root()) check.name = sighting.target.name;
  check.endpoint = sighting.target.endpoint;
}

Check check_of(const Sighting& sighting, std::string_view id, Severity severity, Verdict verdict) {
  Check check;
  check.id = id;
  check.severity = severity;
  check.verdict = verdict;
  attach(sighting, check);
  return check;
}

std::string_view side_prefix(const Sighting& sighting) {
  return sighting.target.side == Side::kOld ? "old side: " : "";
}

std::string key_text(const net::TlsAnswer& answer) {
  switch (answer.keys) {
    case net::TlsKeys::kAny:
      return "";
    case net::TlsKeys::kRsa:
      return fmt::format("RSA {}", answer.key_bits);
    case net::TlsKeys::kEcdsa:
      return fmt::format("ECDSA {}", answer.key_bits);
  }
  return "";
}

}  // namespace cutover::tlscheck
