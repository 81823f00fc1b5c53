#include "tests/servers/ovh_fake.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "providers/api.h"
#include "providers/ovh/signature.h"
#include "tests/servers/record_set_fake.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

ApiReply refused(int status, const std::string& code, const std::string& message) {
  return json_reply(status,
                    Json{{"errorCode", code},
                         {"httpCode", fmt::format("{} {}", status, status == 403 ? "Forbidden" : "Bad Request")},
                         {"message", message}}
                        .dump());
}

/// The URL that was asked for, which is signed.
std::string whole_url(const std::string& base, const ApiRequest& request) {
  std::string text = base + request.path;
  char mark = '?';
  for (const auto& [name, value] : request.query) {
    text += mark + name + "=" + providers::percent_encoded(value);
    mark = '&';
  }
  return text;
}

}  // namespace

OvhFake::OvhFake() : ApiFake({"/1.0", "x-ovh-consumer", kConsumerKey}) { add_routes(); }
OvhFake::~OvhFake() { stop(); }

std::int64_t OvhFake::now() const { return static_cast<std::int64_t>(std::time(nullptr)) + ahead_.count(); }

void OvhFake::add_routes() {
  const std::string base = "/domain/zone/{zone}";
  const auto with_zone = [this](const auto& work) {
    return [this, work](const ApiRequest& request) {
      const auto at = zones_.find(request.parts[0]);
      return at == zones_.end() ? trouble(404, "This service does not exist") : work(request, at->second);
    };
  };
  const auto with_record = [this, with_zone](const auto& work) {
    return with_zone([this, work](const ApiRequest& request, Zone& zone) {
      const auto at = std::find_if(zone.edited.begin(), zone.edited.end(),
                                   [&](const Record& each) { return std::to_string(each.id) == request.parts[1]; });
      return at == zone.edited.end() ? trouble(404, "The requested object does not exist") : work(zone, at, request);
    });
  };
  const auto show = [](const std::string& zone, const Record& record) {
    return json_reply(200, Json{{"id", record.id},
                                {"zone", zone},
                                {"subDomain", record.label},
                                {"fieldType", record.type},
                                {"target", record.target},
                                {"ttl", record.ttl}}
                               .dump());
  };
  route("GET", "/auth/time", [this](const ApiRequest&) { return json_reply(200, std::to_string(now())); });
  route("GET", base + "/soa", with_zone([](const ApiRequest&, Zone&) {
          return json_reply(200, Json{{"server", "dns10.ovh.net."},
                                      {"email", "tech.ovh.net."},
                                      {"serial", 2026010101},
                                      {"refresh", 86400},
                                      {"nxDomainTtl", 300},
                                      {"expire", 3600000},
                                      {"ttl", 7200}}
                                     .dump());
        }));
  route("GET", base + "/record",
        with_zone([this](const ApiRequest& request, Zone& zone) { return ids(request, zone); }));
  route("POST", base + "/record",
        with_zone([this](const ApiRequest& request, Zone& zone) { return create(request, zone); }));
  route("GET", base + "/record/{id}",
        with_record([show](Zone&, auto at, const ApiRequest& request) { return show(request.parts[0], *at); }));
  route("PUT", base + "/record/{id}",
        with_record([this](Zone&, auto at, const ApiRequest& request) { return update(request, *at); }));
  route("DELETE", base + "/record/{id}", with_record([](Zone& zone, auto at, const ApiRequest&) {
          zone.edited.erase(at);
          return json_reply(200, "null");
        }));
  route("POST", base + "/refresh", with_zone([](const ApiRequest&, Zone& zone) {
          zone.served = zone.edited;
          return json_reply(200, "null");
        }));
}

ApiReply OvhFake::trouble(int status, const std::string& why) const {
  if (status == 401) return refused(403, "INVALID_CREDENTIAL", "This credential is not valid");
  return json_reply(
      status, Json{{"class", status == 404 ? "Client::NotFound" : "Client::BadRequest"}, {"message", why}}.dump());
}

std::optional<ApiReply> OvhFake::refusal(const ApiRequest& request) const {
  if (request.path == "/auth/time") return std::nullopt;
  const auto header = [&](const char* name) { return request.header(name).value_or(""); };
  if (header("x-ovh-application") != kApplicationKey)
    return refused(403, "INVALID_KEY", "This application key is invalid");
  if (header("x-ovh-consumer") != kConsumerKey)
    return refused(403, "INVALID_CREDENTIAL", "This credential is not valid");
  const std::int64_t at = std::strtoll(header("x-ovh-timestamp").c_str(), nullptr, 10);
  if (std::abs(at - now()) > 30) return refused(400, "QUERY_TIME_OUT", "Query out of time");
  const auto signature =
      providers::ovh::signature_of({kApplicationKey, net::Secret(kApplicationSecret), net::Secret(kConsumerKey)},
                                   request.method, whole_url(url(), request), request.body, at);
  if (!signature || header("x-ovh-signature") != *signature)
    return refused(400, "INVALID_SIGNATURE", "Invalid signature");
  for (const auto& [method, part] : denied_)
    if (request.method == method && request.path.find(part) != std::string::npos)
      return refused(403, "NOT_GRANTED_CALL", "This call has not been granted");
  return std::nullopt;
}

ApiReply OvhFake::ids(const ApiRequest& request, const Zone& zone) {
  for (const auto& [name, value] : request.query)
    if (name != "fieldType" && name != "subDomain") return trouble(400, "unknown parameter " + name);
  Json found = Json::array();
  for (const Record& record : zone.edited)
    if (request.parameter("fieldType").value_or(record.type) == record.type &&
        request.parameter("subDomain").value_or(record.label) == record.label)
      found.push_back(record.id);
  return json_reply(200, found.dump());
}

namespace {

/// What is wrong with what was sent; empty: nothing.
std::string wrong_in(const Json& sent, const std::set<std::string>& known, const std::string& type) {
  static const std::set<std::string> types{"A",     "AAAA", "CAA", "CNAME", "DKIM", "DMARC", "LOC",  "MX",
                                           "NAPTR", "NS",   "PTR", "SPF",   "SRV",  "SSHFP", "TLSA", "TXT"};
  for (const auto& field : sent.items())
    if (!known.contains(field.key())) return "unknown field " + field.key();
  if (!types.contains(type)) return "[fieldType] Given data is not valid for type zone.NamedResolutionFieldTypeEnum";
  if (sent.contains("ttl") && (!sent.at("ttl").is_number_integer() || (sent.at("ttl") != 0 && sent.at("ttl") < 60)))
    return "Invalid ttl";
  if (!sent.contains("target")) return "Missing parameter target";
  return RecordSetFake::complaint(type, sent.at("target").get<std::string>());
}

}  // namespace

ApiReply OvhFake::create(const ApiRequest& request, Zone& zone) {
  const Json sent = Json::parse(request.body);
  const auto type = sent.at("fieldType").get<std::string>(), label = sent.value("subDomain", "");
  if (const std::string why = wrong_in(sent, {"fieldType", "subDomain", "target", "ttl"}, type); !why.empty())
    return trouble(400, why);
  const bool beside = std::any_of(zone.edited.begin(), zone.edited.end(), [&](const Record& each) {
    return each.label == label && (each.type == "CNAME" || type == "CNAME");
  });
  if (beside) return trouble(400, "CNAME records cannot coexist with other records of the same name");
  zone.edited.push_back({++made_, label, type, sent.at("target"), sent.value("ttl", std::int64_t(0))});
  return json_reply(200, Json{{"id", made_},
                              {"zone", request.parts[0]},
                              {"subDomain", label},
                              {"fieldType", type},
                              {"target", sent.at("target")},
                              {"ttl", zone.edited.back().ttl}}
                             .dump());
}

ApiReply OvhFake::update(const ApiRequest& request, Record& record) {
  const Json sent = Json::parse(request.body);
  if (const std::string why = wrong_in(sent, {"subDomain", "target", "ttl"}, record.type); !why.empty())
    return trouble(400, why);
  record.label = sent.value("subDomain", record.label);
  record.target = sent.at("target");
  record.ttl = sent.value("ttl", record.ttl);
  return json_reply(200, "null");
}

void OvhFake::add_zone(const std::string& zone) {
  const auto hold = locked();
  zones_[zone];
}

void OvhFake::put(const std::string& zone, const RecordSet& set) {
  const std::string label =
      set.name.host() == zone ? "" : set.name.host().substr(0, set.name.host().size() - zone.size() - 1);
  {
    const auto hold = locked();
    std::erase_if(zones_.at(zone).edited,
                  [&](const Record& each) { return each.label == label && each.type == to_text(set.type); });
  }
  for (const std::string& value : set.rdata)
    add(zone, label, to_text(set.type), static_cast<int>(set.ttl.count()), value);
}

void OvhFake::add(const std::string& zone, const std::string& label, const std::string& type, int ttl,
                  const std::string& target) {
  const auto hold = locked();
  Zone& in = zones_.at(zone);
  in.edited.push_back({++made_, label, type, target, ttl});
  in.served = in.edited;
}

void OvhFake::deny(const std::string& method, const std::string& part_of_path) {
  const auto hold = locked();
  denied_.emplace_back(method, part_of_path);
}

void OvhFake::set_time_ahead(std::chrono::seconds ahead) {
  const auto hold = locked();
  ahead_ = ahead;
}

namespace {

template <class Records>
std::vector<std::string> lines_of(const Records& records) {
  std::vector<std::string> lines;
  for (const auto& each : records)
    lines.push_back(fmt::format("{} {} {} {}", each.label, each.ttl, each.type, each.target));
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::vector<std::string> OvhFake::served(const std::string& zone) const {
  const auto hold = locked();
  return lines_of(zones_.at(zone).served);
}

std::vector<std::string> OvhFake::edited(const std::string& zone) const {
  const auto hold = locked();
  return lines_of(zones_.at(zone).edited);
}

}  // namespace cutover::servers
