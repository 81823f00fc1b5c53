#include "cmd/report/assess_json.h"

#include <nlohmann/json.hpp>

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

Json audits_json(const std::vector<Audit>& audits) {
  Json out = Json::array();
  for (const Audit& audit : audits)
    out.push_back(Json{{"id", audit.id}, {"severity", to_text(audit.severity)}, {"sentence", audit.sentence}});
  return out;
}

Json change_json(const FoundChange& found) {
  Json out{{"name", found.change.name.text()},
           {"type", to_text(found.change.type)},
           {"ttl_s", found.ttl.count()},
           {"from", found.change.from},
           {"to", found.change.to},
           {"notes", found.notes}};
  out["alarm"] = found.alarm.empty() ? Json(nullptr) : Json(found.alarm);
  return out;
}

Json zone_json(const AssessedZone& zone) {
  Json out{{"zone", zone.zone.text()},
           {"serial", zone.serial},
           {"record_sets", zone.record_sets},
           {"servers", zone.servers}};
  out["changes"] = Json::array();
  for (const FoundChange& found : zone.findings.changes) out["changes"].push_back(change_json(found));
  out["mentions"] = Json::array();
  for (const FoundMention& mention : zone.findings.mentions)
    out["mentions"].push_back(Json{{"mention", mention.text},
                                   {"reason", mention.reason},
                                   {"about", to_text(mention.about)},
                                   {"name", mention.key.name.text()},
                                   {"type", to_text(mention.key.type)}});
  out["followers"] = Json::array();
  for (const Follower& follower : zone.findings.followers)
    out["followers"].push_back(Json{{"name", follower.name.text()}, {"moving", follower.moving.text()}});
  out["audits"] = audits_json(zone.audits);
  return out;
}

}  // namespace

std::string render_assess_json(const AssessResult& result) {
  Json out{{"schema", 1}, {"command", "assess"}};
  out["plan_file"] = result.plan_file.empty() ? Json(nullptr) : Json(result.plan_file.string());
  out["zones"] = Json::array();
  for (const AssessedZone& zone : result.zones) out["zones"].push_back(zone_json(zone));
  out["audits"] = audits_json(result.audits);
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace cutover
