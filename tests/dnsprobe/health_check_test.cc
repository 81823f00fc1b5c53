#include "dnsprobe/health_check.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tests/dnsprobe/story.h"
#include "tests/servers/servers.h"

using namespace cutover;
using namespace cutover::dnsprobe;
using namespace cutover::dnsprobe::story;

namespace {

using Script = std::function<Sample(const Resolver& resolver, const RecordKey& key)>;

/// Answers from memory, later; counts who is asked what.
class ScriptedTransport final : public ProbeTransport {
 public:
  ScriptedTransport(net::Loop& loop, Script script, std::vector<std::string>& log, Answered answered)
      : loop_(loop), script_(std::move(script)), log_(log), answered_(std::move(answered)) {}
  void ask(std::uint64_t ticket, const Resolver& resolver, const RecordKey& key) override {
    log_.push_back(resolver.id + " " + key.text());
    pending_.push_back(
        loop_.after(0ms, [this, ticket, sample = script_(resolver, key)] { answered_(ticket, sample); }));
  }

 private:
  net::Loop& loop_;
  Script script_;
  std::vector<std::string>& log_;
  Answered answered_;
  std::vector<net::Loop::Handle> pending_;
};

DomainName name(const std::string& text) { return *DomainName::from_text(text); }

HealthQuestions lab_questions() {
  HealthQuestions out;
  out.known = {{name("known.example"), RecordType::kA}, {"192.0.2.1"}};
  out.suspects = {{name("bad.example"), RecordType::kA}};
  out.absent_below = name("zone.example");
  out.brief = RecordKey{name("brief.example"), RecordType::kTxt};
  out.brief_ttl = 5s;
  return out;
}

}  // namespace

TEST_CASE("everybody gets every question once; whoever does not serve us gets one") {
  net::Loop loop;
  const SystemClock clock;
  std::vector<std::string> log;
  const Script script = [](const Resolver& resolver, const RecordKey& key) {
    if (resolver.operator_name == "dead") return silence(0s);
    if (resolver.operator_name == "closed") return failure(0s, net::Rcode::kRefused);
    if (key.name == name("known.example")) return answer(0s, {RecordSet{key.name, key.type, 60s, {"192.0.2.1"}}});
    if (key.name.is_within(name("zone.example")))
      return resolver.operator_name == "liar" ? answer(0s, {RecordSet{key.name, key.type, 60s, {"203.0.113.1"}}})
                                              : failure(0s, net::Rcode::kNxDomain);
    return answer(0s, {RecordSet{key.name, key.type, 5s, {"192.0.2.9"}}});
  };
  HealthCheckOptions options;
  options.questions = lab_questions();
  options.in_flight = 2;
  options.transport = [&](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<ScriptedTransport>(loop, script, log, std::move(answered));
  };
  std::vector<Resolver> resolvers;
  for (const char* text : {"good=192.0.2.11", "dead=192.0.2.12", "closed=192.0.2.13", "liar=192.0.2.14"})
    resolvers.push_back(*parse_resolver(text));
  std::size_t told = 0;
  const auto result = check_health(loop, clock, resolvers, options, [&](std::size_t done) { told = done; }, {});
  CHECK(result.health[0].condition == Condition::kAnswers);
  CHECK(result.health[0].rewrites == Known::kNo);
  CHECK(result.health[1].condition == Condition::kSilent);
  CHECK(result.health[2].condition == Condition::kRefuses);
  CHECK(result.health[3].rewrites == Known::kYes);
  CHECK(told == 4);
  CHECK(result.asked == std::vector<bool>(4, true));
  // 3 known, 1 suspect, 1 absent, 1 brief; bogus is not among the questions.
  CHECK(result.questions == 2 * 6 + 2);
  CHECK(result.questions == log.size());
  std::set<std::string> absent;
  for (const std::string& line : log)
    if (line.find(".zone.example.") != std::string::npos) absent.insert(line.substr(line.find("absent-")));
  CHECK(absent.size() == 2);  // each its own label: no cache has it from somebody else
}

TEST_CASE("a check that is stopped tells whom it did not reach") {
  net::Loop loop;
  const SystemClock clock;
  std::vector<std::string> log;
  HealthCheckOptions options;
  options.questions = lab_questions();
  options.in_flight = 1;
  options.transport = [&](ProbeTransport::Answered answered) -> std::unique_ptr<ProbeTransport> {
    return std::make_unique<ScriptedTransport>(
        loop, [](const Resolver&, const RecordKey&) { return silence(0s); }, log, std::move(answered));
  };
  const auto result = check_health(loop, clock, {*parse_resolver("a=192.0.2.1"), *parse_resolver("b=192.0.2.2")},
                                   options, {}, [&] { return !log.empty(); });
  CHECK(result.asked.size() == 2);
  CHECK(log.size() == 1);
  CHECK_FALSE(result.asked[1]);
}

TEST_CASE(
    "real Unbounds: a sound one, one that filters, one that lies and stretches, one that refuses, one that is gone") {
  const std::string sound =
      "  local-data: \"known.example. 60 IN A 192.0.2.1\"\n  local-data: \"bad.example. 60 IN A 192.0.2.7\"\n"
      "  local-data: \"brief.example. 5 IN TXT x\"\n  local-zone: \"zone.example.\" static\n";
  const auto run = [](const std::string& extra) {
    servers::UnboundOptions options;
    options.extra = extra;
    return std::make_unique<servers::Unbound>(options);
  };
  const auto good = run(sound), second = run(sound), third = run(sound);
  const auto filters =
      run("  local-data: \"known.example. 60 IN A 192.0.2.1\"\n  local-data: \"brief.example. 5 IN TXT x\"\n"
          "  local-zone: \"bad.example.\" always_nxdomain\n  local-zone: \"zone.example.\" static\n");
  const auto lies =
      run("  local-data: \"known.example. 60 IN A 192.0.2.1\"\n  local-data: \"bad.example. 60 IN A 192.0.2.7\"\n"
          "  local-data: \"brief.example. 300 IN TXT x\"\n  local-zone: \"zone.example.\" redirect\n"
          "  local-data: \"zone.example. 60 IN A 203.0.113.1\"\n");
  const auto closed = run("");
  const std::string gone = servers::own_address();
  std::vector<Resolver> resolvers;
  const auto add = [&](const std::string& who, const Endpoint& at) {
    resolvers.push_back(*parse_resolver(who + "=" + at.text()));
  };
  add("good", good->endpoint());
  add("second", second->endpoint());
  add("third", third->endpoint());
  add("filters", filters->endpoint());
  add("lies", lies->endpoint());
  add("closed", closed->endpoint());
  add("gone", {*IpAddress::from_text(gone), servers::free_port(gone)});

  net::Loop loop;
  const SystemClock clock;
  HealthCheckOptions options;
  options.questions = lab_questions();
  options.tries.timeout = std::chrono::seconds(10);
  const auto result = check_health(loop, clock, resolvers, options, {}, {});
  const auto& health = result.health;
  REQUIRE(health.size() == 7);
  for (std::size_t i = 0; i < 5; ++i) {
    INFO(resolvers[i].id << " " << health[i].detail);
    CHECK(health[i].condition == Condition::kAnswers);
    CHECK(health[i].rtt);
    CHECK(health[i].filters == (i == 3 ? Known::kYes : Known::kNo));
    CHECK(health[i].rewrites == (i == 4 ? Known::kYes : Known::kNo));
    CHECK(health[i].ttl_floor == (i == 4 ? std::optional<Seconds>(300s) : std::nullopt));
  }
  CHECK(health[5].condition == Condition::kRefuses);
  CHECK(health[6].condition == Condition::kSilent);
}
