#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dnsprobe/resolver.h"
#include "tests/scenarios/stage.h"
#include "tests/servers/servers.h"
#include "tests/support/namespace.h"

// The real addresses of public resolvers in a network of the test's own, with real caches behind them.

namespace cutover::stage {

inline constexpr const char* kOldWww = "198.51.100.10";
inline constexpr const char* kNewWww = "203.0.113.20";

/// Whether a World can be made here. `what` is listed as not run where it cannot.
bool world_is_allowed(const std::string& what);
/// The addresses of the default list by the resolver's id; empty for those that are known by name alone.
std::map<std::string, std::string> default_addresses();

/// What an operator's own resolvers say when they are asked who they are; empty: nothing.
std::string identity_of(const std::string& operator_name);
/// The same as lines of Unbound's `server:` clause.
std::string identity_lines(const std::string& identity);

/// A cache and where it answers.
struct CacheOptions {
  enum class Encryption {
    kNone,
    kOwn,    ///< DNS over TLS at 853, over HTTPS at 443
    kBehind  ///< the same, but an nginx stands in front of its HTTPS and adds a Date
  };
  std::vector<std::string> addresses{};  ///< IPv4 first
  std::string identity{};                ///< what it calls itself (CH TXT id.server); empty: it does not say
  Encryption encryption = Encryption::kNone;
  std::string extra{};  ///< further lines of Unbound's `server:` clause
};

/// One network with an authority for example.com in it, where `www` is kOldWww for `ttl` seconds. Resolvers
/// are put into it one by one; whoever was not is silent.
class World {
 public:
  explicit World(int ttl = 300);

  void add_unbound(const CacheOptions& options);
  void add_knot_resolver(const CacheOptions& options);
  /// Google, Cloudflare and Quad9 under all their addresses, IPv6 too, encrypted and with their own names for
  /// themselves; a cache of its own for each service.
  void add_well_known();
  /// Resolvers of the default list out of `count` countries, a cache for each, of two makes.
  void add_national(std::size_t count);
  /// All the rest of the default list that is asked over UDP: one cache with many addresses.
  void add_everybody_else();

  servers::Knot& authority() { return *authority_; }
  const tests::Namespace& network() const { return network_; }
  /// Whether somebody answers there.
  bool is_alive(const std::string& address) const;
  /// The resolvers of the default list that somebody answers for.
  std::vector<dnsprobe::Resolver> alive() const;
  /// What the program needs in its environment to trust the certificates in here.
  std::vector<std::string> environment() const { return {"SSL_CERT_FILE=" + ca_file_}; }
  /// Changes the address of `www` at the authority.
  void move_www(const std::string& to, int ttl);

 private:
  void take(const CacheOptions& options);
  std::string unbound_lines(const CacheOptions& options);
  void put_nginx_in_front(const std::string& address, const Endpoint& https);

  tests::Namespace network_;
  servers::TempFolder folder_;
  std::string ca_file_, certificate_, key_;
  std::unique_ptr<servers::Knot> authority_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<servers::Unbound>> unbounds_;
  std::vector<std::unique_ptr<servers::KnotResolver>> knots_;
  std::vector<std::unique_ptr<servers::Nginx>> nginxes_;
};

}  // namespace cutover::stage
