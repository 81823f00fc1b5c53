#include "providers/vultr/vultr.h"

#include <stdexcept>

#include "providers/api_provider.h"
#include "providers/json_body.h"

namespace cutover::providers::vultr {
namespace {

constexpr std::string_view kUrl = "https://api.vultr.com/v2";
constexpr std::size_t kPage = 500;
constexpr RecordForm kForm{RecordForm::Names::kWithoutDot, RecordForm::Text::kQuoted, RecordForm::Priority::kApart};

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = record_calls::kUnit,
      .atomic = record_calls::kAtomic,
      .atomic_limit = record_calls::kAtomicLimit,
      .compare_and_swap = record_calls::kCompareAndSwap,
      .commit_step = {"", "none", "2026-11-22"},
      .signal = record_calls::kSignal,
      .ttl_floor = {Seconds(120), "120 s, the least that other programs send", "2026-11-22"},
      .settle_time = {Seconds(60), "Vultr promises no time", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCaa, T::kCname, T::kMx, T::kSrv, T::kTxt},
                "A, AAAA, CAA, CNAME, MX, SRV and TXT are written: Vultr has no HTTPS, SVCB or TLSA",
                "2026-11-22"},
      .budget = {{30, Seconds(1)}, "per address", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def records():
    cursor = ""
    while True:
        reply = fetch("GET", "/domains/%s/records?per_page=500&cursor=%s" % (ZONE.rstrip("."), urllib.parse.quote(cursor, "")))
        for record in reply["records"]:
            value = record["data"]
            if record["type"] in ("MX", "SRV"):
                value = "%d %s" % (record["priority"], value)
            name = record["name"] + "." + ZONE if record["name"] else ZONE
            yield name, record["type"], record["ttl"], value, record["id"]
        cursor = reply["meta"]["links"]["next"]
        if not cursor:
            return
)PY";

std::string records_path(const DomainName& zone) {
  return fmt::format("/domains/{}/records", percent_encoded(zone.host()));
}

ListedRecord record_from(const Json& json, const DomainName& zone) {
  ListedRecord record;
  auto name = owner_name(json.at("name").get<std::string>(), zone);
  if (!name) throw std::runtime_error(name.error().message);
  record.name = *name;
  record.type = json.at("type").get<std::string>();
  record.ttl = Seconds(json.at("ttl").get<std::uint32_t>());
  record.id = json.at("id").get<std::string>();
  record.data.content = json.at("data").get<std::string>();
  if (record.type == "MX" || record.type == "SRV") record.data.priority = json.at("priority").get<unsigned>();
  return record;
}

class Vultr final : public ApiProvider {
 public:
  Vultr(Api api, std::string token) : ApiProvider(std::move(api), kForm), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override { return {with_bearer_token(kPython), {}, {{"token", token_}}}; }

 private:
  std::string token_;  ///< where the token is
};

Result<Listing> Vultr::list(const DomainName& zone, const std::vector<RecordKey>*) {
  Listing found = listing(zone);
  const std::string first = fmt::format("{}?per_page={}", records_path(zone), kPage);
  auto read = api().read_pages(first, fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& record : json.at("records"))
        if (auto added = found.add(record_from(record, zone)); !added) return added.error();
      const auto cursor = json.at("meta").at("links").at("next").get<std::string>();
      if (cursor.empty()) return std::optional<std::string>();
      return std::optional(first + "&cursor=" + percent_encoded(cursor));
    });
  });
  if (!read) return read.error();
  return found;
}

Result<void> Vultr::check(const Change& change, const DomainName&) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} cannot be written to Vultr: {}", change.key.text(), why));
  };
  if (!change.after) return {};
  for (const std::string& rdata : change.after->rdata) {
    if (change.key.type == RecordType::kTxt && rdata.find('\\') != std::string::npos)
      return refused("it takes no text with a quote in it, and whether it keeps a backslash is not known");
    if (change.key.type == RecordType::kTxt && rdata.find('"', 1) + 1 != rdata.size())
      return refused("whether it keeps text in several strings is not known");
    if (change.key.type == RecordType::kMx && rdata.ends_with(" .")) return refused("it has no null MX");
  }
  return {};
}

Result<ApiCall> Vultr::call(const Part& part, const Ids& ids) const {
  const RecordKey& key = part.changes.changes.at(0).key;
  const Part::Record& record = *part.record;
  const std::string records = records_path(part.changes.zone);
  const std::string own = path_of_record(records, part, ids);
  if (record.to.empty()) return ApiCall{"DELETE", own};
  const ApiData sent = data(key, record.to);
  Json fields{{"name", owner_text(key.name, part.changes.zone, "")},
              {"data", sent.content},
              {"ttl", record.ttl.count()},
              {"priority", sent.priority.value_or(0)}};
  if (own.empty()) fields["type"] = to_text(key.type);
  return ApiCall{own.empty() ? "POST" : "PATCH", own.empty() ? records : own, fields.dump()};
}

constexpr std::string_view kTokenNames[] = {"VULTR_API_KEY"};
constexpr OptionSpec kOptions[] = {
    {"token", "an API key of a user who may manage DNS", true, true, kTokenNames},
    {"url", "where the API is; https://api.vultr.com/v2 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "Vultr";
  settings.url = kUrl;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(std::make_unique<Vultr>(std::move(opened->api), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"vultr",
          "Vultr",
          kOptions,
          open,
          what_it_can,
          "An API key, made under API in the account; it works from the addresses that are allowed there alone.",
          "A user of the account who may manage DNS and nothing else. It reaches every domain of the account."};
}

}  // namespace cutover::providers::vultr
