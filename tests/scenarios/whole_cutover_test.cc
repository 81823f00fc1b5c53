#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/examples.h"
#include "tests/support/http_script.h"

// A whole cutover and its rollback, as the person at the keyboard runs it, against each kind of authority with a
// secondary and three resolvers that really cache.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;

namespace {

constexpr int kOldTtl = 20;
constexpr int kLowTtl = 4;

std::string zone_text(const Sites& sites) {
  return fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 5 2 1209600 4
@    IN NS  ns1
ns1  IN A   127.0.0.1
mail IN A   127.0.0.1
@    IN MX  10 mail
www  {0} IN A {1}
www  {0} IN HTTPS 1 . alpn=h2 ipv4hint={1}
shop {0} IN CNAME lb.old.example.com.
lb.old IN A {1}
lb.new IN A {2}
)",
                     kOldTtl, sites.old_address(), sites.new_address());
}

/// The server's way in for writers. PowerDNS has two; a program beside BIND writes its file.
enum class Door { kUpdate, kHttpApi, kProgram };
const std::string kApiKey = "an-api-key-that-nobody-may-see";

std::string provider_text(const Authority& primary, Door door) {
  if (door == Door::kProgram) {
    const auto& bind = dynamic_cast<const Bind&>(primary);
    return fmt::format("{{ type: external, name: flatzone, file: {}, reload: \"{}\" }}", bind.zone_file("example.com"),
                       bind.publish_command());
  }
  if (door == Door::kUpdate)
    return fmt::format("{{ type: rfc2136, server: \"{}\", key: file/tsig.key }}", primary.endpoint().text());
  return fmt::format("{{ type: powerdns, url: \"{}\", key: file/api.key }}",
                     dynamic_cast<const PowerDns&>(primary).api_url());
}

/// One record a line, with everything written out.
std::string flat(const std::string& zone_text) {
  const TempFolder folder;
  const Finished done = run_program({"named-compilezone", "-q", "-s", "full", "-o", folder.file("flat"), "example.com",
                                     folder.write("zone", zone_text)});
  if (done.status != 0) throw std::runtime_error(done.output);
  return read_text(folder.file("flat"));
}

/// The files below a folder that hold a text.
std::vector<std::string> files_with(const std::string& folder, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && read_text(entry.path().string()).find(text) != std::string::npos)
      found.push_back(entry.path().filename().string());
  return found;
}

std::string plan_text(const Sites& sites, const std::string& provider, const std::vector<Endpoint>& servers,
                      const std::vector<std::unique_ptr<Unbound>>& resolvers) {
  std::vector<std::string> authoritative;
  for (const Endpoint& server : servers) authoritative.push_back("\"" + server.text() + "\"");
  std::vector<std::string> asked;
  for (std::size_t i = 0; i < resolvers.size(); ++i)
    asked.push_back(fmt::format("\"unbound-{}={}\"", i + 1, resolvers[i]->endpoint().text()));
  return fmt::format(R"(version: 1
name: whole-cutover
zones:
  - zone: example.com
    provider: {}
    authoritative: [{}]
    changes:
      - {{ name: www, type: A, from: [{}], to: [{}] }}
      - {{ name: www, type: HTTPS, from: ["1 . alpn=h2 ipv4hint={}"], to: ["1 . alpn=h2 ipv4hint={}"] }}
      - {{ name: shop, type: CNAME, from: [lb.old.example.com.], to: [lb.new.example.com.] }}
ttl: {{ during: {}s }}
endpoints:
  - {{ names: [www.example.com, shop.example.com], port: {}, http: {{ path: /, expect: 200 }} }}
watch: {{ resolvers: [{}], must: [unbound-1], samples: 2, give-up: 2m }}
standby: 1h
lookup: ["{}"]
)",
                     provider, join(authoritative, ", "), sites.old_address(), sites.new_address(), sites.old_address(),
                     sites.new_address(), kLowTtl, sites.port(), join(asked, ", "),
                     resolvers.front()->endpoint().text());
}

template <class Server>
void whole_cutover(Door door) {
  const Sites sites({"www.example.com", "shop.example.com"});
  // The secondary is always Knot: what a plan lists is addresses, not products.
  const std::string second_address = own_address();
  const Endpoint second = *Endpoint::from_text(second_address, free_port(second_address));
  AuthorityOptions options;
  options.zones = {{"example.com", zone_text(sites)}};
  options.secondaries = {second};
  if (door == Door::kHttpApi) options.api_key = kApiKey;
  if (door == Door::kProgram) {
    tests::examples_on_path();
    options.zones[0].text = flat(options.zones[0].text);
    options.read_only = true;
  }
  Server primary(options);
  Knot secondary(secondary_of(primary.endpoint(), second));
  std::vector<std::unique_ptr<Unbound>> resolvers;
  for (int i = 0; i < 3; ++i) {
    UnboundOptions resolver;
    resolver.stubs = {{"example.com", {primary.endpoint(), secondary.endpoint()}}};
    resolvers.push_back(std::make_unique<Unbound>(resolver));
  }
  const auto every_resolver = [&](const std::string& name, const std::string& type,
                                  const std::vector<std::string>& rdata) {
    for (const auto& resolver : resolvers)
      if (look_up(resolver->endpoint(), name, type).rdata != rdata) return false;
    return true;
  };

  Desk desk;
  desk.write("tsig.key", primary.key().file_text());
  desk.write("api.key", kApiKey + "\n");
  desk.write("cutover.yaml",
             plan_text(sites, provider_text(primary, door), {primary.endpoint(), secondary.endpoint()}, resolvers));
  const auto before = values_of(primary, "example.com");

  // The old answers are cached for their whole TTL.
  for (const auto& resolver : resolvers) {
    CHECK(look_up(resolver->endpoint(), "www.example.com", "A").ttl_s >= kOldTtl - 1);
    look_up(resolver->endpoint(), "www.example.com", "HTTPS");
    look_up(resolver->endpoint(), "shop.example.com", "CNAME");
  }

  const Run planned = desk.cutover({"plan"});
  INFO("plan:\n" << planned.both());
  CHECK(planned.status == 2);

  const Run lowered = desk.cutover({"lower-ttl", "--yes"});
  INFO("lower-ttl:\n" << lowered.both());
  REQUIRE(lowered.status == 0);
  CHECK(look_up_authority(secondary.endpoint(), "www.example.com", "A").ttl_s == kLowTtl);
  CHECK(values_of(primary, "example.com") == before);

  const Run checked = desk.cutover({"preflight", "--ca-file", sites.ca_file()});
  INFO("preflight:\n" << checked.both());
  REQUIRE(checked.status == 0);

  const Run early = desk.cutover({"swap", "--yes", "-o", "json", "--ca-file", sites.ca_file()});
  INFO("swap before the drain:\n" << early.both());
  REQUIRE(early.status == 2);
  const auto refused = nlohmann::json::parse(early.out);
  REQUIRE(refused.at("opens_at").is_string());
  const Instant opens = *parse_instant(refused.at("opens_at").get<std::string>());
  CHECK(opens > now());
  CHECK(opens < now() + std::chrono::seconds(kOldTtl + 2));
  CHECK(look_up_authority(primary.endpoint(), "www.example.com", "A").rdata ==
        std::vector<std::string>{sites.old_address()});

  std::this_thread::sleep_until(opens + 100ms);
  const Run swapped = desk.cutover({"swap", "--yes", "-o", "json", "--ca-file", sites.ca_file()});
  INFO("swap after the drain:\n" << swapped.both());
  REQUIRE(swapped.status == 0);
  const auto done = nlohmann::json::parse(swapped.out);
  const Instant bound = *parse_instant(done.at("bound").get<std::string>());
  for (const Endpoint& server : {primary.endpoint(), secondary.endpoint()})
    CHECK(look_up_authority(server, "www.example.com", "A").rdata == std::vector<std::string>{sites.new_address()});
  for (const auto& path : done.at("way_back")) CHECK(!read_text(path.get<std::string>()).empty());

  const Run watched = desk.cutover({"watch"});
  const Instant converged = now();
  INFO("watch:\n" << watched.both());
  REQUIRE(watched.status == 0);
  CHECK(every_resolver("www.example.com", "A", {sites.new_address()}));
  CHECK(every_resolver("shop.example.com", "CNAME", {"lb.new.example.com."}));
  CHECK(converged <= bound + 3s);

  CHECK(desk.cutover({"plan"}).status == 0);
  const Run again = desk.cutover({"swap", "--yes", "--ca-file", sites.ca_file()});
  INFO("swap again:\n" << again.both());
  CHECK(again.status == 0);

  const Run undone = desk.cutover({"rollback", "--yes", "--ca-file", sites.ca_file()});
  INFO("rollback:\n" << undone.both());
  REQUIRE(undone.status == 0);
  CHECK(undone.took < 5s);
  CHECK(values_of(primary, "example.com") == before);

  const Run back = desk.cutover({"watch"});
  INFO("watch after the rollback:\n" << back.both());
  CHECK(back.status == 0);
  const Run restored = desk.cutover({"restore-ttl", "--yes", "--wait"});
  INFO("restore-ttl:\n" << restored.both());
  REQUIRE(restored.status == 0);
  CHECK(values_of(primary, "example.com") == before);
  CHECK(look_up_authority(secondary.endpoint(), "www.example.com", "A").ttl_s == kOldTtl);
  CHECK(look_up_authority(secondary.endpoint(), "shop.example.com", "CNAME").ttl_s == kOldTtl);
  const Run status = desk.cutover({"status"});
  INFO("status:\n" << status.both());
  CHECK(status.status == 0);
  CHECK(status.out.find("finished") != std::string::npos);

  // Neither the journal nor the way back nor a line on the screen holds the key.
  CHECK(files_with(desk.path(), kApiKey) == std::vector<std::string>{"api.key"});
  for (const Run& run : {planned, lowered, checked, early, swapped, watched, again, undone, back, restored, status})
    CHECK(run.both().find(kApiKey) == std::string::npos);
}

}  // namespace

TEST_CASE("a whole cutover and back on Knot") { whole_cutover<Knot>(Door::kUpdate); }
TEST_CASE("a whole cutover and back on BIND") { whole_cutover<Bind>(Door::kUpdate); }
TEST_CASE("a whole cutover and back on PowerDNS") { whole_cutover<PowerDns>(Door::kUpdate); }
TEST_CASE("a whole cutover and back by a program in Python beside BIND") { whole_cutover<Bind>(Door::kProgram); }
TEST_CASE("a whole cutover and back through the HTTP API of PowerDNS") { whole_cutover<PowerDns>(Door::kHttpApi); }

namespace {

/// A plan for PowerDNS's HTTP API, with a relay before it that counts the calls and can lose the answers to PATCH.
struct ApiScene {
  enum class Answers { kArrive, kGetLost };
  explicit ApiScene(Answers answers)
      : primary(options(sites)), relay([this, answers](const std::string& request) {
          const Endpoint api = *Endpoint::from_text(primary.api_url().substr(7), 0);
          const std::string reply = cutover::test::forwarded(api, request);
          return answers == Answers::kGetLost && request.starts_with("PATCH ") ? std::string() : reply;
        }) {
    UnboundOptions resolver;
    resolver.stubs = {{"example.com", {primary.endpoint()}}};
    resolvers.push_back(std::make_unique<Unbound>(resolver));
    desk.write("api.key", kApiKey);
    desk.write("cutover.yaml",
               plan_text(sites, fmt::format("{{ type: powerdns, url: \"{}\", key: file/api.key }}", relay.url()),
                         {primary.endpoint()}, resolvers));
  }
  static AuthorityOptions options(const Sites& sites) {
    AuthorityOptions options;
    options.zones = {{"example.com", zone_text(sites)}};
    options.api_key = kApiKey;
    return options;
  }
  long served_ttl() const { return look_up_authority(primary.endpoint(), "www.example.com", "A").ttl_s; }

  Sites sites{{"www.example.com", "shop.example.com"}};
  PowerDns primary;
  cutover::test::HttpScript relay;
  std::vector<std::unique_ptr<Unbound>> resolvers;
  Desk desk;
};

}  // namespace

TEST_CASE("a reply that is lost after PowerDNS made the change: the program looks, and finds it made") {
  const ApiScene scene(ApiScene::Answers::kGetLost);
  const Run lowered = scene.desk.cutover({"lower-ttl", "--yes"});
  INFO(lowered.both());
  CHECK(lowered.status == 0);
  CHECK(lowered.both().find("looking at the live zone") != std::string::npos);
  CHECK(scene.relay.count("PATCH ") == 1);
  CHECK(scene.served_ttl() == kLowTtl);
  CHECK(files_with(scene.desk.path(), kApiKey) == std::vector<std::string>{"api.key"});
}

TEST_CASE("killed around the call to PowerDNS's API, the same command again finishes it, with one PATCH in all") {
  for (const std::string at : {"provider-before-send", "provider-after-reply"}) {
    INFO(at);
    const ApiScene scene(ApiScene::Answers::kArrive);
    const Run killed = scene.desk.cutover({"lower-ttl", "--yes"}, {"CUTOVER_KILL_AT=" + at});
    INFO(killed.both());
    REQUIRE(killed.status == 128 + 9);
    CHECK(scene.served_ttl() == (at == "provider-before-send" ? kOldTtl : kLowTtl));
    const Run again = scene.desk.cutover({"lower-ttl", "--yes"});
    INFO(again.both());
    CHECK(again.status == 0);
    CHECK(scene.served_ttl() == kLowTtl);
    CHECK(scene.relay.count("PATCH ") == 1);
  }
}
