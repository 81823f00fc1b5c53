#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "cmd/plan/plan_checks.h"
#include "core/text.h"

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
  return json;
}

Json from_gate(const ExternalGate& gate) {
  return {{"name", gate.name},       {"before", static_cast<int>(gate.before)},
          {"run", gate.run},         {"url", gate.url},
          {"pointer", gate.pointer}, {"min", maybe(gate.min)},
          {"max", maybe(gate.max)},  {"timeout_s", gate.timeout.count()}};
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
            {"notify", list_of(plan.notify,
                               [](const NotifyPlan& n) {
                                 return Json{{"webhook", n.webhook}, {"events", n.events}};
                               })},
            {"lookup", texts_of(plan.lookup)},
            {"ech", plan.new_side_holds_ech_key}};
  if (!plan.abort.empty()) json["abort"] = plan.abort;
  if (plan.window)
    json["window_us"] = {plan.window->opens.time_since_epoch().count(), plan.window->closes.time_since_epoch().count()};
  return json;
}

}  // namespace

std::string hash_of(const Plan& plan) {
  const std::string text = from_plan(plan).dump(-1, ' ', true, Json::error_handler_t::replace);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return to_hex(std::string_view(reinterpret_cast<const char*>(digest.data()), length));
}

}  // namespace cutover
