#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

#include "cmd/report/checks_github.h"
#include "cmd/report/checks_json.h"
#include "cmd/report/checks_junit.h"
#include "cmd/report/checks_metrics.h"
#include "cmd/report/checks_sarif.h"
#include "cmd/report/checks_text.h"
#include "core/text.h"
#include "schema_judge.h"
#include "tests/support/not_run.h"

namespace cutover {
namespace {

Check check(const std::string& id, Verdict verdict, Severity severity, const char* name, const char* endpoint,
            const std::string& summary, const std::string& advice = {}) {
  Check out;
  out.id = id;
  out.verdict = verdict;
  out.severity = severity;
  if (name != nullptr) out.name = *DomainName::from_text(name);
  if (endpoint != nullptr) out.endpoint = *Endpoint::from_text(endpoint, 443);
  out.summary = summary;
  out.evidence = "evidence of " + id;
  out.advice = advice;
  return out;
}

/// One of everything, with text from a hostile certificate.
CheckReport sample() {
  const std::string hostile = "bad <b>&\"']]>\x1b[31m\x07\xe2\x80\xae\xff\n::error::\x01";
  return {
      .title = "preflight of <example>",
      .at = *parse_instant("2026-10-06T09:00:00Z"),
      .checks = {check("tls-connect", Verdict::kPass, Severity::kError, "www.example.com", "203.0.113.1", "answers"),
                 check("tls-expiry", Verdict::kPass, Severity::kError, "www.example.com", "203.0.113.1",
                       "valid until 2027"),
                 check("tls-name", Verdict::kFail, Severity::kError, "www.example.com", "203.0.113.2", hostile,
                       "do " + hostile),
                 check("tls-expiry", Verdict::kFail, Severity::kError, "www.example.com", "203.0.113.2", "expired",
                       "renew it"),
                 check("tls-expiry", Verdict::kFail, Severity::kError, "shop.example.com", "203.0.113.2", "expired",
                       "renew it"),
                 check("tls-connect", Verdict::kUndecided, Severity::kError, "shop.example.com", "[2001:db8::1]:443",
                       "no route", "use IPv6"),
                 check("old-side-expiry", Verdict::kFail, Severity::kWarning, "shop.example.com", "198.51.100.1",
                       "runs out", "renew"),
                 check("http-status", Verdict::kNotApplicable, Severity::kError, "shop.example.com", "203.0.113.9",
                       "not asked"),
                 check("tls-same-leaf", Verdict::kPass, Severity::kWarning, "shop.example.com", nullptr, "same")},
      .root_store = "/ca.pem (1 certificate)"};
}

bool is_harmless(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n'; }) &&
         text.find("\xe2\x80\xae") == std::string::npos && text.find('\xff') == std::string::npos;
}

TEST_CASE("text: a line for each name and address, then each trouble once") {
  const auto text = checks_as_text(sample(), TextStyle::kPlain);
  INFO(text);
  CHECK_THAT(text,
             Catch::StartsWith("preflight of <example>, 2026-10-06T09:00:00Z\nroot store /ca.pem (1 certificate)\n"));
  CHECK_THAT(text, Catch::Contains("PASS      www.example.com   203.0.113.1:443    valid until 2027\n"));
  CHECK_THAT(text, Catch::Contains("FAIL      www.example.com   203.0.113.2:443    tls-name, tls-expiry\n"));
  CHECK_THAT(text, Catch::Contains("UNDECIDED shop.example.com  [2001:db8::1]:443  tls-connect\n"));
  CHECK_THAT(text, Catch::Contains("WARN      shop.example.com  198.51.100.1:443   old-side-expiry\n"));
  CHECK_THAT(text, Catch::Contains("N/A       shop.example.com  203.0.113.9:443"));
  CHECK_THAT(text, Catch::Contains("where www.example.com at 203.0.113.2:443, shop.example.com at 203.0.113.2:443\n"));
  CHECK_THAT(text, Catch::Contains("do    renew it\n"));
  CHECK_THAT(text, Catch::EndsWith("\n2 FAIL, 1 UNDECIDED, 1 WARN, 2 PASS\n"));
  const std::string expiry = "FAIL      tls-expiry: expired\n";
  CHECK(text.find(expiry) == text.rfind(expiry));
  CHECK(text.find("UNDECIDED tls-connect") > text.find("FAIL      tls-expiry"));
  CHECK(text.find("WARN      old-side-expiry") > text.find("UNDECIDED tls-connect"));
  CHECK(is_harmless(text));
  for (const auto& line : split(text, '\n')) CHECK(line.substr(0, 2) != "::");
}

TEST_CASE("text: colour repeats the words, it does not replace them") {
  auto coloured = checks_as_text(sample(), TextStyle::kColour);
  CHECK(coloured.find("\x1b[1;31mFAIL") != std::string::npos);
  for (auto at = coloured.find('\x1b'); at != std::string::npos; at = coloured.find('\x1b'))
    coloured.erase(at, coloured.find('m', at) - at + 1);
  CHECK(coloured == checks_as_text(sample(), TextStyle::kPlain));
}

TEST_CASE("text: nothing to tell") {
  CHECK_THAT(checks_as_text({.title = "t"}, TextStyle::kPlain), Catch::Contains("nothing was checked"));
}

TEST_CASE("JSON: one document with a schema and a record per check") {
  const auto json = nlohmann::json::parse(checks_as_json(sample()));
  CHECK(json["schema"] == 1);
  CHECK(json["at"] == "2026-10-06T09:00:00.000Z");
  CHECK(json["failed"] == true);
  CHECK(json["undecided"] == true);
  REQUIRE(json["checks"].size() == 9);
  const auto& failed = json["checks"][2];
  CHECK(failed["id"] == "tls-name");
  CHECK(failed["verdict"] == "fail");
  CHECK(failed["severity"] == "error");
  CHECK(failed["name"] == "www.example.com");
  CHECK(failed["address"] == "203.0.113.2");
  CHECK(failed["port"] == 443);
  CHECK(json["checks"][8]["address"].is_null());
}

TEST_CASE("JUnit: well-formed, counted, escaped, one result each") {
  const auto text = checks_as_junit(sample());
  INFO(text);
  CHECK(is_harmless(text));
  pugi::xml_document document;
  REQUIRE(document.load_string(text.c_str()));
  const auto suite = document.child("testsuites").child("testsuite");
  CHECK(std::string(suite.attribute("name").value()) == "preflight of <example>");
  CHECK(suite.attribute("tests").as_int() == 7);
  CHECK(suite.attribute("failures").as_int() == 2);
  CHECK(suite.attribute("errors").as_int() == 1);
  CHECK(suite.attribute("skipped").as_int() == 1);
  int cases = 0, failures = 0, errors = 0, skipped = 0;
  for (const auto& one : suite.children("testcase")) {
    ++cases;
    const auto of = [&](const char* element) {
      const auto range = one.children(element);
      return static_cast<int>(std::distance(range.begin(), range.end()));
    };
    failures += of("failure");
    errors += of("error");
    skipped += of("skipped");
    CHECK(of("failure") + of("error") + of("skipped") <= 1);
  }
  CHECK(cases == 7);
  CHECK(failures == 2);
  CHECK(errors == 1);
  CHECK(skipped == 1);
  const auto failed = suite.find_child_by_attribute("testcase", "name", "203.0.113.2:443");
  CHECK(std::string(failed.attribute("classname").value()) == "www.example.com");
  CHECK(std::string(failed.child("failure").attribute("message").value()) == "tls-name, tls-expiry");
  CHECK_THAT(failed.child("failure").text().as_string(), Catch::Contains("bad <b>&\"']]>"));
  CHECK_THAT(
      suite.find_child_by_attribute("testcase", "name", "198.51.100.1:443").child("system-out").text().as_string(),
      Catch::Contains("runs out"));
}

/// The sample with a plan: `www` at one of its addresses has a line of its own.
CheckReport sample_with_plan() {
  CheckReport report = sample();
  report.file = "plans/our plan,1.yaml";
  const auto www = *DomainName::from_text("www.example.com");
  report.places = {{www, std::nullopt, 7}, {www, *Endpoint::from_text("203.0.113.2", 443), 12}};
  report.headline = "4 checks failed";
  return report;
}

TEST_CASE("SARIF: every finding at the line of the plan that speaks of it, with a fingerprint that stays") {
  const auto text = checks_as_sarif(sample_with_plan());
  CHECK(is_harmless(text));
  const auto json = nlohmann::json::parse(text);
  CHECK(json.at("version") == "2.1.0");
  const auto& run = json.at("runs").at(0);
  CHECK(run.at("tool").at("driver").at("name") == "cutover");
  const auto& results = run.at("results");
  REQUIRE(results.size() == 5);
  const auto& first = results.at(0);
  CHECK(first.at("ruleId") == "tls-name");
  CHECK(first.at("level") == "error");
  CHECK(first.at("kind") == "fail");
  const auto& place = first.at("locations").at(0).at("physicalLocation");
  CHECK(place.at("artifactLocation").at("uri") == "plans/our%20plan,1.yaml");
  CHECK(place.at("region").at("startLine") == 12);
  CHECK(first.at("partialFingerprints").at("cutover/v1") == "tls-name www.example.com at 203.0.113.2:443");
  CHECK(results.at(3).at("kind") == "open");
  CHECK(results.at(3).at("level") == "none");
  CHECK(results.at(4).at("level") == "warning");
  // One rule for all its findings, and every index leads to it.
  const auto& rules = run.at("tool").at("driver").at("rules");
  CHECK(rules.size() == 4);
  for (const auto& result : results)
    CHECK(rules.at(result.at("ruleIndex").get<std::size_t>()).at("id") == result.at("ruleId"));

  CheckReport moved = sample_with_plan();
  for (auto& each : moved.places) each.line += 100;
  const auto again = nlohmann::json::parse(checks_as_sarif(moved)).at("runs").at(0).at("results");
  for (std::size_t i = 0; i < results.size(); ++i)
    CHECK(again.at(i).at("partialFingerprints") == results.at(i).at("partialFingerprints"));
}

TEST_CASE("SARIF of a clean run has empty results; without a plan there is no file to point at") {
  CheckReport clean = sample_with_plan();
  clean.checks.resize(2);
  CHECK(nlohmann::json::parse(checks_as_sarif(clean)).at("runs").at(0).at("results") == nlohmann::json::array());
  const auto bare = nlohmann::json::parse(checks_as_sarif(sample())).at("runs").at(0).at("results").at(0);
  CHECK_FALSE(bare.at("locations").at(0).contains("physicalLocation"));
  CHECK(bare.at("locations").at(0).at("logicalLocations").at(0).at("fullyQualifiedName") ==
        "www.example.com at 203.0.113.2:443");
}

TEST_CASE("SARIF is what its published schema says") {
  const char* schema = std::getenv("CUTOVER_SARIF_SCHEMA");
  if (schema == nullptr || *schema == '\0')
    return tests::not_run("SARIF by its published schema", "npm is not here to bring the schema");
  CheckReport clean = sample_with_plan();
  clean.checks.resize(2);
  auto broken = nlohmann::json::parse(checks_as_sarif(sample()));
  broken.at("runs").at(0).at("results").at(0)["level"] = "dire";
  CHECK(test::judged_by_schema(schema, {checks_as_sarif(sample_with_plan()), checks_as_sarif(sample()),
                                        checks_as_sarif(clean), broken.dump()}) ==
        std::vector<std::string>{"valid", "valid", "valid", "invalid $.runs[0].results[0].level"});
}

TEST_CASE("metrics: blackbox_exporter's names, a line per endpoint, labels that hold whatever a certificate says") {
  CheckReport report = sample();
  tlscheck::EndpointFacts good;
  good.name = *DomainName::from_text("www.example.com");
  good.endpoint = *Endpoint::from_text("203.0.113.2", 443);
  good.accepted = true;
  good.version = "TLSv1.3";
  good.duration = std::chrono::microseconds(12345);
  good.leaf.emplace();
  good.leaf->sha256 = "ab12";
  good.leaf->subject = "CN=a\"b\\c\n";
  good.leaf->names = {"www.example.com", "example.com"};
  good.earliest_expiry = *parse_instant("2027-01-01T00:00:00Z");
  good.path_expiry = *parse_instant("2027-02-01T00:00:00Z");
  good.http_status = 200;
  tlscheck::EndpointFacts silent;
  silent.endpoint = *Endpoint::from_text("[2001:db8::1]:443", 443);
  silent.side = tlscheck::Side::kOld;
  report.endpoints = {good, silent};
  const auto text = checks_as_metrics(report);
  INFO(text);
  CHECK(is_harmless(text));
  const std::string at = "{name=\"www.example.com\",address=\"203.0.113.2\",port=\"443\",side=\"new\"";
  for (const std::string& line : {
           "# TYPE probe_success gauge\nprobe_success" + at + "} 1\n",
           "probe_duration_seconds" + at + "} 0.012345\n",
           "probe_ssl_earliest_cert_expiry" + at + "} 1798761600\n",
           "probe_ssl_last_chain_expiry_timestamp_seconds" + at + "} 1801440000\n",
           at + ",fingerprint_sha256=\"ab12\",issuer=\"\",subject=\"CN=a\\\"b",
           "probe_tls_version_info" + at + ",version=\"TLS 1.3\"} 1\n",
           "probe_http_status_code" + at + "} 200\n",
           std::string("address=\"2001:db8::1\",port=\"443\",side=\"old\"} 0\n"),
           std::string("cutover_check{id=\"tls-name\",severity=\"error\",name=\"www.example.com\","),
       })
    CHECK_THAT(text, Catch::Contains(line));
  // What is neither passed nor failed has no number; nobody there has no certificate.
  CHECK_THAT(text, !Catch::Contains("no route") && !Catch::Contains("http-status"));
  for (const std::string& line : split(text, '\n'))
    CHECK((line.empty() || line[0] == '#' || line.find("} ") != std::string::npos));
}

TEST_CASE("GitHub: one annotation per finding, and nothing in it ends it early or starts another") {
  const auto text = checks_as_github(sample_with_plan());
  CHECK(is_harmless(text));
  const auto lines = split(text, '\n');
  REQUIRE(lines.size() == 7);
  CHECK_THAT(lines[0], Catch::StartsWith("::error file=plans/our plan%2C1.yaml,line=12,title=tls-name::"
                                         "www.example.com at 203.0.113.2:443: bad <b>"));
  CHECK_THAT(lines[2], Catch::StartsWith("::error file=plans/our plan%2C1.yaml,line=1,title=tls-expiry::shop."));
  CHECK_THAT(lines[3], Catch::StartsWith("::warning ") && Catch::Contains("not decided: no route; use IPv6"));
  CHECK_THAT(lines[4], Catch::StartsWith("::warning ") && Catch::Contains("title=old-side-expiry"));
  CHECK(lines[5] == "preflight of <example>: 4 checks failed");
  CheckReport percent = sample();
  percent.checks = {check("a:b,c", Verdict::kFail, Severity::kNote, nullptr, nullptr, "100 % of %0A")};
  CHECK_THAT(checks_as_github(percent), Catch::StartsWith("::notice title=a%3Ab%2Cc::100 %25 of %250A\n"));
}

}  // namespace
}  // namespace cutover
