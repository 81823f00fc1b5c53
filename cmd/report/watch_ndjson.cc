#include "cmd/report/watch_ndjson.h"

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json instant(const std::optional<Instant>& at) { return at ? Json(format_instant_ms(*at)) : Json(nullptr); }

Json values(const std::optional<RecordSet>& set) { return set ? Json(set->rdata) : Json::array(); }

Json names(const std::vector<std::size_t>& indices, const std::vector<dnsprobe::Resolver>& resolvers) {
  Json out = Json::array();
  for (const std::size_t index : indices) out.push_back(resolvers[index].id);
  return out;
}

Json sample_json(const WatchQuestions& questions, const dnsprobe::WatchEvent& event) {
  const dnsprobe::Resolver& resolver = questions.resolvers[event.resolver];
  const RecordKey& key = questions.expectations[event.key].key;
  const dnsprobe::Observation& seen = event.observation;
  Json out{{"schema", 1}, {"event", "sample"}, {"at", instant(event.at)}};
  out["resolver"] = resolver.id;
  out["operator"] = resolver.operator_name;
  out["name"] = key.name.text();
  out["type"] = to_text(key.type);
  out["verdict"] = dnsprobe::to_text(seen.verdict);
  out["changed"] = event.verdict_changed;
  out["ttl_s"] = seen.ttl ? Json(seen.ttl->count()) : Json(nullptr);
  out["expires_at"] = instant(seen.expires);
  out["rdata"] = seen.rdata;
  out["site"] = seen.site;
  out["rtt_us"] = seen.rtt.count();
  out["tcp"] = seen.over_tcp;
  out["detail"] = seen.detail;
  return out;
}

Json summary_json(const WatchQuestions& questions, const dnsprobe::Forecast& forecast) {
  Json out{{"schema", 1}, {"event", "summary"}, {"at", instant(forecast.at)}};
  out["level"] = dnsprobe::to_text(forecast.level);
  out["bound_at"] = instant(forecast.bound);
  out["observed_until"] = instant(forecast.observed);
  out["observed_entries"] = forecast.spread.entries;
  out["observed_half"] = forecast.observed ? instant(forecast.spread.half) : Json(nullptr);
  out["observed_most"] = forecast.observed ? instant(forecast.spread.most) : Json(nullptr);
  out["observed_earliest"] = forecast.observed ? instant(forecast.spread.earliest) : Json(nullptr);
  out["observed_latest"] = forecast.observed ? instant(forecast.spread.latest) : Json(nullptr);
  out["retire_from"] = instant(forecast.retire_from);
  out["bounded"] = forecast.bounded;
  out["sampled"] = forecast.sampled;
  out["converged"] = forecast.converged;
  out["resolvers"] = Json{{"all", forecast.resolvers}, {"answered", forecast.answered}, {"settled", forecast.settled}};
  out["operators"] = Json{
      {"all", forecast.operators}, {"answered", forecast.operators_answered}, {"settled", forecast.operators_settled}};
  Json verdicts = Json::object();
  for (std::size_t i = 0; i < forecast.counts.size(); ++i)
    verdicts[std::string(dnsprobe::to_text(static_cast<dnsprobe::Verdict>(i)))] = forecast.counts[i];
  out["verdicts"] = verdicts;
  out["holding"] = names(forecast.holding, questions.resolvers);
  out["must_missing"] = forecast.must_missing;
  out["why"] = forecast.why;
  return out;
}

}  // namespace

std::string watch_begun_ndjson(const WatchQuestions& questions) {
  Json out{{"schema", 1}, {"event", "begun"}, {"of", to_text(questions.of)}};
  out["give_up_at"] = instant(questions.give_up_at);
  out["record_sets"] = Json::array();
  for (const dnsprobe::Expectation& each : questions.expectations)
    out["record_sets"].push_back(Json{{"name", each.key.name.text()},
                                      {"type", to_text(each.key.type)},
                                      {"old", values(each.old_set)},
                                      {"new", values(each.new_set)},
                                      {"ttl_s", dnsprobe::held_ttl(each).count()},
                                      {"new_since", instant(each.new_since)},
                                      {"bound_at", instant(dnsprobe::bound_of(each))}});
  out["resolvers"] = Json::array();
  for (const dnsprobe::Resolver& resolver : questions.resolvers)
    out["resolvers"].push_back(Json{{"resolver", resolver.id},
                                    {"operator", resolver.operator_name},
                                    {"transport", dnsprobe::to_text(resolver.transport)},
                                    {"address", resolver.endpoint ? Json(resolver.endpoint->text()) : Json(nullptr)},
                                    {"country", resolver.country},
                                    {"place", resolver.place}});
  return line(out);
}

std::string watch_event_ndjson(const WatchQuestions& questions, const dnsprobe::WatchEvent& event) {
  switch (event.kind) {
    case dnsprobe::WatchEvent::Kind::kSample:
      return line(sample_json(questions, event));
    case dnsprobe::WatchEvent::Kind::kSummary:
      break;
  }
  return line(summary_json(questions, event.forecast));
}

std::string watch_authority_ndjson(const AuthorityLook& look) {
  Json out{{"schema", 1}, {"event", "authority"}, {"at", instant(look.at)}, {"changed", look.changed}};
  out["record_sets"] = Json::array();
  for (const RecordKey& key : look.keys)
    out["record_sets"].push_back(Json{{"name", key.name.text()}, {"type", to_text(key.type)}});
  out["lagging"] = Json::array();
  for (const LaggingServer& each : look.lagging)
    out["lagging"].push_back(Json{{"server", each.server},
                                  {"name", each.key.name.text()},
                                  {"type", to_text(each.key.type)},
                                  {"gives", to_text(each.gives)},
                                  {"detail", each.detail}});
  out["unseen"] = Json::array();
  for (const UnseenSite& each : look.unseen)
    out["unseen"].push_back(Json{{"name", each.key.name.text()},
                                 {"type", to_text(each.key.type)},
                                 {"zone", each.zone.text()},
                                 {"settle_s", each.settle.count()}});
  out["text"] = sentences(look);
  return line(out);
}

std::string watch_end_ndjson(const WatchPhaseResult& result) {
  Json out{{"schema", 1}, {"event", "end"}, {"end", dnsprobe::to_text(result.seen.end)}};
  out["at"] = instant(result.seen.ended);
  out["converged_at"] = instant(result.seen.converged_at);
  out["last_old_seen_at"] = instant(result.seen.last_old_seen_at);
  out["questions"] = result.seen.questions;
  out["headline"] = result.headline;
  out["notes"] = result.notes;
  out["next"] = result.next;
  return line(out);
}

}  // namespace cutover
