#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cmd/report/doctor_text.h"
#include "cmd/report/probe_json.h"
#include "cmd/report/probe_text.h"
#include "core/text.h"

using namespace cutover;
using namespace std::chrono_literals;
using Json = nlohmann::json;

namespace {

const Instant kStart = *parse_instant("2026-10-06T09:00:00Z");
const DomainName kName = *DomainName::from_text("www.example.com");

/// A result as probe() puts it together, of answers that are given one by one.
class Story {
 public:
  explicit Story(RecordType type = RecordType::kA) { asked.keys = {{kName, type}}; }

  dnsprobe::SweepAnswer& add(const std::string& resolver, const std::string& country = "") {
    asked.resolvers.push_back(*dnsprobe::parse_resolver(resolver));
    asked.resolvers.back().country = country;
    dnsprobe::SweepAnswer answer;
    answer.resolver = asked.resolvers.size() - 1;
    answer.sample.received = kStart;
    answer.sample.rtt = std::chrono::microseconds(1234);
    answers_.push_back(answer);
    return answers_.back();
  }
  void add_values(const std::string& resolver, const std::string& country, Seconds ttl,
                  const std::vector<std::string>& values) {
    auto& sample = add(resolver, country).sample;
    sample.outcome = net::Outcome::kAnswered;
    sample.answer = {{kName, asked.keys[0].type, ttl, values}};
  }
  const ProbeResult& result() {
    out_.at = kStart;
    out_.seen.answers = answers_;
    out_.resolvers = asked.resolvers;
    out_.sites.resize(asked.resolvers.size());
    ProbeQuestion question;
    question.key = asked.keys[0];
    question.asked = question.answered = answers_.size();
    question.groups = dnsprobe::group_answers(out_.seen, asked.keys, 0, asked.resolvers);
    out_.questions = {question};
    return out_;
  }

  ProbeOptions asked;
  ProbeResult out_;

 private:
  std::vector<dnsprobe::SweepAnswer> answers_;
};

Story three_answers() {
  Story story;
  story.add_values("alpha=192.0.2.1", "DE", 50s, {"203.0.113.1", "203.0.113.2"});
  story.add_values("beta=192.0.2.2", "US", 20s, {"203.0.113.1", "203.0.113.2"});
  story.add("gamma=192.0.2.3").sample.detail = "no answer in time";
  story.out_.headline = "2 of 3 questions answered; 1 gave what is expected, 1 did not";
  story.out_.exit = ExitCode::kFailed;
  story.result();
  ProbeQuestion& question = story.out_.questions[0];
  question.expected = {"203.0.113.1"};
  question.answered = 2;
  question.agreed = 1;
  return story;
}

/// An answer whose every text wants to be something else: a terminal command, a table cell, a link.
Story hostile_answer() {
  Story story(RecordType::kTxt);
  story.add_values("evil=192.0.2.66", "", 60s, {"\"\x1b[2J|`](http://evil.example)`<b>\xe2\x80\xae\"", "\"\\\\|x\""});
  story.out_.headline = "quad9 at 9.9.9.9 calls itself \"\x1b[31m[you won](http://evil.example) <img src=x> `|`\"";
  story.out_.notes = {"a note\nof two lines *bold* _x_"};
  return story;
}

bool has_control(const std::string& text) {
  return std::any_of(text.begin(), text.end(), [](unsigned char c) { return (c < 0x20 && c != '\n') || c == 0x7f; });
}

/// The cells of a table's row as GitHub splits them: at every bar without a backslash, itself not escaped, before it.
std::size_t cells_in(const std::string& row) {
  std::size_t bars = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '\\')
      ++i;
    else if (row[i] == '|')
      ++bars;
  }
  return bars - 1;
}

}  // namespace

TEST_CASE("when what differs runs out: half, nine in ten, all") {
  CHECK_FALSE(spread_of({}).has_value());
  std::vector<Instant> ends;
  for (int i = 10; i > 0; --i) ends.push_back(kStart + Seconds(10 * i));
  const ProbeSpread spread = *spread_of(ends);
  CHECK(spread.entries == 10);
  CHECK(spread.half == kStart + 50s);
  CHECK(spread.most == kStart + 90s);
  CHECK(spread.all == kStart + 100s);
  Story story;
  story.add_values("alpha=192.0.2.1", "DE", 50s, {"203.0.113.1"});
  ProbeResult result = story.result();
  result.questions[0].differing = spread;
  const auto line = [&] {
    const std::string text = probe_as_text(story.asked, result);
    const auto begin = text.find('\n') + 1;
    return text.substr(begin, text.find('\n', begin) - begin);
  };
  CHECK(line() == "  what differs runs out: half of 10 in 50s, 9 in 10 in 1m 30s, all in 1m 40s");
  CHECK(Json::parse(probe_as_json(story.asked, result))["questions"][0]["differing"]["most_until"] ==
        "2026-10-06T09:01:30.000Z");
  result.questions[0].differing = spread_of({kStart + 20s});
  CHECK(line() == "  what differs runs out in 20s");
}

TEST_CASE("a probe as text: per answer how many gave it, its TTLs, who and where") {
  const Story story = three_answers();
  CHECK(probe_as_text(story.asked, story.out_) ==
        "www.example.com. A: 2 of 3 answered, 1 gave 203.0.113.1\n"
        "      2  203.0.113.1, 203.0.113.2   TTL 20..50 s\n"
        "         2 operators, 100 % of those that answered: alpha, beta\n"
        "         DE 1, US 1\n"
        "      1  no answer\n"
        "         1 operator: gamma\n"
        "         no single place 1\n"
        "2 of 3 questions answered; 1 gave what is expected, 1 did not\n");
}

TEST_CASE("a probe as Markdown is one table per record set") {
  const Story story = three_answers();
  CHECK(probe_as_markdown(story.asked, story.out_) ==
        "**www.example.com. A: 2 of 3 answered, 1 gave 203.0.113.1**\n\n"
        "| answers | what | TTL | operators | places |\n"
        "|---:|---|---|---|---|\n"
        "| 2 | `203.0.113.1, 203.0.113.2` | 20..50 s | alpha, beta | DE 1, US 1 |\n"
        "| 1 | `no answer` |  | gamma | no single place 1 |\n\n"
        "2 of 3 questions answered; 1 gave what is expected, 1 did not\n");
}

TEST_CASE("a view, who drops it, the sites, and what DNSSEC says") {
  Story story;
  story.asked.views = {{"country:DE", {{*IpAddress::from_text("192.0.2.0"), 24}}}};
  story.add_values("alpha=192.0.2.1", "DE", 50s, {"203.0.113.1"});
  story.add_values("beta=192.0.2.2", "US", 20s, {"203.0.113.9"});
  for (dnsprobe::Resolver& resolver : story.asked.resolvers)
    resolver.asking.client_subnet = story.asked.views[0].subnets[0];
  story.result();
  auto& answers = story.out_.seen.answers;
  answers[0].sample.client_subnet = net::SubnetOption{story.asked.views[0].subnets[0], 20};
  answers[0].sample.authenticated = answers[0].sample.has_signatures = true;
  answers[0].sample.site = "fra1";
  answers[1].subnet_dropped = true;
  story.out_.sites[1] = "nyc2";
  ProbeQuestion& question = story.out_.questions[0];
  question.view = 0;
  question.answered = question.dropped = question.validated = question.with_signatures = 1;
  question.groups = dnsprobe::group_answers(story.out_.seen, story.asked.keys, 0, story.out_.resolvers);
  CHECK(probe_as_text(story.asked, story.out_) ==
        "www.example.com. A for clients in country:DE: 1 of 2 answered\n"
        "      1  203.0.113.1   TTL 50 s\n"
        "         1 operator, 100 % of those that answered: alpha\n"
        "         DE 1\n"
        "         sites: fra1\n"
        "      1  not for these clients, the client subnet was dropped (203.0.113.9)   TTL 20 s\n"
        "         1 operator: beta\n"
        "         US 1\n"
        "         sites: nyc2\n"
        "  1 came with signatures, 1 say that they validated it (AD)\n"
        "\n");
  const Json json = Json::parse(probe_as_json(story.asked, story.out_)).at("questions").at(0);
  CHECK(json.at("view") == "country:DE");
  CHECK(json.at("dropped_subnet") == 1);
  CHECK(json.at("answers").at(0).at("client_subnet") == Json{{"network", "192.0.2.0/24"}, {"scope", 20}});
  CHECK(json.at("answers").at(0).at("validated") == true);
  CHECK(json.at("answers").at(1).at("client_subnet") == Json{{"network", "192.0.2.0/24"}, {"scope", nullptr}});
  CHECK(json.at("answers").at(1).at("kind") == "other-clients");
  CHECK(json.at("answers").at(1).at("site") == "nyc2");
}

TEST_CASE("many values and many operators are cut, and it is said how many") {
  Story story;
  std::vector<std::string> values;
  for (int i = 10; i < 30; ++i) values.push_back("203.0.113." + std::to_string(i));
  for (int i = 1; i <= 9; ++i)
    story.add_values("op" + std::to_string(i) + "=192.0.2." + std::to_string(i), "DE", 60s, values);
  const std::string text = probe_as_text(story.asked, story.result());
  CHECK_THAT(text, Catch::Contains("203.0.113.17, 12 more"));
  CHECK_THAT(text, Catch::Contains("9 operators, 100 % of those that answered: op1, op2, op3, op4, op5, op6, 3 more"));
}

TEST_CASE("the JSON of a probe is whole: every answer, every group, integers with their unit") {
  const Story story = three_answers();
  const Json json = Json::parse(probe_as_json(story.asked, story.out_));
  CHECK(json.at("schema") == 1);
  CHECK(json.at("at") == "2026-10-06T09:00:00.000Z");
  CHECK(json.at("exit") == 3);
  const Json& question = json.at("questions").at(0);
  CHECK(question.at("name") == "www.example.com.");
  CHECK(question.at("type") == "A");
  CHECK(question.at("expected") == Json({"203.0.113.1"}));
  CHECK(question.at("asked") == 3);
  CHECK(question.at("answered") == 2);
  CHECK(question.at("agreed") == 1);
  REQUIRE(question.at("groups").size() == 2);
  const Json& group = question.at("groups").at(0);
  CHECK(group.at("answers") == 2);
  CHECK(group.at("shortest_ttl_s") == 20);
  CHECK(group.at("longest_ttl_s") == 50);
  CHECK(group.at("countries") == Json{{"DE", 1}, {"US", 1}});
  CHECK(question.at("groups").at(1).at("shortest_ttl_s").is_null());
  REQUIRE(question.at("answers").size() == 3);
  const Json& answer = question.at("answers").at(0);
  CHECK(answer.at("resolver") == "alpha 192.0.2.1");
  CHECK(answer.at("kind") == "values");
  CHECK(answer.at("ttl_s") == 50);
  CHECK(answer.at("rtt_us") == 1234);
  CHECK(answer.at("transport") == "udp");
  CHECK(question.at("answers").at(2).at("kind") == "unreachable");
  CHECK(question.at("answers").at(2).at("detail") == "no answer in time");
  CHECK(question.at("answers").at(2).at("ttl_s").is_null());
}

TEST_CASE("NDJSON is the same: a line per answer and one for the end") {
  const Story story = three_answers();
  const Json whole = Json::parse(probe_as_json(story.asked, story.out_)).at("questions").at(0);
  const auto lines = split(probe_as_ndjson(story.asked, story.out_), '\n');
  REQUIRE(lines.size() == 4);
  for (std::size_t i = 0; i < 3; ++i) {
    const Json line = Json::parse(lines[i]);
    CHECK(line.at("event") == "answer");
    CHECK(line.at("name") == "www.example.com.");
    for (const auto& [key, value] : whole.at("answers").at(i).items()) CHECK(line.at(key) == value);
  }
  const Json end = Json::parse(lines[3]);
  CHECK(end.at("event") == "end");
  CHECK(end.at("questions").at(0).at("groups") == whole.at("groups"));
}

TEST_CASE("text from the network stays text on a terminal") {
  Story story = hostile_answer();
  const std::string text = probe_as_text(story.asked, story.result());
  INFO(text);
  CHECK_FALSE(has_control(text));
  CHECK_THAT(text, !Catch::Contains("\xe2\x80\xae"));
  CHECK_THAT(text, Catch::Contains("\\x1b[2J"));
  CHECK_THAT(text, Catch::Contains("a note\\x0aof two lines"));
}

TEST_CASE("text from the network stays inside its cell in Markdown, and is no link and no picture") {
  Story story = hostile_answer();
  const std::string text = probe_as_markdown(story.asked, story.result());
  INFO(text);
  CHECK_FALSE(has_control(text));
  const auto lines = split(text, '\n');
  for (const std::string& line : lines)
    if (!line.empty() && line.front() == '|') CHECK(cells_in(line) == 5);
  // In the table all of it is inside one code span: its fence is longer than any run of backticks in it.
  CHECK_THAT(text, Catch::Contains("`` \"\\x1b[2J\\|`](http://evil.example)`<b>"));
  // Below it nothing is markup.
  CHECK_THAT(text, Catch::Contains("\\[you won\\](http://evil.example) \\<img src=x\\> \\`\\|\\`"));
  CHECK_THAT(text, Catch::Contains("\\*bold\\* \\_x\\_"));
}

TEST_CASE("hostile text and bytes that are no UTF-8 are still JSON") {
  Story story = hostile_answer();
  story.add_values("evil=192.0.2.67", "", 60s, {"\"\xff\xfe\""});
  story.result();
  const Json json = Json::parse(probe_as_json(story.asked, story.out_));
  CHECK(json.at("questions").at(0).at("answers").size() == 2);
  CHECK(json.at("questions").at(0).at("groups").size() == 2);
  for (const std::string& line : split(probe_as_ndjson(story.asked, story.out_), '\n')) CHECK(Json::accept(line));
}

TEST_CASE("doctor as text: one line per check, what was seen and what to do under those that are not well") {
  CheckReport report;
  Check well;
  well.id = "ipv6";
  well.summary = "IPv6 works";
  well.evidence = "2620:fe::fe: NOERROR";
  Check bad;
  bad.id = "dns-over-udp";
  bad.verdict = Verdict::kFail;
  bad.severity = Severity::kError;
  bad.summary = "quad9 calls itself \"\x1b[31mrouter\"";
  bad.evidence = "9.9.9.9: \"\x1b[31mrouter\"; 1.1.1.1: timeout";
  bad.advice = "run from another network";
  report.checks = {well, bad};
  report.headline = "NO-GO from here";
  report.next = "mend what failed";
  const std::string text = doctor_as_text(report, TextStyle{});
  INFO(text);
  CHECK_FALSE(has_control(text));
  const auto lines = split(text, '\n');
  REQUIRE(lines.size() == 8);
  CHECK_THAT(lines[0], Catch::StartsWith("PASS") && Catch::EndsWith("ipv6            IPv6 works"));
  CHECK_THAT(lines[1], Catch::StartsWith("FAIL") && Catch::EndsWith("quad9 calls itself \"\\x1b[31mrouter\""));
  CHECK_THAT(lines[2], Catch::EndsWith("seen: 9.9.9.9: \"\\x1b[31mrouter\""));
  CHECK_THAT(lines[3], Catch::EndsWith("seen: 1.1.1.1: timeout"));
  CHECK_THAT(lines[4], Catch::EndsWith("do:   run from another network"));
  CHECK(lines[5] == "NO-GO from here");
  CHECK(lines[6] == "next: mend what failed");
  CHECK(lines[7].empty());
}
