#include "tests/servers/desec_fake.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kInstant = "2026-01-01T00:00:00.000000Z";

/// What is wrong with one item of a bulk request before it is laid beside others; empty: nothing.
Json errors_of(const Json& item, const std::set<std::pair<std::string, std::string>>& seen) {
  static const std::set<std::string> fields{"subname", "type", "ttl", "records"};
  Json errors = Json::object();
  for (const auto& field : item.items())
    if (!fields.contains(field.key())) errors[field.key()] = {"This field is not known."};
  for (const char* needed : {"subname", "type"})
    if (!item.contains(needed) || !item.at(needed).is_string()) errors[needed] = {"This field is required."};
  if (!errors.empty()) return errors;
  const auto subname = item.at("subname").get<std::string>();
  if (subname.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.*") != std::string::npos ||
      subname.find('*', 1) != std::string::npos)
    errors["subname"] = {"Subname can only use (lowercase) a-z, 0-9, ., -, and _, and may start with a '*.'."};
  if (seen.contains({subname, item.at("type").get<std::string>()}))
    errors["non_field_errors"] = {"Same subname and type as in another position, but must be unique."};
  return errors;
}

}  // namespace

DesecFake::DesecFake() : RecordSetFake({"/api/v1", "authorization", std::string("Token ") + kToken}, 500) {
  route("GET", "/domains/{domain}/", [this](const ApiRequest& request) {
    if (zone(request.parts[0]) == nullptr) return trouble(404, "Not found.");
    return json_reply(200, Json{{"created", kInstant},
                                {"keys", Json::array()},
                                {"minimum_ttl", minimum_ttl(request.parts[0])},
                                {"name", request.parts[0]},
                                {"published", kInstant},
                                {"touched", kInstant}}
                               .dump());
  });
  route("GET", "/domains/{domain}/rrsets/", [this](const ApiRequest& request) { return list(request); });
  route("PATCH", "/domains/{domain}/rrsets/", [this](const ApiRequest& request) { return patch(request); });
}

DesecFake::~DesecFake() { stop(); }

void DesecFake::grant(const std::string& zone, unsigned minimum_ttl) {
  const auto hold = locked();
  granted_[zone] = minimum_ttl;
}

unsigned DesecFake::minimum_ttl(const std::string& zone) const {
  const auto at = granted_.find(zone);
  return at == granted_.end() ? 3600 : at->second;
}

ApiReply DesecFake::trouble(int status, const std::string& why) const {
  return json_reply(status, Json{{"detail", status == 401 ? "Invalid token." : why}}.dump());
}

namespace {

Json set_json(const std::string& domain, const std::string& name, const std::string& type, unsigned ttl,
              const std::vector<std::string>& values) {
  return {{"created", kInstant},
          {"domain", domain},
          {"subname", name == domain ? "" : name.substr(0, name.size() - domain.size() - 1)},
          {"name", name + "."},
          {"records", values},
          {"ttl", ttl},
          {"type", type},
          {"touched", kInstant}};
}

}  // namespace

ApiReply DesecFake::list(const ApiRequest& request) {
  const std::string& domain = request.parts[0];
  const Sets* sets = zone(domain);
  if (sets == nullptr) return trouble(404, "Not found.");
  const std::string base = fmt::format("{}/domains/{}/rrsets/?cursor=", url(), domain);
  std::string links = fmt::format("<{}>; rel=\"first\"", base);
  const auto page = cursor_page(request, sets->size(), {"page_size", "cursor", page_, page_, page_});
  if (!page) return trouble(404, "Invalid cursor");
  if (!request.parameter("cursor") && sets->size() > page_) {
    ApiReply reply = trouble(400, "Pagination required. You can query up to 500 items at a time.");
    reply.headers.emplace_back("Link", links);
    return reply;
  }
  Json found = Json::array();
  auto at = std::next(sets->begin(), static_cast<std::ptrdiff_t>(page->first));
  for (std::size_t i = 0; i < page->count; ++i, ++at)
    found.push_back(set_json(domain, at->first.first, at->first.second, at->second.ttl, at->second.values));
  if (page->first > 0) links += fmt::format(", <{}before-{}>; rel=\"prev\"", base, page->first);
  if (!page->next_cursor.empty()) links += fmt::format(", <{}{}>; rel=\"next\"", base, page->next_cursor);
  ApiReply reply = json_reply(200, found.dump());
  if (request.parameter("cursor")) reply.headers.emplace_back("Link", links);
  return reply;
}

/// On a copy: deletions first, then the others, then what stands beside what.
ApiReply DesecFake::patch(const ApiRequest& request) {
  const std::string& domain = request.parts[0];
  Sets* sets = zone(domain);
  if (sets == nullptr) return trouble(404, "Not found.");
  const Json sent = Json::parse(request.body);
  if (!sent.is_array()) return json_reply(400, R"({"non_field_errors":["Expected a list of items but got dict."]})");
  Sets copy = *sets;
  Json errors = Json::array(), made = Json::array();
  std::set<Key> seen;
  for (const Json& item : sent) {
    Json wrong = errors_of(item, seen);
    errors.push_back(wrong);
    if (!wrong.empty()) continue;
    const auto subname = item.at("subname").get<std::string>(), type = item.at("type").get<std::string>();
    const Key key{full_name(subname, domain, ""), type};
    seen.insert({subname, type});
    Json& now = errors.back();
    if (item.contains("records") && item.at("records").empty()) {
      copy.erase(key);
      continue;
    }
    const bool known = sets->contains(key);
    for (const char* needed : {"ttl", "records"})
      if (!known && !item.contains(needed)) now[needed] = {"This field is required."};
    if (type == "SOA" || type == "DNSKEY" || type == "RRSIG")
      now["type"] = {"You cannot tinker with this record type."};
    if (item.contains("ttl")) {
      const Json& ttl = item.at("ttl");
      if (!ttl.is_number_integer())
        now["ttl"] = {"A valid integer is required."};
      else if (ttl < minimum_ttl(domain) || ttl > 86400)
        now["ttl"] = {fmt::format("Ensure this value is greater than or equal to {}.", minimum_ttl(domain))};
      else
        copy[key].ttl = ttl.get<unsigned>();
    }
    if (item.contains("records")) {
      copy[key].values = item.at("records").get<std::vector<std::string>>();
      for (const std::string& value : copy[key].values)
        if (const std::string why = complaint(type, value); !why.empty()) now["records"] = {why};
    }
    if (now.empty()) made.push_back(set_json(domain, key.first, type, copy[key].ttl, copy[key].values));
  }
  for (std::size_t i = 0; i < sent.size(); ++i)
    if (errors[i].empty() && crowds_a_cname(copy, full_name(sent[i].at("subname"), domain, "")))
      errors[i]["non_field_errors"] = {
          "RRset with conflicting type present: database. (No other RRsets are allowed alongside CNAME.)"};
  for (const Json& wrong : errors)
    if (!wrong.empty()) return json_reply(400, errors.dump());
  *sets = std::move(copy);
  return json_reply(200, made.dump());
}

}  // namespace cutover::servers
