#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "cmd/plan/digest.h"
#include "cmd/report/assets.h"
#include "cmd/report/report_file.h"
#include "cmd/report/story_digest.h"
#include "cmd/report/story_json.h"
#include "cmd/report/story_metrics.h"
#include "schema_judge.h"
#include "tests/servers/process.h"
#include "tests/support/temporary_folder.h"
#include "told_story.h"

// What people and machines are given of a cutover, in every form, and that nothing which came from outside can do
// anything there.

using namespace cutover;
using namespace cutover::test;

namespace {

const std::vector<OutputForm> kForms{OutputForm::kText, OutputForm::kMarkdown, OutputForm::kJson, OutputForm::kHtml};

/// Everything at once that a name server, a certificate or an API may say to do harm.
const std::string kHostile =
    "\x1b[31m\x07\x9b"
    "2J</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'--><b>\xe2\x80\xae\xe2\x80\x8f\xe2\x81\xa6"
    "|[a](javascript:alert(3))`*_#@team\xe2\x80\xa8\r\n\xff" +
    std::string(4000, 'x');

std::string source(const std::string& path) {
  const char* folder = std::getenv("CUTOVER_SOURCE");
  REQUIRE(folder != nullptr);
  return servers::read_text(std::string(folder) + "/" + path);
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

std::vector<std::string> all_of(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> out;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern); at != std::sregex_iterator(); ++at)
    out.push_back((*at)[1]);
  return out;
}

/// What stands between each `open` and the next `close`.
std::vector<std::string> between(const std::string& text, const std::string& open, const std::string& close) {
  std::vector<std::string> out;
  for (auto at = text.find(open); at != std::string::npos; at = text.find(open, at)) {
    at += open.size();
    out.push_back(text.substr(at, text.find(close, at) - at));
  }
  return out;
}

std::set<std::string> set_of(std::vector<std::string> all) { return {all.begin(), all.end()}; }

servers::Finished promtool(const std::vector<std::string>& arguments, const std::string& input = {}) {
  std::vector<std::string> argv{"promtool"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return servers::run_program(argv, input);
}

}  // namespace

TEST_CASE("the JSON of a story keeps to its schema, whatever is in it") {
  const TemporaryFolder folder;
  const auto schema = folder.path() / "story.schema.json";
  std::ofstream(schema) << kStorySchema;
  Story empty;
  Story undone = told_story();
  undone.propagation.push_back(undone.propagation.front());
  undone.propagation.back().of = Phase::kRollback;
  const std::vector<std::string> documents{story_as_json(told_story()), story_as_json(told_story(kHostile)),
                                           story_as_json(empty), story_as_json(undone)};
  CHECK(judged_by_schema(schema, documents) == std::vector<std::string>(documents.size(), "valid"));
  // The schema is one that can be failed.
  auto wrong = nlohmann::json::parse(documents.front());
  wrong["sets"][0]["levels"] = 3;
  CHECK(judged_by_schema(schema, {wrong.dump()}) != std::vector<std::string>{"valid"});
}

TEST_CASE("turns are told in milliseconds since the values were served, and places with their degrees") {
  const auto json = nlohmann::json::parse(story_as_json(told_story()));
  const auto& spreading = json.at("propagation").at(0);
  CHECK(spreading.at("turns") == nlohmann::json::parse(R"([[1000,0,"old"],[2000,1,"old"],[40000,0,"new"]])"));
  CHECK(spreading.at("resolvers").at(0).at("lat") == 52.5);
  CHECK(spreading.at("resolvers").at(1).at("lat").is_null());
  CHECK(spreading.at("resolvers").at(1).at("expires_at") == "2026-10-06T09:07:30.000Z");
}

TEST_CASE("a report says what happened: values before and after, gates, overrides with their reasons, failures") {
  const Story story = told_story();
  for (const OutputForm form : kForms) {
    CAPTURE(to_text(form));
    const std::string report = story_in_form(story, form);
    for (const std::string expected : {"192.0.2.1", "203.0.113.1", "one UPDATE", "reply of the API", "the lag is known",
                                       "drained", "said no", "the certificate is for another name", "CN=other",
                                       "old-past-ttl", "ns2 is behind", "through two", "slower than the old side was"})
      CHECK(report.find(expected) != std::string::npos);
  }
}

TEST_CASE("the summary of a report answers what people ask first") {
  Story story = told_story();
  const auto says = [&](const std::string& part) {
    const std::string all = join(summary_of(story), "\n");
    INFO(all);
    return all.find(part) != std::string::npos;
  };
  CHECK(says("2 record sets of example.com moved from the old side to the new side"));
  CHECK(says("1 of 12 visits in the rehearsal FAILED"));
  CHECK(says("A gate was overridden by hand: mine (the lag is known)"));
  CHECK(says("It can be undone: `cutover rollback`"));
  CHECK(says("within about 1m"));

  SECTION("nobody came to harm") {
    story.availability->failed = 0;
    CHECK(says("Nobody was sent to a dead place"));
  }
  SECTION("outside of a rehearsal it does not pretend to know") {
    story.availability.reset();
    CHECK(says("Monitoring of the new side, at 2026-10-06T09:06:30Z: latency: slower"));
    story.events.clear();
    CHECK(says("What visitors met is not known to this program"));
  }
  SECTION("undone") {
    story.writes.push_back(story.writes.back());
    story.writes.back().id = 3;
    story.writes.back().phase = Phase::kRollback;
    CHECK(says("They were put back"));
    CHECK(says("It is undone already"));
  }
  SECTION("nothing has happened yet") {
    story.writes.clear();
    story.checks.clear();
    story.propagation.clear();
    CHECK(says("Nothing has been moved yet"));
    CHECK(says("No preflight is on record"));
    CHECK_FALSE(says("can be undone"));
  }
}

TEST_CASE("nothing from outside does anything in any form of a report") {
  const Story story = told_story(kHostile);
  for (const OutputForm form : kForms) {
    CAPTURE(to_text(form));
    const std::string report = story_in_form(story, form);
    CHECK(report.find('\x1b') == std::string::npos);
    CHECK(report.find('\x07') == std::string::npos);
    CHECK(report.find('\r') == std::string::npos);
    CHECK(report.find('\xff') == std::string::npos);
    for (const std::string mark : {"\xe2\x80\xae", "\xe2\x80\x8f", "\xe2\x81\xa6"})
      CHECK(report.find(mark) == std::string::npos);
  }
}

TEST_CASE("HTML from outside is text in a report in HTML, and the policy allows its own script and style alone") {
  const std::string plain = story_in_form(told_story(), OutputForm::kHtml);
  const std::string report = story_in_form(told_story(kHostile), OutputForm::kHtml);
  for (const std::string tag : {"<script", "</script", "<img", "<b>", "<style", "</style", "<!--"}) {
    CAPTURE(tag);
    CHECK(count_of(report, tag) == count_of(plain, tag));
  }
  const auto scripts = between(report, "<script>", "</script>");
  const auto styles = between(report, "<style>", "</style>");
  REQUIRE(scripts.size() == 1);
  REQUIRE(styles.size() == 1);
  const auto policy = between(report, "http-equiv=\"Content-Security-Policy\" content=\"", "\">");
  REQUIRE(policy.size() == 1);
  CHECK(policy.front() == "default-src 'none'; script-src 'sha256-" + to_base64(sha256(scripts.front())) +
                              "'; style-src 'sha256-" + to_base64(sha256(styles.front())) +
                              "'; base-uri 'none'; form-action 'none'");
  // Nothing is fetched from anywhere.
  for (const std::string way : {" src=", "url(http", "@import", "<link", "<iframe", "<base"}) {
    CAPTURE(way);
    CHECK(count_of(plain, way) == 0);
  }
}

TEST_CASE("commands in a sentence are code, and nothing from outside is") {
  Story story = told_story();
  story.availability->failed = 0;
  story.overrides.front().reason = "`cutover is` fine, `<b>` is not, nor is `";
  const std::string markdown = story_in_form(story, OutputForm::kMarkdown);
  CHECK(markdown.find("`cutover rollback`") != std::string::npos);
  CHECK(markdown.find("`cutover is` fine, \\`&lt;b&gt;\\` is not, nor is \\`") != std::string::npos);
  const std::string html = story_in_form(story, OutputForm::kHtml);
  CHECK(html.find("<code>cutover rollback</code>") != std::string::npos);
  CHECK(html.find("<code>cutover is</code> fine, `&lt;b&gt;` is not, nor is `") != std::string::npos);
}

TEST_CASE("a table in Markdown keeps its columns, and calls nobody") {
  const std::string report = story_in_form(told_story(kHostile), OutputForm::kMarkdown);
  CHECK(report.find("@team") == std::string::npos);
  CHECK(report.find("<script") == std::string::npos);
  CHECK(count_of(report, "](javascript") == count_of(report, "\\](javascript"));
  std::size_t columns = 0;
  for (const std::string& line : split(report, '\n')) {
    if (line.rfind('|', 0) != 0) {
      columns = 0;
      continue;
    }
    std::size_t bars = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (line[i] == '\\')
        ++i;
      else if (line[i] == '|')
        ++bars;
    }
    if (columns == 0) columns = bars;
    CHECK(bars == columns);
  }
}

TEST_CASE("a very long value does not drown a terminal") {
  for (const std::string& line : split(story_in_form(told_story(std::string(9000, 'x')), OutputForm::kText), '\n'))
    if (line.rfind("    ", 0) == 0) CHECK(line.size() < 1500);
}

TEST_CASE("the form of a report follows from the file's name") {
  CHECK(*report_form("a/b/report.HTML") == OutputForm::kHtml);
  CHECK(*report_form("report.md") == OutputForm::kMarkdown);
  CHECK(*report_form("report.json") == OutputForm::kJson);
  CHECK(*report_form("report.txt") == OutputForm::kText);
  CHECK_FALSE(report_form("report.pdf").ok());
  CHECK_FALSE(report_form("report").ok());
}

TEST_CASE("promtool takes the metrics of a story, hostile or not, and every family is documented") {
  for (const std::string& from_outside : {std::string(), kHostile}) {
    const std::string text = story_as_metrics(told_story(from_outside));
    const auto checked = promtool({"check", "metrics"}, text);
    CAPTURE(checked.output);
    CHECK(checked.status == 0);
    CHECK(trim(checked.output).empty());
  }
  const std::string text = story_as_metrics(told_story());
  // Each series once.
  std::set<std::string> series;
  for (const std::string& line : split(text, '\n'))
    if (!line.empty() && line[0] != '#') CHECK(series.insert(line.substr(0, line.rfind(' '))).second);

  Story converged = told_story();
  converged.propagation.back().converged_at = converged.now;
  const auto given = set_of(all_of(text + story_as_metrics(converged), std::regex("# TYPE ([a-z_]+) gauge")));
  const std::string manual = source("docs/metrics.md");
  const auto documented =
      set_of(all_of(manual.substr(0, manual.find("## Of certificates")), std::regex("\n\\| `([a-z_]+)`")));
  auto expected = documented;
  expected.insert("probe_success");
  CHECK(given == expected);
  // Those of checks stand in the source that makes them.
  const std::string of_checks = source("cmd/report/checks_metrics.cc");
  for (const std::string& name :
       all_of(manual.substr(manual.find("## Of certificates")), std::regex("\n\\| `([a-z_]+)`"))) {
    CAPTURE(name);
    CHECK(of_checks.find("\"" + name + "\"") != std::string::npos);
  }
}

TEST_CASE("the example alert rules are good, and speak of metrics that there are") {
  const char* folder = std::getenv("CUTOVER_SOURCE");
  REQUIRE(folder != nullptr);
  const std::string rules = std::string(folder) + "/docs/monitoring/alerts.yml";
  const auto checked = promtool({"check", "rules", rules});
  CAPTURE(checked.output);
  CHECK(checked.status == 0);
  const auto tried = promtool({"test", "rules", std::string(folder) + "/tests/cmd/alerts_test.yml"});
  CAPTURE(tried.output);
  CHECK(tried.status == 0);

  const auto documented = set_of(all_of(source("docs/metrics.md"), std::regex("\n\\| `([a-z_]+)`")));
  for (const std::string file : {"docs/monitoring/alerts.yml", "docs/monitoring/dashboard.json"}) {
    const auto named = set_of(all_of(source(file), std::regex("\\b((?:cutover|probe)_[a-z_]+)")));
    CHECK(named.size() > 4);
    for (const std::string& name : named) {
      CAPTURE(file, name);
      CHECK(documented.count(name) == 1);
    }
  }
}

TEST_CASE("the example dashboard is JSON, and every panel asks something of the data source that is chosen") {
  const auto dashboard = nlohmann::json::parse(source("docs/monitoring/dashboard.json"));
  REQUIRE(dashboard.at("panels").size() > 5);
  for (const auto& panel : dashboard.at("panels")) {
    CAPTURE(panel.at("title"));
    REQUIRE_FALSE(panel.at("targets").empty());
    for (const auto& target : panel.at("targets")) {
      CHECK(target.at("expr").get<std::string>().find("plan=\"$plan\"") != std::string::npos);
      CHECK(target.at("datasource").at("uid") == "${datasource}");
    }
  }
}
