#pragma once
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cmd/phases/cutover.h"

namespace cutover {

/// What a person may say to a writing command.
struct PhaseOptions {
  enum class Consent { kAsk, kGiven } consent = Consent::kAsk;
  enum class AtClosedGate { kStop, kWait } at_closed_gate = AtClosedGate::kStop;
  enum class Unfinished { kRefuse, kResume } unfinished = Unfinished::kRefuse;
  enum class Drifted { kRefuse, kSkip } drifted = Drifted::kRefuse;
  std::vector<std::pair<std::string, std::string>> overrides;  ///< gate name, reason
  std::optional<std::string> plan_hash;                        ///< the hash that was reviewed
  std::filesystem::path from_snapshot;  ///< rollback: what to undo, instead of the journal; empty: the journal
  std::vector<DomainName> only;         ///< a first wave; empty: everything
  Seconds sync_timeout{120};            ///< how long to wait for the authoritative servers
  /// Checks made right before a write and shown with it: targets that are names (swap), the old
  /// side's health and certificate (rollback). Empty: none.
  std::function<std::vector<Check>(const std::vector<ChangeSet>&)> last_look;
};

/// How a writing command ended, as data for every renderer.
struct PhaseResult {
  Phase phase = Phase::kSwap;
  ExitCode exit = ExitCode::kDone;
  std::string headline;            ///< one sentence
  std::vector<std::string> notes;  ///< what else is worth knowing, a sentence each
  std::vector<Gate> gates;
  std::vector<Check> checks;
  std::vector<ChangeSet> changes;               ///< what was (or would be) written
  std::vector<std::filesystem::path> way_back;  ///< paths of the snapshot and the scripts
  std::optional<Instant> served_at;             ///< every authoritative address serves it since
  std::optional<Instant> opens_at;              ///< when the closed gates open by time alone
  std::optional<Instant> bound;                 ///< no cache that honours TTLs holds the old answer after this
  std::string next;                             ///< what to do now
};

/// Lowers the TTL of every record set that the swap will change; values stay as they are.
Result<PhaseResult> lower_ttl(Cutover& cutover, const PhaseOptions& options);
/// The change itself, behind its gates.
Result<PhaseResult> swap(Cutover& cutover, const PhaseOptions& options);
/// The inverse of what swaps have done, from the journal alone.
Result<PhaseResult> rollback(Cutover& cutover, const PhaseOptions& options);
/// Puts the original TTLs back.
Result<PhaseResult> restore_ttl(Cutover& cutover, const PhaseOptions& options);

/// The gates before a swap, from plan, journal and a fresh look at the live zone. Nothing is written to DNS.
struct SwapView {
  std::vector<ChangeSet> changes;  ///< per zone, in plan order: what is still to be done
  std::vector<Gate> gates;
  std::size_t already_in_place = 0;
  std::size_t for_later = 0;  ///< record sets outside this wave (`only`) that are not yet what the plan wants
  std::vector<std::string> notes;
};
Result<SwapView> view_swap(Cutover& cutover, const PhaseOptions& options);

/// The latest instant among closed gates, when time alone opens all of them.
std::optional<Instant> opening(const std::vector<Gate>& gates);
bool all_open(const std::vector<Gate>& gates);

/// How old a preflight may be when `swap` relies on it.
inline constexpr Seconds kPreflightMaxAge{24 * 3600};

}  // namespace cutover
