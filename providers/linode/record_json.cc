#include "providers/linode/record_json.h"

#include <sstream>
#include <stdexcept>

namespace cutover::providers::linode {
namespace {

struct Pieces {
  std::string first, second, rest;
};
Pieces pieces_of(const std::string& content) {
  Pieces pieces;
  std::istringstream in(content);
  in >> pieces.first >> pieces.second;
  std::getline(in >> std::ws, pieces.rest);
  return pieces;
}

std::string unquoted(const std::string& text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

std::string text_or_empty(const Json& json, const char* field) {
  const auto at = json.find(field);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// `_sip._tcp` as its two words; nothing else has two.
std::vector<std::string> srv_words(const std::string& owner) {
  const auto dot = owner.find("._");
  if (!owner.starts_with('_') || dot == std::string::npos || owner.find('.', dot + 2) != std::string::npos) return {};
  return {owner.substr(1, dot - 1), owner.substr(dot + 2)};
}

}  // namespace

bool can_own_srv(const DomainName& name, const DomainName& zone) { return !srv_words(owner_text(name, zone)).empty(); }

ListedRecord record_from(const Json& json, const DomainName& zone, Seconds default_ttl) {
  ListedRecord record;
  record.type = json.at("type").get<std::string>();
  std::string owner = text_or_empty(json, "name");
  if (record.type == "SRV" && !owner.starts_with('_'))
    owner = fmt::format("_{}._{}{}{}", text_or_empty(json, "service"), text_or_empty(json, "protocol"),
                        owner.empty() ? "" : ".", owner);
  auto name = owner_name(owner, zone);
  if (!name) throw std::runtime_error(name.error().message);
  record.name = *name;
  const auto ttl = json.at("ttl_sec").get<std::uint32_t>();
  record.ttl = ttl == 0 ? default_ttl : Seconds(ttl);
  record.id = json.at("id").dump();
  record.data.content = json.at("target").get<std::string>();
  if (record.type == "MX" || record.type == "SRV") record.data.priority = json.at("priority").get<unsigned>();
  // g++ 12 warns of an assignment of "." here (-Wrestrict), for no reason.
  if (record.type == "MX" && record.data.content.empty()) record.data.content.push_back('.');
  if (record.type == "SRV")
    record.data.content = fmt::format("{} {} {}", json.at("weight").get<unsigned>(), json.at("port").get<unsigned>(),
                                      record.data.content);
  if (record.type == "CAA")
    record.data.content = fmt::format("0 {} \"{}\"", json.at("tag").get<std::string>(), record.data.content);
  return record;
}

Json fields_of(const RecordKey& key, const ApiData& data, const DomainName& zone) {
  const std::string owner = owner_text(key.name, zone, "");
  Json fields{{"name", owner}, {"target", data.content}};
  if (data.priority) fields["priority"] = *data.priority;
  const Pieces pieces = pieces_of(data.content);
  if (const auto words = srv_words(owner); key.type == RecordType::kSrv && !words.empty()) {
    fields["name"] = "";
    fields["service"] = words[0];
    fields["protocol"] = words[1];
    fields["weight"] = std::stoul(pieces.first);
    fields["port"] = std::stoul(pieces.second);
    fields["target"] = pieces.rest;
  }
  if (key.type == RecordType::kCaa) {
    fields["tag"] = pieces.second;
    fields["target"] = unquoted(pieces.rest);
  }
  // No name is told by leaving it out: what is there must have a character.
  if (fields.at("name").get_ref<const std::string&>().empty()) fields.erase("name");
  return fields;
}

}  // namespace cutover::providers::linode
