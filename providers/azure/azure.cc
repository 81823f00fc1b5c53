#include "providers/azure/azure.h"

#include "providers/api_provider.h"
#include "providers/azure/record_json.h"
#include "providers/file.h"
#include "providers/json_body.h"
#include "providers/oauth.h"

namespace cutover::providers::azure {
namespace {

constexpr std::string_view kUrl = "https://management.azure.com";
constexpr std::string_view kLoginUrl = "https://login.microsoftonline.com";
constexpr std::string_view kVersion = "api-version=2018-05-01";
constexpr RecordForm kForm{RecordForm::Names::kWithoutDot, RecordForm::Text::kQuoted, RecordForm::Priority::kInside};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "a call makes, changes or deletes one record set", "2026-11-22"},
      .atomic = {AtomicScope::kRecordSet,
                 "there is no call for several record sets; what a change that broke off has made is finished with "
                 "--resume, or undone with rollback",
                 "2026-11-22"},
      .atomic_limit = {1, "one record set", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kVersion,
                           "a call carries the version (ETag) of the set that was compared, and fails when the set has "
                           "another by then",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer says that Azure has it", "2026-11-22"},
      .ttl_floor = {Seconds(1), "1 s", "2026-11-22"},
      .settle_time = {Seconds(60), "Azure's manual: on the name servers within 60 s, typically", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr},
                "Azure DNS has A, AAAA, CNAME, TXT, MX, SRV, CAA and PTR, and no HTTPS or SVCB",
                "2026-11-22"},
      .ttl_ceiling = {Seconds(2147483647), "that of DNS", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def access_token():
    form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "scope": URL + "/.default",
            "client_secret": credential("client_secret")}
    request = urllib.request.Request(LOGIN_URL + "/" + TENANT + "/oauth2/v2.0/token",
                                     urllib.parse.urlencode(form).encode(), method="POST")
    return json.loads(send(request))["access_token"]


TOKEN = []


def authorize(request):
    if not TOKEN:
        TOKEN.append(access_token())
    request.add_header("Authorization", "Bearer " + TOKEN[0])


def sets():
    link = "%s/dnsZones/%s/recordsets?api-version=2018-05-01" % (GROUP_PATH, ZONE.rstrip("."))
    while link:
        reply = fetch("GET", link)
        yield from reply["value"]
        link = reply.get("nextLink")
        if link and not link.replace(":443/", "/", 1).lower().startswith(URL.lower() + "/"):
            stop("the next page is elsewhere, where the credential does not go")


def data(kind, fields):
    for each in fields.get({"CAA": "caaRecords"}.get(kind, kind + "Records")) or []:
        if kind == "TXT":
            yield "".join(each["value"])
        else:
            order = {"A": ["ipv4Address"], "AAAA": ["ipv6Address"], "PTR": ["ptrdname"], "NS": ["nsdname"],
                     "MX": ["preference", "exchange"], "SRV": ["priority", "weight", "port", "target"],
                     "CAA": ["flags", "tag", "value"]}[kind]
            yield " ".join(str(each[field]) for field in order)
    if kind == "CNAME" and fields.get("CNAMERecord"):
        yield fields["CNAMERecord"]["cname"]


def records():
    for each in sets():
        kind = each["type"].rsplit("/", 1)[1]
        name = ZONE if each["name"] == "@" else each["name"] + "." + ZONE
        for value in data(kind, each["properties"]):
            yield name, kind, each["properties"].get("TTL"), value, each["etag"]
)PY";

struct Account {
  std::string tenant, client_id, subscription, resource_group;
  std::string login_url;
  std::string client_secret;  ///< where it is
};

class Azure final : public ApiProvider {
 public:
  Azure(Api api, Account account) : ApiProvider(std::move(api), kForm), account_(std::move(account)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {std::string(kPython),
            {{"TENANT", percent_encoded(account_.tenant)},
             {"CLIENT_ID", account_.client_id},
             {"LOGIN_URL", account_.login_url},
             {"GROUP_PATH", group_path()}},
            {{"client_secret", account_.client_secret}}};
  }

 private:
  std::string group_path() const {
    return fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Network",
                       percent_encoded(account_.subscription), percent_encoded(account_.resource_group));
  }
  std::string zone_path(const DomainName& zone) const {
    return fmt::format("{}/dnsZones/{}", group_path(), percent_encoded(zone.host()));
  }
  std::string set_path(const RecordKey& key, const DomainName& zone) const {
    return fmt::format("{}/{}/{}?{}", zone_path(zone), to_text(key.type), percent_encoded(owner_text(key.name, zone)),
                       kVersion);
  }
  Result<void> add_one(Listing& found, const RecordKey& key) const;
  Result<void> add_all(Listing& found) const;
  Result<std::optional<std::string>> page_after(const Json& json) const;

  Account account_;
};

Result<void> Azure::check(const Change& change, const DomainName& zone) const {
  if (!change.after) return {};
  std::string why = trouble_with(*change.after);
  if (change.key.type == RecordType::kCname && change.key.name == zone)
    why = "a CNAME cannot stand at the zone's own name; give A and AAAA records";
  if (why.empty()) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("{} cannot be changed through {}: {}", change.key.text(), api().who(), why));
}

/// Links are whole URLs; the credential goes to the API alone.
Result<std::optional<std::string>> Azure::page_after(const Json& json) const {
  const auto at = json.find("nextLink");
  if (at == json.end() || at->is_null() || at->get_ref<const std::string&>().empty())
    return std::optional<std::string>();
  std::string link = at->get<std::string>();
  // Azure writes the port, at times.
  const auto path = link.find('/', link.find("://") + 3);
  if (path != std::string::npos && link.substr(0, path).ends_with(":443")) link.erase(path - 4, 4);
  const std::string below = api().url() + "/";
  if (to_lower(link.substr(0, below.size())) != to_lower(below))
    return fail(ErrorCode::kInvalid, fmt::format("its next page is at {}, where the credential does not go",
                                                 printable(link.substr(0, path))));
  return std::optional(link.substr(below.size() - 1));
}

Result<void> Azure::add_one(Listing& found, const RecordKey& key) const {
  found.extent = Listing::Extent::kSome;
  auto body = api().read(set_path(key, found.zone.origin), fmt::format("reading {}", key.text()));
  if (!body) return body.error().code == ErrorCode::kNotFound ? Result<void>() : body.error();
  return read_json(*body, [&](const Json& set) { return add_set(found, set); });
}

Result<void> Azure::add_all(Listing& found) const {
  const DomainName& zone = found.zone.origin;
  return api().read_pages(fmt::format("{}/recordsets?{}", zone_path(zone), kVersion),
                          fmt::format("reading {}", zone.text()), [&](const std::string& body) {
                            return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
                              for (const Json& set : json.at("value"))
                                if (auto added = add_set(found, set); !added) return added.error();
                              return page_after(json);
                            });
                          });
}

/// Of one set, Azure itself sees whether a CNAME would stand beside it. What takes several calls is looked at as a
/// whole first, so that none of them is refused half-way.
Result<Listing> Azure::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  Listing found = listing(zone);
  const bool just_one = keys != nullptr && keys->size() == 1;
  if (auto added = just_one ? add_one(found, keys->at(0)) : add_all(found); !added) return added.error();
  return found;
}

/// PATCH leaves metadata alone.
Result<ApiCall> Azure::call(const Part& part, const Ids& ids) const {
  const Change& change = part.changes.changes.at(0);
  const std::string path = set_path(change.key, part.changes.zone);
  std::string body;
  if (change.after) {
    RecordSet sent = *change.after;
    for (std::string& rdata : sent.rdata) rdata = data(change.key, rdata).content;
    body = Json{{"properties", properties_of(sent)}}.dump();
  }
  if (!change.before) return ApiCall{"PUT", path, body, {{"If-None-Match", "*"}}};
  const std::string version = ids.record(change.key, change.before->rdata.at(0));
  return ApiCall{change.after ? "PATCH" : "DELETE", path, body, {{"If-Match", version}}};
}

/// Codes of Azure Resource Manager; beside these its HTTP status says it.
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  if (response.status < 400) return std::nullopt;
  const Json json = Json::parse(response.body, nullptr, false);
  // That a set is not there is taken from Azure alone, and not from something on the way to it.
  if (!json.is_object()) return response.status == 404 ? std::optional(ErrorCode::kInvalid) : std::nullopt;
  const auto error = json.find("error");
  const Json& body = error != json.end() && error->is_object() ? *error : json;
  const std::string code = body.value("code", "");
  if (code == "ScopeLocked" || code == "ReadOnlyDisabledSubscription" || code == "RequestDisallowedByPolicy")
    return ErrorCode::kRefused;
  if (code == "TooManyRequests" || code == "SubscriptionRequestsThrottled") return ErrorCode::kBusy;
  return std::nullopt;
}

constexpr std::string_view kTenantNames[] = {"AZURE_TENANT_ID"};
constexpr std::string_view kClientNames[] = {"AZURE_CLIENT_ID"};
constexpr std::string_view kSecretNames[] = {"AZURE_CLIENT_SECRET"};
constexpr std::string_view kSubscriptionNames[] = {"AZURE_SUBSCRIPTION_ID"};
constexpr std::string_view kGroupNames[] = {"AZURE_RESOURCE_GROUP"};
constexpr OptionSpec kOptions[] = {
    {"tenant", "the directory (tenant) id", true, false, kTenantNames},
    {"client_id", "the application (client) id", true, false, kClientNames},
    {"client_secret", "a client secret of that application", true, true, kSecretNames},
    {"subscription", "the id of the subscription that the zone is in", true, false, kSubscriptionNames},
    {"resource_group", "the resource group that the zone is in", true, false, kGroupNames},
    {"login_url", "where tokens are granted; https://login.microsoftonline.com when left out", false, false},
    {"url", "where the API is; https://management.azure.com when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

TokenSource::Settings tokens_for(const Account& account, const net::Secret& secret, const std::string& url) {
  TokenSource::Settings tokens;
  tokens.service = "Microsoft's token endpoint";
  tokens.url = fmt::format("{}/{}/oauth2/v2.0/token", account.login_url, percent_encoded(account.tenant));
  tokens.form = [client_id = account.client_id, secret, url](Instant) -> Result<TokenSource::Form> {
    return TokenSource::Form{{"grant_type", "client_credentials"},
                             {"client_id", client_id},
                             {"client_secret", secret.reveal()},
                             {"scope", url + "/.default"}};
  };
  tokens.secret_fields = {"client_secret"};
  return tokens;
}

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  const std::string reference = option_of(config, "client_secret");
  auto secret = net::read_credential(reference, config.base_folder);
  if (!secret) return within("the option 'client_secret' of the provider 'azure'", secret.error());
  const Account account{option_of(config, "tenant"),
                        option_of(config, "client_id"),
                        option_of(config, "subscription"),
                        option_of(config, "resource_group"),
                        without_slash(option_of(config, "login_url", kLoginUrl)),
                        absolute_reference(reference, config.base_folder)};
  Api::Settings settings;
  settings.service = "Azure DNS";
  settings.url = without_slash(option_of(config, "url", kUrl));
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  settings.secrets = {*secret};
  settings.meaning = meaning_of;
  settings.tell = context.tell;
  settings.clock = &context.clock;
  TokenSource::Settings tokens = tokens_for(account, *secret, settings.url);
  tokens.ca_file = settings.ca_file;
  tokens.tell = context.tell;
  auto source = TokenSource::make(context.loop, context.clock, std::move(tokens));
  if (!source) return within("the option 'login_url' of the provider 'azure'", source.error());
  use_tokens(settings, *source);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'azure'", api.error());
  return std::unique_ptr<Provider>(std::make_unique<Azure>(std::move(*api), account));
}

}  // namespace

Entry entry() {
  return {"azure",
          "Azure DNS",
          kOptions,
          open,
          what_it_can,
          "An application of Entra ID with a client secret.",
          "An application with the role DNS Zone Contributor on the zone alone."};
}

}  // namespace cutover::providers::azure
