#include "net/authority.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"
#include "tests/net/scripted_server.h"
#include "tests/servers/servers.h"

namespace cutover::net {
namespace {

using namespace std::chrono_literals;
using Datagrams = std::vector<std::string>;

DomainName name(std::string_view text) { return *DomainName::from_text(text); }
IpAddress ip(std::string_view text) { return *IpAddress::from_text(text); }

struct World {
  Loop loop;
  SystemClock clock;
};

// --- sweep -------------------------------------------------------------------------------------------------------

const Record kSoa{name("example.com"), RecordType::kSoa, RecordClass::kIn, 3600,
                  "ns1.example.com. host.example.com. 7 1 2 3 300"};

/// A server of example.com with one record of every kind that a sweep tells apart.
Message zone_reply(const std::string& question) {
  Message reply = *decode(question);
  reply.qr = reply.aa = true;
  const Question& asked = reply.question[0];
  const auto answer = [&](RecordType type, std::string rdata, std::uint32_t ttl) {
    reply.answer.push_back({asked.name, type, RecordClass::kIn, ttl, std::move(rdata)});
  };
  if (asked.type == RecordType::kSoa && asked.name == kSoa.name) {
    reply.answer.push_back(kSoa);
  } else if (asked.name == name("www.example.com") && asked.type == RecordType::kA) {
    answer(RecordType::kA, "192.0.2.2", 60);
    answer(RecordType::kA, "192.0.2.1", 60);
  } else if (asked.name == name("shop.example.com")) {
    answer(RecordType::kCname, "lb.example.net.", 300);
  } else if (asked.name.is_within(name("child.example.com"))) {
    reply.aa = false;
    reply.authority.push_back(
        {name("child.example.com"), RecordType::kNs, RecordClass::kIn, 3600, "ns.child.example.com."});
  } else if (asked.name == name("broken.example.com")) {
    reply.rcode = Rcode::kServFail;
    reply.edns->extended_error = 22;
    reply.edns->extended_error_text = "no\x1b";
  } else {
    reply.rcode = asked.name == name("www.example.com") ? Rcode::kNoError : Rcode::kNxDomain;
    reply.authority.push_back(kSoa);
  }
  return reply;
}

ScriptedServer::Script zone_script() {
  return {.udp = [](const std::string& q) { return Datagrams{*encode(zone_reply(q))}; }, .tcp = {}};
}

TEST_CASE("a sweep tells what each server says about each set", "[authority]") {
  World world;
  ScriptedServer server(zone_script());
  ScriptedServer lame({.udp =
                           [](const std::string& q) {
                             Message reply = *decode(q);
                             reply.qr = true;
                             reply.rcode = Rcode::kRefused;
                             return Datagrams{*encode(reply)};
                           },
                       .tcp = {}});
  const Delegation delegation = fixed_delegation({server.endpoint(), lame.endpoint()});
  const std::vector<RecordKey> keys{
      {name("www.example.com"), RecordType::kA},      {name("shop.example.com"), RecordType::kA},
      {name("shop.example.com"), RecordType::kCname}, {name("www.example.com"), RecordType::kAaaa},
      {name("nothing.example.com"), RecordType::kA},  {name("a.child.example.com"), RecordType::kA},
      {name("broken.example.com"), RecordType::kA}};
  const AuthoritySweep sweep = sweep_authority(world.loop, world.clock, delegation, name("example.com"), keys);
  REQUIRE(sweep.readings.size() == 2 * keys.size());
  for (std::size_t i = 0; i < sweep.readings.size(); ++i) {
    CHECK(sweep.readings[i].server == i / keys.size());
    CHECK(sweep.readings[i].key == keys[i % keys.size()]);
    CHECK(sweep.readings[i].received <= sweep.finished);
    CHECK(sweep.readings[i].received >= sweep.started);
  }
  const auto& r = sweep.readings;
  CHECK(r[0].authoritative);
  CHECK(r[0].set == RecordSet{name("www.example.com"), RecordType::kA, Seconds(60), {"192.0.2.1", "192.0.2.2"}});
  CHECK_FALSE(r[0].negative_ttl);
  CHECK_FALSE(r[1].set);
  CHECK(r[1].alias->rdata == std::vector<std::string>{"lb.example.net."});
  CHECK(r[2].set->ttl == Seconds(300));
  CHECK_FALSE(r[2].alias);
  CHECK(r[3].rcode == Rcode::kNoError);
  CHECK_FALSE(r[3].set);
  CHECK(r[3].negative_ttl == Seconds(300));
  CHECK(r[4].rcode == Rcode::kNxDomain);
  CHECK(r[4].negative_ttl == Seconds(300));
  CHECK_FALSE(r[4].delegated);
  CHECK(r[5].delegated);
  CHECK_FALSE(r[5].authoritative);
  CHECK(r[6].outcome == Outcome::kAnswered);
  CHECK(r[6].detail == "SERVFAIL (extended error 22: no\\x1b)");
  CHECK(r[7].rcode == Rcode::kRefused);
  CHECK(r[7].detail == "REFUSED");
  CHECK(sweep.serials == std::vector<std::optional<std::uint32_t>>{7, std::nullopt});
}

TEST_CASE("a dead server is asked once more, then its readings all say so", "[authority]") {
  World world;
  Endpoint nobody;
  { nobody = ScriptedServer({}).endpoint(); }
  ScriptedServer alive(zone_script());
  const Delegation delegation = fixed_delegation({nobody, alive.endpoint()});
  const std::vector<RecordKey> keys(3, RecordKey{name("www.example.com"), RecordType::kA});
  const AuthoritySweep sweep = sweep_authority(world.loop, world.clock, delegation, name("example.com"), keys);
  REQUIRE(sweep.readings.size() == 6);
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(sweep.readings[i].outcome == (i < 3 ? Outcome::kUnreachable : Outcome::kAnswered));
  CHECK(sweep.readings[0].detail == "connection refused");
  CHECK(sweep.serials == std::vector<std::optional<std::uint32_t>>{std::nullopt, 7});
}

TEST_CASE("a lame server is named for what it does", "[authority]") {
  struct Row {
    std::string what;
    std::function<void(Message&)> answer;
    ServerStanding standing;
  };
  const std::vector<Row> table{
      {"it serves", [](Message& m) { m.aa = true, m.answer.push_back(kSoa); }, ServerStanding::kServes},
      {"out of a cache", [](Message& m) { m.answer.push_back(kSoa); }, ServerStanding::kNotAuthoritative},
      {"refused", [](Message& m) { m.rcode = Rcode::kRefused; }, ServerStanding::kRefused},
      {"not loaded", [](Message& m) { m.rcode = Rcode::kServFail; }, ServerStanding::kServFail},
      {"not its zone", [](Message& m) { m.rcode = Rcode::kNotAuth; }, ServerStanding::kOtherError},
      {"no such zone", [](Message& m) { m.aa = true, m.rcode = Rcode::kNxDomain; }, ServerStanding::kOtherError},
      {"nothing at the top", [](Message& m) { m.aa = true; }, ServerStanding::kNoRecords},
      {"to the root",
       [](Message& m) {
         m.authority.push_back({DomainName(), RecordType::kNs, RecordClass::kIn, 3600, "a.root-servers.net."});
       },
       ServerStanding::kUpwardReferral},
      {"one zone up",
       [](Message& m) {
         m.authority.push_back({name("com"), RecordType::kNs, RecordClass::kIn, 3600, "ns.test."});
       },
       ServerStanding::kUpwardReferral},
      {"the parent itself",
       [](Message& m) {
         m.authority.push_back({kSoa.name, RecordType::kNs, RecordClass::kIn, 3600, "ns.test."});
       },
       ServerStanding::kNotAuthoritative},
  };
  World world;
  for (const Row& row : table) {
    INFO(row.what);
    ScriptedServer server({.udp =
                               [&](const std::string& q) {
                                 Message reply = *decode(q);
                                 reply.qr = true;
                                 row.answer(reply);
                                 return Datagrams{*encode(reply)};
                               },
                           .tcp = {}});
    const AuthoritySweep sweep =
        sweep_authority(world.loop, world.clock, fixed_delegation({server.endpoint()}), name("example.com"), {});
    REQUIRE(sweep.standings.size() == 1);
    CHECK(sweep.standings[0] == row.standing);
    CHECK(is_lame(row.standing) == (row.standing != ServerStanding::kServes));
    CHECK(sweep.soas[0].has_value() == (row.standing == ServerStanding::kServes));
  }
  CHECK_FALSE(is_lame(ServerStanding::kSilent));
}

TEST_CASE("labels name the server and its address", "[authority]") {
  CHECK(AuthorityServer{name("ns1.example.com"), {ip("192.0.2.53"), 53}}.label() == "ns1.example.com. (192.0.2.53)");
  CHECK(AuthorityServer{name("ns1.example.com"), {ip("2001:db8::53"), 5353}}.label() ==
        "ns1.example.com. ([2001:db8::53]:5353)");
  CHECK(AuthorityServer{DomainName(), {ip("192.0.2.53"), 53}}.label() == "192.0.2.53");
}

// --- look-ups ----------------------------------------------------------------------------------------------------

/// A resolver that knows www (both families, behind two aliases), v4 only, and nothing else.
Message resolver_reply(const std::string& question) {
  Message reply = *decode(question);
  reply.qr = reply.ra = true;
  const Question& asked = reply.question[0];
  if (!reply.rd) reply.rcode = Rcode::kRefused;
  const auto add = [&](std::string_view owner, RecordType type, std::string rdata) {
    reply.answer.push_back({name(owner), type, RecordClass::kIn, 60, std::move(rdata)});
  };
  if (asked.name == name("www.example.com")) {
    add("www.example.com", RecordType::kCname, "a.example.net.");
    add("a.example.net", RecordType::kCname, "b.example.net.");
    if (asked.type == RecordType::kA) add("b.example.net", RecordType::kA, "192.0.2.1");
    if (asked.type == RecordType::kAaaa) add("b.example.net", RecordType::kAaaa, "2001:db8::1");
    add("unrelated.example.net", RecordType::kA, "192.0.2.66");
  } else if (asked.name == name("loop.example.com")) {
    add("loop.example.com", RecordType::kCname, "loop.example.com.");
  } else {
    reply.rcode = Rcode::kNxDomain;
  }
  return reply;
}

TEST_CASE("hosts are looked up at the resolvers that the options name", "[lookup]") {
  World world;
  ScriptedServer resolver(
      {.udp = [](const std::string& q) { return Datagrams{*encode(resolver_reply(q))}; }, .tcp = {}});
  Endpoint nobody;
  { nobody = ScriptedServer({}).endpoint(); }
  LookupOptions options;
  SECTION("through an alias chain, both families, from the second resolver when the first is dead") {
    options.servers = {nobody, resolver.endpoint()};
    const auto found = lookup_host(world.loop, world.clock, name("www.example.com"), options);
    REQUIRE(found);
    CHECK(*found == std::vector<IpAddress>{ip("192.0.2.1"), ip("2001:db8::1")});
  }
  SECTION("no such name") {
    options.servers = {resolver.endpoint()};
    CHECK(lookup_host(world.loop, world.clock, name("nothing.example.com"), options).error().code ==
          ErrorCode::kNotFound);
  }
  SECTION("a name that is its own alias") {
    options.servers = {resolver.endpoint()};
    CHECK(lookup_host(world.loop, world.clock, name("loop.example.com"), options).error().code == ErrorCode::kNotFound);
  }
  SECTION("nobody answers") {
    options.servers = {nobody};
    const auto found = lookup_host(world.loop, world.clock, name("www.example.com"), options);
    CHECK(found.error().code == ErrorCode::kNetwork);
    CHECK(found.error().message.find(nobody.text()) != std::string::npos);
  }
}

TEST_CASE("without resolvers in the options the system's rules hold: localhost is on loopback", "[lookup]") {
  World world;
  const auto found = lookup_host(world.loop, world.clock, name("localhost"), {});
  if (!found) FAIL(found.error().message);
  CHECK(std::count(found->begin(), found->end(), ip("127.0.0.1")) == 1);
}

// --- real servers ------------------------------------------------------------------------------------------------

TsigKey key_of(const servers::SharedKey& key) { return *parse_tsig_key(key.file_text()); }

/// A zone that needs several messages: a few thousand records.
std::string long_zone() {
  std::string text =
      "$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster 7 7200 900 1209600 300\n@ NS ns1\nns1 A 127.0.0.1\n";
  for (int i = 0; i < 3000; ++i)
    text += "n" + std::to_string(i) + " 60 TXT \"number " + std::to_string(i) + "; with a tail\"\n";
  return text;
}

template <class Server>
void transfers_a_zone() {
  World world;
  servers::AuthorityOptions options;
  options.zones = {{"example.com", long_zone()}};
  const Server server(options);
  const TsigKey key = key_of(server.key());
  const auto zone = transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), key, 10s);
  if (!zone) FAIL(zone.error().message);
  CHECK(zone->soa.serial == 7);
  CHECK(zone->sets.size() == 3003);
  CHECK(zone->find({name("n7.example.com"), RecordType::kTxt})->rdata ==
        std::vector<std::string>{"\"number 7; with a tail\""});
  // The same file read by ourselves is the same zone.
  CHECK(parse_zone_file(long_zone(), name("example.com"))->sets == zone->sets);

  const auto without_key =
      transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), std::nullopt, 10s);
  REQUIRE_FALSE(without_key);
  CHECK(without_key.error().code == ErrorCode::kRefused);
  TsigKey wrong = key;
  wrong.secret[0] = static_cast<char>(wrong.secret[0] ^ 1);
  const auto wrong_secret = transfer_zone(world.loop, world.clock, server.endpoint(), name("example.com"), wrong, 10s);
  REQUIRE_FALSE(wrong_secret);
  INFO(wrong_secret.error().message);
  CHECK(wrong_secret.error().code == ErrorCode::kAuth);
  const auto unknown_zone = transfer_zone(world.loop, world.clock, server.endpoint(), name("example.org"), key, 10s);
  REQUIRE_FALSE(unknown_zone);
  INFO(unknown_zone.error().message);
  if (server.product() == "BIND")
    CHECK(unknown_zone.error().code == ErrorCode::kRefused);
  else  // the others answer as they do to a wrong secret
    CHECK(unknown_zone.error().message.find("or it does not serve this zone") != std::string::npos);
  // Ten minutes off is no matter of the key.
  const ScaledClock late(world.clock.now() - std::chrono::minutes(10), 1.0);
  const auto wrong_time = transfer_zone(world.loop, late, server.endpoint(), name("example.com"), key, 10s);
  REQUIRE_FALSE(wrong_time);
  INFO(wrong_time.error().message);
  if (server.product() != "PowerDNS") CHECK(wrong_time.error().code == ErrorCode::kClock);
}

TEST_CASE("zones are transferred from Knot", "[transfer][servers]") { transfers_a_zone<servers::Knot>(); }
TEST_CASE("zones are transferred from BIND", "[transfer][servers]") { transfers_a_zone<servers::Bind>(); }
TEST_CASE("zones are transferred from PowerDNS", "[transfer][servers]") { transfers_a_zone<servers::PowerDns>(); }

std::vector<std::string> described(const Delegation& delegation) {
  std::vector<std::string> lines;
  for (const AuthorityServer& server : delegation.servers)
    lines.push_back(server.name.text() + " " + server.address.address.text() + (server.in_parent ? " parent" : "") +
                    (server.in_child ? " child" : ""));
  return lines;
}

TEST_CASE("a delegation is walked from the parent down, and what differs is told", "[authority][servers]") {
  World world;
  // The parent `test` lists ns1 and ns2 of the child, with glue for both; the child lists ns1 and ns3.
  const std::string parent_address = servers::own_address();
  const std::string child_address = servers::own_address();
  const std::string third_address = servers::own_address();
  const std::uint16_t port = servers::free_port(parent_address);
  const std::string soa = "@ 3600 IN SOA ns1 hostmaster 7 7200 900 1209600 300\n";

  servers::AuthorityOptions parent_options;
  parent_options.address = parent_address;
  parent_options.port = port;
  parent_options.zones = {{"test", "$ORIGIN test.\n$TTL 3600\n" + soa + "@ NS ns1\nns1 A " + parent_address +
                                       "\nexample 7200 NS ns1.example\nexample 7200 NS ns2.example\nexample 7200 NS "
                                       "ns4.example\nns4.example A 127.255.255.253\nns1.example A " +
                                       child_address + "\nns2.example A 127.255.255.254\nexample DS 1 13 2 " +
                                       std::string(64, 'a') + "\n"}};
  const servers::Knot parent(parent_options);
  const std::string child_zone = "$ORIGIN example.test.\n$TTL 3600\n" + soa +
                                 "@ 300 NS ns1\n@ 300 NS ns3\n@ 300 NS ns4\n@ 300 NS gone\nns1 A " + child_address +
                                 "\nns1 AAAA ::1\nns3 A " + third_address + "\nns4 A " + third_address + "\n";
  servers::AuthorityOptions child_options;
  child_options.port = port;
  child_options.zones = {{"example.test", child_zone}};
  child_options.address = child_address;
  const servers::Knot child(child_options);
  child_options.address = third_address;
  const servers::Knot third(child_options);
  servers::UnboundOptions resolving;
  resolving.stubs = {{"test", {parent.endpoint()}}, {"example.test", {child.endpoint()}}};
  const servers::Unbound resolver(resolving);

  LookupOptions options;
  options.servers = {resolver.endpoint()};
  options.port = port;
  options.timeout = 500ms;
  const auto found = walk_delegation(world.loop, world.clock, name("example.test"), options);
  if (!found) FAIL(found.error().message);
  CHECK(described(*found) ==
        std::vector<std::string>{
            "ns1.example.test. " + child_address + " parent child", "ns1.example.test. ::1 parent child",
            "ns2.example.test. 127.255.255.254 parent", "ns3.example.test. " + third_address + " child",
            "ns4.example.test. " + third_address + " parent child", "ns4.example.test. 127.255.255.253 parent child"});
  CHECK(found->without_address == std::vector<DomainName>{name("gone.example.test")});
  CHECK(found->parent_ns_ttl == Seconds(7200));
  CHECK(found->child_ns_ttl == Seconds(300));
  CHECK(found->has_ds);
  CHECK(found->asked_for_ds);
  CHECK(found->ds->rdata == std::vector<std::string>{"1 13 2 " + std::string(64, 'a')});
  using Kind = DelegationDifference::Kind;
  const std::vector<DelegationDifference> expected{
      {.kind = Kind::kGlueMissing, .name = name("ns1.example.test"), .served = {ip("::1")}},
      {.kind = Kind::kGlueDiffers, .name = name("ns2.example.test"), .glue = {ip("127.255.255.254")}},
      {.kind = Kind::kGlueDiffers,
       .name = name("ns4.example.test"),
       .glue = {ip("127.255.255.253")},
       .served = {ip(third_address)}},
      {.kind = Kind::kOnlyAtParent, .name = name("ns2.example.test")},
      {.kind = Kind::kOnlyInChild, .name = name("ns3.example.test")},
      {.kind = Kind::kOnlyInChild, .name = name("gone.example.test")}};
  for (const DelegationDifference& difference : found->differences)
    UNSCOPED_INFO(static_cast<int>(difference.kind) << " " << difference.name.text());
  CHECK(found->differences == expected);

  const AuthoritySweep sweep = sweep_authority(world.loop, world.clock, *found, name("example.test"),
                                               {{name("ns1.example.test"), RecordType::kA}});
  CHECK(sweep.serials == std::vector<std::optional<std::uint32_t>>{7, std::nullopt, std::nullopt, 7, 7, std::nullopt});
  CHECK(sweep.standings[0] == ServerStanding::kServes);
  CHECK(sweep.standings[2] == ServerStanding::kSilent);
  CHECK(sweep.soas[0]->ttl == Seconds(3600));
  CHECK_FALSE(sweep.soas[2]);

  const auto missing = walk_delegation(world.loop, world.clock, name("nothing.test"), options);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
  CHECK(missing.error().message.find("nothing.test. is not delegated: its parent test.") == 0);
}

TEST_CASE("a walk without a resolver that answers is an error that names the resolver", "[authority]") {
  World world;
  LookupOptions options;
  { options.servers = {ScriptedServer({}).endpoint()}; }
  options.timeout = 200ms;
  const auto found = walk_delegation(world.loop, world.clock, name("example.test"), options);
  REQUIRE_FALSE(found);
  CHECK(found.error().code == ErrorCode::kNetwork);
  CHECK(found.error().message.find("finding the parent of example.test.: the look-up resolver 127.0.0.1:") == 0);
}

}  // namespace
}  // namespace cutover::net
