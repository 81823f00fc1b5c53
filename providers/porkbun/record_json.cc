#include "providers/porkbun/record_json.h"

#include <charconv>
#include <stdexcept>

namespace cutover::providers::porkbun {
namespace {

/// "600" or 600; null and nothing are 0.
std::uint32_t number_in(const Json& json, const char* field) {
  const auto at = json.find(field);
  if (at == json.end() || at->is_null()) return 0;
  if (!at->is_string()) return at->get<std::uint32_t>();
  const std::string& text = at->get_ref<const std::string&>();
  std::uint32_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size())
    throw std::runtime_error(fmt::format("{} is the number {}", field, text));
  return number;
}

std::string id_of(const Json& json) {
  const Json& id = json.at("id");
  return id.is_string() ? id.get<std::string>() : std::to_string(id.get<std::uint64_t>());
}

}  // namespace

ListedRecord record_from(const Json& json, const DomainName& zone) {
  ListedRecord record;
  auto name = owner_name(json.at("name").get<std::string>(), zone);
  if (!name) throw std::runtime_error(name.error().message);
  record.name = *name;
  record.type = json.at("type").get<std::string>();
  record.ttl = Seconds(number_in(json, "ttl"));
  record.id = id_of(json);
  record.data.content = json.at("content").get<std::string>();
  if (record.type == "MX" || record.type == "SRV") record.data.priority = number_in(json, "prio");
  if (record.type == "TXT" && record.data.content.find_first_of("\"\\") != std::string::npos)
    record.refused = "holds a quote or a backslash, and what Porkbun means by one is not known; change it there";
  return record;
}

void refuse_beside_alias(Listing& listing, const DomainName& name) {
  for (const RecordType type : {RecordType::kA, RecordType::kAaaa, RecordType::kCname})
    listing.refused.emplace(RecordKey{name, type},
                            "stands beside an ALIAS, from which Porkbun answers there: delete that first");
}

Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl, const DomainName& zone) {
  Json fields{{"name", owner_text(key.name, zone, "")},
              {"type", to_text(key.type)},
              {"content", data.content},
              {"ttl", std::to_string(ttl.count())}};
  if (data.priority) fields["prio"] = std::to_string(*data.priority);
  return fields;
}

}  // namespace cutover::providers::porkbun
