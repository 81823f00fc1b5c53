#pragma once
#include <optional>
#include <string_view>

#include "core/clock.h"

namespace cutover::net {

/// Reads the preferred form of an HTTP date, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7), which is all
/// that servers send in Date. nullopt: it is none.
std::optional<Instant> parse_http_date(std::string_view text);

}  // namespace cutover::net
