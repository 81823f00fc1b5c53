#include "cmd/plan/journal_codec.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/codec.h"

namespace cutover::journal_codec {
namespace {

using Json = nlohmann::ordered_json;

// Text from the network may hold any byte: what is not UTF-8 is replaced, never a reason to lose the record.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

template <class F>
auto decode(std::string_view text, std::string_view what, F&& read) -> Result<decltype(read(Json()))> {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& e) {
    return fail(ErrorCode::kCorrupt, fmt::format("a {} in the journal cannot be read: {}", what, e.what()));
  }
}

template <class T>
T or_throw(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

DomainName read_name(const Json& json) { return or_throw(DomainName::from_text(json.get<std::string>())); }
RecordType read_type(const Json& json) { return or_throw(record_type_from_text(json.get<std::string>())); }

// The form of to_json(RecordSet), without the text in between and key by key: a sweep holds hundreds, and an object out
// of an initializer list is first an array of pairs.
Json from_set(const RecordSet& set) {
  Json json = Json::object();
  json["name"] = set.name.text();
  json["type"] = to_text(set.type);
  json["ttl_s"] = set.ttl.count();
  json["rdata"] = set.rdata;
  return json;
}
std::optional<RecordSet> to_set(const Json& json) {
  if (json.is_null()) return std::nullopt;
  RecordSet set{read_name(json.at("name")), read_type(json.at("type")), Seconds(json.at("ttl_s").get<std::int64_t>()),
                json.at("rdata").get<std::vector<std::string>>()};
  normalize(set);
  return set;
}

constexpr std::array<std::pair<net::Outcome, std::string_view>, 5> kOutcomes{{
    {net::Outcome::kAnswered, "answered"},
    {net::Outcome::kTimeout, "timeout"},
    {net::Outcome::kUnreachable, "unreachable"},
    {net::Outcome::kGarbage, "garbage"},
    {net::Outcome::kTsigFailed, "tsig-failed"},
}};
constexpr std::array<std::pair<Severity, std::string_view>, 3> kSeverities{{
    {Severity::kNote, "note"},
    {Severity::kWarning, "warning"},
    {Severity::kError, "error"},
}};
constexpr std::array<std::pair<Verdict, std::string_view>, 5> kVerdicts{{
    {Verdict::kPass, "pass"},
    {Verdict::kFail, "fail"},
    {Verdict::kNotApplicable, "not-applicable"},
    {Verdict::kNotEffective, "not-effective"},
    {Verdict::kUndecided, "undecided"},
}};

template <class Table, class E>
std::string word_of(const Table& table, E value) {
  for (const auto& row : table)
    if (row.first == value) return std::string(row.second);
  throw std::runtime_error("a value outside its enum");
}

template <class Table>
auto value_of(const Table& table, const Json& json) {
  const auto word = json.get<std::string>();
  for (const auto& row : table)
    if (row.second == word) return row.first;
  throw std::runtime_error("unknown word '" + word + "'");
}

Json from_reading(const net::AuthorityReading& reading) {
  Json json = Json::object();
  json["server"] = reading.server;
  json["name"] = reading.key.name.text();
  json["type"] = to_text(reading.key.type);
  json["outcome"] = word_of(kOutcomes, reading.outcome);
  json["rcode"] = static_cast<int>(reading.rcode);
  json["aa"] = reading.authoritative;
  json["received_us"] = to_micros(reading.received);
  if (reading.set) json["set"] = from_set(*reading.set);
  if (reading.alias) json["alias"] = from_set(*reading.alias);
  if (reading.delegated) json["delegated"] = true;
  if (reading.negative_ttl) json["negative_ttl_s"] = reading.negative_ttl->count();
  if (!reading.detail.empty()) json["detail"] = reading.detail;
  return json;
}

net::AuthorityReading to_reading(const Json& json) {
  net::AuthorityReading reading;
  reading.server = json.at("server").get<std::size_t>();
  reading.key = {read_name(json.at("name")), read_type(json.at("type"))};
  reading.outcome = value_of(kOutcomes, json.at("outcome"));
  reading.rcode = static_cast<net::Rcode>(json.at("rcode").get<int>());
  reading.authoritative = json.at("aa").get<bool>();
  reading.received = from_micros(json.at("received_us").get<std::int64_t>());
  if (json.contains("set")) reading.set = to_set(json.at("set"));
  if (json.contains("alias")) reading.alias = to_set(json.at("alias"));
  reading.delegated = json.value("delegated", false);
  if (json.contains("negative_ttl_s")) reading.negative_ttl = Seconds(json.at("negative_ttl_s").get<std::int64_t>());
  reading.detail = json.value("detail", std::string());
  return reading;
}

Json from_check(const Check& check) {
  Json json{{"id", check.id},
            {"severity", word_of(kSeverities, check.severity)},
            {"verdict", word_of(kVerdicts, check.verdict)},
            {"summary", check.summary},
            {"evidence", check.evidence},
            {"advice", check.advice}};
  if (check.name) json["name"] = check.name->text();
  if (check.endpoint) json["endpoint"] = check.endpoint->text();
  return json;
}

Check to_check(const Json& json) {
  Check check;
  check.id = json.at("id").get<std::string>();
  check.severity = value_of(kSeverities, json.at("severity"));
  check.verdict = value_of(kVerdicts, json.at("verdict"));
  check.summary = json.at("summary").get<std::string>();
  check.evidence = json.at("evidence").get<std::string>();
  check.advice = json.at("advice").get<std::string>();
  if (json.contains("name")) check.name = read_name(json.at("name"));
  if (json.contains("endpoint"))
    check.endpoint = or_throw(Endpoint::from_text(json.at("endpoint").get<std::string>(), 0));
  return check;
}

}  // namespace

std::int64_t to_micros(Instant instant) { return instant.time_since_epoch().count(); }
Instant from_micros(std::int64_t micros) { return Instant(Span(micros)); }

std::string encode_sweep(const SweepRecord& record) {
  Json json{{"zone", record.zone.text()},
            {"servers", record.servers},
            {"without_address", record.without_address},
            {"started_us", to_micros(record.sweep.started)},
            {"finished_us", to_micros(record.sweep.finished)},
            {"serials", Json::array()},
            {"readings", Json::array()}};
  for (const auto& serial : record.sweep.serials) json["serials"].push_back(serial ? Json(*serial) : Json(nullptr));
  for (const auto& reading : record.sweep.readings) json["readings"].push_back(from_reading(reading));
  return dump(json);
}

Result<SweepRecord> decode_sweep(std::string_view text) {
  return decode(text, "sweep", [](const Json& json) {
    SweepRecord record;
    record.zone = read_name(json.at("zone"));
    record.servers = json.at("servers").get<std::vector<std::string>>();
    record.without_address = json.at("without_address").get<std::vector<std::string>>();
    record.sweep.started = from_micros(json.at("started_us").get<std::int64_t>());
    record.sweep.finished = from_micros(json.at("finished_us").get<std::int64_t>());
    for (const Json& serial : json.at("serials"))
      record.sweep.serials.push_back(serial.is_null() ? std::nullopt : std::optional(serial.get<std::uint32_t>()));
    for (const Json& reading : json.at("readings")) record.sweep.readings.push_back(to_reading(reading));
    return record;
  });
}

std::string encode_checks(const std::vector<Check>& checks) {
  Json json = Json::array();
  for (const Check& check : checks) json.push_back(from_check(check));
  return dump(json);
}

Result<std::vector<Check>> decode_checks(std::string_view text) {
  return decode(text, "check", [](const Json& json) {
    std::vector<Check> checks;
    for (const Json& check : json) checks.push_back(to_check(check));
    return checks;
  });
}

std::string encode_watch(const WatchRecord& record) {
  Json json{{"served_us", to_micros(record.served_at)}, {"bound_us", to_micros(record.bound)}};
  json["keys"] = Json::parse(encode_keys(record.keys));
  json["resolvers"] = Json::array();
  for (const WatchedResolver& each : record.resolvers) {
    Json one{{"id", each.id}, {"operator", each.operator_name}, {"country", each.country}, {"place", each.place}};
    if (each.location) one["at"] = {each.location->latitude, each.location->longitude};
    json["resolvers"].push_back(std::move(one));
  }
  return dump(json);
}

Result<WatchRecord> decode_watch(std::string_view text) {
  return decode(text, "watch", [](const Json& json) {
    WatchRecord record;
    record.served_at = from_micros(json.at("served_us").get<std::int64_t>());
    record.bound = from_micros(json.at("bound_us").get<std::int64_t>());
    record.keys = or_throw(decode_keys(json.at("keys").dump()));
    for (const Json& one : json.at("resolvers")) {
      WatchedResolver each{one.at("id").get<std::string>(), one.at("operator").get<std::string>(),
                           one.at("country").get<std::string>(), one.at("place").get<std::string>(), std::nullopt};
      if (const auto at = one.find("at"); at != one.end())
        each.location = dnsprobe::Location{at->at(0).get<float>(), at->at(1).get<float>()};
      record.resolvers.push_back(std::move(each));
    }
    return record;
  });
}

std::string encode_mark(const WatchMark& mark) {
  Json json{{"at_us", to_micros(mark.at)}, {"level", mark.level}, {"bound_us", to_micros(mark.bound)}};
  if (mark.observed) json["observed_us"] = to_micros(*mark.observed);
  if (mark.converged_at) json["converged_us"] = to_micros(*mark.converged_at);
  json["why"] = mark.why;
  json["last"] = mark.is_last;
  return dump(json);
}

Result<WatchMark> decode_mark(std::string_view text) {
  return decode(text, "mark of a watch", [](const Json& json) {
    const auto instant = [&](const char* key) {
      const auto at = json.find(key);
      return at == json.end() ? std::nullopt : std::optional(from_micros(at->get<std::int64_t>()));
    };
    WatchMark mark;
    mark.at = from_micros(json.at("at_us").get<std::int64_t>());
    mark.level = json.at("level").get<std::string>();
    mark.bound = from_micros(json.at("bound_us").get<std::int64_t>());
    mark.observed = instant("observed_us");
    mark.converged_at = instant("converged_us");
    mark.why = json.at("why").get<std::string>();
    mark.is_last = json.at("last").get<bool>();
    return mark;
  });
}

std::string encode_keys(const std::vector<RecordKey>& keys) {
  Json json = Json::array();
  for (const RecordKey& key : keys) json.push_back({{"name", key.name.text()}, {"type", to_text(key.type)}});
  return dump(json);
}

Result<std::vector<RecordKey>> decode_keys(std::string_view text) {
  return decode(text, "list of record sets", [](const Json& json) {
    std::vector<RecordKey> keys;
    for (const Json& key : json) keys.push_back({read_name(key.at("name")), read_type(key.at("type"))});
    return keys;
  });
}

std::string encode_strings(const std::vector<std::string>& strings) { return dump(Json(strings)); }

Result<std::vector<std::string>> decode_strings(std::string_view text) {
  return decode(text, "list", [](const Json& json) { return json.get<std::vector<std::string>>(); });
}

}  // namespace cutover::journal_codec
