#include "providers/google/google.h"

#include <filesystem>
#include <set>

#include "providers/api_provider.h"
#include "providers/environment.h"
#include "providers/file.h"
#include "providers/google/in_python.h"
#include "providers/google/service_account.h"
#include "providers/json_body.h"

namespace cutover::providers::google {
namespace {

constexpr std::string_view kUrl = "https://dns.googleapis.com/dns/v1";
constexpr RecordForm kForm{RecordForm::Names::kWithDot, RecordForm::Text::kQuoted, RecordForm::Priority::kInside};
/// From so many names on the whole zone is read: pages hold hundreds of sets.
constexpr std::size_t kFewNames = 8;

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "a change deletes record sets and adds others", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "one change is applied whole or not at all", "2026-11-22"},
      .atomic_limit = {1000, "a change holds 1,000 additions and 1,000 deletions", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kValuesAndTtl,
                           "a change deletes each former set as it was listed, and fails when it is not so any more",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent,
                 "`done` says that the change was sent to the name servers, which may not have it yet", "2026-11-22"},
      .ttl_floor = {Seconds(0), "Google names none", "2026-11-22"},
      .settle_time = {Seconds(60), "Google promises no time; a minute after `done` is this program's own margin",
                      "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kTlsa, T::kHttps, T::kSvcb,
                 T::kNaptr, T::kSshfp},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, HTTPS, SVCB, NAPTR and SSHFP are written",
                "2026-11-22"},
      .ttl_ceiling = {Seconds(2147483647), "that of DNS", "2026-11-22"},
  };
  return capabilities;
}

/// What names a set in a deletion: the set in Google's own spelling, which must be met exactly.
Json as_listed(const Json& set) {
  Json kept;
  for (const char* field : {"name", "type", "ttl", "rrdatas"}) kept[field] = set.at(field);
  return kept;
}

Result<void> add(Listing& found, const Json& set) {
  ListedRecord record;
  auto name = DomainName::from_text(set.at("name").get<std::string>());
  if (!name) return name.error();
  record.name = *name;
  record.type = set.at("type").get<std::string>();
  // Its serial stays when records change: it tells nothing.
  if (record.type == "SOA") return {};
  record.ttl = Seconds(set.value("ttl", std::int64_t(0)));
  if (const auto policy = set.find("routingPolicy"); policy != set.end() && !policy->empty()) {
    record.refused =
        "has a routing policy: its answers depend on who asks, on weights or on health, and a change of "
        "plain values would lose that; change it in Google Cloud";
    record.data.content = policy->dump();
    return found.add(record);
  }
  record.id = as_listed(set).dump();
  for (const Json& value : set.at("rrdatas")) {
    record.data.content = value.get<std::string>();
    if (auto added = found.add(record); !added) return added;
  }
  return {};
}

class Google final : public ApiProvider {
 public:
  Google(Api api, std::string project, std::string managed_zone, std::string key)
      : ApiProvider(std::move(api), kForm),
        project_(std::move(project)),
        managed_zone_(std::move(managed_zone)),
        key_(std::move(key)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }
  Result<bool> in_sync(const Receipt& receipt) override;

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  std::string kept_of(const std::string& body) const override {
    const Json json = Json::parse(body, nullptr, false);
    return Json{{"change", json.is_object() ? json.value("id", "") : ""}}.dump();
  }
  ServiceInPython in_python() const override {
    return {std::string(kPython),
            {{"PROJECT", project_}, {"MANAGED_ZONE", managed_zone_}},
            {{"key", key_}},
            "python3 and openssl"};
  }

 private:
  std::string zones_path() const { return fmt::format("/projects/{}/managedZones", percent_encoded(project_)); }
  std::string zone_path(const std::string& managed_zone) const {
    return fmt::format("{}/{}", zones_path(), managed_zone);
  }
  Result<std::string> find_zone(const DomainName& zone);
  Result<std::string> named_zone(const DomainName& zone, std::string_view doing) const;
  Result<std::string> public_zone(const DomainName& zone, std::string_view doing) const;

  std::string project_;
  std::string managed_zone_;  ///< as the plan says; empty: it is looked for by its DNS name
  std::string key_;           ///< where the key file is
  std::map<DomainName, std::string> found_;
};

/// The path of the page after this one.
std::optional<std::string> page_after(const Json& json, const std::string& path) {
  const std::string token = json.value("nextPageToken", "");
  if (token.empty()) return std::nullopt;
  return fmt::format("{}{}pageToken={}", path, path.find('?') == std::string::npos ? '?' : '&', percent_encoded(token));
}

Result<std::string> Google::named_zone(const DomainName& zone, std::string_view doing) const {
  const std::string name = percent_encoded(managed_zone_);
  auto body = api().read(zone_path(name), doing);
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<std::string> {
    const auto holds = json.at("dnsName").get<std::string>();
    if (holds == zone.text()) return name;
    return fail(ErrorCode::kNotFound, fmt::format("{}: the managed zone {} of {} holds {}", doing,
                                                  printable(managed_zone_), api().who(), printable(holds)));
  });
}

Result<std::string> Google::public_zone(const DomainName& zone, std::string_view doing) const {
  std::vector<std::string> found;
  const std::string first = fmt::format("{}?dnsName={}", zones_path(), percent_encoded(zone.text()));
  auto read = api().read_pages(first, doing, [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& each : json.value("managedZones", Json::array()))
        if (each.value("visibility", "public") != "private") found.push_back(each.at("name").get<std::string>());
      return page_after(json, first);
    });
  });
  if (!read) return read.error();
  if (found.size() == 1) return percent_encoded(found[0]);
  if (found.empty())
    return fail(ErrorCode::kNotFound,
                fmt::format("{}: the project {} at {} has no public one that this account may see; a private one is "
                            "named by managed_zone",
                            doing, printable(project_), api().who()));
  return fail(ErrorCode::kUsage,
              fmt::format("{}: the project {} at {} has {} public ones of that name ({}): say with managed_zone which "
                          "one the name servers of the delegation belong to",
                          doing, printable(project_), api().who(), found.size(), printable(join(found, ", "))));
}

Result<std::string> Google::find_zone(const DomainName& zone) {
  if (const auto known = found_.find(zone); known != found_.end()) return known->second;
  const std::string doing = fmt::format("looking for the zone {}", zone.text());
  auto name = managed_zone_.empty() ? public_zone(zone, doing) : named_zone(zone, doing);
  if (name) found_.emplace(zone, *name);
  return name;
}

/// The lists that hold these names; one list without a name for all of them.
std::set<std::string> queries_for(const std::vector<RecordKey>* keys) {
  std::set<std::string> names;
  if (keys != nullptr)
    for (const RecordKey& key : *keys) names.insert("?name=" + percent_encoded(key.name.text()));
  return names.empty() || names.size() > kFewNames ? std::set<std::string>{""} : names;
}

Result<Listing> Google::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  Listing found = listing(zone);
  auto id = find_zone(zone);
  if (!id) return id.error();
  found.zone_id = *id;
  const auto queries = queries_for(keys);
  if (!queries.count("")) found.extent = Listing::Extent::kSome;
  for (const std::string& query : queries) {
    const std::string first = zone_path(*id) + "/rrsets" + query;
    auto read = api().read_pages(first, fmt::format("reading {}", zone.text()), [&](const std::string& body) {
      return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
        for (const Json& set : json.value("rrsets", Json::array()))
          if (auto added = add(found, set); !added) return added.error();
        return page_after(json, first);
      });
    });
    if (!read) return read.error();
  }
  return found;
}

Result<ApiCall> Google::call(const Part& part, const Ids& ids) const {
  std::vector<std::string> additions, deletions;
  for (const Change& change : part.changes.changes) {
    if (change.before) deletions.push_back(ids.record(change.key, change.before->rdata.at(0)));
    if (!change.after) continue;
    Json rrdatas = Json::array();
    for (const std::string& value : change.after->rdata) rrdatas.push_back(data(change.key, value).content);
    additions.push_back(Json{{"name", change.key.name.text()},
                             {"type", to_text(change.key.type)},
                             {"ttl", change.after->ttl.count()},
                             {"rrdatas", std::move(rrdatas)}}
                            .dump());
  }
  // The deletions are JSON already.
  return ApiCall{"POST", zone_path(ids.zone) + "/changes",
                 fmt::format(R"({{"additions":[{}],"deletions":[{}]}})", join(additions, ","), join(deletions, ","))};
}

Result<bool> Google::in_sync(const Receipt& receipt) {
  const Json reply = Json::parse(receipt.reply, nullptr, false);
  const std::string change = reply.is_object() ? reply.value("change", "") : "";
  if (change.empty()) return true;
  auto id = find_zone(receipt.zone);
  if (!id) return id.error();
  auto body = api().read(fmt::format("{}/changes/{}", zone_path(*id), percent_encoded(change)),
                         fmt::format("asking how far the change of {} is", receipt.zone.text()));
  if (!body) return body.error();
  return read_json(*body, [](const Json& json) -> Result<bool> { return json.at("status") == "done"; });
}

/// Google's own words (Cloud DNS API, "Errors"): `error.errors[].reason`.
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  if (response.status < 400) return std::nullopt;
  const Json json = Json::parse(response.body, nullptr, false);
  const auto error = json.is_object() ? json.find("error") : json.end();
  if (error == json.end() || !error->is_object()) return std::nullopt;
  for (const Json& each : error->value("errors", Json::array())) {
    if (!each.is_object()) continue;
    const std::string reason = each.value("reason", "");
    if (reason == "conditionNotMet" || reason == "alreadyExists") return ErrorCode::kConflict;
    if (reason == "rateLimitExceeded" || reason == "userRateLimitExceeded") return ErrorCode::kBusy;
    // A zone is not found, or a set that should be deleted: the place in the request is in the sentence alone.
    if (reason == "notFound" && each.value("message", "").find("'entity.change.") != std::string::npos)
      return ErrorCode::kConflict;
  }
  return std::nullopt;
}

// GCE_SERVICE_ACCOUNT_FILE and GCE_PROJECT are lego's.
constexpr std::string_view kKeyNames[] = {"GCE_SERVICE_ACCOUNT"};
constexpr std::string_view kProjectNames[] = {"GCE_PROJECT", "GOOGLE_CLOUD_PROJECT"};
constexpr OptionSpec kOptions[] = {
    {"key", "the key file of a service account that may edit the zone, file/PATH", false, true, kKeyNames},
    {"project", "the project that the zone is in; the key file's own when left out", false, false, kProjectNames},
    {"managed_zone", "Google's name for the zone; looked for by its DNS name when left out", false, false},
    {"url", "where the API is; https://dns.googleapis.com/dns/v1 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

/// What Google's own tools look at: a path, not the key.
std::string reference_of(const ProviderConfig& config) {
  if (const std::string given = option_of(config, "key"); !given.empty()) return given;
  const auto path = variable_of_process("GOOGLE_APPLICATION_CREDENTIALS");
  return path && !path->empty() ? "file/" + std::filesystem::absolute(*path).string() : std::string();
}

Result<ServiceAccount> account_of(const ProviderConfig& config, const std::string& reference) {
  if (reference.empty())
    return fail(ErrorCode::kUsage,
                "the provider 'google' needs the option 'key': the key file of a service account, "
                "file/PATH; GOOGLE_APPLICATION_CREDENTIALS names none either");
  auto file = net::read_credential(reference, config.base_folder);
  if (!file) return file.error();
  return service_account_from(*file);
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  const std::string reference = reference_of(config);
  auto account = account_of(config, reference);
  if (!account) return within("the option 'key' of the provider 'google'", account.error());
  const std::string project = option_of(config, "project", account->project);
  if (project.empty())
    return fail(ErrorCode::kUsage, "the provider 'google' needs the option 'project': the key file names none");
  Api::Settings settings;
  settings.service = "Google Cloud DNS";
  settings.url = option_of(config, "url", kUrl);
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  settings.meaning = meaning_of;
  settings.tell = context.tell;
  settings.clock = &context.clock;
  TokenSource::Settings tokens;
  tokens.service = "Google's token endpoint";
  tokens.url = account->token_url;
  tokens.ca_file = settings.ca_file;
  tokens.form = [account = *account](Instant now) { return token_form(account, now); };
  tokens.secret_fields = {"assertion"};
  tokens.tell = context.tell;
  auto source = TokenSource::make(context.loop, context.clock, std::move(tokens));
  if (!source) return within("the token_uri in the key file of the provider 'google'", source.error());
  use_tokens(settings, *source);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'google'", api.error());
  return std::unique_ptr<Provider>(std::make_unique<Google>(std::move(*api), project, option_of(config, "managed_zone"),
                                                            absolute_reference(reference, config.base_folder)));
}

}  // namespace

Entry entry() {
  return {"google",
          "Google Cloud DNS",
          kOptions,
          open,
          what_it_can,
          "Without `key` the file that GOOGLE_APPLICATION_CREDENTIALS names.",
          "A service account with dns.changes.create, dns.changes.get, dns.managedZones.get, dns.managedZones.list, "
          "dns.resourceRecordSets.create, .delete, .list and .update on the zone's project."};
}

}  // namespace cutover::providers::google
