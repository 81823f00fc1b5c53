#include "cmd/plan/plan_file.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <stdexcept>

#include "cmd/plan/plan_checks.h"
#include "core/text.h"
#include "plan_texts.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace cutover::test;

namespace {

std::string error_of(const std::string& text) {
  const auto plan = parse_plan(text, "move.yaml");
  return plan ? "no error" : plan.error().message;
}

Plan read(const std::string& text) {
  auto plan = parse_plan(text, "conf/move.yaml");
  INFO((plan ? std::string() : plan.error().message));
  REQUIRE(plan);
  return *plan;
}

}  // namespace

TEST_CASE("a zone's settle time is a time, none when left out, and part of what is reviewed") {
  const std::string without(kWholePlan);
  const std::string view = "    view: public\n";
  REQUIRE(without.find(view) != std::string::npos);
  std::string with = without;
  with.insert(with.find(view), "    settle: 5m\n");
  CHECK(read(without).zones[0].settle == Seconds(0));
  CHECK(read(with).zones[0].settle == Seconds(300));
  CHECK(read(with).hash != read(without).hash);
  with.replace(with.find("5m"), 2, "soon");
  CHECK_THAT(error_of(with), Catch::Contains("settle"));
}

TEST_CASE("a whole plan is read") {
  const Plan plan = read(kWholePlan);
  CHECK(plan.name == "example-2026");
  CHECK(plan.file == "conf/move.yaml");
  REQUIRE(plan.zones.size() == 2);
  const ZonePlan& zone = plan.zones[0];
  CHECK(zone.zone.text() == "example.com.");
  CHECK(zone.at.line == 5);
  CHECK(zone.provider.type == "rfc2136");
  CHECK(zone.provider.options ==
        std::map<std::string, std::string>{{"server", "ns1.example.com"}, {"key", "env/CUTOVER_TSIG"}});
  CHECK(zone.provider.base_folder == "conf");
  REQUIRE(zone.authoritative.size() == 2);
  CHECK(zone.authoritative[0].text() == "192.0.2.53:53");
  CHECK(zone.authoritative[1].text() == "[2001:db8::53]:5353");
  CHECK(zone.view == "public");
  REQUIRE(zone.changes.size() == 6);
  CHECK(zone.changes[0].key().text() == "www.example.com. A");
  CHECK(zone.changes[0].to == std::vector<std::string>{"203.0.113.20", "203.0.113.21"});
  CHECK((zone.changes[0].at.line == 10 && zone.changes[0].at.column == 9));
  CHECK(zone.changes[2].from == std::vector<std::string>{"lb.old.example.net."});
  CHECK(zone.changes[3].name == zone.zone);
  CHECK(zone.changes[4].name.is_wildcard());
  CHECK(zone.changes[4].from.empty());
  CHECK(zone.changes[5].name.text() == "gone.example.com.");
  CHECK(zone.changes[5].from == std::vector<std::string>{"\"some words\""});
  CHECK(plan.zones[1].zone.text() == "xn--bcher-kva.example.");
  CHECK(plan.ttl.during == Seconds(60));
  CHECK(plan.ttl.before == Seconds(86400));
  REQUIRE(plan.window);
  CHECK(format_instant(plan.window->opens) == "2026-10-06T07:00:00Z");
  CHECK(format_instant(plan.window->closes) == "2026-10-06T09:00:00Z");
  CHECK(plan.approve);
  CHECK(plan.new_side_holds_ech_key);
  REQUIRE(plan.endpoints.size() == 2);
  CHECK(plan.endpoints[0].http->path == "/healthz");
  CHECK(plan.endpoints[1].port == 25);
  CHECK(plan.endpoints[1].starttls == "smtp");
  CHECK(plan.endpoints[1].new_addresses.size() == 2);
  CHECK(plan.watch.resolvers == std::vector<std::string>{"default", "127.0.0.1:5301", "own=[::1]:5302"});
  CHECK(plan.watch.must == std::vector<std::string>{"google", "own"});
  CHECK(plan.watch.quorum_resolvers == 0.5);
  CHECK(plan.watch.quorum_operators == 0.335);
  CHECK(plan.watch.samples == 3);
  CHECK(plan.watch.give_up == Seconds(7200));
  CHECK(plan.standby == Seconds(172800));
  REQUIRE(plan.gates.size() == 2);
  CHECK(plan.gates[0].run == std::vector<std::string>{"./lag-under-100ms", "5"});
  CHECK(plan.gates[1].before == GateBefore::kRetire);
  CHECK(plan.gates[1].max == 0.01);
  CHECK_FALSE(plan.gates[1].min);
  CHECK(plan.mentions[0].reason == "mail is not part of the move");
  CHECK(plan.acks[0].mention == plan.mentions[0].text);
  CHECK(plan.notify[0].events.size() == 3);
  CHECK(plan.endpoints[0].http->body == "ok");
  REQUIRE(plan.notify.size() == 3);
  CHECK(plan.notify[1].form == "slack");
  CHECK(plan.notify[1].events.empty());
  CHECK(plan.notify[2].webhook.empty());
  CHECK(plan.notify[2].run == std::vector<std::string>{"./tell", "the team"});
  CHECK(plan.monitor.every == Seconds(10));
  CHECK(plan.monitor.duration == Seconds(24 * 3600));
  CHECK(plan.monitor.latency == 2);
  CHECK(plan.monitor.sustained == Seconds(180));
  CHECK(plan.monitor.errors == 0.025);
  CHECK(plan.monitor.baseline_required);
  CHECK(plan.lookup[0].text() == "192.0.2.1:53");
  CHECK(plan.hash.size() == 64);
}

TEST_CASE("what a plan leaves out has the documented value") {
  const Plan plan = read(plan_with_changes("  - { name: www, type: A, from: [192.0.2.1], to: [192.0.2.2] }\n"));
  CHECK(plan.ttl.during == Seconds(60));
  CHECK_FALSE(plan.ttl.before);
  CHECK_FALSE(plan.window);
  CHECK_FALSE(plan.approve);
  CHECK(plan.watch.resolvers == std::vector<std::string>{"default"});
  CHECK(plan.watch.samples == 2);
  CHECK(plan.standby == Seconds(48 * 3600));
}

TEST_CASE("the hash follows the meaning, not the layout") {
  const std::string hash = read(kWholePlan).hash;
  CHECK(read("# another comment\n" + kWholePlan).hash == hash);
  CHECK(read(with(kWholePlan, "during: 60s", "during:   1m")).hash == hash);
  CHECK(read(with(kWholePlan, "[203.0.113.20, 203.0.113.21]", "[203.0.113.21,\n         203.0.113.20]")).hash == hash);
  CHECK(read(with(kWholePlan, "2001:db8:1::10", "2001:DB8:1:0::10")).hash == hash);
  CHECK(parse_plan(kWholePlan, "elsewhere/other.yaml")->hash == hash);
  CHECK(read(with(kWholePlan, "2026-10-06T09:00/11:00 Europe/Berlin", "2026-10-06T07:00/09:00 UTC")).hash == hash);

  const std::pair<const char*, const char*> different[] = {
      {"203.0.113.21]", "203.0.113.22]"},
      {"during: 60s", "during: 61s"},
      {"approve: true", "approve: false"},
      {"samples: 3", "samples: 4"},
      {"/healthz", "/health"},
      {"until May", "until June"},
      {"max: 0.01", "max: 0.02"},
      {"max: 0.01", "min: 0.01"},
      {"09:00/11:00", "09:00/11:01"},
      {"ns1.example.com", "ns2.example.com"},
      {"lookup: [192.0.2.1]", "lookup: [192.0.2.2]"},
      {"view: public", "view: private"},
      {"port: 25", "port: 26"},
      {"before: retire", "before: swap"},
      {"33.5%", "34%"},
      {", ech: new-side-holds-the-key", ""},
      {"not part of the move", "not part"},
      {"[gate, phase, failure]", "[gate]"},
      {"standby: 48h", "standby: 47h"},
  };
  for (const auto& [part, instead] : different) {
    INFO(part << " -> " << instead);
    CHECK(read(with(kWholePlan, part, instead)).hash != hash);
  }
}

TEST_CASE("every fault of a whole plan has its place and says what to write") {
  struct Row {
    const char* part;
    const char* instead;
    const char* error;  // begins with the place
    const char* also = "";
  };
  const Row rows[] = {
      {"version: 1", "version: 2", "move.yaml:2:10: this program reads version 1"},
      {"version: 1", "verison: 1", "move.yaml:2:1: the plan has no key 'verison'; did you mean 'version'?",
       "the plan lacks the key 'version'"},
      {"name: example-2026", "name: ../x", "move.yaml:3:7: the name '../x' has to be of letters"},
      {"name: example-2026", "name:", "move.yaml:3:1: 'name' has no value; give it one"},
      {"name: example-2026", "name: a\nname: b",
       "move.yaml:4:1: the key 'name' is here for the second time (first on line 3)"},
      {"zone: example.com", "zone: exa mple.com", "move.yaml:5:11: 'exa mple.com' is no domain name"},
      {"zone: example.com", "zone: http://example.com", "is no domain name; write the name alone"},
      {"zone: example.com", "zone: example..com", "move.yaml:5:11:"},
      {"type: rfc2136", "type: rfc2163", "move.yaml:6:23: there is no provider 'rfc2163'; did you mean 'rfc2136'?"},
      {"type: rfc2136, ", "", "move.yaml:6:15: a provider lacks the key 'type'; the providers are rfc2136, "},
      {"server: ns1", "sevrer: ns1",
       "move.yaml:6:32: the provider rfc2136 has no key 'sevrer'; did you mean 'server'?"},
      {"rfc2136, server: ns1.example.com, key: env/CUTOVER_TSIG", "zonefile",
       "move.yaml:6:15: the provider zonefile lacks the option 'file': "},
      {"rfc2136, server: ns1.example.com, key: env/CUTOVER_TSIG", "external, colour: blue",
       "move.yaml:6:15: the provider external lacks the option 'name': "},
      {"rfc2136, server: ns1.example.com, key: env/CUTOVER_TSIG", "nowhere-at-all",
       "move.yaml:6:23: there is no provider type 'nowhere-at-all'; known types are rfc2136, "},
      {"key: env/CUTOVER_TSIG", "key: env/not-a-name", "move.yaml:6:62: key: this has to be env/NAME"},
      {"192.0.2.53,", "192.0.2.530,", "move.yaml:7:21: authoritative: "},
      {"\"[2001:db8::53]:5353\"", "[2001:db8::53]:5353", "move.yaml:7:33: a key has to be plain text",
       "quoted, as in \"[::1]:53\""},
      {"198.51.100.10]", "198.51.100.300]", "move.yaml:10:42: from: "},
      {"198.51.100.10]", "\"2001:db8::1\"]", "move.yaml:10:42: from: "},
      {"[198.51.100.10]", "198.51.100.10", "move.yaml:10:41: 'from' has to be a list"},
      {"203.0.113.21]", "203.0.113.20]", "move.yaml:10:66: 'to' holds the same value twice"},
      {"type: A,    ", "type: NS,   ", "move.yaml:10:28: NS records cannot be moved: moving a delegation", ""},
      {"type: A,    ", "type: B,    ", "move.yaml:10:28: "},
      {"name: www, type: A,  ", "name: www.other.org., type: A,  ",
       "move.yaml:10:9: www.other.org. lies outside the zone example.com."},
      {"lb.new.example.net.", "lb.new.example.net",
       "move.yaml:12:70: to: 'lb.new.example.net' has no final dot and would mean lb.new.example.net.example.com."},
      {"[lb.new.example.net.]", "[a.example.net., b.example.net.]",
       "move.yaml:12:9: shop.example.com. CNAME has 2 values in `to`; a name has at most one CNAME"},
      {"[lb.new.example.net.]", "[lb.old.example.net.]",
       "move.yaml:12:9: `from` and `to` of shop.example.com. CNAME are the same"},
      {"name: \"@\", type: A, from: [198.51.100.10]", "name: \"@\", type: CNAME, from: []",
       "move.yaml:13:50: to: '203.0.113.20' is an address where CNAME wants a name", ""},
      {"\"@\", type: A", "\"@\", type: AXFR",
       "move.yaml:13:28: AXFR records cannot be moved: this type is part of the protocol"},
      {"name: \"@\"", "name: @", "move.yaml:13:17: @ has to be quoted in YAML; write \"@\""},
      {"\"*.apps\"", "*.apps", "move.yaml:14:17: *.apps has to be quoted in YAML; write \"*.apps\""},
      {"from: [], to: [203.0.113.20]", "from: [], to: []",
       "move.yaml:14:9: *.apps.example.com. A has neither `from` nor `to`"},
      {"zone: bücher.example", "zone: example.com",
       "move.yaml:16:5: the zone example.com. is listed twice (first on line 5)"},
      {"zone: bücher.example", "zone: www.example.com",
       "move.yaml:10:9: www.example.com. A belongs to the zone www.example.com., which is listed too"},
      {"during: 60s", "during: 60 s", "move.yaml:20:16: during: '60 s' is no duration; write it as 60s"},
      {"during: 60s", "during: 0", "move.yaml:20:16: 'during' has to be from 1 to"},
      {"before: 86400", "before: 30", "move.yaml:20:29: `before` (30 s) is lower than `during` (60 s)"},
      {"09:00/11:00", "09:00/08:00",
       "move.yaml:21:17: '2026-10-06T09:00/08:00 Europe/Berlin' is no window (it closes before it opens"},
      {"Europe/Berlin", "Europe/Berlni", "move.yaml:21:17: 'Europe/Berlni' is no time zone"},
      {" Europe/Berlin", "", "it names no time zone"},
      {"2026-10-06T09:00", "2026-13-06T09:00", "it does not begin with a date"},
      {"approve: true", "approve: yes", "move.yaml:21:66: 'approve' cannot be 'yes'; write true, false"},
      {"new-side-holds-the-key", "yes", "move.yaml:21:77: 'ech' cannot be 'yes'; write new-side-holds-the-key"},
      {"port: 443", "port: 70000", "move.yaml:23:39: 'port' has to be a whole number from 1 to 65535, not '70000'"},
      {"path: /healthz", "path: healthz", "move.yaml:23:58: the path 'healthz' has to begin with /; write /healthz"},
      {"expect: 200", "expect: ok", "'expect' has to be a whole number from 100 to 599, not 'ok'"},
      {"starttls: smtp", "starttls: smpt",
       "'starttls' cannot be 'smpt'; write smtp, submission, imap, pop3, ftp, ldap, xmpp, xmpp-server, postgres, mysql "
       "(did you mean 'smtp'?)"},
      {"starttls: smtp", "starttls: smtp, http: { path: / }",
       "move.yaml:24:5: an endpoint with `starttls` cannot have `http`"},
      {"old: [198.51.100.25]", "old: [198.51.100.25:25]", "old: "},
      {"127.0.0.1:5301", "127.0.0.1:530100", "move.yaml:26:24:"},
      {"must: [google, own]", "must: [google, owm]", "move.yaml:27:18:"},
      {"resolvers: 50%", "resolvers: 0.5", "move.yaml:28:24: '0.5' is no share; write it as 50%"},
      {"resolvers: 50%", "resolvers: 101%", "is no share"},
      {"samples: 3", "samples: 0", "'samples' has to be a whole number from 1 to 20"},
      {"give-up: 2h", "give_up: 2h", "watch has no key 'give_up'; did you mean 'give-up'?"},
      {"standby: 48h", "standby: soon", "move.yaml:31:10: standby: 'soon' is no duration"},
      {", reason: \"mail is not part of the move\"", "", "move.yaml:33:5: a mention lacks the key 'reason'"},
      {"why: \"mail", "because: \"mail", "an ack has no key 'because'"},
      {"replication-lag", "ttl-drained", "move.yaml:37:5: 'ttl-drained' is the name of a built-in gate"},
      {"replication-lag", "Replication Lag", "the gate name 'Replication Lag' has to be of lower-case letters"},
      {"name: error-rate", "name: replication-lag",
       "move.yaml:38:5: a second gate 'replication-lag' (first on line 37)"},
      {"run: [./lag-under-100ms, \"5\"], ", "", "move.yaml:37:5: a gate asks in exactly one way"},
      {"timeout: 10s", "http: { url: \"http://x/\", pointer: /a, min: 1 }",
       "move.yaml:37:5: a gate asks in exactly one way"},
      {"before: swap", "before: swop",
       "'before' cannot be 'swop'; write swap, restore-ttl, retire (did you mean 'swap'?)"},
      {", max: 0.01", "", "move.yaml:38:47: an http gate needs `min`, `max` or both"},
      {"max: 0.01", "min: 2, max: 1", "`min` is larger than `max`"},
      {"max: 0.01", "max: low", "'max' has to be a number, not 'low'"},
      {"max: 0.01", "max: nan", "'max' has to be a number, not 'nan'"},
      {"pointer: /data/0/1", "pointer: data/0/1", "the JSON pointer 'data/0/1' has to begin with /"},
      {"https://metrics", "ftp://metrics", "'url' has to begin with https:// or http://"},
      {"events: [gate,", "events: [gates,",
       "'events' cannot be 'gates'; write gate, phase, failure, overdue (did you mean 'gate'?)"},
      {"form: slack", "form: slak",
       "move.yaml:41:38: 'form' cannot be 'slak'; write json, slack, teams (did you mean 'slack'?)"},
      {"webhook: file/slack.url, ", "", "move.yaml:41:5: an entry of notify tells one hook; give it either `webhook: "},
      {"webhook: env/HOOK_URL", "webhook: env/HOOK_URL, run: [./x]",
       "move.yaml:40:5: an entry of notify tells one hook"},
      {"webhook: env/HOOK_URL", "webhook: https://hooks.example/secret", "move.yaml:40:16: webhook: this has to be"},
      {"run: [./tell, \"the team\"]", "run: []", "move.yaml:42:12: 'run' is an empty list"},
      {"\"the team\"], ", "x], form: json, ", "move.yaml:42:31: a program always gets JSON; remove `form`"},
      {"every: 10s", "every: often", "move.yaml:43:19: every: 'often' is no duration"},
      {"for: 24h", "for: 5s", "move.yaml:43:10: `for` (5s) is shorter than `every` (10s)"},
      {"latency: 2,", "latency: 0.5,", "move.yaml:43:43: `latency` is how many times slower"},
      {"latency: 2,", "latency: much,", "'latency' has to be a number, not 'much'"},
      {"errors: 2.5%", "errors: 2.5", "move.yaml:43:69: errors: '2.5' is no share; write it as 50%"},
      {"baseline: required", "baseline: maybe", "'baseline' cannot be 'maybe'; write required, optional"},
      {"sustained: 3m", "sustain: 3m", "monitor has no key 'sustain'; did you mean 'sustained'?"},
      {"lookup: [192.0.2.1]", "lookup: [ns.example.com]", "lookup: "},
      {"lookup: [192.0.2.1]", "lookup: []", "'lookup' is an empty list"},
      {"lookup: [192.0.2.1]", "lookup: [192.0.2.1]\n---\nversion: 1",
       "move.yaml:46:1: a second YAML document begins here"},
      {"standby: 48h", "standby: 48h\n\tx: 1", "move.yaml:32:"},
  };
  for (const Row& row : rows) {
    INFO(row.part << " -> " << row.instead);
    const std::string error = error_of(with(kWholePlan, row.part, row.instead));
    CHECK_THAT(error, Catch::Contains(row.error) && Catch::Contains(row.also));
    // One fault is one sentence, two at most (a misspelt key is also a missing one).
    CHECK(split(error, '\n').size() <= 2 + (std::string(row.error).find("belongs to") != std::string::npos));
  }
}

TEST_CASE("every fault is told at once, in the order of the file") {
  const std::string error = error_of(
      with(with(with(kWholePlan, "samples: 3", "samples: x"), "during: 60s", "durring: 60s"), "port: 25", "port: 0"));
  const auto lines = split(error, '\n');
  REQUIRE(lines.size() == 3);
  CHECK_THAT(lines[0], Catch::StartsWith("move.yaml:20:"));
  CHECK_THAT(lines[1], Catch::StartsWith("move.yaml:24:"));
  CHECK_THAT(lines[2], Catch::StartsWith("move.yaml:29:"));
}

TEST_CASE("record sets that cannot stand beside each other are refused") {
  CHECK_THAT(error_of(plan_with_changes("  - { name: a, type: A, from: [192.0.2.1], to: [192.0.2.2] }\n"
                                        "  - { name: A, type: A, from: [192.0.2.1], to: [192.0.2.3] }\n")),
             Catch::Contains("move.yaml:8:5: a.example.com. A is changed twice (first on line 7)"));
  CHECK_THAT(error_of(plan_with_changes("  - { name: a, type: CNAME, from: [], to: [b.example.org.] }\n"
                                        "  - { name: a, type: A, from: [192.0.2.1], to: [192.0.2.3] }\n")),
             Catch::Contains("move.yaml:7:5: after the swap a.example.com. CNAME would stand beside a.example.com. A"));
  CHECK_THAT(error_of(plan_with_changes("  - { name: a, type: CNAME, from: [b.example.org.], to: [] }\n"
                                        "  - { name: a, type: A, from: [192.0.2.1], to: [192.0.2.3] }\n")),
             Catch::Contains("stands beside a.example.com. A now"));
  CHECK_THAT(error_of(plan_with_changes("  - { name: \"@\", type: CNAME, from: [], to: [b.example.org.] }\n")),
             Catch::Contains("move.yaml:7:5: example.com. CNAME would stand at the apex"));
  // From address to alias and back is one change of two sets, and fine.
  read(
      plan_with_changes("  - { name: a, type: CNAME, from: [], to: [b.example.org.] }\n"
                        "  - { name: a, type: A, from: [192.0.2.1], to: [] }\n"));
}

TEST_CASE("the YAML traps have words of their own") {
  CHECK_THAT(error_of(""), Catch::StartsWith("move.yaml:1:1: the file is empty"));
  CHECK_THAT(error_of("# nothing\n"), Catch::Contains("the file is empty"));
  CHECK_THAT(error_of("- a\n"), Catch::Contains("the plan has to be a mapping with the keys version, name"));
  CHECK_THAT(error_of("version: [1\n"), Catch::Contains("this is not YAML"));
  CHECK_THAT(error_of("version: 1\n\tname: x\n"), Catch::Contains("move.yaml:2:") && Catch::Contains("tab"));
  CHECK_THAT(error_of("lookup: [::1]:53\n"),
             Catch::Contains("move.yaml:1:9: [::1]:53 has to be quoted in YAML; write \"[::1]:53\""));
  CHECK_THAT(error_of("a: '*x' # @y\nb: @z\n"),
             Catch::StartsWith("move.yaml:2:4: @z has to be quoted") && !Catch::Contains("*x"));
  CHECK_THAT(error_of("a: %x\n"), Catch::Contains("a value that begins with % has to be quoted"));
  CHECK_THAT(error_of(std::string("a: b\0c", 6)), Catch::Contains("NUL byte"));
  // Here the YAML library finds empty documents without end.
  CHECK_THAT(error_of("!a,b"), Catch::Contains("the plan has to be a mapping"));
  CHECK_THAT(error_of("? [a]\n: b\n"), Catch::Contains("a key has to be plain text"));
  // Aliases that would grow without end, or turn in circles, end.
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string last = "*a" + std::to_string(i - 1) + ", ";
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 9; ++j) bomb += last;
    bomb += "x]\n";
  }
  CHECK_THAT(error_of(bomb), Catch::Contains("holds too much"));
  CHECK_THAT(error_of("a: " + std::string(100, '[') + std::string(100, ']')),
             Catch::Contains("nests too deep") || Catch::Contains("not YAML"));
}

TEST_CASE("a secret pasted into the plan is refused and never repeated") {
  const std::string secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ=";
  for (const std::string& place :
       {"key: " + secret, "key: \"" + secret + "\"", "key: env/" + secret, "key: [" + secret + "]",
        "key: { " + secret + ": " + secret + " }", "key: '@" + secret + "'", "key: @" + secret}) {
    const std::string error = error_of(with(kWholePlan, "key: env/CUTOVER_TSIG", place));
    INFO(place);
    CHECK(error != "no error");
    CHECK_THAT(error, !Catch::Contains(secret));
  }
  CHECK_THAT(error_of(with(kWholePlan, "webhook: env/HOOK_URL", "webhook: https://hooks.example/" + secret)),
             !Catch::Contains(secret) && Catch::Contains("never the"));
}

TEST_CASE("windows are read in their own time zone") {
  struct Row {
    const char* text;
    const char* opens;
    const char* closes;
  };
  const Row rows[] = {
      {"2026-10-06T09:00/11:00 UTC", "2026-10-06T09:00:00Z", "2026-10-06T11:00:00Z"},
      {"2026-01-06T09:00/11:00 Europe/Berlin", "2026-01-06T08:00:00Z", "2026-01-06T10:00:00Z"},
      {"2026-10-06T23:00/2026-10-07T01:00 America/New_York", "2026-10-07T03:00:00Z", "2026-10-07T05:00:00Z"},
      {"2026-10-06T09:00:30/09:00:45 Asia/Kolkata", "2026-10-06T03:30:30Z", "2026-10-06T03:30:45Z"},
      // Over the night in which clocks are set back the window is an hour longer.
      {"2026-10-25T01:00/04:00 Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const Plan plan = read(with(kWholePlan, "2026-10-06T09:00/11:00 Europe/Berlin", row.text));
    CHECK(format_instant(plan.window->opens) == row.opens);
    CHECK(format_instant(plan.window->closes) == row.closes);
  }
  CHECK_THAT(error_of(with(kWholePlan, "2026-10-06T09:00/11:00", "2026-03-29T02:30/11:00")),
             Catch::Contains("2026-03-29T02:30:00 does not exist in Europe/Berlin"));
  CHECK_THAT(error_of(with(kWholePlan, "2026-10-06T09:00/11:00", "2026-10-25T02:30/11:00")),
             Catch::Contains("2026-10-25T02:30:00 comes twice in Europe/Berlin"));
}

TEST_CASE("text from the file is made safe before it is shown") {
  const std::string error = error_of(with(kWholePlan, "standby: 48h", "\"sta\\e[31mndby\": 48h"));
  CHECK_THAT(error, !Catch::Contains("\x1b") && Catch::Contains("\\x1b"));
  CHECK_THAT(error_of("a: [::1]:53\xff\x1b\n"), Catch::Contains("write \"[::1]:53\"") && !Catch::Contains("\x1b"));
}

TEST_CASE("a plan is read from a file, and a missing one says what to do") {
  TemporaryFolder folder;
  const auto file = folder.path() / "move.yaml";
  const auto missing = read_plan(file);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK_THAT(missing.error().message, Catch::Contains("cutover assess"));
  CHECK(read_plan(folder.path()).error().code == ErrorCode::kIo);
  std::ofstream(file) << kWholePlan;
  const auto plan = read_plan(file);
  REQUIRE(plan);
  CHECK(plan->file == file);
}

TEST_CASE("a plan may name a list of its own, which lies beside it; a bad line is told with both places") {
  const TemporaryFolder folder;
  const auto plan_with = [&](const std::string& list) {
    std::ofstream(folder.path() / "mine.tsv") << list;
    return parse_plan(with(kWholePlan, "127.0.0.1:5301", "file/mine.tsv"), folder.path() / "move.yaml");
  };
  const auto good = plan_with("resolver\toperator\tsource\n192.0.2.1\town\t-\n192.0.2.2\tthem\ta list\n");
  INFO((good ? "" : good.error().message));
  REQUIRE(good);
  // As it was written: the hash of a plan does not hang on where it lies.
  CHECK(good->watch.resolvers == std::vector<std::string>{"default", "file/mine.tsv", "own=[::1]:5302"});
  const auto wrong = plan_with("192.0.2.1\nnonsense\n");
  REQUIRE_FALSE(wrong);
  CHECK_THAT(wrong.error().message,
             Catch::Contains("move.yaml:26:24: ") && Catch::Contains("mine.tsv:2: resolver \"nonsense\""));
  std::filesystem::remove(folder.path() / "mine.tsv");
  const auto missing = parse_plan(with(kWholePlan, "127.0.0.1:5301", "file/mine.tsv"), folder.path() / "move.yaml");
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().message, Catch::Contains("mine.tsv: there is no such file"));
}
