#include <catch2/catch.hpp>
#include <vector>

#include "cmd/report/report_file.h"
#include "core/text.h"
#include "tests/servers/process.h"
#include "tests/support/not_run.h"
#include "tests/support/temporary_folder.h"
#include "told_story.h"

// The report in HTML as a browser without any network shows it.

using namespace cutover;

namespace {

struct Shown {
  std::string document;                 ///< as it is once the scripts have run
  std::vector<std::string> complaints;  ///< what the browser's console says of it
};

/// Opens `html` in a network of its own in which there is nothing.
Shown shown(const std::string& html) {
  const test::TemporaryFolder folder;
  const std::string file = (folder.path() / "report.html").string();
  servers::write_text(file, html);
  const auto run =
      servers::run_program({"unshare", "-rn", "chromium", "--headless", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--enable-logging=stderr",
                            "--user-data-dir=" + (folder.path() / "profile").string(), "--dump-dom", "file://" + file},
                           {}, std::chrono::seconds(120));
  REQUIRE(run.status == 0);
  Shown out;
  for (const std::string& line : split(run.output, '\n'))
    if (line.find(":CONSOLE:") != std::string::npos && line.find("source: file") != std::string::npos)
      out.complaints.push_back(line);
  out.document = run.output.substr(std::min(run.output.find("<!DOCTYPE html>"), run.output.size()));
  return out;
}

std::string with(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

bool can_be_shown() {
  if (servers::run_program({"unshare", "-rn", "true"}).status == 0) return true;
  tests::not_run("the report in Chromium", "no network of its own can be made here (unshare -rn)");
  return false;
}

}  // namespace

TEST_CASE("a report opens offline with its pictures, and hostile words in it do nothing") {
  if (!can_be_shown()) return;
  const std::string hostile =
      "\x1b[31m</script><script>document.title='HACKED'</script><img src=x onerror=\"document.title='HACKED'\">"
      "<!--\xe2\x80\xae'\"";
  const Shown seen = shown(story_in_form(test::told_story(hostile), OutputForm::kHtml));
  INFO(join(seen.complaints, "\n"));
  CHECK(seen.complaints.empty());
  CHECK(seen.document.find("<body class=\"drawn\">") != std::string::npos);
  for (const std::string picture : {"picture spread", "picture map", "picture visits", "class=\"matrix\""}) {
    CAPTURE(picture);
    CHECK(seen.document.find(picture) != std::string::npos);
  }
  CHECK(seen.document.find("<title>HACKED") == std::string::npos);
  CHECK(seen.document.find("<img") == std::string::npos);
}

TEST_CASE("what is slipped into a report later is refused by its policy") {
  if (!can_be_shown()) return;
  const std::string report = story_in_form(test::told_story(), OutputForm::kHtml);
  const Shown seen = shown(with(report, "</main>",
                                "<script>document.body.classList.add('foreign')</script>"
                                "<img src=\"http://192.0.2.1/x.png\"></main>"));
  CHECK(seen.complaints.size() == 2);
  CHECK(seen.document.find("<body class=\"drawn\">") != std::string::npos);
}

TEST_CASE("a report without anything in it yet is shown too") {
  if (!can_be_shown()) return;
  const Shown seen = shown(story_in_form(Story{}, OutputForm::kHtml));
  INFO(join(seen.complaints, "\n"));
  CHECK(seen.complaints.empty());
  CHECK(seen.document.find("<body class=\"drawn\">") != std::string::npos);
}
