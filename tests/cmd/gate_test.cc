#include "cmd/plan/gate.h"

#include <catch2/catch.hpp>

#include "core/text.h"

using namespace cutover;

namespace {

constexpr Instant kDay = Instant(Seconds(1'800'000'000));
constexpr Seconds kLow{60};

DomainName dn(std::string_view text) { return *DomainName::from_text(text); }
Instant at(std::int64_t seconds) { return kDay + Seconds(seconds); }

const RecordKey kWww{dn("www.example.com."), RecordType::kA};
const RecordKey kNew{dn("www.example.com."), RecordType::kAaaa};

/// What one server says in one sweep.
struct Says {
  std::optional<int> ttl = 60;  ///< of the set; empty: it does not exist
  std::uint32_t serial = 1;
  net::Outcome outcome = net::Outcome::kAnswered;
  net::Rcode rcode = net::Rcode::kNoError;
  bool aa = true;
  std::optional<int> negative = std::nullopt;
  std::optional<int> alias = std::nullopt;
  std::string value = "192.0.2.1";
};
Says ttl(int seconds, std::uint32_t serial = 1) {
  Says says;
  says.ttl = seconds;
  says.serial = serial;
  return says;
}
Says silent() {
  Says says;
  says.outcome = net::Outcome::kTimeout;
  return says;
}
Says lame() {
  Says says;
  says.aa = false;
  return says;
}
Says refusing() {
  Says says;
  says.rcode = net::Rcode::kRefused;
  return says;
}
Says missing(std::optional<int> negative) {
  Says says;
  says.ttl.reset();
  says.negative = negative;
  return says;
}

/// A plan with one zone, and a history told step by step; `seconds` count from kDay.
struct Story {
  Plan plan;
  History history;
  DrainFacts facts;

  Story() {
    ZonePlan zone;
    zone.zone = dn("example.com.");
    zone.changes = {change(kWww, {"192.0.2.1"}, {"203.0.113.1"})};
    plan.zones = {zone};
    plan.ttl.during = kLow;
    plan.hash = "abc";
  }

  static PlannedChange change(const RecordKey& key, std::vector<std::string> from, std::vector<std::string> to) {
    PlannedChange planned;
    planned.name = key.name;
    planned.type = key.type;
    planned.from = std::move(from);
    planned.to = std::move(to);
    return planned;
  }

  SweepRecord& sweep(std::int64_t seconds, const std::vector<Says>& says, const RecordKey& key = kWww) {
    SweepRecord record;
    record.zone = dn("example.com.");
    record.sweep.started = at(seconds - 1);
    record.sweep.finished = at(seconds);
    for (std::size_t i = 0; i < says.size(); ++i) {
      record.servers.push_back("ns" + std::to_string(i + 1));
      record.sweep.serials.push_back(says[i].outcome == net::Outcome::kAnswered ? std::optional(says[i].serial)
                                                                                : std::nullopt);
      add(record, i, key, says[i]);
    }
    history.sweeps.push_back(std::move(record));
    return history.sweeps.back();
  }

  static void add(SweepRecord& record, std::size_t server, const RecordKey& key, const Says& says) {
    net::AuthorityReading reading;
    reading.server = server;
    reading.key = key;
    reading.outcome = says.outcome;
    reading.rcode = says.rcode;
    reading.authoritative = says.aa;
    reading.received = record.sweep.finished;
    if (says.outcome == net::Outcome::kAnswered && says.ttl)
      reading.set = RecordSet{key.name, key.type, Seconds(*says.ttl), {says.value}};
    if (says.negative) reading.negative_ttl = Seconds(*says.negative);
    if (says.alias) reading.alias = RecordSet{key.name, RecordType::kCname, Seconds(*says.alias), {"lb.example.net."}};
    record.sweep.readings.push_back(std::move(reading));
  }

  void resolvers(std::int64_t seconds, std::size_t asked, std::size_t answered, std::optional<int> highest) {
    history.resolver_sweeps.push_back(
        {at(seconds), dn("example.com."), asked, answered, highest ? std::optional(Seconds(*highest)) : std::nullopt});
  }

  void ceiling(std::int64_t seconds, int remaining, const RecordKey& key = kWww) {
    history.resolver_ceilings.push_back(
        {at(seconds), Phase::kSwap, "192.0.2.8", "op", key, "above-low-ttl", Seconds(remaining), {}, ""});
  }

  WriteRecord& write(Phase phase, std::int64_t seconds, std::optional<int> before, std::optional<int> after,
                     WriteState state = WriteState::kDone) {
    const auto set = [](std::optional<int> t) {
      return t ? std::optional(RecordSet{kWww.name, kWww.type, Seconds(*t), {"192.0.2.1"}}) : std::nullopt;
    };
    WriteRecord record;
    record.id = static_cast<std::int64_t>(history.writes.size()) + 1;
    record.phase = phase;
    record.started = at(seconds);
    record.ended = at(seconds + 1);
    record.state = state;
    ChangeSet changes;
    changes.zone = dn("example.com.");
    changes.changes = {Change{kWww, set(before), set(after)}};
    record.changes = {changes};
    history.writes.push_back(std::move(record));
    return history.writes.back();
  }

  Gate drained(std::int64_t seconds) const { return ttl_drained(plan, history, {facts}, at(seconds)); }

  /// When the gate opens, in seconds from kDay; checks that it is shut right before and open right then.
  std::optional<std::int64_t> opens() const {
    const Gate early = drained(-1'000'000);
    if (!early.opens_at) {
      CHECK_FALSE(drained(100'000'000).open);
      return std::nullopt;
    }
    const std::int64_t seconds = std::chrono::duration_cast<Seconds>(*early.opens_at - kDay).count();
    CHECK_FALSE(drained(seconds - 1).open);
    CHECK(drained(seconds).open);
    return seconds;
  }
};

using Maybe = std::optional<std::int64_t>;

}  // namespace

// ---- the drain gate, clause by clause

TEST_CASE("drain: t0 is the last answer of two clean sweeps, and the old TTL counts from there") {
  Story story;
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(0).why, Catch::Contains("no name server has been asked yet"));
  CHECK(story.drained(0).wants_authority_sweep.size() == 1);

  story.sweep(0, {ttl(86400), ttl(86400)});
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(0).why,
             Catch::Contains("www.example.com. A: ns1 served it with TTL 86400 s") && Catch::Contains("lower-ttl"));

  story.sweep(100, {ttl(60), ttl(86400)});
  CHECK_THAT(story.drained(100).why, Catch::Contains("ns2 served it with TTL 86400 s"));
  CHECK(story.opens() == Maybe());

  story.sweep(200, {ttl(60), ttl(60)});
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(200).why, Catch::Contains("a second sweep in a row"));
  CHECK(story.drained(200).wants_authority_sweep == std::vector{dn("example.com.")});

  story.sweep(300, {ttl(60), ttl(60)});
  CHECK(story.opens() == Maybe(300 + 86400));
  CHECK_THAT(story.drained(300).why,
             Catch::Contains("www.example.com. A drains until " + format_instant(at(86700)) +
                             ": old TTL 86400 s, all 2 name server addresses low since " + format_instant(at(300))));

  // Later clean sweeps leave t0 where it is.
  story.sweep(400, {ttl(60), ttl(60)});
  story.sweep(50000, {ttl(30), ttl(60)});
  CHECK(story.opens() == Maybe(300 + 86400));
}

TEST_CASE("drain: a reading received after the sweep's own end counts") {
  Story story;
  story.sweep(0, {ttl(300)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)}).sweep.readings[0].received = at(205);
  CHECK(story.opens() == Maybe(205 + 300));
}

TEST_CASE("drain: settle time counts where the provider's word is not that it serves") {
  Story story;
  story.sweep(0, {ttl(3600)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)});
  struct Row {
    providers::ChangeSignal signal;
    std::int64_t opens;
  };
  for (const Row& row : {Row{providers::ChangeSignal::kServing, 3800}, Row{providers::ChangeSignal::kSent, 3870},
                         Row{providers::ChangeSignal::kNone, 3870}}) {
    story.facts = {row.signal, Seconds(70)};
    CHECK(story.opens() == Maybe(row.opens));
  }
}

TEST_CASE("drain: a zone's own settle time counts whatever the provider's word") {
  Story story;
  story.plan.zones[0].settle = Seconds(300);
  story.sweep(0, {ttl(3600)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)});
  story.facts = {providers::ChangeSignal::kServing, Seconds(0)};
  CHECK(story.opens() == Maybe(200 + 300 + 3600));
  CHECK_THAT(story.drained(300).why, Catch::Contains("300 s until every site serves it"));
  story.facts = {providers::ChangeSignal::kSent, Seconds(400)};
  CHECK(story.opens() == Maybe(200 + 400 + 3600));
}

TEST_CASE("drain: no resolver is asked before the settle time is over, and one asked before it proves nothing") {
  Story story;
  story.plan.zones[0].settle = Seconds(300);
  story.sweep(0, {ttl(3600, 1), ttl(3600, 1)});
  story.sweep(100, {ttl(60, 2), ttl(60, 2)});
  story.sweep(200, {ttl(60, 3), ttl(60, 3)});
  story.sweep(3000, {ttl(60, 7), ttl(60, 7)});
  CHECK(story.drained(3299).wants_resolver_sweep.empty());
  CHECK(story.drained(3300).wants_resolver_sweep == std::vector{dn("example.com.")});
  const auto without = story.opens();
  story.resolvers(3100, 10, 8, 60);
  CHECK(story.opens() == without);
  story.resolvers(3300, 10, 8, 60);
  CHECK(story.opens() != without);
}

TEST_CASE("drain: every address has to answer with AA; what does not counts as not low") {
  struct Row {
    const char* name;
    Says second;
    const char* why;
  };
  const Row rows[] = {
      {"timeout", silent(), "ns2 did not answer"},
      {"no AA", lame(), "ns2 answered without authority"},
      {"REFUSED", refusing(), "ns2 answered REFUSED"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Story story;
    story.sweep(0, {ttl(300), ttl(300)});
    story.sweep(100, {ttl(60), row.second});
    story.sweep(200, {ttl(60), row.second});
    CHECK(story.opens() == Maybe());
    CHECK_THAT(story.drained(200).why, Catch::Contains(row.why) && Catch::Contains("counts as not low"));
    // The pair has to be in a row.
    story.sweep(300, {ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe());
    story.sweep(400, {ttl(60), row.second});
    story.sweep(500, {ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe());
    story.sweep(600, {ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe(600 + 300));
  }
}

TEST_CASE("drain: a name server without address counts as not low") {
  Story story;
  story.sweep(0, {ttl(300)});
  for (const int second : {100, 200}) story.sweep(second, {ttl(60)}).without_address = {"ns9.example.com."};
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(200).why, Catch::Contains("ns9.example.com. has no address"));
}

TEST_CASE("drain: a sweep that did not ask one of the addresses is not clean, nor one without servers") {
  Story story;
  story.sweep(0, {ttl(300), ttl(300)});
  for (const int second : {100, 200}) story.sweep(second, {ttl(60), ttl(60)}).sweep.readings.pop_back();
  CHECK(story.opens() == Maybe());
  Story empty;
  empty.sweep(0, {});
  empty.sweep(1, {});
  CHECK(empty.opens() == Maybe());
}

TEST_CASE("drain: a sweep about other record sets says nothing about this one") {
  Story story;
  story.sweep(0, {ttl(300)});
  story.sweep(100, {ttl(60)});
  story.sweep(150, {ttl(9999)}, {dn("other.example.com."), RecordType::kA});
  story.sweep(200, {ttl(60)});
  CHECK(story.opens() == Maybe(500));
}

TEST_CASE("drain: the old TTL is the largest of what was served, written over, declared and left in caches") {
  struct Row {
    const char* name;
    int first_look;
    std::optional<int> before_image;
    std::optional<int> declared;
    std::optional<int> in_cache;
    std::int64_t old_ttl;
  };
  const Row rows[] = {
      {"first look", 3600, {}, {}, {}, 3600},
      {"before-image", 3600, 7200, {}, {}, 7200},
      {"declared", 3600, 7200, 86400, {}, 86400},
      {"declared lower", 3600, {}, 1800, {}, 3600},
      {"cache", 3600, 7200, {}, 90000, 90000},
      {"low from the start", 60, {}, {}, {}, 60},
      {"lower than low from the start", 20, {}, {}, {}, 60},
      {"low from the start, declared", 60, {}, 86400, {}, 86400},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Story story;
    story.sweep(-100, {ttl(row.first_look)});
    if (row.before_image) story.write(Phase::kLowerTtl, -50, row.before_image, 60);
    if (row.declared) story.plan.ttl.before = Seconds(*row.declared);
    if (row.in_cache) story.ceiling(-10, *row.in_cache);
    story.sweep(0, {ttl(60)});
    story.sweep(10, {ttl(60)});
    const std::int64_t t0 = row.first_look <= 60 ? 0 : 10;
    CHECK(story.opens() == Maybe(t0 + row.old_ttl));
  }
}

TEST_CASE("drain: a set whose TTL was below the low one from the start waits that long") {
  Story story;
  story.sweep(0, {ttl(20)});
  story.sweep(10, {ttl(20)});
  CHECK(story.opens() == Maybe(30));
}

TEST_CASE("drain: a higher TTL seen later restarts the clock") {
  Story story;
  story.sweep(0, {ttl(3600), ttl(3600)});
  story.sweep(100, {ttl(60), ttl(60)});
  story.sweep(200, {ttl(60), ttl(60)});
  REQUIRE(story.opens() == Maybe(3800));
  // Somebody's nightly job puts a TTL back on one of two secondaries...
  story.sweep(3000, {ttl(60), ttl(86400)});
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(3000).why, Catch::Contains("ns2 served it with TTL 86400 s"));
  // ... and the low one again.
  story.sweep(4000, {ttl(60), ttl(60)});
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(4000).why,
             Catch::Contains("a second sweep in a row") && Catch::Contains("ns2 served it with TTL 86400 s"));
  story.sweep(4010, {ttl(60), ttl(60)});
  CHECK(story.opens() == Maybe(4010 + 86400));
}

TEST_CASE("drain: a higher TTL that is lower than the old one restarts with the old one") {
  Story story;
  story.sweep(0, {ttl(3600)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)});
  story.sweep(1000, {ttl(120)});
  story.sweep(1100, {ttl(60)});
  story.sweep(1200, {ttl(60)});
  CHECK(story.opens() == Maybe(1200 + 3600));
}

TEST_CASE("drain: our own restore-ttl restarts the clock, unless it was not applied") {
  for (const auto state : {WriteState::kDone, WriteState::kPartial, WriteState::kOpen, WriteState::kNotApplied}) {
    Story story;
    story.sweep(0, {ttl(3600)});
    story.sweep(100, {ttl(60)});
    story.sweep(200, {ttl(60)});
    story.write(Phase::kRestoreTtl, 1000, 60, 3600, state);
    story.sweep(2000, {ttl(60)});
    story.sweep(2100, {ttl(60)});
    CHECK(story.opens() == Maybe(state == WriteState::kNotApplied ? 3800 : 2100 + 3600));
  }
}

TEST_CASE("drain: what a cache still holds moves the opening to its end") {
  Story story;
  story.sweep(0, {ttl(300)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)});
  story.ceiling(450, 100);
  CHECK(story.opens() == Maybe(550));
  CHECK_THAT(story.drained(460).why, Catch::Contains("the resolver 192.0.2.8 still had 100 s of it"));
  story.ceiling(460, 5000, {dn("other.example.com."), RecordType::kA});
  CHECK(story.opens() == Maybe(550));
}

TEST_CASE("drain: a set that does not exist yet drains its negative TTL") {
  Story story;
  story.plan.zones[0].changes = {Story::change(kNew, {}, {"2001:db8::1"})};
  story.plan.ttl.before = Seconds(86400);  // of what exists
  story.sweep(0, {missing(900), missing(300)}, kNew);
  CHECK(story.opens() == Maybe());
  story.sweep(10, {missing(900), missing(300)}, kNew);
  CHECK(story.opens() == Maybe(910));
  CHECK_THAT(story.drained(20).why, Catch::Contains("old TTL 900 s (of \"does not exist\")"));
}

TEST_CASE("drain: a CNAME that answers in place of a new set has to be low, unless the swap takes it away") {
  Says says = missing(std::nullopt);
  says.alias = 3600;
  Story story;
  story.plan.zones[0].changes = {Story::change(kNew, {}, {"2001:db8::1"})};
  story.sweep(0, {says}, kNew);
  story.sweep(10, {says}, kNew);
  CHECK(story.opens() == Maybe());
  CHECK_THAT(story.drained(10).why, Catch::Contains("ns1 answered with a CNAME of TTL 3600 s"));
  const RecordKey cname{kNew.name, RecordType::kCname};
  story.plan.zones[0].changes.push_back(Story::change(cname, {"lb.example.net."}, {}));
  for (SweepRecord& sweep : story.history.sweeps) Story::add(sweep, 0, cname, ttl(60));
  CHECK(story.opens() == Maybe(70));
}

TEST_CASE("drain: the set that waits longest decides, and links that the swap leaves alone do not count") {
  Story story;
  const RecordKey mail{dn("mail.example.com."), RecordType::kA};
  story.plan.zones[0].changes.push_back(Story::change(mail, {"192.0.2.1"}, {"192.0.2.9"}));
  for (const auto& [second, www, other] :
       std::vector<std::tuple<int, int, int>>{{0, 300, 7200}, {100, 60, 60}, {200, 60, 60}}) {
    SweepRecord& sweep = story.sweep(second, {ttl(www)});
    Story::add(sweep, 0, mail, ttl(other));
    Story::add(sweep, 0, {dn("untouched.example.com."), RecordType::kA}, ttl(99999));
  }
  CHECK(story.opens() == Maybe(7400));
  CHECK_THAT(story.drained(250).why,
             Catch::StartsWith("mail.example.com. A drains until") && Catch::Contains("the last of 2 record sets"));
  CHECK_THAT(story.drained(600).why, !Catch::Contains("the last of"));
  story.plan.zones[0].changes.clear();
  CHECK(story.drained(0).open);
}

TEST_CASE("drain: several zones, each with its own provider's facts") {
  Story story;
  story.sweep(0, {ttl(300)});
  story.sweep(100, {ttl(60)});
  story.sweep(200, {ttl(60)});
  ZonePlan second = story.plan.zones[0];
  second.zone = dn("example.org.");
  second.changes = {Story::change({dn("www.example.org."), RecordType::kA}, {"192.0.2.1"}, {"192.0.2.2"})};
  story.plan.zones.push_back(second);
  for (const int at_second : {100, 200}) {
    SweepRecord& sweep = story.sweep(at_second, {ttl(60)}, second.changes[0].key());
    sweep.zone = second.zone;
  }
  CHECK(ttl_drained(story.plan, story.history, {{}, {providers::ChangeSignal::kNone, Seconds(1000)}}, at(0)).opens_at ==
        at(200 + 1000 + 60));
}

TEST_CASE("drain: a TTL at the provider's floor is low") {
  Story story;
  story.sweep(0, {ttl(3600)});
  story.sweep(100, {ttl(300)});
  story.sweep(200, {ttl(300)});
  CHECK(story.opens() == Maybe());
  story.facts.ttl_floor = Seconds(300);
  CHECK(story.opens() == Maybe(3800));
}

// ---- what happened while nobody looked

TEST_CASE("drain: a serial that moved unobserved wants a look at the resolvers") {
  Story story;
  story.sweep(0, {ttl(3600, 1), ttl(3600, 1)});
  story.sweep(100, {ttl(60, 2), ttl(60, 2)});  // moved before t0: the wait covers it
  story.sweep(200, {ttl(60, 3), ttl(60, 3)});
  REQUIRE(story.opens() == Maybe(3800));
  story.sweep(3000, {ttl(60, 3), ttl(60, 7)});
  CHECK(story.opens() == Maybe());
  const Gate gate = story.drained(4000);
  CHECK_THAT(gate.why, Catch::Contains("the serial of ns2 moved from 3 to 7 unobserved") &&
                           Catch::Contains("a sweep of resolvers"));
  CHECK(gate.wants_resolver_sweep == std::vector{dn("example.com.")});

  SECTION("a clean one settles it") {
    story.resolvers(3100, 10, 8, 60);
    CHECK(story.opens() == Maybe(3800));
    CHECK(story.drained(4000).wants_resolver_sweep.empty());
  }
  SECTION("one from before does not") {
    story.resolvers(2999, 10, 8, 60);
    CHECK(story.opens() == Maybe());
  }
  SECTION("too few answers do not") {
    story.resolvers(3100, 10, 4, 60);
    CHECK(story.opens() == Maybe());
    story.resolvers(3100, 10, 0, std::nullopt);
    CHECK(story.opens() == Maybe());
  }
  SECTION("what it shows above the low TTL has to pass") {
    story.resolvers(3100, 10, 8, 50000);
    CHECK(story.opens() == Maybe(53100));
  }
  SECTION("without one, two sweeps in a row start the wait again") {
    story.sweep(3010, {ttl(60, 3), ttl(60, 7)});
    CHECK(story.opens() == Maybe(3010 + 3600));
    CHECK_THAT(story.drained(3020).why, Catch::Contains("counted from there because the serial of ns2 moved"));
    CHECK(story.drained(3020).wants_resolver_sweep.size() == 1);
    CHECK(story.drained(3010 + 3600).wants_resolver_sweep.empty());
    story.resolvers(3020, 10, 8, 60);
    CHECK(story.opens() == Maybe(3800));
  }
  SECTION("a zone whose serial never rests opens with a look after the latest movement") {
    for (std::uint32_t i = 0; i < 20; ++i) story.sweep(3100 + 10 * i, {ttl(60, 8 + i), ttl(60, 8 + i)});
    CHECK(story.opens() == Maybe());
    story.resolvers(3285, 10, 8, 60);
    CHECK(story.opens() == Maybe());  // the last sweep, at 3290, saw it move once more
    story.resolvers(3295, 10, 8, 60);
    CHECK(story.opens() == Maybe(3800));
  }
}

TEST_CASE("drain: a serial that our own write moved, or that a server caught up with, is no surprise") {
  Story story;
  story.sweep(0, {ttl(3600, 1), ttl(3600, 1)});
  story.sweep(100, {ttl(60, 2), ttl(60, 2)});
  story.sweep(200, {ttl(60, 2), ttl(60, 2)});
  story.write(Phase::kSwap, 250, 60, 60);
  story.sweep(300, {ttl(60, 3), ttl(60, 2)});
  CHECK(story.opens() == Maybe(3800));
  story.sweep(400, {ttl(60, 3), ttl(60, 3)});  // ns2 caught up after the write had ended
  CHECK(story.opens() == Maybe(3800));
  story.write(Phase::kSwap, 450, 60, 60, WriteState::kNotApplied);
  story.sweep(500, {ttl(60, 4), ttl(60, 3)});
  CHECK(story.opens() == Maybe());
}

TEST_CASE("drain: a server that was away after t0, or a new one, leaves the same doubt") {
  Story story;
  story.sweep(0, {ttl(3600), ttl(3600)});
  story.sweep(100, {ttl(60), ttl(60)});
  story.sweep(200, {ttl(60), ttl(60)});
  SECTION("away") {
    story.sweep(1000, {ttl(60), silent()});
    CHECK(story.opens() == Maybe());
    story.resolvers(1001, 10, 8, 60);
    CHECK(story.opens() == Maybe());  // still away
    story.sweep(1010, {ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe());  // asked before it was back
    story.resolvers(1020, 10, 8, 60);
    CHECK(story.opens() == Maybe(3800));
  }
  SECTION("away, and back for two sweeps") {
    story.sweep(1000, {ttl(60), silent()});
    story.sweep(1010, {ttl(60), ttl(60)});
    story.sweep(1020, {ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe(1020 + 3600));
  }
  SECTION("new") {
    story.sweep(1000, {ttl(60), ttl(60), ttl(60)});
    CHECK(story.opens() == Maybe());
    CHECK_THAT(story.drained(1000).why, Catch::Contains("ns3 is a new name server"));
    story.resolvers(1020, 10, 8, 60);
    CHECK(story.opens() == Maybe(3800));
  }
}

TEST_CASE("drain: a moving serial does not hold up a set that does not exist, since no resolver may be asked for it") {
  Story story;
  story.plan.zones[0].changes = {Story::change(kNew, {}, {"2001:db8::1"})};
  for (std::uint32_t i = 0; i < 10; ++i) {
    Says says = missing(300);
    says.serial = i;
    story.sweep(i * 10, {says}, kNew);
  }
  CHECK(story.opens() == Maybe(310));
}

// ---- the other gates

TEST_CASE("preflight-passed: passed, with this plan, and not too old") {
  Story story;
  const auto gate = [&](std::int64_t now) {
    return preflight_passed(story.plan, story.history, Seconds(3600), at(now));
  };
  CHECK_FALSE(gate(0).open);
  CHECK_THAT(gate(0).why, Catch::Contains("no preflight has been run"));
  story.history.checks.push_back({at(0), Phase::kPreflight, "abc", true, {}});
  CHECK(gate(3600).open);
  CHECK_FALSE(gate(3601).open);
  CHECK_THAT(gate(3601).why, Catch::Contains("older than"));
  story.plan.hash = "def";
  CHECK_THAT(gate(1).why, Catch::Contains("plan was changed"));
  CHECK_FALSE(gate(1).open);
  Check failed;
  failed.id = "tls-name";
  failed.verdict = Verdict::kFail;
  failed.summary = "wrong name";
  story.history.checks.push_back({at(10), Phase::kPreflight, "def", false, {failed}});
  CHECK_FALSE(gate(11).open);
  CHECK_THAT(gate(11).why, Catch::Contains("tls-name: wrong name"));
  story.history.checks.push_back({at(20), Phase::kSwap, "def", true, {}});  // another phase's checks
  CHECK_FALSE(gate(21).open);
}

TEST_CASE("authoritative-in-sync: every address, AA, one serial, the values of the plan") {
  const Says moved = [] {
    Says says;
    says.value = "203.0.113.1";
    return says;
  }();
  const Says foreign = [] {
    Says says;
    says.value = "192.0.2.99";
    return says;
  }();
  struct Row {
    const char* name;
    std::vector<Says> says;
    bool open;
    const char* why;
  };
  const Row rows[] = {
      {"all as planned", {ttl(60), ttl(60)}, true, "all 2 name server addresses agree"},
      {"any TTL", {ttl(86400), ttl(60)}, true, ""},
      {"all swapped already", {moved, moved}, true, ""},
      {"half swapped", {ttl(60), moved}, false, "ns2 serves 203.0.113.1 for www.example.com. A, not 192.0.2.1"},
      {"foreign", {foreign, foreign}, false, "ns1 serves 192.0.2.99"},
      {"gone", {ttl(60), missing(60)}, false, "ns2 serves nothing"},
      {"old serial", {ttl(60, 5), ttl(60, 4)}, false, "ns2 has serial 4 and ns1 has 5"},
      {"silent", {ttl(60), silent()}, false, "ns2 does not answer for www.example.com. A: "},
      {"no AA", {ttl(60), lame()}, false, "ns2 answers www.example.com. A without authority"},
      {"refused", {refusing(), ttl(60)}, false, "ns1 answers REFUSED"},
      {"no servers", {}, false, "has no name server that could be asked"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Story story;
    CHECK_FALSE(authoritative_in_sync(story.plan, story.history).open);
    story.sweep(0, {foreign, silent()});  // only the last one counts
    story.sweep(10, row.says);
    const Gate gate = authoritative_in_sync(story.plan, story.history);
    CHECK(gate.open == row.open);
    CHECK_THAT(gate.why, Catch::Contains(row.why));
  }
  Story story;
  story.sweep(0, {ttl(60)}).without_address = {"ns9.example.com."};
  CHECK_THAT(authoritative_in_sync(story.plan, story.history).why, Catch::Contains("ns9.example.com."));
  Story other;
  other.sweep(0, {ttl(60)}).sweep.serials[0].reset();
  CHECK_THAT(authoritative_in_sync(other.plan, other.history).why, Catch::Contains("no usable SOA"));
  other.sweep(1, {ttl(60)}, kNew);
  CHECK_THAT(authoritative_in_sync(other.plan, other.history).why, Catch::Contains("was not asked"));
}

TEST_CASE("clock-agrees: more than five seconds close every gate that compares instants") {
  CHECK(clock_agrees(std::nullopt).open);
  CHECK(clock_agrees(Span(5'000'000)).open);
  CHECK_FALSE(clock_agrees(Span(5'000'001)).open);
  CHECK_FALSE(clock_agrees(Span(-600'000'000)).open);
  CHECK_THAT(clock_agrees(Span(-600'000'000)).why, Catch::Contains("-600.0 s"));

  Story story;
  const auto gates = [&](Span skew) {
    std::vector<Gate> all{no_drift({}), within_window(story.plan, at(0)), clock_agrees(skew),
                          preflight_passed(story.plan, story.history, Seconds(1), at(0))};
    close_time_gates(all);
    return all;
  };
  CHECK(gates(Span(0))[1].open);
  CHECK(gates(Seconds(6))[0].open);
  CHECK_FALSE(gates(Seconds(6))[1].open);
  CHECK_THAT(gates(Seconds(6))[1].why, Catch::Contains("the clocks disagree"));
}

TEST_CASE("within-window: before, in and after") {
  Story story;
  CHECK(within_window(story.plan, at(0)).open);
  story.plan.window = Window{at(100), at(200), "2027"};
  CHECK(within_window(story.plan, at(99)).opens_at == at(100));
  CHECK_FALSE(within_window(story.plan, at(99)).open);
  CHECK(within_window(story.plan, at(100)).open);
  CHECK(within_window(story.plan, at(199)).open);
  CHECK_FALSE(within_window(story.plan, at(200)).open);
  CHECK_FALSE(within_window(story.plan, at(200)).opens_at);
}

TEST_CASE("no-drift names the first of what drifted") {
  CHECK(no_drift({}).open);
  const Gate gate = no_drift({{kWww, "192.0.2.1", "192.0.2.7\x1b"}, {kNew, "nothing", "::1"}});
  CHECK_FALSE(gate.open);
  CHECK_FALSE(gate.opens_at);
  CHECK_THAT(gate.why,
             Catch::Contains("www.example.com. A holds 192.0.2.7\\x1b, not 192.0.2.1 (and 1 record set more)"));
}

TEST_CASE("mentions-acknowledged: each one, word for word, however it is broken into lines") {
  Story story;
  CHECK(mentions_acknowledged(story.plan).open);
  story.plan.mentions = {{"TXT @ spf1 ip4:198.51.100.10", "mail", {}}, {"MX @ mail", "mail", {}}};
  CHECK_FALSE(mentions_acknowledged(story.plan).open);
  story.plan.acks = {{" TXT  @\nspf1 ip4:198.51.100.10", "stays", {}}};
  CHECK_THAT(mentions_acknowledged(story.plan).why, Catch::Contains("'MX @ mail' still names the old side"));
  story.plan.acks.push_back({"MX @ mail", "stays", {}});
  CHECK(mentions_acknowledged(story.plan).open);
  story.plan.acks[0].mention = "TXT @ spf1 ip4:198.51.100.1";
  CHECK_FALSE(mentions_acknowledged(story.plan).open);
}

TEST_CASE("ech-key-held: a record with ech moves only with the plan's word") {
  const RecordKey https{kWww.name, RecordType::kHttps};
  Story story;
  CHECK(ech_key_held(story.plan).open);
  story.plan.zones[0].changes = {Story::change(https, {"1 . alpn=\"h2\""}, {"1 . alpn=\"h2\" ech=\"AEX\""})};
  CHECK_FALSE(ech_key_held(story.plan).open);
  story.plan.new_side_holds_ech_key = true;
  CHECK(ech_key_held(story.plan).open);
  story.plan.new_side_holds_ech_key = false;
  story.plan.zones[0].changes = {Story::change(https, {"1 . ech=\"AEX\""}, {"1 . alpn=\"h2\""})};
  CHECK_FALSE(ech_key_held(story.plan).open);
  story.plan.zones[0].changes = {Story::change(https, {"1 . alpn=\"h2\""}, {"1 tech.example. alpn=\"h3\""})};
  CHECK(ech_key_held(story.plan).open);
}
