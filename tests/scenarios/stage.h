#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "tests/servers/servers.h"

// The stage of a whole cutover: an authority with or without secondaries, resolvers that really cache, web servers
// of the old and the new side, a plan file, and the program itself as a child process.

namespace cutover::stage {

/// What one run of the program left behind.
struct Run {
  int status = -1;
  std::string out;  ///< stdout
  std::string err;  ///< stderr
  std::chrono::milliseconds took{};
  std::string both() const { return out + err; }
};

/// Web servers of both sides on loopback addresses of their own, one port, certificates of a CA made for it.
class Sites {
 public:
  explicit Sites(std::vector<std::string> names);
  const std::string& old_address() const { return old_; }
  const std::string& new_address() const { return new_; }
  std::uint16_t port() const { return port_; }
  const std::string& ca_file() const { return ca_file_; }

 private:
  servers::TempFolder folder_;
  std::string old_, new_, ca_file_;
  std::uint16_t port_ = 0;
  std::unique_ptr<servers::Nginx> nginx_;
};

/// A folder with a plan file in it, where the program is run.
class Desk {
 public:
  Desk();
  std::string file(const std::string& name) const { return folder_.file(name); }
  void write(const std::string& name, const std::string& text, unsigned mode = 0600) const {
    folder_.write(name, text, mode);
  }
  /// Runs `cutover ARGS` here. `environment` entries are NAME=value.
  Run cutover(const std::vector<std::string>& args, const std::vector<std::string>& environment = {},
              std::chrono::seconds limit = std::chrono::seconds(120)) const;
  /// Runs any program here.
  Run run(const std::vector<std::string>& argv, const std::vector<std::string>& environment = {},
          std::chrono::seconds limit = std::chrono::seconds(120)) const;
  /// As cutover(), without waiting for its end.
  std::unique_ptr<servers::Process> start(const std::vector<std::string>& args,
                                          const std::vector<std::string>& environment = {}) const;
  const std::string& path() const { return folder_.path(); }

 private:
  servers::TempFolder folder_;
};

/// Asks a resolver once (RD=1) and gives the values and the remaining TTL of the answer.
struct Answer {
  std::vector<std::string> rdata;  ///< sorted; empty: no such set
  long ttl_s = -1;
};
Answer look_up(const Endpoint& resolver, const std::string& name, const std::string& type);
/// The same of an authoritative server (RD=0).
Answer look_up_authority(const Endpoint& server, const std::string& name, const std::string& type);

/// Everything of a zone but its SOA and its TTLs, sorted: what a rollback has to bring back.
std::vector<std::string> values_of(const servers::Authority& authority, const std::string& zone);

Instant now();

}  // namespace cutover::stage
