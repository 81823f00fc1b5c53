#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.h"
#include "core/result.h"

namespace cutover {

/// `2026-10-06T09:00:00Z` (RFC 3339, UTC, whole seconds, rounded down).
std::string format_instant(Instant instant);
/// The same rounded up: an instant from which on something is allowed is never shown too early.
std::string format_opening(Instant instant);
/// The same with milliseconds: `2026-10-06T09:00:00.123Z`.
std::string format_instant_ms(Instant instant);
/// Reads what the two above write; also an offset such as `+02:00` (RFC 3339 section 5.6).
Result<Instant> parse_instant(std::string_view text);

/// `90s`, `15m`, `48h`, `1d`, `1h30m`; a bare number means seconds. No sign, no fractions.
Result<Seconds> parse_duration(std::string_view text);
/// `1d 2h`, `4m 10s`, `0s`: at most the two largest units, for people.
std::string format_duration(Span span);

/// Text from the network or a file made safe for a terminal and a log line: control characters,
/// DEL, C1 controls, bidirectional overrides and bytes that are not UTF-8 become \xNN or \u{NNNN}.
std::string printable(std::string_view untrusted);

std::vector<std::string> split(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);
/// `1 record set`, `3 record sets`.
std::string counted(std::size_t n, std::string_view singular);

/// Lower-case hexadecimal of bytes.
std::string to_hex(std::string_view bytes);
/// RFC 4648 section 4 base64; nullopt for anything that is not base64.
std::optional<std::string> from_base64(std::string_view text);
std::string to_base64(std::string_view bytes);

}  // namespace cutover
