#include "tests/servers/digitalocean_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

namespace cutover::servers {
namespace {

using Json = RecordFake::Json;

constexpr int kLeastTtl = 30;

bool is_host(const std::string& type) { return type == "CNAME" || type == "MX" || type == "NS" || type == "SRV"; }

}  // namespace

DigitalOceanFake::DigitalOceanFake()
    : RecordFake({"", "authorization", std::string("Bearer ") + kToken},
                 {.apex = "@", .types = {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"}}) {
  route("GET", "/v2/domains/{domain}", [this](const ApiRequest& request) {
    return answered([&] {
      const Json domain{{"name", zone(request.parts[0]).name}, {"ttl", 1800}, {"zone_file", ""}};
      return json_reply(200, Json{{"domain", domain}}.dump());
    });
  });
  route("GET", "/v2/domains/{domain}/records",
        [this](const ApiRequest& request) { return answered([&] { return list(request); }); });
  route("POST", "/v2/domains/{domain}/records", [this](const ApiRequest& request) {
    return answered([&] {
      const Json made = post(zone(request.parts[0]), Json::parse(request.body));
      return json_reply(201, Json{{"domain_record", made}}.dump());
    });
  });
  route("GET", "/v2/domains/{domain}/records/{id}", [this](const ApiRequest& request) {
    return answered([&] {
      return json_reply(200, Json{{"domain_record", record(zone(request.parts[0]), request.parts[1])}}.dump());
    });
  });
  route("PATCH", "/v2/domains/{domain}/records/{id}", [this](const ApiRequest& request) {
    return answered([&] {
      const Json sent = Json::parse(request.body);
      if (!sent.contains("type")) throw Refusal(422, "Type can't be blank");
      Zone& in = zone(request.parts[0]);
      if (record(in, request.parts[1]).at("type") != sent.at("type")) throw Refusal(422, "Type can't be changed");
      return json_reply(200, Json{{"domain_record", edit(in, request.parts[1], sent)}}.dump());
    });
  });
  route("DELETE", "/v2/domains/{domain}/records/{id}", [this](const ApiRequest& request) {
    return answered([&] {
      erase(zone(request.parts[0]), request.parts[1]);
      return ApiReply{204, "", "application/json", {}};
    });
  });
}

DigitalOceanFake::~DigitalOceanFake() { stop(); }

ApiReply DigitalOceanFake::list(const ApiRequest& request) {
  const Zone& in = zone(request.parts[0]);
  std::vector<Json> found{{{"id", 1}, {"type", "SOA"}, {"name", "@"}, {"data", "1800"}, {"ttl", 1800}}};
  for (int i = 1; i <= 3; ++i)
    found.push_back({{"id", 1 + i}, {"type", "NS"}, {"name", "@"}, {"data", fmt::format("ns{}.digitalocean.com", i)}});
  for (Json& own : found) {
    own["ttl"] = 1800;
    for (const char* none : {"priority", "port", "weight", "flags", "tag"}) own[none] = nullptr;
  }
  found.insert(found.end(), in.records.begin(), in.records.end());
  const auto name = request.parameter("name"), type = request.parameter("type");
  std::erase_if(found, [&](const Json& each) {
    const std::string short_name = each.at("name");
    const std::string whole = short_name == "@" ? in.name : short_name + "." + in.name;
    return (name && whole != *name) || (type && each.at("type") != *type);
  });
  const auto page = numbered_page(request, found.size(), limited({.size = 20, .largest = 200}));
  if (!page) throw Refusal(400, "page or per_page is out of range");
  Json items = Json::array(), pages = Json::object();
  for (std::size_t i = page->first; i < page->first + page->count; ++i) items.push_back(found[i]);
  const auto link = [&](std::size_t number) {
    return fmt::format("{}{}?page={}&per_page={}", root(), request.path, number, page->size);
  };
  if (page->number > 1) pages.update(Json{{"first", link(1)}, {"prev", link(page->number - 1)}});
  if (page->number < page->pages) pages.update(Json{{"next", link(page->number + 1)}, {"last", link(page->pages)}});
  return json_reply(200, Json{{"domain_records", items},
                              {"links", pages.empty() ? Json::object() : Json{{"pages", pages}}},
                              {"meta", {{"total", page->total}}}}
                             .dump());
}

Json DigitalOceanFake::checked(const Json& fields, const Zone& zone) const {
  only(fields, {"id", "type", "name", "data", "priority", "port", "ttl", "weight", "flags", "tag"});
  const std::string type = fields.at("type");
  check_type(type);
  Json record{{"id", fields.at("id")}, {"type", type}};
  const std::string name = fields.value("name", std::string());
  if (name.ends_with(".")) throw Refusal(422, "Name cannot end with a dot");
  record["name"] = name.empty() ? "@" : name;
  std::string data = fields.at("data");
  check_address(type, data);
  // A record that was made before is shown without the dot.
  const bool needs_dot = (is_host(type) || type == "CAA") && data != "@" && !data.ends_with('.');
  if (needs_dot && std::none_of(zone.records.begin(), zone.records.end(), [&](const Json& each) {
        return each.at("id") == fields.at("id") && each.at("data") == data;
      }))
    throw Refusal(422, "Data needs to end with a dot (.)");
  if (is_host(type) || type == "CAA") data = without_dot(data);
  if (is_host(type) && data == zone.name) data = "@";
  if (type == "TXT" && (data.empty() || data.size() > 512)) throw Refusal(422, "Data is too long or empty");
  record["data"] = data;
  const auto number = [&](const char* field, bool wanted) {
    const Json value = fields.value(field, Json());
    if (wanted != value.is_number_unsigned()) throw Refusal(422, fmt::format("{} does not fit the type", field));
    record[field] = value;
  };
  number("priority", type == "MX" || type == "SRV");
  number("port", type == "SRV");
  const Json ttl = fields.value("ttl", Json(1800));
  if (!ttl.is_number_integer() || ttl < kLeastTtl) throw Refusal(422, "TTL must be at least 30");
  record["ttl"] = ttl;
  number("weight", type == "SRV");
  number("flags", type == "CAA");
  if ((type == "CAA") != fields.value("tag", Json()).is_string()) throw Refusal(422, "tag does not fit the type");
  record["tag"] = fields.value("tag", Json());
  return record;
}

Json DigitalOceanFake::fields_of(const std::string& type, const std::string& value, const Zone&) const {
  if (type == "MX") {
    const auto word = first_words(value, 2);
    return {{"priority", std::stoul(word[0])}, {"data", word[1]}};
  }
  if (type == "SRV") {
    const auto word = first_words(value, 4);
    return {{"priority", std::stoul(word[0])},
            {"weight", std::stoul(word[1])},
            {"port", std::stoul(word[2])},
            {"data", word[3]}};
  }
  if (type == "CAA") {
    const auto word = first_words(value, 3);
    return {{"flags", std::stoul(word[0])}, {"tag", word[1]}, {"data", bare_text(word[2]) + "."}};
  }
  return {{"data", type == "TXT" ? bare_text(value) : value}};
}

ApiReply DigitalOceanFake::trouble(int status, const std::string& why) const {
  switch (status) {
    case 401:
      return json_reply(401, R"({"id":"unauthorized","message":"Unable to authenticate you."})");
    case 404:
      return json_reply(404, R"({"id":"not_found","message":"The resource you requested could not be found."})");
    case 429:
      return json_reply(429, R"({"id":"too_many_requests","message":"API rate limit exceeded."})");
    case 422:
      return json_reply(422, Json{{"id", "unprocessable_entity"}, {"message", why}}.dump());
    default:
      return json_reply(status, Json{{"id", status < 500 ? "bad_request" : "server_error"}, {"message", why}}.dump());
  }
}

/// No Retry-After: the time at which the oldest request no longer counts.
ApiReply DigitalOceanFake::throttled(std::chrono::seconds retry_after) const {
  ApiReply reply = trouble(429, "");
  reply.headers = {{"ratelimit-limit", "250"},
                   {"ratelimit-remaining", "0"},
                   {"ratelimit-reset", std::to_string(std::time(nullptr) + retry_after.count())}};
  return reply;
}

}  // namespace cutover::servers
