#include "tests/servers/record_set_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/endpoint.h"
#include "core/text.h"

namespace cutover::servers {
namespace {

bool is_number(const std::string& word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_name(const std::string& word) { return word.ends_with('.') && word.find("..") == std::string::npos; }

std::vector<std::string> words_of(const std::string& value) {
  std::istringstream in(value);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// `"a" "b"`, each of at most 255 octets.
bool is_quoted(const std::string& value) {
  bool inside = false;
  std::size_t length = 0;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '"') {
      inside = !inside;
      length = 0;
      continue;
    }
    if (!inside && value[i] != ' ') return false;
    if (!inside) continue;
    if (value[i] == '\\') i += i + 1 < value.size() && value[i + 1] >= '0' && value[i + 1] <= '9' ? 3 : 1;
    if (++length > 255) return false;
  }
  return !inside && value.starts_with('"');
}

bool is_proper(const std::string& type, const std::string& value) {
  const std::vector<std::string> words = words_of(value);
  const auto numbers = [&](std::size_t count) {
    return words.size() > count &&
           std::all_of(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(count), is_number);
  };
  if (type == "A" || type == "AAAA") {
    const auto address = IpAddress::from_text(value);
    return address && address->bytes().size() == (type == "A" ? 4U : 16U);
  }
  if (type == "TXT" || type == "SPF") return is_quoted(value);
  if (type == "CNAME" || type == "NS" || type == "PTR" || type == "DNAME") return words.size() == 1 && is_name(value);
  if (type == "MX") return numbers(1) && words.size() == 2 && (is_name(words[1]) || words[1] == ".");
  if (type == "SRV") return numbers(3) && words.size() == 4 && (is_name(words[3]) || words[3] == ".");
  if (type == "HTTPS" || type == "SVCB") return numbers(1) && (is_name(words[1]) || words[1] == ".");
  if (type == "TLSA") return numbers(3) && words.size() == 4;
  if (type == "CAA") return numbers(1) && words.size() >= 3 && words[2].starts_with('"');
  return !words.empty();
}

}  // namespace

void RecordSetFake::add_zone(const std::string& zone) {
  const auto hold = locked();
  zones_[zone];
}

void RecordSetFake::put(const std::string& zone, const RecordSet& set) {
  const auto hold = locked();
  Set& kept = zones_.at(zone)[{set.name.host(), to_text(set.type)}];
  kept.ttl = static_cast<unsigned>(set.ttl.count());
  kept.values = set.rdata;
}

void RecordSetFake::set_page(std::size_t size) {
  const auto hold = locked();
  page_ = size;
}

std::vector<std::string> RecordSetFake::sets(const std::string& zone) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const auto& [key, set] : zones_.at(zone))
    lines.push_back(fmt::format("{} {} {} {}", key.first, set.ttl, key.second, join(set.values, " | ")));
  return lines;
}

RecordSetFake::Sets* RecordSetFake::zone(const std::string& name) {
  const auto at = zones_.find(name);
  return at == zones_.end() ? nullptr : &at->second;
}

std::string RecordSetFake::full_name(const std::string& label, const std::string& zone, const std::string& apex) {
  return label == apex ? zone : label + "." + zone;
}

std::string RecordSetFake::label_of(const std::string& name, const std::string& zone, const std::string& apex) {
  return name == zone ? apex : name.substr(0, name.size() - zone.size() - 1);
}

std::string RecordSetFake::complaint(const std::string& type, const std::string& value) {
  return is_proper(type, value) ? "" : fmt::format("'{}' is no data of type {}", value, type);
}

bool RecordSetFake::crowds_a_cname(const Sets& sets, const std::string& name) {
  std::size_t count = 0;
  bool has_cname = false;
  for (const auto& entry : sets) {
    if (entry.first.first != name) continue;
    count += entry.first.second == "CNAME" ? entry.second.values.size() : 1;
    has_cname = has_cname || entry.first.second == "CNAME";
  }
  return has_cname && count > 1;
}

}  // namespace cutover::servers
