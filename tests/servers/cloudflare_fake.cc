#include "tests/servers/cloudflare_fake.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "tests/servers/cloudflare_record.h"

namespace cutover::servers {

using cloudflare::Json;
using cloudflare::Refusal;
using cloudflare::Zone;

struct CloudflareFake::State {
  Plan plan;
  std::vector<Zone> zones{};
  std::uint64_t made = 0;  ///< ids and instants come from it

  std::string new_id() {
    ++made;
    return fmt::format("{:08x}{:024x}", 0xcf000000 + made * 7919 % 0xffffff, made);
  }
  std::string now() {
    ++made;
    return fmt::format("2026-11-22T12:{:02}:{:02}.{:06}Z", made / 60 % 60, made % 60, made);
  }
  std::size_t batch_limit() const { return plan == Plan::kFree ? 200 : 3500; }

  Zone& zone(const std::string& id_or_name) {
    for (Zone& each : zones)
      if (each.id == id_or_name || each.name == id_or_name) return each;
    throw Refusal(404, 7003,
                  fmt::format("Could not route to /zones/{}, perhaps your object identifier is invalid?", id_or_name));
  }
  /// As the token may see it.
  Zone& open_zone(const std::string& id) {
    Zone& found = zone(id);
    if (found.id != id)
      throw Refusal(404, 7003, "Could not route to that zone, perhaps your object identifier is invalid?");
    if (found.hidden) throw Refusal(403, 9109, "Unauthorized to access requested resource");
    return found;
  }
  static std::size_t place(const Zone& zone, const std::string& id) {
    for (std::size_t i = 0; i < zone.records.size(); ++i)
      if (zone.records[i].at("id") == id) return i;
    throw Refusal(404, 81044, "Record does not exist.");
  }

  Json post(Zone& zone, const Json& sent) {
    cloudflare::check_fields(sent);
    Json fields = sent;
    fields["id"] = new_id();
    fields["created_on"] = fields["modified_on"] = now();
    Json record = cloudflare::checked(fields, zone);
    cloudflare::check_beside(record, zone);
    zone.records.push_back(record);
    return record;
  }
  enum class Edit { kPatch, kPut };
  Json edit(Zone& zone, const std::string& id, const Json& sent, Edit kind) {
    cloudflare::check_fields(sent);
    Json& old = zone.records[place(zone, id)];
    Json fields = kind == Edit::kPatch ? old : Json::object();
    if (kind == Edit::kPut) fields["created_on"] = old.at("created_on");
    for (const auto& field : sent.items()) fields[field.key()] = field.value();
    fields["id"] = id;
    fields["modified_on"] = now();
    Json record = cloudflare::checked(fields, zone);
    cloudflare::check_beside(record, zone);
    old = record;
    return record;
  }
  Json remove(Zone& zone, const std::string& id) {
    const std::size_t at = place(zone, id);
    Json record = zone.records[at];
    zone.records.erase(zone.records.begin() + static_cast<std::ptrdiff_t>(at));
    return record;
  }
};

namespace {

constexpr int kBatchTooLarge = 9208;
constexpr const char* kAccount = "0123456789abcdef0123456789abcdef";

ApiReply failed(int status, int code, const std::string& message) {
  return json_reply(status, Json{{"result", nullptr},
                                 {"success", false},
                                 {"errors", Json::array({Json{{"code", code}, {"message", message}}})},
                                 {"messages", Json::array()}}
                                .dump());
}

Json envelope(Json result) {
  return {{"result", std::move(result)}, {"success", true}, {"errors", Json::array()}, {"messages", Json::array()}};
}

/// Refusals become answers.
template <class Work>
ApiReply answered(const Work& work) {
  try {
    return json_reply(200, work().dump());
  } catch (const Refusal& refusal) {
    return failed(refusal.status, refusal.code, refusal.what());
  } catch (const Json::exception&) {
    return failed(400, 9207, "Request body is invalid.");
  }
}

Json zone_json(const Zone& zone) {
  const char* instant = "2026-01-01T00:00:00.000000Z";
  return {{"id", zone.id},
          {"name", zone.name},
          {"status", "active"},
          {"paused", false},
          {"type", "full"},
          {"development_mode", 0},
          {"name_servers", {"ada.ns.cloudflare.com", "bob.ns.cloudflare.com"}},
          {"original_name_servers", nullptr},
          {"original_registrar", nullptr},
          {"original_dnshost", nullptr},
          {"modified_on", instant},
          {"created_on", instant},
          {"activated_on", instant},
          {"meta", {{"step", 2}, {"page_rule_quota", 3}}},
          {"owner", {{"id", kAccount}, {"type", "user"}}},
          {"account", {{"id", kAccount}, {"name", "Example"}}},
          {"permissions", {"#dns_records:edit", "#dns_records:read", "#zone:read"}}};
}

/// One page of what fits the filters, in the envelope of a list.
Json listed(const ApiRequest& request, const std::vector<Json>& all, const std::vector<std::string>& filters,
            const ApiPaging& paging) {
  for (const auto& [name, value] : request.query) {
    const bool known = name == "page" || name == "per_page" || name == "order" || name == "direction" ||
                       name == "match" || std::find(filters.begin(), filters.end(), name) != filters.end();
    if (!known) throw Refusal(400, 6003, "Invalid request parameter: " + name);
  }
  std::vector<Json> found;
  std::copy_if(all.begin(), all.end(), std::back_inserter(found), [&](const Json& item) {
    return std::all_of(filters.begin(), filters.end(), [&](const std::string& filter) {
      const auto wanted = request.parameter(filter);
      return !wanted || item.at(filter) == *wanted;
    });
  });
  const auto page = numbered_page(request, found.size(), paging);
  if (!page) throw Refusal(400, 6003, "Invalid page or per_page");
  Json items = Json::array();
  for (std::size_t i = page->first; i < page->first + page->count; ++i) items.push_back(found[i]);
  Json reply = envelope(std::move(items));
  reply["result_info"] = {{"page", page->number},
                          {"per_page", page->size},
                          {"count", page->count},
                          {"total_count", page->total},
                          {"total_pages", page->pages}};
  return reply;
}

}  // namespace

CloudflareFake::CloudflareFake(Plan plan)
    : ApiFake({"/client/v4", "authorization", std::string("Bearer ") + kToken}), state_(new State{plan}) {
  add_routes();
}

CloudflareFake::~CloudflareFake() { stop(); }

void CloudflareFake::add_routes() {
  using Edit = State::Edit;
  const auto body = [](const ApiRequest& request) { return Json::parse(request.body); };
  const auto zone = [this](const ApiRequest& request) -> Zone& { return state_->open_zone(request.parts[0]); };
  route("GET", "/zones", [this](const ApiRequest& request) {
    return answered([&] {
      std::vector<Json> zones;
      for (const Zone& each : state_->zones)
        if (!each.hidden) zones.push_back(zone_json(each));
      return listed(request, zones, {"name", "status"}, {.size = 20, .smallest = 5, .largest = 50});
    });
  });
  route("GET", "/zones/{zone}",
        [zone](const ApiRequest& request) { return answered([&] { return envelope(zone_json(zone(request))); }); });
  route("GET", "/zones/{zone}/dns_records", [zone](const ApiRequest& request) {
    return answered([&] {
      std::vector<Json> sorted = zone(request).records;
      std::stable_sort(sorted.begin(), sorted.end(),
                       [](const Json& a, const Json& b) { return a.at("type") < b.at("type"); });
      return listed(request, sorted, {"name", "type", "content"}, {.size = 100, .largest = 50000});
    });
  });
  route("POST", "/zones/{zone}/dns_records", [this, zone, body](const ApiRequest& request) {
    return answered([&] { return envelope(state_->post(zone(request), body(request))); });
  });
  route("POST", "/zones/{zone}/dns_records/batch", [this](const ApiRequest& request) { return batch(request); });
  route("GET", "/zones/{zone}/dns_records/{id}", [zone](const ApiRequest& request) {
    return answered([&] {
      const Zone& in = zone(request);
      return envelope(in.records[State::place(in, request.parts[1])]);
    });
  });
  for (const auto& [method, kind] : {std::pair("PATCH", Edit::kPatch), std::pair("PUT", Edit::kPut)})
    route(method, "/zones/{zone}/dns_records/{id}", [this, zone, body, kind = kind](const ApiRequest& request) {
      return answered([&] { return envelope(state_->edit(zone(request), request.parts[1], body(request), kind)); });
    });
  route("DELETE", "/zones/{zone}/dns_records/{id}", [this, zone](const ApiRequest& request) {
    return answered([&] { return envelope({{"id", state_->remove(zone(request), request.parts[1]).at("id")}}); });
  });
}

/// One transaction: on a copy, which takes the zone's place when everything went well.
ApiReply CloudflareFake::batch(const ApiRequest& request) {
  return answered([&] {
    Zone& zone = state_->open_zone(request.parts[0]);
    const Json sent = Json::parse(request.body);
    std::size_t operations = 0;
    for (const auto& list : sent.items()) {
      const bool known =
          list.key() == "deletes" || list.key() == "patches" || list.key() == "puts" || list.key() == "posts";
      if (!known || !list.value().is_array()) throw Refusal(400, 9207, "Request body is invalid.");
      operations += list.value().size();
    }
    if (operations == 0) throw Refusal(400, 9207, "Request body is invalid.");
    if (operations > state_->batch_limit())
      throw Refusal(400, kBatchTooLarge, fmt::format("A batch may hold {} operations", state_->batch_limit()));
    Zone copy = zone;
    Json result;
    const auto each = [&](const char* list, const auto& work) {
      if (!sent.contains(list)) return;
      result[list] = Json::array();
      for (const Json& item : sent.at(list)) result[list].push_back(work(item));
    };
    each("deletes", [&](const Json& item) { return state_->remove(copy, item.at("id")); });
    each("patches", [&](const Json& item) { return state_->edit(copy, item.at("id"), item, State::Edit::kPatch); });
    each("puts", [&](const Json& item) { return state_->edit(copy, item.at("id"), item, State::Edit::kPut); });
    each("posts", [&](const Json& item) { return state_->post(copy, item); });
    zone = std::move(copy);
    return envelope(std::move(result));
  });
}

ApiReply CloudflareFake::trouble(int status, const std::string& why) const {
  switch (status) {
    case 401:
      return failed(403, 9109, "Invalid access token");
    case 404:
      return failed(404, 7000, "No route for that URI");
    case 405:
      return failed(405, 7001, "Method not available for that URI");
    case 429:
      return failed(429, 10013, "More than 1200 requests per 300 seconds reached. Please wait.");
    default:
      return failed(status, status < 500 ? 6003 : 1000, why);
  }
}

std::optional<ApiReply> CloudflareFake::refusal(const ApiRequest& request) const {
  if (!request.header("authorization"))
    return failed(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  if (!ApiFake::refusal(request)) return std::nullopt;
  return failed(403, 10000, "Authentication error");
}

std::string CloudflareFake::repaired_contract(const std::string& spec) {
  Json contract = Json::parse(spec);
  for (auto& path : contract.at("paths"))
    if (path.contains("delete")) path.at("delete").erase("requestBody");
  return contract.dump();
}

std::string CloudflareFake::add_zone(const std::string& name) {
  const auto hold = locked();
  Zone zone{state_->new_id(), name};
  if (state_->plan == Plan::kEnterprise) zone.least_ttl = 30;
  state_->zones.push_back(zone);
  return zone.id;
}

void CloudflareFake::hide_zone(const std::string& name) {
  const auto hold = locked();
  state_->zone(name).hidden = true;
}

std::string CloudflareFake::add(const std::string& zone, const std::string& record) {
  const auto hold = locked();
  return state_->post(state_->zone(zone), Json::parse(record)).at("id");
}

void CloudflareFake::put(const std::string& zone, const RecordSet& set) {
  remove(zone, set.key());
  const auto hold = locked();
  for (const std::string& value : set.rdata) {
    Json record = cloudflare::from_presentation(to_text(set.type), value);
    record["name"] = set.name.host();
    record["type"] = to_text(set.type);
    record["ttl"] = set.ttl.count();
    state_->post(state_->zone(zone), record);
  }
}

void CloudflareFake::remove(const std::string& zone, const RecordKey& key) {
  const auto hold = locked();
  std::vector<Json>& records = state_->zone(zone).records;
  std::erase_if(records, [&](const Json& each) {
    return each.at("name") == key.name.host() && each.at("type") == to_text(key.type);
  });
}

std::vector<std::string> CloudflareFake::records(const std::string& zone) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const Json& each : state_->zone(zone).records) {
    const auto text = [&](const char* field) { return each.at(field).get<std::string>(); };
    std::string line = fmt::format("{} {} {} ", text("name"), each.at("ttl").dump(), text("type"));
    if (each.contains("priority") && text("type") == "MX") line += each.at("priority").dump() + " ";
    line += text("content");
    if (each.at("proxied") == true) line += " proxied";
    for (const char* extra : {"comment", "tags", "settings"})
      if (each.contains(extra) && !each.at(extra).empty()) line += fmt::format(" {}={}", extra, each.at(extra).dump());
    lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

std::vector<std::string> CloudflareFake::ids(const std::string& zone, const std::string& name,
                                             const std::string& type) const {
  const auto hold = locked();
  std::vector<std::string> out;
  for (const Json& each : state_->zone(zone).records)
    if (each.at("name") == name && each.at("type") == type) out.push_back(each.at("id"));
  return out;
}

}  // namespace cutover::servers
