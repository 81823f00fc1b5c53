#include "net/dnssec.h"

#include <openssl/err.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "core/text.h"
#include "net/signed_set.h"
#include "tests/servers/signed_zone.h"

namespace cutover::net {
namespace {

using namespace std::chrono_literals;

DomainName name(std::string_view text) { return *DomainName::from_text(text); }

const DomainName kZone = name("example.com");

/// Sets of every shape: ordinary, capitals in names that are signed with and without them, a wildcard, an alias, a
/// DNAME, a zone cut, and the types that ldns is not to be trusted with.
const std::string kText =
    "$ORIGIN example.com.\n$TTL 300\n@ 3600 IN SOA ns1 hostmaster 7 7200 900 1209600 300\n@ NS ns1\n"
    "ns1 A 127.0.0.1\nwww A 192.0.2.1\nwww A 192.0.2.2\nwww AAAA 2001:db8::1\nwww HTTPS 1 Svc.Example.COM. alpn=h2\n"
    "Mixed.Case TXT \"Text; with \\\"quotes\\\"\"\nMixed.Case MX 10 Mail.Example.NET.\nshop CNAME Www\n"
    "*.wild A 192.0.2.7\nold DNAME new\na.new A 192.0.2.9\nchild NS ns.child\nns.child A 127.0.0.2\n"
    "_sip._tcp SRV 1 2 5060 Sip.Example.COM.\nodd IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGv\n"
    "odd LOC 52 22 23 N 4 53 32 E -2m 1m 10000m 10m\nodd CAA 0 issue \"ca.example.net\"\nodd NAPTR 1 2 \"u\" "
    "\"E2U+sip\" "
    "\"!^.*$!sip:x@example.com!\" .\n";

std::vector<RecordKey> all_sets() {
  std::vector<RecordKey> keys;
  for (const char* text :
       {"example.com SOA", "example.com NS", "example.com DNSKEY", "www.example.com A", "www.example.com AAAA",
        "www.example.com HTTPS", "mixed.case.example.com TXT", "mixed.case.example.com MX", "shop.example.com A",
        "shop.example.com CNAME", "_sip._tcp.example.com SRV", "odd.example.com IPSECKEY", "odd.example.com LOC",
        "odd.example.com CAA", "odd.example.com NAPTR"}) {
    const auto words = split(text, ' ');
    const auto type = words[1] == "IPSECKEY" ? static_cast<RecordType>(45)
                      : words[1] == "LOC"    ? static_cast<RecordType>(29)
                                             : *record_type_from_text(words[1]);
    keys.push_back({name(words[0]), type});
  }
  return keys;
}

struct World {
  Loop loop;
  SystemClock clock;

  Message ask(const Endpoint& server, const RecordKey& key) {
    Message message = make_query({key.name, key.type, RecordClass::kIn}, Recursion::kNotDesired);
    message.edns->dnssec_ok = true;
    const DnsAnswer answer =
        exchange(loop, clock, {.server = server, .message = std::move(message), .key = {}, .before_send = {}});
    if (answer.outcome != Outcome::kAnswered) FAIL(key.text() << ": " << answer.detail);
    return answer.reply;
  }
  /// Servers that sign by themselves need a moment for it.
  void wait_until_signed(const Endpoint& server) {
    const bool done = servers::wait_until(20s, [&] {
      return !signatures_over(ask(server, {kZone, RecordType::kSoa}).answer, {kZone, RecordType::kSoa}).empty() &&
             !signatures_over(ask(server, {name("www.example.com"), RecordType::kA}).answer,
                              {name("www.example.com"), RecordType::kA})
                  .empty();
    });
    if (!done) FAIL("the server does not sign its zone");
  }
};

Delegation delegation_to(const std::vector<Endpoint>& addresses, const std::optional<std::vector<std::string>>& ds) {
  Delegation delegation = fixed_delegation(addresses);
  delegation.asked_for_ds = ds.has_value();
  if (ds && !ds->empty()) {
    delegation.has_ds = true;
    delegation.ds = RecordSet{kZone, RecordType::kDs, Seconds(3600), *ds};
  }
  return delegation;
}

std::string told(const Judgement& judgement) {
  return judgement.key.text() + " is " + std::string(to_text(judgement.trust)) + ": " +
         std::string(to_text(judgement.fault)) + " (" + judgement.evidence + ")";
}

bool leaves_open(const Judgement& judgement, Unproven what) {
  return std::find(judgement.unproven.begin(), judgement.unproven.end(), what) != judgement.unproven.end();
}

void all_are(const std::vector<Judgement>& judgements, Trust trust, SignatureFault fault) {
  REQUIRE_FALSE(judgements.empty());
  for (const Judgement& judgement : judgements) {
    INFO(told(judgement));
    CHECK(judgement.trust == trust);
    CHECK(judgement.fault == fault);
  }
}

/// Everything that can be asked of one server with a good signer, and of the same server under another clock or DS.
void judges(const Endpoint& server, const std::vector<RecordKey>& sets = all_sets()) {
  World world;
  world.wait_until_signed(server);
  const auto ds = servers::ds_of(server, "example.com");
  const Delegation delegation = delegation_to({server}, ds);
  const auto validate = [&](const Delegation& to, const Clock& clock, const std::vector<RecordKey>& keys) {
    return validate_authority(world.loop, clock, to, kZone, keys);
  };

  const auto judgements = validate(delegation, world.clock, sets);
  all_are(judgements, Trust::kSecure, SignatureFault::kNone);
  for (const Judgement& judgement : judgements) {
    INFO(told(judgement));
    REQUIRE(judgement.expires);
    CHECK(*judgement.expires > world.clock.now() + 24h);
    CHECK(*judgement.expires < world.clock.now() + 24h * 60);
    CHECK(leaves_open(judgement, Unproven::kParentChain));
    CHECK_FALSE(leaves_open(judgement, Unproven::kDenial));
  }

  const auto absent =
      validate(delegation, world.clock,
               {{name("nothing.example.com"), RecordType::kA}, {name("www.example.com"), RecordType::kTxt}});
  all_are(absent, Trust::kSecure, SignatureFault::kNone);
  for (const Judgement& judgement : absent) CHECK(leaves_open(judgement, Unproven::kDenial));

  const auto others = validate(delegation, world.clock,
                               {{name("any.wild.example.com"), RecordType::kA},
                                {name("a.old.example.com"), RecordType::kA},
                                {name("www.child.example.com"), RecordType::kA}});
  INFO(told(others[0]) << "\n" << told(others[1]) << "\n" << told(others[2]));
  CHECK(others[0].trust == Trust::kSecure);
  CHECK(leaves_open(others[0], Unproven::kWildcard));
  CHECK(others[1].trust == Trust::kSecure);
  CHECK(others[2].trust == Trust::kUndecided);

  const RecordKey www{name("www.example.com"), RecordType::kA};
  const ScaledClock late(world.clock.now() + 24h * 90, 1.0);
  all_are(validate(delegation, late, {www}), Trust::kBogus, SignatureFault::kExpired);
  const ScaledClock early(world.clock.now() - 24h * 90, 1.0);
  all_are(validate(delegation, early, {www}), Trust::kBogus, SignatureFault::kNotYetValid);

  std::string other = ds.front();
  other.back() = other.back() == '0' ? '1' : '0';
  all_are(validate(delegation_to({server}, std::vector{other}), world.clock, {www}), Trust::kBogus,
          SignatureFault::kDsMismatch);
  all_are(validate(delegation_to({server}, std::vector{other, ds.front()}), world.clock, {www}), Trust::kSecure,
          SignatureFault::kNone);
  const auto insecure = validate(delegation_to({server}, std::vector<std::string>{}), world.clock, {www});
  all_are(insecure, Trust::kInsecure, SignatureFault::kNone);
  CHECK(insecure[0].is_signed);
  all_are(validate(delegation_to({server}, std::vector<std::string>{"1 12 3 00"}), world.clock, {www}),
          Trust::kInsecure, SignatureFault::kUnsupportedAlgorithm);
  const auto own = validate(delegation_to({server}, std::nullopt), world.clock, {www});
  all_are(own, Trust::kSecure, SignatureFault::kNone);
  CHECK(leaves_open(own[0], Unproven::kOwnKeys));
}

servers::AuthorityOptions signing_zone() {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", kText}};
  options.sign = true;
  return options;
}

servers::AuthorityOptions static_zone(const std::string& text) {
  servers::AuthorityOptions options;
  options.zones = {{"example.com", text}};
  options.read_only = true;
  return options;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) FAIL("no '" << from << "' in\n" << text);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("what Knot signs verifies", "[dnssec][servers]") { judges(servers::Knot(signing_zone()).endpoint()); }
TEST_CASE("what BIND signs verifies", "[dnssec][servers]") { judges(servers::Bind(signing_zone()).endpoint()); }

TEST_CASE("what PowerDNS signs verifies, but for capitals in HTTPS", "[dnssec][servers]") {
  const servers::PowerDns server(signing_zone());
  std::vector<RecordKey> sets = all_sets();
  const RecordKey https{name("www.example.com"), RecordType::kHttps};
  std::erase(sets, https);
  judges(server.endpoint(), sets);
  // PowerDNS 4.7 signs the target in lower case and serves it as it was written; BIND's delv calls that bogus, too.
  World world;
  all_are(validate_authority(world.loop, world.clock,
                             delegation_to({server.endpoint()}, servers::ds_of(server.endpoint(), "example.com")),
                             kZone, {https}),
          Trust::kBogus, SignatureFault::kBadSignature);
}

TEST_CASE("what dnssec-signzone signs verifies, whatever the algorithm", "[dnssec][servers]") {
  const auto signing = GENERATE(
      servers::Signing{.algorithm = "RSASHA256", .nsec3 = true, .split_keys = true},
      servers::Signing{.algorithm = "RSASHA512"}, servers::Signing{.algorithm = "ECDSAP384SHA384", .nsec3 = true},
      servers::Signing{.algorithm = "ED25519", .split_keys = true}, servers::Signing{.algorithm = "ED448"});
  INFO(signing.algorithm);
  const servers::Bind server(static_zone(servers::signed_zone({"example.com", kText}, signing)));
  judges(server.endpoint());
}

TEST_CASE("a zone that nobody signed is insecure, and with a DS bogus", "[dnssec][servers]") {
  World world;
  servers::AuthorityOptions options;
  options.zones = {{"example.com", kText}};
  const servers::Knot server(options);
  const RecordKey www{name("www.example.com"), RecordType::kA};
  for (const auto& ds : {std::optional<std::vector<std::string>>(), std::optional(std::vector<std::string>())}) {
    const auto judgements =
        validate_authority(world.loop, world.clock, delegation_to({server.endpoint()}, ds), kZone, {www});
    all_are(judgements, Trust::kInsecure, SignatureFault::kNone);
    CHECK_FALSE(judgements[0].is_signed);
  }
  const std::vector<std::string> ds{"12345 13 2 " + std::string(64, 'a')};
  all_are(validate_authority(world.loop, world.clock, delegation_to({server.endpoint()}, ds), kZone, {www}),
          Trust::kBogus, SignatureFault::kNoKey);
}

TEST_CASE("one server with a tampered zone is found beside one that is whole", "[dnssec][servers]") {
  World world;
  const std::string text = servers::signed_zone({"example.com", kText});
  const servers::Bind whole(static_zone(text));
  const servers::Bind tampered(static_zone(replaced(text, "192.0.2.2\n", "192.0.2.66\n")));
  Endpoint nobody;
  { nobody = Endpoint{whole.endpoint().address, servers::free_port("127.0.0.1")}; }
  const Delegation delegation =
      delegation_to({whole.endpoint(), tampered.endpoint(), nobody}, servers::ds_of(whole.endpoint(), "example.com"));
  const std::vector<RecordKey> keys{{name("www.example.com"), RecordType::kA},
                                    {name("www.example.com"), RecordType::kAaaa}};
  const auto judgements = validate_authority(world.loop, world.clock, delegation, kZone, keys);
  REQUIRE(judgements.size() == 6);
  for (std::size_t i = 0; i < judgements.size(); ++i) {
    INFO(told(judgements[i]));
    CHECK(judgements[i].server == i / 2);
    CHECK(judgements[i].key == keys[i % 2]);
    CHECK(judgements[i].trust == (i < 2 || i == 3 ? Trust::kSecure : i == 2 ? Trust::kBogus : Trust::kUndecided));
  }
  CHECK(judgements[2].fault == SignatureFault::kBadSignature);
  CHECK(judgements[4].evidence == "connection refused");
}

TEST_CASE("what can be wrong with an answer, one thing at a time", "[dnssec][servers]") {
  World world;
  const servers::Bind server(static_zone(servers::signed_zone({"example.com", kText}, {.split_keys = true})));
  const TrustAnchor anchor{TrustAnchor::Kind::kDs, servers::ds_of(server.endpoint(), "example.com")};
  const Instant now = world.clock.now();
  const Message key_reply = world.ask(server.endpoint(), {kZone, RecordType::kDnskey});
  const ZoneKeys keys = judge_keys(kZone, key_reply, anchor, now);
  REQUIRE(keys.trust == Trust::kSecure);
  CHECK(keys.keys.size() == 2);
  const auto drop = [](std::vector<Record>& section, RecordType type) {
    std::erase_if(section, [&](const Record& record) { return record.type == type; });
  };

  SECTION("of the keys") {
    struct Row {
      std::string what;
      std::function<void(Message&)> change;
      Trust trust;
      SignatureFault fault;
    };
    const std::vector<Row> table{
        {"no signature", [&](Message& m) { drop(m.answer, RecordType::kRrsig); }, Trust::kBogus,
         SignatureFault::kNoSignature},
        {"no key", [&](Message& m) { drop(m.answer, RecordType::kDnskey); }, Trust::kBogus, SignatureFault::kNoKey},
        {"a key left out",
         [&](Message& m) {
           // Whichever goes: the entry key (nothing matches the DS) or the other (the signature is over both).
           const auto at = std::find_if(m.answer.begin(), m.answer.end(), [](const Record& r) {
             return r.type == RecordType::kDnskey && !read_public_key(r)->is_entry_point();
           });
           m.answer.erase(at);
         },
         Trust::kBogus, SignatureFault::kBadSignature},
        {"not authoritative", [](Message& m) { m.aa = false; }, Trust::kUndecided, SignatureFault::kNone},
        {"refused", [](Message& m) { m.rcode = Rcode::kRefused; }, Trust::kUndecided, SignatureFault::kNone},
        {"revoked",
         [](Message& m) {
           for (Record& record : m.answer)
             if (record.type == RecordType::kDnskey && record.rdata.starts_with("257 "))
               record.rdata.replace(0, 3, "385");
         },
         Trust::kBogus, SignatureFault::kDsMismatch},
    };
    for (const Row& row : table) {
      INFO(row.what);
      Message reply = key_reply;
      row.change(reply);
      const ZoneKeys found = judge_keys(kZone, reply, anchor, now);
      CHECK(found.trust == row.trust);
      CHECK(found.fault == row.fault);
    }
  }

  SECTION("of a set") {
    struct Row {
      std::string what;
      RecordKey key;
      std::function<void(Message&)> change;
      SignatureFault fault;
    };
    const RecordKey www{name("www.example.com"), RecordType::kA};
    const RecordKey missing{name("nothing.example.com"), RecordType::kA};
    const RecordKey wild{name("a.wild.example.com"), RecordType::kA};
    const RecordKey https{name("www.example.com"), RecordType::kHttps};
    const auto edit = [](Message& m, RecordType type, const std::function<void(Record&)>& change) {
      for (auto* section : {&m.answer, &m.authority})
        for (Record& record : *section)
          if (record.type == type) change(record);
    };
    const std::vector<Row> table{
        {"whole", www, [](Message&) {}, SignatureFault::kNone},
        {"the TTL of a cache", www, [&](Message& m) { edit(m, RecordType::kA, [](Record& r) { r.ttl = 1; }); },
         SignatureFault::kNone},
        {"a record twice", www, [](Message& m) { m.answer.push_back(m.answer.front()); }, SignatureFault::kNone},
        {"in another order", www, [](Message& m) { std::reverse(m.answer.begin(), m.answer.end()); },
         SignatureFault::kNone},
        {"no signature", www, [&](Message& m) { drop(m.answer, RecordType::kRrsig); }, SignatureFault::kNoSignature},
        {"a record left out", www, [](Message& m) { m.answer.erase(m.answer.begin()); }, SignatureFault::kBadSignature},
        {"another value", www, [&](Message& m) { edit(m, RecordType::kA, [](Record& r) { r.rdata = "192.0.2.66"; }); },
         SignatureFault::kBadSignature},
        {"a later end than was signed", www,
         [&](Message& m) {
           edit(m, RecordType::kRrsig, [](Record& r) {
             auto words = split(r.rdata, ' ');
             words[4] = "20990101000000";
             r.rdata = join(words, " ");
           });
         },
         SignatureFault::kBadSignature},
        {"another signer", www,
         [&](Message& m) {
           edit(m, RecordType::kRrsig, [](Record& r) { r.rdata = replaced(r.rdata, " example.com. ", " com. "); });
         },
         SignatureFault::kBadSignature},
        {"a key that is not there", www,
         [&](Message& m) {
           edit(m, RecordType::kRrsig, [](Record& r) {
             auto words = split(r.rdata, ' ');
             words[6] = words[6] == "1" ? "2" : "1";
             r.rdata = join(words, " ");
           });
         },
         SignatureFault::kNoKey},
        {"an algorithm that nobody knows", www,
         [&](Message& m) {
           edit(m, RecordType::kRrsig, [](Record& r) {
             auto words = split(r.rdata, ' ');
             words[1] = "17";
             r.rdata = join(words, " ");
           });
         },
         SignatureFault::kUnsupportedAlgorithm},
        {"a good signature beside bad ones", www,
         [](Message& m) {
           const Record good = m.answer.back();
           auto words = split(good.rdata, ' ');
           words[4] = "20990101000000";
           m.answer.back().rdata = join(words, " ");
           m.answer.push_back(good);
         },
         SignatureFault::kNone},
        {"a hundred bad ones", www,
         [](Message& m) {
           const Record good = m.answer.back();
           m.answer.pop_back();
           for (int i = 0; i < 100; ++i) {
             auto words = split(good.rdata, ' ');
             words[4] = fmt::format("209901010000{:02}", i % 60);
             m.answer.push_back(good);
             m.answer.back().rdata = join(words, " ");
           }
         },
         SignatureFault::kTooMany},
        {"the capitals that were signed are lost", https,
         [&](Message& m) { edit(m, RecordType::kHttps, [](Record& r) { r.signed_form.clear(); }); },
         SignatureFault::kBadSignature},
        {"a denial", missing, [](Message&) {}, SignatureFault::kNone},
        {"without NSEC", missing, [&](Message& m) { drop(m.authority, RecordType::kNsec); }, SignatureFault::kNoDenial},
        {"without signatures", missing, [&](Message& m) { drop(m.authority, RecordType::kRrsig); },
         SignatureFault::kNoSignature},
        {"an NSEC that was not signed so", missing,
         [&](Message& m) { edit(m, RecordType::kNsec, [](Record& r) { r.rdata += " TLSA"; }); },
         SignatureFault::kBadSignature},
        {"a wildcard", wild, [](Message&) {}, SignatureFault::kNone},
        {"a wildcard and no NSEC", wild, [&](Message& m) { drop(m.authority, RecordType::kNsec); },
         SignatureFault::kNoDenial},
    };
    for (const Row& row : table) {
      Message reply = world.ask(server.endpoint(), row.key);
      row.change(reply);
      const Judgement found = judge_answer(keys, row.key, reply, now);
      INFO(row.what << ": " << told(found));
      CHECK(found.fault == row.fault);
      CHECK(found.trust == (row.fault == SignatureFault::kNone ? Trust::kSecure : Trust::kBogus));
    }
    CHECK(ERR_peek_error() == 0);
  }
}

TEST_CASE("signatures that end first decide when validation begins to fail", "[dnssec][servers]") {
  World world;
  const servers::Bind server(static_zone(servers::signed_zone({"example.com", kText}, {.end = "now+2h"})));
  const auto judgements = validate_authority(
      world.loop, world.clock, delegation_to({server.endpoint()}, servers::ds_of(server.endpoint(), "example.com")),
      kZone, {{name("www.example.com"), RecordType::kA}});
  all_are(judgements, Trust::kSecure, SignatureFault::kNone);
  CHECK(*judgements[0].expires > world.clock.now() + 110min);
  CHECK(*judgements[0].expires <= world.clock.now() + 2h);
}

TEST_CASE("whatever decode accepts can be judged", "[dnssec][servers]") {
  World world;
  const servers::Bind server(
      static_zone(servers::signed_zone({"example.com", kText}, {.algorithm = "RSASHA256", .split_keys = true})));
  const TrustAnchor anchor{TrustAnchor::Kind::kDs, servers::ds_of(server.endpoint(), "example.com")};
  const Instant now = world.clock.now();
  const Message key_reply = world.ask(server.endpoint(), {kZone, RecordType::kDnskey});
  const ZoneKeys keys = judge_keys(kZone, key_reply, anchor, now);
  std::vector<RecordKey> asked = all_sets();
  asked.push_back({name("nothing.example.com"), RecordType::kA});
  std::mt19937 random(20260101);
  std::size_t accepted = 0, secure = 0;
  for (const RecordKey& key : asked) {
    const Bytes whole = *encode(world.ask(server.endpoint(), key));
    for (int round = 0; round < 50; ++round) {
      Bytes wire = whole;
      for (int changes = 1 + static_cast<int>(random() % 4); changes > 0; --changes)
        wire[12 + random() % (wire.size() - 12)] = static_cast<char>(random());
      const auto message = decode(wire);
      if (!message) continue;
      ++accepted;
      const ZoneKeys changed = judge_keys(kZone, *message, anchor, now);
      const Judgement by_good_keys = judge_answer(keys, key, *message, now);
      if (by_good_keys.trust == Trust::kSecure) {
        ++secure;
        // A set that still verifies is the one that was signed.
        const auto set = find_set(message->answer, key), signed_set = find_set(decode(whole)->answer, key);
        if (set && signed_set) CHECK(same_values(*set, *signed_set));
      }
      CHECK((changed.trust == Trust::kSecure) <= (key.type == RecordType::kDnskey));
      judge_answer(changed, key, *message, now);
    }
  }
  CHECK(accepted > asked.size() * 10);
  CHECK(secure < accepted);
  CHECK(ERR_peek_error() == 0);
}

}  // namespace cutover::net
