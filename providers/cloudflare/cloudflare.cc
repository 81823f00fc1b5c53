#include "providers/cloudflare/cloudflare.h"

#include "providers/api_provider.h"
#include "providers/cloudflare/record_json.h"
#include "providers/json_body.h"

namespace cutover::providers::cloudflare {
namespace {

constexpr std::string_view kUrl = "https://api.cloudflare.com/client/v4";
/// Too often means five minutes without an answer.
constexpr std::chrono::seconds kBlocked{330};
constexpr std::size_t kPage = 1000;
constexpr RecordForm kForm{RecordForm::Names::kWithoutDot, RecordForm::Text::kQuoted, RecordForm::Priority::kApart};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = record_calls::kUnit,
      .atomic = {AtomicScope::kZone,
                 "one batch is one transaction of Cloudflare's database; its servers take the records over one by one",
                 "2026-11-22"},
      .atomic_limit = {200, "a batch holds 200 records on the Free plan, 3,500 on paid ones", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "records are read and compared right before the batch; a record that somebody replaced has "
                           "another id, and the batch fails",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = record_calls::kSignal,
      .ttl_floor = {Seconds(60), "60 s, and 30 s on Enterprise zones", "2026-11-22"},
      .settle_time = {Seconds(30), "the servers take a change over within seconds; Cloudflare promises no time",
                      "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kTlsa, T::kHttps, T::kSvcb},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, HTTPS and SVCB are written",
                "2026-11-22"},
      .ttl_ceiling = {Seconds(86400), "a day", "2026-11-22"},
      .budget = {{1200, Seconds(300)}, "per token; then no call is answered for five minutes", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def zone_id():
    if ZONE_ID:
        return ZONE_ID
    query = urllib.parse.urlencode({"name": ZONE.rstrip(".")})
    return fetch("GET", "/zones?" + query)["result"][0]["id"]


def records():
    page = 1
    while True:
        reply = fetch("GET", "/zones/%s/dns_records?per_page=1000&page=%d" % (zone_id(), page))
        for record in reply["result"]:
            value = record["content"]
            if record["type"] == "MX":
                value = "%d %s" % (record["priority"], value)
            if record["type"] == "SRV":
                value = "%(priority)d %(weight)d %(port)d %(target)s" % record["data"]
            ttl = 300 if record["ttl"] == 1 else record["ttl"]  # 1 is automatic, served as 300
            yield record["name"], record["type"], ttl, value, record["id"]
        if page * 1000 >= reply["result_info"]["total_count"]:
            return
        page += 1
)PY";

class Cloudflare final : public ApiProvider {
 public:
  Cloudflare(Api api, std::string zone_id, std::string token)
      : ApiProvider(std::move(api), kForm), zone_id_(std::move(zone_id)), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {with_bearer_token(kPython), {{"ZONE_ID", zone_id_}}, {{"token", token_}}};
  }

 private:
  Result<std::string> find_zone(const DomainName& zone);
  bool is_proxied(const RecordKey& key) const {
    const bool leads_to_host =
        key.type == RecordType::kA || key.type == RecordType::kAaaa || key.type == RecordType::kCname;
    return leads_to_host && proxied_.count(key.name) != 0;
  }

  std::string zone_id_;           ///< as the plan says; empty: it is looked for by name
  std::string token_;             ///< where the token is
  std::set<DomainName> proxied_;  ///< by what was last read
};

Result<void> Cloudflare::check(const Change& change, const DomainName& zone) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} {}", change.key.text(), why));
  };
  if (change.after && change.key.type == RecordType::kCname && change.key.name == zone)
    return refused(
        "would be a CNAME at the zone's own name, which Cloudflare answers with addresses that it looks up itself: "
        "give A and AAAA records");
  if (!is_proxied(change.key)) return {};
  if (!change.before || !change.after)
    return refused(
        "stands at a proxied name, where this program changes values and neither makes nor removes record sets: do "
        "that in Cloudflare, or switch the proxy off for the name first");
  if (change.before->ttl != change.after->ttl) return refused("is proxied and has no TTL of its own to change");
  return {};
}

Result<std::string> Cloudflare::find_zone(const DomainName& zone) {
  if (!zone_id_.empty()) return zone_id_;
  const std::string doing = fmt::format("looking for the zone {}", zone.text());
  auto body = api().read("/zones?name=" + percent_encoded(zone.host()), doing);
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<std::string> {
    const Json& found = json.at("result");
    if (found.size() == 1) return found.at(0).at("id").get<std::string>();
    return fail(ErrorCode::kNotFound,
                found.empty()
                    ? fmt::format("{}: {} has none that this token may see", doing, api().who())
                    : fmt::format("{}: {} has {} of that name: set zone_id", doing, api().who(), found.size()));
  });
}

Result<Listing> Cloudflare::list(const DomainName& zone, const std::vector<RecordKey>*) {
  Listing found = listing(zone);
  auto id = find_zone(zone);
  if (!id) return id.error();
  found.zone_id = *id;
  int page = 1;
  const auto path = [&] { return fmt::format("/zones/{}/dns_records?per_page={}&page={}", *id, kPage, page); };
  auto read = api().read_pages(path(), fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& record : json.at("result"))
        if (auto added = found.add(record_from(record, zone)); !added) return added.error();
      const auto total = json.at("result_info").at("total_count").get<std::size_t>();
      if (static_cast<std::size_t>(page++) * kPage >= total) return std::optional<std::string>();
      return std::optional(path());
    });
  });
  if (!read) return read.error();
  proxied_ = found.zone.proxied;
  return found;
}

Result<ApiCall> Cloudflare::call(const Part& part, const Ids& ids) const {
  Json deletes = Json::array(), patches = Json::array(), posts = Json::array();
  for (const Change& change : part.changes.changes)
    for (const Part::Record& edit : edits_of(change)) {
      if (edit.to.empty()) {
        deletes.push_back(Json{{"id", ids.record(change.key, edit.from)}});
        continue;
      }
      Json fields = fields_of(change.key, data(change.key, edit.to), edit.ttl);
      if (is_proxied(change.key)) {
        fields["ttl"] = kAutomatic;
        fields["proxied"] = true;
      }
      if (!edit.from.empty()) fields["id"] = ids.record(change.key, edit.from);
      (edit.from.empty() ? posts : patches).push_back(std::move(fields));
    }
  Json batch;
  if (!deletes.empty()) batch["deletes"] = std::move(deletes);
  if (!patches.empty()) batch["patches"] = std::move(patches);
  if (!posts.empty()) batch["posts"] = std::move(posts);
  return ApiCall{"POST", fmt::format("/zones/{}/dns_records/batch", ids.zone), batch.dump()};
}

/// Cloudflare's own numbers (its API's errors, "DNS records").
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  const Json json = Json::parse(response.body, nullptr, false);
  if (!json.is_object() || json.value("success", true)) return std::nullopt;
  for (const Json& error : json.value("errors", Json::array())) {
    switch (error.is_object() ? error.value("code", 0) : 0) {
      case 81044:  // no such record: somebody removed or replaced it
      case 81053:  // A, AAAA or CNAME already there
      case 81054:  // CNAME already there
      case 81057:  // the record exists already
      case 81058:  // an identical record exists already
        return ErrorCode::kConflict;
      case 971:    // throttled
      case 10429:  // over the limit
        return ErrorCode::kBusy;
      case 9109:   // invalid access token
      case 10000:  // authentication error
        return ErrorCode::kAuth;
      default:
        break;
    }
  }
  if (response.status >= 200 && response.status < 300) return ErrorCode::kInvalid;
  return std::nullopt;
}

// As Terraform, wrangler, lego and external-dns name it.
constexpr std::string_view kTokenNames[] = {"CLOUDFLARE_API_TOKEN", "CF_DNS_API_TOKEN", "CLOUDFLARE_DNS_API_TOKEN",
                                            "CF_API_TOKEN", "CLOUDFLARE_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "an API token with the right Zone > DNS > Edit for the zone", true, true, kTokenNames},
    {"zone_id", "the zone's id; looked for by its name when left out", false, false},
    {"url", "where the API is; https://api.cloudflare.com/client/v4 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "Cloudflare";
  settings.url = kUrl;
  settings.meaning = meaning_of;
  settings.longest_pause = kBlocked;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(
      std::make_unique<Cloudflare>(std::move(opened->api), option_of(config, "zone_id"), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"cloudflare",
          "Cloudflare",
          kOptions,
          open,
          what_it_can,
          "An API token; the global API key is not taken.",
          "A token made for this zone alone, with Zone > DNS > Edit; without `zone_id` also Zone > Zone > Read."};
}

}  // namespace cutover::providers::cloudflare
