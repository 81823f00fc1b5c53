#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/servers/process.h"
#include "tests/support/not_run.h"

// The live page in a real browser: what each story does and wants is in browser.mjs.

using namespace cutover;

namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void goes_well(const std::string& scenario) {
  const std::string packages = from_environment("CUTOVER_BROWSER_PACKAGES");
  for (const char* program : {"/usr/bin/node", "/usr/bin/chromium"})
    if (!std::filesystem::exists(program))
      return tests::not_run("the live page in a browser", std::string(program) + " is not installed");
  if (packages.empty())
    return tests::not_run("the live page in a browser",
                          "playwright-core and axe-core are not there; ./dev test fetches them from npm");
  const std::string source = from_environment("CUTOVER_SOURCE");
  setenv("CUTOVER_ARTEFACTS", (source + "/build/artefacts").c_str(), 1);
  const auto done =
      servers::run_program({"node", source + "/tests/page/browser.mjs", scenario}, {}, std::chrono::seconds(280));
  INFO(done.output);
  CHECK(done.status == 0);
}

}  // namespace

TEST_CASE("a whole rehearsal is followed in a browser, wide and on a phone, light and dark", "[rehearsal]") {
  goes_well("rehearsal");
}
TEST_CASE("the page comes back by itself when the program is started again", "[visits]") { goes_well("restart"); }
TEST_CASE("hostile words are shown, and do nothing", "[visits]") { goes_well("hostile"); }
TEST_CASE("a monitor is followed: endpoints, findings, what speaks against retiring the old side", "[visits]") {
  goes_well("monitor");
}
TEST_CASE("a token opens the page and leaves the address bar", "[visits]") { goes_well("token"); }
TEST_CASE("one visitor too many still sees the story", "[visits]") { goes_well("crowd"); }
TEST_CASE("the page works without a mouse and without motion", "[visits]") { goes_well("keyboard"); }
