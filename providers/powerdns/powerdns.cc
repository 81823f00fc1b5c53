#include "providers/powerdns/powerdns.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/codec.h"
#include "core/text.h"
#include "providers/api_provider.h"
#include "providers/powerdns/inverse.h"
#include "providers/powerdns/zone_json.h"

namespace cutover::providers::powerdns {
namespace {

/// From so many names on, one reply with the whole zone is less work than a question for each.
constexpr std::size_t kManyNames = 8;

const Capabilities& what_it_can() {
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "REPLACE and DELETE take a whole record set", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "one PATCH is one transaction of the backend (SQL backends have them)",
                 "2026-11-22"},
      .atomic_limit = {1000, "the server takes bodies of 2 MB unless it is told otherwise (webserver-max-bodysize)",
                       "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kNone,
                           "the API has neither versions nor prerequisites; values and TTLs are read and compared "
                           "right before the PATCH",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the server that took the change serves it, its secondaries follow by NOTIFY",
                 "2026-11-22"},
      .ttl_floor = {Seconds(0), "PowerDNS stores any TTL", "2026-11-22"},
      .settle_time = {Seconds(0),
                      "a PATCH empties the server's own caches for the zone, and every authoritative "
                      "address is asked directly",
                      "2026-11-22"},
      .types = {{}, "every type but NS, SOA, DNSSEC's own, ALIAS and LUA", "2026-11-22"},
  };
  return capabilities;
}

class PowerDnsProvider final : public Provider {
 public:
  PowerDnsProvider(Api api, std::string zones, std::string key)
      : api_(std::move(api)), zones_(std::move(zones)), key_(std::move(key)) {}

  const Capabilities& capabilities() const override { return what_it_can(); }

  Result<Zone> read(const DomainName& zone) override {
    auto reply = whole(zone);
    if (!reply) return reply.error();
    return std::move(reply->zone);
  }
  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) override {
    auto reply = some(zone, keys);
    if (!reply) return reply.error();
    Sets sets = sets_of(reply->zone, keys);
    if (reply->extent == ZoneReply::Extent::kSome) sets.in_zone.reset();
    return sets;
  }
  Result<std::vector<Step>> steps(const ChangeSet& changes) const override;
  Result<Receipt> apply(const Step& step) override;
  /// The server that took the change serves it; whether the others do is asked of them directly.
  Result<bool> in_sync(const Receipt&) override { return true; }
  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override {
    if (auto carried = check(inverse); !carried) return carried.error();
    return powerdns::inverse_script(inverse, {api_.url() + path_of(inverse.zone), key_, api_.ca_file()});
  }

 private:
  std::string path_of(const DomainName& zone) const { return zones_ + zone_id(zone); }
  Result<ZoneReply> ask(const DomainName& zone, const std::string& filter);
  Result<ZoneReply> whole(const DomainName& zone);
  Result<ZoneReply> some(const DomainName& zone, const std::vector<RecordKey>& keys);

  Api api_;
  std::string zones_;  ///< /api/v1/servers/localhost/zones/
  std::string key_;    ///< where the key is
};

Result<ZoneReply> PowerDnsProvider::ask(const DomainName& zone, const std::string& filter) {
  auto body = api_.read(path_of(zone) + filter, fmt::format("reading {}", zone.text()));
  if (!body) return body.error();
  auto reply = zone_reply(*body, zone);
  if (!reply) return within(api_.who(), reply.error());
  return reply;
}

Result<ZoneReply> PowerDnsProvider::whole(const DomainName& zone) {
  auto reply = ask(zone, "");
  if (reply && reply->zone.find({zone, RecordType::kSoa}) == nullptr)
    return fail(ErrorCode::kInvalid,
                fmt::format("{} holds {} without a SOA record: no server can serve it", api_.who(), zone.text()));
  return reply;
}

/// The sets at the names of `keys` and at the apex. A server that knows no filter says the whole zone each time, which
/// is as good.
Result<ZoneReply> PowerDnsProvider::some(const DomainName& zone, const std::vector<RecordKey>& keys) {
  std::set<DomainName> names;
  for (const RecordKey& key : keys) names.insert(key.name);
  if (names.size() >= kManyNames) return whole(zone);
  names.erase(zone);
  const auto filter = [](const DomainName& name) { return "?rrset_name=" + percent_encoded(name.text()); };
  auto found = ask(zone, filter(zone));
  if (!found) return found;
  found->extent = ZoneReply::Extent::kSome;
  if (found->zone.find({zone, RecordType::kSoa}) == nullptr) return whole(zone);
  for (const DomainName& name : names) {
    auto more = ask(zone, filter(name));
    if (!more) return more;
    more->zone.sets.erase({zone, RecordType::kSoa});
    found->zone.sets.merge(more->zone.sets);
    found->disabled.merge(more->disabled);
  }
  return found;
}

Result<std::vector<Step>> PowerDnsProvider::steps(const ChangeSet& changes) const {
  std::vector<Step> steps;
  if (changes.empty()) return steps;
  if (auto carried = check(changes); !carried) return carried.error();
  Step step;
  step.zone = changes.zone;
  step.ordinal = 1;
  step.summary = fmt::format("one PATCH to {} for {}: {}", api_.who(), changes.zone.text(),
                             counted(changes.changes.size(), "record set"));
  step.request = to_json(changes);
  for (const Change& change : changes.changes) step.touches.push_back(change.key);
  steps.push_back(std::move(step));
  return steps;
}

/// Whether the change may be made of what the server holds now.
Result<void> compare(const std::string& who, const ZoneReply& live, const ChangeSet& changes) {
  const auto stop = [&](ErrorCode code, const std::string& why) {
    return fail(code, fmt::format("{}: {}; nothing was changed", who, why));
  };
  const std::string zone = changes.zone.text();
  if (live.kind == "Slave" || live.kind == "Secondary" || live.kind == "Consumer")
    return stop(
        ErrorCode::kRefused,
        fmt::format("it is a secondary of {} and would lose the change at the next transfer: name the primary", zone));
  if (live.soa_edit_api.empty() && live.kind != "Native")
    return stop(ErrorCode::kUnsupported,
                fmt::format("{0} has no SOA-EDIT-API, so its serial would stay and no secondary would notice: run "
                            "pdnsutil set-meta {1} SOA-EDIT-API DEFAULT",
                            zone, changes.zone.host()));
  if (changes.guard_serial && *changes.guard_serial != live.zone.soa.serial)
    return stop(ErrorCode::kConflict,
                fmt::format("the serial of {} is {} and not {}", zone, live.zone.soa.serial, *changes.guard_serial));
  for (const Change& change : changes.changes) {
    if (live.disabled.count(change.key) != 0)
      return stop(
          ErrorCode::kUnsupported,
          fmt::format("{} has disabled records, which a new set would lose: delete or enable them", change.key.text()));
    if (!before_holds(change, live.zone.find(change.key)))
      return stop(ErrorCode::kConflict, fmt::format("{} is not what it was when it was read", change.key.text()));
  }
  return {};
}

Result<Receipt> PowerDnsProvider::apply(const Step& step) {
  auto changes = change_set_from_json(step.request);
  if (!changes) return changes.error();
  std::vector<RecordKey> keys;
  for (const Change& change : changes->changes) keys.push_back(change.key);
  auto live = some(changes->zone, keys);
  if (!live) return fail(live.error().code, live.error().message + "; nothing was changed");
  if (auto fits = compare(api_.who(), *live, *changes); !fits) return fits.error();
  // From here to the server's transaction nobody guards: the API has nothing to do it with.
  const std::string path = path_of(changes->zone);
  auto made = api_.write({"PATCH", path, patch_body(*changes)}, fmt::format("changing {}", changes->zone.text()));
  if (!made) return made.error();
  // Left alone the server looks for moved serials once a minute.
  std::string notified = "not a primary";
  if (live->kind == "Master" || live->kind == "Primary" || live->kind == "Producer") {
    auto told = api_.write({"PUT", path + "/notify"}, fmt::format("notifying the secondaries of {}", step.zone.text()));
    notified = told ? "queued" : told.error().message;
  }
  return Receipt{step.zone, step.ordinal, fmt::format("{} made the change", api_.who()),
                 nlohmann::ordered_json{{"serial_before", live->zone.soa.serial}, {"notify", notified}}.dump()};
}

// As lego, dnscontrol and external-dns name them.
constexpr std::string_view kUrlNames[] = {"PDNS_API_URL"};
constexpr std::string_view kKeyNames[] = {"PDNS_API_KEY"};
constexpr std::string_view kServerNames[] = {"PDNS_SERVER_NAME"};
constexpr OptionSpec kOptions[] = {
    {"url", "where the API is: https://HOST:PORT, or http:// on this machine, such as http://127.0.0.1:8081", true,
     false, kUrlNames},
    {"key", "the API key (api-key in pdns.conf)", true, true, kKeyNames},
    {"server", "the server's id in the API; localhost when left out", false, false, kServerNames},
    {"ca_file", "trust this certificate authority and no other", false, false},
};

Result<std::unique_ptr<Provider>> open(const ProviderConfig& config, const Context& context) {
  Api::Settings settings;
  settings.service = "PowerDNS";
  auto opened = open_with_token(config, context, std::move(settings), "key", "X-API-Key", "");
  if (!opened) return opened.error();
  // The script for the way back is run from anywhere.
  return std::unique_ptr<Provider>(std::make_unique<PowerDnsProvider>(
      std::move(opened->api),
      fmt::format("/api/v1/servers/{}/zones/", percent_encoded(option_of(config, "server", "localhost"))),
      std::move(opened->reference)));
}

}  // namespace

Entry entry() {
  return {"powerdns",
          "PowerDNS's HTTP API",
          kOptions,
          open,
          what_it_can,
          "The api-key of pdns.conf; a key that this user alone can read.",
          "PowerDNS has this one key, which may change every zone. Where that is too much, use rfc2136 with a TSIG key "
          "for the zone."};
}

}  // namespace cutover::providers::powerdns
