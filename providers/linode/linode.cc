#include "providers/linode/linode.h"

#include <map>

#include "providers/api_provider.h"
#include "providers/json_body.h"
#include "providers/linode/record_json.h"

namespace cutover::providers::linode {
namespace {

constexpr std::string_view kUrl = "https://api.linode.com/v4";
constexpr std::size_t kPage = 500;
constexpr unsigned kHighestPriority = 255;
constexpr Seconds kUsualTtl{86400};  ///< of a domain that says 0
constexpr Seconds kHighestTtl{2419200};
constexpr RecordForm kForm{RecordForm::Names::kWithoutDot, RecordForm::Text::kBare, RecordForm::Priority::kApart};

const std::vector<Seconds>& ttls() {
  static const std::vector<Seconds> steps{Seconds(300),    Seconds(3600),   Seconds(7200),    Seconds(14400),
                                          Seconds(28800),  Seconds(57600),  Seconds(86400),   Seconds(172800),
                                          Seconds(345600), Seconds(604800), Seconds(1209600), kHighestTtl};
  return steps;
}

const Capabilities& what_it_can() {
  using T = RecordType;
  static const Capabilities capabilities{
      .unit = {Unit::kRecord,
               "every record has an id and is edited by it; a new one takes two calls, the second for its TTL",
               "2026-11-22"},
      .atomic = record_calls::kAtomic,
      .atomic_limit = record_calls::kAtomicLimit,
      .compare_and_swap = record_calls::kCompareAndSwap,
      .commit_step = {"", "none", "2026-11-22"},
      .signal = record_calls::kSignal,
      .ttl_floor = {Seconds(300), "300 s, the lowest of the TTLs that can be set", "2026-11-22"},
      .settle_time = {Seconds(300),
                      "Linode promises no time; its servers are said to take changes over every few minutes",
                      "2026-11-22"},
      .types = {{T::kA, T::kAaaa, T::kCaa, T::kCname, T::kMx, T::kSrv, T::kTxt},
                "A, AAAA, CAA, CNAME, MX, SRV and TXT are written: Linode has no HTTPS, SVCB or TLSA",
                "2026-11-22"},
      .ttl_ceiling = {kHighestTtl, "four weeks", "2026-11-22"},
      .ttl_steps = {ttls(),
                    "every other TTL becomes one of 300, 3600, 7200, 14400, 28800, 57600 or 86400 s, or of 2, 4, 7, "
                    "14 or 28 days",
                    "2026-11-22"},
      .budget = {{200, Seconds(60)}, "lists; of other calls 1,600 a minute", "2026-11-22"},
      .ttl_at_first = kHighestTtl,
  };
  return capabilities;
}

constexpr std::string_view kPython = R"PY(
DOMAIN = {}


def zone_id():
    if not DOMAIN:
        if DOMAIN_ID:
            DOMAIN.update(fetch("GET", "/domains/" + DOMAIN_ID))
        else:
            name = ZONE.rstrip(".")
            found = fetch("GET", "/domains?page_size=500", headers={"X-Filter": json.dumps({"domain": name})})
            DOMAIN.update([one for one in found["data"] if one["domain"] == name][0])
    return DOMAIN["id"]


def records():
    page, pages = 1, 1
    while page <= pages:
        reply = fetch("GET", "/domains/%s/records?page=%d&page_size=500" % (zone_id(), page))
        for record in reply["data"]:
            name, kind, value = record["name"] or "", record["type"], record["target"]
            if kind == "MX":
                value = "%d %s" % (record["priority"], value or ".")
            if kind == "SRV":
                value = "%(priority)d %(weight)d %(port)d %(target)s" % record
                if not name.startswith("_"):
                    name = ("_%(service)s._%(protocol)s." % record + name).rstrip(".")
            if kind == "CAA":
                value = "0 %(tag)s %(target)s" % record
            yield name + "." + ZONE if name else ZONE, kind, record["ttl_sec"] or DOMAIN["ttl_sec"] or 86400, value, record["id"]
        pages = reply["pages"]
        page += 1
)PY";

class Linode final : public ApiProvider {
 public:
  Linode(Api api, std::string domain_id, std::string token)
      : ApiProvider(std::move(api), kForm), domain_id_(std::move(domain_id)), token_(std::move(token)) {}
  const Capabilities& capabilities() const override { return what_it_can(); }

 protected:
  Result<Listing> list(const DomainName& zone, const std::vector<RecordKey>* keys) override;
  Result<ApiCall> call(const Part& part, const Ids& ids) const override;
  Result<std::vector<Part>> parts(const ChangeSet& changes) const override;
  Result<void> check(const Change& change, const DomainName& zone) const override;
  ServiceInPython in_python() const override {
    return {with_bearer_token(kPython), {{"DOMAIN_ID", domain_id_}}, {{"token", token_}}};
  }

 private:
  struct Domain {
    std::string id;
    Seconds ttl;
  };
  Result<Domain> find_domain(const DomainName& zone) const;

  std::string domain_id_;  ///< as the plan says; empty: it is looked for by name
  std::string token_;      ///< where the token is
  /// What records without a TTL of their own have, by what was last read.
  std::map<DomainName, Seconds> default_ttls_;
};

Result<Linode::Domain> Linode::find_domain(const DomainName& zone) const {
  const std::string doing = fmt::format("looking for the domain {}", zone.text());
  ApiCall call{"GET", domain_id_.empty() ? fmt::format("/domains?page_size={}", kPage)
                                         : "/domains/" + percent_encoded(domain_id_)};
  if (domain_id_.empty()) call.headers = {{"X-Filter", Json{{"domain", zone.host()}}.dump()}};
  auto body = api().read(call, doing);
  if (!body) return body.error();
  return read_json(*body, [&](const Json& json) -> Result<Domain> {
    const Json domains = domain_id_.empty() ? json.at("data") : Json::array({json});
    for (const Json& domain : domains) {
      if (domain.at("domain") != zone.host()) continue;
      if (domain.at("type") != "master")
        return fail(ErrorCode::kUnsupported,
                    fmt::format("{}: at {} it is a copy of a zone that is kept elsewhere: change it there", doing,
                                api().who()));
      const auto ttl = domain.value("ttl_sec", 0U);
      return Domain{domain.at("id").dump(), ttl == 0 ? kUsualTtl : Seconds(ttl)};
    }
    return fail(ErrorCode::kNotFound, fmt::format("{}: {} has none that this token may see", doing, api().who()));
  });
}

Result<Listing> Linode::list(const DomainName& zone, const std::vector<RecordKey>*) {
  auto domain = find_domain(zone);
  if (!domain) return domain.error();
  default_ttls_[zone] = domain->ttl;
  Listing found = listing(zone);
  found.zone_id = domain->id;
  std::size_t page = 1;
  const auto path = [&] { return fmt::format("/domains/{}/records?page={}&page_size={}", domain->id, page, kPage); };
  auto read = api().read_pages(path(), fmt::format("reading {}", zone.text()), [&](const std::string& body) {
    return read_json(body, [&](const Json& json) -> Result<std::optional<std::string>> {
      for (const Json& record : json.at("data"))
        if (auto added = found.add(record_from(record, zone, domain->ttl)); !added) return added.error();
      if (page++ >= json.at("pages").get<std::size_t>()) return std::optional<std::string>();
      return std::optional(path());
    });
  });
  if (!read) return read.error();
  return found;
}

// A TTL that is sent with a new record is not kept: it comes with the domain's TTL and is given its own at once.
Result<std::vector<Part>> Linode::parts(const ChangeSet& changes) const {
  const auto known = default_ttls_.find(changes.zone);
  const Seconds at_first = known == default_ttls_.end() ? kUsualTtl : known->second;
  return by_record(changes, [at_first](const Change& change) {
    Edits edits;
    for (const Part::Record& edit : edits_of(change)) {
      const bool is_new = edit.from.empty();
      edits.push_back({edit.from, edit.to, is_new ? at_first : edit.ttl});
      if (is_new && edit.ttl != at_first) edits.push_back({edit.to, edit.to, edit.ttl});
    }
    return edits;
  });
}

Result<void> Linode::check(const Change& change, const DomainName& zone) const {
  const auto refused = [&](std::string_view why) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} cannot be written to Linode: {}", change.key.text(), why));
  };
  if (change.key.type == RecordType::kSrv && !can_own_srv(change.key.name, zone))
    return refused("it has SRV records for _service._protocol right below the zone alone");
  if (!change.after) return {};
  for (const std::string& rdata : change.after->rdata) {
    const ApiData sent = data(change.key, rdata);
    if (sent.priority && *sent.priority > kHighestPriority) return refused("its priorities end at 255");
    if (change.key.type == RecordType::kSrv && sent.priority == 0U) return refused("it takes no SRV priority of 0");
    if (change.key.type == RecordType::kMx && sent.content == ".") return refused("a null MX is made by hand there");
    if (change.key.type == RecordType::kCaa && !rdata.starts_with("0 ")) return refused("it has no CAA flags");
    if (change.key.type == RecordType::kTxt && rdata.find('\\') != std::string::npos)
      return refused("whether it keeps text with a quote or a backslash in it is not known");
  }
  return {};
}

Result<ApiCall> Linode::call(const Part& part, const Ids& ids) const {
  const RecordKey& key = part.changes.changes.at(0).key;
  const Part::Record& record = *part.record;
  const std::string records = fmt::format("/domains/{}/records", ids.zone);
  const std::string own = path_of_record(records, part, ids);
  if (record.to.empty()) return ApiCall{"DELETE", own};
  Json fields = fields_of(key, data(key, record.to), part.changes.zone);
  if (own.empty()) {
    fields["type"] = to_text(key.type);
    return ApiCall{"POST", records, fields.dump()};
  }
  fields["ttl_sec"] = record.ttl.count();
  return ApiCall{"PUT", own, fields.dump()};
}

constexpr std::string_view kTokenNames[] = {"LINODE_TOKEN"};
constexpr OptionSpec kOptions[] = {
    {"token", "a personal access token with the scope domains:read_write", true, true, kTokenNames},
    {"domain_id", "the domain's id; looked for by its name when left out", false, false},
    {"url", "where the API is; https://api.linode.com/v4 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "Linode";
  settings.url = kUrl;
  auto opened = open_with_token(config, context, std::move(settings), "token", "Authorization", "Bearer ");
  if (!opened) return opened.error();
  return std::unique_ptr<Provider>(
      std::make_unique<Linode>(std::move(opened->api), option_of(config, "domain_id"), std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"linode",
          "Linode (Akamai)",
          kOptions,
          open,
          what_it_can,
          "A personal access token, made under API Tokens in the profile.",
          "The scope domains:read_write, of a user who may change this one domain and nothing else."};
}

}  // namespace cutover::providers::linode
