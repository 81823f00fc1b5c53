// Route 53 where things go wrong, or out of the ordinary: a strict fake of the API, and relays in front of it.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "core/text.h"
#include "net/message.h"
#include "providers/route53/batch.h"
#include "providers/route53/verdict.h"
#include "tests/providers/subject.h"
#include "tests/servers/route53_fake.h"
#include "tests/support/http_script.h"
#include "tests/support/test_data.h"

using namespace cutover;
using namespace cutover::tests;
using providers::Provider;
using providers::Step;
using servers::ApiFault;
using servers::Route53Fake;
using test::http_reply;
using test::HttpScript;
using Options = std::map<std::string, std::string>;

namespace {

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Zone zone_of(const std::string& text, const std::string& origin = "example.com") {
  auto zone = net::parse_zone_file(text, *DomainName::from_text(origin));
  if (!zone) throw std::runtime_error(zone.error().message);
  return *zone;
}

std::string small_zone(const std::string& origin = "example.com") {
  return fmt::format(
      "$ORIGIN {}.\n$TTL 300\n@ IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ IN NS ns1.example.net.\n", origin);
}

/// Environment variables for the length of a test.
class Variables {
 public:
  ~Variables() {
    for (const std::string& each : names_) unsetenv(each.c_str());
  }
  void set(const std::string& variable, const std::string& value) {
    names_.push_back(variable);
    setenv(variable.c_str(), value.c_str(), 1);
  }

 private:
  std::vector<std::string> names_;
};

struct Bench {
  net::Loop loop;
  SystemClock clock;
  servers::TempFolder folder{servers::TempFolder::Where::kMemory};
  Variables environment;
  Route53Fake fake;
  std::string zone_id;
  std::vector<std::string> told;

  explicit Bench(const std::string& text = zone_text()) : zone_id(fake.add_zone(zone_of(text))) {
    environment.set("AWS_SHARED_CREDENTIALS_FILE",
                    folder.write("credentials", keys_text(Route53Fake::kKeyId, Route53Fake::kSecret), 0600));
    environment.set("AWS_CONFIG_FILE", folder.file("config"));
  }
  static std::string keys_text(const std::string& id, const std::string& secret) {
    return fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", id, secret);
  }
  Result<std::unique_ptr<Provider>> open(Options options = {}, const Clock* other_clock = nullptr) {
    options.try_emplace("url", fake.url());
    return providers::make_provider(
        {"route53", options, folder.path()},
        {loop, other_clock == nullptr ? clock : *other_clock, {}, [this](const std::string& sentence) {
           told.push_back(sentence);
         }});
  }
  std::unique_ptr<Provider> opened(const Options& options = {}, const Clock* other_clock = nullptr) {
    auto provider = open(options, other_clock);
    INFO((provider ? "" : provider.error().message));
    REQUIRE(provider);
    return std::move(*provider);
  }
};

ChangeSet change_set(std::vector<Change> changes) {
  return {name("@"), std::move(changes), std::nullopt, std::nullopt};
}

ChangeSet move_www() {
  return change_set({change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 60, {"203.0.113.10"}))});
}

template <class T>
Error error_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  UNSCOPED_INFO(result.error().message);
  CHECK(!holds(result.error().message, Route53Fake::kSecret));
  return result.error();
}

Step one_step(const Provider& provider, const ChangeSet& changes) {
  auto steps = provider.steps(changes);
  INFO((steps ? "" : steps.error().message));
  REQUIRE(steps);
  REQUIRE(steps->size() == 1);
  return steps->at(0);
}

bool made(Provider& provider, const ChangeSet& changes) {
  const auto receipt = provider.apply(one_step(provider, changes));
  UNSCOPED_INFO((receipt ? "" : receipt.error().message));
  return static_cast<bool>(receipt);
}

}  // namespace

TEST_CASE("what is no plain set is shown for what it is, and refused") {
  Bench bench;
  const std::string alias =
      "<AliasTarget><HostedZoneId>Z2</HostedZoneId><DNSName>lb.example.net.</DNSName>"
      "<EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>";
  bench.fake.put_special(bench.zone_id, "mail.example.com.", "A", "", "", alias, {});
  bench.fake.put_special(bench.zone_id, "www.example.com.", "A", "blue", "<Weight>10</Weight>", "", {"192.0.2.10"});
  bench.fake.put_special(bench.zone_id, "www.example.com.", "A", "green", "<Weight>90</Weight>", "", {"192.0.2.11"});
  bench.fake.put_special(bench.zone_id, "old.example.com.", "A", "one", "<Failover>PRIMARY</Failover>", "",
                         {"192.0.2.40"});
  bench.fake.set_page_size(2);  // the two halves of a set come on two pages
  const auto provider = bench.opened();
  const auto zone = provider->read(name("@"));
  REQUIRE(zone);
  // Every address is seen, so that a sweep for the old side finds it.
  CHECK(zone->find({name("www"), RecordType::kA})->rdata == std::vector<std::string>{"192.0.2.10", "192.0.2.11"});
  CHECK(zone->find({name("mail"), RecordType::kA}) == nullptr);
  struct Case {
    std::string owner, says;
  };
  for (const Case& one : {Case{"mail", "alias"}, Case{"www", "weighted"}, Case{"old", "failover"}}) {
    INFO(one.owner);
    const RecordKey key{name(one.owner), RecordType::kA};
    const auto sets = provider->read_sets(name("@"), {key});
    REQUIRE(sets);
    CHECK(holds(sets->refused.at(key), one.says));
    const auto live = sets->sets.find(key);
    const RecordSet after = set(one.owner, "A", 60, {"203.0.113.1"});
    const auto refused = provider->apply(
        one_step(*provider, change_set({live == sets->sets.end() ? create(after) : change(live->second, after)})));
    CHECK(error_of(refused).code == ErrorCode::kUnsupported);
    CHECK(holds(refused.error().message, one.says));
    CHECK(holds(refused.error().message, "nothing was changed"));
  }
  CHECK(bench.fake.writes() == 0);
  // What stands beside them is changed all the same.
  CHECK(made(*provider, change_set({change(set("www", "AAAA", 86400, {"2001:db8:1::10"}),
                                           set("www", "AAAA", 60, {"2001:db8:2::10"}))})));
}

TEST_CASE("which hosted zone is meant") {
  Bench bench(small_zone());
  SECTION("one public zone beside private ones and others") {
    bench.fake.add_zone(zone_of(small_zone()), Route53Fake::View::kPrivate);
    bench.fake.add_zone(zone_of(small_zone("a.example.com"), "a.example.com"));
    bench.fake.set_page_size(1);
    CHECK(bench.opened()->read(name("@")));
  }
  SECTION("several public zones of one name") {
    const std::string other = bench.fake.add_zone(zone_of(small_zone()));
    const Error error = error_of(bench.opened()->read(name("@")));
    CHECK(error.code == ErrorCode::kUsage);
    for (const std::string& part : {bench.zone_id, other, std::string("zone_id")}) CHECK(holds(error.message, part));
    CHECK(bench.opened({{"zone_id", other}})->read(name("@")));
    bench.environment.set("AWS_HOSTED_ZONE_ID", "/hostedzone/" + other);
    CHECK(bench.opened()->read(name("@")));
    CHECK(bench.fake.count("GET", other) == 2);
  }
  SECTION("only a private one") {
    const std::string hidden =
        bench.fake.add_zone(zone_of(small_zone("corp.example"), "corp.example"), Route53Fake::View::kPrivate);
    const DomainName corp = *DomainName::from_text("corp.example");
    const Error error = error_of(bench.opened()->read(corp));
    CHECK(error.code == ErrorCode::kNotFound);
    CHECK(holds(error.message, hidden));
    CHECK(bench.opened({{"zone_id", hidden}})->read(corp));
  }
  SECTION("the id of another zone") {
    const std::string other = bench.fake.add_zone(zone_of(small_zone("example.org"), "example.org"));
    const Error error = error_of(bench.opened({{"zone_id", other}})->read(name("@")));
    CHECK(error.code == ErrorCode::kUsage);
    CHECK(holds(error.message, "zone_id"));
  }
  SECTION("what is no id") {
    for (const std::string id : {"Z1/../change", "Z1?x=", "Z 1"})
      CHECK(error_of(bench.open({{"zone_id", id}})).code == ErrorCode::kUsage);
    CHECK(bench.fake.requests().empty());
  }
  SECTION("an id of nothing") {
    CHECK(error_of(bench.opened({{"zone_id", "Z000"}})->read(name("@"))).code == ErrorCode::kNotFound);
  }
}

TEST_CASE("pages of any size make the same zone, past a thousand sets") {
  std::string text = zone_text();
  for (int i = 0; i < 1100; ++i) text += fmt::format("many{} 60 IN A 198.51.{}.{}\n", i, i / 250, i % 250);
  Bench bench(text);
  const auto expected = zone_of(text);
  for (const std::size_t size : {300UL, 7UL}) {
    bench.fake.set_page_size(size);
    const auto zone = bench.opened()->read(name("@"));
    INFO((zone ? "" : zone.error().message));
    REQUIRE(zone);
    CHECK((zone->sets == expected.sets));
  }
}

TEST_CASE("a change above what one request takes is cut between names") {
  using providers::route53::batches;
  const auto many = [](const std::string& owner, int count, int from) {
    std::vector<std::string> values;
    for (int i = 0; i < count; ++i) values.push_back(fmt::format("10.{}.{}.{}", from, i / 250, i % 250));
    return set(owner, "A", 60, values);
  };
  SECTION("a thousand records fit, one more does not") {
    CHECK(batches(change_set({change(many("a", 300, 1), many("a", 300, 2)), create(many("b", 400, 1))}))->size() == 1);
    const auto cut = batches(change_set({change(many("a", 300, 1), many("a", 300, 2)), create(many("b", 401, 1))}));
    REQUIRE(cut->size() == 2);
    CHECK(cut->at(0).changes.size() == 1);
  }
  SECTION("what is at one name stays together, wherever it stands in the list") {
    const auto cut = batches(change_set(
        {remove(many("a", 400, 1)), create(many("b", 700, 1)), create(set("a", "CNAME", 60, {"b.example.net."}))}));
    REQUIRE(cut->size() == 2);
    CHECK(cut->at(0).changes.size() == 2);
    CHECK(cut->at(0).changes[1].key.type == RecordType::kCname);
  }
  SECTION("characters count") {
    const std::string long_text = "\"" + std::string(250, 'x') + "\"";
    std::vector<Change> changes;
    for (int i = 0; i < 130; ++i) changes.push_back(create(set(fmt::format("t{}", i), "TXT", 60, {long_text})));
    CHECK(batches(change_set(changes))->size() == 2);
  }
  SECTION("a name that does not fit is refused") {
    const auto cut = batches(change_set({change(many("a", 501, 1), many("a", 500, 2))}));
    CHECK(error_of(cut).code == ErrorCode::kUnsupported);
    CHECK(holds(cut.error().message, "1001 records"));
  }
  SECTION("the service takes what was cut, and not more") {
    Bench bench(small_zone());
    const auto provider = bench.opened();
    ChangeSet changes = change_set({});
    for (int i = 0; i < 1001; ++i)
      changes.changes.push_back(create(set(fmt::format("n{}", i), "A", 60, {"192.0.2.1"})));
    auto steps = provider->steps(changes);
    REQUIRE(steps);
    REQUIRE(steps->size() == 2);
    CHECK(steps->at(0).touches.size() == 1000);
    for (const Step& step : *steps) CHECK(provider->apply(step));
    CHECK(bench.fake.sets(bench.zone_id).size() == 1003);
    // The script does it in as many requests.
    const auto script = provider->inverse_script(inverse_of(changes));
    REQUIRE(script);
    const auto undone = servers::run_program({"python3", bench.folder.write(script->file_name, script->text)});
    INFO(undone.output);
    CHECK(undone.status == 0);
    CHECK(holds(undone.output, "request 2 of 2 is made"));
    CHECK(bench.fake.sets(bench.zone_id).size() == 2);
  }
}

TEST_CASE("asked too often, or while another change is under way: it is tried again, and made once") {
  Bench bench;
  const auto provider = bench.opened();
  REQUIRE(provider->read(name("@")));
  SECTION("Throttling") { bench.fake.strike({ApiFault::Kind::kThrottled, "POST", "", 2}); }
  SECTION("PriorRequestNotComplete") { bench.fake.say_not_complete(2); }
  CHECK(made(*provider, move_www()));
  CHECK(bench.fake.count("POST") == 3);
  CHECK(bench.told.size() == 2);
}

TEST_CASE("what is throttled for ever is told, and nothing was changed") {
  Bench bench;
  const auto provider = bench.opened();
  const Step step = one_step(*provider, move_www());
  bench.fake.strike({ApiFault::Kind::kThrottled, "POST", "", 99});
  const auto before = bench.fake.sets(bench.zone_id);
  const Error error = error_of(provider->apply(step));
  CHECK(error.code == ErrorCode::kBusy);
  CHECK(holds(error.message, "Rate exceeded"));
  CHECK(bench.fake.sets(bench.zone_id) == before);
}

TEST_CASE("what goes wrong around the one call: the code says whether the zone may have changed") {
  using Kind = ApiFault::Kind;
  struct Case {
    std::string what;
    Kind kind;
    ErrorCode code;
    bool changed;
  };
  for (const Case& one : {
           Case{"500 before", Kind::kFailBefore, ErrorCode::kUnknown, false},
           Case{"500 after", Kind::kFailAfter, ErrorCode::kUnknown, true},
           Case{"cut before", Kind::kCutBefore, ErrorCode::kUnknown, false},
           Case{"cut after", Kind::kCutAfter, ErrorCode::kUnknown, true},
           Case{"half a body", Kind::kTruncated, ErrorCode::kUnknown, true},
           Case{"half the XML", Kind::kHalfJson, ErrorCode::kUnknown, true},
           Case{"a page in HTML", Kind::kHtml, ErrorCode::kUnknown, true},
           Case{"the token expired", Kind::kExpired, ErrorCode::kAuth, false},
       }) {
    INFO(one.what);
    Bench bench;
    const auto provider = bench.opened();
    const Step step = one_step(*provider, move_www());
    const auto before = bench.fake.sets(bench.zone_id);
    bench.fake.strike({one.kind, "POST"});
    CHECK(error_of(provider->apply(step)).code == one.code);
    CHECK(bench.fake.count("POST") == 1);
    CHECK((bench.fake.sets(bench.zone_id) != before) == one.changed);
    // Reading settles it.
    const auto live = provider->read_sets(name("@"), {{name("www"), RecordType::kA}});
    REQUIRE(live);
    CHECK(live->sets.at({name("www"), RecordType::kA}).rdata.at(0) == (one.changed ? "203.0.113.10" : "192.0.2.10"));
  }
}

TEST_CASE("reads are tried again, and what they say must be what it should be") {
  using Kind = ApiFault::Kind;
  Bench bench;
  const auto provider = bench.opened();
  bench.fake.strike({Kind::kFailBefore, "GET", "rrset"});
  bench.fake.strike({Kind::kThrottled, "GET", "rrset"});
  CHECK(provider->read(name("@")));
  for (const Kind kind : {Kind::kHalfJson, Kind::kHtml}) {
    bench.fake.strike({kind, "GET", "rrset"});
    CHECK(error_of(provider->read(name("@"))).code == ErrorCode::kInvalid);
  }
}

TEST_CASE("an edit between the comparison and the call makes the whole call fail") {
  Bench bench;
  std::function<void()> edit;
  const HttpScript relay([&](const std::string& request) {
    if (request.starts_with("POST") && edit) edit();
    return test::forwarded(*Endpoint::from_text(bench.fake.root().substr(7), 0), request);
  });
  const auto provider = bench.opened({{"url", relay.url()}});
  const ChangeSet changes =
      change_set({change(set("www", "A", 86400, {"192.0.2.10"}), set("www", "A", 60, {"203.0.113.10"})),
                  create(set("new", "A", 60, {"203.0.113.1"})), remove(set("old", "A", 3600, {"192.0.2.40"}))});
  SECTION("a value") {
    edit = [&] { bench.fake.put(bench.zone_id, set("www", "A", 86400, {"192.0.2.11"})); };
  }
  SECTION("only a TTL") {
    edit = [&] { bench.fake.put(bench.zone_id, set("old", "A", 3601, {"192.0.2.40"})); };
  }
  SECTION("created") {
    edit = [&] { bench.fake.put(bench.zone_id, set("new", "A", 60, {"203.0.113.1"})); };
  }
  SECTION("told in the other form") {
    bench.fake.set_batch_error(Route53Fake::BatchError::kMessages);
    edit = [&] { bench.fake.put(bench.zone_id, set("www", "A", 86400, {"192.0.2.11"})); };
  }
  SECTION("a CNAME would stand beside it") {
    edit = [&] { bench.fake.put(bench.zone_id, set("new", "CNAME", 60, {"lb.example.net."})); };
  }
  const Error error = error_of(provider->apply(one_step(*provider, changes)));
  CHECK(error.code == ErrorCode::kConflict);
  CHECK(holds(error.message, "nothing was changed"));
  const auto now = provider->read_sets(name("@"), {{name("old"), RecordType::kA}});
  REQUIRE(now);
  CHECK(now->sets.count({name("old"), RecordType::kA}) == 1);
}

TEST_CASE("in force is what the service says, and no word is no") {
  Bench bench;
  bench.fake.set_pending_polls(2);
  const auto provider = bench.opened();
  const auto receipt = provider->apply(one_step(*provider, move_www()));
  REQUIRE(receipt);
  CHECK_FALSE(*provider->in_sync(*receipt));
  bench.fake.strike({ApiFault::Kind::kExpired, "GET", "change", 2});
  for (int i = 0; i < 2; ++i) {
    const auto unheard = provider->in_sync(*receipt);
    REQUIRE(unheard);
    CHECK_FALSE(*unheard);
  }
  REQUIRE(bench.told.size() == 1);  // and not at every poll
  CHECK(holds(bench.told[0], "expired"));
  CHECK_FALSE(*provider->in_sync(*receipt));
  CHECK(*provider->in_sync(*receipt));
  // Another process asks with the receipt that the journal kept.
  CHECK(*bench.opened()->in_sync(*receipt));
}

TEST_CASE("names and data out of the ordinary go through Route 53 and back as they are") {
  Bench bench(small_zone());
  const auto provider = bench.opened();
  const std::string long_text(255, 'x');
  const std::vector<RecordSet> odd{
      set("_dmarc", "TXT", 60, {R"("v=DMARC1; p=none" "a \"quoted\" <word> & a \\ and \195\164 \000")"}),
      set("long._domainkey", "TXT", 60, {fmt::format("\"{0}\" \"{0}\" \"rest\"", long_text)}),
      set("xn--bcher-kva", "A", 1, {"192.0.2.7"}),
      set("*", "A", 1, {"192.0.2.8"}),
      set("*.*", "A", 1, {"192.0.2.9"}),
      set("a/b", "CNAME", 60, {"c/d.example.net."}),
      set(R"(a\.b)", "A", 60, {"192.0.2.10"}),
      set(R"(\195\164)", "A", 0, {"192.0.2.11"}),
      set("_443._tcp.www", "TLSA", 60, {"3 1 1 " + std::string(64, 'a')}),
      set("_sip._tcp", "SRV", 60, {"0 5 5060 sip.example.net.", "10 5 5060 sip2.example.net."}),
      set("@", "CAA", 60, {R"(0 issue "ca.example.net; account=1")", R"(0 issuewild ";")"}),
      set("ssh", "SSHFP", 60, {"4 2 " + std::string(64, 'b')}),
      set("naptr", "NAPTR", 60, {R"(100 10 "u" "E2U+sip" "!^.*$!sip:info@example.net!" .)"}),
      set("_8443._https", "SVCB", 60, {R"(1 svc.example.net. alpn="h2,h3" port=8443 ipv6hint=2001:db8::1)"}),
      set("far", "AAAA", 2147483647, {"2001:db8::1", "2001:db8::2"}),
  };
  ChangeSet changes = change_set({});
  for (const RecordSet& one : odd) changes.changes.push_back(create(one));
  REQUIRE(made(*provider, changes));
  const auto zone = provider->read(name("@"));
  INFO((zone ? "" : zone.error().message));
  REQUIRE(zone);
  for (const RecordSet& one : odd) {
    INFO(one.key().text());
    REQUIRE(zone->find(one.key()) != nullptr);
    CHECK(*zone->find(one.key()) == one);
    const auto alone = provider->read_sets(name("@"), {one.key()});
    REQUIRE(alone);
    CHECK(alone->sets.at(one.key()) == one);
  }
  const auto script = provider->inverse_script(inverse_of(changes));
  REQUIRE(script);
  const auto undone = servers::run_program({"python3", bench.folder.write(script->file_name, script->text)});
  INFO(script->text << undone.output);
  CHECK(undone.status == 0);
  CHECK(bench.fake.sets(bench.zone_id).size() == 2);
}

TEST_CASE("what other tools wrote in their own way is deleted as they wrote it") {
  Bench bench(small_zone());
  // The same data as canonical text says, in other letters: a deletion that said it our way would not match.
  bench.fake.put_special(bench.zone_id, "mx.example.com.", "MX", "", "", "", {"10  Mail.Example.NET"});
  bench.fake.put_special(bench.zone_id, "v6.example.com.", "AAAA", "", "", "", {"2001:0DB8:0:0::1"});
  const auto provider = bench.opened();
  CHECK(made(*provider, change_set({change(set("mx", "MX", 300, {"10 mail.example.net."}),
                                           set("mx", "MX", 60, {"10 mail.example.net."})),
                                    remove(set("v6", "AAAA", 300, {"2001:db8::1"}))})));
  CHECK(join(bench.fake.sets(bench.zone_id), "\n").find("mx.example.com. 60 MX 10 mail.example.net.") !=
        std::string::npos);
}

TEST_CASE("types that Route 53 does not hold are refused beforehand") {
  Bench bench(small_zone());
  const auto provider = bench.opened();
  const auto steps = provider->steps(change_set({create(set("x", "DNAME", 60, {"example.net."}))}));
  CHECK(error_of(steps).code == ErrorCode::kUnsupported);
  CHECK(holds(steps.error().message, "HTTPS"));
}

TEST_CASE("keys that do not fit") {
  Bench bench;
  SECTION("another secret") {
    bench.folder.write("credentials", Bench::keys_text(Route53Fake::kKeyId, "another-secret"), 0600);
    const auto provider = bench.opened();
    CHECK(error_of(provider->read(name("@"))).code == ErrorCode::kAuth);
  }
  SECTION("an id that AWS does not know") {
    bench.folder.write("credentials", Bench::keys_text("AKIDUNKNOWN", Route53Fake::kSecret), 0600);
    const auto provider = bench.opened();
    CHECK(error_of(provider->read(name("@"))).code == ErrorCode::kAuth);
  }
  SECTION("none at all") {
    bench.environment.set("AWS_SHARED_CREDENTIALS_FILE", bench.folder.file("nothing"));
    const auto provider = bench.open();
    CHECK(error_of(provider).code == ErrorCode::kNotFound);
    CHECK(holds(provider.error().message, "the keys for Route 53"));
  }
  SECTION("they would go over plain HTTP") {
    for (const std::string option : {"url", "sts_url"}) {
      bench.folder.write("config",
                         fmt::format("[profile r]\nrole_arn = {}\nsource_profile = default\n", Route53Fake::kRole));
      const auto provider = bench.open({{option, "http://route53.example.net"}, {"profile", "r"}});
      CHECK((provider ? error_of((*provider)->read(name("@"))) : error_of(provider)).code == ErrorCode::kUsage);
    }
    CHECK(bench.fake.requests().empty());
  }
}

TEST_CASE("a clock that is wrong is told apart from a wrong key, and shown") {
  Bench bench;
  const WrongClock fast(std::chrono::hours(1)), slow(-std::chrono::hours(1));
  for (const WrongClock* clock : {&fast, &slow}) {
    const auto provider = bench.opened({}, clock);
    CHECK(error_of(provider->read(name("@"))).code == ErrorCode::kClock);
    REQUIRE(provider->clock_skew());
    CHECK(std::chrono::abs(*provider->clock_skew()) > std::chrono::minutes(59));
  }
  const auto right = bench.opened();
  REQUIRE(right->read(name("@")));
  CHECK(std::chrono::abs(*right->clock_skew()) < std::chrono::seconds(5));
}

TEST_CASE("roles are assumed when they are needed, and again before what they gave runs out") {
  Bench bench;
  bench.folder.write("config", fmt::format("[profile dns]\nrole_arn = {}\nsource_profile = default\nexternal_id = 42\n"
                                           "[profile no-id]\nrole_arn = {}\nsource_profile = default\n",
                                           Route53Fake::kRole, Route53Fake::kRole));
  const Options options{{"profile", "dns"}, {"sts_url", bench.fake.url()}};
  SECTION("once for many calls") {
    const auto provider = bench.opened(options);
    CHECK(bench.fake.assumed() == 0);
    CHECK(made(*provider, move_www()));
    CHECK(provider->read(name("@")));
    CHECK(bench.fake.assumed() == 1);
  }
  SECTION("again when they have less than five minutes left") {
    bench.fake.set_role_lifetime(std::chrono::seconds(290));
    const auto provider = bench.opened(options);
    CHECK(provider->read(name("@")));
    CHECK(bench.fake.assumed() > 1);
  }
  SECTION("AWS_ASSUME_ROLE_ARN, and where STS is, by environment") {
    bench.environment.set("AWS_ENDPOINT_URL_STS", bench.fake.url());
    bench.environment.set("AWS_ENDPOINT_URL_ROUTE_53", bench.fake.url());
    bench.environment.set("AWS_ASSUME_ROLE_ARN", Route53Fake::kRole);
    bench.environment.set("AWS_EXTERNAL_ID", "42");
    CHECK(bench.opened({{"url", ""}})->read(name("@")));
    CHECK(bench.fake.assumed() == 1);
  }
  SECTION("a role that may not be assumed") {
    const auto provider = bench.opened({{"profile", "no-id"}, {"sts_url", bench.fake.url()}});
    const Error error = error_of(provider->read(name("@")));
    CHECK(error.code == ErrorCode::kAuth);
    CHECK(holds(error.message, Route53Fake::kRole));
    CHECK(holds(error.message, "'no-id'"));
  }
  SECTION("STS answers nonsense") {
    bench.fake.strike({ApiFault::Kind::kHtml, "POST", "/"});
    CHECK(error_of(bench.opened(options)->read(name("@"))).code == ErrorCode::kInvalid);
  }
  SECTION("a token that came with a role is not shown when the service says it back") {
    std::string sent;
    const HttpScript echo([&](const std::string& request) {
      const auto at = request.find("X-Amz-Security-Token: ") + 22;
      sent = request.substr(at, request.find('\r', at) - at);
      return http_reply("403 Forbidden",
                        fmt::format("<ErrorResponse><Error><Code>SignatureDoesNotMatch</Code><Message>The Canonical "
                                    "String should have been x-amz-security-token:{}</Message></Error></ErrorResponse>",
                                    sent));
    });
    Options elsewhere = options;
    elsewhere["url"] = echo.url();
    const Error error = error_of(bench.opened(elsewhere)->read(name("@")));
    CHECK(sent.size() > 20);
    CHECK(holds(error.message, "The Canonical String"));
    CHECK(!holds(error.message, sent));
  }
  SECTION("the script assumes it, too") {
    const auto provider = bench.opened(options);
    REQUIRE(made(*provider, move_www()));
    const auto script = provider->inverse_script(inverse_of(move_www()));
    REQUIRE(script);
    const std::string file = bench.folder.write(script->file_name, script->text);
    bench.fake.strike({ApiFault::Kind::kExpired, "POST", "/", 1});
    const auto refused = servers::run_program({"python3", file});
    CHECK(refused.status != 0);
    CHECK(holds(refused.output, "ExpiredToken"));
    CHECK(holds(refused.output, "nothing was changed"));
    const auto run = servers::run_program({"python3", file});
    INFO(run.output);
    CHECK(run.status == 0);
    CHECK(bench.fake.assumed() == 2);
  }
}

TEST_CASE("the script for the way back finds keys as AWS's tools do") {
  Bench bench;
  const auto provider = bench.opened();
  REQUIRE(made(*provider, move_www()));
  const auto script = provider->inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  CHECK(!holds(script->text, Route53Fake::kSecret));
  const std::string file = bench.folder.write(script->file_name, script->text);
  const auto run_with = [&](const std::vector<std::string>& variables) {
    std::vector<std::string> argv{"env"};
    argv.insert(argv.end(), variables.begin(), variables.end());
    argv.insert(argv.end(), {"python3", file});
    return servers::run_program(argv);
  };
  const std::string nothing = "AWS_SHARED_CREDENTIALS_FILE=" + bench.folder.file("nothing");
  const auto without = run_with({nothing});
  CHECK(without.status != 0);
  CHECK(holds(without.output, "AWS_ACCESS_KEY_ID"));
  const auto wrong =
      run_with({nothing, std::string("AWS_ACCESS_KEY_ID=") + Route53Fake::kKeyId, "AWS_SECRET_ACCESS_KEY=x"});
  CHECK(wrong.status != 0);
  CHECK(holds(wrong.output, "SignatureDoesNotMatch"));
  const auto right = run_with({nothing, std::string("AWS_ACCESS_KEY_ID=") + Route53Fake::kKeyId,
                               std::string("AWS_SECRET_ACCESS_KEY=") + Route53Fake::kSecret});
  INFO(right.output);
  CHECK(right.status == 0);
  CHECK(!holds(without.output + wrong.output + right.output, Route53Fake::kSecret));
  bench.folder.write("credentials", Bench::keys_text(Route53Fake::kKeyId, Route53Fake::kSecret), 0644);
  CHECK(holds(run_with({}).output, "chmod 600"));
}

TEST_CASE("the script for the way back looks the zone up where it is not known, and wants exactly one") {
  Bench bench;
  bench.fake.add_zone(zone_of(small_zone()), Route53Fake::View::kPrivate);
  REQUIRE(made(*bench.opened(), move_www()));
  const auto script = bench.opened()->inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  CHECK(!holds(script->text, bench.zone_id));
  const std::string file = bench.folder.write(script->file_name, script->text);
  SECTION("one public zone") {
    const auto run = servers::run_program({"python3", file});
    INFO(run.output);
    CHECK(run.status == 0);
  }
  SECTION("two") {
    bench.fake.add_zone(zone_of(small_zone()));
    const auto run = servers::run_program({"python3", file});
    CHECK(run.status != 0);
    CHECK(holds(run.output, "2 public hosted zones"));
    CHECK(holds(run.output, "nothing was changed"));
  }
}

TEST_CASE("throttled, the script tries again; refused, it changes nothing") {
  Bench bench;
  const auto provider = bench.opened();
  REQUIRE(made(*provider, move_www()));
  const auto script = provider->inverse_script(inverse_of(move_www()));
  REQUIRE(script);
  const std::string file = bench.folder.write(script->file_name, script->text);
  SECTION("throttled once") {
    bench.fake.strike({ApiFault::Kind::kThrottled, "POST"});
    CHECK(servers::run_program({"python3", file}).status == 0);
  }
  SECTION("cut after it was made") {
    bench.fake.strike({ApiFault::Kind::kCutAfter, "POST"});
    const auto run = servers::run_program({"python3", file});
    CHECK(run.status != 0);
    CHECK(holds(run.output, "whether the change was made is not known"));
    CHECK(bench.fake.count("POST") == 2);
  }
  SECTION("somebody else's edit") {
    bench.fake.put(bench.zone_id, set("www", "A", 60, {"203.0.113.99"}));
    const auto before = bench.fake.sets(bench.zone_id);
    const auto run = servers::run_program({"python3", file});
    CHECK(run.status != 0);
    CHECK(holds(run.output, "nothing was changed"));
    CHECK(bench.fake.sets(bench.zone_id) == before);
  }
}

TEST_CASE("what AWS's errors mean") {
  using providers::route53::meaning_of;
  const auto error = [](const std::string& code, const std::string& message = "x") {
    return fmt::format("<ErrorResponse><Error><Code>{}</Code><Message>{}</Message></Error></ErrorResponse>", code,
                       message);
  };
  struct Case {
    int status;
    std::string body;
    std::optional<ErrorCode> code;
  };
  for (const Case& one : {
           Case{200, error("Throttling"), std::nullopt},
           Case{400, error("Throttling"), ErrorCode::kBusy},
           Case{400, error("PriorRequestNotComplete"), ErrorCode::kBusy},
           Case{403, error("AccessDenied"), ErrorCode::kAuth},
           Case{400, error("ExpiredToken"), ErrorCode::kAuth},
           Case{403, error("SignatureDoesNotMatch"), ErrorCode::kAuth},
           Case{403, error("SignatureDoesNotMatch", "Signature expired: x is now earlier than y"), ErrorCode::kClock},
           Case{400, error("RequestTimeTooSkewed"), ErrorCode::kClock},
           Case{404, error("NoSuchHostedZone"), ErrorCode::kNotFound},
           Case{400,
                error("InvalidChangeBatch",
                      "[Tried to delete resource record set [name='a.', type='A'] but the "
                      "values provided do not match the current values]"),
                ErrorCode::kConflict},
           Case{400,
                error("InvalidChangeBatch", "[Tried to create ... but it already exists, Invalid Resource Record]"),
                ErrorCode::kConflict},
           Case{400, error("InvalidChangeBatch", "[Tried to delete ... but it was not found]"), ErrorCode::kConflict},
           Case{400, error("InvalidChangeBatch", "Invalid Resource Record: FATAL problem"), ErrorCode::kInvalid},
           Case{400, error("InvalidInput"), std::nullopt},
           Case{500, error("InternalFailure"), std::nullopt},
           Case{503, "<html>", std::nullopt},
           Case{400, "", std::nullopt},
       }) {
    INFO(one.status << " " << one.body);
    CHECK(meaning_of(one.status, one.body) == one.code);
  }
}

TEST_CASE("what goes out is what the published service model wants, and says it is XML") {
  const auto model = test_data("Route 53 requests against the service model", "specs/route53/botocore-service-2.json");
  const auto judge = test_data("Route 53 requests against the service model", "tools/r53_validate.py");
  if (!model || !judge) return;
  Bench bench;
  const auto provider = bench.opened();
  ChangeSet many = move_www();
  for (int i = 0; i < 200; ++i)
    many.changes.push_back(change(set(fmt::format("n{:03}", i), "A", 86400, {fmt::format("198.51.100.{}", i)}),
                                  set(fmt::format("n{:03}", i), "A", 60, {fmt::format("203.0.113.{}", i)})));
  REQUIRE(made(*provider, many));
  REQUIRE(made(*provider, change_set({create(set("*.new", "TXT", 60, {R"("<&>\195")"})),
                                      remove(set("old", "A", 3600, {"192.0.2.40"}))})));
  int judged = 0;
  for (const servers::ApiLogEntry& request : bench.fake.requests()) {
    if (request.body.empty()) continue;
    const auto verdict =
        servers::run_program({"python3", judge->string(), model->string(), "ChangeResourceRecordSets"}, request.body);
    INFO(verdict.output);
    CHECK(verdict.status == 0);
    ++judged;
  }
  CHECK(judged == 2);
}
