#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <regex>
#include <set>

#include "core/text.h"
#include "tests/scenarios/stage.h"
#include "tests/support/not_run.h"

// kill -9 cannot show a missing fsync: the page cache survives it. So the system calls of a swap are traced, and at
// the moment when the first byte of the UPDATE leaves, nothing of the journal or of the way back may be unsynced.

using namespace cutover;
using namespace cutover::stage;
using namespace cutover::servers;

namespace {

constexpr const char* kZone = R"($ORIGIN example.com.
$TTL 60
@   IN SOA ns1 hostmaster 7 7200 900 1209600 300
@   IN NS  ns1
ns1 IN A   127.0.0.1
www IN A   127.0.1.1
)";

/// An UPDATE over TCP: two octets of length, two of id, then the opcode 5 in bits 1 to 4 of the third octet (RFC 2136
/// section 2.2).
bool is_update_packet(const std::string& line) {
  static const std::regex kTcpWrite(R"re((?:sendto|sendmsg|write|writev)\(\d+<TCP[^"]*"((?:\\x[0-9a-f]{2}){5}))re");
  std::smatch match;
  return std::regex_search(line, match, kTcpWrite) && match[1].str().substr(16, 4) == "\\x28";
}

}  // namespace

TEST_CASE("the intent and the way back are synced before the first packet of the write") {
  Desk desk;
  if (const Run probe = desk.run({"strace", "-o", desk.file("probe"), "true"}); probe.status != 0) {
    tests::not_run("durability: order of fsync and the first packet of a write",
                   "strace cannot trace here: " + probe.both());
    return;
  }
  AuthorityOptions options;
  options.zones = {{"example.com", kZone}};
  Knot knot(options);
  desk.write("tsig.key", knot.key().file_text());
  desk.write("cutover.yaml", fmt::format(R"(version: 1
name: durability
zones:
  - zone: example.com
    provider: {{ type: rfc2136, server: "{0}", key: file/tsig.key }}
    authoritative: ["{0}"]
    changes: [ {{ name: www, type: A, from: [127.0.1.1], to: [127.0.1.2] }} ]
ttl: {{ during: 60s }}
watch: {{ resolvers: ["{0}"] }}
)",
                                         knot.endpoint().text()));
  const std::string trace = desk.file("trace");
  const char* program = std::getenv("CUTOVER_PROGRAM");
  REQUIRE(program != nullptr);
  // LeakSanitizer, where the program has it, cannot work under a tracer.
  const Run run =
      desk.run({"strace", "-f", "-yy", "-x", "-s", "64", "-o", trace, "-e",
                "trace=openat,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync,rename,renameat,renameat2,unlink,"
                "unlinkat,ftruncate",
                program, "swap", "--yes", "--override", "ttl-drained=traced", "--override", "preflight-passed=traced"},
               {"XDG_STATE_HOME=" + desk.file("state"), "ASAN_OPTIONS=detect_leaks=0"});
  INFO(run.both());
  REQUIRE(run.status == 0);

  // A file is dirty from a write to it until it is synced. Paths are what strace -y shows in angle brackets.
  static const std::regex kFileCall(R"re((write|pwrite64|writev|ftruncate|fsync|fdatasync)\(\d+<(/[^>]*)>)re");
  std::set<std::string> dirty;
  std::set<std::string> synced;
  bool sent = false;
  std::size_t journal_syncs = 0;
  for (const std::string& line : split(read_text(trace), '\n')) {
    if (is_update_packet(line)) {
      sent = true;
      break;
    }
    std::smatch match;
    if (!std::regex_search(line, match, kFileCall)) continue;
    const std::string path = match[2];
    if (path.find("cutover") == std::string::npos || path.ends_with("/lock") || path.ends_with("/stdout") ||
        path.ends_with("/stderr"))
      continue;
    if (match[1].str().find("sync") != std::string::npos) {
      dirty.erase(path);
      synced.insert(path);
      if (path.ends_with("journal.db")) ++journal_syncs;
    } else {
      dirty.insert(path);
    }
  }
  REQUIRE(sent);
  for (const std::string& path : dirty) FAIL_CHECK("written and not synced when the packet left: " << path);
  CHECK(journal_syncs >= 2);
  const auto was_synced = [&](const std::string& part) {
    return std::any_of(synced.begin(), synced.end(),
                       [&](const std::string& path) { return path.find(part) != std::string::npos; });
  };
  CHECK(was_synced("snapshot-swap"));
  CHECK(was_synced(".nsupdate"));
}
