#include <fmt/format.h>

#include <stdexcept>

#include "core/text.h"
#include "tests/bench/measure.h"
#include "tests/servers/servers.h"

// 200 record sets of one zone on a real Knot, there with `cutover swap` and back with nsupdate: the same guarded
// UPDATE in both directions, so that each leaves what the other starts from.

namespace cutover::bench {
namespace {

constexpr int kSets = 200;
constexpr int kRepetitions = 15;
constexpr const char* kZone = "example.com";

std::string old_address(int i) { return fmt::format("192.0.2.{}", i + 1); }
std::string new_address(int i) { return fmt::format("203.0.113.{}", i + 1); }

std::string zone_text() {
  std::string text =
      "$ORIGIN example.com.\n$TTL 60\n@ IN SOA ns1 hostmaster 1 3600 600 1209600 60\n@ IN NS ns1\nns1 IN A 127.0.0.1\n";
  for (int i = 0; i < kSets; ++i) text += fmt::format("h{} IN A {}\n", i, old_address(i));
  return text;
}

std::string plan_text(const Endpoint& server) {
  std::string text = fmt::format(
      "version: 1\nname: bench\nzones:\n  - zone: {0}\n    provider: {{ type: rfc2136, server: \"{1}\", key: "
      "file/tsig.key }}\n"
      "    authoritative: [\"{1}\"]\n    changes:\n",
      kZone, server.text());
  for (int i = 0; i < kSets; ++i)
    text += fmt::format("      - {{ name: h{}, type: A, from: [{}], to: [{}] }}\n", i, old_address(i), new_address(i));
  return text + fmt::format("watch: {{ resolvers: [\"here={0}\"] }}\nlookup: [\"{0}\"]\n", server.text());
}

std::string way_back_script(const Endpoint& server) {
  std::string text = fmt::format("server {} {}\nzone {}\n", server.address.text(), server.port, kZone);
  for (int i = 0; i < kSets; ++i) text += fmt::format("prereq yxrrset h{}.{}. IN A {}\n", i, kZone, new_address(i));
  for (int i = 0; i < kSets; ++i)
    text += fmt::format("update delete h{0}.{1}. A\nupdate add h{0}.{1}. 60 A {2}\n", i, kZone, old_address(i));
  return text + "send\n";
}

/// One swap with a journal of its own, as the first swap of a plan has.
Millis swap_once(const servers::Authority& server, const std::string& plan) {
  const servers::TempFolder folder;
  folder.write("tsig.key", server.key().file_text(), 0600);
  const std::string file = folder.write("cutover.yaml", plan);
  std::vector<std::string> argv{program(), "swap", file, "--yes"};
  for (const char* gate : {"ttl-drained", "preflight-passed", "authoritative-in-sync", "blast-radius"}) {
    argv.push_back("--override");
    argv.push_back(fmt::format("{}=a benchmark on loopback", gate));
  }
  return time_program(argv, {"XDG_STATE_HOME=" + folder.file("state")});
}

}  // namespace

std::vector<Row> measure_swap() {
  servers::AuthorityOptions options;
  options.zones = {{kZone, zone_text()}};
  const servers::Knot server(options);
  const servers::TempFolder folder;
  const std::string key = folder.write("key", server.key().file_text(), 0600);
  const std::string script = folder.write("back", way_back_script(server.endpoint()));
  const std::string plan = plan_text(server.endpoint());
  std::vector<Millis> ours, theirs;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    ours.push_back(swap_once(server, plan));
    theirs.push_back(time_program({"nsupdate", "-v", "-k", key, script}));
  }
  return {{fmt::format("swap of {} record sets, Knot", kSets), median(ours), "nsupdate -v, the same UPDATE",
           median(theirs), "<= 3.0 x"}};
}

}  // namespace cutover::bench
