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

/// The network that was sent along, and for which network the answer holds; null where it was not given back.
Json subnet_json(const dnsprobe::Resolver& resolver, const dnsprobe::Sample& sample) {
  if (!resolver.asking.client_subnet) return nullptr;
  Json out{{"network", resolver.asking.client_subnet->text()}};
  out["scope"] = sample.client_subnet ? Json(sample.client_subnet->scope) : Json(nullptr);
  return out;
}

Json answer_json(const ProbeResult& result, const dnsprobe::SweepAnswer& answer) {
  const dnsprobe::Resolver& resolver = result.resolvers[answer.resolver];
  const dnsprobe::ReadAnswer read = dnsprobe::read_to_the_end(result.questions[answer.key].key, answer);
  const dnsprobe::Sample& sample = answer.sample;
  Json out{{"resolver", resolver.id}, {"operator", resolver.operator_name}};
  out["country"] = resolver.country;
  out["place"] = resolver.place;
  out["transport"] = dnsprobe::to_text(resolver.transport);
  out["client_subnet"] = subnet_json(resolver, sample);
  out["kind"] = dnsprobe::to_text(read.kind);
  out["values"] = read.values;
  out["chain"] = chain_json(read.chain);
  out["ttl_s"] = seconds(read.ttl);
  out["rtt_us"] = sample.rtt.count();
  out["site"] = sample.site.empty() ? result.sites[answer.resolver] : sample.site;
  out["validated"] = sample.authenticated;
  out["signatures"] = sample.has_signatures;
  out["extended_error"] = sample.extended_error ? Json(*sample.extended_error) : Json(nullptr);
  out["detail"] = sample.detail;
  return out;
}

Json group_json(const dnsprobe::AnswerGroup& group) {
  Json out{{"kind", dnsprobe::to_text(group.kind)}, {"values", group.values}};
  out["chain"] = chain_json(group.chain);
  out["answers"] = group.answers.size();
  out["operators"] = group.operators;
  out["operator_share"] = group.share;
  out["countries"] = group.countries;
  out["shortest_ttl_s"] = seconds(group.shortest_ttl);
  out["longest_ttl_s"] = seconds(group.longest_ttl);
  return out;
}

Json spread_json(const ProbeSpread& spread) {
  return {{"resolvers", spread.entries},
          {"half_until", format_instant_ms(spread.half)},
          {"most_until", format_instant_ms(spread.most)},
          {"all_until", format_instant_ms(spread.all)}};
}

Json question_json(const ProbeOptions& asked, const ProbeQuestion& question) {
  Json out{{"name", question.key.name.text()}, {"type", to_text(question.key.type)}};
  out["view"] = question.view ? Json(asked.views[*question.view].text) : Json(nullptr);
  out["asked"] = question.asked;
  out["answered"] = question.answered;
  out["dropped_subnet"] = question.dropped;
  out["validated"] = question.validated;
  out["signatures"] = question.with_signatures;
  out["expected"] = question.expected;
  out["agreed"] = question.agreed;
  out["differing"] = question.differing ? spread_json(*question.differing) : Json(nullptr);
  Json groups = Json::array();
  for (const dnsprobe::AnswerGroup& group : question.groups) groups.push_back(group_json(group));
  out["groups"] = groups;
  return out;
}

Json summary_json(const ProbeOptions& asked, const ProbeResult& result) {
  Json out{{"schema", 1}, {"at", format_instant_ms(result.at)}};
  out["exit"] = static_cast<int>(result.exit);
  out["headline"] = result.headline;
  out["notes"] = result.notes;
  Json questions = Json::array();
  for (const ProbeQuestion& question : result.questions) questions.push_back(question_json(asked, question));
  out["questions"] = questions;
  return out;
}

}  // namespace

std::string probe_as_json(const ProbeOptions& asked, const ProbeResult& result) {
  Json out = summary_json(asked, result);
  for (std::size_t key = 0; key < result.questions.size(); ++key) {
    Json answers = Json::array();
    for (const dnsprobe::SweepAnswer& answer : result.seen.answers)
      if (answer.key == key) answers.push_back(answer_json(result, answer));
    out["questions"][key]["answers"] = answers;
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace);
}

std::string probe_as_ndjson(const ProbeOptions& asked, const ProbeResult& result) {
  std::string out;
  for (const dnsprobe::SweepAnswer& answer : result.seen.answers) {
    const RecordKey& key = result.questions[answer.key].key;
    Json one{{"schema", 1}, {"event", "answer"}, {"at", format_instant_ms(answer.sample.received)}};
    one["name"] = key.name.text();
    one["type"] = to_text(key.type);
    one.update(answer_json(result, answer));
    out += line(one) + "\n";
  }
  Json end = summary_json(asked, result);
  end["event"] = "end";
  return out + line(end);
}

}  // namespace cutover
