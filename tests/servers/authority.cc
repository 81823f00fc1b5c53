#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "tests/servers/servers.h"

namespace cutover::servers {
namespace {

std::string end_of(const std::string& log) { return log.size() > 1500 ? log.substr(log.size() - 1500) : log; }

}  // namespace

std::string SharedKey::file_text() const {
  return fmt::format("key \"{}\" {{\n\talgorithm {};\n\tsecret \"{}\";\n}};\n", name, algorithm, secret);
}

Authority::Authority(AuthorityOptions options) : options_(std::move(options)) {
  if (options_.address.empty()) options_.address = own_address();
  if (options_.port == 0) options_.port = free_port(options_.address);
  endpoint_ = *Endpoint::from_text(options_.address, options_.port);
  for (const ZoneText& zone : options_.zones)
    if (!options_.primary) folder_.write(zone.origin + ".zone", zone.text);
}

Authority::~Authority() = default;

std::string Authority::log() const { return read_text(folder_.file("log")); }

void Authority::stop() { process_->stop(); }
void Authority::kill() { process_->kill(); }
void Authority::pause() const { process_->pause(); }
void Authority::resume() const { process_->resume(); }

void Authority::start() {
  process_ = std::make_unique<Process>(command(), folder_.file("log"));
  const auto serves_all = [this] {
    return std::all_of(options_.zones.begin(), options_.zones.end(),
                       [this](const ZoneText& zone) { return serial(zone.origin).has_value(); });
  };
  const bool ready = wait_until(std::chrono::seconds(60), [&] { return !process_->running() || serves_all(); });
  if (!ready || !process_->running())
    throw std::runtime_error(
        fmt::format("{} on {} does not serve its zones:\n{}", product(), endpoint_.text(), end_of(log())));
}

Finished nsupdate(const Endpoint& server, const SharedKey& key, const std::string& script) {
  const TempFolder folder;
  const std::string key_file = folder.write("key", key.file_text(), 0600);
  return run_program({"nsupdate", "-t", "5", "-k", key_file},
                     fmt::format("server {} {}\n{}\nsend\n", server.address.text(), server.port, script));
}

std::vector<std::string> transferred_lines(const Endpoint& server, const SharedKey& key, const std::string& zone) {
  const TempFolder folder;
  const std::string key_file = folder.write("key", key.file_text(), 0600);
  const Finished dig =
      run_program({"dig", "-k", key_file, "@" + server.address.text(), "-p", std::to_string(server.port), zone, "AXFR",
                   "+noall", "+answer", "+onesoa", "+time=5", "+tries=1"});
  std::vector<std::string> lines;
  std::stringstream text(dig.output);
  bool complete = false;
  for (std::string line; std::getline(text, line);) {
    if (line.empty() || line[0] == ';') continue;
    std::stringstream words(line);
    std::string owner, ttl, record_class, type, word, joined;
    words >> owner >> ttl >> record_class >> type;
    complete = complete || type == "SOA";
    if (type == "SOA" || type == "RRSIG" || type == "NSEC" || type == "NSEC3" || type == "NSEC3PARAM" ||
        type == "DNSKEY" || type == "TSIG" || type == "CDS" || type == "CDNSKEY" || type == "TYPE65534")
      continue;
    joined = fmt::format("{} {} {} {}", owner, ttl, record_class, type);
    while (words >> word) joined += " " + word;
    lines.push_back(joined);
  }
  if (!complete)
    throw std::runtime_error(fmt::format("no transfer of {} from {}:\n{}", zone, server.text(), dig.output));
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace cutover::servers
