#include "cmd/report/checks_sarif.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"

namespace cutover {
namespace {

using Json = nlohmann::ordered_json;

// The words of SARIF's levels are those of Severity.

/// Paths are URI references (RFC 3986): what a path may hold and a URI may not is percent-encoded.
std::string uri_of(const std::string& path) {
  constexpr std::string_view kAllowed = "/-._~!$&'()*+,;=@";
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                       kAllowed.find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Json location(const CheckReport& report, const Check& check) {
  Json out = Json::object();
  if (!report.file.empty())
    out["physicalLocation"] = {{"artifactLocation", {{"uri", uri_of(report.file)}}},
                               {"region", {{"startLine", line_of(report, check)}}}};
  if (const std::string what = subject_of(check); !what.empty())
    out["logicalLocations"] = Json::array({{{"fullyQualifiedName", printable(what)}, {"kind", "endpoint"}}});
  return out;
}

Json result(const CheckReport& report, const Check& check, std::size_t rule) {
  Json out{{"ruleId", check.id}, {"ruleIndex", rule}};
  // Section 3.27.9: what is no failure has the level none.
  const bool failed = check.verdict == Verdict::kFail;
  out["kind"] = failed ? "fail" : "open";
  out["level"] = failed ? to_text(check.severity) : "none";
  std::string text = subject_of(check);
  if (!text.empty()) text += ": ";
  text += check.summary;
  if (!check.advice.empty()) text += "; " + check.advice;
  out["message"] = {{"text", printable(text)}};
  const Json where = location(report, check);
  if (!where.empty()) out["locations"] = Json::array({where});
  out["partialFingerprints"] = {{"cutover/v1", printable(check.id + " " + subject_of(check))}};
  if (!check.evidence.empty()) out["properties"] = {{"evidence", printable(check.evidence)}};
  return out;
}

}  // namespace

std::string checks_as_sarif(const CheckReport& report) {
  Json rules = Json::array(), results = Json::array();
  std::map<std::string, std::size_t> numbers;
  for (const Check& check : report.checks) {
    if (!is_finding(check)) continue;
    const auto [at, fresh] = numbers.emplace(check.id, rules.size());
    if (fresh) rules.push_back({{"id", check.id}, {"defaultConfiguration", {{"level", to_text(check.severity)}}}});
    results.push_back(result(report, check, at->second));
  }
  Json run;
  run["tool"] = {{"driver", {{"name", "cutover"}, {"version", CUTOVER_VERSION}, {"rules", rules}}}};
  run["invocations"] = Json::array({{{"executionSuccessful", true}, {"endTimeUtc", format_instant_ms(report.at)}}});
  run["results"] = results;
  if (!report.root_store.empty()) run["properties"] = {{"rootStore", printable(report.root_store)}};
  const Json out{
      {"$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"},
      {"version", "2.1.0"},
      {"runs", Json::array({run})}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cutover
