#include "providers/route53/route53.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "core/codec.h"
#include "core/text.h"
#include "providers/api_provider.h"
#include "providers/environment.h"
#include "providers/file.h"
#include "providers/route53/aws_session.h"
#include "providers/route53/inverse.h"
#include "providers/route53/verdict.h"
#include "providers/route53/zone_reader.h"

namespace cutover::providers::route53 {
namespace {

const Capabilities& what_it_can() {
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "every element of a change names a whole record set", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "ChangeResourceRecordSets makes all of its changes or none", "2026-11-22"},
      .atomic_limit = {kMaxRecords / 2,
                       "a request takes 1,000 records, old and new together, and 32,000 characters of data",
                       "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kValuesAndTtl,
                           "a deletion has to repeat values and TTL, and fails the whole request when it does not",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kServing, "GetChange says INSYNC when all name servers have the change", "2026-11-22"},
      .ttl_floor = {Seconds(0), "any TTL up to 2147483647", "2026-11-22"},
      .settle_time = {Seconds(0), "INSYNC is waited for", "2026-11-22"},
      .types = {aws_types(), "what Route 53 lists as supported; of these NS, SOA and DNSSEC's own are not changed here",
                "2026-11-22"},
      .ttl_ceiling = {kMaxTtl, "that of DNS", "2026-11-22"},
      .ttl_steps = {{}, "any", "2026-11-22"},
      .budget = {{10, Seconds(1)},
                 "of the whole account, after a burst of 50; who asks more is told Throttling",
                 "2026-11-22"},
  };
  return capabilities;
}

class Route53Provider final : public Provider {
 public:
  Route53Provider(Api api, std::string zone_id, ScriptKeys keys, std::function<void(const std::string&)> tell)
      : api_(std::move(api)), zones_(api_, std::move(zone_id)), keys_(std::move(keys)), tell_(std::move(tell)) {}

  const Capabilities& capabilities() const override { return what_it_can(); }
  Result<Zone> read(const DomainName& zone) override;
  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) override;
  Result<std::vector<Step>> steps(const ChangeSet& changes) const override;
  Result<Receipt> apply(const Step& step) override;
  Result<bool> in_sync(const Receipt& receipt) override;
  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override;
  std::optional<Span> clock_skew() const override { return api_.clock_skew(); }

 private:
  Result<void> compare(const Listing& live, const ChangeSet& changes) const;

  Api api_;
  ZoneReader zones_;
  ScriptKeys keys_;
  std::function<void(const std::string&)> tell_;
  std::set<std::string> not_told_;  ///< changes of which nobody has heard yet that they cannot be asked for
};

Result<Zone> Route53Provider::read(const DomainName& zone) {
  auto listing = zones_.whole(zone);
  if (!listing) return listing.error();
  return std::move(listing->zone);
}

Result<Provider::Sets> Route53Provider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  auto listing = zones_.around(zone, keys);
  if (!listing) return listing.error();
  Sets sets = sets_of(listing->zone, keys);
  sets.in_zone.reset();
  for (const RecordKey& key : keys)
    if (const auto at = listing->special.find(key); at != listing->special.end()) sets.refused.insert(*at);
  return sets;
}

Result<std::vector<Step>> Route53Provider::steps(const ChangeSet& changes) const {
  if (auto carried = check(changes); !carried) return carried.error();
  auto cut = batches(changes);
  if (!cut) return cut.error();
  std::vector<Step> steps;
  for (const ChangeSet& batch : *cut) {
    Step step;
    step.zone = changes.zone;
    step.ordinal = static_cast<int>(steps.size()) + 1;
    step.summary = fmt::format("ChangeResourceRecordSets at {} for {}: {}", api_.who(), changes.zone.text(),
                               counted(batch.changes.size(), "record set"));
    step.request = to_json(batch);
    for (const Change& change : batch.changes) step.touches.push_back(change.key);
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<void> Route53Provider::compare(const Listing& live, const ChangeSet& changes) const {
  const auto moved = [&](const std::string& what) {
    return fail(ErrorCode::kConflict, fmt::format("{}: {}; nothing was changed", api_.who(), what));
  };
  if (changes.guard_serial && *changes.guard_serial != live.zone.soa.serial)
    return moved(fmt::format("the serial of {} is {} and not {}", changes.zone.text(), live.zone.soa.serial,
                             *changes.guard_serial));
  for (const Change& change : changes.changes) {
    if (const auto at = live.special.find(change.key); at != live.special.end())
      return fail(ErrorCode::kUnsupported,
                  fmt::format("{}: {} {}, and changing it as one set would flatten that: make a plain set of it first, "
                              "or move it by hand; nothing was changed",
                              api_.who(), at->first.text(), at->second));
    if (!before_holds(change, live.zone.find(change.key)))
      return moved(fmt::format("{} is not what it was when it was read", change.key.text()));
  }
  return {};
}

Result<Receipt> Route53Provider::apply(const Step& step) {
  const auto changes = change_set_from_json(step.request);
  if (!changes) return changes.error();
  std::vector<RecordKey> keys;
  for (const Change& change : changes->changes) keys.push_back(change.key);
  const auto live = zones_.around(changes->zone, keys);
  if (!live) return fail(live.error().code, live.error().message + "; nothing was changed");
  if (auto fits = compare(*live, *changes); !fits) return fits.error();
  // Whoever edits one of these sets from here on makes the whole request fail: its deletions repeat what was read.
  const auto id = zones_.id_of(changes->zone);
  if (!id) return id.error();
  const std::string doing = fmt::format("changing {}", changes->zone.text());
  const auto body = api_.write({"POST", rrset_path(*id) + "/", change_body(edits_of(*changes, &*live)), {}}, doing);
  if (!body) return body.error();
  const auto info = read_change_info(*body);
  if (!info)
    return fail(ErrorCode::kUnknown, fmt::format("{}: {} answered, and {}: whether the change was made is not known",
                                                 doing, api_.who(), info.error().message));
  not_told_.insert(info->id);
  return Receipt{step.zone, step.ordinal, fmt::format("{} took the change as {}", api_.who(), printable(info->id)),
                 nlohmann::ordered_json{{"change", info->id}}.dump()};
}

Result<bool> Route53Provider::in_sync(const Receipt& receipt) {
  const auto json = nlohmann::json::parse(receipt.reply, nullptr, false);
  const std::string id = json.is_object() ? json.value("change", "") : "";
  if (id.empty()) return fail(ErrorCode::kCorrupt, "the receipt of a Route 53 change does not name the change");
  const std::string doing =
      fmt::format("asking whether the change {} of {} is served", printable(id), receipt.zone.text());
  const auto body = api_.read(fmt::format("{}change/{}", kVersion, percent_encoded(id)), doing);
  const auto info = body ? read_change_info(*body) : Result<ChangeInfo>(body.error());
  // A change that was taken does not fail any more: who cannot be asked has not said yet that it is in force.
  if (!info) {
    if (tell_ && not_told_.erase(id) != 0) tell_(info.error().message);
    return false;
  }
  return info->status == ChangeInfo::Status::kInSync;
}

Result<InverseScript> Route53Provider::inverse_script(const ChangeSet& inverse) const {
  if (auto carried = check(inverse); !carried) return carried.error();
  auto cut = batches(inverse);
  if (!cut) return cut.error();
  return route53::inverse_script(inverse, *cut, {api_.url(), zones_.known_id(inverse.zone), keys_, api_.ca_file()});
}

constexpr std::string_view kZoneIdNames[] = {"AWS_HOSTED_ZONE_ID"};
constexpr std::string_view kUrlNames[] = {"AWS_ENDPOINT_URL_ROUTE_53"};
constexpr std::string_view kStsUrlNames[] = {"AWS_ENDPOINT_URL_STS"};
constexpr OptionSpec kOptions[] = {
    {"profile", "the profile in ~/.aws/credentials and ~/.aws/config; without it the environment, then AWS_PROFILE",
     false, false},
    {"zone_id", "the hosted zone's id; without it the one public zone of the name", false, false, kZoneIdNames},
    {"url", "where Route 53 is, https://route53.amazonaws.com when left out", false, false, kUrlNames},
    {"sts_url", "where roles are assumed, https://sts.amazonaws.com when left out", false, false, kStsUrlNames},
    {"region", "the region that requests are signed for, us-east-1 when left out", false, false},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

std::string without_prefix(const std::string& id) {
  constexpr std::string_view kPrefix = "/hostedzone/";
  return id.starts_with(kPrefix) ? id.substr(kPrefix.size()) : id;
}

bool is_zone_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  const std::string zone_id = without_prefix(option_of(config, "zone_id"));
  if (!is_zone_id(zone_id))
    return fail(ErrorCode::kUsage,
                fmt::format("the option 'zone_id' of the provider 'route53' is letters and digits, as "
                            "in Z0123456789ABCDEFGHIJ, and not '{}'",
                            printable(zone_id)));
  auto identity = find_identity(option_of(config, "profile"), variable_of_process);
  if (!identity) return within("the keys for Route 53", identity.error());
  AwsSession::Settings sts;
  sts.sts_url = option_of(config, "sts_url", sts.sts_url);
  sts.region = option_of(config, "region", sts.region);
  if (const std::string ca = option_of(config, "ca_file"); !ca.empty()) sts.ca_file = path_from(config.base_folder, ca);
  ScriptKeys keys{identity->profile, identity->roles, sts.sts_url, sts.region};
  const auto session = std::make_shared<AwsSession>(context.loop, context.clock, *std::move(identity), sts);
  Api::Settings settings;
  settings.service = "Route 53";
  settings.url = option_of(config, "url", "https://route53.amazonaws.com");
  settings.form = Api::Form::kXml;
  settings.ca_file = sts.ca_file;
  settings.fetched_secrets = [session] { return session->secrets(); };
  settings.authorize = [session](net::HttpRequest& request) { return session->sign(request, "route53"); };
  settings.meaning = [](const net::HttpResponse& response) { return meaning_of(response.status, response.body); };
  settings.clock = &context.clock;
  settings.tell = context.tell;
  auto api = Api::make(context.loop, std::move(settings));
  if (!api) return within("the option 'url' of the provider 'route53'", api.error());
  return std::unique_ptr<Provider>(
      std::make_unique<Route53Provider>(std::move(*api), zone_id, std::move(keys), context.tell));
}

}  // namespace

Entry entry() {
  return {
      "route53",
      "Amazon Route 53",
      kOptions,
      open,
      what_it_can,
      "As the AWS CLI finds them: the profile that the plan names, else AWS_ACCESS_KEY_ID with "
      "AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else AWS_PROFILE; roles are assumed where the profile names one.",
      "The actions route53:ListResourceRecordSets and route53:ChangeResourceRecordSets (of the latter only CREATE and "
      "DELETE) on the "
      "hosted zone, route53:GetChange, and without `zone_id` route53:ListHostedZonesByName."};
}

}  // namespace cutover::providers::route53
