#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/exchange.h"
#include "providers/provider.h"
#include "providers/rfc2136/verdict.h"

namespace cutover::providers::rfc2136 {

/// `server:` of the plan: an address or a name, with or without a port.
struct ServerName {
  std::string host;
  std::uint16_t port = 53;
  std::optional<Endpoint> endpoint;  ///< set where `host` is an address
  std::string text() const;          ///< as the plan names it
};

/// kUsage: it is none, and what to write instead.
Result<ServerName> parse_server_name(const std::string& text);

struct Settings {
  ServerName server;
  std::optional<net::TsigKey> key;
  net::DnsTransport transport = net::DnsTransport::kTcp;
  std::string key_file;  ///< its path as a word for a shell; empty where the key is not in a file
};

/// A zone's primary server: where it is, what it holds, and the one way to change that. Borrows the Context's loop and
/// clock.
class PrimaryServer {
 public:
  PrimaryServer(Settings settings, const Context& context) : settings_(std::move(settings)), context_(context) {}

  const Settings& settings() const { return settings_; }
  std::optional<Span> clock_skew() const { return skew_; }
  Conversation talk(const DomainName& zone) const {
    return {settings_.server.text(), zone, settings_.key ? std::optional(settings_.key->name) : std::nullopt};
  }

  /// The whole zone (AXFR).
  Result<Zone> transfer(const DomainName& zone);
  /// Only some record sets, through one transfer or a question for each, whichever is less. nullopt: an answer was made
  /// up (a wildcard, a DNAME) or is a referral, so that the whole zone has to be looked at.
  Result<std::optional<Provider::Sets>> read_sets(const DomainName& zone, const std::vector<RecordKey>& keys);
  /// Sends one UPDATE, and where its prerequisites fail what `loosened` makes of it, if anything. Once a byte has left,
  /// the change may be made: it is never sent to another address of the server's name then.
  Result<net::DnsAnswer> send(const net::Message& update, const std::function<std::optional<net::Message>()>& loosened);

 private:
  /// What is known of the transfer of a zone, once it was tried.
  struct Transferred {
    bool refused = false;
    std::size_t sets = 0;
  };

  Result<std::vector<Endpoint>> endpoints();
  void prefer_others_to(const Endpoint& silent);
  Result<Zone> transfer_from(const Endpoint& server, const DomainName& zone, std::chrono::milliseconds timeout);
  Result<std::optional<Provider::Sets>> transfer_sets(const DomainName& zone, const std::vector<RecordKey>& keys);
  Result<std::optional<Provider::Sets>> ask_sets(const DomainName& zone, const std::vector<RecordKey>& keys);
  Result<std::vector<net::DnsAnswer>> ask(const std::vector<RecordKey>& keys);
  std::vector<net::DnsAnswer> ask_at(const Endpoint& server, const std::vector<RecordKey>& keys);
  net::DnsAnswer send_at(const Endpoint& server, const net::Message& update);
  void note_clock(const net::DnsAnswer& answer) {
    // TSIG counts whole seconds (RFC 8945 section 4.2): compare it with our whole second.
    if (answer.peer_time) skew_ = *answer.peer_time - std::chrono::floor<Seconds>(answer.received);
  }

  Settings settings_;
  Context context_;
  std::vector<Endpoint> looked_up_;  ///< of a server given by name; the one to be asked first stands first
  net::DnsTransport ask_by_ = net::DnsTransport::kUdpThenTcp;
  std::optional<Span> skew_;
  std::map<DomainName, Transferred> transferred_;
};

}  // namespace cutover::providers::rfc2136
