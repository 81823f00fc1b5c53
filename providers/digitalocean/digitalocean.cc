#include "providers/digitalocean/digitalocean.h"

#include <set>

#include "providers/api_provider.h"
#include "providers/digitalocean/record_json.h"
#include "providers/json_body.h"

namespace cutover::providers::digitalocean {
namespace {

constexpr std::string_view kUrl = "https://api.digitalocean.com";
constexpr std::size_t kPage = 200;
/// Up to this many names are asked for one by one rather than the whole zone.
constexpr std::size_t kSingleNames = 2;
/// Encoded text above this is refused there, whatever its strings.
constexpr std::size_t kLongestText = 509;
constexpr RecordForm kForm{RecordForm::Names::kWithDot, RecordForm::Text::kBare, RecordForm::Priority::kApart};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = record_calls::kUnit,
      .atomic = record_calls::kAtomic,
      .atomic_limit = record_calls::kAtomicLimit,
      .compare_and_swap = record_calls::kCompareAndSwap,
      .commit_step = {"", "none", "2026-11-22"},
      .signal = record_calls::kSignal,
      .ttl_floor = {Seconds(30), "30 s", "2026-11-22"},
      .settle_time = {Seconds(60), "DigitalOcean promises no time", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCaa, T::kCname, T::kMx, T::kSrv, T::kTxt},
                "DigitalOcean has A, AAAA, CAA, CNAME, MX, NS, SRV and TXT: no HTTPS, SVCB or TLSA",
                "2026-11-22"},
      .budget = {{250, Seconds(60)}, "per account, and 5,000 an hour", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def records():
    page = 1
    while True:
        reply = fetch("GET", "/v2/domains/%s/records?per_page=200&page=%d" % (ZONE.rstrip("."), page))
        for record in reply["domain_records"]:
            kind, value = record["type"], record["data"]
            if value == "@" and kind not in ("TXT", "CAA"):
                value = ZONE
            if kind == "MX":
                value = "%d %s" % (record["priority"], value)
            if kind == "SRV":
                value = "%(priority)d %(weight)d %(port)d " % record + value
            if kind == "CAA":
                value = "%(flags)d %(tag)s " % record + value
            name = ZONE if record["name"] == "@" else record["name"] + "." + ZONE
            yield name, kind, record["ttl"], value, record["id"]
        if "next" not in (reply.get("links", {}).get("pages") or {}):
            return
        page += 1
)PY";

std::string records_path(const DomainName& zone) {
  return fmt::format("/v2/domains/{}/records", percent_encoded(zone.host()));
}

class DigitalOcean final : public ApiProvider {
 public:
  DigitalOcean(Api api, std::string token) : ApiProvider(std::move(api), kForm), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override { return {with_bearer_token(kPython), {}, {{"token", token_}}}; }

 private:
  Result<void> list_pages(Listing& found, const DomainName& zone, const std::string& filter) const;

  std::string token_;  ///< where the token is
};

Result<void> DigitalOcean::list_pages(Listing& found, const DomainName& zone, const std::string& filter) const {
  int page = 1;
  const auto path = [&] { return fmt::format("{}?per_page={}&page={}{}", records_path(zone), kPage, page, filter); };
  return api().read_pages(path(), fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& record : json.at("domain_records")) {
        // Of the SOA record only one number is shown.
        if (record.at("type") == "SOA") continue;
        if (auto added = found.add(record_from(record, zone)); !added) return added.error();
      }
      const Json links = json.value("links", Json::object());
      if (!links.value("pages", Json::object()).contains("next")) return std::optional<std::string>();
      ++page;
      return std::optional(path());
    });
  });
}

Result<Listing> DigitalOcean::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  Listing found = listing(zone);
  std::set<std::string> names;
  bool plain = true;
  if (keys != nullptr)
    for (const RecordKey& key : *keys) {
      names.insert(key.name.host());
      plain = plain && key.name.host().front() != '*';
    }
  if (names.empty() || names.size() > kSingleNames || !plain) {
    if (auto read = list_pages(found, zone, ""); !read) return read.error();
    return found;
  }
  found.extent = Listing::Extent::kSome;
  for (const std::string& name : names)
    if (auto read = list_pages(found, zone, "&name=" + percent_encoded(name)); !read) return read.error();
  return found;
}

Result<void> DigitalOcean::check(const Change& change, const DomainName&) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("{} cannot be written to DigitalOcean: {}", change.key.text(), why));
  };
  if (!change.after) return {};
  for (const std::string& rdata : change.after->rdata) {
    if (change.key.type == RecordType::kTxt) {
      if (rdata.find('\\') != std::string::npos) return refused("it changes text with a quote or a backslash in it");
      if (rdata == "\"\"") return refused("it takes no empty text");
      if (rdata.size() > kLongestText) return refused("it takes text up to 512 bytes, quotes included");
    }
    if (change.key.type == RecordType::kCaa && rdata.find_first_of("; ", rdata.find('"')) != std::string::npos)
      return refused("it takes a CAA value of one name, without parameters");
    if (change.key.type == RecordType::kMx && rdata.ends_with(" .")) return refused("it has no null MX");
  }
  return {};
}

Result<ApiCall> DigitalOcean::call(const Part& part, const Ids& ids) const {
  const RecordKey& key = part.changes.changes.at(0).key;
  const Part::Record& record = *part.record;
  const std::string records = records_path(part.changes.zone);
  const std::string own = path_of_record(records, part, ids);
  if (record.to.empty()) return ApiCall{"DELETE", own};
  Json fields = fields_of(key, data(key, record.to), record.ttl);
  fields["name"] = owner_text(key.name, part.changes.zone);
  return ApiCall{own.empty() ? "POST" : "PATCH", own.empty() ? records : own, fields.dump()};
}

// As lego, Terraform and dnscontrol, and external-dns name it.
constexpr std::string_view kTokenNames[] = {"DO_AUTH_TOKEN", "DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN",
                                            "DO_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "an API token with the scopes domain:read, domain:create, domain:update and domain:delete", true, true,
     kTokenNames},
    {"url", "where the API is; https://api.digitalocean.com when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "DigitalOcean";
  settings.url = kUrl;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(
      std::make_unique<DigitalOcean>(std::move(opened->api), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {
      "digitalocean",
      "DigitalOcean",
      kOptions,
      open,
      what_it_can,
      "A personal access token, made under API in the control panel.",
      "A custom token with the scopes domain:read, domain:create, domain:update and domain:delete. It reaches every "
      "domain of the account: DigitalOcean has no token for one."};
}

}  // namespace cutover::providers::digitalocean
