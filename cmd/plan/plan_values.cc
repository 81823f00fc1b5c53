#include "cmd/plan/plan_values.h"

#include <date/date.h>
#include <date/tz.h>
#include <fmt/format.h>
#include <idn2.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "core/text.h"
#include "net/message.h"

namespace cutover::plan_values {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x80; });
}

struct FreeIdn {
  void operator()(char* text) const { idn2_free(text); }
};

/// Label by label, so that underscores, wildcards and escapes in other labels are left alone.
Result<std::string> to_a_labels(std::string_view text) {
  std::vector<std::string> labels = split(text, '.');
  for (std::string& label : labels) {
    if (is_ascii(label)) continue;
    char* out = nullptr;
    const int rc = idn2_to_ascii_8z(label.c_str(), &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const std::unique_ptr<char, FreeIdn> owned(out);
    if (rc != IDN2_OK)
      return fail(ErrorCode::kInvalid, fmt::format("'{}' is no internationalised name ({}); write its xn-- form",
                                                   printable(text), idn2_strerror(rc)));
    label = out;
  }
  return join(labels, ".");
}

/// Where in the words of this type's rdata the target name stands; npos: nowhere.
std::size_t target_word(RecordType type) {
  switch (type) {
    case RecordType::kCname:
    case RecordType::kPtr:
    case RecordType::kDname:
      return 0;
    case RecordType::kMx:
    case RecordType::kSvcb:
    case RecordType::kHttps:
      return 1;
    case RecordType::kSrv:
      return 3;
    default:
      return std::string::npos;
  }
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::string& word : split(text, ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

Result<std::string> with_ascii_target(RecordType type, std::string_view text, const DomainName& zone) {
  const std::size_t at = target_word(type);
  std::vector<std::string> words = words_of(text);
  if (at >= words.size()) return std::string(text);
  if (IpAddress::from_text(words[at]))
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is an address where {} wants a name; for addresses write type A or AAAA",
                            printable(words[at]), to_text(type)));
  auto target = to_a_labels(words[at]);
  if (!target) return target.error();
  if (target->back() != '.' && target->find('.') != std::string::npos) {
    const std::string written = printable(words[at]);
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' has no final dot and would mean {}.{}; write '{}.', or '{}.{}' if that is meant",
                            written, written, zone.text(), written, written, zone.text()));
  }
  words[at] = *target;
  return join(words, " ");
}

/// One TXT string per 255 bytes (RFC 1035 section 3.3.14).
std::string quote_txt(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at == 0 || at < text.size(); at += 255) {
    out += out.empty() ? "\"" : " \"";
    for (const char c : text.substr(at, 255)) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out;
}

bool read_digits(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits || !std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(digits),
                                           [](char c) { return c >= '0' && c <= '9'; }))
    return false;
  std::from_chars(text.data(), text.data() + digits, out);
  text.remove_prefix(digits);
  return true;
}

bool read_char(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

bool read_date(std::string_view& text, date::local_days& day) {
  int y = 0, m = 0, d = 0;
  if (!read_digits(text, 4, y) || !read_char(text, '-') || !read_digits(text, 2, m) || !read_char(text, '-') ||
      !read_digits(text, 2, d) || !read_char(text, 'T'))
    return false;
  const date::year_month_day ymd{date::year(y), date::month(static_cast<unsigned>(m)),
                                 date::day(static_cast<unsigned>(d))};
  if (!ymd.ok()) return false;
  day = date::local_days(ymd);
  return true;
}

bool read_time(std::string_view& text, Seconds& time) {
  int h = 0, m = 0, s = 0;
  if (!read_digits(text, 2, h) || !read_char(text, ':') || !read_digits(text, 2, m)) return false;
  if (read_char(text, ':') && !read_digits(text, 2, s)) return false;
  if (h > 23 || m > 59 || s > 59) return false;
  time = Seconds(h * 3600 + m * 60 + s);
  return true;
}

Result<Instant> to_utc(date::local_seconds local, const std::string& zone) {
  const std::string shown = date::format("%FT%T", local);
  try {
    if (zone == "UTC" || zone == "Z") return Instant(local.time_since_epoch());
    return Instant(date::locate_zone(zone)->to_sys(local).time_since_epoch());
  } catch (const date::nonexistent_local_time&) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{} does not exist in {} (clocks jump over it); choose another time or write the window in UTC",
                    shown, zone));
  } catch (const date::ambiguous_local_time&) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} comes twice in {} (clocks are set back); write the window in UTC", shown, zone));
  } catch (const std::runtime_error&) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no time zone of this system's database; write Europe/Berlin, America/New_York or UTC",
                    printable(zone)));
  }
}

}  // namespace

Result<DomainName> read_name(std::string_view text, const DomainName& origin) {
  if (text.find_first_of(" \t\r\n:/") != std::string_view::npos)
    return fail(
        ErrorCode::kInvalid,
        fmt::format("'{}' is no domain name; write the name alone, without scheme, port or spaces", printable(text)));
  auto ascii = to_a_labels(text);
  if (!ascii) return ascii.error();
  return DomainName::from_text(*ascii, origin);
}

Result<std::string> read_rdata(RecordType type, std::string_view text, const DomainName& zone) {
  if ((type == RecordType::kTxt || type == RecordType::kSpf) && (text.empty() || text.front() != '"'))
    return net::canonical_rdata(type, quote_txt(text), zone);
  auto ready = with_ascii_target(type, text, zone);
  if (!ready) return ready.error();
  return net::canonical_rdata(type, *ready, zone);
}

bool is_made_by_signer(RecordType type) {
  switch (type) {
    case RecordType::kRrsig:
    case RecordType::kNsec:
    case RecordType::kNsec3:
    case RecordType::kNsec3param:
    case RecordType::kDnskey:
    case RecordType::kCds:
    case RecordType::kCdnskey:
    case RecordType::kZonemd:
      return true;
    default:
      return false;
  }
}

std::string_view why_not_moved(RecordType type) {
  if (is_made_by_signer(type)) return "the signer makes these records; leave them out";
  switch (type) {
    case RecordType::kNs:
      return "moving a delegation is not a change of a record set; move the zone by hand and leave NS out";
    case RecordType::kSoa:
      return "the SOA belongs to the name servers; leave it out";
    case RecordType::kDs:
      return "a DS belongs to a delegation, which is not moved here; leave it out";
    case RecordType::kOpt:
    case RecordType::kTsig:
    case RecordType::kIxfr:
    case RecordType::kAxfr:
    case RecordType::kAny:
      return "this type is part of the protocol and never stands in a zone";
    default:
      return {};
  }
}

Result<Window> read_window(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is no window ({}); write 2026-10-06T09:00/11:00 Europe/Berlin, or with both dates "
                            "2026-10-06T23:00/2026-10-07T01:00 UTC",
                            printable(text), why));
  };
  std::string_view rest = trim(text);
  date::local_days first_day, last_day;
  Seconds from{}, to{};
  if (!read_date(rest, first_day) || !read_time(rest, from)) return bad("it does not begin with a date and a time");
  if (!read_char(rest, '/')) return bad("no / between its two ends");
  last_day = first_day;
  if (rest.size() > 4 && rest[4] == '-' && !read_date(rest, last_day)) return bad("its second date cannot be read");
  if (!read_time(rest, to)) return bad("it does not end with a time");
  if (rest.empty()) return bad("it names no time zone");
  if (rest.front() != ' ') return bad("no space before the time zone");
  const std::string zone(trim(rest));
  auto opens = to_utc(first_day + from, zone);
  if (!opens) return opens.error();
  auto closes = to_utc(last_day + to, zone);
  if (!closes) return closes.error();
  if (*closes <= *opens) return bad("it closes before it opens; over midnight write both dates");
  return Window{*opens, *closes, std::string(trim(text))};
}

Result<double> read_percent(std::string_view text) {
  double value = 0;
  const auto bad = fail(ErrorCode::kInvalid, fmt::format("'{}' is no share; write it as 50%", printable(text)));
  if (text.empty() || text.back() != '%') return bad;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size() - 1, value);
  if (error != std::errc{} || end != text.data() + text.size() - 1 || !(value >= 0 && value <= 100)) return bad;
  return value / 100;
}

Result<void> check_credential(std::string_view text) {
  const auto bad =
      fail(ErrorCode::kInvalid,
           "this has to be env/NAME (an environment variable) or file/PATH (a file that only you can read), never the "
           "secret itself; if a secret stood here, consider it known to everyone who has seen the file");
  if (text.rfind("file/", 0) == 0 && text.size() > 5) return {};
  if (text.rfind("env/", 0) != 0 || text.size() == 4) return bad;
  const auto variable = text.substr(4);
  const bool is_name =
      std::all_of(variable.begin(), variable.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
  if (!is_name || (variable.front() >= '0' && variable.front() <= '9')) return bad;
  return {};
}

}  // namespace cutover::plan_values
