#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/plan/audit.h"
#include "cmd/plan/mention.h"
#include "cmd/plan/plan.h"

namespace cutover {

/// One zone of a plan that is about to be written.
struct DraftZone {
  DomainName zone;
  providers::ProviderConfig provider;
  std::vector<Endpoint> authoritative;
  std::string view;
  std::uint32_t serial = 0;  ///< of the zone that was looked at
  std::size_t record_sets = 0;
  Findings findings;
  std::vector<Audit> audits;
};

/// What `assess` knows and a plan file can say.
struct PlanDraft {
  std::string name;
  Instant made{};
  Seconds during{60};
  std::vector<Endpoint> lookup;
  std::vector<DraftZone> zones;  ///< those without a change are spoken of in a comment
  std::vector<Audit> audits;     ///< of no single zone
};

/// The plan file, commented for the person who reviews it: every change with what it is and its TTL, every
/// mention with its reason and, commented out, the `ack` it waits for. parse_plan() reads it back to the
/// same changes and mentions. Text from the zone cannot break out of its place in the file.
std::string write_plan(const PlanDraft& draft);

/// A YAML flow scalar: plain where that is safe, else in double quotes. `text` may hold anything.
std::string yaml_scalar(std::string_view text);

}  // namespace cutover
