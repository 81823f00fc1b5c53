#include "cmd/report/checks_json.h"

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const Check& check) {
  Json json;
  json["id"] = check.id;
  json["verdict"] = to_text(check.verdict);
  json["severity"] = to_text(check.severity);
  json["name"] = check.name ? Json(check.name->host()) : Json(nullptr);
  json["address"] = check.endpoint ? Json(check.endpoint->address.text()) : Json(nullptr);
  json["port"] = check.endpoint ? Json(check.endpoint->port) : Json(nullptr);
  json["summary"] = check.summary;
  json["evidence"] = check.evidence;
  json["advice"] = check.advice;
  return json;
}

}  // namespace

std::string checks_as_json(const CheckReport& report) {
  Json json;
  json["schema"] = 1;
  json["kind"] = "checks";
  json["title"] = report.title;
  json["at"] = format_instant_ms(report.at);
  json["root_store"] = report.root_store;
  json["headline"] = report.headline;
  json["failed"] = any_failed(report.checks, Severity::kError);
  json["undecided"] = any_undecided(report.checks);
  json["checks"] = Json::array();
  for (const auto& check : report.checks) json["checks"].push_back(to_json(check));
  json["next"] = report.next;
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cutover
