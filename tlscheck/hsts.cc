#include "tlscheck/hsts.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "core/text.h"

namespace cutover::tlscheck {
namespace {

std::optional<Seconds> parse_age(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  constexpr std::int64_t kCentury = 100LL * 365 * 86400;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  return Seconds(read.ec == std::errc() ? std::min(seconds, kCentury) : kCentury);
}

}  // namespace

std::optional<Hsts> parse_hsts(std::string_view header) {
  Hsts hsts;
  std::set<std::string> seen;
  for (const auto& part : split(header, ';')) {
    const auto directive = trim(part);
    if (directive.empty()) continue;
    const auto equals = directive.find('=');
    const auto name = to_lower(trim(directive.substr(0, equals)));
    if (!seen.insert(name).second) return std::nullopt;
    if (name == "includesubdomains") hsts.include_subdomains = true;
    if (name == "preload") hsts.preload = true;
    if (name != "max-age") continue;
    const auto age =
        parse_age(equals == std::string_view::npos ? std::string_view() : trim(directive.substr(equals + 1)));
    if (!age) return std::nullopt;
    hsts.max_age = *age;
  }
  if (seen.count("max-age") == 0) return std::nullopt;
  return hsts;
}

}  // namespace cutover::tlscheck
