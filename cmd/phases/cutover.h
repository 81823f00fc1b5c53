#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cmd/exit_code.h"
#include "cmd/notify/notice.h"
#include "cmd/plan/gate.h"
#include "cmd/plan/journal.h"
#include "cmd/plan/plan.h"
#include "core/change_set.h"
#include "net/authority.h"
#include "net/loop.h"
#include "providers/provider.h"

namespace cutover {

/// How a phase tells what it is doing and asks whether to go on. Phases never print.
struct Telling {
  std::function<void(const std::string&)> log;      ///< progress, for the log
  std::function<bool(const std::string&)> confirm;  ///< one question; false: no
  std::function<void(const Notice&)> notify{};      ///< for people elsewhere; never waits
};

/// One zone of the plan, ready to be worked on.
struct ZoneAtWork {
  const ZonePlan* plan = nullptr;
  std::unique_ptr<providers::Provider> provider;
  net::Delegation delegation;
  Seconds low_ttl{};  ///< the plan's low TTL, or the next above it that the provider can set
};

/// Everything a phase works with. Borrowed parts outlive it.
struct Cutover {
  const Plan& plan;
  Journal& journal;
  net::Loop& loop;
  const Clock& clock;
  Telling telling;
  std::function<bool()> stop;  ///< true once the person pressed Ctrl-C
  std::vector<ZoneAtWork> zones;

  void log(const std::string& line) const {
    if (telling.log) telling.log(line);
  }
  void notify(NoticeEvent event, std::string title, std::string text, std::string next) const {
    if (telling.notify)
      telling.notify({clock.now(), event, plan.name, std::move(title), std::move(text), std::move(next)});
  }
};

/// How the program looks names up for itself under this plan.
net::LookupOptions lookup_of(const Plan& plan);

/// Makes the providers and finds the authoritative servers of every zone of the plan. `tell` hears of what takes long.
Result<std::vector<ZoneAtWork>> open_zones(const Plan& plan, net::Loop& loop, const Clock& clock,
                                           const std::function<void(const std::string&)>& tell = {});

/// What the drain gate needs to know of the providers, in plan order.
std::vector<DrainFacts> drain_facts(const std::vector<ZoneAtWork>& zones);
/// The same without a zone open, for those who only look: making a provider may want credentials that this person does
/// not have, and then the most careful assumption stands.
std::vector<DrainFacts> careful_drain_facts(const Plan& plan, const Clock& clock);

/// Sleeps real time while the loop runs.
void pause(net::Loop& loop, std::chrono::milliseconds real);

/// The keys of the record sets that the plan changes in one zone.
std::vector<RecordKey> planned_keys(const ZonePlan& zone);
/// The set that the plan wants before (`from`) or after (`to`) at `ttl`; nullopt when that side is empty.
std::optional<RecordSet> planned_from(const PlannedChange& change, Seconds ttl);
std::optional<RecordSet> planned_to(const PlannedChange& change, Seconds ttl);

}  // namespace cutover
