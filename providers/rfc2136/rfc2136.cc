#include "providers/rfc2136/rfc2136.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/boundary.h"
#include "core/text.h"
#include "net/credential.h"
#include "net/exchange.h"
#include "providers/file.h"
#include "providers/rfc2136/verdict.h"

namespace cutover::providers::rfc2136 {
namespace {

constexpr std::uint16_t kPort = 53;
constexpr std::chrono::milliseconds kUpdateTimeout{10000};
constexpr std::chrono::milliseconds kQueryTimeout{2000};
constexpr std::chrono::milliseconds kTransferTimeout{60000};
// From so many record sets on, one transfer is less work for both sides than a question for each, unless the zone is
// that many times larger. Then it is not waited for as long as where nothing else will do.
constexpr std::size_t kSetsWorthATransfer = 50;
constexpr std::size_t kZoneTooLarge = 20;
constexpr std::chrono::milliseconds kBriefTransferTimeout{4000};

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

/// `server:` of the plan: an address or a name, with or without a port.
struct ServerName {
  std::string host;
  std::uint16_t port = kPort;
  std::optional<Endpoint> endpoint;  ///< set where `host` is an address
  std::string text() const {
    return endpoint ? endpoint->text() : port == kPort ? host : fmt::format("{}:{}", host, port);
  }
};

Result<ServerName> parse_server(const std::string& text) {
  ServerName server;
  if (auto endpoint = Endpoint::from_text(text, kPort)) {
    server.host = endpoint->address.text();
    server.port = endpoint->port;
    server.endpoint = *endpoint;
    return server;
  }
  server.host = text;
  if (const auto colon = text.rfind(':'); colon != std::string::npos) {
    server.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data() + colon + 1, end, server.port);
    if (error != std::errc{} || stop != end || server.port == 0)
      return fail(ErrorCode::kUsage,
                  fmt::format("'{}' is no server: write ns1.example.com, ns1.example.com:5353, 192.0.2.53 or "
                              "\"[2001:db8::53]:5353\"",
                              printable(text)));
  }
  auto name = DomainName::from_text(server.host);
  if (!name || name->is_root())
    return fail(ErrorCode::kUsage,
                fmt::format("'{}' is no server: write ns1.example.com, ns1.example.com:5353, 192.0.2.53 or "
                            "\"[2001:db8::53]:5353\"",
                            printable(text)));
  server.host = name->host();
  return server;
}

std::string option(const ProviderConfig& config, const std::string& name) {
  const auto at = config.options.find(name);
  return at == config.options.end() ? "" : at->second;
}

struct Settings {
  ServerName server;
  std::optional<net::TsigKey> key;
  net::DnsTransport transport = net::DnsTransport::kTcp;
  std::string key_file;  ///< its path as a word for a shell; empty where the key is not in a file
};

class Rfc2136Provider final : public Provider {
 public:
  Rfc2136Provider(Settings settings, const Context& context) : settings_(std::move(settings)), context_(context) {}

  const Capabilities& capabilities() const override { return what_it_can(); }

  Result<Zone> read(const DomainName& zone) override;

  Result<Sets> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) override;
  Result<std::vector<Step>> steps(const ChangeSet& changes) const override;
  Result<Receipt> apply(const Step& step) override;

  /// The server that took the change serves it; whether the others do is asked of them directly.
  Result<bool> in_sync(const Receipt&) override { return true; }

  Result<InverseScript> inverse_script(const ChangeSet& inverse) const override;
  std::optional<Span> clock_skew() const override { return skew_; }

 private:
  /// What is known of the transfer of a zone, once it was tried.
  struct Transferred {
    bool refused = false;
    std::size_t sets = 0;
  };

  Result<std::vector<Endpoint>> endpoints();
  void prefer_others_to(const Endpoint& silent);
  Result<Zone> transfer(const Endpoint& server, const DomainName& zone, std::chrono::milliseconds timeout);
  Result<std::optional<Sets>> transfer_sets(const DomainName& zone, const std::vector<RecordKey>& keys);
  Result<Sets> ask_sets(const DomainName& zone, const std::vector<RecordKey>& keys);
  Result<std::vector<net::DnsAnswer>> ask(const std::vector<RecordKey>& keys);
  std::vector<net::DnsAnswer> ask_at(const Endpoint& server, const std::vector<RecordKey>& keys);
  net::DnsAnswer send_at(const Endpoint& server, const net::Message& update);
  std::optional<net::Message> loosened(const DomainName& zone, const net::Message& update);
  Conversation talk(const DomainName& zone) const {
    return {settings_.server.text(), zone, settings_.key ? std::optional(settings_.key->name) : std::nullopt};
  }
  void note_clock(const net::DnsAnswer& answer) {
    // TSIG counts whole seconds (RFC 8945 section 4.2): compare it with our whole second.
    if (answer.peer_time) skew_ = *answer.peer_time - std::chrono::floor<Seconds>(answer.received);
  }

  Settings settings_;
  Context context_;
  std::vector<Endpoint> looked_up_;  ///< of a server given by name; the one to be asked first stands first
  net::DnsTransport ask_by_ = net::DnsTransport::kUdpThenTcp;
  std::optional<Span> skew_;
  std::map<DomainName, Transferred> transferred_;
};

/// Where the server is: one endpoint, or every address of its name.
Result<std::vector<Endpoint>> Rfc2136Provider::endpoints() {
  if (settings_.server.endpoint) return std::vector<Endpoint>{*settings_.server.endpoint};
  if (!looked_up_.empty()) return looked_up_;
  auto name = DomainName::from_text(settings_.server.host);
  if (!name) return name.error();
  auto addresses = net::lookup_host(context_.loop, context_.clock, *name, context_.lookup);
  if (!addresses) return within("looking up the server of the zone", addresses.error());
  if (addresses->empty())
    return fail(ErrorCode::kNetwork, fmt::format("the server {} has no address", printable(settings_.server.host)));
  for (const IpAddress& address : *addresses) looked_up_.push_back({address, settings_.server.port});
  return looked_up_;
}

/// From now on this address of the server's name is the last to be asked.
void Rfc2136Provider::prefer_others_to(const Endpoint& silent) {
  if (looked_up_.size() < 2) return;
  looked_up_.erase(std::remove(looked_up_.begin(), looked_up_.end(), silent), looked_up_.end());
  looked_up_.push_back(silent);
  ask_by_ = net::DnsTransport::kUdpThenTcp;
}

Result<Zone> Rfc2136Provider::read(const DomainName& zone) {
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  for (std::size_t i = 0;; ++i) {
    const Endpoint& server = (*addresses)[i];
    auto read = transfer(server, zone, kTransferTimeout);
    const bool silent = !read && (read.error().code == ErrorCode::kNetwork || read.error().code == ErrorCode::kTimeout);
    if (silent) prefer_others_to(server);
    if (!silent || i + 1 == addresses->size()) return read;
  }
}

/// The wildcards that could have made up an answer for `key`, from its parent to the zone's apex.
std::vector<RecordKey> wildcards_above(const RecordKey& key, const DomainName& zone) {
  std::vector<RecordKey> wildcards;
  for (DomainName name = key.name; name != zone && !name.is_root();) {
    name = name.parent();
    if (auto wildcard = DomainName::from_text("*", name); wildcard && *wildcard != key.name)
      wildcards.push_back({*wildcard, key.type});
  }
  return wildcards;
}

/// One question per key. UDP first: a server takes hundreds of questions a second, but not as many connections.
std::vector<net::DnsAnswer> Rfc2136Provider::ask_at(const Endpoint& server, const std::vector<RecordKey>& keys) {
  std::vector<net::DnsRequest> requests;
  for (const RecordKey& key : keys) {
    net::DnsRequest request;
    request.server = server;
    request.message = net::make_query({key.name, key.type, net::RecordClass::kIn}, net::Recursion::kNotDesired);
    request.transport = ask_by_;
    request.key = settings_.key;
    request.timeout = kQueryTimeout;
    request.tries = 2;
    requests.push_back(std::move(request));
  }
  return net::exchange_all(context_.loop, context_.clock, requests);
}

bool nothing_came(const std::vector<net::DnsAnswer>& replies) {
  return std::all_of(replies.begin(), replies.end(), [](const net::DnsAnswer& answer) {
    return answer.outcome == net::Outcome::kTimeout || answer.outcome == net::Outcome::kUnreachable;
  });
}

/// Over TCP where UDP brings nothing (a firewall may let only TCP through), and at the next address of the server's
/// name where neither does. What the last of them said, when all are silent.
Result<std::vector<net::DnsAnswer>> Rfc2136Provider::ask(const std::vector<RecordKey>& keys) {
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  std::vector<net::DnsAnswer> replies;
  for (const Endpoint& server : *addresses) {
    replies = ask_at(server, keys);
    if (nothing_came(replies) && ask_by_ == net::DnsTransport::kUdpThenTcp) {
      ask_by_ = net::DnsTransport::kTcp;
      replies = ask_at(server, keys);
    }
    if (!nothing_came(replies)) break;
    prefer_others_to(server);
  }
  return replies;
}

bool answers(const net::DnsAnswer& answer) { return !answer.reply.answer.empty(); }

Result<Zone> Rfc2136Provider::transfer(const Endpoint& server, const DomainName& zone,
                                       std::chrono::milliseconds timeout) {
  auto whole = net::transfer_zone(context_.loop, context_.clock, server, zone, settings_.key, timeout);
  if (whole) {
    transferred_[zone] = {false, whole->sets.size()};
  } else if (whole.error().code == ErrorCode::kRefused) {
    transferred_[zone].refused = true;
  }
  return whole;
}

Result<Provider::Sets> Rfc2136Provider::read_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  auto sets = transfer_sets(zone, keys);
  if (!sets) return sets.error();
  if (*sets) return std::move(**sets);
  return ask_sets(zone, keys);
}

/// Many record sets out of one transfer; nullopt where asking for each is better, or the only way.
Result<std::optional<Provider::Sets>> Rfc2136Provider::transfer_sets(const DomainName& zone,
                                                                     const std::vector<RecordKey>& keys) {
  if (keys.size() < kSetsWorthATransfer) return std::optional<Sets>();
  const auto known = transferred_.find(zone);
  if (known != transferred_.end() && (known->second.refused || known->second.sets > kZoneTooLarge * keys.size()))
    return std::optional<Sets>();
  // A transfer does not tell what the server's clock says: one question does, and which of its addresses answers.
  const auto soa = ask({{zone, RecordType::kSoa}});
  if (!soa) return soa.error();
  note_clock(soa->front());
  const auto addresses = endpoints();
  if (!addresses || verdict_on_query(talk(zone), soa->front()) || !soa->front().reply.aa) return std::optional<Sets>();
  const auto whole = transfer(addresses->front(), zone, kBriefTransferTimeout);
  if (!whole) return std::optional<Sets>();
  return std::optional<Sets>(sets_of(*whole, keys));
}

/// The sets of `keys`, each asked for.
Result<Provider::Sets> Rfc2136Provider::ask_sets(const DomainName& zone, const std::vector<RecordKey>& keys) {
  std::vector<RecordKey> asked{{zone, RecordType::kSoa}};
  asked.insert(asked.end(), keys.begin(), keys.end());
  std::set<RecordKey> wildcards;
  for (const RecordKey& key : keys)
    for (const RecordKey& wildcard : wildcards_above(key, zone)) wildcards.insert(wildcard);
  const std::size_t first_wildcard = asked.size();
  asked.insert(asked.end(), wildcards.begin(), wildcards.end());

  auto answered = ask(asked);
  if (!answered) return answered.error();
  const std::vector<net::DnsAnswer>& replies = *answered;
  Sets found;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    note_clock(replies[i]);
    if (auto error = verdict_on_query(talk(zone), replies[i])) return *error;
    // An answer that a wildcard or a DNAME made up, or a referral, cannot be told from a real set by asking:
    // the zone itself has to be looked at.
    const bool made_up =
        (i >= first_wildcard && answers(replies[i])) || !replies[i].reply.aa ||
        std::any_of(replies[i].reply.answer.begin(), replies[i].reply.answer.end(), [&](const net::Record& record) {
          return record.type == RecordType::kDname && asked[i].type != RecordType::kDname;
        });
    if (made_up && i > 0) return Provider::read_sets(zone, keys);
    if (auto set = net::find_set(replies[i].reply.answer, asked[i]); set && i < first_wildcard)
      found.sets[asked[i]] = std::move(*set);
  }
  const auto soa_set = found.sets.find(asked[0]);
  if (soa_set == found.sets.end() || !replies[0].reply.aa)
    return fail(ErrorCode::kNotFound, fmt::format("{} is not authoritative for {}", talk(zone).server, zone.text()));
  auto soa = parse_soa(soa_set->second);
  if (!soa) return soa.error();
  found.soa = *soa;
  return found;
}

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
      fmt::format("one UPDATE to {} for {}: {}, {}", settings_.server.text(), changes.zone.text(),
                  counted(update->answer.size(), "prerequisite"), counted(changes.changes.size(), "record set"));
  step.request = to_json(*update);
  for (const Change& change : changes.changes) step.touches.push_back(change.key);
  steps.push_back(std::move(step));
  return steps;
}

net::DnsAnswer Rfc2136Provider::send_at(const Endpoint& server, const net::Message& update) {
  net::DnsRequest request;
  request.server = server;
  request.message = update;
  request.transport = settings_.transport;
  request.key = settings_.key;
  request.timeout = kUpdateTimeout;
  request.tries = 1;
  request.before_send = [] { boundary("provider-before-send"); };
  net::DnsAnswer answer = net::exchange(context_.loop, context_.clock, request);
  boundary("provider-after-reply");
  note_clock(answer);
  return answer;
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
  auto addresses = endpoints();
  if (!addresses) return addresses.error();
  net::DnsAnswer answer;
  for (const Endpoint& server : *addresses) {
    answer = send_at(server, *update);
    if (answer.outcome == net::Outcome::kAnswered && answer.reply.rcode == net::Rcode::kNxRrset)
      if (const auto loose = loosened(step.zone, *update)) answer = send_at(server, *loose);
    // Once a byte has left, the change may be made: it is never sent to another address then.
    if (answer.outcome == net::Outcome::kAnswered || answer.sent) break;
    prefer_others_to(server);
  }
  if (auto error = verdict_on_update(talk(step.zone), answer)) return *error;
  return Receipt{step.zone, step.ordinal, fmt::format("{} made the change", settings_.server.text()),
                 fmt::format(R"({{"rcode":"{}","received":"{}","rtt_us":{}}})", to_text(answer.reply.rcode),
                             format_instant_ms(answer.received), answer.rtt.count())};
}

Result<InverseScript> Rfc2136Provider::inverse_script(const ChangeSet& inverse) const {
  auto update = update_message(inverse);
  if (!update) return update.error();
  const std::string name = fmt::format("rollback-{}.nsupdate", inverse.zone.host());
  InverseScript script;
  script.file_name = name;
  script.how_to_run = fmt::format(
      "nsupdate -v{} {}",
      settings_.key ? " -k " + (settings_.key_file.empty() ? std::string("KEYFILE") : settings_.key_file) : "", name);
  script.text = to_nsupdate(*update, fmt::format("server {} {}", settings_.server.host, settings_.server.port));
  return script;
}

constexpr OptionSpec kOptions[] = {
    {"server", "the zone's primary server: a name or an address, with :port where it is not 53", true, false},
    {"key", "the TSIG key, as tsig-keygen writes it or as algorithm:name:secret", false, true},
    {"transport", "tcp (default) or udp for updates; udp turns to TCP where an answer is cut off", false, false},
};

Result<Settings> settings_from(const ProviderConfig& config) {
  Settings settings;
  auto server = parse_server(option(config, "server"));
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
  }
  return settings;
}

}  // namespace

Entry entry() {
  return {"rfc2136", "DNS UPDATE (RFC 2136) with TSIG", kOptions,
          [](const ProviderConfig& config, const Context& context) -> Result<std::unique_ptr<Provider>> {
            auto settings = settings_from(config);
            if (!settings) return settings.error();
            return std::unique_ptr<Provider>(std::make_unique<Rfc2136Provider>(std::move(*settings), context));
          }};
}

}  // namespace cutover::providers::rfc2136
