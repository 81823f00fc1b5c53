#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "core/text.h"
#include "net/message.h"
#include "tests/scenarios/stage.h"
#include "tests/servers/route53_fake.h"

// A whole cutover and its rollback through Route 53's API, as the person at the keyboard runs them, waits included: the
// API is a fake, what it holds is served by a real Knot, and a resolver really caches it.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;

namespace {

constexpr int kOldTtl = 8;
constexpr int kLowTtl = 2;

std::string zone_text(const std::string& old_address) {
  return fmt::format(R"($ORIGIN example.com.
$TTL 3600
@    IN SOA ns1 hostmaster 7 7200 900 1209600 2
@    IN NS  ns1
ns1  IN A   127.0.0.1
www  {0} IN A {1}
www  {0} IN HTTPS 1 . alpn="h2" ipv4hint={1}
gone {0} IN A {1}
)",
                     kOldTtl, old_address);
}

/// The fake, and the server that serves what it holds: a change is there as soon as the API has taken it.
class Cloud {
 public:
  explicit Cloud(const std::string& old_address) : knot_(options(old_address)) {
    const auto zone = net::parse_zone_file(zone_text(old_address), *DomainName::from_text("example.com"));
    REQUIRE(zone);
    zone_id_ = fake_.add_zone(*zone);
    std::vector<RecordSet> sets;
    for (const auto& [key, set] : zone->sets) sets.push_back(set);
    served_ = lines_of(sets);
    fake_.on_change([this](const std::string&, const std::vector<RecordSet>& now) { serve(now); });
  }
  const Route53Fake& fake() const { return fake_; }
  Endpoint server() const { return knot_.endpoint(); }
  std::vector<std::string> sets() const { return fake_.sets(zone_id_); }
  int changes() const { return fake_.count("POST", zone_id_); }

 private:
  using Lines = std::map<RecordKey, std::string>;

  static AuthorityOptions options(const std::string& old_address) {
    AuthorityOptions options;
    options.zones = {{"example.com", zone_text(old_address)}};
    return options;
  }
  static Lines lines_of(const std::vector<RecordSet>& sets) {
    Lines lines;
    for (const RecordSet& set : sets) {
      if (set.type == RecordType::kSoa || set.type == RecordType::kNs) continue;
      for (const std::string& value : set.rdata)
        lines[set.key()] +=
            fmt::format("update add {} {} {} {}\n", set.name.text(), set.ttl.count(), to_text(set.type), value);
    }
    return lines;
  }
  static bool has(const Lines& lines, const Lines::value_type& entry) {
    const auto at = lines.find(entry.first);
    return at != lines.end() && at->second == entry.second;
  }
  void serve(const std::vector<RecordSet>& sets) {
    const Lines now = lines_of(sets);
    std::string removals, additions;
    for (const auto& was : served_)
      if (!has(now, was))
        removals += fmt::format("update delete {} {}\n", was.first.name.text(), to_text(was.first.type));
    for (const auto& is : now)
      if (!has(served_, is)) additions += is.second;
    const Finished done = nsupdate(knot_.endpoint(), knot_.key(), "zone example.com\n" + removals + additions);
    if (done.status != 0) throw std::runtime_error(done.output);
    served_ = now;
  }

  Knot knot_;
  Lines served_;
  std::string zone_id_;
  Route53Fake fake_;
};

std::string plan_text(const Cloud& cloud, const Sites& sites, const Endpoint& resolver) {
  return fmt::format(R"(version: 1
name: cloud
zones:
  - zone: example.com
    provider: {{ type: route53, url: "{0}" }}
    authoritative: ["{1}"]
    changes:
      - {{ name: www, type: A, from: [{2}], to: [{3}] }}
      - {{ name: www, type: HTTPS, from: ['1 . alpn="h2" ipv4hint={2}'], to: ['1 . alpn="h2" ipv4hint={3}'] }}
      - {{ name: gone, type: A, from: [{2}], to: [] }}
      - {{ name: gone, type: CNAME, from: [], to: [www] }}
ttl: {{ during: {4}s }}
endpoints:
  - {{ names: [www.example.com], port: {5}, http: {{ path: /, expect: 200 }} }}
watch: {{ resolvers: ["unbound={6}"], must: [unbound], samples: 2, give-up: 1m }}
standby: 1h
lookup: ["{6}"]
)",
                     cloud.fake().url(), cloud.server().text(), sites.old_address(), sites.new_address(), kLowTtl,
                     sites.port(), resolver.text());
}

/// The files below a folder that hold a text.
std::vector<std::string> files_with(const std::string& folder, const std::string& text) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && read_text(entry.path().string()).find(text) != std::string::npos)
      found.push_back(entry.path().filename().string());
  return found;
}

}  // namespace

TEST_CASE("a whole cutover and back through Route 53's API") {
  const Sites sites({"www.example.com", "gone.example.com"});
  const Cloud cloud(sites.old_address());
  UnboundOptions options;
  options.stubs = {{"example.com", {cloud.server()}}};
  const Unbound resolver(options);
  const Desk desk;
  desk.write("credentials", fmt::format("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
                                        Route53Fake::kKeyId, Route53Fake::kSecret));
  desk.write("cutover.yaml", plan_text(cloud, sites, resolver.endpoint()));
  const auto before = cloud.sets();
  std::string told;
  const auto run = [&](const std::vector<std::string>& args) {
    const Run done =
        desk.cutover(args, {"AWS_SHARED_CREDENTIALS_FILE=" + desk.file("credentials"), "AWS_CONFIG_FILE=/dev/null"});
    told += fmt::format("{} -> {}\n{}", join(args, " "), done.status, done.both());
    return done.status;
  };
  const std::vector<std::string> swap{"swap", "--yes", "--wait", "--ca-file", sites.ca_file()};
  const auto served = [&] { return look_up_authority(cloud.server(), "www.example.com", "A"); };

  CHECK(run({"plan"}) == 2);
  CHECK(run({"lower-ttl", "--yes"}) == 0);
  CHECK(served().ttl_s == kLowTtl);
  CHECK(run({"preflight", "--ca-file", sites.ca_file()}) == 0);
  CHECK(run(swap) == 0);
  CHECK(served().rdata == std::vector<std::string>{sites.new_address()});
  CHECK(run({"watch"}) == 0);
  CHECK(run({"plan"}) == 0);
  CHECK(cloud.changes() == 2);
  CHECK(run(swap) == 0);
  CHECK(cloud.changes() == 2);  // there was nothing left to do
  CHECK(run({"rollback", "--yes", "--ca-file", sites.ca_file()}) == 0);
  CHECK(served().rdata == std::vector<std::string>{sites.old_address()});
  CHECK(run({"watch"}) == 0);
  CHECK(run({"restore-ttl", "--yes", "--wait"}) == 0);
  INFO(told << cloud.fake().log());
  CHECK(cloud.sets() == before);
  CHECK(cloud.changes() == 4);
  CHECK(run({"status"}) == 0);

  // Neither journal nor way back nor screen holds a key, and no request could have overwritten anything.
  CHECK(files_with(desk.path(), Route53Fake::kSecret) == std::vector<std::string>{"credentials"});
  CHECK(told.find(Route53Fake::kSecret) == std::string::npos);
  for (const ApiLogEntry& request : cloud.fake().requests()) CHECK(request.body.find("UPSERT") == std::string::npos);
}
