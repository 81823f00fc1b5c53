#include "tests/servers/vultr_fake.h"

#include <fmt/format.h>

namespace cutover::servers {
namespace {

using Json = RecordFake::Json;

bool has_priority(const std::string& type) { return type == "MX" || type == "SRV"; }
bool is_host(const std::string& type) { return type == "CNAME" || type == "NS" || has_priority(type); }

}  // namespace

VultrFake::VultrFake()
    : RecordFake({"/v2", "authorization", std::string("Bearer ") + kToken},
                 {.apex = "",
                  .types = {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "SSHFP", "TXT"},
                  .ids = Shape::Ids::kText}) {
  const ApiReply done{204, "", "application/json", {}};
  const std::string records = "/domains/{domain}/records", one = records + "/{id}";
  route("GET", records, [this](const ApiRequest& request) { return answered([&] { return list(request); }); });
  route("POST", records, [this](const ApiRequest& request) {
    return answered([&] {
      const Json sent = Json::parse(request.body);
      only(sent, {"name", "type", "data", "ttl", "priority"});
      return json_reply(201, Json{{"record", post(zone(request.parts[0]), sent)}}.dump());
    });
  });
  route("PATCH", one, [this, done](const ApiRequest& request) {
    return answered([&] {
      const Json sent = Json::parse(request.body);
      only(sent, {"name", "data", "ttl", "priority"});
      edit(zone(request.parts[0]), request.parts[1], sent);
      return done;
    });
  });
  route("DELETE", one, [this, done](const ApiRequest& request) {
    return answered([&] {
      erase(zone(request.parts[0]), request.parts[1]);
      return done;
    });
  });
}

VultrFake::~VultrFake() { stop(); }

ApiReply VultrFake::list(const ApiRequest& request) {
  const Zone& in = zone(request.parts[0]);
  std::vector<Json> found;
  for (const char* server : {"ns1.vultr.com", "ns2.vultr.com"})
    found.push_back({{"id", server}, {"type", "NS"}, {"name", ""}, {"data", server}, {"priority", -1}, {"ttl", 300}});
  found.insert(found.end(), in.records.begin(), in.records.end());
  ApiRequest limit = request;
  const ApiPaging paging = limited({.place_name = "cursor", .size = 500, .largest = 500});
  std::erase_if(limit.query, [](const auto& pair) { return pair.first == "per_page"; });
  if (!numbered_page({.query = {{"per_page", request.parameter("per_page").value_or("100")}}}, 0, {.largest = 500}))
    throw Refusal(400, "Invalid per_page");
  const auto page = cursor_page(limit, found.size(), paging);
  if (!page) throw Refusal(400, "Invalid cursor");
  Json items = Json::array();
  for (std::size_t i = page->first; i < page->first + page->count; ++i) items.push_back(found[i]);
  return json_reply(200,
                    Json{{"records", items},
                         {"meta", {{"total", found.size()}, {"links", {{"next", page->next_cursor}, {"prev", ""}}}}}}
                        .dump());
}

Json VultrFake::checked(const Json& fields, const Zone& zone) const {
  const std::string type = fields.at("type");
  check_type(type);
  const std::string name = fields.at("name");
  if (name == "@" || name.ends_with('.') || name == zone.name) throw Refusal(400, "Invalid record name");
  std::string data = fields.at("data");
  check_address(type, data);
  if (is_host(type) && data.ends_with('.')) throw Refusal(400, "Invalid record data");
  const bool quoted = data.size() > 2 && data.front() == '"' && data.find('"', 1) + 1 == data.size();
  if (type == "TXT" && !quoted) throw Refusal(400, "TXT data must be one quoted string");
  const Json priority = fields.value("priority", Json(0));
  if (has_priority(type) && (!priority.is_number_integer() || priority < 0)) throw Refusal(400, "Invalid priority");
  const Json ttl = fields.value("ttl", Json(300));
  if (!ttl.is_number_integer() || ttl < 120) throw Refusal(400, "Invalid ttl");
  return {{"id", fields.at("id")},
          {"type", type},
          {"name", name},
          {"data", data},
          {"priority", has_priority(type) ? priority : Json(-1)},
          {"ttl", ttl}};
}

Json VultrFake::fields_of(const std::string& type, const std::string& value, const Zone&) const {
  if (has_priority(type)) {
    const auto word = first_words(value, 2);
    return {{"priority", std::stoul(word[0])}, {"data", without_dot(word[1])}};
  }
  return {{"data", is_host(type) ? without_dot(value) : value}};
}

ApiReply VultrFake::trouble(int status, const std::string& why) const {
  const std::string error = status == 401 ? "Invalid API token." : why;
  return json_reply(status == 422 ? 400 : status, Json{{"error", error}, {"status", status}}.dump());
}

}  // namespace cutover::servers
