#include "tests/servers/hetzner_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/endpoint.h"
#include "core/text.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

struct Refusal : std::runtime_error {
  Refusal(int http_status, std::string error_code, const std::string& why)
      : std::runtime_error(why), status(http_status), code(std::move(error_code)) {}
  int status;
  std::string code;
};

Refusal invalid(const std::string& why) { return {422, "invalid_input", why}; }

struct RrSet {
  std::string name, type;
  Json ttl;
  std::vector<std::string> values;
  bool is_protected = false;
  bool is_hidden = false;
};
using Key = std::pair<std::string, std::string>;

struct Zone {
  int id = 0;
  std::string name, mode = "primary";
  std::map<Key, RrSet> sets{};
};

struct Action {
  int id = 0, zone = 0;
  std::string command, status = "running";
  int requests_left = 1;
  Key key{};
  std::function<void()> effect{};
};

constexpr const char* kInstant = "2026-11-22T12:00:00Z";
constexpr int kDefaultTtl = 3600;

ApiReply failed(int status, const std::string& code, const std::string& message) {
  return json_reply(status,
                    Json{{"error", {{"code", code}, {"message", message}, {"details", Json::object()}}}}.dump());
}

Json shown(const RrSet& set, int zone) {
  Json records = Json::array();
  for (const std::string& value : set.values) records.push_back({{"value", value}});
  return {{"id", set.name + "/" + set.type},
          {"name", set.name},
          {"type", set.type},
          {"ttl", set.ttl},
          {"labels", Json::object()},
          {"protection", {{"change", set.is_protected}}},
          {"records", records},
          {"zone", zone}};
}

Json shown(const Zone& zone) {
  const Json servers{"hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com.", "helium.ns.hetzner.de."};
  return {{"id", zone.id},
          {"name", zone.name},
          {"created", kInstant},
          {"mode", zone.mode},
          {"ttl", kDefaultTtl},
          {"labels", Json::object()},
          {"protection", {{"delete", false}}},
          {"primary_nameservers", Json::array()},
          {"record_count", zone.sets.size()},
          {"status", "ok"},
          {"registrar", "other"},
          {"authoritative_nameservers",
           {{"assigned", servers},
            {"delegated", servers},
            {"delegation_last_check", kInstant},
            {"delegation_status", "valid"}}}};
}

Json shown(const Action& action) {
  const bool over = action.status != "running";
  Json error = nullptr;
  if (action.status == "error") error = {{"code", "action_failed"}, {"message", "Action failed"}};
  return {{"id", action.id},
          {"command", action.command},
          {"status", action.status},
          {"progress", over ? 100 : 50},
          {"started", kInstant},
          {"finished", over ? Json(kInstant) : Json()},
          {"resources", Json::array({Json{{"id", action.zone}, {"type", "zone"}}})},
          {"error", error}};
}

Json ttl_of(const Json& ttl) {
  if (ttl.is_null()) return ttl;
  if (!ttl.is_number_integer() || ttl < 60 || ttl > 2147483647) throw invalid("ttl must be between 60 and 2147483647");
  return ttl;
}

void check_value(const std::string& type, const std::string& value) {
  if (type == "A" || type == "AAAA") {
    const auto address = IpAddress::from_text(value);
    if (!address || address->bytes().size() != (type == "A" ? 4U : 16U)) throw invalid("not an address: " + value);
  }
  if (type == "TXT" && (value.size() < 2 || value.front() != '"' || value.back() != '"'))
    throw invalid("TXT values must be quoted");
}

std::vector<std::string> values_of(const std::string& type, const Json& records) {
  std::vector<std::string> values;
  for (const Json& record : records) {
    for (const auto& field : record.items())
      if (field.key() != "value" && field.key() != "comment") throw invalid("unknown field " + field.key());
    const std::string value = record.at("value");
    check_value(type, value);
    if (std::find(values.begin(), values.end(), value) != values.end()) throw invalid("values must be distinct");
    values.push_back(value);
  }
  if (values.empty() || values.size() > 50) throw invalid("1 to 50 records");
  if (type == "CNAME" && values.size() > 1) throw invalid("a CNAME has one value");
  return values;
}

void check_name(const std::string& name, const std::string& zone) {
  if (name.empty() || name != to_lower(name) || name.ends_with('.') || name == zone || name.ends_with("." + zone))
    throw invalid("name must be lower case and end neither with a dot nor with the zone");
}

/// `@` for the zone's own.
std::string short_name(const RecordKey& key, const std::string& zone) {
  const std::string host = key.name.host();
  return host == zone ? "@" : host.substr(0, host.size() - zone.size() - 1);
}

}  // namespace

struct HetznerFake::State {
  std::deque<Zone> zones{};  ///< stay where they are
  std::vector<Action> actions{};
  std::size_t page_limit = 0;
  bool fails_next = false;
  int action_requests = 1;

  Zone& zone(const std::string& id_or_name) {
    for (Zone& each : zones)
      if (each.name == id_or_name || std::to_string(each.id) == id_or_name) return each;
    throw Refusal(404, "not_found", fmt::format("zone {} not found", id_or_name));
  }
  Zone& primary(const std::string& id_or_name) {
    Zone& found = zone(id_or_name);
    if (found.mode != "primary") throw Refusal(422, "incorrect_zone_mode", "not supported in secondary mode");
    return found;
  }
  static RrSet& set(Zone& zone, const Key& key) {
    const auto at = zone.sets.find(key);
    if (at == zone.sets.end()) throw Refusal(404, "not_found", "rrset not found");
    return at->second;
  }
  /// As one that is about to be changed.
  RrSet& open(Zone& zone, const Key& key) {
    RrSet& found = set(zone, key);
    if (found.is_protected) throw Refusal(403, "protected", "the rrset is protected against changes");
    if (key.second == "SOA") throw invalid("the SOA is not changed by hand");
    free(zone, key);
    return found;
  }
  void free(const Zone& zone, const Key& key) const {
    for (const Action& action : actions)
      if (action.zone == zone.id && action.key == key && action.status == "running")
        throw Refusal(423, "locked", "another action is running");
  }
  /// Time passes with every request.
  void tick() {
    for (Action& action : actions) {
      if (action.status != "running" || --action.requests_left > 0) continue;
      if (action.effect) action.effect();
      action.status = action.effect ? "success" : "error";
    }
  }
  Json begin(const Zone& zone, const std::string& command, const Key& key, std::function<void()> effect) {
    Action action{static_cast<int>(actions.size()) + 1, zone.id, command};
    action.key = key;
    action.requests_left = action_requests;
    if (!fails_next) action.effect = std::move(effect);
    fails_next = false;
    actions.push_back(std::move(action));
    return shown(actions.back());
  }
  static void check_beside(const Zone& zone, const Key& key) {
    for (const auto& entry : zone.sets)
      if (entry.first.first == key.first && entry.first != key &&
          (entry.first.second == "CNAME" || key.second == "CNAME"))
        throw invalid("a CNAME stands alone");
  }

  Json create(const std::string& in, const Json& sent);
  Json list(const ApiRequest& request);
};

Json HetznerFake::State::create(const std::string& in, const Json& sent) {
  static const std::set<std::string> types{"A",  "AAAA", "CAA", "CNAME", "DS",  "HINFO", "HTTPS", "MX",
                                           "NS", "PTR",  "RP",  "SOA",   "SRV", "SVCB",  "TLSA",  "TXT"};
  Zone& zone = primary(in);
  const std::string name = sent.at("name"), type = sent.at("type");
  check_name(name, zone.name);
  if (!types.contains(type)) throw invalid("unknown type " + type);
  const Key key{name, type};
  if (zone.sets.contains(key)) throw Refusal(409, "uniqueness_error", "the rrset exists already");
  free(zone, key);
  check_beside(zone, key);
  const RrSet made{name, type, ttl_of(sent.value("ttl", Json())), values_of(type, sent.at("records"))};
  const Json action = begin(zone, "create_rrset", key, [&zone, key, made] { zone.sets[key] = made; });
  return {{"rrset", shown(made, zone.id)}, {"action", action}};
}

Json HetznerFake::State::list(const ApiRequest& request) {
  const Zone& in = primary(request.parts[0]);
  const auto name = request.parameter("name"), type = request.parameter("type");
  std::vector<Json> found;
  for (const auto& entry : in.sets)
    if (!entry.second.is_hidden && (!name || entry.first.first == *name) && (!type || entry.first.second == *type))
      found.push_back(shown(entry.second, in.id));
  ApiPaging paging{.size = 25, .largest = 100};
  const auto asked = numbered_page(request, found.size(), paging);
  if (!asked) throw invalid("page or per_page");
  const std::size_t size = page_limit == 0 ? asked->size : std::min(asked->size, page_limit);
  const std::size_t pages = std::max<std::size_t>((found.size() + size - 1) / size, 1);
  Json items = Json::array();
  for (std::size_t i = (asked->number - 1) * size; i < std::min(found.size(), asked->number * size); ++i)
    items.push_back(found[i]);
  const bool last = asked->number >= pages;
  return {{"rrsets", items},
          {"meta",
           {{"pagination",
             {{"page", asked->number},
              {"per_page", size},
              {"previous_page", asked->number > 1 ? Json(asked->number - 1) : Json()},
              {"next_page", last ? Json() : Json(asked->number + 1)},
              {"last_page", pages},
              {"total_entries", found.size()}}}}}};
}

HetznerFake::HetznerFake() : ApiFake({"/v1", "authorization", std::string("Bearer ") + kToken}), state_(new State()) {
  add_routes();
}

HetznerFake::~HetznerFake() { stop(); }

void HetznerFake::add_routes() {
  const auto serve = [this](const std::string& method, const std::string& pattern, int status, auto work) {
    route(method, pattern, [this, status, work](const ApiRequest& request) {
      try {
        state_->tick();
        return json_reply(status, work(request).dump());
      } catch (const Refusal& refusal) {
        return failed(refusal.status, refusal.code, refusal.what());
      } catch (const Json::exception& error) {
        return failed(400, "json_error", error.what());
      }
    });
  };
  const std::string sets = "/zones/{zone}/rrsets", one = sets + "/{name}/{type}";
  const auto key = [](const ApiRequest& request) { return Key{request.parts[1], request.parts[2]}; };
  serve("GET", "/zones/{zone}", 200, [this](const ApiRequest& request) {
    return Json{{"zone", shown(state_->zone(request.parts[0]))}};
  });
  serve("GET", "/actions/{id}", 200, [this](const ApiRequest& request) {
    for (const Action& action : state_->actions)
      if (std::to_string(action.id) == request.parts[0]) return Json{{"action", shown(action)}};
    throw Refusal(404, "not_found", "action not found");
  });
  serve("GET", sets, 200, [this](const ApiRequest& request) { return state_->list(request); });
  serve("POST", sets, 201,
        [this](const ApiRequest& request) { return state_->create(request.parts[0], Json::parse(request.body)); });
  serve("GET", one, 200, [this, key](const ApiRequest& request) {
    Zone& in = state_->primary(request.parts[0]);
    return Json{{"rrset", shown(State::set(in, key(request)), in.id)}};
  });
  serve("DELETE", one, 201, [this, key](const ApiRequest& request) {
    Zone& in = state_->primary(request.parts[0]);
    const Key which = key(request);
    state_->open(in, which);
    return Json{{"action", state_->begin(in, "delete_rrset", which, [&in, which] { in.sets.erase(which); })}};
  });
  serve("POST", one + "/actions/set_records", 201, [this, key](const ApiRequest& request) {
    Zone& in = state_->primary(request.parts[0]);
    RrSet& set = state_->open(in, key(request));
    const auto values = values_of(set.type, Json::parse(request.body).at("records"));
    return Json{
        {"action", state_->begin(in, "set_rrset_records", key(request), [&set, values] { set.values = values; })}};
  });
  serve("POST", one + "/actions/change_ttl", 201, [this, key](const ApiRequest& request) {
    Zone& in = state_->primary(request.parts[0]);
    RrSet& set = state_->open(in, key(request));
    const Json ttl = ttl_of(Json::parse(request.body).at("ttl"));
    return Json{{"action", state_->begin(in, "change_rrset_ttl", key(request), [&set, ttl] { set.ttl = ttl; })}};
  });
}

void HetznerFake::add_zone(const std::string& name) {
  const auto hold = locked();
  Zone zone{42 + static_cast<int>(state_->zones.size()), name};
  zone.sets[{"@", "SOA"}] = {
      "@", "SOA", nullptr, {"hydrogen.ns.hetzner.com. dns.hetzner.com. 2026112201 86400 10800 3600000 3600"}};
  zone.sets[{"@", "NS"}] = {"@", "NS", nullptr, {"hydrogen.ns.hetzner.com.", "oxygen.ns.hetzner.com."}};
  state_->zones.push_back(std::move(zone));
}

void HetznerFake::put(const std::string& zone, const RecordSet& set) {
  const auto hold = locked();
  Zone& in = state_->zone(zone);
  const std::string name = short_name(set.key(), in.name);
  in.sets[{name, to_text(set.type)}] = {name, to_text(set.type), set.ttl.count(), set.rdata};
}

void HetznerFake::inherit_ttl(const std::string& zone, const RecordKey& key) {
  const auto hold = locked();
  Zone& in = state_->zone(zone);
  State::set(in, {short_name(key, in.name), to_text(key.type)}).ttl = nullptr;
}

void HetznerFake::write_value(const std::string& zone, const RecordKey& key, const std::string& value) {
  const auto hold = locked();
  Zone& in = state_->zone(zone);
  State::set(in, {short_name(key, in.name), to_text(key.type)}).values = {value};
}

void HetznerFake::hide_from_lists(const std::string& zone, const RecordKey& key) {
  const auto hold = locked();
  Zone& in = state_->zone(zone);
  State::set(in, {short_name(key, in.name), to_text(key.type)}).is_hidden = true;
}

void HetznerFake::protect(const std::string& zone, const RecordKey& key) {
  const auto hold = locked();
  Zone& in = state_->zone(zone);
  State::set(in, {short_name(key, in.name), to_text(key.type)}).is_protected = true;
}

void HetznerFake::make_secondary(const std::string& zone) {
  const auto hold = locked();
  state_->zone(zone).mode = "secondary";
}

void HetznerFake::fail_next_action() {
  const auto hold = locked();
  state_->fails_next = true;
}

void HetznerFake::set_action_requests(int count) {
  const auto hold = locked();
  state_->action_requests = count;
}

void HetznerFake::set_page_limit(std::size_t limit) {
  const auto hold = locked();
  state_->page_limit = limit;
}

std::vector<std::string> HetznerFake::sets(const std::string& zone) const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const auto& entry : state_->zone(zone).sets) {
    const RrSet& set = entry.second;
    if (set.type == "SOA" || set.type == "NS") continue;
    lines.push_back(fmt::format("{} {} {} {}", set.name, set.type, set.ttl.is_null() ? "-" : set.ttl.dump(),
                                fmt::join(set.values, " ")));
  }
  return lines;
}

ApiReply HetznerFake::trouble(int status, const std::string& why) const {
  const std::map<int, std::string> codes{{401, "unauthorized"},
                                         {404, "not_found"},
                                         {405, "method_not_allowed"},
                                         {429, "rate_limit_exceeded"},
                                         {500, "server_error"}};
  const auto at = codes.find(status);
  return failed(status, at == codes.end() ? "invalid_input" : at->second, why);
}

ApiReply HetznerFake::throttled(std::chrono::seconds retry_after) const {
  ApiReply reply = trouble(429, "limit of 3600 requests per hour reached");
  reply.headers = {{"RateLimit-Limit", "3600"},
                   {"RateLimit-Remaining", "0"},
                   {"RateLimit-Reset", std::to_string(std::time(nullptr) + retry_after.count())}};
  return reply;
}

}  // namespace cutover::servers
