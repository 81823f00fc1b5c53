#include "cmd/report/story_json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

Json text(std::string_view untrusted) { return printable(untrusted); }
Json instant(const std::optional<Instant>& at) { return at ? Json(format_instant_ms(*at)) : Json(nullptr); }

Json values(const std::optional<RecordSet>& set) {
  if (!set) return nullptr;
  Json json{{"ttl_s", set->ttl.count()}, {"values", Json::array()}};
  for (const std::string& each : set->rdata) json["values"].push_back(text(each));
  return json;
}

/// An object for each of `all`, by `one`.
template <class T, class F>
Json list(const std::vector<T>& all, F&& one) {
  Json json = Json::array();
  for (const T& each : all) json.push_back(one(each));
  return json;
}

Json phase_json(const StoryPhase& phase) {
  return Json{{"phase", to_text(phase.phase)}, {"of", phase.of ? Json(to_text(*phase.of)) : Json(nullptr)},
              {"state", to_text(phase.state)}, {"started", instant(phase.started)},
              {"ended", instant(phase.ended)}, {"text", text(phase.text)}};
}

Json gate_json(const Gate& gate) {
  return Json{{"name", text(gate.name)},
              {"open", gate.open},
              {"overridden", gate.overridden},
              {"why", text(gate.why)},
              {"opens_at", instant(gate.opens_at)}};
}

Json set_json(const StorySet& set) {
  return Json{{"zone", text(set.zone.text())},
              {"name", text(set.key.name.text())},
              {"type", to_text(set.key.type)},
              {"before", values(set.before)},
              {"after", values(set.after)},
              {"accepted", instant(set.accepted)},
              {"authoritative", instant(set.authoritative)},
              {"sampled", instant(set.sampled)},
              {"bounded", instant(set.bounded)}};
}

Json resolver_json(const StoryResolver& resolver) {
  Json json = Json::object();
  json["id"] = text(resolver.id);
  json["operator"] = text(resolver.operator_name);
  json["country"] = text(resolver.country);
  json["continent"] = resolver.continent;
  json["place"] = text(resolver.place);
  // A float as a double would show digits that nobody knows.
  const auto degrees = [](float value) { return Json(std::round(static_cast<double>(value) * 1000) / 1000); };
  json["lat"] = resolver.location ? degrees(resolver.location->latitude) : Json(nullptr);
  json["lon"] = resolver.location ? degrees(resolver.location->longitude) : Json(nullptr);
  json["side"] = to_text(resolver.side);
  json["verdict"] = resolver.verdict;
  json["expires_at"] = instant(resolver.expires_at);
  return json;
}

Json propagation_json(const Propagation& spreading) {
  Json json{{"of", to_text(spreading.of)},
            {"served_at", instant(spreading.served_at)},
            {"bound_at", instant(spreading.bound)},
            {"observed_at", instant(spreading.observed)},
            {"sampled_at", instant(spreading.sampled_at)},
            {"converged_at", instant(spreading.converged_at)},
            {"ended_at", instant(spreading.ended_at)},
            {"level", spreading.level},
            {"why", text(spreading.why)}};
  json["resolvers"] = list(spreading.resolvers, resolver_json);
  json["turns"] = list(spreading.turns, [&](const Turn& turn) {
    const auto after = std::chrono::duration_cast<std::chrono::milliseconds>(turn.at - spreading.served_at);
    return Json::array({after.count(), turn.resolver, to_text(turn.side)});
  });
  return json;
}

Json check_json(const Check& check) {
  return Json{{"id", text(check.id)},
              {"severity", to_text(check.severity)},
              {"verdict", to_text(check.verdict)},
              {"name", check.name ? text(check.name->text()) : Json(nullptr)},
              {"endpoint", check.endpoint ? text(check.endpoint->text()) : Json(nullptr)},
              {"summary", text(check.summary)},
              {"evidence", text(check.evidence)},
              {"advice", text(check.advice)}};
}

Json checks_json(const CheckRecord& record) {
  Json json{{"at", instant(record.at)}, {"passed", record.passed}};
  json["checks"] = list(record.checks, check_json);
  return json;
}

Json quantiles_json(const Quantiles& took) {
  return Json{{"p50_us", took.p50.count()}, {"p95_us", took.p95.count()}, {"p99_us", took.p99.count()}};
}

Json standing_json(const Watchdog::Standing& one) {
  return Json{
      {"name", text(one.name.text())},    {"endpoint", text(one.endpoint.text())},
      {"path", text(one.path)},           {"asked", one.asked},
      {"answered", one.answered},         {"http_errors", one.http_errors},
      {"took", quantiles_json(one.took)}, {"baseline", one.baseline ? quantiles_json(*one.baseline) : Json(nullptr)}};
}

Json monitor_json(const std::optional<MonitorReport>& report) {
  if (!report) return nullptr;
  Json json{{"at", instant(report->at)},
            {"until", instant(report->until)},
            {"rounds", report->rounds},
            {"summary", text(report->summary)}};
  json["endpoints"] = list(report->standings, standing_json);
  json["checks"] = list(report->checks, check_json);
  json["retire"] = list(report->retire, gate_json);
  return json;
}

Json write_json(const WriteRecord& write) {
  Json json{{"id", write.id},
            {"phase", to_text(write.phase)},
            {"state", to_text(write.state)},
            {"plan_hash", text(write.plan_hash)},
            {"started", instant(write.started)},
            {"ended", instant(write.ended)},
            {"authoritative_at", instant(write.authoritative_at)}};
  json["calls"] = list(write.intents, [](const IntentRecord& call) {
    return Json{{"text", text(call.step.summary)},
                {"at", instant(call.at)},
                {"outcome", call.outcome ? Json(to_text(*call.outcome)) : Json(nullptr)},
                {"outcome_at", call.outcome ? instant(call.outcome_at) : Json(nullptr)},
                {"reply", text(call.reply)}};
  });
  json["changes"] = Json::array();
  for (const ChangeSet& set : write.changes)
    for (const Change& change : set.changes)
      json["changes"].push_back(Json{{"zone", text(set.zone.text())},
                                     {"name", text(change.key.name.text())},
                                     {"type", to_text(change.key.type)},
                                     {"before", values(change.before)},
                                     {"after", values(change.after)}});
  return json;
}

Json estimate_json(const EstimateCheck& check) {
  return Json{{"of", text(check.of)},
              {"served_at", instant(check.served_at)},
              {"bound_at", instant(check.bound)},
              {"observed_at", instant(check.observed)},
              {"last_turned_at", instant(check.last_turned)},
              {"last_holder", text(check.last_holder)},
              {"converged_at", instant(check.converged_at)}};
}

Json availability_json(const std::optional<Availability>& seen) {
  if (!seen) return nullptr;
  Json json{{"visits", seen->visits},
            {"reached_old", seen->reached_old},
            {"reached_new", seen->reached_new},
            {"failed", seen->failed},
            {"first_failure", text(seen->first_failure)}};
  json["over_time"] = list(seen->over_time, [](const Availability::Stretch& stretch) {
    return Json{{"at", instant(stretch.at)},
                {"reached_old", stretch.reached_old},
                {"reached_new", stretch.reached_new},
                {"failed", stretch.failed}};
  });
  return json;
}

}  // namespace

std::string story_as_json(const Story& story) {
  Json json{{"schema", 1}, {"kind", "story"}};
  json["plan"] = Json{{"name", text(story.plan_name)}, {"file", text(story.plan_file)}, {"hash", story.plan_hash}};
  json["now"] = instant(story.now);
  json["rehearsal"] = story.rehearsal;
  json["answer"] = Json{{"go", story.answer.go},
                        {"headline", text(story.answer.headline)},
                        {"next", text(story.answer.next)},
                        {"opens_at", instant(story.answer.opens_at)}};
  json["standby_until"] = instant(story.standby_until);
  json["restore_overdue"] = story.restore_overdue;
  json["phases"] = list(story.phases, phase_json);
  json["gates"] = list(story.gates, gate_json);
  json["sets"] = list(story.sets, set_json);
  json["propagation"] = list(story.propagation, propagation_json);
  json["certificates"] = list(story.checks, checks_json);
  json["monitoring"] = list(story.monitoring, checks_json);
  json["monitor"] = monitor_json(story.monitor);
  json["writes"] = list(story.writes, write_json);
  json["overrides"] = list(story.overrides, [](const OverrideRecord& each) {
    return Json{{"at", instant(each.at)},
                {"phase", to_text(each.phase)},
                {"gate", text(each.gate)},
                {"reason", text(each.reason)}};
  });
  json["events"] = list(story.events, [](const EventRecord& each) {
    return Json{
        {"at", instant(each.at)}, {"phase", to_text(each.phase)}, {"kind", text(each.kind)}, {"text", text(each.text)}};
  });
  json["estimates"] = list(story.estimates, estimate_json);
  json["availability"] = availability_json(story.availability);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string for_script(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    const std::string_view rest = json.substr(i, 3);
    if (c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else if (rest == "\xe2\x80\xa8" || rest == "\xe2\x80\xa9") {
      out += rest[2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace cutover
