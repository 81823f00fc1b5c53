#include "cmd/phases/way_back.h"

#include "cmd/plan/snapshot.h"

namespace cutover {

Result<std::vector<std::filesystem::path>> save_way_back(Cutover& cutover, Phase phase, std::int64_t write,
                                                         const std::vector<ChangeSet>& changes) {
  std::vector<providers::InverseScript> scripts;
  for (const ZoneAtWork& zone : cutover.zones) {
    for (const ChangeSet& set : changes) {
      if (set.zone != zone.plan->zone || set.empty()) continue;
      auto script = zone.provider->inverse_script(rollback_of(set));
      if (!script) return within("the way back of " + set.zone.text(), script.error());
      scripts.push_back(std::move(*script));
    }
  }
  auto saved = write_way_back(cutover.plan, phase, write, cutover.clock.now(), changes, scripts);
  if (!saved) return saved.error();
  for (const std::string& note : saved->notes) cutover.log(note);
  // Whoever is told of a path may stand in another folder.
  for (std::filesystem::path& path : saved->paths) path = std::filesystem::absolute(path);
  return std::move(saved->paths);
}

}  // namespace cutover
