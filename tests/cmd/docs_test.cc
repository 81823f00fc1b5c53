#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <regex>

#include "core/text.h"
#include "tests/cmd/help_text.h"

// The pages under docs/ say what the program really takes and really says.

namespace fs = std::filesystem;
using namespace cutover;
using namespace cutover::tests;

namespace {

std::vector<fs::path> pages() {
  std::vector<fs::path> out{source("README.md")};
  for (const auto& file : fs::directory_iterator(source("docs")))
    if (file.path().extension() == ".md") out.push_back(file.path());
  return out;
}

/// What stands in code in a line: between backticks, or all of it inside a fence.
Lines code_in(const std::string& line) {
  static const std::regex kSpan("``(.+?)``|`([^`]+)`");
  Lines out;
  for (std::sregex_iterator at(line.begin(), line.end(), kSpan), end; at != end; ++at)
    out.emplace_back(trim((*at)[1].matched ? (*at)[1].str() : (*at)[2].str()));
  return out;
}

Lines code_of(const fs::path& page) {
  Lines out;
  bool fenced = false;
  for (const std::string& line : lines_of(servers::read_text(page))) {
    if (line.rfind("```", 0) == 0) {
      fenced = !fenced;
    } else if (fenced || line.rfind("    ", 0) == 0) {
      // A line that is continued is one command.
      if (!out.empty() && !out.back().empty() && out.back().back() == '\\')
        out.back() = out.back().substr(0, out.back().size() - 1) + line;
      else
        out.push_back(line);
    } else {
      for (std::string& span : code_in(line)) out.push_back(std::move(span));
    }
  }
  return out;
}

/// Every string of the sources, with those that the compiler joins joined.
std::string sources() {
  std::string out;
  for (const char* folder : {"core", "net", "dnsprobe", "tlscheck", "providers", "cmd"})
    for (const auto& file : fs::recursive_directory_iterator(source(folder)))
      if (file.path().extension() == ".cc") out += servers::read_text(file.path());
  out = std::regex_replace(out, std::regex("\"\\s*\n\\s*\""), "");
  return out;
}

}  // namespace

TEST_CASE("a command that a page shows is one that there is, with options that it takes") {
  static const std::regex kCommand("(^|[ $(;])cutover ([a-z][a-z-]*)([^|;#]*)");
  const Lines known = commands();
  std::map<std::string, std::set<std::string>> taken;
  for (const std::string& command : known) {
    taken[command] = options_taken(command);
    taken[command].merge(options_of_help(help("")));
  }
  std::size_t seen = 0;
  for (const fs::path& page : pages()) {
    for (std::string line : code_of(page)) {
      line = line.substr(0, line.find(" #"));
      std::smatch found;
      if (!std::regex_search(line, found, kCommand)) continue;
      CAPTURE(page.filename(), line);
      ++seen;
      REQUIRE(taken.count(found[2]) == 1);
      for (const std::string& option : options_in(found[3])) CHECK(taken[found[2]].count(option) == 1);
    }
  }
  CHECK(seen > 60);
}

TEST_CASE("links from page to page lead somewhere") {
  static const std::regex kLink("\\]\\(([^)#:]+)(#[^)]*)?\\)");
  std::size_t seen = 0;
  for (const fs::path& page : pages()) {
    const std::string text = servers::read_text(page);
    for (std::sregex_iterator at(text.begin(), text.end(), kLink), end; at != end; ++at) {
      CAPTURE(page.filename(), at->str());
      ++seen;
      CHECK(fs::exists(page.parent_path() / (*at)[1].str()));
    }
  }
  CHECK(seen > 40);
}

TEST_CASE("troubleshooting quotes what the program says") {
  const std::string said = sources();
  std::size_t seen = 0;
  for (const std::string& line : lines_of(servers::read_text(source("docs/troubleshooting.md")))) {
    if (line.rfind("| ", 0) != 0) continue;
    // The last two columns are ours.
    const auto columns = split(line, '|');
    if (columns.size() < 5) continue;
    for (std::size_t i = 1; i + 3 < columns.size(); ++i) {
      for (std::string span : code_in(columns[i])) {
        if (span.find(' ') == std::string::npos) continue;
        CAPTURE(span);
        ++seen;
        for (auto gap = span.find("..."); !span.empty(); gap = span.find("...")) {
          const std::string part(trim(span.substr(0, gap)));
          CAPTURE(part);
          if (part.size() > 3) CHECK(said.find(part) != std::string::npos);
          span = gap == std::string::npos ? "" : span.substr(gap + 3);
        }
      }
    }
  }
  CHECK(seen > 20);
}

TEST_CASE("troubleshooting knows every gate and every exit status") {
  const std::string page = servers::read_text(source("docs/troubleshooting.md"));
  std::size_t gates = 0;
  for (const std::string& line : lines_of(servers::read_text(source("cmd/swap.md")))) {
    if (line.rfind("| `", 0) != 0 || line.find('/') != std::string::npos) continue;
    const std::string gate = line.substr(2, line.find('`', 3) - 1);
    if (gate == "`PLAN`") continue;
    CAPTURE(gate);
    ++gates;
    CHECK(page.find("| " + gate + " |") != std::string::npos);
  }
  CHECK(gates >= 10);
  CHECK(page.find("| `standby-over` |") != std::string::npos);
  for (const char exit : {'1', '2', '3', '4', '5'})
    CHECK(page.find(std::string("## Exit ") + exit) != std::string::npos);
}
