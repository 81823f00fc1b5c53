#include "tests/servers/ns1_fake.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;

/// How many fields an answer of this type has at least and at most.
std::pair<std::size_t, std::size_t> field_count(const std::string& type) {
  if (type == "MX") return {2, 2};
  if (type == "CAA") return {3, 3};
  if (type == "HTTPS" || type == "SVCB") return {2, 3};
  if (type == "SRV" || type == "TLSA") return {4, 4};
  return {1, 1};
}

/// `"a" "b"` as `ab`.
std::string unquoted(const std::string& value) {
  std::string text;
  bool inside = false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size())
      text += value[++i];
    else if (value[i] == '"')
      inside = !inside;
    else if (inside)
      text += value[i];
  }
  return text;
}

std::string as_quoted(const std::string& text) {
  std::string value = "\"";
  for (const char c : text) value += c == '"' || c == '\\' ? std::string{'\\', c} : std::string(1, c);
  return value + '"';
}

/// A value in zone-file form as the fields of an answer.
std::vector<std::string> fields_of(const std::string& type, const std::string& value) {
  if (type == "TXT" || type == "SPF") return {unquoted(value)};
  std::vector<std::string> fields;
  std::string rest = value;
  while (fields.size() + 1 < field_count(type).second && rest.find(' ') != std::string::npos) {
    fields.push_back(rest.substr(0, rest.find(' ')));
    rest.erase(0, rest.find(' ') + 1);
  }
  fields.push_back(type == "CAA" ? unquoted(rest) : rest);
  return fields;
}

std::string value_of(const std::string& type, std::vector<std::string> fields) {
  if (type == "TXT" || type == "SPF" || type == "CAA") fields.back() = as_quoted(fields.back());
  return join(fields, " ");
}

Json whole(const std::string& zone, const std::string& domain, const std::string& type, unsigned ttl,
           const std::vector<std::string>& values, const std::string& extra) {
  Json record{{"id", "520519509f782d58bb4df419"},
              {"zone", zone},
              {"domain", domain},
              {"type", type},
              {"ttl", ttl},
              {"tier", 1},
              {"use_client_subnet", true},
              {"regions", {}},
              {"meta", Json::object()},
              {"link", nullptr},
              {"filters", Json::array()},
              {"answers", Json::array()}};
  record["regions"] = Json::object();
  for (const std::string& value : values)
    record["answers"].push_back({{"id", "520519509f782d58bb4df418"}, {"answer", fields_of(type, value)}});
  if (!extra.empty()) record.update(Json::parse(extra));
  return record;
}

}  // namespace

Ns1Fake::Ns1Fake() : RecordSetFake({"/v1", "x-nsone-key", kKey}, 2500) {
  const char* one = "/zones/{zone}/{domain}/{type}";
  route("GET", "/zones/{zone}", [this](const ApiRequest& request) { return show_zone(request); });
  route("GET", one, [this](const ApiRequest& request) { return show(request); });
  route("PUT", one, [this](const ApiRequest& request) { return create(request); });
  route("POST", one, [this](const ApiRequest& request) { return update(request); });
  route("DELETE", one, [this](const ApiRequest& request) { return remove(request); });
}

Ns1Fake::~Ns1Fake() { stop(); }

void Ns1Fake::dress(const std::string& zone, const RecordKey& key, const std::string& fields) {
  const auto hold = locked();
  zones_.at(zone).at({key.name.host(), to_text(key.type)}).extra = fields;
}

ApiReply Ns1Fake::trouble(int status, const std::string& why) const {
  return json_reply(status, Json{{"message", status == 401 ? "Unauthorized" : why}}.dump());
}

ApiReply Ns1Fake::throttled(std::chrono::seconds) const {
  ApiReply reply = trouble(429, "rate limit exceeded");
  reply.headers = {{"X-RateLimit-By", "customer"},
                   {"X-RateLimit-Limit", "100"},
                   {"X-RateLimit-Period", "200"},
                   {"X-RateLimit-Remaining", "0"}};
  return reply;
}

ApiReply Ns1Fake::show_zone(const ApiRequest& request) {
  const std::string& name = request.parts[0];
  const Sets* sets = zone(name);
  if (sets == nullptr) return trouble(404, "zone not found");
  const auto page = cursor_page(request, sets->size(), {"limit", "after", page_, 1, page_});
  if (!page) return trouble(400, "Input validation failed");
  Json found{{"id", "520422af9f782d37dffb588b"}, {"zone", name}, {"ttl", 3600}, {"nx_ttl", 3600}, {"serial", 1}};
  found["records"] = Json::array();
  auto at = std::next(sets->begin(), static_cast<std::ptrdiff_t>(page->first));
  for (std::size_t i = 0; i < page->count; ++i, ++at) {
    const auto& [key, set] = *at;
    Json answers = Json::array();
    for (const std::string& value : set.values) answers.push_back(join(fields_of(key.second, value), " "));
    found["records"].push_back({{"domain", key.first},
                                {"ttl", set.ttl},
                                {"tier", 1},
                                {"type", key.second},
                                {"link", nullptr},
                                {"id", "520519509f782d58bb4df419"},
                                {"short_answers", std::move(answers)}});
  }
  ApiReply reply = json_reply(200, found.dump());
  // With http:// in front, as the real one has it behind its proxy.
  if (!page->next_cursor.empty())
    reply.headers.emplace_back("Link", fmt::format("<{}/zones/{}?after={}&limit={}>; rel=\"next\"", url(), name,
                                                   page->next_cursor, page->size));
  return reply;
}

ApiReply Ns1Fake::show(const ApiRequest& request) {
  const Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "zone not found");
  const auto at = sets->find({request.parts[1], request.parts[2]});
  if (at == sets->end()) return trouble(404, "record not found");
  return json_reply(200, whole(request.parts[0], request.parts[1], request.parts[2], at->second.ttl, at->second.values,
                               at->second.extra)
                             .dump());
}

/// What is sent is laid over `set`. On a copy: nothing is half-made.
ApiReply Ns1Fake::store(const ApiRequest& request, Sets& sets, Set set) {
  static const std::set<std::string> known{"zone", "domain", "type", "ttl", "answers", "filters", "regions", "meta"};
  const Json sent = Json::parse(request.body);
  const std::string &domain = request.parts[1], &type = request.parts[2];
  for (const auto& field : sent.items())
    if (!known.contains(field.key())) return trouble(400, "Input validation failed: unknown field " + field.key());
  if (sent.at("zone") != request.parts[0] || sent.at("domain") != domain || sent.at("type") != type)
    return trouble(400, "the URL and the body name different records");
  if (sent.contains("ttl")) set.ttl = sent.at("ttl").get<unsigned>();
  if (sent.contains("answers")) {
    set.values.clear();
    set.extra.clear();
    if (sent.at("answers").empty()) return trouble(400, "Input validation failed: answers is empty");
    for (const Json& answer : sent.at("answers")) {
      const auto fields = answer.at("answer").get<std::vector<std::string>>();
      const auto [least, most] = field_count(type);
      if (fields.size() < least || fields.size() > most) return trouble(400, "invalid answer: wrong number of fields");
      set.values.push_back(value_of(type, fields));
      if (const std::string why = complaint(type, set.values.back()); !why.empty()) return trouble(400, why);
    }
  }
  Sets copy = sets;
  copy[{domain, type}] = set;
  if (crowds_a_cname(copy, domain)) return trouble(400, "a CNAME record cannot coexist with other records");
  sets = std::move(copy);
  return json_reply(200, whole(request.parts[0], domain, type, set.ttl, set.values, set.extra).dump());
}

ApiReply Ns1Fake::create(const ApiRequest& request) {
  Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "zone not found");
  if (sets->contains({request.parts[1], request.parts[2]})) return trouble(400, "record already exists");
  if (!Json::parse(request.body).contains("answers"))
    return trouble(400, "Input validation failed: answers is missing");
  return store(request, *sets, {3600});
}

ApiReply Ns1Fake::update(const ApiRequest& request) {
  Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "zone not found");
  const auto at = sets->find({request.parts[1], request.parts[2]});
  if (at == sets->end()) return trouble(404, "record not found");
  return store(request, *sets, at->second);
}

ApiReply Ns1Fake::remove(const ApiRequest& request) {
  Sets* sets = zone(request.parts[0]);
  if (sets == nullptr) return trouble(404, "zone not found");
  if (sets->erase({request.parts[1], request.parts[2]}) == 0) return trouble(404, "record not found");
  return json_reply(200, "{}");
}

}  // namespace cutover::servers
