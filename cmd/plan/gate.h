#pragma once
#include <optional>
#include <string>
#include <vector>

#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"
#include "providers/capabilities.h"

namespace cutover {

/// Whether a phase may go on. Pure values from pure functions; `why` is one sentence for people.
struct Gate {
  std::string name;  ///< `ttl-drained`, `preflight-passed`, ...: what --override names
  bool open = false;
  std::optional<Instant> opens_at;  ///< when time alone will open it; empty: time alone will not
  std::string why;
  bool overridden = false;
  /// A clean resolver sweep of these zones (Journal::record_resolver_sweep) would open it, or open it sooner.
  std::vector<DomainName> wants_resolver_sweep{};
  /// A further sweep of these zones' authoritative servers would move it on: two clean ones in a row are wanted.
  std::vector<DomainName> wants_authority_sweep{};
};

/// What the drain gate needs to know beside plan and history, per zone in plan order.
struct DrainFacts {
  providers::ChangeSignal signal = providers::ChangeSignal::kServing;
  Seconds settle_time{};
  Seconds ttl_floor{};  ///< the least that the provider can set and the plan wants: a set counts as low at that TTL
};

/// How long after all addresses were seen to serve a change every site of theirs does: the plan's word, and the
/// provider's where success of a write does not prove that it is served.
Seconds settle_time(const ZonePlan& zone, const DrainFacts& facts);

/// Opens at the latest, over the record sets that the swap changes, of t0 + old TTL. drain.cc tells the whole rule.
Gate ttl_drained(const Plan& plan, const History& history, const std::vector<DrainFacts>& facts, Instant now);
/// A passed preflight with this plan hash, not older than `max_age`.
Gate preflight_passed(const Plan& plan, const History& history, Seconds max_age, Instant now);
/// The last sweep of every zone: every address answers, AA, the same serial, and per record set the values that
/// `from` names everywhere, or those of `to` everywhere (an earlier wave).
Gate authoritative_in_sync(const Plan& plan, const History& history);
/// Live record sets against what the plan or the journal expects: one entry per drifted set.
struct Drift {
  RecordKey key;
  std::string expected;
  std::string found;
};
Gate no_drift(const std::vector<Drift>& drift);
/// What a provider says that it cannot make of the changes, a sentence each.
Gate provider_carries(const std::vector<std::string>& refusals);
/// A larger difference of the clocks closes every time gate.
inline constexpr Seconds kMostSkew{5};
/// `skew`: the largest clock difference seen against TSIG or HTTP Date; over 5 s closes every time gate.
Gate clock_agrees(std::optional<Span> skew);
/// Closes every gate that compares instants when the clock gate is closed: their answers mean nothing then.
void close_time_gates(std::vector<Gate>& gates);
/// Inside the plan's window; open when it has none.
Gate within_window(const Plan& plan, Instant now);
/// Every mention that `assess` recorded has an `ack` (or has gone from the plan).
Gate mentions_acknowledged(const Plan& plan);
/// A HTTPS/SVCB record with `ech` among the changes needs the plan's word that the new side holds the key.
Gate ech_key_held(const Plan& plan);
/// The journal has a baseline of every endpoint of the old side; nullopt where the plan does not ask for one.
std::optional<Gate> baseline_recorded(const Plan& plan, const History& history);
inline constexpr std::string_view kRetireFrom = "retire-from";  ///< event of a watch: an instant as its text
/// When the old side may go, a gate for each condition: `bound-passed` (no cache that honours TTLs, and none that was
/// seen, gives the old answer), `standby-over`, `ttl-restored`. The old side's own request rate is told by the plan's
/// gates with `before: retire`, which the caller appends. Closed where nothing is swapped.
std::vector<Gate> retire_gates(const Plan& plan, const History& history, Instant now);
/// When standby of the swap in force ends; nullopt: nothing is swapped, or it was never seen served everywhere.
std::optional<Instant> standby_end(const Plan& plan, const History& history);

}  // namespace cutover
