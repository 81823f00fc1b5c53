// Names behind a provider's proxy: resolvers see the proxy's addresses and never the origin's. Their origin is swapped
// at the provider, on a fake of Cloudflare's API with a name server beside it that answers as the proxy does.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "core/text.h"
#include "lab/authority.h"
#include "lab/loop_thread.h"
#include "net/message.h"
#include "tests/scenarios/stage.h"
#include "tests/servers/cloudflare_fake.h"

using namespace cutover;
using namespace cutover::stage;
using Catch::Contains;
using servers::CloudflareFake;

namespace {

constexpr const char* kServed =
    "@ 3600 IN SOA ns1 hostmaster 1 7200 900 1209600 300\n@ 3600 IN NS ns1\nns1 3600 IN A 127.0.0.1\n"
    "www 300 IN A 127.98.3.200\nwww 300 IN AAAA 2001:db8:ffff::1\nmail 3600 IN A 127.98.1.25\n";

class Proxied {
 public:
  Proxied() {
    fake_.add_zone("example.com");
    for (const char* address : {"127.98.1.10", "127.98.1.11"})
      fake_.add("example.com", fmt::format(R"({{"name":"www.example.com","type":"A","content":"{}","ttl":1,)"
                                           R"("proxied":true,"comment":"the shop"}})",
                                           address));
    fake_.add("example.com", R"({"name":"mail.example.com","type":"A","content":"127.98.1.25","ttl":3600})");
    first_ = records();
    desk_.write("token", CloudflareFake::kToken);
    const auto zone = net::parse_zone_file(kServed, *DomainName::from_text("example.com"));
    REQUIRE(zone);
    lab::AuthoritySpec spec;
    spec.zones = {*zone};
    spec.addresses = {{*Endpoint::from_text(servers::own_address(), 0), {}}};
    auto authority = lab::Authority::open(lab_.loop(), clock_, std::move(spec));
    REQUIRE(authority);
    authority_ = std::move(*authority);
    lab_.start();
  }
  ~Proxied() { lab_.stop(); }
  Proxied(const Proxied&) = delete;
  Proxied& operator=(const Proxied&) = delete;

  std::vector<std::string> records() const { return fake_.records("example.com"); }
  const std::vector<std::string>& first() const { return first_; }
  const Desk& desk() const { return desk_; }
  std::string name_server() const { return authority_->endpoints().at(0).text(); }
  std::string url() const { return fake_.url(); }
  void plan(const std::string& changes) const {
    desk_.write("cutover.yaml",
                fmt::format("version: 1\nname: shop\nzones:\n  - zone: example.com\n"
                            "    provider: {{ type: cloudflare, url: \"{}\", token: file/token }}\n"
                            "    authoritative: [\"{}\"]\n    settle: 1s\n    changes:\n{}"
                            "ttl: {{ during: 60s }}\nwatch: {{ resolvers: [\"{}\"] }}\nlookup: [\"{}\"]\n",
                            url(), name_server(), changes, name_server(), name_server()));
  }
  Run cutover(const std::string& command) const {
    std::vector<std::string> args{command, "--yes"};
    if (command == "watch") args = {command, "--ci"};
    if (command == "swap") args.insert(args.end(), {"--override", "preflight-passed=no web servers here"});
    if (command == "restore-ttl") args.insert(args.end(), {"--override", "standby-over=a test"});
    return desk_.cutover(args);
  }

 private:
  CloudflareFake fake_;
  SystemClock clock_;
  lab::LoopThread lab_;
  std::unique_ptr<lab::Authority> authority_;
  std::vector<std::string> first_;
  Desk desk_;
};

constexpr const char* kShopMoves =
    "      - { name: www, type: A, from: [127.98.1.10, 127.98.1.11],\n"
    "          to: [127.98.2.10, 127.98.2.11, 127.98.2.12], proxied: true }\n";

void done(const Run& run, const std::string& says) {
  INFO(run.both());
  CHECK(run.status == 0);
  CHECK_THAT(run.both(), Contains(says));
}

std::size_t proxied_among(const std::vector<std::string>& records) {
  return static_cast<std::size_t>(std::count_if(records.begin(), records.end(), [](const std::string& record) {
    return record.find(" proxied") != std::string::npos;
  }));
}

}  // namespace

TEST_CASE("a proxied origin is swapped and put back, with no TTL, no drain and no watch") {
  Proxied world;
  world.plan(kShopMoves);
  done(world.desk().cutover({"lower-ttl", "--yes"}), "behind the provider's proxy: www.example.com. A");
  CHECK(world.records() == world.first());

  done(world.cutover("swap"), "1 record set swapped at the provider");
  const auto moved = world.records();
  CHECK(join(moved, "\n").find("127.98.1.1") == std::string::npos);
  CHECK(proxied_among(moved) == 3);

  done(world.cutover("watch"), "nothing to watch");
  done(world.cutover("rollback"), "1 record set put back at the provider");
  CHECK(world.records() == world.first());
}

TEST_CASE("the way back without the program keeps the proxy before the origin") {
  Proxied world;
  world.plan(kShopMoves);
  done(world.cutover("swap"), "swapped at the provider");
  const Run run = world.desk().run({"sh", "-c", "python3 \"$(find cutover.cutover -name 'rollback-*.py')\""});
  INFO(run.both());
  CHECK(run.status == 0);
  CHECK(world.records() == world.first());
}

TEST_CASE("a plan that is wrong about the proxy is a closed gate, and says what to write") {
  Proxied world;
  SECTION("it does not know of it") {
    world.plan("      - { name: www, type: A, from: [127.98.1.10, 127.98.1.11], to: [127.98.2.10] }\n");
    const Run run = world.cutover("swap");
    INFO(run.both());
    CHECK(run.status == 2);
    CHECK_THAT(run.both(), Contains("write `proxied: true` at this change"));
  }
  SECTION("it thinks of one that is not there") {
    world.plan("      - { name: mail, type: A, from: [127.98.1.25], to: [127.98.2.25], proxied: true }\n");
    for (const char* command : {"lower-ttl", "swap"}) {
      const Run run = world.cutover(command);
      INFO(run.both());
      CHECK(run.status == 2);
      CHECK_THAT(run.both(), Contains("mail.example.com. A is not proxied, although the plan says so"));
    }
  }
  SECTION("it removes what is proxied") {
    world.plan("      - { name: www, type: A, from: [127.98.1.10, 127.98.1.11], to: [], proxied: true }\n");
    const Run run = world.cutover("swap");
    INFO(run.both());
    CHECK(run.status == 1);
    CHECK_THAT(run.both(), Contains("cutover.yaml:9:") && Contains("would be removed"));
  }
  CHECK(world.records() == world.first());
}

TEST_CASE("assess finds what is proxied and does not take it for a split horizon") {
  Proxied world;
  const Run run = world.desk().cutover({"assess",          "found.yaml",
                                        "--zone",          "example.com",
                                        "--provider",      "cloudflare",
                                        "--option",        "url=" + world.url(),
                                        "--option",        "token=file/token",
                                        "--authoritative", world.name_server(),
                                        "--lookup",        world.name_server(),
                                        "--map",           "127.98.1.10=127.98.2.10",
                                        "--map",           "127.98.1.11=127.98.2.11",
                                        "--map",           "127.98.1.25=127.98.2.25"});
  INFO(run.both());
  REQUIRE(run.status == 0);
  const std::string plan = servers::read_text(world.desk().file("found.yaml"));
  CHECK_THAT(plan, Contains("name: www, type: A, from: [127.98.1.10, 127.98.1.11], to: [127.98.2.10, "
                            "127.98.2.11], proxied: true }"));
  CHECK_THAT(plan, Contains("name: mail, type: A, from: [127.98.1.25], to: [127.98.2.25] }"));
}
