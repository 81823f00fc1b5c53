#include "cmd/report/plan_text.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cmd/report/phase_text.h"
#include "core/codec.h"
#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

std::string timeline_as_text(const std::vector<TimelineEntry>& timeline, Instant now) {
  std::string out;
  for (const TimelineEntry& entry : timeline) {
    std::string when(20, ' ');
    if (entry.at) when = entry.done ? format_instant(*entry.at) : format_opening(*entry.at);
    const std::string ahead =
        entry.at && !entry.done && *entry.at > now ? fmt::format(" (in {})", format_duration(*entry.at - now)) : "";
    out += fmt::format("  {} {} {}{}\n", entry.done ? "done" : "    ", when, printable(entry.what), ahead);
  }
  return out;
}

Json instant(const std::optional<Instant>& at) { return at ? Json(format_instant_ms(*at)) : Json(nullptr); }

Json gates_as_json(const std::vector<Gate>& gates) {
  Json out = Json::array();
  for (const Gate& gate : gates)
    out.push_back(
        Json{{"name", gate.name}, {"open", gate.open}, {"opens_at", instant(gate.opens_at)}, {"why", gate.why}});
  return out;
}

Json timeline_as_json(const std::vector<TimelineEntry>& timeline) {
  Json out = Json::array();
  for (const TimelineEntry& entry : timeline)
    out.push_back(Json{{"at", instant(entry.at)}, {"done", entry.done}, {"what", entry.what}});
  return out;
}

std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string plan_as_text(const PlanView& view, Instant now) {
  std::string out = fmt::format("plan {}  hash {}\n", printable(view.name), view.hash.substr(0, 16));
  std::size_t pending = 0;
  for (const ChangeSet& set : view.changes) {
    if (set.empty()) continue;
    pending += set.changes.size();
    out += fmt::format("zone {}\n", set.zone.text());
    for (const std::string& line : diff_lines(set)) out += "  " + line + "\n";
  }
  out += pending == 0 ? fmt::format("no change is pending; {} in place\n", counted(view.already_in_place, "record set"))
                      : fmt::format("{} pending, {} in place, {} still to be lowered\n", counted(pending, "change"),
                                    view.already_in_place, counted(view.ttl_changes, "TTL"));
  out += "timeline\n" + timeline_as_text(view.timeline, now);
  out += "gates before the swap\n" + gates_as_text(view.gates, now);
  if (!view.risks.empty()) out += "risks\n";
  for (const std::string& risk : view.risks) out += "  " + printable(risk) + "\n";
  for (const std::string& note : view.notes) out += "note: " + printable(note) + "\n";
  return out;
}

std::string status_as_text(const Status& status, const Plan& plan, Instant now) {
  std::string out = fmt::format("{}: {}\n", printable(plan.name), printable(status.headline));
  out += timeline_as_text(status.timeline, now);
  if (!status.gates.empty()) out += "gates before the swap\n" + gates_as_text(status.gates, now);
  if (!status.retire.empty()) out += "before the old side is retired\n" + gates_as_text(status.retire, now);
  return out + fmt::format("next: {}\n", status.next);
}

std::string plan_as_json(const PlanView& view) {
  Json json{{"schema", 1},
            {"command", "plan"},
            {"exit", static_cast<int>(view.exit)},
            {"name", view.name},
            {"hash", view.hash}};
  json["changes"] = Json::array();
  for (const ChangeSet& set : view.changes)
    if (!set.empty()) json["changes"].push_back(Json::parse(to_json(set)));
  json["already_in_place"] = view.already_in_place;
  json["ttl_changes"] = view.ttl_changes;
  json["timeline"] = timeline_as_json(view.timeline);
  json["gates"] = gates_as_json(view.gates);
  json["risks"] = view.risks;
  json["notes"] = view.notes;
  return dump(json);
}

std::string status_as_json(const Status& status, const Plan& plan) {
  return dump(Json{{"schema", 1},
                   {"command", "status"},
                   {"name", plan.name},
                   {"headline", status.headline},
                   {"timeline", timeline_as_json(status.timeline)},
                   {"gates", gates_as_json(status.gates)},
                   {"retire", gates_as_json(status.retire)},
                   {"next", status.next},
                   {"restore_overdue", status.restore_overdue}});
}

}  // namespace cutover
