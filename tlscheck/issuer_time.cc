#include "tlscheck/issuer_time.h"

#include <fmt/format.h>
#include <openssl/asn1.h>

#include <ctime>

#include "core/text.h"

namespace cutover::tlscheck {

std::optional<Instant> instant_of(const asn1_string_st* time) {
  std::tm fields{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &fields) != 1) return std::nullopt;
  return Instant(std::chrono::seconds(timegm(&fields)));
}

std::string why_outside(const UpdateWindow& window, Instant at) {
  constexpr std::chrono::minutes kSkew{5};
  if (window.from <= at + kSkew && (!window.until || *window.until >= at - kSkew)) return "";
  return fmt::format("it is for the time from {} to {}", format_instant(window.from),
                     window.until ? format_instant(*window.until) : "later");
}

std::string revoked_text(const std::optional<Instant>& at) {
  return fmt::format("revoked on {}", at ? format_instant(*at) : "a day not told");
}

}  // namespace cutover::tlscheck
