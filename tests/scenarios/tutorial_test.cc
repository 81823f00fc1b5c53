// docs/tutorial.md, exactly as its reader types it, in a network that has nothing but a loopback of its own: each block
// of commands has to end as the page says, and has to print what the page shows.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "core/text.h"
#include "tests/servers/process.h"
#include "tests/support/namespace.h"
#include "tests/support/not_run.h"

using namespace cutover;
using namespace cutover::servers;

namespace {

struct Block {
  std::string commands;
  int exit = 0;
  std::vector<std::string> shown;  ///< lines of output; `...` stands for anything
};

std::vector<Block> blocks_of(const std::string& page) {
  std::vector<Block> out;
  std::string fence, expected_exit;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    if (fence.empty() && line.rfind("<!-- exit ", 0) == 0) expected_exit = line.substr(10, 1);
    if (line.rfind("```", 0) == 0) {
      fence = fence.empty() ? line.substr(3) : "";
      if (fence == "sh") {
        out.push_back({});
        if (!expected_exit.empty()) out.back().exit = std::stoi(expected_exit);
        expected_exit.clear();
      }
    } else if (fence == "sh") {
      out.back().commands += line + "\n";
    } else if (fence == "text") {
      out.back().shown.push_back(line);
    }
  }
  return out;
}

/// The words of a line; how many blanks stand between them is a matter of taste.
std::string squeezed(const std::string& line) {
  std::istringstream words(line);
  std::string out;
  for (std::string word; words >> word;) out += (out.empty() ? "" : " ") + word;
  return out;
}

bool is_shown(const std::string& wanted, const std::string& line) {
  std::string rest = squeezed(wanted);
  const std::string text = squeezed(line);
  std::size_t from = 0;
  while (true) {
    const auto gap = rest.find("...");
    const std::string part(trim(rest.substr(0, gap)));
    const auto found = text.find(part, from);
    if (found == std::string::npos) return false;
    from = found + part.size();
    if (gap == std::string::npos) return true;
    rest = rest.substr(gap + 3);
  }
}

/// One script: a failing command is remembered, and what each block says is kept apart.
std::string script_of(const std::vector<Block>& blocks) {
  std::string out =
      "trap 'kill $(cat \"$HOME\"/cutover-tutorial/*.pid) 2>/dev/null' EXIT\nset -o pipefail\ntrap 'failed=$?' ERR\n";
  for (std::size_t i = 0; i < blocks.size(); ++i)
    out += fmt::format(
        "failed=0\nexec > \"$TOLD/{0}\" 2>&1\n{1}[ $failed -eq {2} ] || {{ echo \"ended with $failed\"; exit {3}; }}\n",
        i, blocks[i].commands, blocks[i].exit, 100 + i);
  return out;
}

}  // namespace

TEST_CASE("the tutorial's commands do what it says, from assess to restore-ttl") {
  if (const std::string why = tests::Namespace::refusal(); !why.empty()) {
    tests::not_run("the tutorial", why);
    return;
  }
  const tests::Namespace network;
  const std::string source = std::getenv("CUTOVER_SOURCE");
  const auto blocks = blocks_of(read_text(source + "/docs/tutorial.md"));
  REQUIRE(blocks.size() > 15);
  const TempFolder home, told;
  const auto program = std::filesystem::path(std::getenv("CUTOVER_PROGRAM")).parent_path().string();
  const auto ran = run_program(
      {"env", "-u", "XDG_STATE_HOME", "HOME=" + home.path(), "TOLD=" + told.path(),
       "PATH=" + program + ":/usr/sbin:" + std::getenv("PATH"), "bash", home.write("typed", script_of(blocks))},
      {}, std::chrono::seconds(240), home.path());
  CAPTURE(ran.status, ran.output);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string said = read_text(told.file(std::to_string(i)));
    INFO("typed:\n" << blocks[i].commands << "said:\n" << said);
    REQUIRE(ran.status != static_cast<int>(100 + i));
    for (const std::string& wanted : blocks[i].shown) {
      CAPTURE(wanted);
      std::istringstream lines(said);
      bool found = false;
      for (std::string line; std::getline(lines, line);) found = found || is_shown(wanted, line);
      CHECK(found);
    }
  }
  CHECK(ran.status == 0);
  CHECK_FALSE(std::filesystem::exists(home.file("cutover-tutorial")));
}
