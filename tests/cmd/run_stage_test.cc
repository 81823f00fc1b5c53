#include "cmd/plan/run_stage.h"

#include <catch2/catch.hpp>

using namespace cutover;
using namespace std::chrono_literals;

namespace {

const Instant kStart = Instant(std::chrono::seconds(1'790'000'000));

DomainName zone() { return *DomainName::from_text("example.com"); }

ChangeSet changes() {
  const DomainName www = *DomainName::from_text("www.example.com");
  const RecordSet before{www, RecordType::kA, Seconds(60), {"192.0.2.1"}};
  const RecordSet after{www, RecordType::kA, Seconds(60), {"192.0.2.2"}};
  return {zone(), {Change{before.key(), before, after}}, std::nullopt, std::nullopt};
}

Plan plan() {
  Plan plan;
  ZonePlan zone_plan;
  zone_plan.zone = zone();
  PlannedChange change;
  change.name = *DomainName::from_text("www.example.com");
  change.from = {"192.0.2.1"};
  change.to = {"192.0.2.2"};
  zone_plan.changes = {change};
  plan.zones = {zone_plan};
  ExternalGate gate;
  gate.name = "lag";
  plan.gates = {gate};
  return plan;
}

/// What happened, a minute apart.
class Past {
 public:
  Past& write(Phase phase, WriteState state) {
    WriteRecord record;
    record.id = static_cast<std::int64_t>(history.writes.size()) + 1;
    record.phase = phase;
    record.started = next();
    if (state != WriteState::kOpen) record.ended = record.started + Seconds(1);
    record.state = state;
    record.changes = {changes()};
    history.writes.push_back(std::move(record));
    return *this;
  }
  Past& converged() {
    history.events.push_back({next(), Phase::kWatch, "converged", ""});
    return *this;
  }
  RunStage stage() const { return run_stage(plan(), history); }

 private:
  Instant next() { return kStart + Seconds(60 * ++moments_); }
  History history;
  int moments_ = 0;
};

constexpr auto kDone = WriteState::kDone;

}  // namespace

TEST_CASE("a run finds its place in the journal") {
  CHECK(Past().stage() == RunStage::kLowerTtl);
  CHECK(Past().write(Phase::kLowerTtl, WriteState::kOpen).stage() == RunStage::kLowerTtl);
  CHECK(Past().write(Phase::kLowerTtl, kDone).stage() == RunStage::kToSwap);
  CHECK(Past().write(Phase::kLowerTtl, kDone).write(Phase::kSwap, WriteState::kPartial).stage() == RunStage::kToSwap);
  CHECK(Past().write(Phase::kLowerTtl, kDone).write(Phase::kSwap, WriteState::kOpen).stage() == RunStage::kToSwap);
  CHECK(Past().write(Phase::kSwap, kDone).stage() == RunStage::kWatch);
  CHECK(Past().write(Phase::kSwap, kDone).converged().stage() == RunStage::kStandby);
  CHECK(Past().write(Phase::kSwap, kDone).converged().write(Phase::kRestoreTtl, WriteState::kOpen).stage() ==
        RunStage::kRestoreTtl);
  CHECK(Past().write(Phase::kSwap, kDone).converged().write(Phase::kRestoreTtl, kDone).stage() == RunStage::kFinished);
}

TEST_CASE("what converged before the swap does not count for it") {
  CHECK(Past().converged().write(Phase::kSwap, kDone).stage() == RunStage::kWatch);
}

TEST_CASE("after a rollback a run brings users back and restores the TTLs") {
  CHECK(Past().write(Phase::kSwap, kDone).write(Phase::kRollback, WriteState::kPartial).stage() ==
        RunStage::kWatchRollback);
  CHECK(Past().write(Phase::kSwap, kDone).write(Phase::kRollback, kDone).stage() == RunStage::kWatchRollback);
  CHECK(Past().write(Phase::kSwap, kDone).write(Phase::kRollback, kDone).converged().stage() ==
        RunStage::kRestoreAfterRollback);
  CHECK(Past()
            .write(Phase::kSwap, kDone)
            .write(Phase::kRollback, kDone)
            .converged()
            .write(Phase::kRestoreTtl, kDone)
            .stage() == RunStage::kFinished);
}

TEST_CASE("which gates are waited for") {
  const auto at = [](const char* name, bool by_time = false) {
    Gate gate;
    gate.name = name;
    if (by_time) gate.opens_at = kStart;
    return at_gate(gate, plan());
  };
  CHECK(at("ttl-drained", true) == AtGate::kWaitUntil);
  CHECK(at("within-window", true) == AtGate::kWaitUntil);
  CHECK(at("within-window") == AtGate::kNeedsAPerson);
  CHECK(at("ttl-drained") == AtGate::kLookAgain);
  CHECK(at("lag") == AtGate::kLookAgain);
  CHECK(at("authoritative-in-sync") == AtGate::kLookAgain);
  CHECK(at("preflight-passed") == AtGate::kPreflight);
  CHECK(at("no-drift") == AtGate::kNeedsAPerson);
  CHECK(at("provider-carries") == AtGate::kNeedsAPerson);
}
