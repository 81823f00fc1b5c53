#include "cmd/phases/assess.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/plan/horizon.h"
#include "cmd/plan/plan_file.h"
#include "cmd/report/assess_json.h"
#include "cmd/report/assess_text.h"
#include "core/text.h"
#include "net/message.h"
#include "tests/servers/signed_zone.h"

namespace cutover {
namespace {

const DomainName kOrigin = *DomainName::from_text("example.com.");

std::string zone_text(std::uint32_t serial, const std::string& address = "198.51.100.10") {
  return "$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster " + std::to_string(serial) +
         " 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 127.0.0.1\nwww IN A " + address +
         "\nwww IN AAAA 2001:db8:1::10\nwww IN HTTPS 1 . alpn=h2,h3 ipv4hint=" + address +
         "\nshop IN CNAME lb.old.test.\nblog IN CNAME www\n* IN A " + address +
         "\n@ IN MX 10 www\n@ IN TXT \"v=spf1 ip4:" + address + " -all\"\nchild IN NS ns.child\nns.child IN A " +
         address + "\n";
}

servers::AuthorityOptions serving(const std::string& text, bool sign = false) {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", text}};
  options.sign = sign;
  return options;
}

/// A request that reads `provider` by AXFR with its key in a private file beside the plan.
struct Setup {
  servers::TempFolder folder;
  net::Loop loop;
  SystemClock clock;
  AssessRequest request;

  explicit Setup(const servers::Authority& provider) {
    folder.write("tsig.key", provider.key().file_text(), 0600);
    AssessZone zone;
    zone.zone = kOrigin;
    zone.provider.type = "rfc2136";
    zone.provider.options = {{"server", provider.endpoint().text()}, {"key", "file/tsig.key"}};
    zone.authoritative = {provider.endpoint()};
    request.zones = {zone};
    request.mapping = *mapping_from_sides({"198.51.100.10", "2001:db8:1::10", "lb.old.test"},
                                          {"203.0.113.20", "2001:db8:2::20", "lb.new.test"});
    request.output = folder.file("cutover.yaml");
  }
  Result<AssessResult> run() { return assess(loop, clock, request); }
};

bool has(const std::vector<Audit>& audits, std::string_view id) {
  return std::any_of(audits.begin(), audits.end(), [&](const Audit& a) { return a.id == id; });
}

std::vector<std::string> mentions_of(const Findings& findings) {
  std::vector<std::string> lines;
  for (const FoundMention& mention : findings.mentions) lines.push_back(mention.text);
  return lines;
}

}  // namespace

TEST_CASE("a live zone becomes a plan that can be read") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);

  REQUIRE(result->zones.size() == 1);
  CHECK(result->changes() == 5);
  CHECK(mentions_of(result->zones[0].findings) ==
        std::vector<std::string>{"MX @ www.example.com.", "TXT @ spf1 ip4:198.51.100.10", "NS child delegated zone",
                                 "A ns.child 198.51.100.10"});
  CHECK(has(result->zones[0].audits, "ttl-high"));
  CHECK(has(result->zones[0].audits, "spf-new-address"));
  CHECK_FALSE(has(result->zones[0].audits, "server-silent"));
  CHECK(result->audits.empty());
  CHECK(servers::read_text(setup.request.output.string()) == result->plan_text);

  const auto plan = read_plan(setup.request.output);
  if (!plan) FAIL(plan.error().message << "\n" << result->plan_text);
  REQUIRE(plan->zones.size() == 1);
  CHECK(plan->zones[0].authoritative == std::vector<Endpoint>{knot.endpoint()});
  CHECK(plan->zones[0].provider.options == setup.request.zones[0].provider.options);
  CHECK(plan->mentions.size() == 4);
  std::vector<std::string> keys;
  for (const PlannedChange& change : plan->zones[0].changes)
    keys.push_back(change.key().text() + " " + join(change.to, ","));
  CHECK(keys == std::vector<std::string>{"*.example.com. A 203.0.113.20", "shop.example.com. CNAME lb.new.test.",
                                         "www.example.com. A 203.0.113.20", "www.example.com. AAAA 2001:db8:2::20",
                                         "www.example.com. HTTPS 1 . alpn=h2,h3 ipv4hint=203.0.113.20"});

  const std::string text = render_assess_text(*result);
  CHECK(text.find("www A  198.51.100.10 -> 203.0.113.20  ttl=3600") != std::string::npos);
  CHECK(text.find("TXT @ spf1 ip4:198.51.100.10") != std::string::npos);
  CHECK(text.find("blog.example.com -> www.example.com") != std::string::npos);
  const auto json = nlohmann::json::parse(render_assess_json(*result));
  CHECK(json["command"] == "assess");
  CHECK(json["zones"][0]["changes"].size() == 5);
  CHECK(json["zones"][0]["changes"][0]["ttl_s"] == 3600);
  CHECK(json["zones"][0]["mentions"][0]["about"] == "goes-along");
}

TEST_CASE("a plan that exists is kept, unless it is to be replaced") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  servers::write_text(setup.request.output.string(), "mine");
  const auto kept = setup.run();
  REQUIRE_FALSE(kept);
  CHECK(kept.error().code == ErrorCode::kUsage);
  CHECK(kept.error().message.find("exists") != std::string::npos);
  CHECK(servers::read_text(setup.request.output.string()) == "mine");

  setup.request.existing = AssessRequest::Existing::kReplace;
  const auto replaced = setup.run();
  if (!replaced) FAIL(replaced.error().message);
  CHECK(servers::read_text(setup.request.output.string()) == replaced->plan_text);
  // Nothing half-written is left beside it.
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(setup.folder.path()))
    files += entry.path().filename() != "tsig.key" ? 1U : 0U;
  CHECK(files == 1);
}

TEST_CASE("a split horizon is refused until the plan names its view") {
  servers::Knot inside(serving(zone_text(7)));
  servers::Knot outside(serving(zone_text(7, "198.51.100.77")));
  Setup setup(inside);
  setup.request.zones[0].authoritative = {outside.endpoint()};
  const auto refused = setup.run();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  INFO(refused.error().message);
  CHECK(refused.error().message.find(outside.endpoint().text()) != std::string::npos);
  CHECK(refused.error().message.find("198.51.100.77, and the provider holds 198.51.100.10") != std::string::npos);
  CHECK(refused.error().message.find("--view") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(setup.request.output));

  setup.request.zones[0].view = "inside";
  const auto named = setup.run();
  if (!named) FAIL(named.error().message);
  CHECK(has(named->zones[0].audits, "split-horizon"));
  const auto plan = read_plan(setup.request.output);
  if (!plan) FAIL(plan.error().message);
  CHECK(plan->zones[0].view == "inside");
}

TEST_CASE("an address family that only the served view has is a split horizon too") {
  servers::Knot inside(serving(zone_text(7)));
  servers::Knot outside(serving(zone_text(7) + "only4 IN AAAA 2001:db8::4\n"));
  Setup setup(inside);
  setup.request.zones[0].authoritative = {outside.endpoint()};
  CHECK(setup.run());  // only4 has nothing to do with the move
  servers::Knot wider(serving(zone_text(7) + "*.sub IN AAAA 2001:db8::4\n*.sub IN A 198.51.100.10\n"));
  servers::Knot narrower(serving(zone_text(7) + "*.sub IN A 198.51.100.10\n"));
  Setup second(narrower);
  second.request.zones[0].authoritative = {wider.endpoint()};
  const auto refused = second.run();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("serves *.sub.example.com. AAAA 2001:db8::4, and the provider holds nothing") !=
        std::string::npos);
}

TEST_CASE("a secondary that is behind is told, and does not stop the plan") {
  servers::Knot primary(serving(zone_text(7)));
  servers::Knot secondary(serving(zone_text(5, "198.51.100.9")));
  Setup setup(primary);
  setup.request.zones[0].authoritative = {primary.endpoint(), secondary.endpoint()};
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);
  CHECK(has(result->zones[0].audits, "server-behind"));
  CHECK(result->changes() == 5);
}

TEST_CASE("a signature that does not match is an error in the audits, and the plan is written all the same") {
  std::string text = servers::signed_zone({"example.com", zone_text(7)});
  const auto at = text.find("2001:db8:1::10");
  REQUIRE(at != std::string::npos);
  servers::AuthorityOptions options = serving(text.replace(at, 14, "2001:db8:1::11"));
  options.read_only = true;
  servers::Knot tampered(options);
  Setup setup(tampered);
  setup.request.mapping = *mapping_from_sides({"198.51.100.10", "2001:db8:1::11", "lb.old.test"},
                                              {"203.0.113.20", "2001:db8:2::20", "lb.new.test"});
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);
  const auto& audits = result->zones[0].audits;
  const auto bogus = std::find_if(audits.begin(), audits.end(), [](const Audit& a) { return a.id == "dnssec-bogus"; });
  REQUIRE(bogus != audits.end());
  CHECK(bogus->severity == Severity::kError);
  CHECK(bogus->sentence.find("fails validation for www.example.com. AAAA: its signature does not match") !=
        std::string::npos);
  CHECK_FALSE(result->plan_text.empty());
}

TEST_CASE("a signed zone, and a signed copy of an unsigned one, are no split horizon") {
  servers::Knot plain(serving(zone_text(7)));
  servers::Knot with_signatures(serving(zone_text(7), true));
  for (servers::Knot* provider : {&plain, &with_signatures}) {
    Setup setup(*provider);
    setup.request.zones[0].authoritative = {with_signatures.endpoint()};
    const auto result = setup.run();
    if (!result) FAIL(result.error().message);
    CHECK(result->changes() == 5);
    CHECK(result->mentions() == 4);
    const auto& audits = result->zones[0].audits;
    const auto dnssec = std::find_if(audits.begin(), audits.end(), [](const Audit& a) { return a.id == "dnssec"; });
    REQUIRE(dnssec != audits.end());
    CHECK(dnssec->sentence.find("is signed") != std::string::npos);
  }
}

TEST_CASE("servers that do not answer") {
  servers::Knot knot(serving(zone_text(7)));
  const std::string quiet = servers::own_address();
  const Endpoint nobody = *Endpoint::from_text(quiet, servers::free_port(quiet));
  Setup setup(knot);
  setup.request.zones[0].authoritative = {knot.endpoint(), nobody};
  const auto one_silent = setup.run();
  if (!one_silent) FAIL(one_silent.error().message);
  CHECK(has(one_silent->zones[0].audits, "server-silent"));

  Setup alone(knot);
  alone.request.zones[0].authoritative = {nobody};
  const auto none = alone.run();
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kNetwork);
  CHECK(none.error().message.find(nobody.text()) != std::string::npos);
}

TEST_CASE("a key that the server does not know") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  servers::SharedKey stranger = knot.key();
  stranger.secret = "d3JvbmctcGxhaW5seS13cm9uZw==";
  setup.folder.write("tsig.key", stranger.file_text(), 0600);
  const auto result = setup.run();
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find(stranger.secret) == std::string::npos);
  CHECK_FALSE(std::filesystem::exists(setup.request.output));
}

TEST_CASE("a zone file, without asking its servers") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  knot.stop();
  setup.request.zones[0].zone_file = setup.folder.write("example.com.zone", zone_text(9));
  setup.request.zones[0].authoritative.clear();
  setup.request.servers = AssessRequest::Servers::kSkip;
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);
  CHECK(result->zones[0].serial == 9);
  CHECK(result->changes() == 5);
  CHECK(has(result->zones[0].audits, "servers-not-asked"));
  CHECK(read_plan(setup.request.output));

  setup.request.existing = AssessRequest::Existing::kReplace;
  setup.request.zones[0].zone_file = setup.folder.write("broken.zone", "www A 1.2.3.4.5\n");
  const auto broken = setup.run();
  REQUIRE_FALSE(broken);
  CHECK(broken.error().message.find("broken.zone") != std::string::npos);
}

TEST_CASE("several zones: what points from one into the other is found") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  setup.request.servers = AssessRequest::Servers::kSkip;
  AssessZone other = setup.request.zones[0];
  other.zone = *DomainName::from_text("other.test.");
  other.zone_file = setup.folder.write(
      "other.zone",
      "$TTL 300\n@ SOA ns.x.test. h.x.test. 3 1 1 1 1\n@ NS ns.x.test.\nwww CNAME blog.example.com.\n@ MX 10 "
      "www.example.com.\n@ A 198.51.100.10\n");
  setup.request.zones.push_back(other);
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);
  const Findings& found = result->zones[1].findings;
  CHECK(mentions_of(found) == std::vector<std::string>{"MX other.test. www.example.com."});
  REQUIRE(found.followers.size() == 1);
  CHECK(found.followers[0].name.text() == "www.other.test.");
  CHECK(found.followers[0].moving.text() == "www.example.com.");
  const auto plan = read_plan(setup.request.output);
  if (!plan) FAIL(plan.error().message << result->plan_text);
  CHECK(plan->zones.size() == 2);
  CHECK(plan->mentions.size() == 5);
}

TEST_CASE("a mapping that fits nothing writes no plan and says so") {
  servers::Knot knot(serving(zone_text(7)));
  Setup setup(knot);
  setup.request.mapping = *mapping_from_pairs({"198.51.100.111=203.0.113.20"});
  const auto result = setup.run();
  if (!result) FAIL(result.error().message);
  CHECK(result->changes() == 0);
  CHECK(result->plan_file.empty());
  CHECK(has(result->audits, "old-side-unseen"));
  CHECK(has(result->zones[0].audits, "nothing-moves"));
  CHECK_FALSE(std::filesystem::exists(setup.request.output));
  CHECK(render_assess_text(*result).find("No plan was written") != std::string::npos);
}

TEST_CASE("what counts as a difference between the provider and a server") {
  const Zone zone = *net::parse_zone_file(zone_text(7), kOrigin);
  const RecordKey key{*DomainName::from_text("www.example.com."), RecordType::kA};
  const auto reading = [&](std::size_t server, const RecordKey& asked, std::vector<std::string> values) {
    net::AuthorityReading r;
    r.server = server;
    r.key = asked;
    r.outcome = net::Outcome::kAnswered;
    r.authoritative = true;
    if (!values.empty()) r.set = RecordSet{asked.name, asked.type, Seconds(1), std::move(values)};
    return r;
  };
  const auto differs = [&](const net::AuthorityReading& r) {
    net::AuthoritySweep sweep;
    sweep.readings = {r};
    return !compare_views(zone, sweep).empty();
  };
  CHECK_FALSE(differs(reading(0, key, {"198.51.100.10"})));  // another TTL is none
  CHECK(differs(reading(0, key, {"198.51.100.11"})));
  CHECK(differs(reading(0, key, {"198.51.100.10", "198.51.100.11"})));
  CHECK(differs(reading(0, key, {})));
  const RecordKey absent{key.name, RecordType::kTxt};
  CHECK_FALSE(differs(reading(0, absent, {})));
  CHECK(differs(reading(0, absent, {"\"x\""})));
  auto alias = reading(0, key, {});
  alias.alias = RecordSet{key.name, RecordType::kCname, Seconds(1), {"elsewhere.test."}};
  CHECK(differs(alias));
  auto lame = reading(0, key, {"198.51.100.11"});
  lame.authoritative = false;
  CHECK_FALSE(differs(lame));
  auto refusing = reading(0, key, {});
  refusing.rcode = net::Rcode::kRefused;
  CHECK_FALSE(differs(refusing));

  // Behind is who differs and has an older serial than somebody who does not differ (RFC 1982).
  net::AuthoritySweep sweep;
  sweep.readings = {reading(0, key, {"198.51.100.10"}), reading(1, key, {"198.51.100.11"}),
                    reading(2, key, {"198.51.100.12"})};
  sweep.serials = {2U, 4294967295U, 3U};
  CHECK(lagging_servers(sweep, compare_views(zone, sweep)) == std::set<std::size_t>{1});
}

TEST_CASE("nothing below a zone cut is asked of the parent's servers") {
  const Zone zone = *net::parse_zone_file(zone_text(7), kOrigin);
  const Findings findings = sweep_mentions(zone, *mapping_from_sides({"198.51.100.10"}, {"203.0.113.20"}));
  const DomainName child = *DomainName::from_text("child.example.com.");
  const auto keys = keys_of_interest(zone, findings);
  CHECK(std::none_of(keys.begin(), keys.end(), [&](const RecordKey& key) { return key.name.is_within(child); }));
  CHECK(std::count(keys.begin(), keys.end(),
                   RecordKey{*DomainName::from_text("www.example.com."), RecordType::kAaaa}) == 1);
}

}  // namespace cutover
