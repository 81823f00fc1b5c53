#include <fmt/format.h>

#include "tests/servers/servers.h"

namespace cutover::servers {
namespace {

std::string key_section(const AuthorityOptions& options) {
  std::string text = "key:\n";
  const auto add = [&](const SharedKey& key) {
    text += fmt::format("  - id: {}\n    algorithm: {}\n    secret: {}\n", key.name, key.algorithm, key.secret);
  };
  add(options.key);
  for (const SharedKey& key : options.reading_keys) add(key);
  return text;
}

std::string remotes_and_rights(const AuthorityOptions& options) {
  std::string remotes, rights = "acl:\n";
  const auto remote = [&](const std::string& id, const Endpoint& at) {
    remotes +=
        fmt::format("  - id: {}\n    address: {}@{}\n    via: {}\n", id, at.address.text(), at.port, options.address);
  };
  if (options.primary) remote("primary", *options.primary);
  for (std::size_t i = 0; i < options.secondaries.size(); ++i)
    remote(fmt::format("secondary{}", i), options.secondaries[i]);

  rights += fmt::format("  - id: writer\n    key: {}\n    action: {}\n", options.key.name,
                        options.read_only ? "transfer" : "[transfer, update]");
  for (const SharedKey& key : options.reading_keys)
    rights += fmt::format("  - id: reader-{0}\n    key: {0}\n    action: transfer\n", key.name);
  // PowerDNS signs its NOTIFY, BIND and Knot do not: a rule of Knot's fits only one of the two.
  if (options.primary)
    rights += fmt::format(
        "  - id: notifier\n    address: {0}\n    action: notify\n"
        "  - id: signing-notifier\n    address: {0}\n    key: {1}\n    action: notify\n",
        options.primary->address.text(), options.key.name);
  for (std::size_t i = 0; i < options.secondaries.size(); ++i)
    rights += fmt::format("  - id: follower{}\n    address: {}\n    action: transfer\n", i,
                          options.secondaries[i].address.text());
  return (remotes.empty() ? "" : "remote:\n" + remotes) + rights;
}

std::string zone_section(const AuthorityOptions& options, const std::string& folder) {
  std::string acl = "writer", notify, text = "zone:\n";
  for (const SharedKey& key : options.reading_keys) acl += ", reader-" + key.name;
  if (options.primary) acl += ", notifier, signing-notifier";
  for (std::size_t i = 0; i < options.secondaries.size(); ++i) {
    acl += fmt::format(", follower{}", i);
    notify += fmt::format("{}secondary{}", i ? ", " : "", i);
  }
  for (const ZoneText& zone : options.zones) {
    text += fmt::format("  - domain: {0}\n    storage: {1}\n    file: {0}.zone\n    acl: [{2}]\n", zone.origin, folder,
                        acl);
    if (!notify.empty()) text += fmt::format("    notify: [{}]\n", notify);
    if (options.primary) text += "    master: primary\n";
    if (options.sign) text += "    dnssec-signing: on\n";
  }
  return text;
}

}  // namespace

Knot::Knot(AuthorityOptions options) : Authority(std::move(options)) {
  const std::string& folder = folder_.path();
  folder_.write("knot.conf",
                fmt::format("server:\n    rundir: {0}\n    listen: {1}@{2}\n    udp-workers: 1\n    tcp-workers: 2\n"
                            "    background-workers: 1\n"
                            "database:\n    storage: {0}\n    journal-db-max-size: 64M\n    kasp-db-max-size: 16M\n    "
                            "timer-db-max-size: 16M\n"
                            "log:\n  - target: stderr\n    any: info\n",
                            folder, options_.address, options_.port) +
                    key_section(options_) + remotes_and_rights(options_) + zone_section(options_, folder),
                0600);
  start();
}

std::vector<std::string> Knot::command() const { return {"knotd", "-c", folder_.file("knot.conf")}; }

}  // namespace cutover::servers
