#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/certificates.h"
#include "tests/support/http_script.h"

// After the swap: a baseline of the old side, the new side held against it, and people who are told. Both sides are
// nginx with TLS; behind the new one stands a server with moods.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;
using Catch::Contains;
using Json = nlohmann::json;

namespace {

constexpr const char* kToken = "B00SECRET";

enum class Mood { kWell, kSlow, kFailing, kElsewhere };

class Aftermath {
 public:
  Mood mood() const { return mood_; }
  void mood(Mood mood) { mood_ = mood; }

  /// `more`: further lines of the plan; `http`: further keys of the endpoint's http.
  explicit Aftermath(const std::string& more = "", const std::string& http = "")
      : behind_([this](const std::string&) { return reply(); }),
        hook_([this](const std::string& request) { return hear(request); }),
        knot_(zones()) {
    test::CertificateOptions root;
    root.common_name = "Stage Root";
    root.authority = true;
    const test::Certificate authority(root);
    test::CertificateOptions leaf;
    leaf.alternative_names.push_back("DNS:www.example.com");
    const test::Certificate site(leaf, &authority);
    ca_ = folder_.write("ca.pem", authority.pem());
    const std::string identity =
        fmt::format("ssl_certificate {}; ssl_certificate_key {};", folder_.write("site.pem", site.pem()),
                    folder_.write("site.key", site.key_pem()));
    const auto serve = [&](const std::string& address, const std::string& location) {
      return std::make_unique<Nginx>(
          fmt::format("server {{ listen {}:{} ssl; {} location / {{ {} }} }}\n", address, port_, identity, location),
          std::vector<Endpoint>{*Endpoint::from_text(address, port_)});
    };
    old_side = serve(old_, "return 200 'our site\\n';");
    new_side = serve(new_, fmt::format("proxy_pass {};", behind_.url()));
    desk.write("tsig.key", knot_.key().file_text());
    desk.write("hook.url", hook_.url() + "/" + kToken);
    desk.write("cutover.yaml", fmt::format(R"(version: 1
name: aftermath
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [{1}], to: [{2}] }}
ttl: {{ during: 2s }}
endpoints:
  - {{ names: [www.example.com], port: {3}, http: {{ path: /, expect: 200 {4} }} }}
watch: {{ resolvers: ["{0}"] }}
notify: [ {{ webhook: file/hook.url }} ]
lookup: ["{0}"]
{5})",
                                           knot_.endpoint().text(), old_, new_, port_, http, more));
  }

  Run cutover(std::vector<std::string> args) const {
    if (args[0] == "swap")
      for (const char* gate : {"ttl-drained", "preflight-passed"})
        args.insert(args.end(), {"--override", fmt::format("{}=a test", gate)});
    return desk.cutover(args, environment());
  }
  std::vector<std::string> environment() const { return {"SSL_CERT_FILE=" + ca_}; }
  void swap() const {
    const Run baseline = cutover({"baseline", "--rounds", "5", "--every", "0s"});
    INFO(baseline.both());
    REQUIRE(baseline.status == 0);
    const Run run = cutover({"swap", "--yes"});
    INFO(run.both());
    REQUIRE(run.status == 0);
  }
  std::vector<std::string> served() const { return look_up_authority(knot_.endpoint(), "www.example.com", "A").rdata; }
  /// Notices of one event.
  std::vector<Json> heard(const std::string& event) const {
    const std::lock_guard hold(lock_);
    std::vector<Json> out;
    for (const Json& each : heard_)
      if (each.at("event") == event) out.push_back(each);
    return out;
  }
  const std::string& old_address() const { return old_; }

  Desk desk;
  std::unique_ptr<Nginx> old_side, new_side;

 private:
  AuthorityOptions zones() const {
    AuthorityOptions options;
    options.zones = {
        {"example.com", fmt::format("$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster 7 5 2 1209600 2\n"
                                    "@ IN NS ns1\nns1 IN A 127.0.0.1\nwww 3 IN A {}\n",
                                    old_)}};
    return options;
  }
  std::string reply() const {
    switch (mood_) {
      case Mood::kWell:
        break;
      case Mood::kSlow:
        std::this_thread::sleep_for(600ms);  // the slowness itself
        break;
      case Mood::kFailing:
        return test::http_reply("503 Service Unavailable", "no", "Connection: close\r\n");
      case Mood::kElsewhere:
        return test::http_reply("200 OK", "welcome to a fresh server\n", "Connection: close\r\n");
    }
    return test::http_reply("200 OK", "our site\n", "Connection: close\r\n");
  }
  std::string hear(const std::string& request) {
    const std::lock_guard hold(lock_);
    heard_.push_back(Json::parse(request.substr(request.find("\r\n\r\n") + 4)));
    return test::http_reply("200 OK", "", "Connection: close\r\n");
  }

  std::atomic<Mood> mood_{Mood::kWell};
  mutable std::mutex lock_;
  std::vector<Json> heard_;
  std::string old_ = own_address(), new_ = own_address();
  std::uint16_t port_ = free_port(old_);
  TempFolder folder_;
  std::string ca_;
  test::HttpScript behind_, hook_;
  Knot knot_;
};

// A busy machine makes answers of milliseconds several times slower all by itself.
constexpr const char* kQuick = "monitor: { every: 1s, for: 1h, latency: 10, sustained: 2s, errors: 5% }\n";

}  // namespace

TEST_CASE("a plan that wants a baseline has no swap without one; with one, all is well until the time is over") {
  const Aftermath scene(
      "standby: 1s\nmonitor: { every: 1s, sustained: 2s, latency: 50, baseline: required }\n"
      "gates: [ { name: old-side-rate, before: retire, run: [sh, -c, \"echo 3 requests a second; exit 1\"] } ]\n");
  const Run early = scene.cutover({"swap", "--yes"});
  INFO(early.both());
  CHECK(early.status == 2);
  CHECK_THAT(early.out, Contains("CLOSED     baseline-recorded"));
  CHECK(scene.heard("failure").empty());

  scene.swap();
  REQUIRE(scene.heard("phase").size() == 1);
  CHECK(scene.heard("phase")[0].at("title") == "swap: done");

  const Run run = scene.cutover({"monitor", "--for", "3s"});
  INFO(run.both());
  CHECK(run.status == 0);
  CHECK_THAT(run.out, Contains("no criterion broke") && Contains("baseline p50") && Contains("standby-over"));
  CHECK_THAT(run.out, Contains("CLOSED     old-side-rate") && Contains("3 requests a second"));
  CHECK_THAT(run.out, Contains("CLOSED     ttl-restored"));
  // Standby is over, and the TTLs are still low.
  REQUIRE(scene.heard("overdue").size() == 1);
  CHECK_THAT(scene.heard("overdue")[0].at("next").get<std::string>(), Contains("cutover restore-ttl"));
  CHECK(scene.heard("failure").empty());
  const Run again = scene.cutover({"monitor", "--for", "1s", "-o", "json"});
  const Json json = Json::parse(again.out);
  CHECK(json.at("exit") == 0);
  CHECK(json.at("last").at("endpoints").at(0).at("baseline").at("p95_us").get<int>() > 0);
  CHECK(scene.heard("overdue").size() == 1);

  const Run status = scene.cutover({"status"});
  CHECK_THAT(status.out, Contains("before the old side is retired") && Contains("open       standby-over"));
}

TEST_CASE("a new side that fails, slows down or serves something else: exit 3, and a command that works when pasted") {
  struct Row {
    Mood mood;
    const char* criterion;
    const char* http;
  };
  const Row rows[] = {{Mood::kFailing, "http-errors", ""},
                      {Mood::kSlow, "latency", ""},
                      {Mood::kElsewhere, "body-changed", ", body: \"our site\""}};
  for (const Row& row : rows) {
    CAPTURE(row.criterion);
    Aftermath scene(kQuick, row.http);
    scene.swap();
    scene.mood(row.mood);
    const Run run = scene.cutover({"monitor", "--for", "60s"});
    INFO(run.both());
    REQUIRE(run.status == 3);
    CHECK_THAT(run.out, Contains(fmt::format("monitor: {} broke: www.example.com", row.criterion)));
    REQUIRE(scene.heard("failure").size() == 1);
    const Json notice = scene.heard("failure")[0];
    CHECK(notice.at("title") == fmt::format("monitor: {} broke", row.criterion));
    const std::string command = notice.at("next");
    CHECK_THAT(run.out, Contains("next: " + command));
    CHECK(run.both().find(kToken) == std::string::npos);
    CHECK(read_text(scene.desk.file("cutover.cutover/journal.db")).find(kToken) == std::string::npos);

    // As pasted, with the program on the path.
    const std::string program = std::getenv("CUTOVER_PROGRAM");
    const Run back = scene.desk.run(
        {"/bin/sh", "-c", command},
        {"PATH=" + program.substr(0, program.rfind('/')) + ":" + std::getenv("PATH"),
         "XDG_STATE_HOME=" + scene.desk.file("state"), "SSL_CERT_FILE=" + scene.environment()[0].substr(14)});
    INFO(back.both());
    CHECK(back.status == 0);
    CHECK(scene.served() == std::vector<std::string>{scene.old_address()});
    const Run after = scene.cutover({"monitor", "--for", "1s"});
    CHECK(after.status == 1);
    CHECK_THAT(after.err, Contains("rolled back"));
  }
}

TEST_CASE("a new side that is gone breaks availability") {
  Aftermath scene(kQuick);
  scene.swap();
  scene.new_side->stop();
  const Run run = scene.cutover({"monitor", "-o", "ndjson"});
  INFO(run.both());
  REQUIRE(run.status == 3);
  const auto lines = split(std::string(trim(run.out)), '\n');
  CHECK(Json::parse(lines.front()).at("kind") == "minute");
  const Json end = Json::parse(lines.back());
  CHECK(end.at("broken").at(0).at("id") == "availability");
  CHECK_THAT(end.at("next").get<std::string>(),
             Contains("cutover rollback /") && Contains("/cutover.yaml --yes --plan-hash "));
}

TEST_CASE("an old side that is gone is no way back any more, and nobody is told to roll back to it") {
  Aftermath scene(kQuick);
  scene.swap();
  scene.old_side->stop();
  const Run run = scene.cutover({"monitor", "--for", "60s"});
  INFO(run.both());
  REQUIRE(run.status == 3);
  CHECK_THAT(run.out, Contains("monitor: old-side broke") && !Contains("cutover rollback"));
  REQUIRE(scene.heard("failure").size() == 1);
}

TEST_CASE("a rollback need not wait for a monitor, which ends then by itself") {
  Aftermath scene(kQuick);
  scene.swap();
  auto monitor =
      scene.desk.start({"monitor", "--http", "127.0.0.1:0", "--metrics", "monitor.prom"}, scene.environment());
  REQUIRE(wait_until(20s, [&] { return monitor->log().find("answered in the last") != std::string::npos; }));
  // Meanwhile everybody can see how it stands.
  CHECK_THAT(read_text(scene.desk.file("monitor.prom")), Contains("cutover_monitor_probes_answered{plan=") &&
                                                             Contains("percentile=\"95\"") &&
                                                             Contains("cutover_retire_gate_open"));
  const std::string log = monitor->log();
  const auto url = log.find("http://127.0.0.1:");
  REQUIRE(url != std::string::npos);
  const auto page =
      servers::run_program({"curl", "-s", log.substr(url, log.find_first_of(" \n", url) - url) + "story.json"});
  CHECK(Json::parse(page.output).at("monitor").at("endpoints").at(0).at("took").at("p95_us").get<int>() > 0);
  const Run back = scene.cutover({"rollback", "--yes"});
  INFO(back.both());
  CHECK(back.status == 0);
  CHECK(wait_until(20s, [&] { return !monitor->running(); }));
  CHECK_THAT(monitor->log(), Contains("rolled back meanwhile"));
}

TEST_CASE("a baseline of an old side that is not there is none, and monitor before the swap says what comes first") {
  Aftermath scene;
  const Run early = scene.cutover({"monitor"});
  CHECK(early.status == 1);
  CHECK_THAT(early.err, Contains("nothing has been done with this plan"));
  scene.old_side->stop();
  const Run none = scene.cutover({"baseline", "--rounds", "2", "--every", "0s"});
  INFO(none.both());
  CHECK(none.status == 3);
  CHECK_THAT(none.out, Contains("no baseline was recorded"));
  const Run still = scene.cutover({"monitor"});
  CHECK(still.status == 1);
  CHECK_THAT(still.err, Contains("`cutover swap` comes first"));
}
