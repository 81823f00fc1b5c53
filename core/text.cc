#include "core/text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>

namespace cutover {
namespace {

std::tm utc(Instant instant) {
  const std::time_t seconds = std::chrono::floor<Seconds>(instant).time_since_epoch().count();
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  return tm;
}

bool read_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits);
  return true;
}

bool read_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// Length of the well-formed UTF-8 sequence at the front and its code point; length 0 if none (RFC 3629).
std::pair<std::size_t, std::uint32_t> utf8_front(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {1, first};
  const std::size_t length = first >= 0xf0 && first < 0xf5   ? 4
                             : first >= 0xe0 && first < 0xf0 ? 3
                             : first >= 0xc2 && first < 0xe0 ? 2
                                                             : 0;
  if (length == 0 || text.size() < length) return {0, 0};
  std::uint32_t point = first & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    point = (point << 6) | (byte(i) & 0x3fU);
  }
  const std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return {0, 0};
  return {length, point};
}

bool is_hazardous(std::uint32_t point) {
  return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x061c || (point >= 0x200b && point <= 0x200f) ||
         (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

}  // namespace

std::string format_instant(Instant instant) {
  const std::tm tm = utc(instant);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                     tm.tm_min, tm.tm_sec);
}

std::string format_opening(Instant instant) { return format_instant(std::chrono::ceil<Seconds>(instant)); }

std::string format_instant_ms(Instant instant) {
  const auto whole = std::chrono::floor<Seconds>(instant);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(instant - whole).count();
  std::string text = format_instant(instant);
  text.pop_back();
  return fmt::format("{}.{:03}Z", text, ms);
}

Result<Instant> parse_instant(std::string_view text) {
  const auto bad = [whole = std::string(text)] {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is no instant; write it as 2026-10-06T09:00:00Z", printable(whole)));
  };
  std::tm tm{};
  if (!read_number(text, 4, tm.tm_year) || !read_char(text, '-') || !read_number(text, 2, tm.tm_mon) ||
      !read_char(text, '-') || !read_number(text, 2, tm.tm_mday) || !(read_char(text, 'T') || read_char(text, ' ')) ||
      !read_number(text, 2, tm.tm_hour) || !read_char(text, ':') || !read_number(text, 2, tm.tm_min) ||
      !read_char(text, ':') || !read_number(text, 2, tm.tm_sec))
    return bad();
  if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 ||
      tm.tm_sec > 60)
    return bad();
  Span fraction{};
  if (read_char(text, '.')) {
    std::int64_t micros = 0;
    std::size_t digits = 0;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      if (digits < 6) micros = micros * 10 + (text.front() - '0');
      ++digits;
      text.remove_prefix(1);
    }
    if (digits == 0) return bad();
    for (std::size_t i = digits; i < 6; ++i) micros *= 10;
    fraction = Span(micros);
  }
  Seconds offset{};
  if (!read_char(text, 'Z')) {
    const int sign = read_char(text, '+') ? 1 : read_char(text, '-') ? -1 : 0;
    int hours = 0;
    int minutes = 0;
    if (sign == 0 || !read_number(text, 2, hours) || !read_char(text, ':') || !read_number(text, 2, minutes))
      return bad();
    offset = Seconds(sign * (hours * 3600 + minutes * 60));
  }
  if (!text.empty()) return bad();
  tm.tm_year -= 1900;
  tm.tm_mon -= 1;
  return Instant(Seconds(timegm(&tm))) + fraction - offset;
}

Result<Seconds> parse_duration(std::string_view text) {
  const std::string whole(text);
  const auto bad = [&] {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is no duration; write it as 60s, 15m, 48h or 1d", printable(whole)));
  };
  if (text.empty()) return bad();
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (error != std::errc{} || n < 0 || n > 1'000'000'000) return bad();
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::int64_t unit = 1;
    if (text.empty()) {
      if (total != 0) return bad();
    } else {
      switch (text.front()) {
        case 's':
          unit = 1;
          break;
        case 'm':
          unit = 60;
          break;
        case 'h':
          unit = 3600;
          break;
        case 'd':
          unit = 86400;
          break;
        case 'w':
          unit = 604800;
          break;
        default:
          return bad();
      }
      text.remove_prefix(1);
    }
    total += n * unit;
  }
  return Seconds(total);
}

std::string format_duration(Span span) {
  if (span < Span::zero()) return "-" + format_duration(-span);
  if (span < Seconds(1) && span > Span::zero()) return fmt::format("{}ms", span.count() / 1000);
  std::int64_t rest = std::chrono::duration_cast<Seconds>(span).count();
  struct Unit {
    std::int64_t size;
    char letter;
  };
  constexpr std::array<Unit, 4> kUnits{{{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}};
  std::string text;
  int shown = 0;
  for (const Unit& unit : kUnits) {
    const std::int64_t n = rest / unit.size;
    rest %= unit.size;
    if (n == 0 && shown == 0) continue;
    if (n > 0) text += fmt::format("{}{}{}", text.empty() ? "" : " ", n, unit.letter);
    if (++shown == 2) break;
  }
  return text.empty() ? "0s" : text;
}

std::string printable(std::string_view untrusted) {
  std::string out;
  out.reserve(untrusted.size());
  while (!untrusted.empty()) {
    const auto [length, point] = utf8_front(untrusted);
    if (length == 0) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(untrusted.front()));
      untrusted.remove_prefix(1);
      continue;
    }
    if (!is_hazardous(point)) {
      out.append(untrusted.substr(0, length));
    } else if (point < 0x100) {
      out += fmt::format("\\x{:02x}", point);
    } else {
      out += fmt::format("\\u{{{:04x}}}", point);
    }
    untrusted.remove_prefix(length);
  }
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

std::string counted(std::size_t n, std::string_view singular) {
  return fmt::format("{} {}{}", n, singular, n == 1 ? "" : "s");
}

std::string to_hex(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

namespace {
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t significant = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kBase64.find(c);
    if (value == std::string_view::npos || padding > 0) return std::nullopt;
    ++significant;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>((bits >> held) & 0xff);
    }
  }
  if ((significant + padding) % 4 != 0 || padding > 2) return std::nullopt;
  return out;
}

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t chunk = 0;
    const std::size_t n = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t j = 0; j < 3; ++j) chunk = (chunk << 8) | (j < n ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j) out += j <= n ? kBase64[(chunk >> (18 - 6 * j)) & 0x3f] : '=';
  }
  return out;
}

}  // namespace cutover
