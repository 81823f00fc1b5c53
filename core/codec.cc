#include "core/codec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

// Key by key: an object out of an initializer list is first an array of pairs, at three times the cost, and a change
// set may hold hundreds.
Json encode(const RecordSet& set) {
  Json json = Json::object();
  json["name"] = set.name.text();
  json["type"] = to_text(set.type);
  json["ttl_s"] = set.ttl.count();
  json["rdata"] = set.rdata;
  return json;
}

Json encode(const std::optional<RecordSet>& set) { return set ? encode(*set) : Json(nullptr); }

// nlohmann throws on a wrong shape; these helpers run under decode()'s one catch.
RecordKey decode_key(const Json& json) {
  auto name = DomainName::from_text(json.at("name").get<std::string>());
  auto type = record_type_from_text(json.at("type").get<std::string>());
  if (!name) throw std::runtime_error(name.error().message);
  if (!type) throw std::runtime_error(type.error().message);
  return {*name, *type};
}

RecordSet decode_set(const Json& json) {
  const RecordKey key = decode_key(json);
  RecordSet set{key.name, key.type, Seconds(json.at("ttl_s").get<std::int64_t>()),
                json.at("rdata").get<std::vector<std::string>>()};
  normalize(set);
  return set;
}

std::optional<RecordSet> decode_side(const Json& json, const char* side) {
  if (!json.contains(side) || json.at(side).is_null()) return std::nullopt;
  return decode_set(json.at(side));
}

template <class F>
auto decode(std::string_view text, std::string_view what, F&& read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInvalid, fmt::format("a stored {} cannot be read: {}", what, e.what()));
  }
}

}  // namespace

std::string to_json(const RecordSet& set) { return encode(set).dump(); }

Result<RecordSet> record_set_from_json(std::string_view json) { return decode(json, "record set", decode_set); }

std::string to_json(const ChangeSet& set) {
  Json json{{"zone", set.zone.text()}};
  if (set.guard_serial) json["guard_serial"] = *set.guard_serial;
  if (set.guard_soa) json["guard_soa"] = encode(*set.guard_soa);
  Json& changes = json["changes"] = Json::array();
  for (const Change& change : set.changes) {
    Json& out = changes.emplace_back(Json::object());
    out["name"] = change.key.name.text();
    out["type"] = to_text(change.key.type);
    out["before"] = encode(change.before);
    out["after"] = encode(change.after);
  }
  return json.dump();
}

Result<ChangeSet> change_set_from_json(std::string_view text) {
  return decode(text, "change set", [](const Json& json) {
    ChangeSet set;
    auto zone = DomainName::from_text(json.at("zone").get<std::string>());
    if (!zone) throw std::runtime_error(zone.error().message);
    set.zone = *zone;
    if (json.contains("guard_serial")) set.guard_serial = json.at("guard_serial").get<std::uint32_t>();
    set.guard_soa = decode_side(json, "guard_soa");
    for (const Json& change : json.at("changes"))
      set.changes.push_back(Change{decode_key(change), decode_side(change, "before"), decode_side(change, "after")});
    return set;
  });
}

}  // namespace cutover
