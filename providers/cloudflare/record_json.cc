#include "providers/cloudflare/record_json.h"

#include <sstream>
#include <stdexcept>

namespace cutover::providers::cloudflare {
namespace {

/// What Cloudflare serves a TTL of kAutomatic as (its manual, "Time to Live").
constexpr Seconds kServedAutomatic{300};

/// The words of presentation text, the last one with all that follows.
std::vector<std::string> words(const std::string& text, std::size_t count) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string word; found.size() + 1 < count && in >> word;) found.push_back(word);
  std::string rest;
  std::getline(in >> std::ws, rest);
  found.push_back(rest);
  found.resize(count);
  return found;
}

std::string unquoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

/// The types that are written in pieces; null for those that are written as content.
Json pieces_of(RecordType type, const ApiData& data) {
  const auto number = [](const std::string& word) { return std::stoul(word); };
  if (type == RecordType::kHttps || type == RecordType::kSvcb) {
    const auto word = words(data.content, 3);
    return Json{{"priority", number(word[0])}, {"target", word[1]}, {"value", word[2]}};
  }
  if (type == RecordType::kCaa) {
    const auto word = words(data.content, 3);
    return Json{{"flags", number(word[0])}, {"tag", word[1]}, {"value", unquoted(word[2])}};
  }
  if (type == RecordType::kSrv) {
    const auto word = words(data.content, 3);
    return Json{{"priority", data.priority.value_or(0)},
                {"weight", number(word[0])},
                {"port", number(word[1])},
                {"target", word[2]}};
  }
  if (type == RecordType::kTlsa) {
    const auto word = words(data.content, 4);
    return Json{{"usage", number(word[0])},
                {"selector", number(word[1])},
                {"matching_type", number(word[2])},
                {"certificate", word[3]}};
  }
  return nullptr;
}

std::string refusal_of(const Json& json, bool is_apex_cname) {
  if (is_apex_cname)
    return "is a CNAME at the zone's own name, which Cloudflare answers with addresses that it looks up itself; make A "
           "and AAAA records of it first";
  const auto settings = json.find("settings");
  if (settings != json.end() && settings->is_object() && settings->value("flatten_cname", false))
    return "is a flattened CNAME, which Cloudflare answers with addresses that it looks up itself; switch flattening "
           "off for it first";
  return {};
}

}  // namespace

ListedRecord record_from(const Json& json, const DomainName& zone) {
  ListedRecord record;
  auto name = DomainName::from_text(json.at("name").get<std::string>());
  if (!name) throw std::runtime_error(name.error().message);
  record.name = *name;
  record.type = json.at("type").get<std::string>();
  const auto ttl = json.at("ttl").get<std::int64_t>();
  record.ttl = ttl == kAutomatic ? kServedAutomatic : Seconds(ttl);
  record.id = json.at("id").get<std::string>();
  record.data.content = json.at("content").get<std::string>();
  if (const auto priority = json.find("priority"); priority != json.end() && priority->is_number())
    record.data.priority = priority->get<unsigned>();
  if (record.type == "SRV" && json.contains("data")) {
    const Json& data = json.at("data");
    record.data.priority = data.value("priority", record.data.priority.value_or(0));
    record.data.content = fmt::format("{} {} {}", data.at("weight").get<unsigned>(), data.at("port").get<unsigned>(),
                                      data.at("target").get<std::string>());
  }
  record.proxied = json.value("proxied", false);
  record.refused = refusal_of(json, record.name == zone && record.type == "CNAME");
  return record;
}

Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl) {
  Json fields{{"name", key.name.host()}, {"type", to_text(key.type)}, {"ttl", ttl.count()}};
  if (Json pieces = pieces_of(key.type, data); !pieces.is_null()) {
    fields["data"] = std::move(pieces);
    return fields;
  }
  fields["content"] = data.content;
  if (data.priority) fields["priority"] = *data.priority;
  return fields;
}

}  // namespace cutover::providers::cloudflare
