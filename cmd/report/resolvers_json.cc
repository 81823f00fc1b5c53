#include "cmd/report/resolvers_json.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

Json text(const std::string& value) { return value.empty() ? Json(nullptr) : Json(value); }

Json address(const std::optional<IpAddress>& value) { return value ? Json(value->text()) : Json(nullptr); }

/// Degrees as they were written: a float's own digits, not those of the nearest double.
Json degrees(float value) { return std::round(static_cast<double>(value) * 1e4) / 1e4; }

Json entry_json(const dnsprobe::CatalogueEntry& entry) {
  const auto ways = dnsprobe::transports_of(entry);
  Json out{{"operator", entry.operator_name}, {"service", entry.service}};
  out["tier"] = static_cast<int>(entry.tier);
  out["class"] = to_text(entry.access);
  out["resolver"] = dnsprobe::resolver_text(dnsprobe::resolver_of(entry, ways.front()));
  out["transports"] = Json::array();
  for (const dnsprobe::Transport transport : ways) out["transports"].push_back(to_text(transport));
  out["address_v4"] = address(entry.v4);
  out["address_v6"] = address(entry.v6);
  out["country"] = text(entry.country);
  const auto continent = dnsprobe::continent_of(entry.country);
  out["continent"] = continent ? Json(to_text(*continent)) : Json(nullptr);
  out["place"] = text(entry.place);
  out["latitude"] = entry.location ? degrees(entry.location->latitude) : Json(nullptr);
  out["longitude"] = entry.location ? degrees(entry.location->longitude) : Json(nullptr);
  out["asn"] = entry.asn == 0 ? Json(nullptr) : Json(entry.asn);
  out["anycast"] = entry.anycast;
  out["filtering"] = entry.filtering;
  out["dnssec"] = to_text(entry.dnssec);
  out["ecs"] = to_text(entry.ecs);
  out["tls_name"] = text(entry.tls_name);
  out["https_url"] = text(entry.https_url);
  out["verified"] = text(entry.verified);
  out["note"] = text(entry.note);
  return out;
}

Json health_json(const dnsprobe::Resolver& resolver, const dnsprobe::Health& health) {
  Json out{{"resolver", resolver.id}, {"operator", resolver.operator_name}};
  out["condition"] = to_text(health.condition);
  out["rtt_us"] = health.rtt ? Json(health.rtt->count()) : Json(nullptr);
  out["filters"] = to_text(health.filters);
  out["rewrites"] = to_text(health.rewrites);
  out["validates"] = to_text(health.validates);
  out["ttl_floor_s"] = health.ttl_floor ? Json(health.ttl_floor->count()) : Json(nullptr);
  out["checked"] = format_instant(health.checked);
  out["detail"] = health.detail;
  return out;
}

}  // namespace

std::string catalogue_as_json(const std::vector<dnsprobe::CatalogueEntry>& entries) {
  Json out{{"schema", 1}, {"resolvers", Json::array()}};
  for (const dnsprobe::CatalogueEntry& entry : entries) out["resolvers"].push_back(entry_json(entry));
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string catalogue_as_ndjson(const std::vector<dnsprobe::CatalogueEntry>& entries) {
  std::string out;
  for (const dnsprobe::CatalogueEntry& entry : entries) {
    Json line{{"schema", 1}};
    line.update(entry_json(entry));
    out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return out;
}

std::string import_as_json(const dnsprobe::ImportedList& list, const std::string& written) {
  Json out{{"schema", 1}, {"form", list.form}, {"list", written}, {"rows", list.rows}};
  out["taken"] = list.resolvers.size();
  out["duplicates"] = list.duplicates;
  out["not_spoken"] = list.left_out;
  out["bad_rows"] = list.bad_rows;
  out["bad"] = Json::array();
  for (const dnsprobe::BadRow& row : list.bad) out["bad"].push_back(Json{{"line", row.line}, {"why", row.why}});
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string health_as_json(const HealthReport& report) {
  Json out{{"schema", 1}, {"resolvers", Json::array()}};
  for (std::size_t i = 0; i < report.resolvers.size(); ++i)
    out["resolvers"].push_back(health_json(report.resolvers[i], report.health[i]));
  out["notes"] = report.notes;
  out["remembered"] = text(report.remembered);
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string health_as_ndjson(const HealthReport& report) {
  std::string out;
  for (std::size_t i = 0; i < report.resolvers.size(); ++i) {
    Json line{{"schema", 1}};
    line.update(health_json(report.resolvers[i], report.health[i]));
    out += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return out;
}

}  // namespace cutover
