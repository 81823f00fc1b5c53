#include <fmt/format.h>
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"

// A cutover that nobody sits beside: through all phases, waiting for a person's word, killed and started again, and
// back by itself where the plan says so.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;
using Catch::Contains;
using Json = nlohmann::json;

namespace {

constexpr int kOldTtl = 6;
constexpr int kLowTtl = 2;

std::string zone_text(const Sites& sites) {
  return fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 5 2 1209600 2
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  {0} IN A {1}
shop {0} IN CNAME lb.old.example.com.
lb.old IN A {1}
lb.new IN A {2}
)",
                     kOldTtl, sites.old_address(), sites.new_address());
}

class Night {
 public:
  /// `more`: further lines of the plan.
  explicit Night(const std::string& more, const std::string& watch = "give-up: 1m")
      : sites_({"www.example.com", "shop.example.com"}), knot_(zones(sites_)) {
    UnboundOptions wanted;
    wanted.stubs = {{"example.com", {knot_.endpoint()}}};
    resolver_ = std::make_unique<Unbound>(wanted);
    desk.write("tsig.key", knot_.key().file_text());
    desk.write("cutover.yaml", fmt::format(R"(version: 1
name: night
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes:
      - {{ name: www, type: A, from: [{1}], to: [{2}] }}
      - {{ name: shop, type: CNAME, from: [lb.old.example.com.], to: [lb.new.example.com.] }}
ttl: {{ during: {3}s }}
endpoints:
  - {{ names: [www.example.com, shop.example.com], port: {4}, http: {{ path: /, expect: 200 }} }}
watch: {{ resolvers: ["office={5}"], samples: 2, {6} }}
lookup: ["{5}"]
{7})",
                                           knot_.endpoint().text(), sites_.old_address(), sites_.new_address(), kLowTtl,
                                           sites_.port(), resolver_->endpoint().text(), watch, more));
    before_ = values_of(knot_, "example.com");
  }

  std::vector<std::string> args() const {
    return {"run", "--yes", "-o", "json", "--look-again", "1s", "--ca-file", sites_.ca_file()};
  }
  Run run() const { return desk.cutover(args()); }
  std::unique_ptr<Process> start() const { return desk.start(args()); }
  bool is_new() const { return served() == sites_.new_address(); }
  bool is_as_before() const { return values_of(knot_, "example.com") == before_ && ttl() == kOldTtl; }
  long ttl() const { return look_up_authority(knot_.endpoint(), "www.example.com", "A").ttl_s; }
  std::string served() const {
    const auto answer = look_up_authority(knot_.endpoint(), "www.example.com", "A");
    return answer.rdata.empty() ? "" : answer.rdata.front();
  }
  /// Until `text` stands in the log of what was started.
  static void wait_for(Process& process, const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (process.log().find(text) == std::string::npos && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(50ms);
    INFO(process.log());
    REQUIRE(process.log().find(text) != std::string::npos);
  }

  Desk desk;

 private:
  static AuthorityOptions zones(const Sites& sites) {
    AuthorityOptions options;
    options.zones = {{"example.com", zone_text(sites)}};
    return options;
  }

  Sites sites_;
  Knot knot_;
  std::unique_ptr<Unbound> resolver_;
  std::vector<std::string> before_;
};

}  // namespace

TEST_CASE("through all phases without a person") {
  const Night night("standby: 3s\n");
  const Run run = night.run();
  INFO(run.both());
  REQUIRE(run.status == 0);
  CHECK(Json::parse(run.out).at("stage") == "finished");
  CHECK(night.is_new());
  CHECK(night.ttl() == kOldTtl);
  // What came one after the other, as it was told.
  std::size_t at = 0;
  for (const char* told :
       {"lowering the TTLs", "preflight: passed", "the swap opens at", "gate ttl-drained is open",
        "swapped; every authoritative address", "converged at", "standby", "restoring the TTLs", "finished"}) {
    INFO(told);
    const std::size_t found = run.err.find(told, at);
    REQUIRE(found != std::string::npos);
    at = found;
  }
  SECTION("and once more there is nothing to do") {
    const Run again = night.run();
    INFO(again.both());
    CHECK(again.status == 0);
    CHECK(night.is_new());
  }
}

TEST_CASE("it waits for a person's word, which holds for one plan only") {
  const Night night("standby: 2s\nswap: { approve: true }\n");
  const auto process = night.start();
  Night::wait_for(*process, "the plan wants a person's approval");
  CHECK_FALSE(night.is_new());
  CHECK(night.desk.cutover({"approve", "--plan-hash", "00000000"}).status == 2);
  const Run word = night.desk.cutover({"approve"});
  INFO(word.both());
  CHECK(word.status == 0);
  const auto end = process->wait_for_end(60s);
  INFO(process->log());
  REQUIRE(end);
  CHECK(*end == 0);
  CHECK_THAT(process->log(), Contains("approved by "));
  CHECK(night.is_new());
}

TEST_CASE("killed anywhere, it is started again and goes on") {
  const Night night("standby: 3s\n");
  for (const char* moment : {"preflight: passed", "gate ttl-drained is open", "swapped; every authoritative",
                             "converged at", "restoring the TTLs"}) {
    INFO(moment);
    const auto process = night.start();
    Night::wait_for(*process, moment);
    process->kill();
  }
  const Run run = night.run();
  INFO(run.both());
  CHECK(run.status == 0);
  CHECK(night.is_new());
  CHECK(night.ttl() == kOldTtl);
}

TEST_CASE("Ctrl-C ends it, says how to come back, and loses nothing") {
  const Night night("standby: 1h\n");
  const auto process = night.start();
  Night::wait_for(*process, "standby");
  process->signal(SIGINT);
  const auto end = process->wait_for_end(20s);
  INFO(process->log());
  REQUIRE(end);
  CHECK(*end == 4);
  CHECK_THAT(process->log(), Contains("nothing is lost") && Contains("`cutover run` goes on from here"));
  const Run back = night.desk.cutover({"rollback", "--yes"});
  INFO(back.both());
  CHECK(back.status == 0);
}

TEST_CASE("a watch that gives up makes it roll back by itself where the plan says so, and restore the TTLs") {
  // Nobody answers at one of two resolvers that have to agree.
  const Night night("standby: 1h\nabort: [not-converged]\n", "quorum: { resolvers: 100% }, give-up: 4s");
  const std::string plan = read_text(night.desk.file("cutover.yaml"));
  const auto at = plan.find("[\"office=");
  night.desk.write("cutover.yaml", plan.substr(0, at) + "[\"silent=127.99.99.99:9\", " + plan.substr(at + 1));
  const auto process = night.start();
  Night::wait_for(*process, "rolling back: the swap did not converge");
  Night::wait_for(*process, "put back; every authoritative address");
  CHECK(night.served() != "");
  CHECK_FALSE(night.is_new());
  process->kill();
}

TEST_CASE("what only a person can open ends it, and says what to do") {
  const Night night("standby: 1h\ngates:\n  - { name: lag, before: swap, run: [test, -e, caught-up] }\n");
  SECTION("a gate of the plan is waited for") {
    const auto process = night.start();
    Night::wait_for(*process, "gate lag is closed");
    night.desk.write("caught-up", "");
    Night::wait_for(*process, "converged at");
    process->kill();
    CHECK(night.is_new());
  }
  SECTION("drift is not") {
    std::string plan = read_text(night.desk.file("cutover.yaml"));
    const std::string shop = "from: [lb.old.example.com.]";
    plan.replace(plan.find(shop), shop.size(), "from: [lb.other.example.com.]");
    night.desk.write("cutover.yaml", plan);
    const Run run = night.run();
    INFO(run.both());
    CHECK(run.status == 2);
    CHECK_THAT(run.both(), Contains("shop.example.com."));
    CHECK(night.is_as_before());
  }
}
