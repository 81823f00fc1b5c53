#include "providers/digitalocean/record_json.h"

#include <sstream>
#include <stdexcept>

namespace cutover::providers::digitalocean {
namespace {

/// `0 issue "ca.example.net"`, `5 5060 sip.example.net.`: two words and the rest.
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

}  // namespace

ListedRecord record_from(const Json& json, const DomainName& zone) {
  ListedRecord record;
  auto name = owner_name(json.at("name").get<std::string>(), zone);
  if (!name) throw std::runtime_error(name.error().message);
  record.name = *name;
  record.type = json.at("type").get<std::string>();
  record.ttl = Seconds(json.at("ttl").get<std::uint32_t>());
  record.id = json.at("id").dump();
  record.data.content = json.at("data").get<std::string>();
  const bool is_host = record.type != "TXT" && record.type != "CAA";
  if (is_host && record.data.content == "@") record.data.content = zone.text();
  if (record.type == "MX" || record.type == "SRV") record.data.priority = json.at("priority").get<unsigned>();
  if (record.type == "SRV")
    record.data.content = fmt::format("{} {} {}", json.at("weight").get<unsigned>(), json.at("port").get<unsigned>(),
                                      record.data.content);
  if (record.type == "CAA")
    record.data.content = fmt::format("{} {} \"{}\"", json.at("flags").get<unsigned>(),
                                      json.at("tag").get<std::string>(), record.data.content);
  return record;
}

Json fields_of(const RecordKey& key, const ApiData& data, Seconds ttl) {
  Json fields{{"type", to_text(key.type)}, {"data", data.content}, {"priority", nullptr}, {"port", nullptr},
              {"ttl", ttl.count()},        {"weight", nullptr},    {"flags", nullptr},    {"tag", nullptr}};
  if (data.priority) fields["priority"] = *data.priority;
  const Pieces pieces = pieces_of(data.content);
  if (key.type == RecordType::kSrv) {
    fields["weight"] = std::stoul(pieces.first);
    fields["port"] = std::stoul(pieces.second);
    fields["data"] = pieces.rest;
  }
  if (key.type == RecordType::kCaa) {
    fields["flags"] = std::stoul(pieces.first);
    fields["tag"] = pieces.second;
    // Taken with a dot at its end, shown without.
    fields["data"] = unquoted(pieces.rest) + ".";
  }
  return fields;
}

}  // namespace cutover::providers::digitalocean
