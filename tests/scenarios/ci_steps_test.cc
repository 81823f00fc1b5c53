#include <fmt/format.h>
#include <yaml-cpp/yaml.h>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/scenarios/stage.h"
#include "tests/servers/servers.h"

// The steps of docs/ci.md are what their readers paste: their script parts are run here as they stand.

using namespace cutover;
using namespace cutover::stage;

namespace {

/// For Unbound: nothing stands below com.
constexpr const char* kEmpty = "  local-zone: \"com.\" static\n";

std::string text_of(const std::string& file) {
  std::ostringstream out;
  out << std::ifstream(file).rdbuf();
  return out.str();
}

/// The nth block of YAML in the page.
YAML::Node block(std::size_t nth) {
  const std::string page = text_of(std::string(std::getenv("CUTOVER_SOURCE")) + "/docs/ci.md");
  std::size_t at = 0;
  for (std::size_t i = 0; i <= nth; ++i) at = page.find("```yaml\n", at) + 8;
  return YAML::Load(page.substr(at, page.find("```", at) - at));
}

/// A plan whose new side serves `www`, and not `shop`.
std::string plan_text(const Sites& sites, const servers::Unbound& resolver, const std::string& name) {
  return fmt::format(R"(version: 1
name: ci
zones:
  - zone: example.com
    provider: {{ type: memory, file: zones.jsonl }}
    changes:
      - {{ name: {0}, type: A, from: [{1}], to: [{2}] }}
endpoints:
  - {{ names: [{0}.example.com], port: {3} }}
lookup: ["{4}"]
)",
                     name, sites.old_address(), sites.new_address(), sites.port(), resolver.endpoint().text());
}

/// Runs a script part as a runner does: in the folder of the checkout, ending at the first failure.
Run run_step(const Desk& desk, const Sites& sites, const std::string& script) {
  const std::string folder = std::filesystem::path(std::getenv("CUTOVER_PROGRAM")).parent_path();
  return desk.run({"/bin/bash", "-e", "-c", script},
                  {"PATH=" + folder + ":" + std::getenv("PATH"), "SSL_CERT_FILE=" + sites.ca_file()});
}

}  // namespace

TEST_CASE("the GitHub step: passes, or fails with an annotation at the plan's line and leaves its SARIF either way") {
  const Sites sites({"www.example.com"});
  const servers::Unbound resolver({.extra = kEmpty});
  const auto script = block(0)["jobs"]["preflight"]["steps"][1]["run"].as<std::string>();
  const Desk desk;
  desk.write("cutover.yaml", plan_text(sites, resolver, "www"));
  const Run good = run_step(desk, sites, script);
  INFO(good.both());
  CHECK(good.status == 0);
  const auto results = [&] {
    return nlohmann::json::parse(text_of(desk.file("preflight.sarif"))).at("runs").at(0).at("results");
  };
  const auto failures = [](const nlohmann::json& all) {
    return std::count_if(all.begin(), all.end(), [](const nlohmann::json& one) { return one.at("level") == "error"; });
  };
  CHECK(failures(results()) == 0);

  desk.write("cutover.yaml", plan_text(sites, resolver, "shop"));
  const Run bad = run_step(desk, sites, script);
  INFO(bad.both());
  CHECK(bad.status == 3);
  CHECK_THAT(bad.out, Catch::Contains("::error file=cutover.yaml,line=9,title=tls-name::shop.example.com at "));
  CHECK(failures(results()) > 0);
}

TEST_CASE("the GitLab job: its exit decides, and its test cases are left either way") {
  const Sites sites({"www.example.com"});
  const servers::Unbound resolver({.extra = kEmpty});
  std::string script;
  for (const auto& line : block(1)["preflight"]["script"]) script += line.as<std::string>() + "\n";
  const Desk desk;
  for (const auto& [name, status] : {std::pair{"www", 0}, {"shop", 3}}) {
    desk.write("cutover.yaml", plan_text(sites, resolver, name));
    const Run run = run_step(desk, sites, script);
    INFO(run.both());
    CHECK(run.status == status);
    CHECK_THAT(text_of(desk.file("preflight.xml")), Catch::Contains(fmt::format("classname=\"{}.example.com\"", name)));
  }
}
