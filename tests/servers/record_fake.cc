#include "tests/servers/record_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "core/endpoint.h"

namespace cutover::servers {

RecordFake::RecordFake(Settings settings, Shape shape) : ApiFake(std::move(settings)), shape_(std::move(shape)) {}

std::string RecordFake::add_zone(const std::string& name) {
  const auto hold = locked();
  zones_.push_back({std::to_string(4000 + ++made_), name});
  return zones_.back().id;
}

std::string RecordFake::add(const std::string& zone_name, const Json& record) {
  const auto hold = locked();
  const Json made = post(zone(zone_name), record);
  return made.at("id").is_string() ? made.at("id").get<std::string>() : made.at("id").dump();
}

void RecordFake::put(const std::string& zone_name, const RecordSet& set) {
  remove(zone_name, set.key());
  const auto hold = locked();
  Zone& in = zone(zone_name);
  const std::string type = to_text(set.type);
  if (std::find(shape_.types.begin(), shape_.types.end(), type) == shape_.types.end()) return;
  for (const std::string& value : set.rdata) {
    Json record = fields_of(type, value, in);
    const std::string host = set.name.host();
    record["name"] = host == in.name ? "" : host.substr(0, host.size() - in.name.size() - 1);
    record["type"] = type;
    record[shape_.ttl] = set.ttl.count();
    spell_owner(record);
    post(in, record);
  }
}

void RecordFake::remove(const std::string& zone_name, const RecordKey& key) {
  const auto hold = locked();
  Zone& in = zone(zone_name);
  const std::string host = key.name.host();
  std::erase_if(in.records, [&](const Json& each) {
    std::string name = each.at("name");
    if (shape_.names == Shape::Names::kRelative)
      name = name == shape_.apex ? in.name : fmt::format("{}.{}", name, in.name);
    return name == host && each.at("type") == to_text(key.type);
  });
}

void RecordFake::set_page_limit(std::size_t limit) {
  const auto hold = locked();
  page_limit_ = limit;
}

std::vector<std::string> RecordFake::records(const std::string& zone_name) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const Zone& each : zones_) {
    if (each.name != zone_name) continue;
    for (const Json& record : each.records) {
      const auto text = [&](const std::string& field) {
        const Json& value = record.at(field);
        return value.is_string() ? value.get<std::string>() : value.dump();
      };
      lines.push_back(fmt::format("{} {} {} {}", text("name"), text(shape_.ttl), text("type"), text(shape_.content)));
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

RecordFake::Zone& RecordFake::zone(const std::string& name_or_id) {
  for (Zone& each : zones_)
    if (each.name == name_or_id || each.id == name_or_id) return each;
  throw Refusal(404, "no such zone");
}

std::size_t RecordFake::place(const Zone& zone, const std::string& id) const {
  for (std::size_t i = 0; i < zone.records.size(); ++i) {
    const Json& own = zone.records[i].at("id");
    if (own.is_string() ? own == id : own.dump() == id) return i;
  }
  throw Refusal(404, "no such record");
}

const RecordFake::Json& RecordFake::record(const Zone& zone, const std::string& id) const {
  return zone.records[place(zone, id)];
}

RecordFake::Json RecordFake::post(Zone& zone, const Json& fields) {
  Json record = fields;
  ++made_;
  record["id"] =
      shape_.ids == Shape::Ids::kNumber ? Json(28448000 + made_) : Json(fmt::format("cb676a46-{:08x}", made_));
  record = checked(record, zone);
  check_beside(record, zone);
  zone.records.push_back(record);
  return record;
}

RecordFake::Json RecordFake::edit(Zone& zone, const std::string& id, const Json& fields) {
  Json& old = zone.records[place(zone, id)];
  Json record = old;
  for (const auto& field : fields.items()) record[field.key()] = field.value();
  record["id"] = old.at("id");
  record = checked(record, zone);
  check_beside(record, zone);
  old = record;
  return record;
}

RecordFake::Json RecordFake::erase(Zone& zone, const std::string& id) {
  const std::size_t at = place(zone, id);
  Json record = zone.records[at];
  zone.records.erase(zone.records.begin() + static_cast<std::ptrdiff_t>(at));
  return record;
}

/// A CNAME stands alone (RFC 1034 section 3.6.2), and no record is there twice.
void RecordFake::check_beside(const Json& record, const Zone& zone) const {
  for (const Json& other : zone.records) {
    if (other.at("name") != record.at("name") || other.at("id") == record.at("id")) continue;
    if (other.at("type") == "CNAME" || record.at("type") == "CNAME")
      throw Refusal(422, "a CNAME cannot share its name with another record");
    Json same = other;
    same["id"] = record.at("id");
    same[shape_.ttl] = record.at(shape_.ttl);
    if (same == record) throw Refusal(422, "an identical record is there already");
  }
}

ApiPaging RecordFake::limited(ApiPaging paging) const {
  if (page_limit_ == 0) return paging;
  paging.size = std::min(paging.size, page_limit_);
  return paging;
}

ApiReply RecordFake::answered(const std::function<ApiReply()>& work) const {
  try {
    return work();
  } catch (const Refusal& refusal) {
    return trouble(refusal.status, refusal.what());
  }
}

void RecordFake::check_type(const std::string& type) const {
  if (std::find(shape_.types.begin(), shape_.types.end(), type) == shape_.types.end())
    throw Refusal(422, fmt::format("type {} is not one of {}", type, fmt::join(shape_.types, ", ")));
}

void RecordFake::check_address(const std::string& type, const std::string& content) {
  if (type != "A" && type != "AAAA") return;
  const auto address = IpAddress::from_text(content);
  if (!address || address->bytes().size() != (type == "A" ? 4U : 16U))
    throw Refusal(422, fmt::format("{} is no address for {}", content, type));
}

void RecordFake::only(const Json& sent, const std::set<std::string>& known) {
  if (!sent.is_object()) throw Refusal(400, "the body is no object");
  for (const auto& field : sent.items())
    if (!known.contains(field.key())) throw Refusal(422, fmt::format("there is no field {}", field.key()));
}

std::string without_dot(std::string name) {
  if (name.size() > 1 && name.ends_with('.')) name.pop_back();
  return name;
}

std::vector<std::string> first_words(const std::string& text, std::size_t count) {
  std::vector<std::string> found;
  std::istringstream in(text);
  for (std::string word; found.size() + 1 < count && in >> word;) found.push_back(word);
  std::string rest;
  std::getline(in >> std::ws, rest);
  found.push_back(rest);
  found.resize(count);
  return found;
}

std::string bare_text(const std::string& quoted) {
  std::string bytes;
  bool inside = false;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '\\' && i + 1 < quoted.size())
      bytes += quoted[++i];
    else if (quoted[i] == '"')
      inside = !inside;
    else if (inside)
      bytes += quoted[i];
  }
  return bytes;
}

}  // namespace cutover::servers
