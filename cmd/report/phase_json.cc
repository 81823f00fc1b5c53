#include "cmd/report/phase_json.h"

#include <nlohmann/json.hpp>

#include "core/codec.h"
#include "core/text.h"

namespace cutover {

std::string phase_as_json(const PhaseResult& result) {
  using Json = nlohmann::ordered_json;
  const auto instant = [](const std::optional<Instant>& at) {
    return at ? Json(format_instant_ms(*at)) : Json(nullptr);
  };
  Json json{{"schema", 1},
            {"command", to_text(result.phase)},
            {"exit", static_cast<int>(result.exit)},
            {"headline", result.headline}};
  json["gates"] = Json::array();
  for (const Gate& gate : result.gates)
    json["gates"].push_back(Json{{"name", gate.name},
                                 {"open", gate.open},
                                 {"overridden", gate.overridden},
                                 {"opens_at", instant(gate.opens_at)},
                                 {"why", gate.why}});
  json["changes"] = Json::array();
  for (const ChangeSet& set : result.changes)
    if (!set.empty()) json["changes"].push_back(Json::parse(to_json(set)));
  json["checks"] = Json::array();
  for (const Check& check : result.checks)
    json["checks"].push_back(Json{{"id", check.id},
                                  {"severity", to_text(check.severity)},
                                  {"verdict", to_text(check.verdict)},
                                  {"name", check.name ? Json(check.name->text()) : Json(nullptr)},
                                  {"endpoint", check.endpoint ? Json(check.endpoint->text()) : Json(nullptr)},
                                  {"summary", check.summary}});
  json["notes"] = result.notes;
  json["way_back"] = Json::array();
  for (const auto& path : result.way_back) json["way_back"].push_back(path.string());
  json["served_at"] = instant(result.served_at);
  json["opens_at"] = instant(result.opens_at);
  json["bound"] = instant(result.bound);
  json["next"] = result.next;
  return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cutover
