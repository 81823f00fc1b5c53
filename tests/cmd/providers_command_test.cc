#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "core/text.h"
#include "providers/catalog.h"
#include "tests/servers/process.h"

using namespace cutover;

namespace {

using Json = nlohmann::json;

servers::Finished run(std::vector<std::string> arguments) {
  const char* program = std::getenv("CUTOVER_PROGRAM");
  REQUIRE(program != nullptr);
  arguments.insert(arguments.begin(), {program, "providers"});
  return servers::run_program(arguments);
}

std::string source(const std::string& file) { return std::string(std::getenv("CUTOVER_SOURCE")) + "/" + file; }

}  // namespace

TEST_CASE("every provider says what it can, why, since when, and what it needs") {
  for (const providers::Entry& entry : providers::catalog()) {
    INFO(entry.type);
    CHECK(entry.credentials.ends_with('.'));
    CHECK(entry.rights.ends_with('.'));
    CHECK(std::filesystem::exists(source("providers/" + std::string(entry.type) + "/README.md")));
    const auto ran = run({"show", std::string(entry.type), "-o", "json"});
    REQUIRE(ran.status == 0);
    const Json json = Json::parse(ran.output);
    CHECK(json.at("schema") == 1);
    CHECK(json.at("type") == entry.type);
    CHECK(json.at("options").size() == entry.options.size());
    if (entry.capabilities == nullptr) {
      CHECK(json.at("capabilities").is_null());
      continue;
    }
    std::size_t stated_ones = 0;
    for (const auto& [name, stated] : json.at("capabilities").items()) {
      INFO(name);
      if (stated.is_null()) continue;
      ++stated_ones;
      CHECK_FALSE(stated.at("why").get<std::string>().empty());
      CHECK(stated.at("verified").get<std::string>().size() == 10);
    }
    CHECK(stated_ones >= 9);
  }
}

TEST_CASE("providers list has them all, in every form") {
  const Json json = Json::parse(run({"list", "-o", "json"}).output);
  const std::string text = run({"list"}).output;
  REQUIRE(json.at("providers").size() == providers::catalog().size());
  for (const Json& each : json.at("providers")) {
    CHECK(text.find("\n" + each.at("type").get<std::string>() + " ") != std::string::npos);
    CHECK(text.find(each.at("title").get<std::string>()) != std::string::npos);
  }
  CHECK(run({"list", "-o", "junit"}).status == 1);
}

TEST_CASE("providers show tells options, reasons, credentials and rights") {
  const auto shown = run({"show", "powerdns"});
  CHECK(shown.status == 0);
  for (const char* part :
       {"PowerDNS's HTTP API", "provider: { type: powerdns, url: ..., key: env/PDNS_API_KEY }",
        "    not in the plan: PDNS_API_KEY; each also with _FILE", "key (needed, secret): the API key",
        "compare and swap", "2026-11-22", "Least rights: PowerDNS has this one key"})
    CHECK(shown.output.find(part) != std::string::npos);
  const auto mistyped = run({"show", "powerdnz"});
  CHECK(mistyped.status == 1);
  CHECK(mistyped.output.find("did you mean 'powerdns'?") != std::string::npos);
  CHECK(run({"show", "nowhere"}).output.find("the providers are rfc2136, ") != std::string::npos);
  CHECK(run({"show"}).status == 1);
}

TEST_CASE("the table of providers in README.md is the program's own") {
  const std::string readme = servers::read_text(source("README.md"));
  const std::string begin = "<!-- providers: `cutover providers list -o markdown` -->\n", end = "<!-- /providers -->";
  const auto from = readme.find(begin), to = readme.find(end);
  REQUIRE(from != std::string::npos);
  REQUIRE(to != std::string::npos);
  INFO("put it there anew with ./dev docs");
  CHECK(readme.substr(from + begin.size(), to - from - begin.size()) == run({"list", "-o", "markdown"}).output);
}
