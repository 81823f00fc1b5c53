#include "tests/servers/azure_record.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <vector>

#include "core/text.h"
#include "net/message.h"

namespace cutover::servers::azure {
namespace {

struct Shape {
  std::string field;
  std::vector<std::string> parts;  ///< `#`: a number; `*`: all that follows, as strings
};

const std::map<std::string, Shape>& shapes() {
  static const std::map<std::string, Shape> all{
      {"A", {"ARecords", {"ipv4Address"}}},
      {"AAAA", {"AAAARecords", {"ipv6Address"}}},
      {"CAA", {"caaRecords", {"#flags", "tag", "value"}}},
      {"CNAME", {"CNAMERecord", {"cname"}}},
      {"MX", {"MXRecords", {"#preference", "exchange"}}},
      {"NS", {"NSRecords", {"nsdname"}}},
      {"PTR", {"PTRRecords", {"ptrdname"}}},
      {"SRV", {"SRVRecords", {"#priority", "#weight", "#port", "target"}}},
      {"TXT", {"TXTRecords", {"*value"}}},
  };
  return all;
}

/// Words of zone-file text; what stands in quotes is one, without them and without backslashes.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool quoted = false, fresh = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"' || (text[i] == ' ' && !quoted)) {
      if (text[i] == '"') quoted = !quoted;
      if (text[i] == '"' && quoted) words.emplace_back();
      fresh = text[i] == ' ';
      continue;
    }
    if (fresh && !quoted) words.emplace_back();
    fresh = false;
    if (text[i] == '\\') ++i;
    words.back() += text[i];
  }
  return words;
}

[[noreturn]] void refuse(const std::string& why) { throw Refusal(400, "BadRequest", why); }

/// Zone-file text of a typed record; refuses what has other fields or other types of them.
std::string presentation(const Shape& shape, const Json& record) {
  std::vector<std::string> words;
  if (!record.is_object() || record.size() != shape.parts.size())
    refuse("The record has fields that its type has not.");
  for (const std::string& part : shape.parts) {
    const std::string field = part.substr(part.find_first_not_of("#*"));
    if (!record.contains(field)) refuse(fmt::format("The field '{}' is missing.", field));
    const Json& value = record.at(field);
    const bool fits = part[0] == '#'   ? value.is_number_integer()
                      : part[0] == '*' ? value.is_array()
                                       : value.is_string();
    if (!fits) refuse(fmt::format("The field '{}' has another type.", field));
    if (part[0] == '*') {
      for (const Json& each : value) words.push_back(Json(each.get<std::string>()).dump());
      continue;
    }
    words.push_back(field == "value" || value.is_number() ? value.dump() : value.get<std::string>());
  }
  return join(words, " ");
}

}  // namespace

bool has_type(const std::string& type) { return shapes().contains(type); }

Json from_presentation(const RecordSet& set) {
  const Shape& shape = shapes().at(to_text(set.type));
  Json records = Json::array();
  for (const std::string& rdata : set.rdata) {
    const auto words = words_of(rdata);
    Json record;
    for (std::size_t i = 0; i < shape.parts.size(); ++i) {
      const std::string& part = shape.parts[i];
      if (part[0] == '*')
        record[part.substr(1)] = words;
      else if (part[0] == '#')
        record[part.substr(1)] = std::stoi(words.at(i));
      else
        record[part] = words.at(i);
    }
    records.push_back(std::move(record));
  }
  return Json{{"TTL", set.ttl.count()}, {shape.field, shape.field == "CNAMERecord" ? records.at(0) : records}};
}

void check(const std::string& type, const std::string& name, const Json& properties, const std::string& zone) {
  if (!has_type(type)) throw Refusal(400, "InvalidResourceType", fmt::format("The record type '{}' is not one.", type));
  const Shape& shape = shapes().at(type);
  if (!properties.contains("TTL") || !properties.at("TTL").is_number_integer() || properties.at("TTL") < 1)
    refuse("The TTL must be between 1 and 2147483647.");
  static const std::set<std::string> common{"TTL", "metadata", "targetResource"};
  for (const auto& field : properties.items())
    if (!common.contains(field.key()) && field.key() != shape.field)
      refuse(fmt::format("A record set of type {} has no '{}'.", type, field.key()));
  if (type == "CNAME" && name == "@") refuse("A CNAME cannot stand at the zone's own name.");
  if (!properties.contains(shape.field)) refuse("The record set has no records.");
  const Json& data = properties.at(shape.field);
  if (data.is_array() == (type == "CNAME")) refuse(fmt::format("'{}' has another type.", shape.field));
  const auto known = record_type_from_text(type);
  std::set<std::string> seen;
  for (const Json& each : data.is_array() ? data : Json::array({data})) {
    const auto rdata = net::canonical_rdata(*known, presentation(shape, each), DomainName());
    if (!rdata) refuse(fmt::format("The record is invalid: {}", rdata.error().message));
    if (!seen.insert(*rdata).second) refuse("The record set has a record twice.");
  }
  if (!DomainName::from_text(name == "@" ? zone : name + "." + zone)) refuse("The name of the record set is invalid.");
}

}  // namespace cutover::servers::azure
