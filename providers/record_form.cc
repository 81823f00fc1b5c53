#include "providers/record_form.h"

#include <fmt/format.h>

#include <charconv>

#include "core/text.h"
#include "net/message.h"

namespace cutover::providers {
namespace {

constexpr std::size_t kStringLimit = 255;

bool has_priority(RecordType type) { return type == RecordType::kMx || type == RecordType::kSrv; }
bool is_text(RecordType type) { return type == RecordType::kTxt || type == RecordType::kSpf; }

bool ends_with_name(RecordType type) {
  return type == RecordType::kCname || type == RecordType::kNs || type == RecordType::kPtr ||
         type == RecordType::kDname || has_priority(type);
}

/// The bytes of all character strings of canonical TXT rdata, joined; nullopt: it is none.
std::optional<std::string> joined_strings(std::string_view rdata) {
  std::string bytes;
  bool inside = false;
  for (std::size_t i = 0; i < rdata.size(); ++i) {
    if (rdata[i] == '"') {
      inside = !inside;
    } else if (!inside) {
      if (rdata[i] != ' ') return std::nullopt;
    } else if (rdata[i] != '\\') {
      bytes += rdata[i];
    } else if (i + 3 < rdata.size() && rdata[i + 1] >= '0' && rdata[i + 1] <= '9') {
      int code = 0;
      std::from_chars(rdata.data() + i + 1, rdata.data() + i + 4, code);
      bytes += static_cast<char>(code);
      i += 3;
    } else if (++i < rdata.size()) {
      bytes += rdata[i];
    }
  }
  return inside ? std::nullopt : std::optional(bytes);
}

std::string quoted_strings(std::string_view bytes) {
  std::string text;
  for (std::size_t at = 0; at == 0 || at < bytes.size(); at += kStringLimit) {
    text += text.empty() ? "\"" : " \"";
    for (const char c : bytes.substr(at, kStringLimit)) {
      const auto code = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\')
        text += {'\\', c};
      else if (code < 0x20 || code >= 0x7f)
        text += fmt::format("\\{:03}", code);
      else
        text += c;
    }
    text += '"';
  }
  return text;
}

}  // namespace

Result<std::string> rdata_from(const ApiData& data, RecordType type, const RecordForm& form) {
  std::string text = data.content;
  if (is_text(type) && form.text == RecordForm::Text::kBare) text = quoted_strings(text);
  if (has_priority(type) && form.priority == RecordForm::Priority::kApart)
    text = fmt::format("{} {}", data.priority.value_or(0), text);
  // A name without a dot is relative to the root, and so absolute.
  return net::canonical_rdata(type, text, DomainName());
}

Result<ApiData> data_for(std::string_view rdata, RecordType type, const RecordForm& form) {
  ApiData data{std::string(rdata)};
  if (is_text(type) && form.text == RecordForm::Text::kBare) {
    const auto bytes = joined_strings(rdata);
    if (!bytes || quoted_strings(*bytes) != rdata)
      return fail(ErrorCode::kUnsupported,
                  "its text is in several strings that the service would join, or cut elsewhere");
    for (const char c : *bytes)
      if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
        return fail(ErrorCode::kUnsupported, "its text has bytes that are not printable ASCII");
    data.content = *bytes;
    return data;
  }
  if (has_priority(type) && form.priority == RecordForm::Priority::kApart) {
    const auto space = data.content.find(' ');
    unsigned priority = 0;
    std::from_chars(data.content.data(), data.content.data() + space, priority);
    data.priority = priority;
    data.content.erase(0, space + 1);
  }
  if (form.names == RecordForm::Names::kWithoutDot && ends_with_name(type) && data.content.size() > 1 &&
      data.content.ends_with('.') && !data.content.ends_with(" ."))
    data.content.pop_back();
  return data;
}

std::string absolute_data(const std::string& content, RecordType type, const DomainName& zone) {
  if (!ends_with_name(type) || content.ends_with('.')) return content;
  const bool is_zone = content == "@" || content.ends_with(" @");
  return is_zone ? content.substr(0, content.size() - 1) + zone.text() : content + "." + zone.text();
}

Result<DomainName> owner_name(std::string_view text, const DomainName& zone) {
  if (text.empty() || text == "@") return zone;
  if (auto whole = DomainName::from_text(text); whole && whole->is_within(zone)) return whole;
  return DomainName::from_text(text, zone);
}

std::string owner_text(const DomainName& name, const DomainName& zone, std::string_view apex) {
  return name == zone ? std::string(apex) : name.relative_to(zone);
}

}  // namespace cutover::providers
