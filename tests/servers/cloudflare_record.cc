#include "tests/servers/cloudflare_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "core/endpoint.h"
#include "core/text.h"

namespace cutover::servers::cloudflare {
namespace {

constexpr int kValidation = 1004, kBadTtl = 9021, kBadAddress = 9005, kBadName = 9000, kNotProxiable = 9041;
constexpr int kHostTaken = 81053, kCnameThere = 81054, kIdentical = 81058;

/// Types that are given by their parts: what `data` holds, in the order in which `content` shows it. A `"` before a
/// part: it is shown in quotes. `#`: it is a number.
const std::map<std::string, std::vector<std::string>>& structured() {
  static const std::map<std::string, std::vector<std::string>> types{
      {"CAA", {"#flags", "tag", "\"value"}},
      {"CERT", {"#type", "#key_tag", "#algorithm", "certificate"}},
      {"DNSKEY", {"#flags", "#protocol", "#algorithm", "public_key"}},
      {"DS", {"#key_tag", "#algorithm", "#digest_type", "digest"}},
      {"HTTPS", {"#priority", "target", "value"}},
      {"NAPTR", {"#order", "#preference", "\"flags", "\"service", "\"regex", "replacement"}},
      {"SMIMEA", {"#usage", "#selector", "#matching_type", "certificate"}},
      {"SRV", {"#priority", "#weight", "#port", "target"}},
      {"SSHFP", {"#algorithm", "#type", "fingerprint"}},
      {"SVCB", {"#priority", "target", "value"}},
      {"TLSA", {"#usage", "#selector", "#matching_type", "certificate"}},
      {"URI", {"#weight", "\"target"}},
  };
  return types;
}

bool is_plain(const std::string& type) {
  static const std::set<std::string> types{"A", "AAAA", "CNAME", "MX", "NS", "OPENPGPKEY", "PTR", "TXT"};
  return types.contains(type);
}

bool is_host(const std::string& type) { return type == "A" || type == "AAAA" || type == "CNAME"; }

std::string without_dot(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

std::string content_of(const std::vector<std::string>& parts, const Json& data) {
  std::vector<std::string> words;
  for (const std::string& part : parts) {
    const std::string key = part.substr(part.find_first_not_of("#\""));
    if (!data.contains(key))
      throw Refusal(400, kValidation, fmt::format("DNS Validation Error: data.{} is missing", key));
    const Json& value = data.at(key);
    if (value.is_number() != part.starts_with('#'))
      throw Refusal(400, kValidation, fmt::format("DNS Validation Error: data.{} has the wrong type", key));
    const std::string text = value.is_number() ? value.dump() : value.get<std::string>();
    if (!text.empty()) words.push_back(part.starts_with('"') ? "\"" + text + "\"" : text);
  }
  return join(words, " ");
}

std::string full_name(const Json& fields, const Zone& zone) {
  const std::string sent = to_lower(fields.at("name").get<std::string>());
  if (sent.ends_with('.') || sent.empty()) throw Refusal(400, kBadName, "DNS name is invalid.");
  if (sent == "@" || sent == zone.name) return zone.name;
  return sent.ends_with("." + zone.name) ? sent : sent + "." + zone.name;
}

void check_address(const std::string& type, const std::string& content) {
  if (type != "A" && type != "AAAA") return;
  const auto address = IpAddress::from_text(content);
  if (!address || address->bytes().size() != (type == "A" ? 4U : 16U))
    throw Refusal(
        400, kBadAddress,
        fmt::format("Content for {0} record must be a valid {1} address.", type, type == "A" ? "IPv4" : "IPv6"));
}

int ttl_of(const Json& fields, const Zone& zone) {
  const Json ttl = fields.value("ttl", Json(1));
  const bool number = ttl.is_number_integer();
  if (!number || (ttl != 1 && (ttl < zone.least_ttl || ttl > 86400)))
    throw Refusal(
        400, kBadTtl,
        fmt::format("Invalid TTL. Must be between {} and 86400 seconds, or 1 for Automatic.", zone.least_ttl));
  return ttl.get<int>();
}

Json number_or_text(const std::string& part, const std::string& word) {
  if (part.starts_with('#')) return std::stoi(word);
  return word;
}

/// Words of a value; what stands in quotes is one, without them.
std::vector<std::string> words_of(const std::string& value) {
  std::vector<std::string> words(1);
  bool quoted = false;
  for (const char c : value) {
    if (c == '"') quoted = !quoted;
    if (c == ' ' && !quoted) words.emplace_back();
    if (c != '"' && (c != ' ' || quoted)) words.back() += c;
  }
  return words;
}

/// What follows so many words, as it is written.
std::string after_words(const std::string& value, int count) {
  std::size_t at = 0;
  for (int i = 0; i < count && at != std::string::npos; ++i) {
    at = value.find(' ', at);
    if (at != std::string::npos) ++at;
  }
  return at == std::string::npos ? "" : value.substr(at);
}

}  // namespace

void check_fields(const Json& sent) {
  static const std::set<std::string> known{"id",      "name", "type",     "content", "ttl",     "proxied",
                                           "comment", "tags", "settings", "data",    "priority"};
  if (!sent.is_object()) throw Refusal(400, 9207, "Request body is invalid.");
  for (const auto& field : sent.items())
    if (!known.contains(field.key()))
      throw Refusal(400, kValidation, "DNS Validation Error: unknown field " + field.key());
}

Json checked(const Json& fields, const Zone& zone) {
  for (const char* needed : {"name", "type"})
    if (!fields.contains(needed))
      throw Refusal(400, kValidation, fmt::format("DNS Validation Error: {} is required", needed));
  const auto type = fields.at("type").get<std::string>();
  const auto shape = structured().find(type);
  if (shape == structured().end() && !is_plain(type))
    throw Refusal(400, kValidation, "DNS Validation Error: unknown type");
  const char* value = is_plain(type) ? "content" : "data";
  if (!fields.contains(value))
    throw Refusal(400, kValidation, fmt::format("DNS Validation Error: {} is required", value));

  Json record = fields;
  record["name"] = full_name(fields, zone);
  const bool proxied = fields.value("proxied", false);
  if (proxied && !is_host(type)) throw Refusal(400, kNotProxiable, "This record type cannot be proxied.");
  record["content"] =
      is_plain(type) ? fields.at("content").get<std::string>() : content_of(shape->second, fields.at("data"));
  check_address(type, record["content"]);
  if ((type == "MX" || type == "URI") && !fields.contains("priority"))
    throw Refusal(400, kValidation, "DNS Validation Error: priority is required");
  if (type == "SRV") record["priority"] = fields.at("data").at("priority");
  record["proxiable"] = is_host(type);
  record["proxied"] = proxied;
  // A proxied record is answered with Cloudflare's addresses and Cloudflare's TTL, whatever was asked for.
  const int ttl = ttl_of(fields, zone);
  record["ttl"] = proxied ? 1 : ttl;
  for (const char* kept : {"tags", "settings", "meta"})
    if (!record.contains(kept)) record[kept] = kept == std::string("tags") ? Json::array() : Json::object();
  return record;
}

void check_beside(const Json& record, const Zone& zone) {
  const std::string type = record.at("type");
  for (const Json& other : zone.records) {
    if (other.at("name") != record.at("name") || other.value("id", "") == record.value("id", "")) continue;
    const std::string beside = other.at("type");
    if (beside == type && other.at("content") == record.at("content") &&
        other.value("priority", Json()) == record.value("priority", Json()))
      throw Refusal(400, kIdentical, "An identical record already exists.");
    if (type == "CNAME" && is_host(beside))
      throw Refusal(400, kHostTaken, "An A, AAAA, or CNAME record with that host already exists.");
    if (beside == "CNAME" && is_host(type))
      throw Refusal(400, kCnameThere, "A CNAME record with that host already exists.");
  }
}

Json from_presentation(const std::string& type, const std::string& value) {
  Json record;
  if (type == "MX") {
    record["priority"] = std::stoi(value);
    record["content"] = without_dot(after_words(value, 1));
  } else if (type == "CNAME" || type == "NS" || type == "PTR") {
    record["content"] = without_dot(value);
  } else if (is_plain(type)) {
    record["content"] = value;
  } else {
    const std::vector<std::string>& parts = structured().at(type);
    std::vector<std::string> words = words_of(value);
    // The parameters of HTTPS and SVCB keep their quotes and spaces.
    if (parts.back() == "value") {
      words.resize(2);
      words.push_back(after_words(value, 2));
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const std::string key = parts[i].substr(parts[i].find_first_not_of("#\""));
      const std::string word = i < words.size() ? words[i] : "";
      record["data"][key] =
          number_or_text(parts[i], key == "target" || key == "replacement" ? without_dot(word) : word);
    }
  }
  return record;
}

}  // namespace cutover::servers::cloudflare
