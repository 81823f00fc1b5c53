#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cmd/plan/audit.h"
#include "cmd/plan/mapping.h"
#include "cmd/plan/mention.h"
#include "net/authority.h"
#include "net/loop.h"
#include "providers/provider.h"

namespace cutover {

/// One zone to look into.
struct AssessZone {
  DomainName zone;
  /// What the plan will say about the provider. Relative paths in it start at the plan file's folder,
  /// as they will when the plan is read; `base_folder` is set from there.
  providers::ProviderConfig provider;
  /// Read instead of the provider's zone, which is then not asked.
  std::optional<std::filesystem::path> zone_file;
  std::vector<Endpoint> authoritative;  ///< empty: the delegation is walked
  std::string view;                     ///< names the view of a split horizon; empty: a split horizon is refused
};

struct AssessRequest {
  std::vector<AssessZone> zones;
  Mapping mapping;
  std::string plan_name;  ///< empty: made from the first zone and the date
  std::filesystem::path output = "cutover.yaml";
  enum class Existing { kKeep, kReplace } existing = Existing::kKeep;
  /// kSkip: a zone file without its servers (nothing is compared, and the audits say so).
  enum class Servers { kAsk, kSkip } servers = Servers::kAsk;
  Seconds during{60};
  std::vector<Endpoint> lookup;
};

struct AssessedZone {
  DomainName zone;
  std::uint32_t serial = 0;
  std::size_t record_sets = 0;
  std::size_t servers = 0;  ///< authoritative addresses asked
  Findings findings;
  std::vector<Audit> audits;
};

struct AssessResult {
  std::vector<AssessedZone> zones;
  std::vector<Audit> audits;        ///< of no single zone
  std::string plan_text;            ///< empty: no record set changes, so there is no plan
  std::filesystem::path plan_file;  ///< where it was written; empty: nowhere
  std::size_t changes() const;
  std::size_t mentions() const;
};

/// Reads the zones, sweeps them for the old side, compares them with what their authoritative servers answer,
/// audits, and writes the plan file whole or not at all. Changes nothing in DNS.
/// kConflict: the servers answer something else than the provider holds (split horizon, or a change that is
/// still on its way): the sentence lists the first differences and what to set. kUsage: the plan file exists.
/// kNetwork: no authoritative server answered.
Result<AssessResult> assess(net::Loop& loop, const Clock& clock, const AssessRequest& request);

}  // namespace cutover
