#include "tests/servers/linode_fake.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace cutover::servers {
namespace {

using Json = RecordFake::Json;

constexpr int kTtls[] = {0, 300, 3600, 7200, 14400, 28800, 57600, 86400, 172800, 345600, 604800, 1209600, 2419200};

std::string text(const Json& fields, const char* field) {
  const auto at = fields.find(field);
  return at != fields.end() && at->is_string() ? at->get<std::string>() : std::string();
}

}  // namespace

LinodeFake::LinodeFake()
    : RecordFake({"/v4", "authorization", std::string("Bearer ") + kToken},
                 {.content = "target",
                  .ttl = "ttl_sec",
                  .apex = "",
                  .types = {"A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SRV", "TXT"}}) {
  const auto sent = [](const ApiRequest& request) { return Json::parse(request.body); };
  const auto serve = [this](const char* method, const char* pattern, auto work) {
    route(method, pattern, [this, work](const ApiRequest& request) {
      return answered([&] { return json_reply(200, work(request).dump()); });
    });
  };
  serve("GET", "/domains", [this](const ApiRequest& request) {
    std::vector<Json> found;
    const Json filter = Json::parse(request.header("x-filter").value_or("{}"));
    for (const Zone& each : zones())
      if (!filter.contains("domain") || filter.at("domain") == each.name) found.push_back(shown(each));
    return page_of(request, found);
  });
  serve("GET", "/domains/{id}", [this](const ApiRequest& request) { return shown(zone(request.parts[0])); });
  serve("GET", "/domains/{id}/records",
        [this](const ApiRequest& request) { return page_of(request, zone(request.parts[0]).records); });
  serve("POST", "/domains/{id}/records", [this, sent](const ApiRequest& request) {
    Json fields = sent(request);
    only(fields, {"type", "name", "target", "priority", "weight", "port", "service", "protocol", "tag", "ttl_sec"});
    fields["ttl_sec"] = 0;
    return post(zone(request.parts[0]), fields);
  });
  serve("GET", "/domains/{id}/records/{record}",
        [this](const ApiRequest& request) { return record(zone(request.parts[0]), request.parts[1]); });
  serve("PUT", "/domains/{id}/records/{record}", [this, sent](const ApiRequest& request) {
    const Json fields = sent(request);
    only(fields, {"name", "target", "priority", "weight", "port", "service", "protocol", "tag", "ttl_sec"});
    return edit(zone(request.parts[0]), request.parts[1], fields);
  });
  serve("DELETE", "/domains/{id}/records/{record}", [this](const ApiRequest& request) {
    erase(zone(request.parts[0]), request.parts[1]);
    return Json::object();
  });
}

LinodeFake::~LinodeFake() { stop(); }

std::string LinodeFake::repaired_contract(const std::string& spec) {
  Json contract = Json::parse(spec);
  Json& schemas = contract.at("components").at("schemas");
  schemas.at("DomainRecord").at("properties").at("name").erase("minLength");
  Json& pattern = schemas.at("Domain").at("properties").at("domain").at("pattern");
  const std::string text = pattern;
  if (text.starts_with("\\A") && text.ends_with("\\Z")) pattern = "^" + text.substr(2, text.size() - 4) + "$";
  return contract.dump();
}

void LinodeFake::set_domain_ttl(int ttl) {
  const auto hold = locked();
  domain_ttl_ = ttl;
}

void LinodeFake::make_slave() {
  const auto hold = locked();
  is_slave_ = true;
}

Json LinodeFake::shown(const Zone& zone) const {
  return {{"id", std::stoi(zone.id)},
          {"type", is_slave_ ? "slave" : "master"},
          {"domain", zone.name},
          {"status", "active"},
          {"soa_email", "hostmaster@example.com"},
          {"ttl_sec", domain_ttl_},
          {"refresh_sec", 0},
          {"retry_sec", 0},
          {"expire_sec", 0},
          {"master_ips", Json::array()},
          {"axfr_ips", Json::array()},
          {"tags", Json::array()}};
}

Json LinodeFake::page_of(const ApiRequest& request, const std::vector<Json>& all) const {
  ApiPaging paging{.size_name = "page_size", .smallest = 25, .largest = 500};
  const auto page = numbered_page(request, all.size(), paging);
  if (!page) throw Refusal(400, "page_size must be between 25 and 500");
  const std::size_t size = limited({.size = page->size}).size;
  const std::size_t first = std::min(all.size(), (page->number - 1) * size);
  Json items = Json::array();
  for (std::size_t i = first; i < std::min(all.size(), first + size); ++i) items.push_back(all[i]);
  return {{"data", items},
          {"page", page->number},
          {"pages", std::max<std::size_t>((all.size() + size - 1) / size, 1)},
          {"results", all.size()}};
}

Json LinodeFake::checked(const Json& fields, const Zone&) const {
  const std::string type = text(fields, "type");
  check_type(type);
  if (fields.contains("name") && text(fields, "name").size() > 100) throw Refusal(400, "name is too long");
  Json record{{"id", fields.at("id")}, {"type", type}, {"name", text(fields, "name")}};
  std::string target = without_dot(text(fields, "target"));
  if (target.empty() && type != "MX") throw Refusal(400, "target is required");
  check_address(type, target);
  record["target"] = target;
  const auto number = [&](const char* field, int highest) {
    const Json value = fields.value(field, Json(0));
    if (!value.is_number_integer() || value < 0 || value > highest)
      throw Refusal(400, fmt::format("{} must be 0 to {}", field, highest));
    record[field] = value;
  };
  number("priority", 255);
  number("weight", 65535);
  number("port", 65535);
  record["service"] = nullptr;
  record["protocol"] = nullptr;
  record["tag"] = nullptr;
  if (type == "SRV") {
    const std::string service = text(fields, "service"), protocol = text(fields, "protocol");
    if (service.empty() || protocol.empty() || service.starts_with("__"))
      throw Refusal(400, "service and protocol are required");
    if (record.at("priority") == 0) throw Refusal(400, "priority is required");
    record["service"] = service.starts_with('_') ? service : "_" + service;
    record["protocol"] = protocol.starts_with('_') ? protocol : "_" + protocol;
    record["name"] =
        fmt::format("{}.{}", record.at("service").get<std::string>(), record.at("protocol").get<std::string>());
  }
  if (type == "CAA") {
    if (text(fields, "tag").empty()) throw Refusal(400, "tag is required");
    record["tag"] = text(fields, "tag");
  }
  const Json ttl = fields.value("ttl_sec", Json(0));
  if (!ttl.is_number_integer() || ttl < 0) throw Refusal(400, "ttl_sec must be a number");
  // Rounded, and nothing said.
  const int* step = std::lower_bound(std::begin(kTtls), std::end(kTtls), ttl.get<int>());
  record["ttl_sec"] = step == std::end(kTtls) ? kTtls[std::size(kTtls) - 1] : *step;
  record["created"] = record["updated"] = "2026-11-22T12:00:00Z";
  return record;
}

Json LinodeFake::fields_of(const std::string& type, const std::string& value, const Zone&) const {
  if (type == "MX") {
    const auto word = first_words(value, 2);
    return {{"priority", std::stoul(word[0])}, {"target", word[1]}};
  }
  if (type == "CAA") {
    const auto word = first_words(value, 3);
    return {{"tag", word[1]}, {"target", bare_text(word[2])}};
  }
  if (type == "SRV") {
    const auto word = first_words(value, 4);
    return {{"priority", std::stoul(word[0])},
            {"weight", std::stoul(word[1])},
            {"port", std::stoul(word[2])},
            {"target", word[3]}};
  }
  return {{"target", type == "TXT" ? bare_text(value) : value}};
}

void LinodeFake::spell_owner(Json& record) const {
  if (record.at("type") != "SRV") return;
  const auto words = split(record.at("name").get<std::string>(), '.');
  record["service"] = words.at(0);
  record["protocol"] = words.at(1);
}

ApiReply LinodeFake::trouble(int status, const std::string& why) const {
  const std::string reason = status == 401   ? "Invalid Token"
                             : status == 404 ? "Not found"
                             : status == 429 ? "Too many requests"
                                             : why;
  return json_reply(status == 422 ? 400 : status, Json{{"errors", Json::array({Json{{"reason", reason}}})}}.dump());
}

}  // namespace cutover::servers
