// What every provider promises, asked of each: memory, a zone file served by BIND, DNS UPDATE on Knot, BIND and
// PowerDNS, PowerDNS's HTTP API, and programs in Python and in shell.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <iostream>

#include "core/text.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using providers::Provider;
using providers::Receipt;
using providers::Step;

namespace {

const std::string kZone = "@";

struct Case {
  std::string what;
  std::vector<Change> changes;
};

RecordSet www_a(int high) { return set("www", "A", high, {"192.0.2.10"}); }
RecordSet www_aaaa(int high) { return set("www", "AAAA", high, {"2001:db8:1::10"}); }
RecordSet www_https() { return set("www", "HTTPS", 3600, {R"(1 . alpn="h2,h3" ipv4hint=192.0.2.10)"}); }
RecordSet shop() { return set("shop", "CNAME", 3600, {"lb.old.example.net."}); }
RecordSet pool() { return set("pool", "A", 3600, {"192.0.2.21", "192.0.2.22", "192.0.2.23"}); }
RecordSet old_a() { return set("old", "A", 3600, {"192.0.2.40"}); }

RecordSet with_ttl(RecordSet of, int ttl) {
  of.ttl = Seconds(ttl);
  return of;
}

/// `low` is the lowest TTL that the provider can set, or a minute; `high` the highest, or a day.
std::vector<Case> cases(int low, int high) {
  const int wild = std::max(low, 300);
  return {
      {"create", {create(set("new", "A", low, {"203.0.113.1"}))}},
      {"create beside others", {create(set("mail", "AAAA", low, {"2001:db8:2::30"}))}},
      {"create several levels down", {create(set("a.b.c", "TXT", low, {R"("a; b" "c \"d\"")"}))}},
      {"change", {change(www_a(high), set("www", "A", high, {"203.0.113.10"}))}},
      {"change with a new TTL", {change(www_a(high), set("www", "A", low, {"203.0.113.10"}))}},
      {"TTL only",
       {change(www_a(high), with_ttl(www_a(high), low)), change(shop(), with_ttl(shop(), low)),
        change(pool(), with_ttl(pool(), low))}},
      {"delete", {remove(old_a())}},
      {"apex",
       {change(set("@", "A", 3600, {"192.0.2.1"}), set("@", "A", 3600, {"203.0.113.1"})),
        change(set("@", "TXT", 3600, {"\"v=spf1 ip4:192.0.2.1 -all\""}),
               set("@", "TXT", low, {"\"v=spf1 ip4:203.0.113.1 -all\""}))}},
      {"wildcard", {change(set("*.wild", "A", wild, {"192.0.2.99"}), set("*.wild", "A", wild, {"203.0.113.99"}))}},
      {"create below a wildcard", {create(set("one.wild", "A", wild, {"192.0.2.99"}))}},
      {"A gives way to CNAME", {remove(old_a()), create(set("old", "CNAME", low, {"lb.new.example.net."}))}},
      {"A gives way to CNAME, named in the other order",
       {create(set("old", "CNAME", low, {"lb.new.example.net."})), remove(old_a())}},
      {"CNAME gives way to A and AAAA",
       {remove(shop()), create(set("shop", "A", low, {"203.0.113.7"})),
        create(set("shop", "AAAA", low, {"2001:db8:2::7"}))}},
      {"CNAME to CNAME", {change(shop(), set("shop", "CNAME", low, {"lb.new.example.net."}))}},
      {"several values become others",
       {change(pool(), set("pool", "A", 3600, {"192.0.2.22", "203.0.113.21", "203.0.113.22", "203.0.113.24"}))}},
      {"several values become one", {change(pool(), set("pool", "A", low, {"192.0.2.22"}))}},
      {"HTTPS with its hints, together with A and AAAA",
       {change(www_https(),
               set("www", "HTTPS", low, {R"(1 . alpn="h2,h3" ipv4hint=203.0.113.10 ipv6hint=2001:db8:2::10)"})),
        change(www_a(high), set("www", "A", low, {"203.0.113.10"})),
        change(www_aaaa(high), set("www", "AAAA", low, {"2001:db8:2::10"}))}},
  };
}

ChangeSet change_set(const std::vector<Change>& changes) { return {name(kZone), changes, std::nullopt, std::nullopt}; }

std::map<RecordKey, RecordSet> without_soa(const Zone& zone) {
  auto sets = zone.sets;
  sets.erase({zone.origin, RecordType::kSoa});
  return sets;
}

std::string shown(const std::map<RecordKey, RecordSet>& sets) {
  std::string text;
  for (const auto& entry : sets)
    if (entry.first.name.text()[0] != 'n' || entry.first.name == name("new"))
      text += fmt::format("{} {} {}\n", entry.first.text(), entry.second.ttl.count(), join(entry.second.rdata, " | "));
  return text;
}

/// Provider, case, what became of it; printed at the end.
std::map<std::string, std::map<std::string, std::string>>& conformance() {
  static std::map<std::string, std::map<std::string, std::string>> table;
  return table;
}

/// One subject, driven as a command drives it.
class Driver {
 public:
  explicit Driver(const std::string& subject_name) : Driver(make_subject(subject_name)) {}
  explicit Driver(std::unique_ptr<Subject> opened)
      : subject(std::move(opened)), provider_(subject->open(loop_, clock_)) {
    INFO((provider_ ? "" : provider_.error().message));
    REQUIRE(provider_);
  }
  Provider& provider() { return **provider_; }

  Zone read() {
    auto zone = provider().read(name(kZone));
    INFO((zone ? "" : zone.error().message));
    REQUIRE(zone);
    return *zone;
  }

  std::vector<Step> steps(const ChangeSet& changes) {
    auto steps = provider().steps(changes);
    INFO((steps ? "" : steps.error().message));
    REQUIRE(steps);
    for (const Step& step : *steps) keeps_secrets(step.request + step.summary);
    return *steps;
  }

  /// All steps; the first error ends it.
  Result<void> write(const ChangeSet& changes) { return make(steps(changes)); }
  Result<void> make(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      auto receipt = provider().apply(step);
      if (!receipt) {
        keeps_secrets(receipt.error().message);
        return receipt.error();
      }
      keeps_secrets(receipt->reply + receipt->summary);
      REQUIRE(comes_into_force(*receipt));
    }
    if (const auto commit = provider().commit(name(kZone))) {
      auto receipt = provider().apply(*commit);
      if (!receipt) return receipt.error();
    }
    return {};
  }
  bool comes_into_force(const Receipt& receipt) {
    return servers::wait_until(std::chrono::seconds(10), [&] {
      const auto in_sync = provider().in_sync(receipt);
      INFO((in_sync ? "" : in_sync.error().message));
      REQUIRE(in_sync);
      return *in_sync;
    });
  }

  providers::InverseScript way_back(const ChangeSet& applied) {
    auto script = provider().inverse_script(inverse_of(applied));
    INFO((script ? "" : script.error().message));
    REQUIRE(script);
    keeps_secrets(script->text + script->how_to_run);
    return *script;
  }

  void keeps_secrets(const std::string& text) const {
    for (const std::string& secret : subject->secrets()) CHECK(text.find(secret) == std::string::npos);
  }

  /// Whether the provider says beforehand that it cannot carry this; it must be among what its subject declares.
  bool refuses(const std::string& what, const ChangeSet& changes) {
    const auto steps = provider().steps(changes);
    const bool refused = !steps && steps.error().code == ErrorCode::kUnsupported;
    INFO((steps ? "" : steps.error().message));
    CHECK(refused == (subject->refuses().count(what) != 0));
    conformance()[subject->title][what] = refused ? "refused" : "passed";
    return refused;
  }

  std::unique_ptr<Subject> subject;

 private:
  net::Loop loop_;
  SystemClock clock_;
  Result<std::unique_ptr<Provider>> provider_;
};

}  // namespace

TEST_CASE("every provider makes every kind of change, exactly, once, and its script undoes it", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const Zone at_first = driver.read();
  const bool shows_serial =
      at_first.find({name(kZone), RecordType::kSoa}) != nullptr && driver.subject->serial() == Subject::Serial::kMoves;
  std::uint32_t serial = at_first.soa.serial;
  for (const Case& one : cases(driver.subject->low_ttl(), driver.subject->high_ttl())) {
    INFO(one.what);
    const ChangeSet changes = change_set(one.changes);
    if (driver.refuses(one.what, changes)) continue;
    const auto script = driver.way_back(changes);
    const auto steps = driver.steps(changes);
    REQUIRE_FALSE(steps.empty());

    const auto made = driver.make(steps);
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
    auto wanted = without_soa(at_first);
    for (const Change& c : one.changes) {
      wanted.erase(c.key);
      if (c.after) wanted.emplace(c.key, *c.after);
    }
    Zone now = driver.read();
    INFO("found:\n" << shown(without_soa(now)) << "\nwanted:\n" << shown(wanted));
    REQUIRE((without_soa(now) == wanted));
    if (shows_serial) CHECK(serial_is_after(now.soa.serial, serial));

    // Single sets read as the whole zone does.
    std::vector<RecordKey> keys;
    for (const Change& c : one.changes) keys.push_back(c.key);
    const auto sets = driver.provider().read_sets(name(kZone), keys);
    INFO((sets ? "" : sets.error().message));
    REQUIRE(sets);
    CHECK(sets->soa.serial == now.soa.serial);
    CHECK(sets->sets.count({name(kZone), RecordType::kSoa}) == now.sets.count({name(kZone), RecordType::kSoa}));
    for (const Change& c : one.changes) {
      const auto at = sets->sets.find(c.key);
      CHECK((at == sets->sets.end() ? std::optional<RecordSet>() : std::optional(at->second)) == c.after);
    }

    // Again: what was there before is no longer there. (Where only a TTL moved, the message guards values alone.)
    const bool only_ttl = std::all_of(one.changes.begin(), one.changes.end(),
                                      [](const Change& c) { return c.kind() == Change::Kind::kTtl; });
    const auto again = driver.make(steps);
    if (driver.subject->again() == Subject::Again::kHarmless) {
      CHECK(again);
    } else if (!only_ttl ||
               driver.provider().capabilities().compare_and_swap.value == providers::CompareAndSwap::kValuesAndTtl) {
      REQUIRE_FALSE(again);
      CHECK(again.error().code == ErrorCode::kConflict);
    }
    now = driver.read();
    REQUIRE((without_soa(now) == wanted));

    // The colleague at 3 a.m.
    const auto undone = driver.subject->run(script);
    INFO(script.text << undone.output);
    REQUIRE(undone.status == 0);
    const Zone back = driver.read();
    INFO("back:\n" << shown(without_soa(back)));
    REQUIRE((without_soa(back) == without_soa(at_first)));
    if (subject != "memory" && shows_serial) CHECK(serial_is_after(back.soa.serial, now.soa.serial));
    serial = back.soa.serial;
    // The script is as careful as the program: a second time nothing is as the change left it.
    if (!only_ttl) CHECK(driver.subject->run(script).status != 0);
    REQUIRE((without_soa(driver.read()) == without_soa(at_first)));
  }
}

TEST_CASE("every provider undoes a change through its own inverse", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const auto at_first = without_soa(driver.read());
  for (const Case& one : cases(driver.subject->low_ttl(), driver.subject->high_ttl())) {
    INFO(one.what);
    if (driver.refuses(one.what, change_set(one.changes))) continue;
    REQUIRE(driver.write(change_set(one.changes)));
    const auto undone = driver.write(inverse_of(change_set(one.changes)));
    INFO((undone ? "" : undone.error().message));
    REQUIRE(undone);
    REQUIRE((without_soa(driver.read()) == at_first));
  }
}

TEST_CASE("a record set that somebody else changed is not overwritten, and nothing else of the change is made",
          "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const int low = driver.subject->low_ttl(), high = driver.subject->high_ttl();
  const auto steps = driver.steps(change_set({change(pool(), set("pool", "A", low, {"203.0.113.21"})),
                                              change(www_a(high), set("www", "A", low, {"203.0.113.10"})),
                                              create(set("new", "A", low, {"203.0.113.1"}))}));
  SECTION("another value") { driver.subject->edit_behind(set("www", "A", high, {"192.0.2.11"})); }
  SECTION("one value more") { driver.subject->edit_behind(set("www", "A", high, {"192.0.2.10", "192.0.2.11"})); }
  SECTION("created meanwhile") { driver.subject->edit_behind(set("new", "A", low, {"203.0.113.1"})); }
  const auto before = without_soa(driver.read());
  const auto made = driver.make(steps);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kConflict);
  CHECK((without_soa(driver.read()) == before));
}

TEST_CASE("a CNAME is not created beside other data, nor other data beside a CNAME", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  if (subject == "memory") return;  // holds what it is given
  INFO(subject);
  Driver driver(subject);
  const int low = driver.subject->low_ttl(), high = driver.subject->high_ttl();
  const auto before = without_soa(driver.read());
  Result<void> made;
  SECTION("CNAME beside MX, A and TXT") {
    made = driver.write(change_set({create(set("www", "CNAME", low, {"lb.new.example.net."}))}));
  }
  SECTION("CNAME where only the A gives way") {
    made = driver.write(change_set({remove(www_a(high)), create(set("www", "CNAME", low, {"lb.new.example.net."}))}));
  }
  SECTION("A beside CNAME") { made = driver.write(change_set({create(set("shop", "A", low, {"203.0.113.7"}))})); }
  REQUIRE_FALSE(made);
  CHECK((made.error().code == ErrorCode::kConflict || made.error().code == ErrorCode::kInvalid));
  CHECK((without_soa(driver.read()) == before));
}

TEST_CASE("a serial guard holds, and a serial that moved is a conflict", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const int low = driver.subject->low_ttl(), high = driver.subject->high_ttl();
  ChangeSet changes = change_set({change(www_a(high), with_ttl(www_a(high), low))});
  const auto guard_now = [&] {
    const auto sets = driver.provider().read_sets(name(kZone), {});
    REQUIRE(sets);
    changes.guard_serial = sets->soa.serial;
    changes.guard_soa = sets->sets.at({name(kZone), RecordType::kSoa});
  };
  if (driver.read().find({name(kZone), RecordType::kSoa}) == nullptr) return;  // no serial is shown
  guard_now();
  const auto stale = driver.steps(changes);
  REQUIRE(driver.write(change_set({remove(old_a())})));
  if (driver.subject->serial() == Subject::Serial::kStays) {
    RecordSet soa = *changes.guard_soa;
    const std::string was = fmt::format(" {} ", *changes.guard_serial);
    soa.rdata[0].replace(soa.rdata[0].find(was), was.size(), fmt::format(" {} ", *changes.guard_serial + 1));
    driver.subject->edit_behind(soa);
  }
  const auto refused = driver.make(stale);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  guard_now();
  CHECK(driver.write(changes));
  CHECK(without_soa(driver.read()).at(www_a(high).key()).ttl == Seconds(low));
}

TEST_CASE("200 record sets move in one call, and back by the script", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const int low = driver.subject->low_ttl(), high = driver.subject->high_ttl();
  const auto at_first = without_soa(driver.read());
  ChangeSet changes = change_set({});
  for (int i = 0; i < 200; ++i)
    changes.changes.push_back(change(set(fmt::format("n{:03}", i), "A", high, {fmt::format("198.51.100.{}", i)}),
                                     set(fmt::format("n{:03}", i), "A", low, {fmt::format("203.0.113.{}", i)})));
  const auto script = driver.way_back(changes);
  const auto steps = driver.steps(changes);
  const providers::Capabilities& can = driver.provider().capabilities();
  if (can.atomic.value == providers::AtomicScope::kZone && can.atomic_limit.value >= 200) REQUIRE(steps.size() == 1);
  REQUIRE(driver.make(steps));
  const auto sets = without_soa(driver.read());
  for (const Change& c : changes.changes) CHECK(sets.at(c.key) == *c.after);
  const auto undone = driver.subject->run(script);
  INFO(undone.output);
  REQUIRE(undone.status == 0);
  CHECK((without_soa(driver.read()) == at_first));
}

TEST_CASE("what cannot be carried is refused before anything is sent", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  if (subject == "memory") return;  // holds what it is given
  INFO(subject);
  Driver driver(subject);
  const auto code_of = [&](const std::vector<Change>& changes) {
    const auto steps = driver.provider().steps(change_set(changes));
    return steps ? ErrorCode::kInternal : steps.error().code;
  };
  CHECK(code_of({change(set("@", "NS", 3600, {"ns1"}), set("@", "NS", 3600, {"ns2"}))}) == ErrorCode::kUnsupported);
  CHECK(code_of({create(set("child", "NS", 3600, {"ns2"}))}) == ErrorCode::kUnsupported);
  CHECK(code_of({create(set("www.example.org.", "A", 3600, {"192.0.2.1"}))}) == ErrorCode::kInvalid);
  CHECK(driver.steps(change_set({})).empty());
}

TEST_CASE("a zone that is not there is an error that names it", "[.][contract]") {
  const std::string subject = GENERATE(from_range(subject_names()));
  INFO(subject);
  Driver driver(subject);
  const auto zone = driver.provider().read(*DomainName::from_text("example.org"));
  REQUIRE_FALSE(zone);
  CHECK(zone.error().message.find("example.org") != std::string::npos);
}

TEST_CASE("what every provider says to its service, and its fake answers, keeps the service's published contract",
          "[.][published]") {
  const std::vector<std::string> names = faked_subject_names();
  if (names.empty()) return;
  const std::string title = GENERATE_COPY(from_range(names));
  auto subject = make_subject(title);
  const auto published = subject->published();
  if (!published) return;
  INFO(title);
  const auto prism = servers::prism_before(published->fake, published->spec, title + " against its published contract",
                                           published->repair);
  if (!prism) return;
  subject->go_through(prism->url());
  Driver driver(std::move(subject));
  const auto readable = driver.provider().read(name(kZone));
  INFO((readable ? "" : readable.error().message + "\n" + join(prism->violations(), "\n")));
  REQUIRE(readable);
  const auto at_first = without_soa(*readable);
  const std::set<std::string> refused = driver.subject->refuses();
  for (const Case& one : cases(driver.subject->low_ttl(), driver.subject->high_ttl())) {
    if (refused.count(one.what) != 0) continue;
    const ChangeSet changes = change_set(one.changes);
    const auto script = driver.way_back(changes);
    const auto made = driver.write(changes);
    INFO(one.what << (made ? "" : ": " + made.error().message) << "\n" << join(prism->violations(), "\n"));
    REQUIRE(made);
    std::vector<RecordKey> keys;
    for (const Change& c : changes.changes) keys.push_back(c.key);
    CHECK(driver.provider().read_sets(name(kZone), keys));
    const auto undone = driver.subject->run(script);
    INFO(undone.output);
    REQUIRE(undone.status == 0);
  }
  CHECK((without_soa(driver.read()) == at_first));
  const auto violations = prism->violations();
  CHECK(violations == std::vector<std::string>());
  std::cout << fmt::format("Prism: {}: {} requests, {} violations\n", title, prism->requests(), violations.size());
}

TEST_CASE("provider by case: what passed, and what is refused by declared capability", "[.][contract]") {
  // Runs last, after the cases above have filled it in.
  std::size_t passed = 0, refused = 0;
  for (const auto& [subject, cases] : conformance()) {
    std::vector<std::string> not_carried;
    for (const auto& [what, outcome] : cases)
      if (outcome == "refused") not_carried.push_back(what);
    passed += cases.size() - not_carried.size();
    refused += not_carried.size();
    std::cout << fmt::format("conformance: {:<14} {:>2} passed, {:>2} refused{}{}\n", subject,
                             cases.size() - not_carried.size(), not_carried.size(), not_carried.empty() ? "" : ": ",
                             join(not_carried, "; "));
  }
  std::cout << fmt::format("conformance: {} passed, {} refused by declared capability", passed, refused) << std::endl;
}
