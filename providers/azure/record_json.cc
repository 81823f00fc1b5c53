#include "providers/azure/record_json.h"

#include <algorithm>
#include <charconv>
#include <sstream>

namespace cutover::providers::azure {
namespace {

/// Where the data of a type is. Every type but CNAME has an array.
struct Place {
  RecordType type;
  const char* field;
};
constexpr Place kPlaces[] = {
    {RecordType::kA, "ARecords"},     {RecordType::kAaaa, "AAAARecords"}, {RecordType::kCname, "CNAMERecord"},
    {RecordType::kMx, "MXRecords"},   {RecordType::kTxt, "TXTRecords"},   {RecordType::kSrv, "SRVRecords"},
    {RecordType::kCaa, "caaRecords"}, {RecordType::kPtr, "PTRRecords"},   {RecordType::kNs, "NSRecords"},
};

const char* field_of(RecordType type) {
  const auto at = std::find_if(std::begin(kPlaces), std::end(kPlaces), [&](const Place& p) { return p.type == type; });
  return at == std::end(kPlaces) ? "" : at->field;
}

std::string quoted(const std::string& bytes) {
  std::string text = "\"";
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      text += {'\\', c};
    else if (code < 0x20 || code >= 0x7f)
      text += fmt::format("\\{:03}", code);
    else
      text += c;
  }
  return text + '"';
}

/// The character strings of canonical rdata, as bytes.
std::vector<std::string> strings_in(std::string_view rdata) {
  std::vector<std::string> found;
  bool inside = false;
  for (std::size_t i = 0; i < rdata.size(); ++i) {
    if (rdata[i] == '"') {
      inside = !inside;
      if (inside) found.emplace_back();
    } else if (inside && rdata[i] == '\\' && i + 3 < rdata.size() && rdata[i + 1] >= '0' && rdata[i + 1] <= '9') {
      unsigned code = 0;
      std::from_chars(rdata.data() + i + 1, rdata.data() + i + 4, code);
      found.back() += static_cast<char>(code);
      i += 3;
    } else if (inside) {
      if (rdata[i] == '\\' && i + 1 < rdata.size()) ++i;
      found.back() += rdata[i];
    }
  }
  return found;
}

std::string text_of(RecordType type, const Json& record) {
  const auto text = [&](const char* field) { return record.at(field).get<std::string>(); };
  const auto number = [&](const char* field) { return record.at(field).get<unsigned>(); };
  switch (type) {
    case RecordType::kA:
      return text("ipv4Address");
    case RecordType::kAaaa:
      return text("ipv6Address");
    case RecordType::kCname:
      return text("cname");
    case RecordType::kPtr:
      return text("ptrdname");
    case RecordType::kNs:
      return text("nsdname");
    case RecordType::kMx:
      return fmt::format("{} {}", number("preference"), text("exchange"));
    case RecordType::kSrv:
      return fmt::format("{} {} {} {}", number("priority"), number("weight"), number("port"), text("target"));
    case RecordType::kCaa:
      return fmt::format("{} {} {}", number("flags"), text("tag"), quoted(text("value")));
    default:
      break;
  }
  std::vector<std::string> strings;
  for (const Json& each : record.at("value")) strings.push_back(quoted(each.get<std::string>()));
  return join(strings, " ");
}

Json record_of(RecordType type, const std::string& rdata) {
  std::istringstream in(rdata);
  unsigned first = 0, second = 0, third = 0;
  std::string name;
  switch (type) {
    case RecordType::kA:
      return Json{{"ipv4Address", rdata}};
    case RecordType::kAaaa:
      return Json{{"ipv6Address", rdata}};
    case RecordType::kCname:
      return Json{{"cname", rdata}};
    case RecordType::kPtr:
      return Json{{"ptrdname", rdata}};
    case RecordType::kMx:
      in >> first >> name;
      return Json{{"preference", first}, {"exchange", name}};
    case RecordType::kSrv:
      in >> first >> second >> third >> name;
      return Json{{"priority", first}, {"weight", second}, {"port", third}, {"target", name}};
    case RecordType::kCaa: {
      in >> first >> name;
      const auto value = strings_in(rdata);
      return Json{{"flags", first}, {"tag", name}, {"value", value.empty() ? "" : value[0]}};
    }
    default:
      return Json{{"value", strings_in(rdata)}};
  }
}

Result<void> add_values(Listing& found, ListedRecord& record, RecordType type, const Json& properties) {
  std::size_t values = 0;
  const char* field = field_of(type);
  const auto data = properties.find(field);
  if (data != properties.end() && !data->is_null()) {
    const Json records = data->is_array() ? *data : Json::array({*data});
    for (const Json& each : records) {
      record.data.content = text_of(type, each);
      ++values;
      if (auto added = found.add(record); !added) return added;
    }
  }
  if (values == 0)
    found.refused.emplace(RecordKey{record.name, type},
                          "is an empty record set, which Azure keeps and does not serve; delete it there first");
  return {};
}

}  // namespace

Result<void> add_set(Listing& found, const Json& set) {
  const Json& properties = set.at("properties");
  ListedRecord record;
  auto name = owner_name(set.at("name").get<std::string>(), found.zone.origin);
  if (!name) return name.error();
  record.name = *name;
  const auto type = set.at("type").get<std::string>();  // `Microsoft.Network/dnszones/A`
  record.type = type.substr(type.rfind('/') + 1);
  // Its serial stays when records change: it tells nothing.
  if (record.type == "SOA") return {};
  record.ttl = Seconds(properties.value("TTL", std::int64_t(0)));
  record.id = set.at("etag").get<std::string>();
  const auto target = properties.find("targetResource");
  if (target != properties.end() && target->is_object() && !target->value("id", "").empty()) {
    record.refused =
        "is an alias of an Azure resource, whose addresses it follows; a change of plain values would lose "
        "that; change it in Azure";
    record.data.content = target->dump();
    return found.add(record);
  }
  const auto known = record_type_from_text(record.type);
  if (known && *field_of(*known) != '\0') return add_values(found, record, *known, properties);
  record.refused = "is of a type that this program does not know of at Azure";
  record.data.content = properties.dump();
  return found.add(record);
}

Json properties_of(const RecordSet& set) {
  Json records = Json::array();
  for (const std::string& rdata : set.rdata) records.push_back(record_of(set.type, rdata));
  return Json{{"TTL", set.ttl.count()},
              {field_of(set.type), set.type == RecordType::kCname ? records.at(0) : std::move(records)}};
}

std::string trouble_with(const RecordSet& set) {
  if (set.type != RecordType::kTxt && set.type != RecordType::kCaa) return {};
  for (const std::string& rdata : set.rdata)
    for (const std::string& string : strings_in(rdata))
      for (const char c : string)
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f)
          return "its text has bytes that are not printable ASCII";
  return {};
}

}  // namespace cutover::providers::azure
