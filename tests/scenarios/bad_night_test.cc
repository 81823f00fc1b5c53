#include <fmt/format.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <thread>

#include "core/text.h"
#include "tests/scenarios/stage.h"

// Everything at once: a signing BIND, an ACME client that changes a TXT record every few seconds, a secondary that
// dies, a plan that is edited after the swap, and the machine with the journal lost.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;
using namespace std::chrono_literals;

namespace {

constexpr int kLowTtl = 3;

/// Somebody's ACME client.
class AcmeClient {
 public:
  explicit AcmeClient(const Authority& server) : thread_([this, &server] { run(server); }) {}
  ~AcmeClient() {
    stop_ = true;
    thread_.join();
  }
  int changes() const { return changes_; }

 private:
  void run(const Authority& server) {
    while (!stop_) {
      const std::string script = fmt::format(
          "zone example.com\nupdate delete _acme-challenge.example.com TXT\nupdate add _acme-challenge.example.com 60 "
          "TXT \"token-{}\"",
          changes_ + 1);
      if (nsupdate(server.endpoint(), server.key(), script).status == 0) ++changes_;
      for (int i = 0; i < 10 && !stop_; ++i) std::this_thread::sleep_for(100ms);
    }
  }
  std::atomic<bool> stop_{false};
  std::atomic<int> changes_{0};
  std::thread thread_;
};

std::string plan_text(const std::string& servers, const Endpoint& primary, const Endpoint& resolver, const Sites& sites,
                      const std::string& to) {
  return fmt::format(R"(version: 1
name: bad-night
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{}", key: file/tsig.key }}
    authoritative: [{}]
    changes:
      - {{ name: www, type: A, from: [{}], to: [{}] }}
ttl: {{ during: {}s }}
endpoints: [ {{ names: [www.example.com], port: {} }} ]
watch: {{ resolvers: ["{}"] }}
standby: 1h
lookup: ["127.0.0.1:9"]
)",
                     primary.text(), servers, sites.old_address(), to, kLowTtl, sites.port(), resolver.text());
}

std::vector<std::string> without_acme(std::vector<std::string> values) {
  std::erase_if(values, [](const std::string& line) { return line.find("_acme-challenge") != std::string::npos; });
  return values;
}

std::string find_file(const std::string& folder, const std::string& part, const std::string& extension) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.path().extension() == extension && entry.path().string().find(part) != std::string::npos)
      return entry.path().string();
  return {};
}

}  // namespace

TEST_CASE("a bad night ends with the saved script, and the next evening's swap succeeds") {
  const Sites sites({"www.example.com"});
  const std::string second_address = own_address();
  const Endpoint second = *Endpoint::from_text(second_address, free_port(second_address));
  AuthorityOptions options;
  options.zones = {{"example.com", fmt::format("$ORIGIN example.com.\n$TTL 3600\n@ IN SOA ns1 hostmaster 7 5 2 1209600 "
                                               "{}\n@ IN NS ns1\nns1 IN A 127.0.0.1\nwww 6 IN A {}\n",
                                               kLowTtl, sites.old_address())}};
  options.secondaries = {second};
  options.sign = true;
  Bind primary(options);
  const AuthorityOptions following = secondary_of(primary.endpoint(), second);
  auto secondary = std::make_unique<Knot>(following);
  UnboundOptions resolver_options;
  resolver_options.stubs = {{"example.com", {primary.endpoint()}}};
  resolver_options.extra = "domain-insecure: example.com";
  Unbound resolver(resolver_options);
  const AcmeClient acme(primary);
  const auto before = without_acme(values_of(primary, "example.com"));

  const std::string both = fmt::format("\"{}\", \"{}\"", primary.endpoint().text(), second.text());
  const std::string key = primary.key().file_text();
  std::string script;
  std::string state;
  {
    Desk desk;
    desk.write("tsig.key", key);
    desk.write("cutover.yaml", plan_text(both, primary.endpoint(), resolver.endpoint(), sites, sites.new_address()));
    const Run lowered = desk.cutover({"lower-ttl", "--yes"});
    INFO("lower-ttl:\n" << lowered.both());
    REQUIRE(lowered.status == 0);
    const Run checked = desk.cutover({"preflight", "--ca-file", sites.ca_file()});
    INFO("preflight:\n" << checked.both());
    REQUIRE(checked.status == 0);
    std::this_thread::sleep_for(7s);

    secondary->kill();
    const Run refused = desk.cutover({"swap", "--yes"});
    INFO("swap with a dead secondary:\n" << refused.both());
    REQUIRE(refused.status == 2);
    CHECK(refused.out.find(second.text()) != std::string::npos);

    const Run swapped = desk.cutover({"swap", "--yes", "--sync-timeout", "3s", "--override",
                                      "authoritative-in-sync=the secondary is dead and out of the delegation",
                                      "--override", "ttl-drained=the secondary is dead and out of the delegation"});
    INFO("swap, overridden:\n" << swapped.both());
    REQUIRE(swapped.status == 4);  // written; one server could not be seen serving it
    CHECK(look_up_authority(primary.endpoint(), "www.example.com", "A").rdata ==
          std::vector<std::string>{sites.new_address()});

    // Somebody edits the plan after the swap: the way back does not depend on it.
    desk.write("cutover.yaml", plan_text(both, primary.endpoint(), resolver.endpoint(), sites, "127.0.3.99"));
    const Run edited = desk.cutover({"plan", "-o", "json"});
    INFO("plan, edited:\n" << edited.both());
    CHECK(edited.status == 2);

    // The journal's machine is lost; what is left is the copy in the user's state folder, on a colleague's desk.
    script = read_text(find_file(desk.file("state"), "swap", ".nsupdate"));
    REQUIRE_FALSE(script.empty());
    CHECK(script.find(primary.key().secret) == std::string::npos);
  }
  Desk colleague;
  colleague.write("tsig.key", key);
  colleague.write("rollback.nsupdate", script);
  const Run rolled_back = colleague.run({"nsupdate", "-k", "tsig.key", "rollback.nsupdate"});
  INFO("the saved script:\n" << script << "\n" << rolled_back.both());
  REQUIRE(rolled_back.status == 0);
  CHECK(without_acme(values_of(primary, "example.com")) == before);
  // Guarded: a second run finds nothing to undo and says so.
  CHECK(colleague.run({"nsupdate", "-k", "tsig.key", "rollback.nsupdate"}).status != 0);

  // The next evening, from another machine, the dead server out of the plan.
  Desk fresh;
  fresh.write("tsig.key", key);
  fresh.write("cutover.yaml", plan_text("\"" + primary.endpoint().text() + "\"", primary.endpoint(),
                                        resolver.endpoint(), sites, sites.new_address()));
  const Run lowered = fresh.cutover({"lower-ttl", "--yes"});
  INFO("lower-ttl:\n" << lowered.both());
  REQUIRE(lowered.status == 0);
  REQUIRE(fresh.cutover({"preflight", "--ca-file", sites.ca_file()}).status == 0);
  const Run swapped = fresh.cutover({"swap", "--yes", "--wait"});
  INFO("swap:\n" << swapped.both());
  REQUIRE(swapped.status == 0);
  const Run watched = fresh.cutover({"watch"});
  INFO("watch:\n" << watched.both());
  CHECK(watched.status == 0);

  // And once more without a journal, this time with the program and the snapshot that lay beside it.
  Desk other;
  other.write("tsig.key", key);
  other.write("cutover.yaml", read_text(fresh.file("cutover.yaml")));
  other.write("snapshot.json", read_text(find_file(fresh.path(), "snapshot-swap-", ".json")));
  const Run undone =
      other.cutover({"rollback", "--yes", "--from-snapshot", "snapshot.json", "--ca-file", sites.ca_file()});
  INFO("rollback from the snapshot:\n" << undone.both());
  CHECK(undone.status == 0);
  CHECK(without_acme(values_of(primary, "example.com")) == before);
  CHECK(acme.changes() > 10);
}
