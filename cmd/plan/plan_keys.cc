#include "cmd/plan/plan_keys.h"

#include <algorithm>
#include <array>

#include "net/starttls.h"

namespace cutover::plan_keys {
namespace {

constexpr std::string_view kText = R"({"$ref":"#/$defs/text"})";
constexpr std::string_view kDuration = R"({"$ref":"#/$defs/duration"})";
constexpr std::string_view kName = R"({"$ref":"#/$defs/name"})";
constexpr std::string_view kAddresses = R"({"type":"array","items":{"$ref":"#/$defs/address"}})";
constexpr std::string_view kServers = R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/server"}})";
constexpr std::string_view kPercent = R"({"$ref":"#/$defs/percent"})";

constexpr Key kPlanKeys[] = {
    {"version", Need::kRequired, R"({"const":1})", "version of the plan file's form: 1"},
    {"name", Need::kRequired, R"({"type":"string","pattern":"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"})",
     "what this cutover is called in files and reports"},
    {"zones", Need::kRequired, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/zone"}})",
     "the zones and what changes in them"},
    {"ttl", Need::kOptional, R"({"$ref":"#/$defs/ttl"})", "how low the TTLs go before the swap"},
    {"swap", Need::kOptional, R"({"$ref":"#/$defs/swap"})", "when and under what conditions the swap may happen"},
    {"endpoints", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/endpoint"}})",
     "what preflight connects to; without it port 443 of every name whose address changes"},
    {"watch", Need::kOptional, R"({"$ref":"#/$defs/watch"})",
     "which resolvers are watched and when they count as converged"},
    {"standby", Need::kOptional, kDuration, "how long the old side stays ready after the swap; 48h when left out"},
    {"mentions", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/mention"}})",
     "what still names the old side and is not changed; written by assess"},
    {"ack", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/ack"}})",
     "mentions that are meant to stay, with the reason"},
    {"abort", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/criterion"}})",
     "what makes `cutover run` roll back by itself when it breaks; nothing does when left out"},
    {"gates", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/gate"}})",
     "conditions of your own that have to hold before a phase"},
    {"notify", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/notify"}})",
     "who is told what happens: webhooks, and programs of your own"},
    {"monitor", Need::kOptional, R"({"$ref":"#/$defs/monitor"})",
     "what the new side is held to after the swap, and the baseline that is recorded before it"},
    {"lookup", Need::kOptional, kServers, "resolvers for the program's own look-ups, instead of the system's"},
};

constexpr Key kZoneKeys[] = {
    {"zone", Need::kRequired, kName, "name of the zone"},
    {"provider", Need::kRequired, R"({"$ref":"#/$defs/provider"})", "where the zone is kept"},
    {"authoritative", Need::kOptional, kServers,
     "addresses of the authoritative servers, for zones whose delegation cannot be walked from here"},
    {"settle", Need::kOptional, kDuration,
     "how long after the name servers seen from here sites of theirs that are not seen (anycast) may still serve what "
     "was before; 0s when left out"},
    {"view", Need::kOptional, kText, "the view this plan is about, where the zone has a split horizon"},
    {"changes", Need::kRequired, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/change"}})",
     "the record sets that move"},
};

constexpr Key kProviderKeys[] = {
    {"type", Need::kRequired, R"({"$ref":"#/$defs/text"})", "which provider keeps the zone"},
};

constexpr Key kChangeKeys[] = {
    {"name", Need::kRequired, kName,
     "name of the record set: relative to the zone, \"@\" for the apex, absolute with a final dot"},
    {"type", Need::kRequired, R"({"$ref":"#/$defs/record-type"})", "type of the record set"},
    {"from", Need::kRequired, R"({"$ref":"#/$defs/rdata"})", "the values now; [] creates the set"},
    {"to", Need::kRequired, R"({"$ref":"#/$defs/rdata"})", "the values after the swap; [] removes the set"},
    {"proxied", Need::kOptional, R"({"type":"boolean"})",
     "the set is the origin behind its provider's proxy: changed there, with no TTL to lower, no drain and no watch"},
};

constexpr Key kTtlKeys[] = {
    {"during", Need::kOptional, kDuration, "the low TTL; 60s when left out"},
    {"before", Need::kOptional, kDuration, "the TTL until lately, when it was higher than what is served now"},
};

constexpr Key kSwapKeys[] = {
    {"window", Need::kOptional,
     R"({"type":"string","pattern":"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?/([0-9]{4}-[0-9]{2}-[0-9]{2}T)?[0-9]{2}:[0-9]{2}(:[0-9]{2})? +[A-Za-z][A-Za-z0-9_+/-]*$"})",
     "when the swap may happen: 2026-10-06T09:00/11:00 Europe/Berlin"},
    {"approve", Need::kOptional, R"({"type":"boolean"})",
     "whether `cutover run` waits for `cutover approve` before the swap"},
    {"ech", Need::kOptional, R"({"const":"new-side-holds-the-key"})",
     "the plan's word that the new side holds the key of the `ech` parameters among the changes"},
};

constexpr Key kEndpointKeys[] = {
    {"names", Need::kRequired, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/name"}})",
     "absolute names, as users type them"},
    {"port", Need::kOptional, R"({"type":"integer","minimum":1,"maximum":65535})", "TCP port; 443 when left out"},
    {"starttls", Need::kOptional, R"({"$ref":"#/$defs/starttls"})", "protocol that turns to TLS with a command"},
    {"http", Need::kOptional, R"({"$ref":"#/$defs/endpoint-http"})",
     "an HTTP request over the connection and the answer it must get"},
    {"old", Need::kOptional, kAddresses, "addresses of the old side, where `changes` do not tell"},
    {"new", Need::kOptional, kAddresses, "addresses of the new side, where `changes` do not tell"},
};

constexpr Key kEndpointHttpKeys[] = {
    {"path", Need::kOptional, R"({"type":"string","pattern":"^/"})", "path and query; / when left out"},
    {"expect", Need::kOptional, R"({"type":"integer","minimum":100,"maximum":599})", "status code; 200 when left out"},
    {"body", Need::kOptional, kText, "text that has to be in the body, for `baseline` and `monitor`"},
};

constexpr Key kWatchKeys[] = {
    {"resolvers", Need::kOptional,
     R"({"anyOf":[{"$ref":"#/$defs/resolver"},{"type":"array","minItems":1,"items":{"$ref":"#/$defs/resolver"}}]})",
     "`default` or `full` (the built-in list), its operators, file/PATH (a list of your own, beside the plan), or "
     "addresses "
     "such as 1.1.1.1, tcp://192.0.2.1, tls://dns.google@8.8.8.8"},
    {"must", Need::kOptional, R"({"type":"array","items":{"$ref":"#/$defs/text"}})",
     "operators or addresses that have to agree"},
    {"quorum", Need::kOptional, R"({"$ref":"#/$defs/quorum"})", "how many have to answer"},
    {"samples", Need::kOptional, R"({"type":"integer","minimum":1,"maximum":20})",
     "new answers in a row wanted from each; 2 when left out"},
    {"give-up", Need::kOptional, kDuration, "when to stop waiting; 2h when left out"},
};

constexpr Key kQuorumKeys[] = {
    {"resolvers", Need::kOptional, kPercent, "share of the resolvers that has to answer; 50% when left out"},
    {"operators", Need::kOptional, kPercent, "share of the operators that has to answer; 50% when left out"},
};

constexpr Key kMentionKeys[] = {
    {"mention", Need::kRequired, kText, "what names the old side"},
    {"reason", Need::kRequired, kText, "why it is not changed"},
};

constexpr Key kAckKeys[] = {
    {"mention", Need::kRequired, kText, "the mention, word for word"},
    {"why", Need::kRequired, kText, "why it may stay"},
};

constexpr Key kGateKeys[] = {
    {"name", Need::kRequired, R"({"type":"string","pattern":"^[a-z0-9][a-z0-9-]*$"})", "what --override names"},
    {"before", Need::kRequired, R"({"enum":["swap","restore-ttl","retire"]})",
     "what waits for it: swap, restore-ttl, or retire (switching the old side off: `monitor` and `status` tell)"},
    {"run", Need::kOptional, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/argument"}})",
     "program and arguments; exit status 0 opens"},
    {"http", Need::kOptional, R"({"$ref":"#/$defs/gate-http"})", "a number in a JSON document and its limits"},
    {"timeout", Need::kOptional, kDuration, "how long it may take; 10s when left out"},
};

constexpr Key kGateHttpKeys[] = {
    {"url", Need::kRequired, R"({"type":"string","pattern":"^https?://"})", "where the JSON document is"},
    {"pointer", Need::kRequired, R"({"type":"string","pattern":"^(/.*)?$"})",
     "JSON pointer to the number: /data/result/0/value/1"},
    {"min", Need::kOptional, R"({"type":"number"})", "the smallest number that opens"},
    {"max", Need::kOptional, R"({"type":"number"})", "the largest number that opens"},
};

constexpr Key kNotifyKeys[] = {
    {"webhook", Need::kOptional, R"({"$ref":"#/$defs/credential"})", "env/NAME or file/PATH that holds the URL"},
    {"run", Need::kOptional, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/argument"}})",
     "program and arguments, instead of a webhook: it gets the notice as JSON on stdin"},
    {"form", Need::kOptional, R"({"$ref":"#/$defs/notice-form"})",
     "body of the webhook: json (when left out), slack, teams"},
    {"events", Need::kOptional, R"({"type":"array","minItems":1,"items":{"$ref":"#/$defs/event"}})",
     "which events; all when left out"},
};

constexpr Key kMonitorKeys[] = {
    {"every", Need::kOptional, kDuration, "time from one round of probes to the next; 30s when left out"},
    {"for", Need::kOptional, kDuration, "how long after the swap; 72h when left out"},
    {"latency", Need::kOptional, R"({"type":"number","minimum":1})",
     "p95 of the new side may be this many times the baseline's; 1.5 when left out"},
    {"sustained", Need::kOptional, kDuration,
     "how long a breach of `latency` lasts before it is a failure; 5m when left out"},
    {"errors", Need::kOptional, kPercent, "share of the probes that may fail; 1% when left out"},
    {"baseline", Need::kOptional, R"({"enum":["required","optional"]})",
     "required: no swap before `cutover baseline`; optional when left out"},
};

// Both or neither of run and http cannot be said by listing keys.
constexpr std::string_view kOneOfRunAndHttp = R"(,"oneOf":[{"required":["run"]},{"required":["http"]}])";
constexpr std::string_view kOneOfWebhookAndRun =
    R"(,"oneOf":[{"required":["webhook"]},{"required":["run"],"not":{"required":["form"]}}])";
constexpr std::string_view kMinOrMax = R"(,"anyOf":[{"required":["min"]},{"required":["max"]}])";
constexpr std::string_view kStarttlsOrHttp = R"(,"not":{"required":["starttls","http"]})";

constexpr Scalar kScalars[] = {
    {"text", R"({"type":["string","number","boolean"],"minLength":1})"},
    {"argument", R"({"type":["string","number","boolean"]})"},
    {"name", R"({"type":["string","number"],"minLength":1,"pattern":"^[^\\s:/]+$"})"},
    {"duration",
     R"({"anyOf":[{"type":"integer","minimum":1},{"type":"string","pattern":"^([0-9]+|([0-9]+[smhdw])+)$"}],"description":"90s, 15m, 48h, 1d; a bare number means seconds"})"},
    {"percent", R"({"type":"string","pattern":"^(100|[1-9]?[0-9])(\\.[0-9]+)?%$"})"},
    {"address", R"({"type":"string","pattern":"^([0-9]+(\\.[0-9]+){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$"})"},
    {"server",
     R"({"type":"string","pattern":"^([0-9]+(\\.[0-9]+){3}(:[0-9]+)?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*|\\[[0-9A-Fa-f:.]+\\]:[0-9]+)$"})"},
    {"record-type", R"({"type":"string","not":{"pattern":"^([Nn][Ss]|[Ss][Oo][Aa])$"}})"},
    {"rdata", R"({"type":"array","items":{"type":["string","number"],"minLength":1}})"},
    {"resolver", R"({"type":"string","minLength":1})"},
    {"credential", R"({"type":"string","pattern":"^(env/[A-Za-z_][A-Za-z0-9_]*|file/.+)$"})"},
    {"starttls",
     R"({"enum":["smtp","submission","imap","pop3","ftp","ldap","xmpp","xmpp-server","postgres","mysql"]})"},
    {"event", R"({"enum":["gate","phase","failure","overdue"]})"},
    {"notice-form", R"({"enum":["json","slack","teams"]})"},
    {"criterion",
     R"({"anyOf":[{"enum":["not-converged","availability","latency","http-errors","body-changed","tls"]},{"type":"string","pattern":"^gate-[a-z0-9][a-z0-9-]*$"}]})"},
};

constexpr std::string_view kAbort[] = {"not-converged", "availability", "latency",
                                       "http-errors",   "body-changed", "tls"};
constexpr std::string_view kEvents[] = {"gate", "phase", "failure", "overdue"};
constexpr std::string_view kNoticeForms[] = {"json", "slack", "teams"};
constexpr std::string_view kBuiltIn[] = {
    "ttl-drained",      "preflight-passed",      "authoritative-in-sync", "no-drift",     "clock-agrees",
    "within-window",    "mentions-acknowledged", "ech-key-held",          "blast-radius", "standby-over",
    "provider-carries", "baseline-recorded",     "bound-passed",          "ttl-restored"};

}  // namespace

constexpr Mapping kPlan{"plan", kPlanKeys, ""};
constexpr Mapping kZone{"zone", kZoneKeys, ""};
constexpr Mapping kProvider{"provider", kProviderKeys, ""};
constexpr Mapping kChange{"change", kChangeKeys, ""};
constexpr Mapping kTtl{"ttl", kTtlKeys, ""};
constexpr Mapping kSwap{"swap", kSwapKeys, ""};
constexpr Mapping kEndpoint{"endpoint", kEndpointKeys, kStarttlsOrHttp};
constexpr Mapping kEndpointHttp{"endpoint-http", kEndpointHttpKeys, ""};
constexpr Mapping kWatch{"watch", kWatchKeys, ""};
constexpr Mapping kQuorum{"quorum", kQuorumKeys, ""};
constexpr Mapping kMention{"mention", kMentionKeys, ""};
constexpr Mapping kAck{"ack", kAckKeys, ""};
constexpr Mapping kGate{"gate", kGateKeys, kOneOfRunAndHttp};
constexpr Mapping kGateHttp{"gate-http", kGateHttpKeys, kMinOrMax};
constexpr Mapping kNotify{"notify", kNotifyKeys, kOneOfWebhookAndRun};
constexpr Mapping kMonitor{"monitor", kMonitorKeys, ""};

const Key* Mapping::find(std::string_view key) const {
  const auto at = std::find_if(keys.begin(), keys.end(), [&](const Key& each) { return each.name == key; });
  return at == keys.end() ? nullptr : &*at;
}

std::vector<std::string> Mapping::names() const {
  std::vector<std::string> all;
  for (const Key& key : keys) all.emplace_back(key.name);
  return all;
}

std::span<const Mapping* const> mappings() {
  static constexpr std::array kAll{&kZone,   &kChange,  &kTtl, &kSwap, &kEndpoint, &kEndpointHttp, &kWatch,
                                   &kQuorum, &kMention, &kAck, &kGate, &kGateHttp, &kNotify,       &kMonitor};
  return kAll;
}

std::span<const Scalar> scalars() { return kScalars; }
std::span<const std::string_view> events() { return kEvents; }
std::span<const std::string_view> abort_criteria() { return kAbort; }
std::span<const std::string_view> notice_forms() { return kNoticeForms; }
std::span<const std::string_view> starttls_protocols() { return net::Starttls::protocols(); }
std::span<const std::string_view> built_in_gates() { return kBuiltIn; }

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    // Edit distance (insert, remove, replace), one row at a time.
    std::vector<std::size_t> row(candidate.size() + 1);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= std::min<std::size_t>(word.size(), 64); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j < row.size(); ++j) {
        const std::size_t above = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (word[i - 1] == candidate[j - 1] ? 0 : 1)});
        diagonal = above;
      }
    }
    if (row.back() < best_distance && row.back() < candidate.size()) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

}  // namespace cutover::plan_keys
