#include "providers/dnsimple/dnsimple.h"

#include <set>

#include "providers/api_provider.h"
#include "providers/json_body.h"

namespace cutover::providers::dnsimple {
namespace {

constexpr std::string_view kUrl = "https://api.dnsimple.com/v2";
constexpr int kPage = 100;
constexpr std::size_t kBatch = 100;
constexpr std::size_t kFewNames = 4;
constexpr RecordForm kForm{RecordForm::Names::kWithoutDot, RecordForm::Text::kQuoted, RecordForm::Priority::kApart};

/// Record by record.
const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = record_calls::kUnit,
      .atomic = {AtomicScope::kNone, "a call edits one record; batches are for the Enterprise plan (option `batch`)",
                 "2026-11-22"},
      .atomic_limit = {1, "one record", "2026-11-22"},
      .compare_and_swap = record_calls::kCompareAndSwap,
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the zone's distribution says when all name servers have it; it is waited for",
                 "2026-11-22"},
      .ttl_floor = {Seconds(60), "DNSimple publishes none; this program asks for no less", "2026-11-22"},
      .settle_time = {Seconds(30), "this program's own margin after the distribution is complete", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kSshfp, T::kNaptr},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, SSHFP and NAPTR are written",
                "2026-11-22"},
      .budget = {{2400, Seconds(3600)}, "per account", "2026-11-22"},
  };
  return capabilities;
}

const Capabilities& what_batches_can() {
  static const Capabilities capabilities = [] {
    Capabilities can = what_it_can();
    can.atomic = {AtomicScope::kZone, "a batch is made as a whole or not at all", "2026-11-22"};
    can.atomic_limit = {kBatch, "DNSimple does not publish its limit; this program puts so many sets into a batch",
                        "2026-11-22"};
    return can;
  }();
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def zone_id():
    return ACCOUNT or fetch("GET", "/whoami")["data"]["account"]["id"]


def records():
    page, last = 1, 1
    while page <= last:
        reply = fetch("GET", "/%s/zones/%s/records?per_page=100&page=%d" % (zone_id(), ZONE.rstrip("."), page))
        for record in reply["data"]:
            value = record["content"]
            if record["type"] in ("MX", "SRV"):
                value = "%d %s" % (record["priority"], value)
            name = record["name"] + "." + ZONE if record["name"] else ZONE
            yield name, record["type"], record["ttl"], value, record["id"]
        page, last = page + 1, reply["pagination"]["total_pages"]
)PY";

std::string refusal_of(const Json& record) {
  if (record.value("system_record", false)) return "is made by DNSimple itself";
  const std::string content = record.at("content");
  if (record.at("type") == "TXT" && (content.starts_with("ALIAS for ") || content.starts_with("\"ALIAS for ")))
    return "goes with an ALIAS record of DNSimple's; make A and AAAA records of that first";
  const auto regions = record.find("regions");
  if (regions != record.end() && regions->is_array() && !regions->empty() && *regions != Json::array({"global"}))
    return "is answered in some regions alone, and a change of plain values would lose that; change it in DNSimple";
  return {};
}

Result<void> add(Listing& found, const Json& record) {
  ListedRecord listed;
  auto name = owner_name(record.at("name").get<std::string>(), found.zone.origin);
  if (!name) return name.error();
  listed.name = *name;
  listed.type = record.at("type").get<std::string>();
  if (listed.type == "SOA") return {};  // in a form of DNSimple's own
  listed.ttl = Seconds(record.at("ttl").get<std::int64_t>());
  listed.data.content = record.at("content").get<std::string>();
  if (const auto priority = record.find("priority"); priority != record.end() && priority->is_number())
    listed.data.priority = priority->get<unsigned>();
  listed.id = std::to_string(record.at("id").get<std::int64_t>());
  listed.refused = refusal_of(record);
  return found.add(listed);
}

class Dnsimple final : public ApiProvider {
 public:
  enum class Calls { kByRecord, kInBatches };
  Dnsimple(Api api, std::string account, Calls calls, std::string token)
      : ApiProvider(std::move(api), kForm), account_(std::move(account)), calls_(calls), token_(std::move(token)) {}
  const Capabilities& capabilities() const override {
    return calls_ == Calls::kInBatches ? what_batches_can() : what_it_can();
  }
  Result<bool> in_sync(const Receipt& receipt) override;

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {with_bearer_token(kPython), {{"ACCOUNT", account_}}, {{"token", token_}}};
  }

 private:
  Result<std::string> find_account();
  Result<void> add_pages(Listing& found, const std::string& filter) const;
  static std::string zone_path(const std::string& account, const DomainName& zone) {
    return fmt::format("/{}/zones/{}", account, percent_encoded(zone.host()));
  }
  Json fields_of(const RecordKey& key, const Part::Record& edit, const DomainName& zone) const;
  ApiCall batch(const Part& part, const Ids& ids) const;

  std::string account_;  ///< empty until it is known
  Calls calls_;
  std::string token_;  ///< where the token is
};

Result<std::string> Dnsimple::find_account() {
  if (!account_.empty()) return account_;
  auto body = api().read("/whoami", "asking whose token it is");
  if (!body) return body.error();
  auto account = read_json(*body, [&](const Json& json) -> Result<std::string> {
    const Json& found = json.at("data").at("account");
    if (found.is_object()) return std::to_string(found.at("id").get<std::int64_t>());
    return fail(ErrorCode::kUsage, fmt::format("the token is one of a user, who may have several accounts at {}: set "
                                               "the option 'account', or make a token of the account",
                                               api().who()));
  });
  if (account) account_ = *account;
  return account;
}

/// What is asked for: records by their name, where that takes fewer calls than the whole zone. (How the apex would be
/// asked for so, DNSimple does not say.)
std::set<std::string> filters_for(const DomainName& zone, const std::vector<RecordKey>* keys) {
  const std::set<std::string> everything{""};
  std::set<std::string> names;
  if (keys != nullptr)
    for (const RecordKey& key : *keys) {
      if (key.name == zone) return everything;
      names.insert("name=" + percent_encoded(owner_text(key.name, zone)) + "&");
    }
  return names.empty() || names.size() > kFewNames ? everything : names;
}

Result<void> Dnsimple::add_pages(Listing& found, const std::string& filter) const {
  const DomainName& zone = found.zone.origin;
  int page = 1;
  const auto path = [&] {
    return fmt::format("{}/records?{}per_page={}&page={}", zone_path(found.zone_id, zone), filter, kPage, page);
  };
  return api().read_pages(path(), fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& record : json.at("data"))
        if (auto added = add(found, record); !added) return added.error();
      if (page++ >= json.at("pagination").at("total_pages").get<int>()) return std::optional<std::string>();
      return std::optional(path());
    });
  });
}

Result<Listing> Dnsimple::list(const DomainName& zone, const std::vector<RecordKey>* keys) {
  Listing found = listing(zone);
  auto account = find_account();
  if (!account) return account.error();
  found.zone_id = *account;
  for (const std::string& filter : filters_for(zone, keys)) {
    if (!filter.empty()) found.extent = Listing::Extent::kSome;
    if (auto added = add_pages(found, filter); !added) return added.error();
  }
  return found;
}

Result<void> Dnsimple::check(const Change& change, const DomainName& zone) const {
  if (!change.after || change.key.type != RecordType::kCname || change.key.name != zone) return {};
  return fail(ErrorCode::kUnsupported,
              fmt::format("{} cannot be changed through {}: a CNAME cannot stand at the zone's own name; give A and "
                          "AAAA records",
                          change.key.text(), api().who()));
}

/// What a record is made of, or what of it changes.
Json Dnsimple::fields_of(const RecordKey& key, const Part::Record& edit, const DomainName& zone) const {
  const ApiData sent = data(key, edit.to);
  Json fields;
  if (edit.from.empty()) fields = Json{{"name", owner_text(key.name, zone, "")}, {"type", to_text(key.type)}};
  fields["content"] = sent.content;
  fields["ttl"] = edit.ttl.count();
  if (sent.priority) fields["priority"] = *sent.priority;
  return fields;
}

ApiCall Dnsimple::batch(const Part& part, const Ids& ids) const {
  std::vector<std::string> creates, updates, deletes;
  for (const Change& change : part.changes.changes)
    for (const Part::Record& edit : edits_of(change)) {
      if (edit.to.empty()) {
        deletes.push_back(fmt::format(R"({{"id":{}}})", ids.record(change.key, edit.from)));
        continue;
      }
      const std::string fields = fields_of(change.key, edit, part.changes.zone).dump();
      if (edit.from.empty())
        creates.push_back(fields);
      else  // an id is a number, and in a script it is put in later
        updates.push_back(fmt::format(R"({{"id":{},{})", ids.record(change.key, edit.from), fields.substr(1)));
    }
  return {"POST", zone_path(ids.zone, part.changes.zone) + "/batch",
          fmt::format(R"({{"creates":[{}],"updates":[{}],"deletes":[{}]}})", join(creates, ","), join(updates, ","),
                      join(deletes, ","))};
}

Result<ApiCall> Dnsimple::call(const Part& part, const Ids& ids) const {
  if (!part.record) return batch(part, ids);
  const Part::Record& edit = *part.record;
  const RecordKey& key = part.changes.changes.at(0).key;
  const std::string records = zone_path(ids.zone, part.changes.zone) + "/records";
  if (edit.from.empty()) return ApiCall{"POST", records, fields_of(key, edit, part.changes.zone).dump()};
  const std::string one = records + "/" + ids.record(key, edit.from);
  if (edit.to.empty()) return ApiCall{"DELETE", one};
  return ApiCall{"PATCH", one, fields_of(key, edit, part.changes.zone).dump()};
}

/// The zone's distribution; the sandbox, which has no name servers, has none.
Result<bool> Dnsimple::in_sync(const Receipt& receipt) {
  auto account = find_account();
  if (!account) return account.error();
  auto body = api().read(zone_path(*account, receipt.zone) + "/distribution",
                         fmt::format("asking how far the change of {} is", receipt.zone.text()));
  if (!body) return body.error().code == ErrorCode::kNotFound ? Result<bool>(true) : body.error();
  return read_json(*body,
                   [](const Json& json) -> Result<bool> { return json.at("data").at("distributed").get<bool>(); });
}

std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  // A feature that the account's plan does not have.
  if (response.status == 402 || response.status == 412) return ErrorCode::kUnsupported;
  if (response.status != 404) return std::nullopt;
  // A record that was there a moment ago. (Of a zone it says the same, with another word first.)
  const Json json = Json::parse(response.body, nullptr, false);
  if (json.is_object() && json.value("message", "").starts_with("Record ")) return ErrorCode::kConflict;
  return std::nullopt;
}

/// 412 is for what the account's plan does not have.
std::string advice_on_batch(const net::HttpResponse& response) {
  if (response.status != 412) return {};
  return "batches are for the Enterprise plan: take the option 'batch' out, and each record is changed by a call of "
         "its "
         "own";
}

constexpr std::string_view kTokenNames[] = {"DNSIMPLE_OAUTH_TOKEN", "DNSIMPLE_TOKEN"};
constexpr std::string_view kUrlNames[] = {"DNSIMPLE_BASE_URL"};
constexpr OptionSpec kOptions[] = {
    {"token", "an access token of the account", true, true, kTokenNames},
    {"account", "the account's number; the token's own when left out", false, false},
    {"batch", "true: all records of a change in one call, which is made whole or not at all; Enterprise plan", false,
     false},
    {"url", "where the API is; https://api.dnsimple.com/v2 when left out", false, false, kUrlNames},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

/// Other tools give the host alone.
std::string with_version(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url.ends_with("/v2") ? url : url + "/v2";
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  const std::string batch = option_of(config, "batch", "false"), account = option_of(config, "account");
  if (batch != "true" && batch != "false")
    return fail(ErrorCode::kUsage, "the option 'batch' of the provider 'dnsimple' is true or false");
  if (account.find_first_not_of("0123456789") != std::string::npos)
    return fail(ErrorCode::kUsage, "the option 'account' of the provider 'dnsimple' is a number");
  ProviderConfig with_url = config;
  with_url.options["url"] = with_version(option_of(config, "url", kUrl));
  Api::Settings settings;
  settings.service = "DNSimple";
  settings.meaning = meaning_of;
  if (batch == "true") settings.advice = advice_on_batch;
  auto opened = open_with_token(with_url, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  const auto calls = batch == "true" ? Dnsimple::Calls::kInBatches : Dnsimple::Calls::kByRecord;
  return std::unique_ptr<Provider>(
      std::make_unique<Dnsimple>(std::move(opened->api), account, calls, std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"dnsimple",
          "DNSimple",
          kOptions,
          open,
          what_it_can,
          "An API token of the account.",
          "A token of the account (not of a user), limited to the zone where the plan allows it."};
}

}  // namespace cutover::providers::dnsimple
