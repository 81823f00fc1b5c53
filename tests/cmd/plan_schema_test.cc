#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "cmd/plan/plan_file.h"
#include "cmd/plan/plan_keys.h"
#include "core/text.h"
#include "plan_texts.h"
#include "providers/catalog.h"
#include "schema_judge.h"
#include "tests/support/temporary_folder.h"

using namespace cutover;
using namespace cutover::test;

namespace {

std::vector<std::string> judge(const std::vector<std::string>& plans) {
  const TemporaryFolder folder;
  const auto schema = folder.path() / "schema.json";
  std::ofstream(schema) << plan_schema();
  return judged_by_schema(schema, plans);
}

}  // namespace

TEST_CASE("the schema takes the plans that the reader takes") {
  const std::vector<std::string> plans = {
      kWholePlan,
      plan_with_changes("  - { name: www, type: A, from: [192.0.2.1], to: [192.0.2.2] }\n"),
      with(kWholePlan, "resolvers: [default, 127.0.0.1:5301, \"own=[::1]:5302\"]\n  must: [google, own]",
           "resolvers: default"),
      with(kWholePlan, "during: 60s", "during: 60"),
      with(kWholePlan, "rfc2136, server: ns1.example.com", "external, name: of-ours, colour: blue, depth: 3"),
  };
  for (const std::string& plan : plans) REQUIRE(parse_plan(plan, "p.yaml"));
  CHECK(judge(plans) == std::vector<std::string>(plans.size(), "valid"));
}

TEST_CASE("the schema refuses what a schema can tell") {
  const std::pair<const char*, const char*> faults[] = {
      {"version: 1", "version: 2"},
      {"version: 1\n", ""},
      {"name: example-2026", "name: ../x"},
      {"standby: 48h", "stanby: 48h"},
      {"standby: 48h", "standby: soon"},
      {"type: rfc2136", "type: RFC2136"},
      {"server: ns1", "sevrer: ns1"},
      {"rfc2136, server: ns1.example.com, key: env/CUTOVER_TSIG", "zonefile"},
      {"key: env/CUTOVER_TSIG", "key: c2VjcmV0"},
      {"192.0.2.53,", "ns1.example.com,"},
      {"from: [198.51.100.10]", "from: 198.51.100.10"},
      {"type: A,    ", "type: NS,   "},
      {", to: [lb.new.example.net.]", ""},
      {"during: 60s", "during: 0"},
      {"09:00/11:00 Europe", "9:00/11:00 Europe"},
      {"approve: true", "approve: sometimes"},
      {"port: 443", "port: 70000"},
      {"path: /healthz", "path: healthz"},
      {"starttls: smtp", "starttls: smpt"},
      {"starttls: smtp", "starttls: smtp, http: { path: / }"},
      {"resolvers: 50%", "resolvers: 0.5"},
      {"resolvers: 50%", "resolvers: 101%"},
      {"samples: 3", "samples: 0"},
      {"before: swap", "before: swop"},
      {"run: [./lag-under-100ms, \"5\"], ", ""},
      {"timeout: 10s", "http: { url: \"http://x/\", pointer: /a, min: 1 }"},
      {", max: 0.01", ""},
      {"pointer: /data", "pointer: data"},
      {"https://metrics", "ftp://metrics"},
      {"events: [gate,", "events: [gates,"},
      {"webhook: env/HOOK_URL", "webhook: https://hooks.example/x"},
      {"form: slack", "form: slak"},
      {"{ run: [./tell, \"the team\"],", "{ run: [./tell], form: json,"},
      {"{ webhook: file/slack.url, form", "{ form"},
      {"latency: 2,", "latency: 0.5,"},
      {"errors: 2.5%", "errors: 2.5"},
      {"baseline: required", "baseline: yes"},
      {"every: 10s", "every: often"},
      {"lookup: [192.0.2.1]", "lookup: []"},
  };
  std::vector<std::string> plans;
  for (const auto& [part, instead] : faults) plans.push_back(with(kWholePlan, part, instead));
  const auto verdicts = judge(plans);
  REQUIRE(verdicts.size() == plans.size());
  for (std::size_t i = 0; i < plans.size(); ++i) {
    INFO(faults[i].first << " -> " << faults[i].second);
    CHECK_THAT(verdicts[i], Catch::StartsWith("invalid"));
    CHECK_FALSE(parse_plan(plans[i], "p.yaml"));
  }
}

TEST_CASE("every key that the reader takes is in the schema, with a description") {
  const auto schema = nlohmann::json::parse(plan_schema());
  const auto check = [](const nlohmann::json& properties, const plan_keys::Mapping& mapping) {
    for (const std::string& name : mapping.names()) {
      INFO(mapping.name << "." << name);
      REQUIRE(properties.contains(name));
      CHECK_FALSE(properties[name].value("description", "").empty());
    }
    CHECK(properties.size() == mapping.keys.size());
  };
  check(schema["properties"], plan_keys::kPlan);
  for (const plan_keys::Mapping* mapping : plan_keys::mappings())
    check(schema["$defs"][std::string(mapping->name)]["properties"], *mapping);
  const auto& providers = schema["$defs"]["provider"]["oneOf"];
  REQUIRE(providers.size() == providers::catalog().size() + 1);  // the last one: any program's name
  for (std::size_t i = 0; i < providers::catalog().size(); ++i) {
    CHECK(providers[i]["properties"]["type"]["const"] == providers::catalog()[i].type);
    CHECK(providers[i]["properties"].size() == providers::catalog()[i].options.size() + 1);
  }
  // Words that are listed in code and in the schema are the same words.
  const auto words = [](std::span<const std::string_view> known) {
    return nlohmann::json(std::vector<std::string>(known.begin(), known.end()));
  };
  CHECK(schema["$defs"]["event"]["enum"] == words(plan_keys::events()));
  CHECK(schema["$defs"]["starttls"]["enum"] == words(plan_keys::starttls_protocols()));
}
