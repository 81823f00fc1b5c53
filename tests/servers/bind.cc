#include <fmt/format.h>

#include "tests/servers/servers.h"

namespace cutover::servers {
namespace {

constexpr std::string_view kControlKey =
    "key \"control\" {\n\talgorithm hmac-sha256;\n\tsecret \"Y29udHJvbC1vZi1hLXRlc3Qtc2VydmVyLW9ubHk=\";\n};\n";

std::string zone_clause(const AuthorityOptions& options, const ZoneText& zone) {
  std::string transfer = fmt::format("key \"{}\"; ", options.key.name);
  std::string notify;
  for (const SharedKey& key : options.reading_keys) transfer += fmt::format("key \"{}\"; ", key.name);
  for (const Endpoint& secondary : options.secondaries) {
    transfer += secondary.address.text() + "; ";
    notify += fmt::format("{} port {}; ", secondary.address.text(), secondary.port);
  }
  std::string text = fmt::format("zone \"{}\" {{\n  type {};\n  file \"{}.zone\";\n  allow-transfer {{ {}}};\n",
                                 zone.origin, options.primary ? "secondary" : "primary", zone.origin, transfer);
  if (!notify.empty()) text += fmt::format("  also-notify {{ {}}};\n", notify);
  if (options.primary)
    text += fmt::format("  primaries {{ {} port {}; }};\n", options.primary->address.text(), options.primary->port);
  else if (!options.read_only)
    text += fmt::format("  allow-update {{ key \"{}\"; }};\n", options.key.name);
  if (options.sign) text += "  dnssec-policy default;\n  inline-signing yes;\n";
  return text + "};\n";
}

// BIND listens only on addresses that an interface lists, and `lo` lists 127.0.0.1 alone.
AuthorityOptions on_listed_address(AuthorityOptions options) {
  if (options.address.empty()) options.address = "127.0.0.1";
  return options;
}

}  // namespace

Bind::Bind(AuthorityOptions options)
    : Authority(on_listed_address(std::move(options))), control_port_(free_port("127.0.0.1")) {
  std::string text = fmt::format(
      "options {{\n  directory \"{0}\";\n  listen-on port {2} {{ {1}; }};\n  listen-on-v6 {{ none; }};\n  pid-file "
      "\"{0}/pid\";\n"
      "  session-keyfile \"{0}/session.key\";\n  recursion no;\n  dnssec-validation no;\n  empty-zones-enable no;\n"
      "  notify explicit;\n  notify-delay 0;\n  serial-query-rate 1000;\n  notify-rate 1000;\n  startup-notify-rate "
      "1000;\n"
      "  notify-source {1};\n  transfer-source {1};\n  query-source address {1};\n  allow-transfer {{ none; }};\n"
      "  min-retry-time 1;\n  min-refresh-time 1;\n}};\n"
      "controls {{ inet 127.0.0.1 port {3} allow {{ 127.0.0.1; }} keys {{ control; }}; }};\n",
      folder_.path(), options_.address, options_.port, control_port_);
  text += std::string(kControlKey) + options_.key.file_text();
  for (const SharedKey& key : options_.reading_keys) text += key.file_text();
  for (const ZoneText& zone : options_.zones) text += zone_clause(options_, zone);
  folder_.write("named.conf", text, 0600);
  folder_.write(
      "rndc.conf",
      fmt::format("{}options {{\n  default-key control;\n  default-server 127.0.0.1;\n  default-port {};\n}};\n",
                  kControlKey, control_port_),
      0600);
  start();
}

std::vector<std::string> Bind::command() const { return {"named", "-g", "-n", "1", "-c", folder_.file("named.conf")}; }

std::string Bind::publish_command() const {
  std::string text;
  for (const ZoneText& zone : options_.zones)
    text += fmt::format("{}rndc -c {} reload {}", text.empty() ? "" : " && ", folder_.file("rndc.conf"), zone.origin);
  return text;
}

}  // namespace cutover::servers
