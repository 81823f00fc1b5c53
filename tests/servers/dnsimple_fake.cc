#include "tests/servers/dnsimple_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

struct Refusal : std::runtime_error {
  Refusal(int http_status, const std::string& why, Json what = Json())
      : std::runtime_error(why), status(http_status), errors(std::move(what)) {}
  int status;
  Json errors;
};

[[noreturn]] void invalid(const std::string& field, const std::string& why) {
  throw Refusal(400, "Validation failed", Json{{field, Json::array({why})}});
}

template <class Work>
ApiReply answered(const Work& work) {
  try {
    return work();
  } catch (const Refusal& refusal) {
    Json body{{"message", refusal.what()}};
    if (!refusal.errors.is_null()) body["errors"] = refusal.errors;
    return json_reply(refusal.status, body.dump());
  } catch (const Json::exception&) {
    return json_reply(400, R"({"message":"Problems parsing JSON"})");
  }
}

bool has_type(const std::string& type) {
  static const std::set<std::string> types{"A",  "AAAA", "ALIAS", "CAA", "CNAME", "MX",  "NAPTR",
                                           "NS", "PTR",  "SPF",   "SRV", "SSHFP", "TXT", "URL"};
  return types.contains(type);
}

bool has_priority(const std::string& type) { return type == "MX" || type == "SRV"; }

/// Zone-file text of a record; names without a dot are absolute.
std::string presentation(const Json& record) {
  const std::string type = record.at("type"), content = record.at("content");
  return has_priority(type) ? fmt::format("{} {}", record.at("priority").get<int>(), content) : content;
}

}  // namespace

struct DnsimpleFake::State {
  Plan plan;
  std::map<std::string, std::vector<Json>> zones{};
  int made = 11000000, undistributed = 0, waits = 0;
  std::size_t page_limit = 100;
  bool user_token = false, distribution = true;

  std::vector<Json>& zone(const ApiRequest& request) {
    if (request.parts[0] != std::to_string(kAccount)) throw Refusal(404, "Account not found");
    const auto zone = zones.find(request.parts[1]);
    if (zone == zones.end()) throw Refusal(404, fmt::format("Zone `{}` not found", request.parts[1]));
    return zone->second;
  }
  static std::vector<Json>::iterator record(std::vector<Json>& zone, const Json& id) {
    const auto at = std::find_if(zone.begin(), zone.end(), [&](const Json& each) { return each.at("id") == id; });
    if (at == zone.end() || at->at("system_record") == true)
      throw Refusal(404, fmt::format("Record `{}` not found", id.dump()));
    return at;
  }
  static void check(const Json& record, const std::vector<Json>& zone) {
    const std::string type = record.at("type"), name = record.at("name");
    if (!has_type(type)) invalid("type", "unsupported");
    if (!record.at("ttl").is_number_integer() || record.at("ttl") < 1) invalid("ttl", "must be greater than 0");
    if (has_priority(type) != record.at("priority").is_number()) invalid("priority", "is not of this type");
    if (type == "TXT" && !record.at("content").get<std::string>().starts_with('"'))
      invalid("content", "must be wrapped between double-quotes");
    if (type != "ALIAS" && type != "URL")
      if (!net::canonical_rdata(*record_type_from_text(type), presentation(record), DomainName()))
        invalid("content", "is not valid");
    if (type == "CNAME" && name.empty()) invalid("base", "The CNAME record conflicts with the apex");
    for (const Json& other : zone) {
      if (other.at("name") != name || other.at("id") == record.at("id")) continue;
      const bool same = other.at("type") == type;
      if ((type == "CNAME" || other.at("type") == "CNAME") && !(same && type != "CNAME"))
        invalid("base", "The CNAME record conflicts with an existing record");
      if (same && other.at("content") == record.at("content") && other.at("priority") == record.at("priority"))
        invalid("base", "The record already exists");
    }
  }
  Json create(std::vector<Json>& zone, const std::string& zone_name, const Json& sent) {
    Json record{{"id", ++made},          {"zone_id", zone_name},  {"parent_id", nullptr}, {"name", nullptr},
                {"content", nullptr},    {"ttl", 3600},           {"priority", nullptr},  {"type", nullptr},
                {"regions", {"global"}}, {"system_record", false}};
    for (const auto& field : sent.items()) {
      if (!record.contains(field.key())) invalid(field.key(), "is not a field");
      record[field.key()] = field.value();
    }
    check(record, zone);
    zone.push_back(record);
    return record;
  }
  static Json update(std::vector<Json>& zone, const Json& id, const Json& sent) {
    Json& there = *record(zone, id);
    Json edited = there;
    for (const auto& field : sent.items()) {
      if (field.key() == "id") continue;
      if (field.key() != "name" && field.key() != "content" && field.key() != "ttl" && field.key() != "priority" &&
          field.key() != "regions")
        invalid(field.key(), "cannot be changed");
      edited[field.key()] = field.value();
    }
    check(edited, zone);
    return there = edited;
  }
  ApiReply batch(const ApiRequest& request) {
    std::vector<Json>& zone_now = zone(request);
    if (plan != Plan::kEnterprise) throw Refusal(412, "Your plan does not include batch changes of zone records");
    std::vector<Json> copy = zone_now;
    const Json sent = Json::parse(request.body);
    Json data;
    const auto each = [&](const char* list, const auto& work) {
      data[list] = Json::array();
      for (const Json& item : sent.value(list, Json::array())) data[list].push_back(work(item));
    };
    each("deletes", [&](const Json& item) {
      copy.erase(record(copy, item.at("id")));
      return item;
    });
    each("updates", [&](const Json& item) { return update(copy, item.at("id"), item); });
    each("creates", [&](const Json& item) { return create(copy, request.parts[1], item); });
    zone_now = std::move(copy);
    return written(200, data);
  }
  ApiReply written(int status, const Json& data) {
    waits = undistributed;
    return status == 204 ? ApiReply{204, "", "", {}} : json_reply(status, Json{{"data", data}}.dump());
  }
};

DnsimpleFake::DnsimpleFake(Plan plan)
    : ApiFake({"/v2", "authorization", std::string("Bearer ") + kToken}), state_(new State{plan}) {
  add_routes();
}

DnsimpleFake::~DnsimpleFake() { stop(); }

void DnsimpleFake::add_routes() {
  const std::string zone = "/{account}/zones/{zone}";
  const auto id_of = [](const ApiRequest& request) { return Json::parse(request.parts[2]); };
  route("GET", "/whoami", [this](const ApiRequest&) {
    const Json account = state_->user_token ? Json() : Json{{"id", kAccount}, {"email", "dns@example.net"}};
    return json_reply(200, Json{{"data", {{"user", nullptr}, {"account", account}}}}.dump());
  });
  route("GET", zone + "/records", [this](const ApiRequest& request) {
    return answered([&] {
      std::vector<Json> records = state_->zone(request);
      if (const auto name = request.parameter("name"))
        std::erase_if(records, [&](const Json& each) { return each.at("name") != *name; });
      // What is asked for beyond the largest page gets that.
      ApiRequest bounded = request;
      for (auto& [name, value] : bounded.query)
        if (name == "per_page") value = std::to_string(std::min<std::size_t>(std::stoul(value), state_->page_limit));
      const auto page = numbered_page(bounded, records.size(), {.size = 30, .largest = state_->page_limit});
      if (!page) throw Refusal(400, "Invalid page");
      Json data = Json::array();
      for (std::size_t i = page->first; i < page->first + page->count; ++i) data.push_back(records[i]);
      return json_reply(200, Json{{"data", data},
                                  {"pagination",
                                   {{"current_page", page->number},
                                    {"per_page", page->size},
                                    {"total_entries", page->total},
                                    {"total_pages", page->pages}}}}
                                 .dump());
    });
  });
  route("POST", zone + "/records", [this](const ApiRequest& request) {
    return answered([&] {
      auto& records = state_->zone(request);
      return state_->written(201, state_->create(records, request.parts[1], Json::parse(request.body)));
    });
  });
  route("PATCH", zone + "/records/{id}", [this, id_of](const ApiRequest& request) {
    return answered([&] {
      return state_->written(200, State::update(state_->zone(request), id_of(request), Json::parse(request.body)));
    });
  });
  route("DELETE", zone + "/records/{id}", [this, id_of](const ApiRequest& request) {
    return answered([&] {
      auto& records = state_->zone(request);
      records.erase(State::record(records, id_of(request)));
      return state_->written(204, Json());
    });
  });
  route("POST", zone + "/batch",
        [this](const ApiRequest& request) { return answered([&] { return state_->batch(request); }); });
  route("GET", zone + "/distribution", [this](const ApiRequest& request) {
    return answered([&] {
      state_->zone(request);
      if (!state_->distribution) throw Refusal(404, "Not found");
      const bool distributed = state_->waits-- <= 0;
      return json_reply(200, Json{{"data", {{"distributed", distributed}}}}.dump());
    });
  });
}

ApiReply DnsimpleFake::trouble(int status, const std::string& why) const {
  switch (status) {
    case 401:
      return json_reply(401, R"({"message":"Authentication failed"})");
    case 429:
      return json_reply(429, R"({"message":"quota exceeded"})");
    default:
      return json_reply(status, Json{{"message", why}}.dump());
  }
}

void DnsimpleFake::add_zone(const std::string& name) {
  {
    const auto hold = locked();
    state_->zones[name];
  }
  add(name,
      R"({"name":"","type":"SOA","ttl":3600,"content":"ns1.dnsimple.com admin.dnsimple.com 1 86400 7200 604800 300",
                "system_record":true})");
  add(name, R"({"name":"","type":"NS","ttl":3600,"content":"ns1.dnsimple.com","system_record":true})");
}

int DnsimpleFake::add(const std::string& zone, const std::string& record) {
  const auto hold = locked();
  Json made{{"id", ++state_->made}, {"zone_id", zone},       {"parent_id", nullptr},
            {"priority", nullptr},  {"regions", {"global"}}, {"system_record", false}};
  const Json sent = Json::parse(record);
  for (const auto& field : sent.items()) made[field.key()] = field.value();
  state_->zones.at(zone).push_back(made);
  return made.at("id");
}

void DnsimpleFake::put(const std::string& zone, const RecordSet& set) {
  const std::string type = to_text(set.type);
  if (!has_type(type)) return;
  const auto origin = DomainName::from_text(zone);
  const std::string name = set.name == *origin ? "" : set.name.relative_to(*origin);
  {
    const auto hold = locked();
    std::erase_if(state_->zones.at(zone),
                  [&](const Json& each) { return each.at("name") == name && each.at("type") == type; });
  }
  for (std::string value : set.rdata) {
    Json record{{"name", name}, {"type", type}, {"ttl", set.ttl.count()}};
    if (has_priority(type)) {
      record["priority"] = std::stoi(value);
      value.erase(0, value.find(' ') + 1);
    }
    if (type != "TXT" && value.size() > 1 && value.ends_with('.')) value.pop_back();
    record["content"] = value;
    add(zone, record.dump());
  }
}

void DnsimpleFake::set_plan(Plan plan) {
  const auto hold = locked();
  state_->plan = plan;
}

void DnsimpleFake::use_user_token() {
  const auto hold = locked();
  state_->user_token = true;
}

void DnsimpleFake::set_page_limit(std::size_t limit) {
  const auto hold = locked();
  state_->page_limit = limit;
}

void DnsimpleFake::set_undistributed(int times) {
  const auto hold = locked();
  state_->undistributed = times;
}

void DnsimpleFake::stop_distribution() {
  const auto hold = locked();
  state_->distribution = false;
}

}  // namespace cutover::servers
