#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cutover::net {

/// Who is asked, and who asks.
struct StarttlsNames {
  std::string domain{};  ///< what XMPP asks for (RFC 6120 section 4.7.2): a host name; empty: nothing in particular
  std::string own_address{};  ///< an address literal (`[192.0.2.1]`, `[IPv6:2001:db8::1]`), which SMTP wants
};

/// What to do next.
struct StarttlsStep {
  enum class Then {
    kListen,  ///< send `say`, then wait for more
    kSecure,  ///< send `say`, then TLS begins
    kRefused  ///< the server will not; `why` says what it said, safe to print
  };
  Then then = Then::kListen;
  std::string say{};  ///< bytes to send first; may be empty
  std::string why{};
};

/// The conversation in the clear that turns a connection to TLS, as a state machine without a socket: bytes of the
/// server in, what to do out. However the bytes are cut into pieces, the same comes out. Knows
///   smtp, submission  RFC 3207          imap  RFC 9051 section 6.2.1     pop3  RFC 2595 section 4
///   ftp               RFC 4217 (AUTH TLS)                               ldap  RFC 4511 section 4.14
///   xmpp, xmpp-server RFC 6120 section 5
///   postgres          SSLRequest (PostgreSQL documentation, "Message Formats")
///   mysql             SSLRequest (MySQL internals, "Connection Phase")
class Starttls {
 public:
  /// `protocol` must be known().
  Starttls(std::string_view protocol, StarttlsNames names);

  /// The first step: what is said where the client speaks first.
  StarttlsStep begin();
  /// Bytes of the server, as they came. Not to be called again after kSecure or kRefused.
  StarttlsStep hear(std::string_view bytes);

  /// All protocols, as plans write them.
  static std::span<const std::string_view> protocols();
  static bool known(std::string_view protocol);

  /// What one protocol does at one step with the bytes that are there.
  struct Reading {
    std::size_t used = 0;  ///< bytes that the reply took; 0: it is not all there yet
    StarttlsStep step{};
  };
  using Read = Reading (*)(std::string_view received, std::size_t turn, const StarttlsNames& names);

 private:
  std::string protocol_;
  Read read_;
  StarttlsNames names_;
  std::string received_;
  std::size_t turn_ = 0;  ///< replies that were taken so far
};

}  // namespace cutover::net
