#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <sstream>

#include "cmd/plan/plan_file.h"
#include "tests/servers/process.h"

// The manuals beside the commands say what the program really takes, all of it and nothing else.

using namespace cutover;

namespace {

using Lines = std::vector<std::string>;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE(value != nullptr);
  return value;
}

std::string source(const std::string& path) { return environment("CUTOVER_SOURCE") + "/" + path; }

Lines lines_of(const std::string& text) {
  Lines out;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

/// Of the program, of a command, or of one of its actions: `resolvers list`.
Lines help(const std::string& command) {
  std::vector<std::string> argv{environment("CUTOVER_PROGRAM")};
  std::stringstream words(command);
  for (std::string word; words >> word;) argv.push_back(word);
  argv.push_back("--help");
  const auto ran = servers::run_program(argv);
  REQUIRE(ran.status == 0);
  return lines_of(ran.output);
}

/// The lines between a heading and the next one.
Lines section(const Lines& text, const std::string& heading, const std::string& next) {
  auto begin = std::find(text.begin(), text.end(), heading);
  if (begin == text.end()) return {};
  return {++begin, std::find_if(begin, text.end(), [&](const std::string& line) { return line.rfind(next, 0) == 0; })};
}

/// Every `--option` of the text.
std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> out;
  for (std::size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", at);
    if (const std::string word = text.substr(at, end - at); word.size() > 2) out.insert(word);
  }
  return out;
}

/// CLI11 indents an option by two spaces and its explanation by more.
std::set<std::string> options_of_help(const Lines& text) {
  std::set<std::string> out;
  for (const std::string& line : section(text, "Options:", "Subcommands:"))
    if (line.rfind("  -", 0) == 0) out.merge(options_in(line.substr(0, line.find_first_of(" ", 2))));
  return out;
}

std::set<std::string> options_of_manual(const Lines& text) {
  std::set<std::string> out;
  for (const std::string& line : section(text, "## OPTIONS", "## "))
    if (line.rfind("- `-", 0) == 0) out.merge(options_in(line.substr(0, line.find('`', 3))));
  return out;
}

Lines commands_in(const Lines& text) {
  Lines out;
  for (const std::string& line : section(text, "Subcommands:", "\n"))
    if (line.size() > 2 && line.rfind("  ", 0) == 0 && line[2] != ' ')
      out.push_back(line.substr(2, line.find(' ', 2) - 2));
  return out;
}

Lines commands() { return commands_in(help("")); }

/// What the command takes, with all of its actions.
std::set<std::string> options_taken(const std::string& command) {
  auto out = options_of_help(help(command));
  for (const std::string& action : commands_in(help(command))) out.merge(options_of_help(help(command + " " + action)));
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
