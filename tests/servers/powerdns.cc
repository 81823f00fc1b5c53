#include <fmt/format.h>

#include <stdexcept>

#include "tests/servers/servers.h"

namespace cutover::servers {
namespace {

constexpr const char* kSchema = "/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql";

std::string sql(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("''") : std::string(1, c);
  return quoted + "'";
}

void must(const Finished& finished, const std::string& what) {
  if (finished.status != 0)
    throw std::runtime_error(fmt::format("PowerDNS fixture: {} failed:\n{}", what, finished.output));
}

std::string key_rows(const AuthorityOptions& options) {
  std::string text;
  const auto add = [&](const SharedKey& key) {
    text += fmt::format("INSERT INTO tsigkeys (name, algorithm, secret) VALUES ({}, {}, {});\n", sql(key.name),
                        sql(key.algorithm), sql(key.secret));
  };
  add(options.key);
  for (const SharedKey& key : options.reading_keys) add(key);
  return text;
}

std::string zone_rows(const AuthorityOptions& options, const ZoneText& zone) {
  std::string text;
  const auto metadata = [&](const std::string& kind, const std::string& content) {
    text += fmt::format(
        "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, {}, {} FROM domains WHERE name = {};\n",
        sql(kind), sql(content), sql(zone.origin));
  };
  metadata("TSIG-ALLOW-AXFR", options.key.name);
  for (const SharedKey& key : options.reading_keys) metadata("TSIG-ALLOW-AXFR", key.name);
  for (const Endpoint& secondary : options.secondaries) {
    metadata("ALLOW-AXFR-FROM", secondary.address.text());
    metadata("ALSO-NOTIFY", secondary.text());
  }
  metadata("SOA-EDIT-DNSUPDATE", "INCREASE");
  metadata("SOA-EDIT-API", "INCREASE");
  if (!options.read_only) {
    metadata("ALLOW-DNSUPDATE-FROM", "127.0.0.0/8");
    metadata("TSIG-ALLOW-DNSUPDATE", options.key.name);
  }
  return text;
}

}  // namespace

PowerDns::PowerDns(AuthorityOptions options) : Authority(std::move(options)) {
  const std::string database = folder_.file("pdns.sqlite3");
  if (!options_.api_key.empty()) {
    api_port_ = free_port(options_.address);
    options_.extra += fmt::format(
        "api=yes\napi-key={}\nwebserver=yes\nwebserver-address={}\nwebserver-port={}\n"
        "webserver-allow-from=127.0.0.0/8\n",
        options_.api_key, options_.address, api_port_);
  }
  folder_.write(
      "pdns.conf",
      fmt::format("launch=gsqlite3\ngsqlite3-database={0}\ngsqlite3-dnssec=yes\ngsqlite3-pragma-journal-mode="
                  "WAL\ngsqlite3-pragma-synchronous=0\nlocal-address={1}\nlocal-port={2}\n"
                  "query-local-address={1}\nsocket-dir={3}\ndaemon=no\nguardian=no\nwrite-pid=no\ndisable-syslog=yes\n"
                  "security-poll-suffix=\ndnsupdate=yes\nallow-dnsupdate-from=\nallow-axfr-ips=\nonly-notify=\n"
                  "cache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0\nzone-cache-refresh-interval=0\n"
                  "zone-metadata-cache-ttl=0\nprimary={4}\nsecondary={5}\nxfr-cycle-interval=1\nloglevel=6\n"
                  "distributor-threads=1\nreceiver-threads=1\n{6}",
                  database, options_.address, options_.port, folder_.path(),
                  options_.secondaries.empty() ? "no" : "yes", options_.primary ? "yes" : "no", options_.extra),
      0600);
  must(run_program({"sqlite3", database}, read_text(kSchema)), "creating the database");
  const std::vector<std::string> pdnsutil{"pdnsutil", "--config-dir=" + folder_.path()};
  const auto util = [&](std::vector<std::string> words) {
    std::vector<std::string> argv = pdnsutil;
    const std::string what = words.at(0);
    argv.insert(argv.end(), words.begin(), words.end());
    must(run_program(argv), "pdnsutil " + what);
  };
  std::string rows = key_rows(options_);
  for (const ZoneText& zone : options_.zones) {
    if (options_.primary) {
      util({"create-secondary-zone", zone.origin, options_.primary->text()});
    } else {
      util({"load-zone", zone.origin, folder_.file(zone.origin + ".zone")});
      util({"set-kind", zone.origin, "primary"});
      if (options_.sign) util({"secure-zone", zone.origin});
    }
    rows += zone_rows(options_, zone);
  }
  must(run_program({"sqlite3", database}, rows), "adding keys and metadata");
  start();
  const Endpoint api{endpoint_.address, api_port_};
  if (api_port_ != 0 && !wait_until(std::chrono::seconds(10), [&] { return accepts_tcp(api); }))
    throw std::runtime_error("PowerDNS fixture: its HTTP API does not listen:\n" + log());
}

std::string PowerDns::api_url() const { return fmt::format("http://{}:{}", options_.address, api_port_); }

std::vector<std::string> PowerDns::command() const { return {"pdns_server", "--config-dir=" + folder_.path()}; }

}  // namespace cutover::servers
