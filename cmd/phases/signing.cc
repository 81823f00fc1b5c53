#include "cmd/phases/signing.h"

#include "cmd/plan/authority_audit.h"

namespace cutover {

std::vector<std::string> signing_risks(Cutover& cutover) {
  std::vector<std::string> risks;
  for (const ZoneAtWork& zone : cutover.zones) {
    if (net::anchor_of(zone.delegation).kind == net::TrustAnchor::Kind::kNone) continue;  // nobody validates it
    const auto judgements = net::validate_authority(cutover.loop, cutover.clock, zone.delegation, zone.plan->zone,
                                                    planned_keys(*zone.plan));
    for (std::string& sentence :
         signing_troubles(zone.plan->zone, zone.delegation, judgements, cutover.clock.now(), cutover.plan.standby))
      risks.push_back(std::move(sentence));
  }
  return risks;
}

}  // namespace cutover
