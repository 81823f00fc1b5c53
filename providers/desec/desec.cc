#include "providers/desec/desec.h"

#include <algorithm>
#include <charconv>

#include "providers/api_provider.h"
#include "providers/json_body.h"

namespace cutover::providers::desec {
namespace {

constexpr std::string_view kUrl = "https://desec.io/api/v1";
constexpr Seconds kFloor{3600}, kCeiling{86400};
/// Of the limits on writes the one by the hour asks for the longest pause that is worth waiting for.
constexpr std::chrono::minutes kWorthWaiting{10};

Capabilities with_floor(Seconds floor) {
  using T = RecordType;
  return {
      .unit = {Unit::kRecordSet, "the API knows record sets", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "a bulk PATCH is made as a whole or not at all", "2026-11-22"},
      .atomic_limit = {1000, "the API names no limit; more than 1,000 record sets are not sent in one call",
                       "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone, "record sets are read and compared right before the call",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the answer says that the change is published, not that every server has it",
                 "2026-11-22"},
      .ttl_floor = {floor,
                    floor == kFloor ? "3600 s, unless deSEC's support granted the domain less: then set minimum_ttl"
                                    : "what deSEC granted the domain, by the option minimum_ttl",
                    "2026-11-22"},
      .settle_time = {Seconds(60), "changes are published at once; deSEC promises no time for all of its servers",
                      "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCname, T::kTxt, T::kMx, T::kSrv, T::kCaa, T::kPtr, T::kTlsa, T::kHttps, T::kSvcb,
                 T::kNaptr, T::kSshfp, T::kDname, T::kSpf},
                "A, AAAA, CNAME, TXT, MX, SRV, CAA, PTR, TLSA, HTTPS, SVCB, NAPTR, SSHFP, DNAME and SPF are written",
                "2026-11-22"},
      .ttl_ceiling = {kCeiling, "a day", "2026-11-22"},
      .budget = {{300, Seconds(86400)},
                 "changes of a domain; also 100 an hour, 15 a minute and 2 a second",
                 "2026-11-22"},
  };
}

const Capabilities& what_it_can() {
  static const Capabilities capabilities = with_floor(kFloor);
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
def authorize(request):
    request.add_header("Authorization", "Token " + credential("token"))


def records():
    path = "/domains/%s/rrsets/?cursor=" % ZONE.rstrip(".")
    while path:
        for rrset in fetch("GET", path):
            for value in rrset["records"]:
                yield rrset["name"], rrset["type"], rrset["ttl"], value, ""
        path = next_link()
)PY";

std::string domain_path(const DomainName& zone) { return "/domains/" + percent_encoded(zone.host()); }

class Desec final : public ApiProvider {
 public:
  Desec(Api api, Seconds floor, std::string token)
      : ApiProvider(std::move(api), {}), capabilities_(with_floor(floor)), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return capabilities_; }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override { return {std::string(kPython), {}, {{"token", token_}}}; }

 private:
  Result<void> check_floor(const DomainName& zone) const;

  Capabilities capabilities_;
  std::string token_;  ///< where the token is
};

/// That deSEC grants the domain what the plan says it does.
Result<void> Desec::check_floor(const DomainName& zone) const {
  const Seconds floor = capabilities_.ttl_floor.value;
  if (floor >= kFloor) return {};
  auto body = api().read(domain_path(zone) + "/", fmt::format("looking for the domain {}", zone.text()));
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<void> {
    const Seconds granted(json.at("minimum_ttl").get<std::int64_t>());
    if (granted <= floor) return {};
    return fail(ErrorCode::kUsage,
                fmt::format("the option 'minimum_ttl' of the provider 'desec' says {}, and {} grants "
                            "{} no less than {}: ask its support, or set minimum_ttl to that",
                            floor.count(), api().who(), zone.text(), granted.count()));
  });
}

Result<Listing> Desec::list(const DomainName& zone, const std::vector<RecordKey>*) {
  if (auto granted = check_floor(zone); !granted) return granted.error();
  Listing found = listing(zone);
  const auto add_all = [&](const Json& json) -> Result<void> {
    for (const Json& set : json) {
      auto name = DomainName::from_text(set.at("name").get<std::string>());
      if (!name) return name.error();
      for (const Json& value : set.at("records"))
        if (auto added = found.add({*name,
                                    set.at("type").get<std::string>(),
                                    Seconds(set.at("ttl").get<std::int64_t>()),
                                    {value.get<std::string>()}});
            !added)
          return added;
    }
    return {};
  };
  auto read = api().read_linked_pages(domain_path(zone) + "/rrsets/?cursor=", fmt::format("reading {}", zone.text()),
                                      [&](const std::string& body) { return read_json(body, add_all); });
  if (!read) return read.error();
  return found;
}

/// Only what changes is sent, so that a TTL of old that is below the floor may stay.
Result<ApiCall> Desec::call(const Part& part, const Ids&) const {
  Json sets = Json::array();
  for (const Change& change : part.changes.changes) {
    Json set{{"subname", owner_text(change.key.name, part.changes.zone, "")}, {"type", to_text(change.key.type)}};
    if (!change.after) set["records"] = Json::array();
    if (change.after && (!change.before || change.before->ttl != change.after->ttl))
      set["ttl"] = change.after->ttl.count();
    if (change.after && (!change.before || change.before->rdata != change.after->rdata))
      set["records"] = change.after->rdata;
    sets.push_back(std::move(set));
  }
  return ApiCall{"PATCH", domain_path(part.changes.zone) + "/rrsets/", sets.dump()};
}

Result<void> Desec::check(const Change& change, const DomainName& zone) const {
  if (!change.after) return {};
  const auto refused = [&](const char* why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} {}", change.key.text(), why));
  };
  if (change.key.name == zone && change.key.type == RecordType::kCname)
    return refused("would be a CNAME at the domain's own name, which deSEC does not take: give A and AAAA records");
  const std::string name = owner_text(change.key.name, zone, "");
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  if (!std::all_of(name.begin() + (name.starts_with('*') ? 1 : 0), name.end(), is_plain))
    return refused("has a name that deSEC does not take: letters, digits, -, _ and a * in front are all it knows");
  return {};
}

/// The option `minimum_ttl`.
Result<Seconds> floor_from(const ProviderConfig& config) {
  const std::string text = option_of(config, "minimum_ttl");
  if (text.empty()) return kFloor;
  std::int64_t seconds = 0;
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, seconds);
  if (read.ec == std::errc() && read.ptr == end && seconds > 0 && seconds <= kCeiling.count()) return Seconds(seconds);
  return fail(
      ErrorCode::kUsage,
      fmt::format("the option 'minimum_ttl' of the provider 'desec' is a number of seconds from 1 to {}, and '{}' "
                  "is none",
                  kCeiling.count(), printable(text)));
}

constexpr std::string_view kTokenNames[] = {"DESEC_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "an API token that may change the domain's record sets", true, true, kTokenNames},
    {"minimum_ttl", "the lowest TTL that deSEC's support granted the domain, in seconds; 3600 when left out", false,
     false},
    {"url", "where the API is; https://desec.io/api/v1 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  auto floor = floor_from(config);
  if (!floor) return floor.error();
  Api::Settings settings;
  settings.service = "deSEC";
  settings.url = kUrl;
  settings.longest_pause = kWorthWaiting;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Token ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(
      std::make_unique<Desec>(std::move(opened->api), *floor, std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"desec",
          "deSEC",
          kOptions,
          open,
          what_it_can,
          "An API token, made under Token Management.",
          "A token with a policy that lets it write in this domain and no other, and no permission to create or delete "
          "domains or to manage tokens."};
}

}  // namespace cutover::providers::desec
