#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "tests/servers/process.h"

// What the program takes, as its own help says it.

namespace cutover::tests {

using Lines = std::vector<std::string>;

inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  REQUIRE(value != nullptr);
  return value;
}

inline std::string source(const std::string& path) { return environment("CUTOVER_SOURCE") + "/" + path; }

inline Lines lines_of(const std::string& text) {
  Lines out;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) out.push_back(line);
  return out;
}

/// Of the program, of a command, or of one of its actions: `resolvers list`.
inline Lines help(const std::string& command) {
  std::vector<std::string> argv{environment("CUTOVER_PROGRAM")};
  std::stringstream words(command);
  for (std::string word; words >> word;) argv.push_back(word);
  argv.push_back("--help");
  const auto ran = servers::run_program(argv);
  REQUIRE(ran.status == 0);
  return lines_of(ran.output);
}

/// The lines between a heading and the next one.
inline Lines section(const Lines& text, const std::string& heading, const std::string& next) {
  auto begin = std::find(text.begin(), text.end(), heading);
  if (begin == text.end()) return {};
  return {++begin, std::find_if(begin, text.end(), [&](const std::string& line) { return line.rfind(next, 0) == 0; })};
}

/// Every `--option` of the text.
inline std::set<std::string> options_in(const std::string& text) {
  std::set<std::string> out;
  for (std::size_t at = text.find("--"); at != std::string::npos; at = text.find("--", at + 2)) {
    const std::size_t end = text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-", at);
    if (const std::string word = text.substr(at, end - at); word.size() > 2) out.insert(word);
  }
  return out;
}

/// CLI11 indents an option by two spaces and its explanation by more.
inline std::set<std::string> options_of_help(const Lines& text) {
  std::set<std::string> out;
  for (const std::string& line : section(text, "Options:", "Subcommands:"))
    if (line.rfind("  -", 0) == 0) out.merge(options_in(line.substr(0, line.find_first_of(" ", 2))));
  return out;
}

inline Lines commands_in(const Lines& text) {
  Lines out;
  for (const std::string& line : section(text, "Subcommands:", "\n"))
    if (line.size() > 2 && line.rfind("  ", 0) == 0 && line[2] != ' ')
      out.push_back(line.substr(2, line.find(' ', 2) - 2));
  return out;
}

inline Lines commands() { return commands_in(help("")); }

/// What the command takes, with all of its actions.
inline std::set<std::string> options_taken(const std::string& command) {
  auto out = options_of_help(help(command));
  for (const std::string& action : commands_in(help(command))) out.merge(options_of_help(help(command + " " + action)));
  return out;
}

}  // namespace cutover::tests
