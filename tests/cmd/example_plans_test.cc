#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>

#include "cmd/plan/plan_file.h"
#include "providers/catalog.h"
#include "providers/environment.h"
#include "tests/cmd/help_text.h"

// docs/examples/plans has a plan for every provider, and each is one that this provider could be made of.

using namespace cutover;
using namespace cutover::tests;

namespace {

const providers::OptionSpec* option_of(const providers::Entry& entry, const std::string& name) {
  const auto found = std::find_if(entry.options.begin(), entry.options.end(),
                                  [&](const providers::OptionSpec& each) { return each.name == name; });
  return found == entry.options.end() ? nullptr : &*found;
}

Plan example(std::string_view provider) {
  const auto plan = read_plan(source("docs/examples/plans/" + std::string(provider) + ".yaml"));
  INFO((plan ? "" : plan.error().message));
  REQUIRE(plan);
  return *plan;
}

}  // namespace

TEST_CASE("every provider has an example plan, and every example a provider") {
  std::set<std::string> wanted, found;
  for (const providers::Entry& entry : providers::catalog()) wanted.insert(std::string(entry.type) + ".yaml");
  for (const auto& file : std::filesystem::directory_iterator(source("docs/examples/plans")))
    found.insert(file.path().filename().string());
  CHECK(found == wanted);
}

TEST_CASE("an example plan gives its provider the options that it has, and all that it needs") {
  for (const providers::Entry& entry : providers::catalog()) {
    CAPTURE(entry.type);
    const Plan plan = example(entry.type);
    REQUIRE(plan.zones.size() == 1);
    const auto& config = plan.zones.front().provider;
    CHECK(config.type == entry.type);
    CHECK(plan.zones.front().changes.size() == 2);
    for (const auto& [name, value] : config.options) {
      CAPTURE(name);
      CHECK(
          (option_of(entry, name) != nullptr || entry.further_options == providers::Entry::FurtherOptions::kPassedOn));
    }
    for (const providers::OptionSpec& option : entry.options) {
      CAPTURE(option.name);
      if (option.required) CHECK(config.options.count(std::string(option.name)) == 1);
    }
  }
}

TEST_CASE("an example's credentials have the names that the provider documents") {
  std::size_t seen = 0;
  for (const providers::Entry& entry : providers::catalog()) {
    const Plan plan = example(entry.type);
    for (const auto& [name, value] : plan.zones.front().provider.options) {
      const providers::OptionSpec* option = option_of(entry, name);
      if (option == nullptr || !option->is_credential) continue;
      CAPTURE(entry.type, name, value);
      ++seen;
      if (value.rfind("file/", 0) == 0) continue;
      REQUIRE(value.rfind("env/", 0) == 0);
      const auto known = providers::variables_of(*option);
      CHECK(std::find(known.begin(), known.end(), value.substr(4)) != known.end());
    }
  }
  CHECK(seen > 10);
}

TEST_CASE("an example lowers TTLs no further than its provider can") {
  for (const providers::Entry& entry : providers::catalog()) {
    if (entry.capabilities == nullptr) continue;
    CAPTURE(entry.type);
    const Plan plan = example(entry.type);
    CHECK(providers::settable_ttl(entry.capabilities(), plan.ttl.during) == plan.ttl.during);
  }
}
