#include "providers/gandi/gandi.h"

#include "providers/api_provider.h"
#include "providers/json_body.h"

namespace cutover::providers::gandi {
namespace {

constexpr std::string_view kUrl = "https://api.gandi.net/v5/livedns";

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "LiveDNS knows record sets", "2026-11-22"},
      .atomic =
          {AtomicScope::kRecordSet,
           "one call replaces one record set; LiveDNS has a call for a whole name and one for the whole zone, and "
           "both also replace what the change does not mention",
           "2026-11-22"},
      .atomic_limit = {1, "one record set per call", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "record sets are read and compared right before each call; a set that somebody creates "
                           "meanwhile is not overwritten: LiveDNS refuses to create it again",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer says that LiveDNS has it", "2026-11-22"},
      .ttl_floor = {Seconds(300), "300 s", "2026-11-22"},
      .settle_time = {Seconds(60), "Gandi promises no time for its servers", "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kTlsa, T::kSshfp, T::kDname,
                 T::kSpf},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, SSHFP, DNAME and SPF are written",
                "2026-11-22"},
      .ttl_ceiling = {Seconds(2592000), "30 days", "2026-11-22"},
      .budget = {{1000, Seconds(60)}, "per address", "2026-11-22"},
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def absolute(kind, value):  # a name without a dot at its end is the zone's
    if kind not in ("CNAME", "MX", "NS", "SRV", "PTR", "DNAME") or value.endswith("."):
        return value
    return value[:-1] + ZONE if value.endswith("@") else value + "." + ZONE


def records():
    path = "/domains/%s/records" % ZONE.rstrip(".")
    while path:
        for rrset in fetch("GET", path):
            name, kind = rrset["rrset_name"], rrset["rrset_type"]
            full = ZONE if name == "@" else name + "." + ZONE
            for value in rrset["rrset_values"]:
                yield full, kind, rrset["rrset_ttl"], absolute(kind, value), urllib.parse.quote(name, safe="")
        path = next_link()
)PY";

std::string records_path(const DomainName& zone) {
  return fmt::format("/domains/{}/records", percent_encoded(zone.host()));
}

class Gandi final : public ApiProvider {
 public:
  Gandi(Api api, std::string token) : ApiProvider(std::move(api), {}), token_(std::move(token)) {}
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
  ServiceInPython in_python() const override { return {with_bearer_token(kPython), {}, {{"token", token_}}}; }

 private:
  std::string token_;  ///< where the token is
};

Result<Listing> Gandi::list(const DomainName& zone, const std::vector<RecordKey>*) {
  Listing found = listing(zone);
  const auto add_all = [&](const Json& json) -> Result<void> {
    for (const Json& set : json) {
      const auto stored = set.at("rrset_name").get<std::string>();
      auto name = owner_name(stored, zone);
      if (!name) return name.error();
      ListedRecord record{*name, set.at("rrset_type").get<std::string>(),
                          Seconds(set.at("rrset_ttl").get<std::int64_t>()), ApiData{}, percent_encoded(stored)};
      const auto type = record_type_from_text(record.type);
      for (const Json& value : set.at("rrset_values")) {
        record.data.content = value.get<std::string>();
        if (type) record.data.content = absolute_data(record.data.content, *type, zone);
        if (auto added = found.add(record); !added) return added;
      }
    }
    return {};
  };
  auto read = api().read_linked_pages(records_path(zone), fmt::format("reading {}", zone.text()),
                                      [&](const std::string& body) { return read_json(body, add_all); });
  if (!read) return read.error();
  return found;
}

/// A set that is there goes by its name in the letters in which it is kept: LiveDNS fails on others.
Result<ApiCall> Gandi::call(const Part& part, const Ids& ids) const {
  const Change& change = part.changes.changes.at(0);
  const std::string path = records_path(part.changes.zone);
  const auto there = [&] {
    return fmt::format("{}/{}/{}", path, ids.record(change.key, change.before->rdata.at(0)), to_text(change.key.type));
  };
  if (!change.after) return ApiCall{"DELETE", there()};
  Json set;
  if (!change.before) {
    set["rrset_name"] = owner_text(change.key.name, part.changes.zone);
    set["rrset_type"] = to_text(change.key.type);
  }
  set["rrset_ttl"] = change.after->ttl.count();
  set["rrset_values"] = change.after->rdata;
  return change.before ? ApiCall{"PUT", there(), set.dump()} : ApiCall{"POST", path, set.dump()};
}

constexpr std::string_view kTokenNames[] = {"GANDIV5_PERSONAL_ACCESS_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "a personal access token that may change the domain's technical configuration", true, true, kTokenNames},
    {"url", "where the API is; https://api.gandi.net/v5/livedns when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "Gandi";
  settings.url = kUrl;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(std::make_unique<Gandi>(std::move(opened->api), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"gandi",
          "Gandi LiveDNS",
          kOptions,
          open,
          what_it_can,
          "A personal access token; the older API keys are not taken.",
          "A personal access token for this domain alone, with the right to manage its technical configuration."};
}

}  // namespace cutover::providers::gandi
