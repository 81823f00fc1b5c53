#include "tests/servers/google_fake.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "core/text.h"
#include "net/message.h"

namespace cutover::servers {
namespace {

using Json = nlohmann::ordered_json;
using Key = std::pair<std::string, std::string>;  ///< name with its dot, type

constexpr const char* kEmail = "cutover@example-project.iam.gserviceaccount.com";
constexpr const char* kKeyId = "0123456789abcdef0123456789abcdef01234567";
constexpr std::size_t kMostEdits = 1000, kMostBytes = 100000;

struct Refusal : std::runtime_error {
  Refusal(int http_status, std::string why_not, const std::string& message)
      : std::runtime_error(message), status(http_status), reason(std::move(why_not)) {}
  int status;
  std::string reason;
};

ApiReply failed(int status, const std::string& reason, const std::string& message) {
  const Json each{{"message", message}, {"domain", "global"}, {"reason", reason}};
  return json_reply(status,
                    Json{{"error", {{"code", status}, {"message", message}, {"errors", Json::array({each})}}}}.dump());
}

template <class Work>
ApiReply answered(const Work& work) {
  try {
    return json_reply(200, work().dump());
  } catch (const Refusal& refusal) {
    return failed(refusal.status, refusal.reason, refusal.what());
  } catch (const Json::exception&) {
    return failed(400, "parseError", "Parse Error");
  }
}

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

EVP_PKEY* account_key() {
  static const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(2048), EVP_PKEY_free);
  return key.get();
}

std::string from_base64url(std::string text) {
  std::replace(text.begin(), text.end(), '-', '+');
  std::replace(text.begin(), text.end(), '_', '/');
  while (text.size() % 4 != 0) text += '=';
  return from_base64(text).value_or("");
}

bool verifies(const std::string& input, const std::string& signature) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, account_key()) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
}

/// Why an assertion does not do; empty: it does (RFC 7523 section 3).
std::string fault_of(const std::string& assertion, const std::string& audience) {
  const auto parts = split(assertion, '.');
  if (parts.size() != 3) return "Malformed JWT";
  if (!verifies(parts[0] + "." + parts[1], from_base64url(parts[2]))) return "Invalid JWT Signature.";
  const Json header = Json::parse(from_base64url(parts[0])), claims = Json::parse(from_base64url(parts[1]));
  if (header.at("alg") != "RS256" || header.at("kid") != kKeyId) return "Invalid JWT header.";
  if (claims.at("iss") != kEmail) return "Invalid grant: account not found";
  if (claims.at("aud") != audience) return "Invalid JWT: Failed audience check.";
  if (claims.at("scope") != "https://www.googleapis.com/auth/ndev.clouddns.readwrite") return "Invalid scope";
  const auto now = static_cast<std::int64_t>(std::time(nullptr));
  const auto issued = claims.at("iat").get<std::int64_t>(), expires = claims.at("exp").get<std::int64_t>();
  if (issued > now + 300 || expires < now || expires > issued + 3600)
    return "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.";
  return {};
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> fields;
  for (const std::string& field : split(body, '&')) {
    std::string value;
    const std::string raw = field.substr(field.find('=') + 1);
    for (std::size_t i = 0; i < raw.size(); ++i) {
      value += raw[i] == '%' ? static_cast<char>(std::stoi(raw.substr(i + 1, 2), nullptr, 16)) : raw[i];
      if (raw[i] == '%') i += 2;
    }
    fields[field.substr(0, field.find('='))] = value;
  }
  return fields;
}

struct Zone {
  std::string name, dns_name, visibility;
  std::map<Key, Json> sets{};
  std::vector<std::pair<Json, int>> changes{};  ///< and how often they are still said to be pending
};

Json zone_json(const Zone& zone) {
  return {{"kind", "dns#managedZone"},
          {"name", zone.name},
          {"dnsName", zone.dns_name},
          {"description", ""},
          {"id", "1234567890"},
          {"nameServers", {"ns-cloud-a1.googledomains.com.", "ns-cloud-a2.googledomains.com."}},
          {"creationTime", "2026-01-01T00:00:00.000Z"},
          {"visibility", zone.visibility}};
}

Key key_of(const Json& set) { return {to_lower(set.at("name").get<std::string>()), set.at("type")}; }

std::string place(const char* list, std::size_t index) { return fmt::format("'entity.change.{}[{}]", list, index); }

/// What Google holds a set to.
void check(const Json& set, const Zone& zone, const std::string& where) {
  const auto invalid = [&](const std::string& what) {
    throw Refusal(400, "invalid",
                  fmt::format("Invalid value for {}.{}': '{}'", where, what, set.value(what, Json()).dump()));
  };
  static const std::set<std::string> types{"A",   "AAAA", "CAA", "CNAME", "HTTPS", "MX",   "NAPTR", "NS",
                                           "PTR", "SOA",  "SRV", "SSHFP", "SVCB",  "TLSA", "TXT"};
  for (const auto& field : set.items())
    if (field.key() != "name" && field.key() != "type" && field.key() != "ttl" && field.key() != "rrdatas" &&
        field.key() != "kind")
      throw Refusal(400, "invalid", fmt::format("Unknown name \"{}\"", field.key()));
  if (!types.contains(set.at("type"))) invalid("type");
  const auto name = DomainName::from_text(set.at("name").get<std::string>());
  const auto origin = DomainName::from_text(zone.dns_name);
  if (!name || !set.at("name").get<std::string>().ends_with('.') || !name->is_within(*origin)) invalid("name");
  if (!set.at("ttl").is_number_integer() || set.at("ttl") < 0) invalid("ttl");
  if (!set.at("rrdatas").is_array() || set.at("rrdatas").empty()) invalid("rrdatas");
  const auto type = record_type_from_text(set.at("type").get<std::string>());
  std::set<std::string> seen;
  for (const Json& value : set.at("rrdatas")) {
    const auto rdata = net::canonical_rdata(*type, value.get<std::string>(), *origin);
    if (!rdata || !seen.insert(*rdata).second) invalid("rrdatas");
  }
  if (set.at("type") == "CNAME" && (*name == *origin || seen.size() > 1)) invalid("rrdatas");
}

bool same(const Json& sent, const Json& there) {
  const auto values = [](const Json& set) { return set.at("rrdatas").get<std::multiset<std::string>>(); };
  return sent.at("ttl") == there.at("ttl") && values(sent) == values(there);
}

void check_cnames(const Zone& zone) {
  for (const auto& [key, set] : zone.sets) {
    const auto next = zone.sets.lower_bound({key.first, ""});
    const bool alone = std::next(next) == zone.sets.end() || std::next(next)->first.first != key.first;
    if (key.second == "CNAME" && !alone)
      throw Refusal(400, "cnameResourceRecordSetConflict",
                    fmt::format("The resource record set '{} (CNAME)' is invalid because the DNS name '{}' may have "
                                "either one CNAME resource record set or resource record sets of other types, but not "
                                "both.",
                                key.first, key.first));
  }
}

}  // namespace

struct GoogleFake::State {
  std::vector<Zone> zones{};
  std::size_t page_limit = 100;
  std::chrono::seconds token_life{3600};
  std::map<std::string, std::int64_t> tokens{};  ///< and when they expire
  int granted = 0, pending = 1;

  Zone& zone(const std::string& name) {
    for (Zone& each : zones)
      if (each.name == name || each.dns_name == name + ".") return each;
    throw Refusal(404, "notFound",
                  fmt::format("The 'parameters.managedZone' resource named '{}' does not exist.", name));
  }
  Zone& zone_of(const ApiRequest& request) {
    if (request.parts[0] != kProject) throw Refusal(403, "forbidden", "Forbidden");
    for (Zone& each : zones)
      if (each.name == request.parts[1]) return each;
    return zone(request.parts[1] + " (no such name)");
  }
  /// `items` under `list`, a page of them.
  Json listed(const ApiRequest& request, const char* kind, const char* list, const std::vector<Json>& items) const {
    const auto page = cursor_page(request, items.size(), {"maxResults", "pageToken", page_limit, 1, page_limit});
    if (!page) throw Refusal(400, "invalid", "Invalid value for 'parameters.pageToken'");
    Json reply{{"kind", kind}};
    for (std::size_t i = page->first; i < page->first + page->count; ++i) reply[list].push_back(items[i]);
    if (!page->next_cursor.empty()) reply["nextPageToken"] = page->next_cursor;
    return reply;
  }
};

GoogleFake::GoogleFake() : ApiFake({"/dns/v1", "authorization", "", ""}), state_(new State) { add_routes(); }

GoogleFake::~GoogleFake() { stop(); }

void GoogleFake::add_routes() {
  const std::string zones = "/projects/{project}/managedZones", zone = zones + "/{zone}";
  route("POST", "/token", [this](const ApiRequest& request) { return grant(request); });
  route("GET", zones, [this](const ApiRequest& request) {
    return answered([&] {
      if (request.parts[0] != kProject) throw Refusal(403, "forbidden", "Forbidden");
      std::vector<Json> found;
      for (const Zone& each : state_->zones)
        if (request.parameter("dnsName").value_or(each.dns_name) == each.dns_name) found.push_back(zone_json(each));
      return state_->listed(request, "dns#managedZonesListResponse", "managedZones", found);
    });
  });
  route("GET", zone,
        [this](const ApiRequest& request) { return answered([&] { return zone_json(state_->zone_of(request)); }); });
  route("GET", zone + "/rrsets", [this](const ApiRequest& request) {
    return answered([&] {
      const auto name = request.parameter("name"), type = request.parameter("type");
      if (type && !name) throw Refusal(400, "invalid", "'parameters.type' needs 'parameters.name'");
      std::vector<Json> found;
      for (const auto& [key, set] : state_->zone_of(request).sets)
        if (name.value_or(key.first) == key.first && type.value_or(key.second) == key.second) found.push_back(set);
      return state_->listed(request, "dns#resourceRecordSetsListResponse", "rrsets", found);
    });
  });
  route("POST", zone + "/changes", [this](const ApiRequest& request) { return change(request); });
  route("GET", zone + "/changes/{id}", [this](const ApiRequest& request) {
    return answered([&] {
      for (auto& [change, pending] : state_->zone_of(request).changes) {
        if (change.at("id") != request.parts[2]) continue;
        if (pending-- <= 0) change["status"] = "done";
        return change;
      }
      throw Refusal(404, "notFound",
                    fmt::format("The 'parameters.changeId' resource named '{}' does not exist.", request.parts[2]));
    });
  });
}

ApiReply GoogleFake::grant(const ApiRequest& request) {
  const auto refused = [](const char* error, const std::string& why) {
    return json_reply(400, Json{{"error", error}, {"error_description", why}}.dump());
  };
  if (request.header("content-type") != "application/x-www-form-urlencoded")
    return refused("invalid_request", "Bad Request");
  auto form = form_of(request.body);
  if (form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer")
    return refused("unsupported_grant_type", "Invalid grant_type: " + form["grant_type"]);
  if (const std::string fault = fault_of(form["assertion"], root() + "/token"); !fault.empty())
    return refused("invalid_grant", fault);
  const std::string token = fmt::format("ya29.not-a-real-token-{}", ++state_->granted);
  state_->tokens[token] = std::time(nullptr) + state_->token_life.count();
  return json_reply(
      200, Json{{"access_token", token}, {"expires_in", state_->token_life.count()}, {"token_type", "Bearer"}}.dump());
}

/// On a copy, which takes the zone's place when all of it could be done.
ApiReply GoogleFake::change(const ApiRequest& request) {
  return answered([&] {
    Zone& zone = state_->zone_of(request);
    Json sent = Json::parse(request.body);
    const Json additions = sent.value("additions", Json::array()), deletions = sent.value("deletions", Json::array());
    if (additions.empty() && deletions.empty())
      throw Refusal(400, "required", "The 'entity.change' parameter is required but was missing.");
    std::size_t bytes = 0;
    for (const Json& each : additions) bytes += each.at("rrdatas").dump().size();
    if (additions.size() > kMostEdits || deletions.size() > kMostEdits || bytes > kMostBytes)
      throw Refusal(413, "quotaExceeded", "The change is too large.");
    Zone copy = zone;
    for (std::size_t i = 0; i < deletions.size(); ++i) {
      const auto there = copy.sets.find(key_of(deletions[i]));
      if (there == copy.sets.end())
        throw Refusal(404, "notFound",
                      fmt::format("The {}' resource named '{} ({})' does not exist.", place("deletions", i),
                                  key_of(deletions[i]).first, key_of(deletions[i]).second));
      if (there->second.contains("routingPolicy") || !same(deletions[i], there->second))
        throw Refusal(412, "conditionNotMet", fmt::format("Precondition not met for {}'", place("deletions", i)));
      copy.sets.erase(there);
    }
    for (std::size_t i = 0; i < additions.size(); ++i) {
      check(additions[i], zone, place("additions", i));
      Json set = additions[i];
      set["kind"] = "dns#resourceRecordSet";
      if (!copy.sets.emplace(key_of(set), set).second)
        throw Refusal(409, "alreadyExists",
                      fmt::format("The resource {}' named '{} ({})' already exists", place("additions", i),
                                  key_of(set).first, key_of(set).second));
    }
    for (const char* type : {"SOA", "NS"})
      if (!copy.sets.contains({zone.dns_name, type}))
        throw Refusal(400, "containerNotEmpty", fmt::format("The zone keeps its {}", type));
    check_cnames(copy);
    sent["kind"] = "dns#change";
    sent["id"] = std::to_string(zone.changes.size() + 1);
    sent["startTime"] = "2026-11-22T12:00:00.000Z";
    sent["status"] = "pending";
    copy.changes.emplace_back(sent, state_->pending);
    zone = std::move(copy);
    return sent;
  });
}

ApiReply GoogleFake::trouble(int status, const std::string& why) const {
  switch (status) {
    case 401:
      return failed(401, "authError",
                    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or "
                    "other valid authentication credential.");
    case 404:
      return failed(404, "notFound", "Not Found");
    case 405:
      return failed(405, "httpMethodNotAllowed", "Method Not Allowed");
    default:
      return failed(status, status < 500 ? "badRequest" : "backendError", why);
  }
}

ApiReply GoogleFake::throttled(std::chrono::seconds) const {
  return failed(403, "rateLimitExceeded", "Rate Limit Exceeded");
}

std::optional<ApiReply> GoogleFake::refusal(const ApiRequest& request) const {
  if (request.path == "/token") return std::nullopt;
  const std::string given = request.header("authorization").value_or("");
  const auto token = state_->tokens.find(given.substr(std::min<std::size_t>(7, given.size())));
  if (given.starts_with("Bearer ") && token != state_->tokens.end() && token->second > std::time(nullptr))
    return std::nullopt;
  return trouble(401, "");
}

std::string GoogleFake::key_file() const {
  return Json{{"type", "service_account"},     {"project_id", kProject},
              {"private_key_id", kKeyId},      {"private_key", pem_of(account_key())},
              {"client_email", kEmail},        {"client_id", "100000000000000000000"},
              {"token_uri", root() + "/token"}}
      .dump(2);
}

std::string GoogleFake::secret() { return split(pem_of(account_key()), '\n').at(5); }

std::string GoogleFake::add_zone(const std::string& name, const std::string& visibility) {
  const auto hold = locked();
  std::string id = name;
  std::replace(id.begin(), id.end(), '.', '-');
  const auto before = std::count_if(state_->zones.begin(), state_->zones.end(),
                                    [&](const Zone& each) { return each.dns_name == name + "."; });
  if (before != 0) id += fmt::format("-{}", before + 1);
  Zone zone{id, name + ".", visibility};
  const auto own = [&](const char* type, int ttl, const char* data) {
    zone.sets[{zone.dns_name, type}] = {
        {"kind", "dns#resourceRecordSet"}, {"name", zone.dns_name}, {"type", type}, {"ttl", ttl}, {"rrdatas", {data}}};
  };
  own("SOA", 21600, "ns-cloud-a1.googledomains.com. cloud-dns-hostmaster.google.com. 1 21600 3600 259200 300");
  own("NS", 21600, "ns-cloud-a1.googledomains.com.");
  state_->zones.push_back(std::move(zone));
  return id;
}

void GoogleFake::add(const std::string& zone, const std::string& set) {
  const auto hold = locked();
  const Json json = Json::parse(set);
  state_->zone(zone).sets[key_of(json)] = json;
}

void GoogleFake::put(const std::string& zone, const RecordSet& set) {
  add(zone, Json{{"kind", "dns#resourceRecordSet"},
                 {"name", set.name.text()},
                 {"type", to_text(set.type)},
                 {"ttl", set.ttl.count()},
                 {"rrdatas", set.rdata}}
                .dump());
}

std::string GoogleFake::set(const std::string& zone, const std::string& name, const std::string& type) const {
  const auto hold = locked();
  const auto& sets = state_->zone(zone).sets;
  const auto at = sets.find({name + ".", type});
  return at == sets.end() ? "null" : at->second.dump();
}

void GoogleFake::set_page_limit(std::size_t limit) {
  const auto hold = locked();
  state_->page_limit = limit;
}

void GoogleFake::set_token_life(std::chrono::seconds life) {
  const auto hold = locked();
  state_->token_life = life;
}

void GoogleFake::revoke_tokens() {
  const auto hold = locked();
  state_->tokens.clear();
}

int GoogleFake::granted() const {
  const auto hold = locked();
  return state_->granted;
}

void GoogleFake::set_pending(int times) {
  const auto hold = locked();
  state_->pending = times;
}

}  // namespace cutover::servers
