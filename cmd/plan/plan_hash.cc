#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cmd/plan/digest.h"
#include "cmd/plan/plan_checks.h"

namespace cutover {
namespace {

// Keys of this kind of object are sorted, so that the text is the same wherever it is made.
using Json = nlohmann::json;

template <class T, class F>
Json list_of(const std::vector<T>& values, F&& one) {
  Json json = Json::array();
  for (const T& value : values) json.push_back(one(value));
  return json;
}

template <class T>
Json texts_of(const std::vector<T>& values) {
  return list_of(values, [](const T& value) { return value.text(); });
}

Json maybe(const std::optional<double>& value) { return value ? Json(*value) : Json(nullptr); }

Json from_change(const PlannedChange& change) {
  Json json{{"name", change.name.text()}, {"type", to_text(change.type)}, {"from", change.from}, {"to", change.to}};
  if (change.proxied) json["proxied"] = true;
  return json;
}

Json from_zone(const ZonePlan& zone) {
  auto changes = zone.changes;
  std::stable_sort(changes.begin(), changes.end(), [](const auto& a, const auto& b) { return a.key() < b.key(); });
  Json json{{"zone", zone.zone.text()},
            {"provider", {{"type", zone.provider.type}, {"options", zone.provider.options}}},
            {"authoritative", texts_of(zone.authoritative)},
            {"view", zone.view},
            {"changes", list_of(changes, from_change)}};
  if (zone.settle > Seconds(0)) json["settle_s"] = zone.settle.count();
  return json;
}

Json from_endpoint(const EndpointPlan& endpoint) {
  Json json{{"names", texts_of(endpoint.names)},
            {"port", endpoint.port},
            {"starttls", endpoint.starttls},
            {"old", texts_of(endpoint.old_addresses)},
            {"new", texts_of(endpoint.new_addresses)}};
  if (endpoint.http) json["http"] = {{"path", endpoint.http->path}, {"expect", endpoint.http->status}};
  if (endpoint.http && !endpoint.http->body.empty()) json["http"]["body"] = endpoint.http->body;
  return json;
}

Json from_gate(const ExternalGate& gate) {
  return {{"name", gate.name},       {"before", static_cast<int>(gate.before)},
          {"run", gate.run},         {"url", gate.url},
          {"pointer", gate.pointer}, {"min", maybe(gate.min)},
          {"max", maybe(gate.max)},  {"timeout_s", gate.timeout.count()}};
}

Json from_notify(const NotifyPlan& notify) {
  Json json{{"webhook", notify.webhook}, {"events", notify.events}};
  if (!notify.form.empty()) json["form"] = notify.form;
  if (!notify.run.empty()) json["run"] = notify.run;
  return json;
}

Json from_monitor(const MonitorPlan& monitor) {
  return {{"every_s", monitor.every.count()}, {"for_s", monitor.duration.count()},
          {"latency", monitor.latency},       {"sustained_s", monitor.sustained.count()},
          {"errors", monitor.errors},         {"baseline_required", monitor.baseline_required}};
}

Json from_plan(const Plan& plan) {
  auto zones = plan.zones;
  std::stable_sort(zones.begin(), zones.end(), [](const auto& a, const auto& b) { return a.zone < b.zone; });
  Json json{{"version", plan.version},
            {"name", plan.name},
            {"zones", list_of(zones, from_zone)},
            {"ttl",
             {{"during_s", plan.ttl.during.count()},
              {"before_s", plan.ttl.before ? Json(plan.ttl.before->count()) : Json(nullptr)}}},
            {"approve", plan.approve},
            {"endpoints", list_of(plan.endpoints, from_endpoint)},
            {"watch",
             {{"resolvers", plan.watch.resolvers},
              {"must", plan.watch.must},
              {"quorum_resolvers", plan.watch.quorum_resolvers},
              {"quorum_operators", plan.watch.quorum_operators},
              {"samples", plan.watch.samples},
              {"give_up_s", plan.watch.give_up.count()}}},
            {"standby_s", plan.standby.count()},
            {"mentions", list_of(plan.mentions,
                                 [](const Mention& m) {
                                   return Json{{"mention", m.text}, {"reason", m.reason}};
                                 })},
            {"acks", list_of(plan.acks,
                             [](const Ack& a) {
                               return Json{{"mention", a.mention}, {"why", a.why}};
                             })},
            {"gates", list_of(plan.gates, from_gate)},
            {"notify", list_of(plan.notify, from_notify)},
            {"lookup", texts_of(plan.lookup)},
            {"ech", plan.new_side_holds_ech_key}};
  if (!plan.abort.empty()) json["abort"] = plan.abort;
  if (plan.monitor != MonitorPlan{}) json["monitor"] = from_monitor(plan.monitor);
  if (plan.window)
    json["window_us"] = {plan.window->opens.time_since_epoch().count(), plan.window->closes.time_since_epoch().count()};
  return json;
}

}  // namespace

std::string hash_of(const Plan& plan) {
  return sha256_hex(from_plan(plan).dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace cutover
