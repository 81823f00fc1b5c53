#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cmd/plan/monitoring.h"

namespace cutover {
namespace {

using Json = nlohmann::json;
using Marker = ProbeSample::Marker;

constexpr std::pair<Marker, const char*> kMarkers[] = {
    {Marker::kNotAsked, "not-asked"}, {Marker::kFound, "found"}, {Marker::kMissing, "missing"}};

const char* to_text(Marker marker) {
  for (const auto& [each, word] : kMarkers)
    if (each == marker) return word;
  return "not-asked";
}

Json as_json(const BaselineEntry& entry) {
  return {{"name", entry.name.text()},
          {"port", entry.port},
          {"family", entry.family == Family::kV4 ? 4 : 6},
          {"path", entry.path},
          {"asked", entry.asked},
          {"answered", entry.answered},
          {"p50_us", entry.took.p50.count()},
          {"p95_us", entry.took.p95.count()},
          {"p99_us", entry.took.p99.count()},
          {"status", entry.status},
          {"body_sha256", entry.body_hash},
          {"marker", to_text(entry.marker)}};
}

BaselineEntry entry_from(const Json& json) {
  BaselineEntry entry;
  auto name = DomainName::from_text(json.at("name").get<std::string>());
  if (name) entry.name = *name;
  entry.port = json.at("port").get<std::uint16_t>();
  entry.family = json.at("family").get<int>() == 6 ? Family::kV6 : Family::kV4;
  entry.path = json.at("path").get<std::string>();
  entry.asked = json.at("asked").get<std::size_t>();
  entry.answered = json.at("answered").get<std::size_t>();
  const auto span = [&](const char* key) { return std::chrono::microseconds(json.at(key).get<std::int64_t>()); };
  entry.took = {span("p50_us"), span("p95_us"), span("p99_us")};
  entry.status = json.at("status").get<int>();
  entry.body_hash = json.at("body_sha256").get<std::string>();
  for (const auto& [marker, word] : kMarkers)
    if (json.at("marker") == word) entry.marker = marker;
  return entry;
}

/// What one entry is made of.
struct Gathered {
  std::size_t asked = 0;
  std::vector<std::chrono::microseconds> took;
  std::map<int, std::size_t> statuses;
  std::map<int, std::vector<std::string>> hashes;  ///< distinct ones, by status
  Marker marker = Marker::kNotAsked;
};

}  // namespace

std::vector<BaselineEntry> baseline_of(const std::vector<ProbeSample>& samples) {
  std::map<std::tuple<DomainName, std::uint16_t, std::string, Family>, Gathered> groups;
  for (const ProbeSample& sample : samples) {
    if (sample.outcome == ProbeSample::Outcome::kNotAsked) continue;
    Gathered& group = groups[{sample.name, sample.endpoint.port, sample.path, sample.endpoint.address.family()}];
    ++group.asked;
    if (sample.outcome != ProbeSample::Outcome::kAnswered) continue;
    group.took.push_back(sample.took);
    ++group.statuses[sample.status];
    auto& hashes = group.hashes[sample.status];
    if (std::find(hashes.begin(), hashes.end(), sample.body_hash) == hashes.end()) hashes.push_back(sample.body_hash);
    if (group.marker != Marker::kMissing) group.marker = sample.marker;
  }
  std::vector<BaselineEntry> out;
  for (const auto& [key, group] : groups) {
    BaselineEntry entry;
    std::tie(entry.name, entry.port, entry.path, entry.family) = key;
    entry.asked = group.asked;
    entry.answered = group.took.size();
    entry.took = quantiles_of(group.took);
    std::size_t most = 0;
    for (const auto& [status, times] : group.statuses)
      if (times > most) {
        most = times;
        entry.status = status;
      }
    if (const auto hashes = group.hashes.find(entry.status); hashes != group.hashes.end() && hashes->second.size() == 1)
      entry.body_hash = hashes->second.front();
    entry.marker = group.marker;
    out.push_back(std::move(entry));
  }
  return out;
}

std::string to_json(const std::vector<BaselineEntry>& baseline) {
  Json entries = Json::array();
  for (const BaselineEntry& entry : baseline) entries.push_back(as_json(entry));
  return Json{{"entries", std::move(entries)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::vector<BaselineEntry>> baseline_from_json(std::string_view json) {
  try {
    std::vector<BaselineEntry> out;
    const Json parsed = Json::parse(json);
    for (const Json& entry : parsed.at("entries")) out.push_back(entry_from(entry));
    return out;
  } catch (const Json::exception& e) {
    return fail(ErrorCode::kCorrupt, fmt::format("a baseline cannot be read: {}", e.what()));
  }
}

}  // namespace cutover
