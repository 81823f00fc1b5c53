#include "tests/servers/webhook_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/text.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

const std::set<std::string> kTypes{"A", "AAAA", "CNAME", "TXT", "SRV", "NS", "PTR", "MX", "NAPTR"};
const std::set<std::string> kFields{"dnsName",   "targets", "recordType",      "setIdentifier",
                                    "recordTTL", "labels",  "providerSpecific"};

/// The service behind the server did not do it: 500.
struct NotMade : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text_of(const Json& endpoint) {
  return endpoint.at("dnsName").get<std::string>() + " " + endpoint.at("recordType").get<std::string>();
}

std::set<std::string> targets_of(const Json& endpoint) {
  std::set<std::string> targets;
  for (const Json& one : endpoint.at("targets")) {
    std::string text = one.get<std::string>();
    while (text.ends_with('.')) text.pop_back();
    targets.insert(text);
  }
  return targets;
}

/// Throws on what external-dns would not send.
void check(const Json& endpoint) {
  for (const auto& field : endpoint.items())
    if (kFields.count(field.key()) == 0) throw std::invalid_argument("no field of an endpoint: " + field.key());
  const std::string name = endpoint.at("dnsName").get<std::string>();
  if (name.empty() || name.ends_with('.') || name != to_lower(name)) throw std::invalid_argument("dnsName " + name);
  const std::string type = endpoint.at("recordType").get<std::string>();
  if (kTypes.count(type) == 0) throw std::invalid_argument("recordType " + type);
  if (!endpoint.at("recordTTL").is_number_unsigned()) throw std::invalid_argument("recordTTL");
  if (!endpoint.at("targets").is_array() || endpoint.at("targets").empty()) throw std::invalid_argument("targets");
  for (const Json& target : endpoint.at("targets")) {
    const bool dotted = target.get_ref<const std::string&>().ends_with('.');
    if (type == "CNAME" || type == "MX" ? dotted : type == "SRV" && !dotted)
      throw std::invalid_argument("target " + target.get<std::string>());
  }
  for (const Json& property : endpoint.value("providerSpecific", Json::array()))
    if (!property.at("name").is_string() || !property.at("value").is_string())
      throw std::invalid_argument("providerSpecific");
}

std::string bare(const std::string& quoted) {
  std::string text;
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '"') continue;
    if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
    text += quoted[i];
  }
  return text;
}

}  // namespace

struct WebhookFake::State {
  std::vector<Json> endpoints;
  std::string filter;
  std::string content_type = kMediaType;
  Txt txt = Txt::kQuoted;
  bool can_adjust = true;
  std::function<std::string(const std::string&)> adjust{};

  Json* find(const std::string& name, const std::string& type) {
    for (Json& one : endpoints)
      if (one.at("dnsName") == name && one.at("recordType") == type && !one.contains("setIdentifier")) return &one;
    return nullptr;
  }
  Json& as_told(const Json& endpoint) {
    Json* there = find(endpoint.at("dnsName"), endpoint.at("recordType"));
    if (there == nullptr) throw NotMade(text_of(endpoint) + " does not exist");
    if (targets_of(*there) != targets_of(endpoint)) throw NotMade(text_of(endpoint) + " has other targets");
    return *there;
  }
  void create(const Json& endpoint) {
    for (const Json& one : endpoints) {
      if (one.at("dnsName") != endpoint.at("dnsName")) continue;
      if (one.at("recordType") == endpoint.at("recordType")) throw NotMade(text_of(endpoint) + " exists already");
      if (one.at("recordType") == "CNAME" || endpoint.at("recordType") == "CNAME")
        throw NotMade(text_of(endpoint) + " would stand beside a CNAME");
    }
    endpoints.push_back(endpoint);
  }
};

WebhookFake::WebhookFake(std::vector<std::string> served)
    : ApiFake({.base_path = "", .secret_header = "", .secret = "", .body_type = kMediaType}),
      state_(std::make_unique<State>()) {
  state_->filter = Json{{"filters", served}}.dump();
  route("GET", "/", [this](const ApiRequest&) { return said(state_->filter); });
  route("GET", "/records", [this](const ApiRequest&) { return said(Json(state_->endpoints).dump()); });
  route("POST", "/records", [this](const ApiRequest& request) { return change(request); });
  route("POST", "/adjustendpoints", [this](const ApiRequest& request) {
    const Json wanted = Json::parse(request.body);
    for (const Json& one : wanted) check(one);
    if (!state_->can_adjust) return trouble(404, "404 page not found");
    return said(state_->adjust ? state_->adjust(wanted.dump()) : wanted.dump());
  });
}

WebhookFake::~WebhookFake() { stop(); }

ApiReply WebhookFake::said(const std::string& body) const { return {200, body, state_->content_type, {}}; }

ApiReply WebhookFake::trouble(int status, const std::string& why) const { return {status, why, "text/plain", {}}; }

/// A GET says which version it wants.
std::optional<ApiReply> WebhookFake::refusal(const ApiRequest& request) const {
  if (request.method != "GET" || request.header("accept") == kMediaType) return std::nullopt;
  return trouble(406, "the Accept header has to be " + std::string(kMediaType));
}

ApiReply WebhookFake::change(const ApiRequest& request) {
  const Json changes = Json::parse(request.body);
  for (const auto& list : changes.items()) {
    if (list.key() != "create" && list.key() != "delete" && list.key() != "updateOld" && list.key() != "updateNew")
      throw std::invalid_argument("no list of changes: " + list.key());
    for (const Json& one : list.value()) check(one);
  }
  const auto list = [&](const char* key) { return changes.value(key, Json::array()); };
  const Json before = list("updateOld"), after = list("updateNew");
  if (before.size() != after.size()) throw std::invalid_argument("updateOld and updateNew are pairs");
  try {
    for (const Json& one : list("delete")) {
      Json* there = &state_->as_told(one);
      state_->endpoints.erase(state_->endpoints.begin() + (there - state_->endpoints.data()));
    }
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (text_of(before[i]) != text_of(after[i])) throw std::invalid_argument("a pair of two names");
      state_->as_told(before[i]) = after[i];
    }
    for (const Json& one : list("create")) state_->create(one);
  } catch (const NotMade& trouble_there) {
    return trouble(500, trouble_there.what());
  }
  return {204, "", "", {}};
}

void WebhookFake::show_txt(Txt txt) {
  const auto hold = locked();
  state_->txt = txt;
}

void WebhookFake::say_type(const std::string& content_type) {
  const auto hold = locked();
  state_->content_type = content_type;
}

void WebhookFake::say_filter(const std::string& body) {
  const auto hold = locked();
  state_->filter = body;
}

void WebhookFake::adjust_by(std::function<std::string(const std::string&)> adjust) {
  const auto hold = locked();
  state_->adjust = std::move(adjust);
}

void WebhookFake::forget_adjusting() {
  const auto hold = locked();
  state_->can_adjust = false;
}

void WebhookFake::add_zone(const std::string&) {}

void WebhookFake::put(const std::string&, const RecordSet& set) {
  const auto hold = locked();
  const std::string type = to_text(set.type);
  if (kTypes.count(type) == 0) return;
  Json* there = state_->find(set.name.host(), type);
  Json& endpoint = there != nullptr ? *there : state_->endpoints.emplace_back(Json::object());
  endpoint["dnsName"] = set.name.host();
  endpoint["targets"] = Json::array();
  endpoint["recordType"] = type;
  endpoint["recordTTL"] = set.ttl.count();
  for (std::string value : set.rdata) {
    if (type == "TXT" && state_->txt == Txt::kBare) value = bare(value);
    if (type != "SRV" && type != "TXT" && value.ends_with('.')) value.pop_back();
    endpoint["targets"].push_back(value);
  }
}

void WebhookFake::put_endpoint(const std::string& json) {
  const auto hold = locked();
  state_->endpoints.push_back(Json::parse(json));
}

std::vector<std::string> WebhookFake::endpoints() const {
  const auto hold = locked();
  std::vector<std::string> lines;
  for (const Json& one : state_->endpoints) {
    std::vector<std::string> targets;
    for (const Json& target : one.at("targets")) targets.push_back(target.get<std::string>());
    std::sort(targets.begin(), targets.end());
    std::string line = fmt::format("{} {} {} {}", one.at("dnsName").get<std::string>(), one.value("recordTTL", 0),
                                   one.at("recordType").get<std::string>(), join(targets, " | "));
    for (const char* key : {"labels", "providerSpecific"})
      if (const Json kept = one.value(key, Json()); !kept.is_null() && !kept.empty()) line += " " + kept.dump();
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace cutover::servers
