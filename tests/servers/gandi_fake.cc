#include "tests/servers/gandi_fake.h"

#include <fmt/format.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "core/text.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kFloor = 300, kCeiling = 2592000;

ApiReply wrong(const std::string& field, const std::string& why) {
  return json_reply(400,
                    Json{{"status", "error"},
                         {"errors", Json::array({Json{{"location", "body"}, {"name", field}, {"description", why}}})}}
                        .dump());
}

const char* object_of(int status) {
  switch (status) {
    case 401:
      return "HTTPUnauthorized";
    case 403:
      return "HTTPForbidden";
    case 404:
      return "HTTPNotFound";
    case 409:
      return "HTTPConflict";
    default:
      return "HTTPError";
  }
}

}  // namespace

GandiFake::GandiFake() : RecordSetFake({"/v5/livedns", "authorization", std::string("Bearer ") + kToken}, 1000) {
  const char* one = "/domains/{fqdn}/records/{name}/{type}";
  route("GET", "/domains/{fqdn}/records", [this](const ApiRequest& request) { return list(request); });
  route("POST", "/domains/{fqdn}/records", [this](const ApiRequest& request) { return create(request); });
  route("PUT", one, [this](const ApiRequest& request) { return replace(request); });
  route("DELETE", one, [this](const ApiRequest& request) { return remove(request); });
}

GandiFake::~GandiFake() { stop(); }

void GandiFake::rename(const std::string& zone, const RecordKey& key, const std::string& label) {
  const auto hold = locked();
  zones_.at(zone).at({key.name.host(), to_text(key.type)}).extra = label;
}

void GandiFake::hide_next_list() {
  const auto hold = locked();
  hidden_ = true;
}

ApiReply GandiFake::trouble(int status, const std::string& why) const {
  return json_reply(status,
                    Json{{"code", status}, {"message", why}, {"object", object_of(status)}, {"cause", why}}.dump());
}

ApiReply GandiFake::list(const ApiRequest& request) {
  const std::string& domain = request.parts[0];
  const Sets* sets = zone(domain);
  if (sets == nullptr) return trouble(404, "The resource could not be found.");
  if (std::exchange(hidden_, false)) return json_reply(200, "[]");
  const auto page = numbered_page(request, sets->size(), {"per_page", "page", page_, 1, page_});
  if (!page) return wrong("page", "not a page");
  Json found = Json::array();
  auto at = std::next(sets->begin(), static_cast<std::ptrdiff_t>(page->first));
  for (std::size_t i = 0; i < page->count; ++i, ++at) {
    const auto& [key, set] = *at;
    const std::string label = set.extra.empty() ? label_of(key.first, domain, "@") : set.extra;
    found.push_back({{"rrset_name", label},
                     {"rrset_type", key.second},
                     {"rrset_ttl", set.ttl},
                     {"rrset_values", set.values},
                     {"rrset_href", fmt::format("{}/domains/{}/records/{}/{}", url(), domain, label, key.second)}});
  }
  ApiReply reply = json_reply(200, found.dump());
  if (page->number < page->pages)
    reply.headers.emplace_back("Link", fmt::format("<{}/domains/{}/records?page={}&per_page={}>; rel=\"next\"", url(),
                                                   domain, page->number + 1, page->size));
  return reply;
}

namespace {

/// Throws on a wrong shape; the base answers 400.
ApiReply checked(const Json& sent, const std::set<std::string>& fields, const std::string& type,
                 const std::function<std::string(const std::string&, const std::string&)>& complaint) {
  for (const auto& field : sent.items())
    if (!fields.contains(field.key())) return wrong(field.key(), "unknown field");
  for (const std::string& field : fields)
    if (!sent.contains(field)) return wrong(field, "Required");
  if (!sent.at("rrset_ttl").is_number_integer() || sent.at("rrset_ttl") < kFloor || sent.at("rrset_ttl") > kCeiling)
    return wrong("rrset_ttl", fmt::format("must be between {} and {}", kFloor, kCeiling));
  if (sent.at("rrset_values").empty()) return wrong("rrset_values", "Shorter than minimum length 1");
  for (const Json& value : sent.at("rrset_values"))
    if (const std::string why = complaint(type, value.get<std::string>()); !why.empty())
      return wrong("rrset_values", why);
  return json_reply(201, Json{{"message", "DNS Record Created"}}.dump());
}

}  // namespace

ApiReply GandiFake::create(const ApiRequest& request) {
  const std::string& domain = request.parts[0];
  Sets* sets = zone(domain);
  if (sets == nullptr) return trouble(404, "The resource could not be found.");
  const Json sent = Json::parse(request.body);
  const auto type = sent.at("rrset_type").get<std::string>(), label = sent.at("rrset_name").get<std::string>();
  ApiReply reply = checked(sent, {"rrset_name", "rrset_type", "rrset_ttl", "rrset_values"}, type, complaint);
  if (reply.status != 201) return reply;
  const Key key{full_name(to_lower(label), domain, "@"), type};
  if (sets->contains(key)) return trouble(409, "A DNS Record already exists with same value");
  Sets copy = *sets;
  copy[key] = {sent.at("rrset_ttl"), sent.at("rrset_values"), label};
  if (crowds_a_cname(copy, key.first)) return wrong("items", "CNAME is not allowed beside other records");
  *sets = std::move(copy);
  return reply;
}

RecordSetFake::Sets::iterator GandiFake::kept(const ApiRequest& request, Sets& sets) {
  const std::string& label = request.parts[1];
  const auto at = sets.find({full_name(to_lower(label), request.parts[0], "@"), request.parts[2]});
  if (at == sets.end()) return at;
  const std::string as_kept =
      at->second.extra.empty() ? label_of(at->first.first, request.parts[0], "@") : at->second.extra;
  return as_kept == label ? at : sets.end();
}

ApiReply GandiFake::replace(const ApiRequest& request) {
  Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "The resource could not be found.");
  const auto at = kept(request, *sets);
  if (at == sets->end()) return trouble(500, "The server has either erred or is incapable of performing it.");
  const Json sent = Json::parse(request.body);
  ApiReply reply = checked(sent, {"rrset_ttl", "rrset_values"}, request.parts[2], complaint);
  if (reply.status != 201) return reply;
  at->second.ttl = sent.at("rrset_ttl");
  at->second.values = sent.at("rrset_values").get<std::vector<std::string>>();
  return reply;
}

ApiReply GandiFake::remove(const ApiRequest& request) {
  Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "The resource could not be found.");
  const auto at = kept(request, *sets);
  if (at == sets->end()) return trouble(404, "The resource could not be found.");
  sets->erase(at);
  return {204, "", "application/json", {}};
}

}  // namespace cutover::servers
