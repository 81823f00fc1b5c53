#include "cmd/report/monitor_json.h"

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json, int indent) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

Json of(const Quantiles& took) {
  return {{"p50_us", took.p50.count()}, {"p95_us", took.p95.count()}, {"p99_us", took.p99.count()}};
}

Json of(const Check& check) {
  return {{"id", check.id},
          {"severity", to_text(check.severity)},
          {"verdict", to_text(check.verdict)},
          {"name", check.name ? Json(check.name->host()) : Json(nullptr)},
          {"endpoint", check.endpoint ? Json(check.endpoint->text()) : Json(nullptr)},
          {"summary", check.summary},
          {"evidence", check.evidence},
          {"advice", check.advice}};
}

Json of(const Gate& gate) {
  return {{"name", gate.name},
          {"open", gate.open},
          {"opens_at", gate.opens_at ? Json(format_instant_ms(*gate.opens_at)) : Json(nullptr)},
          {"why", gate.why}};
}

Json of(const Watchdog::Standing& one) {
  return {{"name", one.name.host()},  {"endpoint", one.endpoint.text()},
          {"path", one.path},         {"asked", one.asked},
          {"answered", one.answered}, {"http_errors", one.http_errors},
          {"took", of(one.took)},     {"baseline", one.baseline ? of(*one.baseline) : Json(nullptr)}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
  Json out = Json::array();
  for (const T& value : values) out.push_back(of(value));
  return out;
}

Json of(const MonitorReport& report) {
  return {{"at", format_instant_ms(report.at)},
          {"until", format_instant_ms(report.until)},
          {"rounds", report.rounds},
          {"summary", report.summary},
          {"endpoints", list_of(report.standings)},
          {"checks", list_of(report.checks)},
          {"retire", list_of(report.retire)}};
}

Json end_of(const MonitorResult& result) {
  Json json{{"schema", 1},
            {"command", "monitor"},
            {"kind", "end"},
            {"exit", static_cast<int>(result.exit)},
            {"headline", result.headline},
            {"broken", list_of(result.broken)},
            {"notes", result.notes},
            {"next", result.next}};
  json["last"] = of(result.last);
  return json;
}

}  // namespace

std::string monitor_minute_ndjson(const MonitorReport& report) {
  Json json{{"schema", 1}, {"command", "monitor"}, {"kind", "minute"}};
  json.update(of(report));
  return dump(json, -1);
}

std::string monitor_end_ndjson(const MonitorResult& result) { return dump(end_of(result), -1); }
std::string monitor_as_json(const MonitorResult& result) { return dump(end_of(result), 2); }

std::string baseline_as_json(const BaselineResult& result) {
  Json entries = Json::array();
  for (const BaselineEntry& entry : result.entries)
    entries.push_back(Json{{"name", entry.name.host()},
                           {"port", entry.port},
                           {"family", entry.family == Family::kV4 ? 4 : 6},
                           {"path", entry.path},
                           {"asked", entry.asked},
                           {"answered", entry.answered},
                           {"took", of(entry.took)},
                           {"status", entry.status},
                           {"body_sha256", entry.body_hash}});
  return dump(Json{{"schema", 1},
                   {"command", "baseline"},
                   {"exit", static_cast<int>(result.exit)},
                   {"headline", result.headline},
                   {"entries", std::move(entries)},
                   {"notes", result.notes},
                   {"next", result.next}},
              2);
}

}  // namespace cutover
