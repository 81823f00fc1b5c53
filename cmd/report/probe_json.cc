#include "cmd/report/probe_json.h"

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json seconds(const std::optional<Seconds>& ttl) { return ttl ? Json(ttl->count()) : Json(nullptr); }

Json chain_json(const std::vector<dnsprobe::ChainLink>& chain) {
  Json out = Json::array();
  for (const dnsprobe::ChainLink& link : chain)
    out.push_back({{"name", link.name.text()}, {"target", link.target.text()}, {"ttl_s", link.ttl.count()}});
  return out;
}

Json answer_json(const ProbeOptions& asked, const dnsprobe::SweepAnswer& answer) {
  const dnsprobe::Resolver& resolver = asked.resolvers[answer.resolver];
  const dnsprobe::ReadAnswer read = dnsprobe::read_to_the_end(asked.keys[answer.key], answer);
  const dnsprobe::Sample& sample = answer.sample;
  Json out{{"resolver", resolver.id}, {"operator", resolver.operator_name}};
  out["country"] = resolver.country;
  out["place"] = resolver.place;
  out["transport"] = dnsprobe::to_text(resolver.transport);
  out["kind"] = dnsprobe::to_text(read.kind);
  out["values"] = read.values;
  out["chain"] = chain_json(read.chain);
  out["ttl_s"] = seconds(read.ttl);
  out["rtt_us"] = sample.rtt.count();
  out["site"] = sample.site;
  out["extended_error"] = sample.extended_error ? Json(*sample.extended_error) : Json(nullptr);
  out["detail"] = sample.detail;
  return out;
}

Json group_json(const dnsprobe::AnswerGroup& group) {
  Json out{{"kind", dnsprobe::to_text(group.kind)}, {"values", group.values}};
  out["chain"] = chain_json(group.chain);
  out["answers"] = group.answers.size();
  out["operators"] = group.operators;
  out["countries"] = group.countries;
  out["shortest_ttl_s"] = seconds(group.shortest_ttl);
  out["longest_ttl_s"] = seconds(group.longest_ttl);
  return out;
}

Json question_json(const ProbeOptions& asked, const ProbeResult& result, std::size_t key) {
  const ProbeAgreement& agreement = result.agreement[key];
  Json out{{"name", asked.keys[key].name.text()}, {"type", to_text(asked.keys[key].type)}};
  out["asked"] = agreement.asked;
  out["answered"] = agreement.answered;
  out["expected"] = agreement.expected;
  out["agreed"] = agreement.agreed;
  Json groups = Json::array();
  for (const dnsprobe::AnswerGroup& group : result.groups[key]) groups.push_back(group_json(group));
  out["groups"] = groups;
  return out;
}

Json summary_json(const ProbeOptions& asked, const ProbeResult& result) {
  Json out{{"schema", 1}, {"at", format_instant_ms(result.at)}};
  out["exit"] = static_cast<int>(result.exit);
  out["headline"] = result.headline;
  out["notes"] = result.notes;
  Json questions = Json::array();
  for (std::size_t key = 0; key < result.groups.size(); ++key) questions.push_back(question_json(asked, result, key));
  out["questions"] = questions;
  return out;
}

}  // namespace

std::string probe_as_json(const ProbeOptions& asked, const ProbeResult& result) {
  Json out = summary_json(asked, result);
  for (std::size_t key = 0; key < result.groups.size(); ++key) {
    Json answers = Json::array();
    for (const dnsprobe::SweepAnswer& answer : result.seen.answers)
      if (answer.key == key) answers.push_back(answer_json(asked, answer));
    out["questions"][key]["answers"] = answers;
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string probe_as_ndjson(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (const dnsprobe::SweepAnswer& answer : result.seen.answers) {
    const RecordKey& key = asked.keys[answer.key];
    Json one{{"schema", 1}, {"event", "answer"}, {"at", format_instant_ms(answer.sample.received)}};
    one["name"] = key.name.text();
    one["type"] = to_text(key.type);
    one.update(answer_json(asked, answer));
    out += line(one) + "\n";
  }
  Json end = summary_json(asked, result);
  end["event"] = "end";
  return out + line(end);
}

}  // namespace cutover
