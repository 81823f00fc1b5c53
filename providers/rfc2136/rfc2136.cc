#include "providers/rfc2136/rfc2136.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.h"
#include "net/credential.h"
#include "providers/environment.h"
#include "providers/file.h"
#include "providers/rfc2136/primary_server.h"
#include "providers/rfc2136/verdict.h"

namespace cutover::providers::rfc2136 {
namespace {

const Capabilities& what_it_can() {
  static const Capabilities capabilities{
      .unit = {Unit::kRecordSet, "RFC 2136 section 2.5 deletes and adds by record and by set", "2026-11-22"},
      .atomic = {AtomicScope::kZone, "one message is made as a whole or not at all (RFC 2136 section 3.7)",
                 "2026-11-22"},
      .atomic_limit = {1000, "as many sets as fit into 65,000 bytes, about a thousand addresses", "2026-11-22"},
      .compare_and_swap = {CompareAndSwap::kValues, "prerequisites compare data, not TTLs (RFC 2136 section 2.4.2)",
                           "2026-11-22"},
      .commit_step = {"", "none", "2026-11-22"},
      .signal = {ChangeSignal::kSent, "the server that took the change serves it, its secondaries follow by NOTIFY",
                 "2026-11-22"},
      .ttl_floor = {Seconds(0), "Knot, BIND and PowerDNS store any TTL", "2026-11-22"},
      .settle_time = {Seconds(0), "every authoritative address is asked directly", "2026-11-22"},
      .types = {{}, "every type but NS, SOA and DNSSEC's own", "2026-11-22"},
  };
  return capabilities;
}

std::string option(const ProviderConfig& config, const std::string& name) {
  const auto at = config.options.find(name);
  return at == config.options.end() ? "" : at->second;
}

class Rfc2136Provider final : public Provider {
 public:
  explicit Rfc2136Provider(PrimaryServer primary) : primary_(std::move(primary)) {}

  const Capabilities& capabilities() const override { return what_it_can(); }

  Result<Zone> read(const DomainName& zone) override { return primary_.transfer(zone); }
  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) override {
    auto sets = primary_.read_sets(zone, keys);
    if (!sets) return sets.error();
    return *sets ? Result<Sets>(std::move(**sets)) : Provider::read_sets(zone, keys);
  }
  Result<std::vector<Step>> steps(const ChangeSet& changes) const override;
  Result<Receipt> apply(const Step& step) override;

  /// The server that took the change serves it; whether the others do is asked of them directly.
  Result<bool> in_sync(const Receipt&) override { return true; }

  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override;
  std::optional<Span> clock_skew() const override { return primary_.clock_skew(); }

 private:
  std::optional<net::Message> loosened(const DomainName& zone, const net::Message& update);

  PrimaryServer primary_;
};

Result<std::vector<Step>> Rfc2136Provider::steps(const ChangeSet& changes) const {
  std::vector<Step> steps;
  if (changes.empty()) return steps;
  auto update = update_message(changes);
  if (!update) return update.error();
  if (update->authority.empty()) return steps;
  Step step;
  step.zone = changes.zone;
  step.ordinal = 1;
  step.summary =
      fmt::format("one UPDATE to {} for {}: {}, {}", primary_.settings().server.text(), changes.zone.text(),
                  counted(update->answer.size(), "prerequisite"), counted(changes.changes.size(), "record set"));
  step.request = to_json(*update);
  for (const Change& change : changes.changes) step.touches.push_back(change.key);
  steps.push_back(std::move(step));
  return steps;
}

/// PowerDNS 4.7 compares data as the text that somebody once typed: alpn="h2" is not alpn=h2 for it, nor Example
/// example (2026-11-22). So where a value-dependent prerequisite fails although the zone holds just these values, they
/// are guarded by the SOA record instead, which that server writes itself: the sets must exist and the serial must not
/// have moved since before they were read. nullopt: they differ indeed.
std::optional<net::Message> Rfc2136Provider::loosened(const DomainName& zone, const net::Message& update) {
  const RecordKey soa_key{zone, RecordType::kSoa};
  // The SOA first: a change between the two reads then moves the serial away from the one that is required.
  auto soa = read_sets(zone, {});
  if (!soa) return std::nullopt;
  std::vector<RecordKey> keys;
  for (const net::Record& record : update.answer)
    if (record.record_class == net::RecordClass::kIn) keys.push_back({record.name, record.type});
  auto live = read_sets(zone, keys);
  if (!live) return std::nullopt;

  net::Message loose = update;
  loose.answer = net::to_records(soa->sets.at(soa_key));
  for (net::Record& record : loose.answer) record.ttl = 0;
  std::set<RecordKey> required{soa_key};
  for (const net::Record& record : update.answer) {
    const RecordKey key{record.name, record.type};
    if (record.record_class != net::RecordClass::kIn) {
      loose.answer.push_back(record);
      continue;
    }
    const auto at = live->sets.find(key);
    if (at == live->sets.end()) return std::nullopt;
    const auto wanted = std::count_if(update.answer.begin(), update.answer.end(), [&](const net::Record& other) {
      return other.record_class == net::RecordClass::kIn && other.name == key.name && other.type == key.type;
    });
    const auto& rdata = at->second.rdata;
    if (static_cast<std::size_t>(wanted) != rdata.size() ||
        std::find(rdata.begin(), rdata.end(), record.rdata) == rdata.end())
      return std::nullopt;
    if (required.insert(key).second) loose.answer.push_back({key.name, key.type, net::RecordClass::kAny, 0, ""});
  }
  return loose;
}

Result<Receipt> Rfc2136Provider::apply(const Step& step) {
  auto update = update_from_json(step.request);
  if (!update) return update.error();
  auto answer = primary_.send(*update, [&] { return loosened(step.zone, *update); });
  if (!answer) return answer.error();
  if (auto error = verdict_on_update(primary_.talk(step.zone), *answer)) return *error;
  return Receipt{step.zone, step.ordinal, fmt::format("{} made the change", primary_.settings().server.text()),
                 fmt::format(R"({{"rcode":"{}","received":"{}","rtt_us":{}}})", to_text(answer->reply.rcode),
                             format_instant_ms(answer->received), answer->rtt.count())};
}

Result<InverseScript> Rfc2136Provider::inverse_script(const ChangeSet& inverse) const {
  auto update = update_message(inverse);
  if (!update) return update.error();
  const std::string name = fmt::format("rollback-{}.nsupdate", inverse.zone.host());
  InverseScript script;
  script.file_name = name;
  script.how_to_run = fmt::format(
      "nsupdate -v{} {}",
      primary_.settings().key
          ? " -k " + (primary_.settings().key_file.empty() ? std::string("KEYFILE") : primary_.settings().key_file)
          : "",
      name);
  script.text = to_nsupdate(
      *update, fmt::format("server {} {}", primary_.settings().server.host, primary_.settings().server.port));
  return script;
}

// As lego names them, now and formerly. With _FILE behind it, a key's is what lego calls its TSIG file.
constexpr std::string_view kServerNames[] = {"DNSUPDATE_NAMESERVER", "RFC2136_NAMESERVER"};
constexpr std::string_view kKeyNames[] = {"DNSUPDATE_TSIG", "RFC2136_TSIG"};
constexpr OptionSpec kOptions[] = {
    {"server", "the zone's primary server: a name or an address, with :port where it is not 53", true, false,
     kServerNames},
    {"key", "the TSIG key, as tsig-keygen writes it or as algorithm:name:secret", false, true, kKeyNames},
    {"transport", "tcp (default) or udp for updates; udp turns to TCP where an answer is cut off", false, false},
};

/// The key that the environment gives in parts: _KEY (its name), _SECRET and _ALGORITHM. nullopt: none.
Result<std::optional<net::TsigKey>> key_in_parts() {
  for (const std::string_view prefix : kKeyNames) {
    const auto part = [&](std::string_view which) {
      return variable_of_process(fmt::format("{}_{}", prefix, which)).value_or("");
    };
    const std::string name = part("KEY");
    if (name.empty()) continue;
    std::string algorithm = to_lower(part("ALGORITHM"));
    if (algorithm.ends_with('.')) algorithm.pop_back();
    // Others take hmac-sha1, or md5, for granted. A server says no more than BADKEY to a wrong guess.
    if (algorithm.empty())
      return fail(ErrorCode::kUsage,
                  fmt::format("{0}_KEY is set and {0}_ALGORITHM is not: set it to hmac-sha256, or whatever the server "
                              "has for this key",
                              prefix));
    auto secret = net::read_credential(fmt::format("env/{}_SECRET", prefix), "");
    if (!secret) return secret.error();
    auto key = net::parse_tsig_key(fmt::format("{}:{}:{}", algorithm, name, secret->reveal()));
    if (!key) return within(fmt::format("{0}_KEY, {0}_SECRET and {0}_ALGORITHM", prefix), key.error());
    return std::optional(*std::move(key));
  }
  return std::optional<net::TsigKey>();
}

Result<Settings> settings_from(const ProviderConfig& config) {
  Settings settings;
  auto server = parse_server_name(option(config, "server"));
  if (!server) return server.error();
  settings.server = *server;
  if (const std::string transport = option(config, "transport"); transport == "udp") {
    settings.transport = net::DnsTransport::kUdpThenTcp;
  } else if (!transport.empty() && transport != "tcp") {
    return fail(ErrorCode::kUsage, fmt::format("'transport: {}' is neither tcp nor udp", printable(transport)));
  }
  if (const std::string reference = option(config, "key"); !reference.empty()) {
    auto secret = net::read_credential(reference, config.base_folder);
    if (!secret) return within("the key of " + settings.server.text(), secret.error());
    auto key = net::parse_tsig_key(secret->reveal());
    if (!key) return within("the key of " + settings.server.text(), key.error());
    settings.key = std::move(*key);
    if (reference.starts_with("file/"))
      settings.key_file = shell_quote(path_from(config.base_folder, reference.substr(5)));
  } else {
    auto key = key_in_parts();
    if (!key) return within("the key of " + settings.server.text(), key.error());
    settings.key = *std::move(key);
  }
  return settings;
}

}  // namespace

Entry entry() {
  return {
      "rfc2136",
      "DNS UPDATE (RFC 2136) with TSIG",
      kOptions,
      [](const ProviderConfig& config, const Context& context) -> Result<std::unique_ptr<Provider>> {
        auto settings = settings_from(config);
        if (!settings) return settings.error();
        return std::unique_ptr<Provider>(
            std::make_unique<Rfc2136Provider>(PrimaryServer(std::move(*settings), context)));
      },
      what_it_can,
      "A TSIG key as tsig-keygen writes it, or in parts: DNSUPDATE_TSIG_KEY (its name), DNSUPDATE_TSIG_SECRET and "
      "DNSUPDATE_TSIG_ALGORITHM, or the same as RFC2136_TSIG_... Without a key the server must know this machine "
      "by its address.",
      "Transfer (AXFR) and update of the zone: BIND `allow-transfer` and `update-policy { grant KEY zonesub ANY; }`, "
      "Knot an acl with `action: [transfer, update]`, PowerDNS TSIG-ALLOW-AXFR and TSIG-ALLOW-DNSUPDATE."};
}

}  // namespace cutover::providers::rfc2136
