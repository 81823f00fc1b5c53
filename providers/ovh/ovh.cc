#include "providers/ovh/ovh.h"

#include <array>
#include <set>

#include "core/clock.h"
#include "providers/api_provider.h"
#include "providers/file.h"
#include "providers/json_body.h"
#include "providers/ovh/record_json.h"
#include "providers/ovh/signature.h"

namespace cutover::providers::ovh {
namespace {

/// Above this many names the whole zone is read instead.
constexpr std::size_t kFewNames = 50;

struct Place {
  std::string_view name, url;
};
constexpr Place kPlaces[] = {
    {"ovh-eu", "https://eu.api.ovh.com/1.0"},
    {"ovh-ca", "https://ca.api.ovh.com/1.0"},
    {"ovh-us", "https://api.us.ovhcloud.com/1.0"},
};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = record_calls::kUnit,
      .atomic = {AtomicScope::kNone,
                 "one call edits one record; what was edited is served all at once, after the refresh", "2026-11-22"},
      .atomic_limit = {1, "one record per call", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "records are read and compared right before each call, and named by their ids",
                           "2026-11-22"},
      .commit_step = {"refresh", "the name servers get edited records only when the zone is refreshed", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer to the refresh says that it is under way", "2026-11-22"},
      .ttl_floor = {Seconds(60), "60 s", "2026-11-22"},
      .settle_time = {Seconds(120), "OVH promises no time for the refresh", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kTlsa, T::kSshfp,
                 T::kNaptr},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, SSHFP and NAPTR are written",
                "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
RECORDS = "/domain/zone/%s/record" % ZONE.rstrip(".")
ahead = None


def authorize(request):
    global ahead
    if ahead is None:  # signatures hold for the service's own time
        with OPENER.open(URL + "/auth/time", timeout=30) as reply:
            ahead = int(reply.read()) - int(time.time())
    body = (request.data or b"").decode()
    now = str(int(time.time()) + ahead)
    secrets = [credential("application_secret"), credential("consumer_key")]
    text = "+".join(secrets + [request.get_method(), request.full_url, body, now])
    request.add_header("X-Ovh-Application", credential("application_key"))
    request.add_header("X-Ovh-Consumer", credential("consumer_key"))
    request.add_header("X-Ovh-Timestamp", now)
    request.add_header("X-Ovh-Signature", "$1$" + hashlib.sha1(text.encode()).hexdigest())


def absolute(kind, value):  # a name without a dot at its end is the zone's
    if kind not in ("CNAME", "MX", "NS", "SRV", "PTR", "DNAME") or value.endswith("."):
        return value
    return value[:-1] + ZONE if value == "@" or value.endswith(" @") else value + "." + ZONE


def records():
    for name in sorted({key.split(" ")[0] for key in LEFT}):
        label = name[: -len(ZONE)].rstrip(".")
        for number in fetch("GET", RECORDS + "?subDomain=" + urllib.parse.quote(label, safe="")):
            record = fetch("GET", "%s/%d" % (RECORDS, number))
            if record["subDomain"].lower() != label:
                continue
            kind = "TXT" if record["fieldType"] in ("SPF", "DKIM", "DMARC") else record["fieldType"]
            ttl = record["ttl"] or fetch("GET", RECORDS[: -len("record")] + "soa")["ttl"]
            yield name, kind, ttl, absolute(kind, record["target"]), number


def commit():
    fetch_text("POST", RECORDS[: -len("record")] + "refresh")
)PY";

std::string zone_path(const DomainName& zone) { return "/domain/zone/" + percent_encoded(zone.host()); }

struct References {
  std::string application_key, application_secret, consumer_key;
};

class Ovh final : public ApiProvider {
 public:
  Ovh(Api api, References where) : ApiProvider(std::move(api), {}), where_(std::move(where)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  std::optional<ApiCall> commit_call(const DomainName& zone) const override {
    return ApiCall{"POST", zone_path(zone) + "/refresh"};
  }
  Result<void> check(const Change& change, const DomainName& zone) const override {
    if (change.after && change.key.type == RecordType::kCname && change.key.name == zone)
      return fail(ErrorCode::kUnsupported, fmt::format("{} would be a CNAME at the zone's own name, where there are NS "
                                                       "records: give A and AAAA records",
                                                       change.key.text()));
    return {};
  }
  ServiceInPython in_python() const override {
    return {std::string(kPython),
            {},
            {{"application_key", where_.application_key},
             {"application_secret", where_.application_secret},
             {"consumer_key", where_.consumer_key}}};
  }

 private:
  Result<std::vector<std::string>> ids_of(const DomainName& zone, const std::set<DomainName>& names) const;
  Result<Seconds> ttl_by_default(const DomainName& zone) const;

  References where_;
};

/// Lists name ids and nothing else. No names: those of the whole zone.
Result<std::vector<std::string>> Ovh::ids_of(const DomainName& zone, const std::set<DomainName>& names) const {
  const std::string records = zone_path(zone) + "/record";
  std::vector<std::string> paths;
  for (const DomainName& name : names)
    paths.push_back(records + "?subDomain=" + percent_encoded(owner_text(name, zone, "")));
  if (names.empty()) paths.push_back(records);
  auto lists = api().read_all(paths, fmt::format("reading {}", zone.text()));
  if (!lists) return lists.error();
  std::set<std::string> ids;  // a filter may find more than was asked for
  for (const std::string& list : *lists) {
    auto read = read_json(list, [&](const Json& json) -> Result<void> {
      for (const Json& id : json) ids.insert(std::to_string(id.get<std::int64_t>()));
      return {};
    });
    if (!read) return read.error();
  }
  return std::vector<std::string>(ids.begin(), ids.end());
}

Result<Seconds> Ovh::ttl_by_default(const DomainName& zone) const {
  auto body = api().read(zone_path(zone) + "/soa", fmt::format("reading the TTL of {}", zone.text()));
  if (!body) return body.error();
  return read_json(*body,
                   [](const Json& json) -> Result<Seconds> { return Seconds(json.at("ttl").get<std::int64_t>()); });
}

Result<Listing> Ovh::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  std::set<DomainName> names;
  if (keys != nullptr)
    for (const RecordKey& key : *keys) names.insert(key.name);
  if (names.size() > kFewNames) names.clear();
  auto ids = ids_of(zone, names);
  if (!ids) return ids.error();
  std::vector<std::string> paths;
  for (const std::string& id : *ids) paths.push_back(zone_path(zone) + "/record/" + id);
  auto bodies = api().read_all(paths, fmt::format("reading {}", zone.text()));
  if (!bodies) return bodies.error();

  Listing found = listing(zone);
  if (!names.empty()) found.extent = Listing::Extent::kSome;
  std::optional<Seconds> by_default;
  std::set<std::array<std::string, 3>> seen;
  for (const std::string& body : *bodies) {
    auto added = read_json(body, [&](const Json& json) -> Result<void> {
      if (json.at("ttl") == 0 && !by_default) {
        auto ttl = ttl_by_default(zone);
        if (!ttl) return ttl.error();
        by_default = *ttl;
      }
      ListedRecord record = record_from(json, zone, by_default.value_or(Seconds(0)));
      if (!seen.insert({record.name.text(), record.type, record.data.content}).second)
        record.refused = "has the same record twice, which OVH allows: delete one of them first";
      return found.add(record);
    });
    if (!added) return added.error();
  }
  return found;
}

Result<ApiCall> Ovh::call(const Part& part, const Ids& ids) const {
  const RecordKey& key = part.changes.changes.at(0).key;
  const DomainName& zone = part.changes.zone;
  const Part::Record& edit = *part.record;
  const std::string records = zone_path(zone) + "/record";
  const auto one = [&] { return records + "/" + ids.record(key, edit.from); };
  if (edit.to.empty()) return ApiCall{"DELETE", one()};
  Json record{
      {"subDomain", owner_text(key.name, zone, "")}, {"target", data(key, edit.to).content}, {"ttl", edit.ttl.count()}};
  if (!edit.from.empty()) return ApiCall{"PUT", one(), record.dump()};
  record["fieldType"] = to_text(key.type);
  return ApiCall{"POST", records, record.dump()};
}

/// OVH's own words for keys and signatures that it does not accept; some come with HTTP 400.
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  static const std::set<std::string> refused{"INVALID_SIGNATURE", "INVALID_KEY",      "INVALID_CREDENTIAL",
                                             "NOT_CREDENTIAL",    "NOT_GRANTED_CALL", "QUERY_TIME_OUT"};
  const Json json = Json::parse(response.body, nullptr, false);
  if (!json.is_object() || response.status < 400) return std::nullopt;
  const Json code = json.value("errorCode", Json());
  return code.is_string() && refused.count(code.get<std::string>()) != 0 ? std::optional(ErrorCode::kAuth)
                                                                         : std::nullopt;
}

/// Signs with the service's time, which is asked for once: a signature holds for half a minute.
Api::Authorize signer(Keys keys, std::shared_ptr<Api> unsigned_api, const Clock& clock) {
  auto ahead = std::make_shared<std::optional<std::int64_t>>();
  return [=, &clock](net::HttpRequest& request) -> Result<void> {
    const auto now = [&] { return std::chrono::floor<Seconds>(clock.now()).time_since_epoch().count(); };
    if (!*ahead) {
      auto body = unsigned_api->read("/auth/time", "asking for the time that a signature needs");
      if (!body) return body.error();
      auto time = read_json(*body, [](const Json& json) -> Result<std::int64_t> { return json.get<std::int64_t>(); });
      if (!time) return time.error();
      *ahead = *time - now();
    }
    const std::int64_t timestamp = now() + **ahead;
    auto signature = signature_of(keys, request.method, request.url, request.body, timestamp);
    if (!signature) return signature.error();
    request.headers.emplace_back("X-Ovh-Application", keys.application_key);
    request.headers.emplace_back("X-Ovh-Consumer", keys.consumer_key.reveal());
    request.headers.emplace_back("X-Ovh-Timestamp", std::to_string(timestamp));
    request.headers.emplace_back("X-Ovh-Signature", *signature);
    return {};
  };
}

constexpr std::string_view kApplicationKey[] = {"OVH_APPLICATION_KEY"};
constexpr std::string_view kApplicationSecret[] = {"OVH_APPLICATION_SECRET"};
constexpr std::string_view kConsumerKey[] = {"OVH_CONSUMER_KEY"};
constexpr std::string_view kEndpoint[] = {"OVH_ENDPOINT"};
constexpr OptionSpec kOptions[] = {
    {"application_key", "the key of an application at OVH", true, true, kApplicationKey},
    {"application_secret", "its secret", true, true, kApplicationSecret},
    {"consumer_key", "the key that was granted to it", true, true, kConsumerKey},
    {"endpoint", "ovh-eu, ovh-ca or ovh-us; ovh-eu when left out", false, false, kEndpoint},
    {"url", "where the API is; as `endpoint` says when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::string> url_from(const ProviderConfig& config) {
  if (std::string url = option_of(config, "url"); !url.empty()) return url;
  const std::string endpoint = option_of(config, "endpoint", "ovh-eu");
  for (const Place& place : kPlaces)
    if (place.name == endpoint) return std::string(place.url);
  return fail(ErrorCode::kUsage, fmt::format("the option 'endpoint' of the provider 'ovh' is ovh-eu, ovh-ca or ovh-us, "
                                             "and not '{}'",
                                             printable(endpoint)));
}

Result<Keys> keys_from(const ProviderConfig& config) {
  std::vector<net::Secret> read;
  for (const char* option : {"application_key", "application_secret", "consumer_key"}) {
    auto secret = net::read_credential(option_of(config, option), config.base_folder);
    if (!secret) return within(fmt::format("the option '{}' of the provider 'ovh'", option), secret.error());
    read.push_back(std::move(*secret));
  }
  return Keys{read[0].reveal(), read[1], read[2]};
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  auto url = url_from(config);
  if (!url) return url.error();
  auto keys = keys_from(config);
  if (!keys) return keys.error();
  Api::Settings settings;
  settings.service = "OVH";
  settings.url = *url;
  settings.meaning = meaning_of;
  settings.clock = &context.clock;
  settings.tell = context.tell;
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  settings.secrets = {net::Secret(keys->application_key), keys->application_secret, keys->consumer_key};
  auto plain = Api::make(context.loop, settings);
  if (!plain) return within("the option 'url' of the provider 'ovh'", plain.error());
  settings.authorize = signer(*keys, std::make_shared<Api>(std::move(*plain)), context.clock);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return api.error();
  const auto where = [&](const char* option) {
    return absolute_reference(option_of(config, option), config.base_folder);
  };
  return std::unique_ptr<Provider>(std::make_unique<Ovh>(
      std::move(*api), References{where("application_key"), where("application_secret"), where("consumer_key")}));
}

}  // namespace

Entry entry() {
  return {"ovh",
          "OVHcloud",
          kOptions,
          open,
          what_it_can,
          "An application key with its secret, and a consumer key, made together at api.ovh.com/createToken or its "
          "like in other regions.",
          "A consumer key for GET /domain/zone/ZONE/*, POST, PUT and DELETE /domain/zone/ZONE/record*, and POST "
          "/domain/zone/ZONE/refresh, without which nothing that is changed is ever served."};
}

}  // namespace cutover::providers::ovh
