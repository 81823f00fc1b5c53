#include "lab/resolver.h"

#include <algorithm>

#include "lab/authority.h"
#include "lab/loop_thread.h"
#include "net/exchange.h"
#include "tests/lab/fixtures.h"
#include "tests/servers/process.h"

namespace cutover::lab {
namespace {

using namespace test;
using Mood = Habits::Mood;
using Stale = CacheHabits::Stale;
using Seen = std::vector<std::string>;

constexpr std::string_view kOtherText = R"($TTL 600
@   SOA ns hostmaster 1 7200 900 1209600 60
@   NS  ns
lb  A   192.0.2.80
)";

/// An authority and one resolver on a clock that stands still until told, and a client that asks.
class Running {
 public:
  explicit Running(Habits habits, std::vector<Following> following = {{}}, std::vector<DomainName> filtered = {})
      : clock_(noon()) {
    AuthoritySpec authority;
    authority.zones = {shop_zone(), zone_of("elsewhere.test", kOtherText)};
    for (const Following& each : following) authority.addresses.push_back({loopback(servers::own_address()), each});
    auto opened = Authority::open(thread_.loop(), clock_, std::move(authority));
    REQUIRE(opened.ok());
    authority_ = *std::move(opened);
    ResolverSpec spec;
    spec.name = "lab-test";
    spec.habits = std::move(habits);
    spec.where = loopback(servers::own_address());
    spec.filtered = std::move(filtered);
    spec.seed = 7;
    for (const char* origin : {"shop.test", "elsewhere.test"}) spec.zones[name(origin)] = authority_->endpoints();
    auto resolver = Resolver::open(thread_.loop(), clock_, std::move(spec));
    REQUIRE(resolver.ok());
    resolver_ = *std::move(resolver);
    thread_.start();
  }
  ~Running() { thread_.stop(); }

  Authority& authority() { return *authority_; }
  Resolver& resolver() { return *resolver_; }
  VirtualClock& clock() { return clock_; }

  /// The reply to one question, or nullopt when nothing came.
  std::optional<net::Message> ask(const net::Message& message) {
    net::DnsRequest request;
    request.server = resolver_->endpoint();
    request.message = message;
    request.tries = 1;
    request.timeout = std::chrono::milliseconds(resolver_->habits().mood == Mood::kSilent ? 100 : 3000);
    const net::DnsAnswer answer = net::exchange(client_, clock_, request);
    if (answer.outcome != net::Outcome::kAnswered) return std::nullopt;
    return answer.reply;
  }
  /// In one line: `NOERROR 60 198.51.100.10`, with `EDE n` where there is one.
  std::string say(std::string_view owner, RecordType type = RecordType::kA) {
    const auto reply = ask(query(owner, type));
    if (!reply) return "silence";
    CHECK(reply->ra);
    CHECK_FALSE(reply->aa);
    std::string text = to_text(reply->rcode);
    for (const net::Record& record : reply->answer) text += " " + std::to_string(record.ttl) + " " + record.rdata;
    for (const net::Record& record : reply->authority)
      if (record.type == RecordType::kSoa) text += " SOA " + std::to_string(record.ttl);
    if (reply->edns && reply->edns->extended_error) text += " EDE " + std::to_string(*reply->edns->extended_error);
    return text;
  }
  void move_shop(std::string_view address, Seconds ttl) {
    REQUIRE(authority_->set_record_set({name("shop.test"), RecordType::kA, ttl, {std::string(address)}}).ok());
  }

 private:
  VirtualClock clock_;
  net::Loop client_;
  LoopThread thread_;
  std::unique_ptr<Authority> authority_;
  std::unique_ptr<Resolver> resolver_;
};

Habits with(CacheHabits cache, Mood mood = Mood::kHonest, int caches = 1) {
  Habits habits;
  habits.cache = std::move(cache);
  habits.mood = mood;
  habits.caches = caches;
  return habits;
}

/// The story of one set through one cache: fetched old at TTL 300, changed at the authority to new at TTL 60,
/// asked again at the given seconds after the fetch.
struct Story {
  std::string_view what;
  Habits habits;
  std::vector<std::pair<int, std::string_view>> says;
};

TEST_CASE("how resolvers tell of a change, by their habits") {
  const std::vector<Story> stories{
      {"honest",
       {},
       {{1, "NOERROR 299 198.51.100.10"},
        {299, "NOERROR 1 198.51.100.10"},
        {300, "NOERROR 60 203.0.113.20"},
        {330, "NOERROR 30 203.0.113.20"}}},
      {"floor",
       with({Seconds(1000), {}, Stale::kNever, {}}),
       {{999, "NOERROR 1 198.51.100.10"}, {1000, "NOERROR 1000 203.0.113.20"}}},
      {"ceiling",
       with({{}, Seconds(100), Stale::kNever, {}}),
       {{99, "NOERROR 1 198.51.100.10"}, {100, "NOERROR 60 203.0.113.20"}}},
      {"stale when alone is honest while the authority answers",
       with({{}, {}, Stale::kWhenUnreachable, Seconds(86400)}),
       {{300, "NOERROR 60 203.0.113.20"}}},
      {"SERVFAIL", with({}, Mood::kServFail), {{1, "SERVFAIL"}}},
      {"REFUSED", with({}, Mood::kRefused), {{1, "REFUSED"}}},
      {"silent", with({}, Mood::kSilent), {{1, "silence"}}},
      {"filtering to nothing", with({}, Mood::kLiesNxDomain), {{1, "NXDOMAIN EDE 17"}}},
      {"filtering to nowhere", with({}, Mood::kLiesNullAddress), {{1, "NOERROR 60 0.0.0.0 EDE 17"}}},
  };
  for (const Story& story : stories) {
    DYNAMIC_SECTION(story.what) {
      Running lab(story.habits);
      lab.move_shop("198.51.100.10", Seconds(300));
      (void)lab.say("shop.test");
      lab.move_shop("203.0.113.20", Seconds(60));
      int at = 0;
      for (const auto& [second, expected] : story.says) {
        lab.clock().advance(Seconds(second - at));
        at = second;
        CHECK(lab.say("shop.test") == expected);
      }
    }
  }
}

TEST_CASE("stale first: one old answer after its time, then the new one") {
  Running lab(with({{}, {}, Stale::kThenRefresh, Seconds(86400)}));
  lab.move_shop("198.51.100.10", Seconds(300));
  CHECK(lab.say("shop.test") == "NOERROR 300 198.51.100.10");
  lab.move_shop("203.0.113.20", Seconds(60));
  lab.clock().advance(Seconds(5000));
  CHECK(lab.resolver().holding({name("shop.test"), RecordType::kA, {}, {"198.51.100.10"}}) == 1);
  CHECK(lab.say("shop.test") == "NOERROR 30 198.51.100.10 EDE 3");
  // The refresh goes on behind our back; it ends soon.
  std::string last;
  CHECK(servers::wait_until(std::chrono::seconds(5), [&] {
    last = lab.say("shop.test");
    return last == "NOERROR 60 203.0.113.20";
  }));
  CHECK(last == "NOERROR 60 203.0.113.20");
  CHECK(lab.resolver().counters().stale >= 1);
}

TEST_CASE("stale when alone: old answers only while no authority answers") {
  Running lab(with({{}, {}, Stale::kWhenUnreachable, Seconds(86400)}));
  lab.move_shop("198.51.100.10", Seconds(300));
  CHECK(lab.say("shop.test") == "NOERROR 300 198.51.100.10");
  CHECK(lab.say("nothing.shop.test") == "NXDOMAIN SOA 300");
  lab.move_shop("203.0.113.20", Seconds(60));
  lab.clock().advance(Seconds(301));
  lab.authority().set_following(0, {Following::Kind::kDead, {}});
  CHECK(lab.say("shop.test") == "NOERROR 30 198.51.100.10 EDE 3");
  CHECK(lab.say("nothing.shop.test") == "NXDOMAIN SOA 30 EDE 19");
  CHECK(lab.say("www.shop.test") == "SERVFAIL EDE 22");
  lab.authority().set_following(0, {});
  CHECK(lab.say("shop.test") == "NOERROR 60 203.0.113.20");
}

TEST_CASE("several caches behind one address have contents and phases of their own") {
  Running lab(with({}, Mood::kHonest, 3));
  const RecordSet old{name("shop.test"), RecordType::kA, Seconds(300), {"198.51.100.10"}};
  lab.move_shop("203.0.113.20", Seconds(60));
  lab.resolver().prefill(0, old, Seconds(200));
  lab.resolver().prefill(1, old, Seconds(100));
  Seen seen;
  for (int i = 0; i < 60; ++i) seen.push_back(lab.say("shop.test"));
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  CHECK(seen == Seen{"NOERROR 100 198.51.100.10", "NOERROR 200 198.51.100.10", "NOERROR 60 203.0.113.20"});
  CHECK(lab.resolver().holding(old) == 2);
  CHECK(lab.resolver().held_until(old) == noon() + Seconds(200));
  lab.clock().advance(Seconds(150));
  CHECK(lab.resolver().holding(old) == 1);
  CHECK(lab.resolver().counters().fetches == 1);
}

TEST_CASE("aliases are followed from zone to zone, each link by its own time") {
  Running lab({});
  CHECK(lab.say("far.shop.test") == "NOERROR 3600 lb.elsewhere.test. 600 192.0.2.80");
  lab.clock().advance(Seconds(650));
  CHECK(lab.say("far.shop.test") == "NOERROR 2950 lb.elsewhere.test. 600 192.0.2.80");
  CHECK(lab.say("shop.shop.test", RecordType::kAaaa) == "NOERROR 3600 www.shop.test. 3600 2001:db8:1::10");
  CHECK(lab.say("gone.shop.test") == "NXDOMAIN 3600 nothing.here.shop.test. SOA 300");
  CHECK(lab.say("loop.shop.test").substr(0, 8) == "SERVFAIL");
}

TEST_CASE("absences are cached for the SOA's negative TTL") {
  Running lab({});
  CHECK(lab.say("new.shop.test") == "NXDOMAIN SOA 300");
  CHECK(lab.say("www.shop.test", RecordType::kMx) == "NOERROR SOA 300");
  REQUIRE(lab.authority().set_record_set({name("new.shop.test"), RecordType::kA, Seconds(60), {"192.0.2.9"}}).ok());
  lab.clock().advance(Seconds(299));
  CHECK(lab.say("new.shop.test") == "NXDOMAIN SOA 1");
  lab.clock().advance(Seconds(1));
  CHECK(lab.say("new.shop.test") == "NOERROR 60 192.0.2.9");
}

TEST_CASE("a set that became an alias is not found under its old type") {
  Running lab({});
  lab.move_shop("198.51.100.10", Seconds(60));
  REQUIRE(lab.authority().set_record_set({name("lb.shop.test"), RecordType::kA, Seconds(60), {"192.0.2.9"}}).ok());
  CHECK(lab.say("lb.shop.test") == "NOERROR 60 192.0.2.9");
  REQUIRE(lab.authority().remove_record_set({name("lb.shop.test"), RecordType::kA}).ok());
  REQUIRE(lab.authority()
              .set_record_set({name("lb.shop.test"), RecordType::kCname, Seconds(60), {"lb.elsewhere.test."}})
              .ok());
  lab.clock().advance(Seconds(60));
  CHECK(lab.say("lb.shop.test") == "NOERROR 60 lb.elsewhere.test. 600 192.0.2.80");
}

TEST_CASE("a dead authority address is passed over") {
  Running lab({}, {{}, {Following::Kind::kDead, {}}, {Following::Kind::kDead, {}}});
  CHECK(lab.say("www.shop.test", RecordType::kAaaa) == "NOERROR 3600 2001:db8:1::10");
  for (int i = 0; i < 4; ++i) {
    lab.resolver().forget_everything();
    CHECK(lab.say("www.shop.test", RecordType::kAaaa) == "NOERROR 3600 2001:db8:1::10");
  }
}

TEST_CASE("resolvers fetch from lagging secondaries as well") {
  Running lab({}, {{}, {Following::Kind::kStuck, {}}});
  lab.move_shop("203.0.113.20", Seconds(60));
  Seen seen;
  for (int i = 0; i < 40; ++i) {
    lab.resolver().forget_everything();
    seen.push_back(lab.say("shop.test"));
  }
  std::sort(seen.begin(), seen.end());
  seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
  CHECK(seen == Seen{"NOERROR 60 203.0.113.20", "NOERROR 86400 198.51.100.10"});
}

TEST_CASE("a filter is about the names it is told") {
  Running lab(with({}, Mood::kLiesNxDomain), {{}}, {name("shop.test")});
  CHECK(lab.say("shop.test") == "NXDOMAIN EDE 17");
  CHECK(lab.say("lb.elsewhere.test") == "NOERROR 600 192.0.2.80");
}

TEST_CASE("what a resolver does not do for strangers") {
  Running lab({});
  CHECK(lab.say("www.unknown.test") == "REFUSED");
  CHECK(lab.say("test") == "NOERROR");
  CHECK(lab.say("shop.test", RecordType::kAny) == "NOTIMP");
  net::Message snoop = query("shop.test", RecordType::kA);
  snoop.rd = false;
  const auto refused = lab.ask(snoop);
  REQUIRE(refused.has_value());
  CHECK(to_text(refused->rcode) == "REFUSED");
}

TEST_CASE("a resolver says who it is and counts who asks") {
  Running lab(with({}, Mood::kHonest, 2));
  net::Message who =
      net::make_query({name("id.server"), RecordType::kTxt, net::RecordClass::kCh}, net::Recursion::kDesired);
  who.edns->want_nsid = true;
  const auto reply = lab.ask(who);
  REQUIRE(reply.has_value());
  REQUIRE(reply->answer.size() == 1);
  const bool named = reply->answer[0].rdata == "\"lab-test 1\"" || reply->answer[0].rdata == "\"lab-test 2\"";
  CHECK(named);
  CHECK(reply->edns->nsid == reply->answer[0].rdata.substr(1, 10));
  (void)lab.say("shop.test");
  (void)lab.say("shop.test");
  (void)lab.say("www.shop.test", RecordType::kAaaa);
  const auto counters = lab.resolver().counters();
  CHECK(counters.queries == 4);
  CHECK(counters.by_key.at({name("shop.test"), RecordType::kA}) == 2);
  CHECK(counters.by_key.at({name("www.shop.test"), RecordType::kAaaa}) == 1);
}

TEST_CASE("latency is real time by the clock's speed, and answers still come") {
  Habits slow;
  slow.latency = std::chrono::milliseconds(40);
  Running lab(slow);
  CHECK(lab.say("lb.elsewhere.test") == "NOERROR 600 192.0.2.80");
}

}  // namespace
}  // namespace cutover::lab
