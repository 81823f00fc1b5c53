#include "cmd/plan/plan_writer.h"

#include <catch2/catch.hpp>

#include "cmd/plan/plan_file.h"
#include "core/text.h"
#include "net/message.h"

namespace cutover {
namespace {

const DomainName kOrigin = *DomainName::from_text("example.com.");

PlanDraft draft_of(const std::string& records, const Mapping& mapping) {
  auto zone = net::parse_zone_file(
      "$ORIGIN example.com.\n$TTL 86400\n@ SOA ns1.provider.test. h 7 7200 900 1209600 300\n@ NS ns1.provider.test.\n" +
          records,
      kOrigin);
  if (!zone) FAIL(zone.error().message);
  PlanDraft draft;
  draft.name = "example-2026";
  draft.made = *parse_instant("2026-10-01T09:00:00Z");
  DraftZone part;
  part.zone = kOrigin;
  part.provider.type = "rfc2136";
  part.provider.options = {{"server", "127.0.0.1:5353"}, {"key", "env/CUTOVER_TSIG"}};
  part.serial = 7;
  part.record_sets = zone->sets.size();
  part.findings = sweep_mentions(*zone, mapping);
  part.audits = audit_zone({.zone = *zone, .mapping = mapping, .findings = part.findings, .now = draft.made});
  draft.zones.push_back(std::move(part));
  return draft;
}

Mapping usual() {
  return *mapping_from_sides({"198.51.100.10", "2001:db8:1::10", "lb.old.test"},
                             {"203.0.113.20", "2001:db8:2::20", "lb.new.test"});
}

Plan plan_of(const PlanDraft& draft) {
  const std::string text = write_plan(draft);
  INFO(text);
  auto plan = parse_plan(text, "cutover.yaml");
  if (!plan) FAIL(plan.error().message);
  return *plan;
}

void check_same(const PlanDraft& draft, const Plan& plan) {
  INFO(write_plan(draft));
  std::size_t at = 0;
  std::size_t mentions = 0;
  for (const DraftZone& zone : draft.zones) {
    mentions += zone.findings.mentions.size();
    if (zone.findings.changes.empty()) continue;
    REQUIRE(at < plan.zones.size());
    const ZonePlan& read = plan.zones[at++];
    CHECK(read.zone == zone.zone);
    CHECK(read.provider.type == zone.provider.type);
    CHECK(read.provider.options == zone.provider.options);
    CHECK(read.authoritative == zone.authoritative);
    CHECK(read.view == zone.view);
    REQUIRE(read.changes.size() == zone.findings.changes.size());
    for (std::size_t i = 0; i < read.changes.size(); ++i) {
      CHECK(read.changes[i].key() == zone.findings.changes[i].change.key());
      CHECK(read.changes[i].from == zone.findings.changes[i].change.from);
      CHECK(read.changes[i].to == zone.findings.changes[i].change.to);
    }
  }
  CHECK(at == plan.zones.size());
  CHECK(plan.mentions.size() == mentions);
  CHECK(plan.acks.empty());
}

constexpr const char* kRich =
    "www A 198.51.100.10\nwww AAAA 2001:db8:1::10\nwww HTTPS 1 . alpn=\"h2,h3\" ipv4hint=198.51.100.10 "
    "ipv6hint=2001:db8:1::10 key65400=\"a b\"\n"
    "@ A 198.51.100.10\n@ A 198.51.100.11\n*.dev 30 A 198.51.100.10\nno A 198.51.100.10\n123 A "
    "198.51.100.10\nxn--bcher-kva CNAME lb.old.test.\n"
    "_x.y CNAME lb.old.test.\nblog CNAME www\nshop CNAME lb.old.test.\nstore CNAME shop\n@ MX 10 mail\nmail A "
    "198.51.100.10\n"
    "@ TXT \"v=spf1 ip4:198.51.100.10 -all\"\nt TXT \"quote \\\" backslash \\\\ # : { } \\010\\027 "
    "198.51.100.10\"\nchild NS ns.child\nns.child A 198.51.100.10\n"
    "sp\\032ce A 198.51.100.10\n";

}  // namespace

TEST_CASE("what is written is what is read") {
  PlanDraft draft = draft_of(kRich, usual());
  draft.zones[0].authoritative = {*Endpoint::from_text("192.0.2.53", 53),
                                  *Endpoint::from_text("[2001:db8::53]:5353", 53),
                                  *Endpoint::from_text("2001:db8::53", 53)};
  draft.zones[0].view = "inside: \"x\"";
  draft.lookup = {*Endpoint::from_text("127.0.0.1:5300", 53)};
  draft.during = Seconds(45);
  const Plan plan = plan_of(draft);
  check_same(draft, plan);
  CHECK(plan.name == "example-2026");
  CHECK(plan.ttl.during == Seconds(45));
  CHECK(plan.lookup == draft.lookup);
  for (std::size_t i = 0; i < plan.mentions.size(); ++i) {
    CHECK(plan.mentions[i].text == draft.zones[0].findings.mentions[i].text);
    CHECK(plan.mentions[i].reason == draft.zones[0].findings.mentions[i].reason);
  }
}

TEST_CASE("every way of moving can be written and read") {
  check_same(draft_of(kRich, *mapping_from_pairs({"198.51.100.10=203.0.113.20", "2001:db8:1::10=none"})),
             plan_of(draft_of(kRich, *mapping_from_pairs({"198.51.100.10=203.0.113.20", "2001:db8:1::10=none"}))));
  const Mapping added = *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20", "203.0.113.21", "2001:db8:2::20"});
  check_same(draft_of("www A 198.51.100.10\n", added), plan_of(draft_of("www A 198.51.100.10\n", added)));
}

TEST_CASE("several zones, one of them without a change") {
  PlanDraft draft = draft_of(kRich, usual());
  draft.zones.push_back(draft_of("t TXT \"198.51.100.10\"\n", usual()).zones[0]);
  draft.zones.back().zone = *DomainName::from_text("example.net.");
  draft.zones.back().findings.mentions[0].text = "TXT t.example.net. 198.51.100.10";
  check_same(draft, plan_of(draft));
}

TEST_CASE("endpoints are guessed from what moves") {
  const Plan plan = plan_of(draft_of(kRich, usual()));
  std::vector<std::string> lines;
  for (const EndpointPlan& endpoint : plan.endpoints) {
    REQUIRE(endpoint.names.size() == 1);
    std::string line = endpoint.names[0].host() + ":" + std::to_string(endpoint.port) + endpoint.starttls;
    for (const IpAddress& address : endpoint.old_addresses) line += " old " + address.text();
    for (const IpAddress& address : endpoint.new_addresses) line += " new " + address.text();
    lines.push_back(line);
  }
  const std::vector<std::string> expected{
      "example.com:443",
      "123.example.com:443",
      "*.dev.example.com:443",
      "no.example.com:443",
      "shop.example.com:443",
      "sp\\032ce.example.com:443",
      "www.example.com:443",
      "xn--bcher-kva.example.com:443",
      "blog.example.com:443 old 198.51.100.10 old 2001:db8:1::10 new 203.0.113.20 new 2001:db8:2::20",
      "mail.example.com:25smtp"};
  CHECK(lines == expected);
  CHECK(write_plan(draft_of(kRich, usual())).find("# - { names: [store.example.com]") != std::string::npos);
}

TEST_CASE("the comments tell a reviewer what matters") {
  const std::string text =
      write_plan(draft_of(kRich, *mapping_from_pairs({"198.51.100.10=203.0.113.20", "2001:db8:1::10=none"})));
  CHECK(text.find("      # www.example.com. A, TTL 86400 s (1d)\n      - { name: www, type: A, from: [198.51.100.10], "
                  "to: [203.0.113.20] }\n") != std::string::npos);
  CHECK(text.find("# !!! this REMOVES the AAAA of www.example.com.") != std::string::npos);
  CHECK(text.find("1 of 2 addresses moves") != std::string::npos);
  CHECK(text.find("# example.com: serial 7, ") != std::string::npos);
  CHECK(text.find("#   - { mention: \"TXT @ spf1 ip4:198.51.100.10\", why: \"\" }") != std::string::npos);
}

TEST_CASE("an ack template with its # removed and a reason is an ack") {
  std::string text = write_plan(draft_of("www A 198.51.100.10\n@ TXT \"v=spf1 ip4:198.51.100.10\"\n", usual()));
  const auto replace = [&](const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  replace("# ack:", "ack:");
  replace("#   - { mention", "   - { mention");
  replace("why: \"\"", "why: mail stays until May");
  const auto plan = parse_plan(text, "cutover.yaml");
  if (!plan) FAIL(plan.error().message);
  REQUIRE(plan->acks.size() == 1);
  REQUIRE(plan->mentions.size() == 1);
  CHECK(plan->acks[0].mention == plan->mentions[0].text);
}

TEST_CASE("scalars that YAML would take for something else are quoted") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"www", "www"},
      {"lb.old.example.net.", "lb.old.example.net."},
      {"198.51.100.10", "198.51.100.10"},
      {"env/KEY", "env/KEY"},
      {"@", "\"@\""},
      {"*", "\"*\""},
      {"*.x", "\"*.x\""},
      {"2001:db8::1", "\"2001:db8::1\""},
      {"[::1]:53", "\"[::1]:53\""},
      {"127.0.0.1:53", "\"127.0.0.1:53\""},
      {"no", "\"no\""},
      {"Null", "\"Null\""},
      {"123", "\"123\""},
      {"1e3", "\"1e3\""},
      {"-", "\"-\""},
      {"", "\"\""},
      {"_dmarc", "\"_dmarc\""},
      {"a b", "\"a b\""},
      {"a\"b\\c", "\"a\\\"b\\\\c\""},
      {"a\nb", "\"a\\\\x0ab\""},
      {"# x", "\"# x\""},
  };
  for (const auto& [text, expected] : table) CHECK(yaml_scalar(text) == expected);
}

}  // namespace cutover
