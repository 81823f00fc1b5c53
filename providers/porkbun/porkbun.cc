#include "providers/porkbun/porkbun.h"

#include <map>

#include "providers/api_provider.h"
#include "providers/file.h"
#include "providers/json_body.h"
#include "providers/porkbun/record_json.h"

namespace cutover::providers::porkbun {
namespace {

constexpr std::string_view kUrl = "https://api.porkbun.com/api/json/v3";
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
      .ttl_floor = {Seconds(600), "600 s, the least that an ordinary account is given", "2026-11-22"},
      .settle_time = {Seconds(300), "Porkbun promises no time; this program's own margin", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCaa, T::kCname, T::kHttps, T::kMx, T::kSrv, T::kSshfp, T::kSvcb, T::kTlsa,
                 T::kTxt},
                "A, AAAA, CAA, CNAME, HTTPS, MX, SRV, SSHFP, SVCB, TLSA and TXT are written",
                "2026-11-22"},
      .budget = {{1, Seconds(1)}, "as its support said; the manual gives no number", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def authorize(request):
    request.add_header("X-API-Key", credential("key"))
    request.add_header("X-Secret-API-Key", credential("secret"))


def settle(reply):  # errors may come with HTTP 200
    answer = json.loads(reply)
    if answer["status"] != "SUCCESS":
        raise ValueError(answer.get("message") or "no success")
    return answer


def records():
    for record in settle(fetch_text("GET", "/dns/retrieve/" + ZONE.rstrip(".")))["records"]:
        value = record["content"]
        if record["type"] in ("MX", "SRV"):
            value = "%s %s" % (record["prio"] or 0, value)
        yield record["name"], record["type"], int(record["ttl"]), value, record["id"]
)PY";

class Porkbun final : public ApiProvider {
 public:
  Porkbun(Api api, std::string key, std::string secret)
      : ApiProvider(std::move(api), kForm), key_(std::move(key)), secret_(std::move(secret)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {std::string(kPython), {}, {{"key", key_}, {"secret", secret_}}};
  }

 private:
  std::string key_, secret_;  ///< where they are
};

Result<Listing> Porkbun::list(const DomainName& zone, const std::vector<RecordKey>*) {
  auto body = api().read("/dns/retrieve/" + percent_encoded(zone.host()), fmt::format("reading {}", zone.text()));
  if (!body) return body.error();
  Listing found = listing(zone);
  auto read = read_json(*body, [&](const Json& json) -> Result<void> {
    for (const Json& one : json.at("records")) {
      const ListedRecord record = record_from(one, zone);
      if (record.type == "ALIAS") refuse_beside_alias(found, record.name);
      if (auto added = found.add(record); !added) return added;
    }
    return {};
  });
  if (!read) return within(fmt::format("reading {}: {}", zone.text(), api().who()), read.error());
  return found;
}

Result<void> Porkbun::check(const Change& change, const DomainName& zone) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} cannot be written to Porkbun: {}", change.key.text(), why));
  };
  if (change.key.name == zone && change.key.type == RecordType::kCaa)
    return refused("at the zone's own name it serves CAA records of its own choice");
  if (!change.after) return {};
  if (change.key.name == zone && change.key.type == RecordType::kCname)
    return refused("a CNAME cannot stand at the zone's own name; give A and AAAA records");
  if (change.key.type != RecordType::kTxt) return {};
  for (const std::string& rdata : change.after->rdata) {
    const auto sent = data_for(rdata, RecordType::kTxt, form());
    if (!sent) continue;  // which is refused with its own reason
    const std::string& text = sent->content;
    if (text.find_first_of("\"\\") != std::string::npos)
      return refused("whether it keeps text with a quote or a backslash in it is not known");
    if (text.empty() || text.starts_with(' ') || text.ends_with(' '))
      return refused("it takes no text that is empty, or that begins or ends with a space");
  }
  return {};
}

Result<ApiCall> Porkbun::call(const Part& part, const Ids& ids) const {
  const RecordKey& key = part.changes.changes.at(0).key;
  const DomainName& zone = part.changes.zone;
  const Part::Record& edit = *part.record;
  const std::string where = percent_encoded(zone.host());
  const auto id = [&] { return ids.record(key, edit.from); };
  if (edit.to.empty()) return ApiCall{"POST", fmt::format("/dns/delete/{}/{}", where, id()), "{}"};
  const std::string fields = fields_of(key, data(key, edit.to), edit.ttl, zone).dump();
  if (edit.from.empty()) return ApiCall{"POST", "/dns/create/" + where, fields};
  return ApiCall{"POST", fmt::format("/dns/edit/{}/{}", where, id()), fields};
}

std::string text_in(const Json& json, const char* field) {
  const auto at = json.find(field);
  return at != json.end() && at->is_string() ? at->get<std::string>() : std::string();
}

/// Off for every domain until its owner switches it on. What says so got a code of its own only lately.
bool says_access_is_off(const Json& answer) {
  return text_in(answer, "code") == "API_ACCESS_DISABLED" ||
         text_in(answer, "message").find("not opted in to API access") != std::string::npos;
}

/// Whether something went wrong is in the body: some errors come with HTTP 200.
std::optional<ErrorCode> meaning_of(const net::HttpResponse& response) {
  static const std::map<std::string, ErrorCode, std::less<>> codes{
      {"RATE_LIMIT_EXCEEDED", ErrorCode::kBusy},  {"MISSING_SECRETAPIKEY", ErrorCode::kAuth},
      {"IP_NOT_ALLOWED", ErrorCode::kAuth},       {"DOMAIN_NOT_ALLOWED", ErrorCode::kAuth},
      {"INVALID_DOMAIN", ErrorCode::kNotFound},   {"INVALID_RECORD_ID", ErrorCode::kConflict},
      {"DUPLICATE_RECORD", ErrorCode::kConflict},
  };
  const Json answer = Json::parse(response.body, nullptr, false);
  // What stands before the API says to callers who are too fast: 503 and a page in HTML, or 202 and nothing of use.
  if (!answer.is_object())
    return response.status == 503 || response.status == 202 ? std::optional(ErrorCode::kBusy) : std::nullopt;
  if (text_in(answer, "status") == "SUCCESS" || response.status >= 500) return std::nullopt;
  if (says_access_is_off(answer)) return ErrorCode::kRefused;
  const std::string code = text_in(answer, "code");
  if (const auto at = codes.find(code); at != codes.end()) return at->second;
  if (code.starts_with("INVALID_API_KEYS")) return ErrorCode::kAuth;
  return response.status < 400 ? std::optional(ErrorCode::kInvalid) : std::nullopt;
}

std::string advice_on(const net::HttpResponse& response) {
  const Json answer = Json::parse(response.body, nullptr, false);
  if (!answer.is_object()) return {};
  constexpr std::string_view kSwitch =
      "API Access for the domain, in its details under Domain Management at porkbun.com";
  if (says_access_is_off(answer)) return fmt::format("switch on {}, and try again", kSwitch);
  if (text_in(answer, "code") == "INVALID_DOMAIN")
    return fmt::format("it is not of this account, or lacks {}", kSwitch);
  return {};
}

constexpr std::string_view kKeyNames[] = {"PORKBUN_API_KEY"};
constexpr std::string_view kSecretNames[] = {"PORKBUN_SECRET_API_KEY"};
constexpr OptionSpec kOptions[] = {
    {"key", "an API key, which begins with pk1_", true, true, kKeyNames},
    {"secret", "the secret key that goes with it, which begins with sk1_", true, true, kSecretNames},
    {"url", "where the API is; https://api.porkbun.com/api/json/v3 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

/// In headers, and not in bodies, where Porkbun takes them as well: bodies are shown, kept and written into scripts.
Api::Authorize in_headers(net::Secret key, net::Secret secret) {
  return [=](net::HttpRequest& request) -> Result<void> {
    request.headers.emplace_back("X-API-Key", key.reveal());
    request.headers.emplace_back("X-Secret-API-Key", secret.reveal());
    return {};
  };
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  std::vector<net::Secret> secrets;
  for (const char* option : {"key", "secret"}) {
    auto secret = net::read_credential(option_of(config, option), config.base_folder);
    if (!secret) return within(fmt::format("the option '{}' of the provider 'porkbun'", option), secret.error());
    secrets.push_back(std::move(*secret));
  }
  Api::Settings settings;
  settings.service = "Porkbun";
  settings.url = option_of(config, "url", kUrl);
  settings.authorize = in_headers(secrets[0], secrets[1]);
  settings.secrets = secrets;
  settings.meaning = meaning_of;
  settings.advice = advice_on;
  settings.tell = context.tell;
  settings.clock = &context.clock;
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty())
    settings.ca_file = path_from(config.base_folder, ca);
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'porkbun'", api.error());
  const auto where = [&](const char* option) {
    return absolute_reference(option_of(config, option), config.base_folder);
  };
  return std::unique_ptr<Provider>(std::make_unique<Porkbun>(std::move(*api), where("key"), where("secret")));
}

}  // namespace

Entry entry() {
  return {"porkbun",
          "Porkbun",
          kOptions,
          open,
          what_it_can,
          "An API key and its secret key, made under API Access in the account; and API Access switched on for the "
          "domain, which it is not by itself.",
          "A key that is limited to this one domain and to the address that calls come from."};
}

}  // namespace cutover::providers::porkbun
