#include "tests/scenarios/bad_stage.h"

#include <fmt/format.h>

#include "core/text.h"

namespace cutover::stage {

std::string small_zone(const std::string& origin, int www_ttl) {
  return fmt::format(
      "$ORIGIN {}.\n$TTL 3600\n@ IN SOA ns1 hostmaster 7 5 2 1209600 1\n@ IN NS ns1\nns1 IN A 127.0.0.1\n"
      "www {} IN A 127.0.0.1\nshop 2 IN CNAME www\nmail IN A 127.0.0.1\n",
      origin, www_ttl);
}

std::string SmallPlan::text() const {
  std::string out = "version: 1\nname: bad-day\nzones:\n";
  for (std::size_t i = 0; i < zones.size(); ++i) {
    std::string authoritative = "\"" + servers[i].text() + "\"";
    if (i == 0)
      for (const Endpoint& server : also) authoritative += ", \"" + server.text() + "\"";
    out += fmt::format(
        "  - zone: {}\n    provider: {{ type: rfc2136, server: \"{}\", key: file/tsig.key }}\n    authoritative: [{}]\n"
        "    changes:\n      - {{ name: www, type: A, from: [127.0.0.1], to: [127.0.0.2] }}\n",
        zones[i], servers[i].text(), authoritative);
  }
  std::vector<std::string> quoted;
  for (const std::string& resolver : resolvers) quoted.push_back("\"" + resolver + "\"");
  // Without a resolver to ask, the program's own look-ups go to the primary, which refuses them: nothing leaves
  // loopback.
  if (quoted.empty()) quoted.push_back("\"" + servers.front().text() + "\"");
  out += fmt::format("ttl: {{ during: {}s }}\nwatch: {{ resolvers: [{}] }}\nlookup: [\"{}\"]\n", kBadLowTtl,
                     join(quoted, ", "), servers.front().text());
  return out + extra;
}

Run expect(const Desk& desk, const Expected& expected) {
  const Run run = desk.cutover(expected.command, expected.environment);
  INFO("$ cutover " << join(expected.command, " ") << "\nexit " << run.status << "\n" << run.both());
  CHECK(run.status == expected.status);
  for (const std::string& word : expected.words) {
    CAPTURE(word);
    CHECK(run.both().find(word) != std::string::npos);
  }
  return run;
}

ZoneImage image_of(const servers::Authority& authority, const std::string& zone) {
  return {servers::transferred_lines(authority.endpoint(), authority.key(), zone), authority.serial(zone)};
}

std::string www_of(const servers::Authority& authority, const std::string& zone) {
  return join(look_up_authority(authority.endpoint(), "www." + zone, "A").rdata, " ");
}

void check_journal_works(const Desk& desk, int plan_status) {
  expect(desk, {{"status"}, 0, {}});
  expect(desk, {{"plan"}, plan_status, {}});
}

std::vector<std::string> forced_swap() {
  return {"swap",       "--yes",
          "--override", "preflight-passed=not what this is about",
          "--override", "ttl-drained=not what this is about"};
}

bool wait_for_stop(const servers::Process& process) {
  const std::string file = fmt::format("/proc/{}/stat", process.pid());
  return servers::wait_until(std::chrono::seconds(30), [&] {
    // `pid (program) state ...`
    const std::string stat = servers::read_text(file);
    const auto end = stat.rfind(") ");
    return end != std::string::npos && stat.substr(end + 2, 1) == "T";
  });
}

}  // namespace cutover::stage
