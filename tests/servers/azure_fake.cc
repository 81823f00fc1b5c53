#include "tests/servers/azure_fake.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"
#include "tests/servers/azure_record.h"

namespace cutover::servers {
namespace {

using azure::Json;
using azure::Refusal;
using Key = std::pair<std::string, std::string>;  ///< type, name relative to the zone

ApiReply failed(int status, const std::string& code, const std::string& message) {
  return json_reply(status, Json{{"error", {{"code", code}, {"message", message}}}}.dump());
}

template <class Work>
ApiReply answered(const ApiRequest& request, const Work& work) {
  try {
    if (request.parameter("api-version") != "2018-05-01")
      throw Refusal(400, "InvalidApiVersionParameter", "The api-version is missing or invalid.");
    return work();
  } catch (const Refusal& refusal) {
    return failed(refusal.status, refusal.code, refusal.what());
  } catch (const Json::exception& error) {
    return failed(400, "InvalidRequestContent", error.what());
  }
}

std::string relative(const DomainName& name, const std::string& zone) {
  const auto origin = DomainName::from_text(zone);
  return name == *origin ? "@" : name.relative_to(*origin);
}

}  // namespace

struct AzureFake::State {
  struct Set {
    std::string etag;
    Json properties;
  };
  using Zone = std::map<Key, Set>;
  std::map<std::string, Zone> zones{};
  std::set<std::string> tokens{};
  std::string link_base{};
  std::size_t page = 100;
  std::uint64_t made = 0;
  int granted = 0;
  bool locked = false;

  std::string new_etag() {
    ++made;
    return fmt::format("{:08x}-0000-4000-8000-{:012x}", 0xe7a90000 + made * 7919 % 0xffff, made);
  }

  Zone& zone_of(const ApiRequest& request) {
    if (request.parts[0] != kSubscription)
      throw Refusal(404, "SubscriptionNotFound",
                    fmt::format("The subscription '{}' could not be found.", request.parts[0]));
    if (request.parts[1] != kGroup)
      throw Refusal(404, "ResourceGroupNotFound",
                    fmt::format("Resource group '{}' could not be found.", request.parts[1]));
    const auto zone = zones.find(request.parts[2]);
    if (zone == zones.end())
      throw Refusal(404, "ResourceNotFound",
                    fmt::format("The Resource 'Microsoft.Network/dnszones/{}' under resource group '{}' was not found.",
                                request.parts[2], kGroup));
    return zone->second;
  }
  static Json shown(const std::string& zone, const Key& key, const Set& set) {
    Json properties = set.properties;
    properties["fqdn"] = (key.second == "@" ? zone : key.second + "." + zone) + ".";
    properties["provisioningState"] = "Succeeded";
    return {{"id", fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network/dnszones/{}/{}/{}",
                               kSubscription, kGroup, zone, key.first, key.second)},
            {"name", key.second},
            {"type", "Microsoft.Network/dnszones/" + key.first},
            {"etag", set.etag},
            {"properties", properties}};
  }
  /// Throws where a precondition does not hold (RFC 9110 section 13.1).
  static void hold_to(const ApiRequest& request, const Zone& zone, const Key& key) {
    const auto at = zone.find(key);
    const auto match = request.header("if-match"), none = request.header("if-none-match");
    if (none && *none != "*") throw Refusal(400, "BadRequest", "The header If-None-Match takes *.");
    if ((none && at != zone.end()) || (match && (at == zone.end() || at->second.etag != *match)))
      throw Refusal(412, "PreconditionFailed",
                    fmt::format("The condition '{}' in the {} header was not satisfied. The current was '{}'.",
                                none ? *none : *match, none ? "If-None-Match" : "If-Match",
                                at == zone.end() ? "n/a" : at->second.etag));
  }
  void may_write() const {
    if (locked)
      throw Refusal(409, "ScopeLocked",
                    "The scope cannot perform write operation because following scope(s) are locked.");
  }
  ApiReply put(const ApiRequest& request, const std::string& method) {
    may_write();
    Zone& zone = zone_of(request);
    const Key key{request.parts[3], request.parts[4]};
    const auto there = zone.find(key);
    const bool is_new = there == zone.end();
    if (method == "PATCH" && is_new && !request.header("if-match"))
      throw Refusal(404, "NotFound", fmt::format("The resource record '{}' does not exist.", key.second));
    hold_to(request, zone, key);
    const Json body = Json::parse(request.body);
    for (const auto& field : body.items())
      if (field.key() != "properties" && field.key() != "etag")
        throw Refusal(400, "InvalidRequestContent", "Could not find member '" + field.key() + "'");
    Json properties = method == "PATCH" ? there->second.properties : Json::object();
    for (const auto& field : body.at("properties").items()) properties[field.key()] = field.value();
    azure::check(key.first, key.second, properties, request.parts[2]);
    for (const auto& entry : zone)
      if (entry.first.second == key.second && entry.first != key &&
          (key.first == "CNAME" || entry.first.first == "CNAME"))
        throw Refusal(400, "BadRequest",
                      fmt::format("The record could not be created because a CNAME record with the same name already "
                                  "exists in this zone, or it is one ({} {}).",
                                  entry.first.first, key.second));
    zone[key] = {new_etag(), properties};
    return json_reply(is_new ? 201 : 200, shown(request.parts[2], key, zone[key]).dump());
  }
};

AzureFake::AzureFake() : ApiFake({"", "authorization", "", ""}), state_(new State) { add_routes(); }

AzureFake::~AzureFake() { stop(); }

void AzureFake::add_routes() {
  const std::string zone = "/subscriptions/{s}/resourceGroups/{g}/providers/Microsoft.Network/dnsZones/{zone}";
  route("POST", "/{tenant}/oauth2/v2.0/token", [this](const ApiRequest& request) { return grant(request); });
  route("GET", zone + "/recordsets", [this](const ApiRequest& request) {
    return answered(request, [&] {
      const auto& sets = state_->zone_of(request);
      const auto page = cursor_page(request, sets.size(), {"$top", "$skiptoken", state_->page, 1, 1000});
      if (!page) throw Refusal(400, "BadRequest", "The skip token or $top is invalid.");
      Json reply{{"value", Json::array()}};
      auto at = std::next(sets.begin(), static_cast<std::ptrdiff_t>(page->first));
      for (std::size_t i = 0; i < page->count; ++i, ++at)
        reply["value"].push_back(State::shown(request.parts[2], at->first, at->second));
      if (!page->next_cursor.empty())
        reply["nextLink"] =
            fmt::format("{}{}?api-version=2018-05-01&$skiptoken={}",
                        state_->link_base.empty() ? url() : state_->link_base, request.path, page->next_cursor);
      return json_reply(200, reply.dump());
    });
  });
  const std::string set = zone + "/{type}/{name}";
  route("GET", set, [this](const ApiRequest& request) {
    return answered(request, [&] {
      const auto& sets = state_->zone_of(request);
      const auto at = sets.find({request.parts[3], request.parts[4]});
      if (at == sets.end())
        throw Refusal(404, "NotFound", fmt::format("The resource record '{}' does not exist.", request.parts[4]));
      return json_reply(200, State::shown(request.parts[2], at->first, at->second).dump());
    });
  });
  for (const char* method : {"PUT", "PATCH"})
    route(method, set, [this, method](const ApiRequest& request) {
      return answered(request, [&] { return state_->put(request, method); });
    });
  route("DELETE", set, [this](const ApiRequest& request) {
    return answered(request, [&] {
      state_->may_write();
      auto& sets = state_->zone_of(request);
      const Key key{request.parts[3], request.parts[4]};
      State::hold_to(request, sets, key);
      if (key.second == "@" && (key.first == "SOA" || key.first == "NS"))
        throw Refusal(400, "BadRequest", "The set at the zone's own name cannot be deleted.");
      return ApiReply{sets.erase(key) == 0 ? 204 : 200, "", "", {}};
    });
  });
}

ApiReply AzureFake::grant(const ApiRequest& request) {
  const auto refused = [](int status, const char* error, const char* why) {
    return json_reply(status, Json{{"error", error}, {"error_description", why}}.dump());
  };
  if (request.header("content-type") != "application/x-www-form-urlencoded" || request.parts[0] != kTenant)
    return refused(400, "invalid_request", "AADSTS90002: Tenant not found.");
  std::map<std::string, std::string> form;
  for (const std::string& field : split(request.body, '&'))
    form[field.substr(0, field.find('='))] = field.substr(field.find('=') + 1);
  if (form["grant_type"] != "client_credentials" || !form["scope"].ends_with("%2F.default"))
    return refused(400, "invalid_scope", "AADSTS70011: The provided value for scope is not valid.");
  if (form["client_id"] != kClient)
    return refused(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.");
  if (form["client_secret"] != kClientSecret)
    return refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
  const std::string token = fmt::format("eyJ.not-a-real-token-{}", ++state_->granted);
  state_->tokens.insert(token);
  return json_reply(
      200,
      Json{{"token_type", "Bearer"}, {"expires_in", 3599}, {"ext_expires_in", 3599}, {"access_token", token}}.dump());
}

ApiReply AzureFake::trouble(int status, const std::string& why) const {
  switch (status) {
    case 401:
      return failed(401, "ExpiredAuthenticationToken", "The access token expiry is earlier than the current time.");
    case 404:
      return failed(404, "InvalidResourceType", "The resource type could not be found.");
    case 429:
      return failed(429, "TooManyRequests", "The request was throttled.");
    default:
      return failed(status, status < 500 ? "BadRequest" : "InternalServerError", why);
  }
}

std::optional<ApiReply> AzureFake::refusal(const ApiRequest& request) const {
  if (request.path.ends_with("/oauth2/v2.0/token")) return std::nullopt;
  const std::string given = request.header("authorization").value_or("");
  if (given.starts_with("Bearer ") && state_->tokens.contains(given.substr(7))) return std::nullopt;
  return failed(401, "InvalidAuthenticationToken", "The access token is invalid.");
}

void AzureFake::add_zone(const std::string& name) {
  const auto hold = locked();
  auto& zone = state_->zones[name];
  zone[{"NS", "@"}] = {state_->new_etag(),
                       {{"TTL", 172800}, {"NSRecords", Json::array({{{"nsdname", "ns1-01.azure-dns.com."}}})}}};
  zone[{"SOA", "@"}] = {state_->new_etag(),
                        {{"TTL", 3600},
                         {"SOARecord",
                          {{"email", "azuredns-hostmaster.microsoft.com"},
                           {"expireTime", 2419200},
                           {"host", "ns1-01.azure-dns.com."},
                           {"minimumTTL", 300},
                           {"refreshTime", 3600},
                           {"retryTime", 300},
                           {"serialNumber", 1}}}}};
}

void AzureFake::add(const std::string& zone, const std::string& type, const std::string& name,
                    const std::string& properties) {
  const auto hold = locked();
  state_->zones.at(zone)[{type, name}] = {state_->new_etag(), Json::parse(properties)};
}

void AzureFake::put(const std::string& zone, const RecordSet& set) {
  if (!azure::has_type(to_text(set.type))) return;
  add(zone, to_text(set.type), relative(set.name, zone), azure::from_presentation(set).dump());
}

std::string AzureFake::properties(const std::string& zone, const std::string& type, const std::string& name) const {
  const auto hold = locked();
  const auto& sets = state_->zones.at(zone);
  const auto at = sets.find({type, name});
  return at == sets.end() ? "null" : at->second.properties.dump();
}

void AzureFake::lock_group() {
  const auto hold = locked();
  state_->locked = true;
}

void AzureFake::set_page(std::size_t size) {
  const auto hold = locked();
  state_->page = size;
}

void AzureFake::set_link_base(const std::string& url) {
  const auto hold = locked();
  state_->link_base = url;
}

int AzureFake::granted() const {
  const auto hold = locked();
  return state_->granted;
}

}  // namespace cutover::servers
