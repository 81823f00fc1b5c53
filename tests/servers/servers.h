#pragma once
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/endpoint.h"
#include "tests/servers/ask.h"
#include "tests/servers/process.h"

// Real servers for tests: Knot, BIND and PowerDNS as authorities, Unbound and Knot Resolver as resolvers, nginx for TLS
// and HTTP. Each runs in the foreground in a temporary folder on loopback, never sends a packet beyond it, and its
// constructor returns when it really answers. Constructors throw std::runtime_error with the end of the
// server's log when it does not.

namespace cutover::servers {

/// A TSIG key as text. Known to the servers and to nsupdate.
struct SharedKey {
  std::string name = "cutover-test";
  std::string algorithm = "hmac-sha256";
  std::string secret = "Y3V0b3Zlci10ZXN0LXNlY3JldC1ub3QtYS1yZWFsLW9uZQ==";
  /// key "name" { algorithm ...; secret "..."; };   as tsig-keygen writes it.
  std::string file_text() const;
};

struct ZoneText {
  std::string origin{};  ///< `example.com`
  std::string text{};    ///< zone file; may be empty on a secondary
};

struct AuthorityOptions {
  std::vector<ZoneText> zones{};
  std::string address{};                  ///< empty: own_address(); BIND: 127.0.0.1, it can listen on no other
  std::uint16_t port = 0;                 ///< 0: free_port(address)
  SharedKey key{};                        ///< may transfer and update every zone
  std::vector<SharedKey> reading_keys{};  ///< may transfer, and are refused an update
  std::vector<Endpoint> secondaries{};    ///< are notified, may transfer without a key
  std::optional<Endpoint> primary{};      ///< set: this server is a secondary of that one
  bool sign = false;  ///< DNSSEC by the server itself: BIND inline-signing, Knot dnssec-signing, PowerDNS secure-zone
  bool read_only = false;  ///< nobody may update
  std::string api_key{};   ///< set: its HTTP API is there, with this key; PowerDNS only
  std::string extra{};     ///< further lines of its configuration; PowerDNS only
};

/// A secondary of `primary` for one zone, to be started at `where`.
inline AuthorityOptions secondary_of(const Endpoint& primary, const Endpoint& where,
                                     const std::string& zone = "example.com") {
  AuthorityOptions options;
  options.zones = {{zone, ""}};
  options.address = where.address.text();
  options.port = where.port;
  options.primary = primary;
  return options;
}

/// An authoritative server. It is an ordinary primary, or a secondary where `primary` is set.
class Authority {
 public:
  virtual ~Authority();
  virtual std::string product() const = 0;  ///< `Knot`, `BIND`, `PowerDNS`

  const Endpoint& endpoint() const { return endpoint_; }
  const SharedKey& key() const { return options_.key; }
  const AuthorityOptions& options() const { return options_; }
  const TempFolder& folder() const { return folder_; }
  std::string log() const;

  /// Ends the server; its files stay. start() brings it back as it was.
  void stop();
  /// As stop, but with SIGKILL.
  void kill();
  void start();
  /// Makes the server silent without closing its sockets (SIGSTOP), and lets it go on.
  void pause() const;
  void resume() const;
  std::optional<std::uint32_t> serial(const std::string& zone) const { return served_serial(endpoint_, zone); }

 protected:
  explicit Authority(AuthorityOptions options);
  virtual std::vector<std::string> command() const = 0;
  TempFolder folder_{TempFolder::Where::kMemory};
  AuthorityOptions options_;
  Endpoint endpoint_;

 private:
  std::unique_ptr<Process> process_;
};

class Knot final : public Authority {
 public:
  explicit Knot(AuthorityOptions options);
  std::string product() const override { return "Knot"; }

 protected:
  std::vector<std::string> command() const override;
};

class Bind final : public Authority {
 public:
  explicit Bind(AuthorityOptions options);
  std::string product() const override { return "BIND"; }
  /// The file that a primary zone was loaded from. Without dynamic updates (read_only) it may be edited in place.
  std::string zone_file(const std::string& origin) const { return folder_.file(origin + ".zone"); }
  /// A shell command that makes the server read changed zone files again; it waits for the end of that.
  std::string publish_command() const;

 protected:
  std::vector<std::string> command() const override;

 private:
  std::uint16_t control_port_ = 0;
};

class PowerDns final : public Authority {
 public:
  explicit PowerDns(AuthorityOptions options);
  std::string product() const override { return "PowerDNS"; }
  /// `http://127.1.2.3:8081`; its address is the server's own.
  std::string api_url() const;

 protected:
  std::vector<std::string> command() const override;

 private:
  std::uint16_t api_port_ = 0;
};

struct UnboundOptions {
  std::vector<std::pair<std::string, std::vector<Endpoint>>> stubs{};  ///< zone and the servers that have it
  std::string address{};                                               ///< empty: own_address()
  std::uint16_t port = 0;
  int cache_min_ttl = 0;  ///< seconds
  int cache_max_ttl = 86400;
  int cache_max_negative_ttl = 3600;
  bool serve_expired = false;
  std::string extra{};    ///< further lines of the `server:` clause
  bool tcp_only = false;  ///< nothing listens on UDP; it asks its servers over UDP all the same
};

/// A caching resolver that knows nothing but its stub zones: everything else is REFUSED, nothing leaves loopback.
class Unbound {
 public:
  explicit Unbound(UnboundOptions options);
  const Endpoint& endpoint() const { return endpoint_; }
  std::string log() const { return process_->log(); }
  void stop() { process_->stop(); }
  void pause() const;
  void resume() const;

 private:
  TempFolder folder_;
  Endpoint endpoint_;
  std::unique_ptr<Process> process_;
};

struct KnotResolverOptions {
  std::vector<std::pair<std::string, std::vector<Endpoint>>> stubs{};  ///< zone and the servers that have it
  std::vector<std::string> addresses{};                                ///< it answers at port 53 of each
  std::string certificate{};  ///< PEM file; with it also DNS over TLS at 853 and over HTTPS at 443
  std::string key{};          ///< PEM file
};

/// Knot Resolver, caching, that knows nothing but its stub zones: everything else is REFUSED.
class KnotResolver {
 public:
  explicit KnotResolver(const KnotResolverOptions& options);
  const Endpoint& endpoint() const { return endpoint_; }
  std::string log() const { return process_->log(); }
  void stop() { process_->stop(); }

 private:
  TempFolder folder_;
  Endpoint endpoint_;
  std::unique_ptr<Process> process_;
};

/// nginx with the given `server { ... }` blocks. `listening` are the endpoints to wait for.
class Nginx {
 public:
  Nginx(const std::string& server_blocks, std::vector<Endpoint> listening);
  const TempFolder& folder() const { return folder_; }
  std::string log() const;
  void stop() { process_->stop(); }

 private:
  TempFolder folder_;
  std::unique_ptr<Process> process_;
};

/// Changes a record behind the program's back: runs nsupdate with the key in a file. `script` holds `update ...` and
/// `prereq ...` lines; server and `send` are added. Status 0: the server took it.
Finished nsupdate(const Endpoint& server, const SharedKey& key, const std::string& script);
/// `owner TTL class type rdata` lines of a zone transfer by dig, sorted; SOA and DNSSEC records left out. Throws when
/// refused.
std::vector<std::string> transferred_lines(const Endpoint& server, const SharedKey& key, const std::string& zone);

}  // namespace cutover::servers
