#include "cmd/plan/applied.h"

#include <catch2/catch.hpp>

#include "cmd/phases/plan_view.h"

using namespace cutover;

namespace {

const DomainName kZone = *DomainName::from_text("example.com.");
const Instant kStart = Instant(Seconds(1790000000));

RecordSet www(int ttl, const char* address) {
  return {*DomainName::from_text("www.example.com."), RecordType::kA, Seconds(ttl), {address}};
}

WriteRecord written(std::int64_t id, Phase phase, WriteState state, std::optional<RecordSet> before,
                    std::optional<RecordSet> after) {
  WriteRecord write;
  write.id = id;
  write.phase = phase;
  write.state = state;
  write.started = kStart + Seconds(id * 100);
  if (state != WriteState::kOpen) write.ended = write.started + Seconds(1);
  ChangeSet set;
  set.zone = kZone;
  set.changes = {Change{(before ? before : after)->key(), before, after}};
  write.changes = {set};
  return write;
}

const WriteRecord kLowered =
    written(1, Phase::kLowerTtl, WriteState::kDone, www(86400, "192.0.2.1"), www(60, "192.0.2.1"));
const WriteRecord kSwapped = written(2, Phase::kSwap, WriteState::kDone, www(60, "192.0.2.1"), www(60, "192.0.2.2"));
const WriteRecord kRolledBack =
    written(3, Phase::kRollback, WriteState::kDone, www(60, "192.0.2.2"), www(60, "192.0.2.1"));

History of(std::vector<WriteRecord> writes) {
  History history;
  history.writes = std::move(writes);
  return history;
}

}  // namespace

TEST_CASE("what is swapped is what swaps did since the last finished rollback") {
  struct Row {
    const char* what;
    std::vector<WriteRecord> writes;
    std::size_t changes;
  };
  auto partial = kSwapped;
  partial.state = WriteState::kPartial;
  auto refused = kSwapped;
  refused.state = WriteState::kNotApplied;
  auto half_rollback = kRolledBack;
  half_rollback.state = WriteState::kPartial;
  const std::vector<Row> rows{{"nothing yet", {kLowered}, 0},
                              {"a swap", {kLowered, kSwapped}, 1},
                              {"a partial swap counts: some of it is in the zone", {kLowered, partial}, 1},
                              {"a refused swap does not", {kLowered, refused}, 0},
                              {"rolled back", {kLowered, kSwapped, kRolledBack}, 0},
                              {"a partial rollback undoes nothing for good", {kLowered, kSwapped, half_rollback}, 1},
                              {"swapped again", {kLowered, kSwapped, kRolledBack, kSwapped}, 1}};
  for (const Row& row : rows) {
    INFO(row.what);
    const auto swapped = swapped_since_rollback(of(row.writes));
    std::size_t changes = 0;
    for (const ChangeSet& set : swapped) changes += set.changes.size();
    CHECK(changes == row.changes);
  }
}

TEST_CASE("two waves of one record set keep the oldest before and the newest after") {
  const auto second = written(4, Phase::kSwap, WriteState::kDone, www(60, "192.0.2.2"), www(60, "192.0.2.3"));
  const auto swapped = swapped_since_rollback(of({kSwapped, second}));
  REQUIRE(swapped.size() == 1);
  REQUIRE(swapped[0].changes.size() == 1);
  CHECK(swapped[0].changes[0].before == www(60, "192.0.2.1"));
  CHECK(swapped[0].changes[0].after == www(60, "192.0.2.3"));
}

TEST_CASE("what is left of a plan after a first wave is what no swap has written") {
  Plan plan;
  plan.zones.resize(1);
  plan.zones[0].zone = kZone;
  PlannedChange change;
  change.name = www(60, "192.0.2.1").name;
  plan.zones[0].changes = {change};
  change.type = RecordType::kAaaa;
  plan.zones[0].changes.push_back(change);
  CHECK(not_swapped_yet(plan, of({})).empty());
  CHECK(not_swapped_yet(plan, of({kLowered})).empty());
  const auto left = not_swapped_yet(plan, of({kLowered, kSwapped}));
  REQUIRE(left.size() == 1);
  CHECK(left[0].text() == "www.example.com. AAAA");
  CHECK(not_swapped_yet(plan, of({kLowered, kSwapped, kRolledBack})).empty());
}

TEST_CASE("the original TTL is the one nobody had touched yet") {
  const RecordKey key = www(1, "192.0.2.1").key();
  CHECK(original_ttl(of({kLowered, kSwapped}), key) == Seconds(86400));
  CHECK(original_ttl(of({kSwapped}), key) == Seconds(60));
  CHECK_FALSE(original_ttl(of({}), key).has_value());
  // A set that the swap created takes the largest of its name.
  CHECK(original_ttl(of({kLowered, kSwapped}), {key.name, RecordType::kCname}) == Seconds(86400));
  // What a finished restore-ttl put back is no longer anybody's concern.
  const auto restored =
      written(5, Phase::kRestoreTtl, WriteState::kDone, www(60, "192.0.2.2"), www(86400, "192.0.2.2"));
  CHECK_FALSE(original_ttl(of({kLowered, kSwapped, restored}), key).has_value());
}

TEST_CASE("status: what is low already need not be lowered") {
  Plan plan;
  plan.ttl.during = Seconds(60);
  plan.standby = Seconds(3600);
  ZonePlan zone;
  zone.zone = kZone;
  zone.changes = {PlannedChange{www(1, "x").name, RecordType::kA, {"192.0.2.1"}, {"192.0.2.2"}, {}}};
  plan.zones.push_back(std::move(zone));
  const auto swept = [](Seconds after_start, int ttl) {
    SweepRecord record;
    record.zone = kZone;
    record.servers = {"ns1.example.com. (192.0.2.53)"};
    net::AuthorityReading reading;
    reading.set = www(ttl, "192.0.2.1");
    reading.key = reading.set->key();
    reading.outcome = net::Outcome::kAnswered;
    reading.authoritative = true;
    record.sweep.started = record.sweep.finished = reading.received = kStart + after_start;
    record.sweep.serials = {7};
    record.sweep.readings = {reading};
    return record;
  };
  History history = of({});
  history.sweeps = {swept(Seconds(0), 60), swept(Seconds(1), 60)};
  const Status drained = status_of(plan, history, {{}}, kStart + Seconds(100));
  CHECK(drained.next.find("lower-ttl") == std::string::npos);
  CHECK(drained.headline == "nothing has been written yet; the TTLs are low already");
  CHECK(drained.timeline.front().done);
  const Status draining = status_of(plan, history, {{}}, kStart + Seconds(30));
  CHECK(draining.next.find("lower-ttl") == std::string::npos);

  history.sweeps = {swept(Seconds(0), 3600), swept(Seconds(1), 3600)};
  const Status high = status_of(plan, history, {{}}, kStart + Seconds(100));
  CHECK(high.next == "`cutover lower-ttl`");
  CHECK_FALSE(high.timeline.front().done);
}

TEST_CASE("status: the bound knows of sites that are not seen, and of cached absence") {
  Plan plan;
  plan.ttl.during = Seconds(60);
  plan.standby = Seconds(86400);
  ZonePlan zone;
  zone.zone = kZone;
  zone.settle = Seconds(300);
  zone.changes = {PlannedChange{www(1, "x").name, RecordType::kA, {"192.0.2.1"}, {"192.0.2.2"}, {}},
                  PlannedChange{www(1, "x").name, RecordType::kAaaa, {}, {"2001:db8::1"}, {}}};
  plan.zones.push_back(std::move(zone));
  auto swapped = kSwapped;
  swapped.authoritative_at = kStart + Seconds(200);
  History history = of({kLowered, swapped});
  const auto bound = [&] {
    for (const TimelineEntry& each : status_of(plan, history, {{}}, kStart + Seconds(300)).timeline)
      if (each.what.starts_with("bound:")) return *each.at - (kStart + Seconds(200));
    return Span();
  };
  CHECK(bound() == Span(Seconds(300 + 60)));
  SweepRecord record;
  record.zone = kZone;
  net::AuthorityReading absent;
  absent.key = {www(1, "x").name, RecordType::kAaaa};
  absent.negative_ttl = Seconds(3600);
  record.sweep.readings = {absent};
  history.sweeps = {record};
  CHECK(bound() == Span(Seconds(300 + 3600)));
}

TEST_CASE("status says where a cutover stands and what comes next") {
  Plan plan;
  plan.name = "example";
  plan.standby = Seconds(3600);
  ZonePlan zone;
  zone.zone = kZone;
  zone.changes = {PlannedChange{www(1, "x").name, RecordType::kA, {"192.0.2.1"}, {"192.0.2.2"}, {}}};
  plan.zones.push_back(std::move(zone));
  auto open = kSwapped;
  open.state = WriteState::kOpen;
  open.ended.reset();
  const auto restored =
      written(5, Phase::kRestoreTtl, WriteState::kDone, www(60, "192.0.2.2"), www(86400, "192.0.2.2"));
  const EventRecord turned{kStart + Seconds(500), Phase::kWatch, "converged", "everybody has turned"};
  struct Row {
    const char* what;
    std::vector<WriteRecord> writes;
    Seconds after_start;
    const char* headline;
    const char* next;
    bool overdue;
    bool watched = false;
  };
  const std::vector<Row> rows{
      {"fresh", {}, Seconds(0), "nothing has been written", "lower-ttl", false},
      {"lowered", {kLowered}, Seconds(200), "TTLs are lowered", "", false},
      {"cut off", {kLowered, open}, Seconds(300), "cut off", "--resume", false},
      {"swapped", {kLowered, kSwapped}, Seconds(300), "standby runs until", "rollback", false},
      {"forgotten", {kLowered, kSwapped}, Seconds(201 + 3600 + 60), "standby ended", "overdue", true},
      {"rolled back", {kLowered, kSwapped, kRolledBack}, Seconds(400), "rolled back", "`cutover watch`", false},
      {"watched",
       {kLowered, kSwapped},
       Seconds(600),
       "standby runs until",
       "keep the old side on standby until",
       false,
       true},
      {"watched, to restore", {kLowered, kSwapped}, Seconds(600), "", ", then `cutover restore-ttl`", false, true},
      {"watched and forgotten", {kLowered, kSwapped}, Seconds(5000), "standby ended", "overdue", true, true},
      {"never lowered", {kSwapped}, Seconds(300), "standby runs until", "`cutover watch`", false},
      {"never lowered, standby over", {kSwapped}, Seconds(5000), "standby ended", "no TTL was lowered", false, true},
      {"users are back",
       {kLowered, kSwapped, kRolledBack},
       Seconds(600),
       "rolled back",
       "`cutover restore-ttl`: users",
       false,
       true},
      {"back, never lowered", {kSwapped, kRolledBack}, Seconds(600), "rolled back", "nothing: users", false, true},
      {"finished", {kLowered, kSwapped, restored}, Seconds(600), "finished", "nothing", false}};
  for (const Row& row : rows) {
    INFO(row.what);
    History history = of(row.writes);
    if (row.watched) history.events = {turned};
    const Status status = status_of(plan, history, {{}}, kStart + row.after_start);
    CHECK(status.headline.find(row.headline) != std::string::npos);
    CHECK(status.next.find(row.next) != std::string::npos);
    CHECK(status.restore_overdue == row.overdue);
    if (row.watched) CHECK(status.next.find("cutover watch") == std::string::npos);
  }
}
