#pragma once
#include <string>

namespace cutover::test {

/// A plan with every key of design's grammar. Parts of it are replaced by the tests.
inline const std::string kWholePlan = R"yaml(# a comment
version: 1
name: example-2026
zones:
  - zone: example.com
    provider: { type: rfc2136, server: ns1.example.com, key: env/CUTOVER_TSIG }
    authoritative: [192.0.2.53, "[2001:db8::53]:5353"]
    view: public
    changes:
      - { name: www, type: A,     from: [198.51.100.10],     to: [203.0.113.20, 203.0.113.21] }
      - { name: www, type: AAAA,  from: ["2001:db8:1::10"],  to: ["2001:db8:2::20"] }
      - { name: shop, type: CNAME, from: [lb.old.example.net.], to: [lb.new.example.net.] }
      - { name: "@", type: A, from: [198.51.100.10], to: [203.0.113.20] }
      - { name: "*.apps", type: A, from: [], to: [203.0.113.20] }
      - { name: gone.example.com., type: TXT, from: [some words], to: [] }
  - zone: bücher.example
    provider: { type: memory, file: zones.jsonl }
    changes:
      - { name: www, type: HTTPS, from: ['1 . alpn="h2" ipv4hint=198.51.100.10'], to: ['1 . alpn="h2" ipv4hint=203.0.113.20'] }
ttl: { during: 60s, before: 86400 }
swap: { window: "2026-10-06T09:00/11:00 Europe/Berlin", approve: true, ech: new-side-holds-the-key }
endpoints:
  - { names: [www.example.com], port: 443, http: { path: /healthz, expect: 200, body: ok } }
  - { names: [mail.example.com], port: 25, starttls: smtp, old: [198.51.100.25], new: [203.0.113.25, "2001:db8::25"] }
watch:
  resolvers: [default, 127.0.0.1:5301, "own=[::1]:5302"]
  must: [google, own]
  quorum: { resolvers: 50%, operators: 33.5% }
  samples: 3
  give-up: 2h
standby: 48h
mentions:
  - { mention: "TXT @ spf1 ip4:198.51.100.10", reason: "mail is not part of the move" }
ack:
  - { mention: "TXT @ spf1 ip4:198.51.100.10", why: "mail stays on the old host until May" }
gates:
  - { name: replication-lag, before: swap, run: [./lag-under-100ms, "5"], timeout: 10s }
  - { name: error-rate, before: retire, http: { url: "https://metrics.example/api?query=x", pointer: /data/0/1, max: 0.01 } }
notify:
  - { webhook: env/HOOK_URL, events: [gate, phase, failure] }
  - { webhook: file/slack.url, form: slack }
  - { run: [./tell, "the team"], events: [overdue] }
monitor: { every: 10s, for: 24h, latency: 2, sustained: 3m, errors: 2.5%, baseline: required }
lookup: [192.0.2.1]
)yaml";

inline std::string with(std::string text, const std::string& part, const std::string& instead) {
  const auto at = text.find(part);
  if (at == std::string::npos) throw std::runtime_error("no such part: " + part);
  return text.replace(at, part.size(), instead);
}

/// A small plan whose changes are these lines.
inline std::string plan_with_changes(const std::string& changes) {
  return "version: 1\nname: t\nzones:\n- zone: example.com\n  provider: { type: memory, file: z }\n  changes:\n" +
         changes;
}

}  // namespace cutover::test
