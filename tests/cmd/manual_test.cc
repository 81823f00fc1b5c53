#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "cmd/plan/plan_file.h"
#include "tests/cmd/help_text.h"
#include "tests/servers/process.h"

// The manuals beside the commands say what the program really takes, all of it and nothing else.

using namespace cutover;
using namespace cutover::tests;

namespace {

std::set<std::string> options_of_manual(const Lines& text) {
  std::set<std::string> out;
  for (const std::string& line : section(text, "## OPTIONS", "## "))
    if (line.rfind("- `-", 0) == 0) out.merge(options_in(line.substr(0, line.find('`', 3))));
  return out;
}

Lines manual(const std::string& command) { return lines_of(servers::read_text(source("cmd/" + command + ".md"))); }

}  // namespace

TEST_CASE("every command has a manual, and every manual a command") {
  Lines with_manual;
  for (const auto& file : std::filesystem::directory_iterator(source("cmd")))
    if (file.path().extension() == ".md") with_manual.push_back(file.path().stem().string());
  std::sort(with_manual.begin(), with_manual.end());
  Lines all = commands();
  std::sort(all.begin(), all.end());
  REQUIRE(all.size() > 3);
  CHECK(with_manual == all);
}

TEST_CASE("a manual names every option of its command, and no other") {
  auto everywhere = options_of_help(help(""));
  REQUIRE(everywhere.erase("--version") == 1);
  REQUIRE(everywhere.count("--output") == 1);
  for (const std::string& command : commands()) {
    CAPTURE(command);
    auto taken = options_taken(command);
    REQUIRE(taken.count("--help") == 1);
    taken.insert(everywhere.begin(), everywhere.end());
    CHECK(options_of_manual(manual(command)) == taken);
  }
}

TEST_CASE("what a manual calls a FILE, help calls so too: shells complete it") {
  for (const std::string& command : commands()) {
    Lines said = help(command);
    for (const std::string& action : commands_in(said))
      for (const std::string& line : help(command + " " + action)) said.push_back(line);
    for (const std::string& line : section(manual(command), "## OPTIONS", "## ")) {
      if (line.rfind("- `--", 0) != 0 || line.find(" FILE`") == std::string::npos) continue;
      const std::string wanted = line.substr(3, line.find('`', 3) - 3);
      CAPTURE(command, wanted);
      CHECK(std::any_of(said.begin(), said.end(),
                        [&](const std::string& one) { return one.find(wanted) != std::string::npos; }));
    }
  }
}

TEST_CASE("a manual names every form of its command, and no other") {
  for (const std::string& command : commands()) {
    CAPTURE(command);
    std::string written, said;
    const Lines options = section(manual(command), "## OPTIONS", "## ");
    for (auto line = options.begin(); line != options.end(); ++line)
      if (line->rfind("- `-o, ", 0) == 0) {
        written = line->substr(line->find(':'));
        while (++line != options.end() && line->rfind("  ", 0) == 0) written += *line;
        break;
      }
    for (const std::string& line : help(command))
      if (const auto at = line.find("-o FORM"); at != std::string::npos) said = line.substr(at);
    REQUIRE_FALSE(written.empty());
    REQUIRE_FALSE(said.empty());
    for (const std::string form : {"text", "json", "ndjson", "junit", "markdown"}) {
      CAPTURE(form);
      const bool in_help = said.find(" " + form) != std::string::npos;
      CHECK((written.find("`" + form + "`") != std::string::npos) == in_help);
    }
  }
}

TEST_CASE("manuals have the same sections, and speak of no option that their command does not take") {
  for (const std::string& command : commands()) {
    CAPTURE(command);
    const Lines text = manual(command);
    Lines headings;
    for (const std::string& line : text)
      if (line.rfind("## ", 0) == 0) headings.push_back(line.substr(3));
    CHECK(headings == Lines{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES"});
    const auto taken = options_of_manual(text);
    for (const std::string& line : section(text, "## SYNOPSIS", "## "))
      for (const std::string& option : options_in(line)) CHECK(taken.count(option) == 1);
    for (const std::string& line : section(text, "## EXAMPLES", "## "))
      if (line.rfind("cutover " + command, 0) == 0)
        for (const std::string& option : options_in(line)) CHECK(taken.count(option) == 1);
  }
}

TEST_CASE("the exit status means the same in every manual and in the README") {
  const auto table = [](const Lines& text) {
    Lines rows = section(text, "| exit | means |", "## ");
    rows.erase(std::find_if(rows.begin(), rows.end(), [](const std::string& line) { return line.rfind("|", 0) != 0; }),
               rows.end());
    return rows;
  };
  const Lines readme = table(lines_of(servers::read_text(source("README.md"))));
  REQUIRE(readme.size() == 7);  // the rule, and 0 to 5
  for (const std::string& command : commands()) {
    CAPTURE(command);
    CHECK(table(manual(command)) == readme);
  }
}

TEST_CASE("the example plan is one that the program takes") {
  const auto plan = read_plan(source("docs/examples/cutover.yaml"));
  INFO((plan ? "" : plan.error().message));
  REQUIRE(plan);
  // It shows what there is: every kind of part at least once.
  CHECK(plan->zones.size() > 1);
  CHECK(plan->window);
  CHECK_FALSE(plan->endpoints.empty());
  CHECK_FALSE(plan->mentions.empty());
  CHECK_FALSE(plan->acks.empty());
  CHECK_FALSE(plan->gates.empty());
}
