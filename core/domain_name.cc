#include "core/domain_name.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover {
namespace {

constexpr std::size_t kMaxLabel = 63;  // RFC 1035 section 2.3.4
constexpr std::size_t kMaxName = 255;

bool needs_backslash(char c) {
  return c == '.' || c == '\\' || c == '"' || c == ';' || c == '(' || c == ')' || c == '@' || c == '$';
}

std::string label_text(std::string_view label) {
  std::string out;
  for (const char c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (needs_backslash(c)) {
      out += '\\';
      out += c;
    } else if (byte <= 0x20 || byte >= 0x7f) {
      out += fmt::format("\\{:03}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Parsed {
  std::string labels;  // wire format without the final zero octet
  bool absolute = false;
};

Result<Parsed> parse_labels(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("'{}' is no domain name: {}", printable(text), why));
  };
  Parsed parsed;
  if (text.empty()) return bad("it is empty");
  if (text == ".") {
    parsed.absolute = true;
    return parsed;
  }
  std::string label;
  const auto close_label = [&]() -> bool {
    if (label.empty() || label.size() > kMaxLabel) return false;
    parsed.labels += static_cast<char>(label.size());
    parsed.labels += label;
    label.clear();
    return true;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '.') {
      if (label.empty()) return bad("it has an empty label (two dots in a row, or a dot in front)");
      if (!close_label()) return bad("a label is longer than 63 octets");
      parsed.absolute = i + 1 == text.size();
      continue;
    }
    if (c == '\\') {
      if (i + 1 >= text.size()) return bad("it ends in a backslash");
      if (is_digit(text[i + 1])) {
        if (i + 3 >= text.size() || !is_digit(text[i + 2]) || !is_digit(text[i + 3]))
          return bad("a \\DDD escape wants three digits");
        const int value = (text[i + 1] - '0') * 100 + (text[i + 2] - '0') * 10 + (text[i + 3] - '0');
        if (value > 255) return bad("a \\DDD escape is above 255");
        c = static_cast<char>(value);
        i += 3;
      } else {
        c = text[++i];
      }
    } else if (static_cast<unsigned char>(c) >= 0x7f) {
      return bad("it has a character that is not ASCII; write the A-label (xn--...)");
    } else if (static_cast<unsigned char>(c) <= 0x20) {
      return bad("it has a space or a control character");
    }
    label += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  if (!label.empty() && !close_label()) return bad("a label is longer than 63 octets");
  return parsed;
}

}  // namespace

DomainName::DomainName() : wire_(1, '\0') {}

Result<DomainName> DomainName::from_text(std::string_view text) { return from_text(text, DomainName()); }

Result<DomainName> DomainName::from_text(std::string_view text, const DomainName& origin) {
  if (text == "@") return origin;
  auto parsed = parse_labels(text);
  if (!parsed) return parsed.error();
  DomainName name;
  name.wire_ = parsed->labels + (parsed->absolute ? std::string(1, '\0') : origin.wire_);
  if (name.wire_.size() > kMaxName)
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is no domain name: it is longer than 255 octets", printable(text)));
  return name;
}

Result<DomainName> DomainName::from_wire(std::string_view wire) {
  DomainName name;
  name.wire_.clear();
  std::size_t at = 0;
  while (true) {
    if (at >= wire.size() || at >= kMaxName) return fail(ErrorCode::kInvalid, "a domain name on the wire does not end");
    const auto length = static_cast<unsigned char>(wire[at]);
    if (length > kMaxLabel) return fail(ErrorCode::kInvalid, "a domain name on the wire has a bad label length");
    if (at + 1 + length > wire.size()) return fail(ErrorCode::kInvalid, "a domain name on the wire is cut off");
    name.wire_ += static_cast<char>(length);
    name.wire_ += to_lower(wire.substr(at + 1, length));
    at += 1U + length;
    if (length == 0) break;
  }
  if (at != wire.size()) return fail(ErrorCode::kInvalid, "a domain name on the wire has bytes behind its end");
  if (name.wire_.size() > kMaxName)
    return fail(ErrorCode::kInvalid, "a domain name on the wire is longer than 255 octets");
  return name;
}

std::string DomainName::text() const {
  if (is_root()) return ".";
  std::string out;
  for (std::size_t at = 0; wire_[at] != '\0'; at += 1U + static_cast<unsigned char>(wire_[at])) {
    out += label_text(std::string_view(wire_).substr(at + 1, static_cast<unsigned char>(wire_[at])));
    out += '.';
  }
  return out;
}

std::string DomainName::host() const {
  std::string out = text();
  if (!is_root()) out.pop_back();
  return out;
}

std::string DomainName::relative_to(const DomainName& zone) const {
  if (*this == zone) return "@";
  if (zone.is_root() || !is_within(zone)) return text();
  std::vector<std::string> own = labels();
  own.resize(own.size() - zone.label_count());
  return join(own, ".");
}

bool DomainName::is_within(const DomainName& zone) const {
  // Walk label by label: a plain suffix match could start inside a label.
  for (std::size_t at = 0;; at += 1U + static_cast<unsigned char>(wire_[at])) {
    const std::size_t rest = wire_.size() - at;
    if (rest == zone.wire_.size()) return std::string_view(wire_).substr(at) == zone.wire_;
    if (rest < zone.wire_.size() || wire_[at] == '\0') return false;
  }
}

std::size_t DomainName::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != '\0'; at += 1U + static_cast<unsigned char>(wire_[at])) ++count;
  return count;
}

std::vector<std::string> DomainName::labels() const {
  std::vector<std::string> out;
  for (std::size_t at = 0; wire_[at] != '\0'; at += 1U + static_cast<unsigned char>(wire_[at]))
    out.push_back(label_text(std::string_view(wire_).substr(at + 1, static_cast<unsigned char>(wire_[at]))));
  return out;
}

DomainName DomainName::parent() const {
  if (is_root()) return *this;
  DomainName up;
  up.wire_ = wire_.substr(1U + static_cast<unsigned char>(wire_[0]));
  return up;
}

}  // namespace cutover
