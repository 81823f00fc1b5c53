#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "core/text.h"
#include "tests/cmd/help_text.h"

// The man pages that the build makes of the manuals, as man(1) and mandoc(1) see them.

using namespace cutover;
using namespace cutover::tests;

namespace {

std::string page(const std::string& command) {
  const auto build = std::filesystem::path(environment("CUTOVER_PROGRAM")).parent_path();
  return build / "man" / (command.empty() ? "cutover.1" : "cutover-" + command + ".1");
}

/// Every page: that of the program itself (by no name), then of each command.
Lines pages() {
  Lines out = commands();
  out.insert(out.begin(), "");
  return out;
}

/// As plain text, so wide that no paragraph is broken.
std::string read_by_people(const std::string& command) {
  const auto shown = servers::run_program({"env", "LC_ALL=C.UTF-8", "MANWIDTH=5000", "MANPAGER=cat",
                                           "MAN_KEEP_FORMATTING=", "man", "-E", "UTF-8", "-l", page(command)});
  REQUIRE(shown.status == 0);
  return shown.output;
}

}  // namespace

TEST_CASE("every command has a man page that man and mandoc have nothing to say about") {
  for (const std::string& command : pages()) {
    CAPTURE(command);
    REQUIRE(std::filesystem::exists(page(command)));
    const auto shown = servers::run_program(
        {"sh", "-c", "LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l \"$1\" 2>&1 >/dev/null", "sh",
         page(command)});
    CHECK(shown.status == 0);
    CHECK(shown.output.empty());
    const auto checked = servers::run_program({"mandoc", "-Tlint", "-Wwarning", page(command)});
    CHECK(checked.output.empty());
    const auto named = servers::run_program({"lexgrog", page(command)});
    const std::string title = command.empty() ? "cutover" : "cutover-" + command;
    CHECK_THAT(named.output, Catch::Contains("\"" + title + " - "));
  }
}

TEST_CASE("a man page has the sections of a manual and leads to the others") {
  for (const std::string& command : pages()) {
    CAPTURE(command);
    Lines headings;
    const std::string text = read_by_people(command);
    for (const std::string& line : lines_of(text))
      if (!line.empty() && line.front() != ' ' && line.find('(') == std::string::npos && line.rfind("cutover ", 0) != 0)
        headings.push_back(line);
    Lines wanted{"NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "FILES", "EXAMPLES", "SEE ALSO"};
    if (command.empty())
      wanted.insert(wanted.begin() + 3, "COMMANDS"), wanted.insert(wanted.begin() + 7, "ENVIRONMENT");
    CHECK(headings == wanted);
    for (const std::string& other : commands())
      if (other != command) CHECK_THAT(text, Catch::Contains("cutover-" + other + "(1)"));
  }
}

TEST_CASE("a man page names every option that its command takes") {
  for (const std::string& command : commands()) {
    CAPTURE(command);
    const std::string text = read_by_people(command);
    Lines asked{command};
    for (const std::string& action : commands_in(help(command))) asked.push_back(command + " " + action);
    for (const std::string& path : asked)
      for (const std::string& option : options_of_help(help(path))) CHECK_THAT(text, Catch::Contains(option));
  }
  const std::string program = read_by_people("");
  for (const std::string& option : options_of_help(help(""))) CHECK_THAT(program, Catch::Contains(option));
}
