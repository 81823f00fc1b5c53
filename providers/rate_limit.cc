#include "providers/rate_limit.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"
#include "net/http_date.h"

namespace cutover::providers {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Above this a number is no span of seconds but a time since 1970.
constexpr std::int64_t kFirstUnixTime = 1'000'000'000;

std::optional<std::int64_t> number(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  // Some send 12.5; the fraction is rounded up.
  if (read.ec != std::errc() || value < 0) return std::nullopt;
  if (read.ptr == text.data() + text.size()) return value;
  return *read.ptr == '.' ? std::optional(value + 1) : std::nullopt;
}

std::optional<milliseconds> until(Instant then, const net::HttpResponse& response) {
  const auto now = net::parse_http_date(response.header("date"));
  if (!now) return std::nullopt;
  return std::max(milliseconds(0), std::chrono::duration_cast<milliseconds>(then - *now));
}

/// The parameter t of the first item of a RateLimit header whose r is 0.
std::optional<milliseconds> of_ratelimit(std::string_view value) {
  for (const std::string& item : split(std::string(value), ',')) {
    std::optional<std::int64_t> left, after;
    for (const std::string& parameter : split(item, ';')) {
      const std::string_view text = trim(parameter);
      if (text.starts_with("r=")) left = number(text.substr(2));
      if (text.starts_with("t=")) after = number(text.substr(2));
    }
    if (left == 0 && after) return seconds(*after);
  }
  return std::nullopt;
}

}  // namespace

std::optional<milliseconds> pause_asked(const net::HttpResponse& response) {
  const std::string_view retry = response.header("retry-after");
  if (const auto after = number(retry)) return seconds(*after);
  if (const auto then = net::parse_http_date(trim(retry))) return until(*then, response);
  if (const auto after = of_ratelimit(response.header("ratelimit"))) return after;
  for (const char* name : {"ratelimit-reset", "x-ratelimit-reset"}) {
    const auto reset = number(response.header(name));
    if (!reset) continue;
    return *reset < kFirstUnixTime ? std::optional<milliseconds>(seconds(*reset))
                                   : until(Instant(seconds(*reset)), response);
  }
  return std::nullopt;
}

}  // namespace cutover::providers
