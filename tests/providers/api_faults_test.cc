// What goes wrong on the way to a service, at every call that a change takes: nothing is lost and nothing doubled, and
// an error says truly whether the call was made.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>
#include <iostream>

#include "core/text.h"
#include "tests/providers/subject.h"

using namespace cutover;
using namespace cutover::tests;
using providers::Provider;
using servers::ApiFault;
using Sets = std::map<RecordKey, RecordSet>;
using Kind = ApiFault::Kind;

namespace {

struct Expected {
  Kind kind;
  const char* what;
  std::optional<ErrorCode> error;  ///< of the call that it strikes; nullopt: it is made again and all is well
};

const Expected kOnWrites[] = {
    {Kind::kFailBefore, "500, and not made", ErrorCode::kUnknown},
    {Kind::kFailAfter, "made, then 500", ErrorCode::kUnknown},
    {Kind::kCutBefore, "cut off, and not made", ErrorCode::kUnknown},
    {Kind::kCutAfter, "made, then cut off", ErrorCode::kUnknown},
    {Kind::kTruncated, "made, half an answer", ErrorCode::kUnknown},
    {Kind::kHalfJson, "made, an answer that ends in its middle", ErrorCode::kUnknown},
    {Kind::kHtml, "made, a page in HTML", ErrorCode::kUnknown},
    {Kind::kThrottled, "throttled", std::nullopt},
    {Kind::kExpired, "the credential has expired", ErrorCode::kAuth},
};

const Expected kOnReads[] = {
    {Kind::kFailBefore, "500", std::nullopt},
    {Kind::kThrottled, "throttled", std::nullopt},
    {Kind::kExpired, "the credential has expired", ErrorCode::kAuth},
    {Kind::kCutBefore, "cut off", ErrorCode::kNetwork},
    {Kind::kTruncated, "half an answer", ErrorCode::kNetwork},
    {Kind::kHalfJson, "an answer that ends in its middle", ErrorCode::kInvalid},
    {Kind::kHtml, "a page in HTML", ErrorCode::kInvalid},
};

/// A subject behind a fake, and the program's view of it.
class Desk {
 public:
  explicit Desk(std::unique_ptr<Subject> opened)
      : subject(std::move(opened)), fake(*subject->fake()), provider_(subject->open(loop_, clock_)) {
    INFO((provider_ ? "" : provider_.error().message));
    REQUIRE(provider_);
  }
  Provider& provider() { return **provider_; }

  Sets read() {
    auto zone = provider().read(name("@"));
    INFO((zone ? "" : zone.error().message));
    REQUIRE(zone);
    zone->sets.erase({name("@"), RecordType::kSoa});
    return std::move(zone->sets);
  }
  /// Every call that makes the change, and the one that brings it into force.
  std::vector<providers::Step> steps(const std::vector<Change>& changes) {
    auto steps = provider().steps({name("@"), changes, std::nullopt, std::nullopt});
    INFO((steps ? "" : steps.error().message));
    REQUIRE(steps);
    if (const auto commit = provider().commit(name("@"))) steps->push_back(*commit);
    return *std::move(steps);
  }
  /// Call by call; the first error ends it. `before`, where given, is the zone before the last call that was tried.
  Result<void> write(const std::vector<Change>& changes, Sets* before) {
    for (const providers::Step& step : steps(changes)) {
      if (before != nullptr) *before = read();
      const auto receipt = provider().apply(step);
      if (!receipt) return receipt.error();
    }
    return {};
  }
  void write(const std::vector<Change>& changes) {
    const auto made = write(changes, nullptr);
    INFO((made ? "" : made.error().message));
    REQUIRE(made);
  }

  /// As the table has it, unless the provider helps itself.
  std::optional<ErrorCode> error_of(const Expected& expected) const {
    const bool renewed = expected.kind == Kind::kExpired && subject->expired() == Subject::Expired::kRenewed;
    return renewed ? std::nullopt : expected.error;
  }
  ApiFault on_write(Kind kind, int after = 0) const { return fault(kind, after, true); }
  ApiFault on_read(Kind kind) const { return fault(kind, 0, false); }

  std::unique_ptr<Subject> subject;
  servers::ApiFake& fake;

 private:
  ApiFault fault(Kind kind, int after, bool writes) const {
    ApiFault fault;
    fault.kind = kind;
    fault.after = after;
    fault.retry_after = std::chrono::seconds(0);
    fault.when = [this, writes](const servers::ApiRequest& request) { return subject->is_write(request) == writes; };
    return fault;
  }

  net::Loop loop_;
  SystemClock clock_;
  Result<std::unique_ptr<Provider>> provider_;
};

/// Of every kind, on sets that need more than one edit where records are edited one by one.
std::vector<Change> changes(const Subject& of) {
  const int high = of.high_ttl(), low = std::max(of.low_ttl(), 300);
  return {
      change(set("www", "A", high, {"192.0.2.10"}), set("www", "A", low, {"203.0.113.10"})),
      change(set("pool", "A", 3600, {"192.0.2.21", "192.0.2.22", "192.0.2.23"}),
             set("pool", "A", 3600, {"192.0.2.22", "203.0.113.21"})),
      change(set("shop", "CNAME", 3600, {"lb.old.example.net."}), set("shop", "CNAME", 3600, {"lb.new.example.net."})),
      create(set("new", "A", low, {"203.0.113.1"})), remove(set("old", "A", 3600, {"192.0.2.40"}))};
}

std::vector<Change> inverse(const std::vector<Change>& of) {
  return inverse_of({name("@"), of, std::nullopt, std::nullopt}).changes;
}

Sets with(Sets sets, const std::vector<Change>& made) {
  for (const Change& each : made) {
    sets.erase(each.key);
    if (each.after) sets.emplace(each.key, *each.after);
  }
  return sets;
}

/// What is left to do, read from the zone as the program does it.
std::vector<Change> remaining(const Sets& live, const std::vector<Change>& wanted) {
  std::vector<Change> left;
  for (const Change& each : wanted) {
    const auto at = live.find(each.key);
    const auto now = at == live.end() ? std::nullopt : std::optional(at->second);
    if (now != each.after) left.push_back({each.key, now, each.after});
  }
  return left;
}

bool only_known_values(const Sets& live, const std::vector<Change>& wanted) {
  for (const Change& each : wanted) {
    const auto at = live.find(each.key);
    if (at == live.end()) continue;
    std::vector<std::string> known;
    for (const auto& side : {each.before, each.after})
      if (side) known.insert(known.end(), side->rdata.begin(), side->rdata.end());
    for (const std::string& value : at->second.rdata)
      if (std::find(known.begin(), known.end(), value) == known.end()) return false;
  }
  return true;
}

}  // namespace

namespace {

/// Half of no body is a whole answer: whether the one that was to be spoilt was a 204.
bool without_body(const servers::ApiFake& fake, Kind kind) {
  if (kind != Kind::kTruncated && kind != Kind::kHalfJson) return false;
  const auto log = fake.requests();
  const auto struck = std::find_if(log.rbegin(), log.rend(), [](const auto& entry) { return entry.fault.has_value(); });
  return struck != log.rend() && struck->status == 204;
}

/// One fault at one call: the error is true, the rest can be done, and all of it undone.
void goes_wrong(Desk& desk, const Expected& expected, int call, const Sets& at_first) {
  const std::vector<Change> wanted = changes(*desk.subject);
  const Sets done = with(at_first, wanted);
  const int struck = desk.fake.struck();
  desk.fake.strike(desk.on_write(expected.kind, call));
  // Most errors leave open whether the call was made; after the others nothing may have changed.
  const std::optional<ErrorCode> error = desk.error_of(expected);
  const bool nothing_changed = error && *error != ErrorCode::kUnknown;
  Sets before;
  const auto made = desk.write(wanted, nothing_changed ? &before : nullptr);
  INFO((made ? "no error" : made.error().message));
  REQUIRE(desk.fake.struck() == struck + 1);
  const Sets live = desk.read();
  CHECK(only_known_values(live, wanted));
  REQUIRE((made.ok() == !error || (made.ok() && without_body(desk.fake, expected.kind))));
  if (!made) CHECK(made.error().code == *error);
  if (nothing_changed) CHECK((live == before));
  if (made) CHECK((live == done));

  desk.write(remaining(live, wanted));
  REQUIRE((desk.read() == done));
  desk.write(inverse(wanted));
  REQUIRE((desk.read() == at_first));
}

void some_go_wrong(const std::string& title, const std::function<bool(int kind, int call, int calls)>& wanted) {
  INFO(title);
  Desk desk(make_subject(title));
  const Sets at_first = desk.read();
  const int calls = static_cast<int>(desk.steps(changes(*desk.subject)).size());
  int faults = 0;
  for (int kind = 0; kind < static_cast<int>(std::size(kOnWrites)); ++kind)
    for (int call = 0; call < calls; ++call) {
      if (!wanted(kind, call, calls)) continue;
      INFO(kOnWrites[kind].what << ", call " << call + 1 << " of " << calls);
      goes_wrong(desk, kOnWrites[kind], call, at_first);
      ++faults;
    }
  std::cout << fmt::format("faults: {}: {} on the way of {} calls, all told truly and repaired\n", title, faults,
                           calls);
}

}  // namespace

TEST_CASE("whatever goes wrong with a write: the error is true, the rest can be done, and all of it undone",
          "[.][faults]") {
  // Every kind once, at calls that take turns. Which call it is matters little, and a kind at each is many.
  some_go_wrong(GENERATE(from_range(faked_subject_names())),
                [](int kind, int call, int calls) { return kind % calls == call; });
}

TEST_CASE("whatever goes wrong with a write, at every call", "[.][everywhere]") {
  some_go_wrong(GENERATE(from_range(faked_subject_names())), [](int, int, int) { return true; });
}

TEST_CASE("whatever goes wrong with a read: it is asked again or is an error, and nothing is changed", "[.][faults]") {
  const std::string title = GENERATE(from_range(faked_subject_names()));
  INFO(title);
  Desk desk(make_subject(title));
  const Sets at_first = desk.read();
  const std::vector<Change> wanted{create(set("new", "A", std::max(desk.subject->low_ttl(), 300), {"203.0.113.1"}))};
  for (const Expected& expected : kOnReads) {
    INFO(expected.what);
    const std::optional<ErrorCode> error = desk.error_of(expected);
    desk.fake.strike(desk.on_read(expected.kind));
    const auto read = desk.provider().read(name("@"));
    INFO((read ? "no error" : read.error().message));
    REQUIRE(read.ok() == !error);
    if (!read) CHECK(read.error().code == *error);

    desk.fake.strike(desk.on_read(expected.kind));
    Result<void> made;
    for (const providers::Step& step : desk.steps(wanted))
      if (const auto receipt = desk.provider().apply(step); !receipt) {
        made = receipt.error();
        break;
      }
    INFO((made ? "no error" : made.error().message));
    REQUIRE(made.ok() == !error);
    if (!made) CHECK(made.error().code == *error);
    desk.fake.no_more_faults();
    if (made) desk.write(inverse(wanted));
    REQUIRE((desk.read() == at_first));
  }
}
