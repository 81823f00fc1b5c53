#include "providers/hetzner/hetzner.h"

#include <set>

#include "net/message.h"
#include "providers/api_provider.h"
#include "providers/json_body.h"

namespace cutover::providers::hetzner {
namespace {

constexpr std::string_view kUrl = "https://api.hetzner.cloud/v1";
constexpr std::size_t kPage = 100;
/// Up to this many names are asked for one by one rather than the whole zone.
constexpr std::size_t kSingleNames = 2;
/// A call of set_records takes so many.
constexpr std::size_t kMostValues = 50;
constexpr RecordForm kForm{RecordForm::Names::kWithDot, RecordForm::Text::kQuoted, RecordForm::Priority::kInside};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "values and TTL of a set are two calls", "2026-11-22"},
      .atomic =
          {AtomicScope::kNone,
           "the values of a set change together, its TTL by another call: lowered before the values change, raised "
           "after",
           "2026-11-22"},
      .atomic_limit = {1, "there is no call for more", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "sets are read and compared right before each call; only the creation of a set that is "
                           "there already is refused by the service itself",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "an Action says when the change is made; the servers take it over after that",
                 "2026-11-22"},
      .ttl_floor = {Seconds(60), "60 s", "2026-11-22"},
      .settle_time = {Seconds(60), "Hetzner promises no time", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCaa, T::kCname, T::kMx, T::kPtr, T::kSrv, T::kTxt, T::kTlsa, T::kHttps, T::kSvcb},
                "A, AAAA, CAA, CNAME, MX, PTR, SRV, TXT, TLSA, HTTPS and SVCB are written",
                "2026-11-22"},
      .ttl_ceiling = {kMaxTtl, "2147483647 s", "2026-11-22"},
      .budget = {{3600, Seconds(3600)}, "per project", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def records():
    zone = ZONE.rstrip(".")
    ttl = fetch("GET", "/zones/" + zone)["zone"]["ttl"]
    page = 1
    while page:
        reply = fetch("GET", "/zones/%s/rrsets?per_page=100&page=%d" % (zone, page))
        for found in reply["rrsets"]:
            name = ZONE if found["name"] == "@" else found["name"] + "." + ZONE
            for record in found["records"]:
                value = record["value"]
                if found["type"] in ("CNAME", "MX", "NS", "PTR", "SRV") and not value.endswith("."):
                    value += "." + ZONE  # relative to the zone
                yield name, found["type"], found["ttl"] or ttl, value, ""
        page = reply["meta"]["pagination"]["next_page"]


def settle(reply):
    action = json.loads(reply)["action"]
    for attempt in range(60):
        if action["status"] == "success":
            return
        if action["status"] == "error":
            raise ValueError(action["error"]["message"])
        time.sleep(min(attempt * 0.1, 2))
        action = fetch("GET", "/actions/%d" % action["id"])["action"]
    raise ValueError("it is not done yet")
)PY";

std::string zone_path(const DomainName& zone) { return "/zones/" + percent_encoded(zone.host()); }

std::string set_path(const RecordKey& key, const DomainName& zone) {
  return fmt::format("{}/rrsets/{}/{}", zone_path(zone), percent_encoded(owner_text(key.name, zone)),
                     to_text(key.type));
}

class Hetzner final : public ApiProvider {
 public:
  Hetzner(Api api, std::string token) : ApiProvider(std::move(api), kForm), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }
  Result<bool> in_sync(const Receipt& receipt) override;

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<std::vector<Part>> parts(const ChangeSet& changes) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override { return {with_bearer_token(kPython), {}, {{"token", token_}}}; }
  std::string kept_of(const std::string& body) const override;

 private:
  Result<Seconds> default_ttl(const DomainName& zone) const;
  Result<void> list_pages(Listing& found, Seconds ttl, const std::string& filter) const;
  Json records_of(const RecordSet& set) const;

  std::string token_;  ///< where the token is
};

/// Of sets that have none of their own.
Result<Seconds> Hetzner::default_ttl(const DomainName& zone) const {
  const std::string doing = fmt::format("looking for the zone {}", zone.text());
  auto body = api().read(zone_path(zone), doing);
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<Seconds> {
    const Json& found = json.at("zone");
    if (found.at("mode") != "primary")
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("{}: at {} it is a copy of a zone that is kept elsewhere: change it there", doing, api().who()));
    return Seconds(found.at("ttl").get<std::uint32_t>());
  });
}

Result<void> add_set(Listing& found, const Json& json, Seconds default_ttl) {
  const DomainName& zone = found.zone.origin;
  auto name = owner_name(json.at("name").get<std::string>(), zone);
  if (!name) return name.error();
  ListedRecord record{*name, json.at("type").get<std::string>(), default_ttl, {}};
  // A serial that no call can be guarded with.
  if (record.type == "SOA") return {};
  if (json.at("ttl").is_number()) record.ttl = Seconds(json.at("ttl").get<std::uint32_t>());
  if (json.at("protection").value("change", false))
    record.refused = "is protected against changes; lift its protection at Hetzner first";
  const auto type = record_type_from_text(record.type);
  for (const Json& each : json.at("records")) {
    record.data.content = each.at("value").get<std::string>();
    // Names without a dot at their end are relative to the zone, as in a zone file.
    if (type)
      if (auto whole = net::canonical_rdata(*type, record.data.content, zone)) record.data.content = *whole;
    if (auto added = found.add(record); !added) return added;
  }
  return {};
}

Result<void> Hetzner::list_pages(Listing& found, Seconds ttl, const std::string& filter) const {
  const DomainName& zone = found.zone.origin;
  const auto path = [&](std::int64_t page) {
    return fmt::format("{}/rrsets?per_page={}&page={}{}", zone_path(zone), kPage, page, filter);
  };
  return api().read_pages(path(1), fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& set : json.at("rrsets"))
        if (auto added = add_set(found, set, ttl); !added) return added.error();
      const Json& next = json.at("meta").at("pagination").at("next_page");
      return next.is_null() ? std::optional<std::string>() : std::optional(path(next.get<std::int64_t>()));
    });
  });
}

Result<Listing> Hetzner::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  auto ttl = default_ttl(zone);
  if (!ttl) return ttl.error();
  Listing found = listing(zone);
  std::set<std::string> names;
  if (keys != nullptr)
    for (const RecordKey& key : *keys) names.insert(owner_text(key.name, zone));
  if (names.empty() || names.size() > kSingleNames) {
    if (auto read = list_pages(found, *ttl, ""); !read) return read.error();
    return found;
  }
  found.extent = Listing::Extent::kSome;
  for (const std::string& name : names)
    if (auto read = list_pages(found, *ttl, "&name=" + percent_encoded(name)); !read) return read.error();
  return found;
}

// At no time is a value served with a longer TTL than it had before or is to have.
Result<std::vector<Part>> Hetzner::parts(const ChangeSet& changes) const {
  std::vector<Part> parts;
  for (Part& part : by_set(changes)) {
    const Change& change = part.changes.changes.at(0);
    const bool both = change.before && change.after && change.before->ttl != change.after->ttl &&
                      !same_values(*change.before, *change.after);
    if (!both) {
      parts.push_back(std::move(part));
      continue;
    }
    RecordSet between = change.after->ttl < change.before->ttl ? *change.before : *change.after;
    between.ttl = std::min(change.before->ttl, change.after->ttl);
    for (const Change& half : {Change{change.key, change.before, between}, Change{change.key, between, change.after}})
      parts.push_back({{changes.zone, {half}, std::nullopt, std::nullopt}});
  }
  return parts;
}

Json Hetzner::records_of(const RecordSet& set) const {
  Json records = Json::array();
  for (const std::string& rdata : set.rdata) records.push_back(Json{{"value", data(set.key(), rdata).content}});
  return records;
}

Result<ApiCall> Hetzner::call(const Part& part, const Ids&) const {
  const Change& change = part.changes.changes.at(0);
  const DomainName& zone = part.changes.zone;
  const std::string set = set_path(change.key, zone);
  if (!change.after) return ApiCall{"DELETE", set};
  if (!change.before)
    return ApiCall{"POST", zone_path(zone) + "/rrsets",
                   Json{{"name", owner_text(change.key.name, zone)},
                        {"type", to_text(change.key.type)},
                        {"ttl", change.after->ttl.count()},
                        {"records", records_of(*change.after)}}
                       .dump()};
  if (change.kind() == Change::Kind::kTtl)
    return ApiCall{"POST", set + "/actions/change_ttl", Json{{"ttl", change.after->ttl.count()}}.dump()};
  return ApiCall{"POST", set + "/actions/set_records", Json{{"records", records_of(*change.after)}}.dump()};
}

Result<void> Hetzner::check(const Change& change, const DomainName&) const {
  if (change.after && change.after->rdata.size() > kMostValues)
    return fail(ErrorCode::kUnsupported, fmt::format("{} would have {} values, and Hetzner takes {}", change.key.text(),
                                                     change.after->rdata.size(), kMostValues));
  return {};
}

std::string Hetzner::kept_of(const std::string& body) const {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object() || !json.contains("action")) return "{}";
  return Json{{"action", json.at("action").value("id", Json())}}.dump();
}

Result<bool> Hetzner::in_sync(const Receipt& receipt) {
  const Json kept = Json::parse(receipt.reply, nullptr, false);
  if (!kept.is_object() || !kept.value("action", Json()).is_number()) return true;
  const std::string doing = fmt::format("asking what became of the change of {}", receipt.zone.text());
  auto body = api().read("/actions/" + kept.at("action").dump(), doing);
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<bool> {
    const Json& action = json.at("action");
    if (action.at("status") != "error") return action.at("status") == "success";
    return fail(ErrorCode::kUnknown, fmt::format("{}: {} says that it failed: {}", doing, api().who(),
                                                 printable(action.at("error").at("message").get<std::string>())));
  });
}

/// Hetzner's own words (its API's "Error codes").
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  const Json json = Json::parse(response.body, nullptr, false);
  if (response.status < 400 || !json.is_object() || !json.value("error", Json()).is_object()) return std::nullopt;
  const std::string code = json.at("error").value("code", std::string());
  if (code == "locked" || code == "rate_limit_exceeded") return ErrorCode::kBusy;
  if (code == "uniqueness_error" || code == "conflict") return ErrorCode::kConflict;
  if (code == "protected" || code == "incorrect_zone_mode") return ErrorCode::kUnsupported;
  if (code == "unauthorized" || code == "forbidden" || code == "token_readonly") return ErrorCode::kAuth;
  return std::nullopt;
}

// As lego and ansible, and the hcloud program name it.
constexpr std::string_view kTokenNames[] = {"HETZNER_API_TOKEN", "HCLOUD_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "an API token of the Hetzner Cloud project, for reading and writing", true, true, kTokenNames},
    {"url", "where the API is; https://api.hetzner.cloud/v1 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "Hetzner";
  settings.url = kUrl;
  settings.meaning = meaning_of;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(std::make_unique<Hetzner>(std::move(opened->api), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {
      "hetzner",
      "Hetzner Cloud DNS",
      kOptions,
      open,
      what_it_can,
      "An API token, made under Security in the project that holds the zone.",
      "A token with Read & Write of a project that holds nothing but the zone: it reaches everything in its project."};
}

}  // namespace cutover::providers::hetzner
