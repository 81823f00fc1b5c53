#pragma once
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/domain_name.h"
#include "core/endpoint.h"
#include "core/record_set.h"
#include "providers/provider.h"

namespace cutover {

/// Where something stands in the plan file; both count from 1. Line 0: not from a file.
struct Position {
  int line = 0;
  int column = 0;
};

/// One record set and its two values. `from` empty: the set is created. `to` empty: it is removed.
struct PlannedChange {
  DomainName name;
  RecordType type = RecordType::kA;
  std::vector<std::string> from;  ///< canonical rdata, sorted
  std::vector<std::string> to;
  Position at;
  /// The set is the origin behind its provider's proxy: nobody but the provider sees its values, so that it is changed
  /// there without a TTL to lower, a drain or a watch.
  bool proxied = false;
  RecordKey key() const { return {name, type}; }
};

struct ZonePlan {
  DomainName zone;
  providers::ProviderConfig provider;
  std::vector<Endpoint> authoritative;  ///< empty: the delegation is walked
  std::string view;                     ///< names the split-horizon view this plan is about; empty: none
  /// How long after the name servers that we see a change may be missing at sites of theirs that we do not see.
  Seconds settle{};
  std::vector<PlannedChange> changes;
  Position at;
};

/// The types whose sets can be the origins behind a proxy.
constexpr bool may_be_proxied(RecordType type) {
  return type == RecordType::kA || type == RecordType::kAaaa || type == RecordType::kCname;
}
/// Whether the plan changes this set as the origin behind a proxy.
inline bool is_proxied(const ZonePlan& zone, const RecordKey& key) {
  return std::any_of(zone.changes.begin(), zone.changes.end(),
                     [&](const PlannedChange& change) { return change.proxied && change.key() == key; });
}

struct TtlPlan {
  Seconds during{60};             ///< the low TTL
  std::optional<Seconds> before;  ///< declared: it was this high until lately
};

struct Window {
  Instant opens{};
  Instant closes{};
  std::string text;  ///< as written, with its time zone
};

struct HttpExpectation {
  std::string path = "/";
  int status = 200;
  std::string body{};  ///< text that has to be in the body, for `baseline` and `monitor`; empty: none
};

struct EndpointPlan {
  std::vector<DomainName> names;
  std::uint16_t port = 443;
  std::optional<HttpExpectation> http;
  std::string starttls;                  ///< empty: TLS from the first byte
  std::vector<IpAddress> old_addresses;  ///< where `changes` do not tell
  std::vector<IpAddress> new_addresses;
  Position at;
};

struct WatchPlan {
  std::vector<std::string> resolvers{"default"};  ///< as written; see dnsprobe::resolvers_from()
  std::vector<std::string> must;                  ///< operator names or addresses that have to agree
  double quorum_resolvers = 0.5;                  ///< share that has to answer
  double quorum_operators = 0.5;
  int samples = 2;  ///< K: consecutive new answers wanted from each
  Seconds give_up{7200};
};

/// Something that names the old side and that no change touches. Written by `assess`.
struct Mention {
  std::string text;    ///< `TXT @ spf1 ip4:198.51.100.10`: what an `ack` quotes
  std::string reason;  ///< why it is not touched
  Position at;
};

struct Ack {
  std::string mention;
  std::string why;
  Position at;
};

enum class GateBefore { kSwap, kRestoreTtl, kRetire };

struct ExternalGate {
  std::string name;
  GateBefore before = GateBefore::kSwap;
  std::vector<std::string> run;  ///< argv; exit 0 opens. Empty: an HTTP gate
  std::string url;
  std::string pointer;  ///< JSON pointer (RFC 6901) to a number
  std::optional<double> min, max;
  Seconds timeout{10};
  Position at;
};

/// A hook: a webhook, or a program.
struct NotifyPlan {
  std::string webhook;              ///< env/NAME or file/PATH holding the URL
  std::vector<std::string> events;  ///< empty: all
  std::string form{};               ///< of a webhook's body: `json`, `slack`, `teams`; empty: json
  std::vector<std::string> run{};   ///< argv of a program that gets the JSON form on stdin; empty: a webhook
};

/// What `monitor` holds the new side to.
struct MonitorPlan {
  Seconds every{30};               ///< one round of probes
  Seconds duration{72 * 3600};     ///< `for`: counted from the swap
  double latency = 1.5;            ///< p95 may be this many times the baseline's
  Seconds sustained{300};          ///< how long a breach of `latency` lasts before it is a failure
  double errors = 0.01;            ///< share of probes that may fail
  bool baseline_required = false;  ///< `baseline: required`: no swap without one
  friend bool operator==(const MonitorPlan&, const MonitorPlan&) = default;
};

/// A plan file, read and checked. A value: engines are given what they need of it, never the plan.
struct Plan {
  int version = 1;
  std::string name;
  std::filesystem::path file;  ///< where it was read from; the state folder lies beside it
  std::vector<ZonePlan> zones;
  TtlPlan ttl;
  std::optional<Window> window;
  bool approve = false;            ///< an unattended swap waits for a person's word (see approval.h)
  std::vector<std::string> abort;  ///< criteria whose breaking makes an unattended cutover roll back
  std::vector<EndpointPlan> endpoints;
  WatchPlan watch;
  Seconds standby{172800};
  std::vector<Mention> mentions;
  std::vector<Ack> acks;
  std::vector<ExternalGate> gates;
  std::vector<NotifyPlan> notify;
  MonitorPlan monitor;
  std::vector<Endpoint> lookup;
  bool new_side_holds_ech_key = false;  ///< `swap: { ech: new-side-holds-the-key }`
  std::string hash;                     ///< lower-case hex SHA-256 of the content; comments and layout do not count
};

}  // namespace cutover
