#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "cmd/output_form.h"
#include "tests/servers/process.h"

// What the program says of a command line that it cannot make sense of. None of these touches a plan or a zone: the
// folder they run in is empty and stays so.

using namespace cutover;

namespace {

servers::Finished cutover_in(const servers::TempFolder& folder, std::vector<std::string> args) {
  const char* program = std::getenv("CUTOVER_PROGRAM");
  REQUIRE(program != nullptr);
  args.insert(args.begin(), program);
  return servers::run_program(args, {}, std::chrono::seconds(30), folder.path());
}

}  // namespace

TEST_CASE("a command line that makes no sense is answered with what was probably meant") {
  struct Case {
    std::vector<std::string> args;
    std::vector<std::string> said;
  };
  const servers::TempFolder folder;
  for (const Case& c : std::vector<Case>{
           {{"swop"}, {"no command 'swop'", "did you mean `cutover swap`?", "`cutover --help`"}},
           {{"swop", "move.yaml", "--yes"}, {"no command 'swop'", "did you mean `cutover swap`?"}},
           {{"-o", "json", "lower"}, {"no command 'lower'"}},
           {{"lower_ttl"}, {"did you mean `cutover lower-ttl`?"}},
           {{"transmogrify"}, {"no command 'transmogrify'", "assess, plan, status, lower-ttl"}},
           {{"\x1b[31mswap"}, {"no command '\\x1b[31mswap'"}},
           {{}, {"a command is missing", "assess, plan"}},
           {{"swap", "--yess"},
            {"`cutover swap` has no option --yess", "did you mean --yes?", "`cutover swap --help`"}},
           {{"swap", "--plan-hahs=12345678"}, {"no option --plan-hahs", "did you mean --plan-hash?"}},
           {{"swap", "--ouput", "json"}, {"no option --ouput", "did you mean --output?"}},
           {{"swap", "--frobnicate-everything"}, {"no option --frobnicate-everything; `cutover swap --help`"}},
           {{"plan", "one.yaml", "two.yaml"}, {"`cutover plan` does not know what to do with 'two.yaml'"}},
           // A misspelt option is named, not the required one that it was meant to be.
           {{"assess", "--zoen", "example.com"}, {"`cutover assess` has no option --zoen", "did you mean --zone?"}},
           {{"assess"}, {"--zone is required", "`cutover assess --help`"}},
       }) {
    CAPTURE(c.args);
    const auto ran = cutover_in(folder, c.args);
    CAPTURE(ran.output);
    CHECK(ran.status == 1);
    for (const std::string& part : c.said) CHECK(ran.output.find(part) != std::string::npos);
  }
}

TEST_CASE("a form that a command has not got is refused before anything is done") {
  struct Case {
    std::vector<std::string> args;
    std::string said;
  };
  const servers::TempFolder folder;
  for (const Case& c : std::vector<Case>{
           {{"swap", "--yes", "-o", "junit"},
            "`cutover swap` has no such form, so nothing was done; `cutover swap` "
            "gives its result as text or json"},
           {{"plan", "-o", "ndjson"}, "text or json"},
           {{"preflight", "-o", "ndjson"}, "text, json, junit, sarif, github or metrics"},
           {{"watch", "-o", "junit"}, "text, json or ndjson"},
           {{"demo", "-o", "junit"}, "text or json"},
           {{"schema", "-o", "text"}, "gives its result as json"},
           {{"status", "-o", "yaml"}, "-o yaml: there is no such form"},
           {{"status", "-o", ""}, "there is no such form"},
       }) {
    CAPTURE(c.args);
    const auto ran = cutover_in(folder, c.args);
    CAPTURE(ran.output);
    CHECK(ran.status == 1);
    CHECK(ran.output.find(c.said) != std::string::npos);
    CHECK(std::filesystem::is_empty(folder.path()));
  }
  CHECK(cutover_in(folder, {"schema", "-o", "JSON"}).status == 0);
}

TEST_CASE("help says FORM, and which forms a command has") {
  const servers::TempFolder folder;
  const std::string all = cutover_in(folder, {"--help"}).output;
  INFO(all);
  CHECK(all.find("-o,--output FORM") != std::string::npos);
  CHECK(all.find("ENUM") == std::string::npos);
  CHECK(cutover_in(folder, {"watch", "--help"}).output.find("text, json or ndjson") != std::string::npos);
  CHECK(cutover_in(folder, {"swap", "--help"}).output.find("text or json") != std::string::npos);
}

TEST_CASE("assess ends with 3 where there is nothing to plan") {
  servers::TempFolder folder;
  folder.write(
      "example.zone",
      "$ORIGIN example.com.\n$TTL 300\n@ IN SOA ns1 h 1 7200 900 1209600 300\n@ IN NS ns1\nns1 IN A 192.0.2.1\n"
      "www IN A 192.0.2.10\n",
      0600);
  const auto assess = [&](const std::string& from) {
    return cutover_in(
        folder, {"assess", "--zone", "example.com", "--provider", "zonefile", "--option", "file=example.zone",
                 "--zone-file", folder.file("example.zone"), "--offline", "--from", from, "--to", "203.0.113.20"});
  };
  const auto nothing = assess("198.51.100.1");
  CAPTURE(nothing.output);
  CHECK(nothing.status == 3);
  CHECK(nothing.output.find("No plan was written") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder.file("cutover.yaml")));
  const auto found = assess("192.0.2.10");
  CAPTURE(found.output);
  CHECK(found.status == 0);
  CHECK(std::filesystem::exists(folder.file("cutover.yaml")));
}

TEST_CASE("forms are listed as people say them") {
  CHECK(listed({OutputForm::kJson}) == "json");
  CHECK(listed({OutputForm::kText, OutputForm::kJson}) == "text or json");
  CHECK(listed({OutputForm::kText, OutputForm::kJson, OutputForm::kJunit}) == "text, json or junit");
  CHECK(*output_form("watch", "NDJSON", {OutputForm::kText, OutputForm::kNdjson}) == OutputForm::kNdjson);
}
