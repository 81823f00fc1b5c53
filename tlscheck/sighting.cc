#include "tlscheck/sighting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace cutover::tlscheck {

std::optional<Hsts> parse_hsts(std::string_view header) {
  std::optional<std::int64_t> max_age;
  Hsts hsts;
  for (const auto& directive : split(to_lower(header), ';')) {
    const auto text = trim(directive);
    const auto equals = text.find('=');
    const auto key = trim(text.substr(0, equals));
    if (key == "includesubdomains") hsts.subdomains = true;
    if (key != "max-age" || equals == std::string_view::npos || max_age) continue;  // the first one counts
    auto value = trim(text.substr(equals + 1));
    if (value.size() > 1 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    std::int64_t seconds = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), seconds);
    max_age = read.ec == std::errc() && read.ptr == value.data() + value.size() ? seconds : 0;
  }
  if (!max_age || *max_age <= 0) return std::nullopt;
  hsts.max_age = Seconds(*max_age);
  return hsts;
}

Check check_of(const Sighting& sighting, std::string_view id, Severity severity, Verdict verdict) {
  Check check;
  check.id = id;
  check.severity = sighting.target.side == Side::kOld ? std::min(severity, Severity::kWarning) : severity;
  check.verdict = verdict;
  check.name = sighting.target.name;
  check.endpoint = sighting.target.endpoint;
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
