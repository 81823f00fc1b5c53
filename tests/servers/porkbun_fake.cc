#include "tests/servers/porkbun_fake.h"

#include <fmt/format.h>

#include <charconv>

namespace cutover::servers {
namespace {

using Json = RecordFake::Json;

constexpr int kLeastTtl = 600;

bool has_priority(const std::string& type) { return type == "MX" || type == "SRV"; }

ApiReply failed(int status, const std::string& code, const std::string& message) {
  Json body{{"status", "ERROR"}};
  if (!code.empty()) body["code"] = code;
  body["message"] = message;
  return json_reply(status, body.dump());
}

/// A number, or one as text.
unsigned number_in(const Json& fields, const char* field) {
  const auto at = fields.find(field);
  if (at == fields.end() || at->is_null()) return 0;
  if (at->is_number()) return at->get<unsigned>();
  const auto text = at->get<std::string>();
  unsigned number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) throw std::runtime_error("a number is expected");
  return number;
}

std::string code_of(int status, const std::string& why) {
  if (status == 401) return "INVALID_API_KEYS_001";
  if (status == 404) return why == "no such record" ? "INVALID_RECORD_ID" : "INVALID_DOMAIN";
  if (status == 429) return "RATE_LIMIT_EXCEEDED";
  return why.find("identical") != std::string::npos ? "DUPLICATE_RECORD" : "INVALID_RECORD";
}

}  // namespace

PorkbunFake::PorkbunFake()
    : RecordFake(
          {"/api/json/v3", "x-secret-api-key", kSecret},
          {.content = "content",
           .types = {"A", "AAAA", "ALIAS", "CAA", "CNAME", "HTTPS", "MX", "NS", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"},
           .names = Shape::Names::kWhole}) {
  const auto serve = [this](const char* method, const char* pattern, auto work) {
    route(method, pattern, [this, work](const ApiRequest& request) {
      return answered([&] {
        Json body{{"status", "SUCCESS"}};
        work(request, zone(request.parts[0]), body);
        return json_reply(200, body.dump());
      });
    });
  };
  serve("GET", "/dns/retrieve/{domain}", [](const ApiRequest&, const Zone& zone, Json& body) {
    body["cloudflare"] = "enabled";
    body["records"] = Json::array();
    for (Json record : zone.records) {
      record["id"] = record.at("id").dump();
      body["records"].push_back(std::move(record));
    }
  });
  serve("POST", "/dns/create/{domain}", [this](const ApiRequest& request, Zone& zone, Json& body) {
    body["id"] = post(zone, sent(request, zone)).at("id");
  });
  serve("POST", "/dns/edit/{domain}/{id}", [this](const ApiRequest& request, Zone& zone, Json&) {
    const Json before = record(zone, request.parts[1]);
    if (edit(zone, request.parts[1], sent(request, zone)) == before)
      throw Refusal(400, "Edit error: We were unable to edit the DNS record.");
  });
  serve("POST", "/dns/delete/{domain}/{id}", [this](const ApiRequest& request, Zone& zone, Json&) {
    only(Json::parse(request.body), {});
    erase(zone, request.parts[1]);
  });
}

PorkbunFake::~PorkbunFake() { stop(); }

void PorkbunFake::switch_access_off(Saying saying) {
  const auto hold = locked();
  off_ = saying;
}

void PorkbunFake::park(const std::string& zone) {
  add(zone, {{"name", zone}, {"type", "ALIAS"}, {"content", "pixie.porkbun.com"}, {"ttl", "600"}});
}

void PorkbunFake::set_limiter(Limiter limiter) {
  const auto hold = locked();
  limiter_ = limiter;
}

/// The fields of a create or an edit, with the whole name. Nothing else may be in them, least of all a credential.
PorkbunFake::Json PorkbunFake::sent(const ApiRequest& request, const Zone& zone) const {
  Json fields = Json::parse(request.body);
  only(fields, {"name", "type", "content", "ttl", "prio", "notes"});
  const std::string name = fields.value("name", "");
  if (name == "@" || name == zone.name || name.ends_with("." + zone.name) || name.ends_with('.'))
    throw Refusal(400, "the name is one below the zone");
  if (has_priority(fields.at("type")) && !fields.contains("prio")) throw Refusal(400, "prio is required");
  if (number_in(fields, "ttl") < kLeastTtl) throw Refusal(400, "the TTL is too low");
  fields["name"] = name.empty() ? zone.name : name + "." + zone.name;
  return fields;
}

PorkbunFake::Json PorkbunFake::checked(const Json& fields, const Zone& zone) const {
  const std::string type = fields.at("type");
  check_type(type);
  std::string name = fields.at("name"), content = fields.at("content");
  const bool is_whole = name == zone.name || name.ends_with("." + zone.name);
  if (!is_whole) name = name.empty() ? zone.name : name + "." + zone.name;
  if (type == "CAA" && name == zone.name) throw Refusal(400, "the zone's own CAA records are Porkbun's");
  check_address(type, content);
  if (content.empty() || content.ends_with(' ')) throw Refusal(400, "Invalid content");
  if (type == "ALIAS" || type == "CNAME" || type == "MX" || type == "NS") content = without_dot(content);
  if (type == "SRV" && first_words(content, 4)[3] != "") throw Refusal(400, "the priority of an SRV stands apart");
  const bool prioritised = has_priority(type);
  return {{"id", fields.at("id")},
          {"name", name},
          {"type", type},
          {"content", content},
          {"ttl", std::to_string(number_in(fields, "ttl"))},
          {"prio", prioritised ? Json(std::to_string(number_in(fields, "prio"))) : Json(nullptr)},
          {"notes", fields.value("notes", Json(""))}};
}

PorkbunFake::Json PorkbunFake::fields_of(const std::string& type, const std::string& value, const Zone&) const {
  if (type == "TXT") return {{"content", bare_text(value)}};
  if (!has_priority(type)) return {{"content", value}};
  const auto word = first_words(value, 2);
  return {{"prio", word[0]}, {"content", word[1]}};
}

std::optional<ApiReply> PorkbunFake::refusal(const ApiRequest& request) const {
  if (request.header("x-api-key") != kKey) return trouble(401, "Invalid API key. (001)");
  if (auto refused = ApiFake::refusal(request)) return refused;
  constexpr const char* kOff = "Domain is not opted in to API access.";
  if (!off_) return std::nullopt;
  switch (*off_) {
    case Saying::kWithCode:
      return failed(400, "API_ACCESS_DISABLED", kOff);
    case Saying::kWithoutCode:
      return failed(400, "", kOff);
    case Saying::kWithSuccess:
      return failed(200, "DOMAIN_NOT_ALLOWED", kOff);
  }
  throw std::logic_error("a saying of no kind");
}

ApiReply PorkbunFake::throttled(std::chrono::seconds retry_after) const {
  if (limiter_ == Limiter::kApi) return ApiFake::throttled(retry_after);
  return {503,
          "<html>\r\n<head><title>503 Service Temporarily Unavailable</title></head>\r\n<body></body>\r\n</html>\r\n",
          "text/html",
          {}};
}

/// Of what is the client's fault, all but the limit comes with 400.
ApiReply PorkbunFake::trouble(int status, const std::string& why) const {
  if (status >= 500) return failed(status, "", why);
  return failed(status == 429 ? 429 : 400, code_of(status, why), status == 404 ? "Invalid domain." : why);
}

}  // namespace cutover::servers
