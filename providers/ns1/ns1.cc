#include "providers/ns1/ns1.h"

#include <algorithm>

#include "providers/api_provider.h"
#include "providers/json_body.h"
#include "providers/ns1/record_json.h"

namespace cutover::providers::ns1 {
namespace {

constexpr std::string_view kUrl = "https://api.nsone.net/v1";
constexpr RecordForm kForm{RecordForm::Names::kWithDot, RecordForm::Text::kBare, RecordForm::Priority::kInside};
/// A refused call says how many tokens there are per span of time, not when the next one comes.
constexpr std::chrono::seconds kFirstPause{2};

const Capabilities& what_it_can() {
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "what NS1 calls a record is a record set", "2026-11-22"},
      .atomic = {AtomicScope::kRecordSet, "one call replaces the answers of one record set", "2026-11-22"},
      .atomic_limit = {1, "one record set per call", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone, "record sets are read and compared right before each call",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer says that NS1 has it", "2026-11-22"},
      .ttl_floor = {Seconds(0), "none is documented", "2026-11-22"},
      .settle_time = {Seconds(60), "NS1 promises no time for its servers", "2026-11-22"},
      .types = {written_types(), "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, HTTPS, SVCB and DNAME are written",
                "2026-11-22"},
      .budget = {{900, Seconds(300)},
                 "reads; other calls have a budget of their own, by the account's plan",
                 "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def authorize(request):
    request.add_header("X-NSONE-Key", credential("key"))


def look_closer(record):  # the list does not show what makes the answers up
    path = "/zones/%s/%s/%s" % (ZONE.rstrip("."), urllib.parse.quote(record["domain"], safe=""), record["type"])
    whole = fetch("GET", path)
    answers = whole.get("answers", [])
    if any(whole.get(field) for field in ("link", "filters", "regions", "feeds", "meta")) or any(
        answer.get(field) for answer in answers for field in ("meta", "region", "feeds")
    ):
        stop(record["domain"] + " " + record["type"] + " has filters, groups or metadata now")


def records():
    path = "/zones/" + ZONE.rstrip(".")
    listed = []
    while path:
        listed += fetch("GET", path)["records"]
        path = next_link()
    for record in listed:
        if record["domain"].lower() + ". " + record["type"] in LEFT:
            look_closer(record)
        for value in record["short_answers"]:
            yield record["domain"], record["type"], record["ttl"], value, ""
)PY";

std::string zone_path(const DomainName& zone) { return "/zones/" + percent_encoded(zone.host()); }
std::string record_path(const DomainName& zone, const RecordKey& key) {
  return fmt::format("{}/{}/{}", zone_path(zone), percent_encoded(key.name.host()), to_text(key.type));
}

class Ns1 final : public ApiProvider {
 public:
  Ns1(Api api, std::string key) : ApiProvider(std::move(api), kForm), key_(std::move(key)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override {
    if (change.after && change.key.type == RecordType::kCname && change.key.name == zone)
      return fail(ErrorCode::kUnsupported, fmt::format("{} would be a CNAME at the zone's own name, where there are NS "
                                                       "records: give A and AAAA records",
                                                       change.key.text()));
    return {};
  }
  ServiceInPython in_python() const override { return {std::string(kPython), {}, {{"key", key_}}}; }

 private:
  Result<void> look_closer(const RecordKey& key, Listing& found) const;

  std::string key_;  ///< where the key is
};

Result<void> add_record(const Json& json, Listing& found) {
  const auto type_name = json.at("type").get<std::string>();
  const auto type = record_type_from_text(type_name);
  auto name = DomainName::from_text(json.at("domain").get<std::string>());
  if (!name) return name.error();
  ListedRecord record{*name, type_name, Seconds(json.value("ttl", std::int64_t(0))), ApiData{}};
  const auto& written = written_types();
  if (type && !decides_who_answers(*type) && std::find(written.begin(), written.end(), *type) == written.end())
    record.refused = "is of a type that is not written there through this program";
  for (const Json& answer : json.at("short_answers")) {
    record.data = data_from(answer.get<std::string>(), type ? *type : RecordType::kA);
    if (auto added = found.add(record); !added) return added;
  }
  return {};
}

/// A list shows answers and nothing of what NS1 does with them: each set that is to be changed is looked at alone.
Result<void> Ns1::look_closer(const RecordKey& key, Listing& found) const {
  auto body = api().read(record_path(found.zone.origin, key), fmt::format("reading {}", key.text()));
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<void> {
    if (std::string why = refusal_of(json); !why.empty()) found.refused.emplace(key, std::move(why));
    return {};
  });
}

Result<Listing> Ns1::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  Listing found = listing(zone);
  const auto add_all = [&](const Json& json) -> Result<void> {
    for (const Json& record : json.at("records"))
      if (auto added = add_record(record, found); !added) return added;
    return {};
  };
  auto read = api().read_linked_pages(zone_path(zone), fmt::format("reading {}", zone.text()),
                                      [&](const std::string& body) { return read_json(body, add_all); });
  if (!read) return read.error();
  if (keys == nullptr) return found;
  for (const RecordKey& key : *keys)
    if (found.zone.find(key) != nullptr && !decides_who_answers(key.type))
      if (auto seen = look_closer(key, found); !seen) return seen.error();
  return found;
}

/// Only what changes is sent: what else NS1 keeps with a record stays.
Result<ApiCall> Ns1::call(const Part& part, const Ids&) const {
  const Change& change = part.changes.changes.at(0);
  const DomainName& zone = part.changes.zone;
  const std::string path = record_path(zone, change.key);
  if (!change.after) return ApiCall{"DELETE", path};
  Json record{{"zone", zone.host()}, {"domain", change.key.name.host()}, {"type", to_text(change.key.type)}};
  if (!change.before || change.before->ttl != change.after->ttl) record["ttl"] = change.after->ttl.count();
  if (!change.before || change.before->rdata != change.after->rdata) {
    record["answers"] = Json::array();
    for (const std::string& rdata : change.after->rdata)
      record["answers"].push_back(Json{{"answer", fields_of(data(change.key, rdata), change.key.type)}});
  }
  return ApiCall{change.before ? "POST" : "PUT", path, record.dump()};
}

constexpr std::string_view kKeyNames[] = {"NS1_API_KEY"};
constexpr OptionSpec kOptions[] = {
    {"key", "an API key that may view and manage the zone", true, true, kKeyNames},
    {"url", "where the API is; https://api.nsone.net/v1 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "NS1";
  settings.url = kUrl;
  settings.first_pause = kFirstPause;
  auto opened = open_with_token(config, context, std::move(settings), "key", "X-NSONE-Key", "");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(std::make_unique<Ns1>(std::move(opened->api), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"ns1",
          "NS1 (IBM NS1 Connect)",
          kOptions,
          open,
          what_it_can,
          "An API key.",
          "An API key that may view and manage zones, with this zone as the only one allowed."};
}

}  // namespace cutover::providers::ns1
